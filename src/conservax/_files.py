"""Files written atomically, and files that end in a checksum."""

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
    """Temporary path to write to, which replaces `path` at the end.

    A reader sees the old file or the new one; after an error the old one stays, and nothing else.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        yield partial
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file atomically."""
    with replacing(path) as partial:
        partial.write_bytes(content)


def write_sealed(path: Path, content: bytes) -> None:
    """Write content and its checksum atomically."""
    write_whole(path, content + _digest(content))


def read_sealed(path: Path) -> bytes:
    """Read the content that `write_sealed` wrote, and check it.

    **Raises:** `SealError` if a single bit of it differs, is missing or added; `OSError`.
    """
    sealed = path.read_bytes()
    content, digest = sealed[:-DIGITS], sealed[-DIGITS:]
    if digest != _digest(content):
        raise SealError("its checksum is not that of its content")
    return content


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()
