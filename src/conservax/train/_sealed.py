"""Files that end in a checksum of all that comes before: a damaged one is never read."""

import hashlib
import os
from pathlib import Path

DIGITS = 64  # of a SHA-256, at the end: safetensors are cut off before it, zip archives may keep it


class SealError(ValueError):
    """A file that is not, byte for byte, what `write_sealed` wrote."""


def write_atomically(path: Path, content: bytes) -> None:
    """Write to a neighbour, then rename: a reader sees the old file or the new one."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_bytes(content)
    os.replace(temporary, path)


def write_sealed(path: Path, content: bytes) -> None:
    """Write content and its checksum, in one move."""
    write_atomically(path, content + _digest(content))


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
