"""Cache of compiled programs on disk, so that another process need not compile them again.

It is JAX's own, in the user's cache folder. The command line has it by default, Python by
`cache_programs()` or with the environment variable `CONSERVAX_CACHE`, which holds a folder, or `off`.
"""

import hashlib
import os
import warnings
from os import PathLike
from pathlib import Path

import jax
import platformdirs
from jax._src import compilation_cache  # not in the public interface: nor is what it may store in
from jax._src.compilation_cache_interface import CacheInterface
from jax._src.lru_cache import LRUCache

VARIABLE, OFF = "CONSERVAX_CACHE", "off"
MEGABYTES = 1024  # at most, on disk
_DIGEST = hashlib.sha256().digest_size
_SHORT = 0.05  # seconds of compilation that are not worth a file


def cache_programs(
    folder: str | PathLike[str] | None = None, *, megabytes: int = MEGABYTES
) -> Path | None:
    """Keep compiled programs on disk: later processes read those that they would compile.

    **Arguments:**

    - `folder`: where; by default that of the environment variable `CONSERVAX_CACHE`, or else the
      user's cache folder.
    - `megabytes`: programs that were not used for longest are deleted above this size.

    **Returns:** the folder; None if there is no cache: `CONSERVAX_CACHE` is `off`, JAX has a
    cache already, or the folder cannot be written, of which a warning tells unless it is the default.

    Damaged files are deleted, and their programs compiled again.
    """
    chosen = os.environ.get(VARIABLE) if folder is None else folder
    if chosen == OFF or jax.config.jax_compilation_cache_dir is not None:
        return None
    path = Path(chosen or platformdirs.user_cache_path("conservax") / "programs").expanduser()
    try:
        path.mkdir(parents=True, exist_ok=True)
        (path / ".writable").touch()
    except OSError as error:
        if chosen:
            warnings.warn(f"compiled programs are not kept: {error}", RuntimeWarning, stacklevel=2)
        return None
    compilation_cache.get_file_cache = lambda path: (CheckedFiles(path, megabytes * 2**20), path)
    jax.config.update("jax_persistent_cache_min_compile_time_secs", _SHORT)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
    jax.config.update("jax_compilation_cache_dir", str(path))
    return path


class CheckedFiles(CacheInterface):
    """Files of JAX's cache, each with a digest: a damaged program could give wrong numbers."""

    def __init__(self, folder: str, size: int):
        self._path = Path(folder)
        self._files = LRUCache(folder, max_size=size)

    def get(self, key: str) -> bytes | None:
        """What is stored, if it is whole."""
        stored = self._files.get(key)
        if stored is None:
            return None
        value, digest = stored[:-_DIGEST], stored[-_DIGEST:]
        if hashlib.sha256(value).digest() == digest:
            return value
        for path in self._path.glob(f"{key}*"):
            path.unlink(missing_ok=True)
        return None

    def put(self, key: str, value: bytes) -> None:
        """Store it with its digest."""
        self._files.put(key, value + hashlib.sha256(value).digest())


if os.environ.get(VARIABLE):
    cache_programs()
