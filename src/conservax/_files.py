"""Files that appear whole or not at all, and files that end in a checksum."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

DIGITS = 64  # of a SHA-256, at the end: safetensors are cut off before it, zip archives may keep it


class SealError(ValueError):
    """A file that is not, byte for byte, what `write_sealed` wrote."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """The path of a neighbour to write to, which takes the place of `path` at the end.

    A reader sees the old file or the new one; after an error the old one stays, and nothing else.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        yield partial
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file in one move."""
    with replacing(path) as partial:
        partial.write_bytes(content)


def write_sealed(path: Path, content: bytes) -> None:
    """Write content and its checksum, in one move."""
    write_whole(path, content + _digest(content))


def read_sealed(path: Path) -> bytes:
    """The content that `write_sealed` wrote.

    **Raises:** `SealError` if a single bit of it is another, more or missing; `OSError`.
    """
    sealed = path.read_bytes()
    content, digest = sealed[:-DIGITS], sealed[-DIGITS:]
    if digest != _digest(content):
        raise SealError("its checksum is not that of its content")
    return content


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()
