"""Cache of compiled programs on disk, so that another process need not compile them again.

It is JAX's own, with files of ours, in the user's cache folder. The command line has it by default, Python by
`cache_programs()` or with the environment variable `CONSERVAX_CACHE`, which holds a folder, or `off`.
"""

import os
import warnings
from contextlib import suppress
from os import PathLike
from pathlib import Path

import jax
import platformdirs

from conservax._files import SealError, read_sealed, write_sealed

VARIABLE, OFF = "CONSERVAX_CACHE", "off"
MEGABYTES = 1024  # at most, on disk
SUFFIX = ".program"  # of files: those of others, as of JAX's own cache, are left alone
_SHORT = 0.05  # seconds of compilation that are not worth a file


def cache_programs(
    folder: str | PathLike[str] | None = None, *, megabytes: int = MEGABYTES
) -> Path | None:
    """Keep compiled programs on disk: later processes read those that they would compile.

    **Arguments:**

    - `folder`: where; by default that of the environment variable `CONSERVAX_CACHE`, or else the
      user's cache folder.
    - `megabytes`: above this size programs that were not used for longest are deleted, by the next process
      that begins to use the folder.

    **Returns:** the folder; None if there is no cache: `CONSERVAX_CACHE` is `off`, JAX has a
    cache already, or the folder cannot be written, of which a warning tells unless it is the default.

    Damaged files are deleted, and their programs compiled again.
    """
    variable = os.environ.get(VARIABLE)
    now = jax.config.jax_compilation_cache_dir  # pyright: ignore (JAX makes it as it is imported)
    if variable == OFF or now is not None:
        return _OURS.get(now)
    chosen = folder or variable
    try:
        path = Path(chosen or platformdirs.user_cache_path("conservax") / "programs").expanduser()
        path.mkdir(parents=True, exist_ok=True)
        (path / ".writable").touch()
        files = SealedFiles(path, megabytes * 2**20)
        _serve(files)
    except (OSError, RuntimeError, ImportError) as error:  # no folder, no home, another JAX
        if chosen:
            warnings.warn(f"compiled programs are not kept: {error}", RuntimeWarning, stacklevel=2)
        return None
    jax.config.update("jax_persistent_cache_min_compile_time_secs", _SHORT)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
    jax.config.update("jax_compilation_cache_dir", str(path))
    return _OURS.setdefault(str(path), path)


_OURS: dict[str | None, Path] = {}  # folders, by the name that JAX has for them


class SealedFiles:
    """Files of JAX's cache, each with a checksum: a damaged program could give wrong numbers.

    Reading and writing never raise: a program that cannot be read is compiled. Least recently used files are
    deleted when this is made.
    """

    def __init__(self, folder: Path, size: int):
        self._path = folder  # the name that JAX has for it
        used = []
        for path in folder.glob(f"*{SUFFIX}"):
            with suppress(OSError):  # another process may have deleted it
                status = path.stat()
                used.append((status.st_mtime, status.st_size, path))
        for _, bytes_, path in sorted(used, reverse=True):
            size -= bytes_
            if size < 0:
                path.unlink(missing_ok=True)

    def get(self, key: str) -> bytes | None:
        """What is stored, if it is whole."""
        path = self._path / f"{key}{SUFFIX}"
        with suppress(OSError):
            try:
                program = read_sealed(path)
            except SealError:
                path.unlink()
                return None
            os.utime(path)
            return program
        return None

    def put(self, key: str, value: bytes) -> None:
        """Store it with its checksum."""
        with suppress(OSError):  # the disk may be full
            write_sealed(self._path / f"{key}{SUFFIX}", value)


def _serve(files: SealedFiles) -> None:
    """Have JAX use these files for their folder, and its own for any other."""
    from jax._src import compilation_cache  # not in the public interface

    usual, ours = compilation_cache.get_file_cache, str(files._path)
    compilation_cache.get_file_cache = lambda path: (files, path) if path == ours else usual(path)


if os.environ.get(VARIABLE):
    cache_programs()
