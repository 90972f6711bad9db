"""The seal of a Parquet file: a digest of all its bytes, kept in its footer, so that damage shows before it is parsed.

A damaged file can otherwise give other values, or end the process that reads it.
"""

import hashlib
import re
from pathlib import Path
from typing import BinaryIO

OPEN = "sha256:" + "0" * 64
"""Value of the metadata `seal` while the file is written; the digest is taken with this in its place."""

_SEALED = re.compile(rb"sha256:[0-9a-f]{64}")


CHUNK = 2**20
"""Bytes of a file that are held at a time."""


def seal(path: Path) -> None:
    """Put the digest into a file that was written with OPEN in its metadata."""
    with path.open("r+b") as file:
        found = _last_seal(file)
        if found is None:
            raise ValueError(f"{path}: must hold an open seal, found none")
        place, _ = found
        closed = _digest(file, place)
        file.seek(place)
        file.write(closed)


def is_whole(path: Path) -> bool | None:
    """Whether the seal of a file is the digest of its bytes; None where it never had one."""
    with path.open("rb") as file:
        found = _last_seal(file)
        return None if found is None else found[1] == _digest(file, found[0])


def _last_seal(file: BinaryIO) -> tuple[int, bytes] | None:
    """Where the last seal of a file lies, and that seal."""
    found, begins, kept = None, 0, b""
    while more := file.read(CHUNK):
        here = kept + more
        for match in _SEALED.finditer(here):
            found = begins + match.start(), match[0]
        kept = here[-len(OPEN) + 1 :]
        begins += len(here) - len(kept)
    return found


def _digest(file: BinaryIO, place: int) -> bytes:
    """The seal of a file that has one at a place: the digest of its bytes with OPEN there."""
    digest = hashlib.sha256()
    file.seek(0)
    while more := file.read(min(CHUNK, place - file.tell())):
        digest.update(more)
    digest.update(OPEN.encode())
    file.seek(place + len(OPEN))
    while more := file.read(CHUNK):
        digest.update(more)
    return f"sha256:{digest.hexdigest()}".encode()
