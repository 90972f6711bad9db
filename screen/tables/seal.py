"""The seal of a Parquet file: a digest of all its bytes, kept in its footer, so that damage shows before it is parsed.

A damaged file can otherwise give other values, or end the process that reads it.
"""

import hashlib
import re
from pathlib import Path

OPEN = "sha256:" + "0" * 64
"""Value of the metadata `seal` while the file is written; the digest is taken with this in its place."""

_SEALED = re.compile(rb"sha256:[0-9a-f]{64}")


def seal(path: Path) -> None:
    """Put the digest into a file that was written with OPEN in its metadata."""
    content = path.read_bytes()
    place = content.rindex(OPEN.encode())
    closed = f"sha256:{hashlib.sha256(content).hexdigest()}".encode()
    path.write_bytes(content[:place] + closed + content[place + len(closed) :])


def is_damaged(path: Path) -> bool:
    """Whether the file has a seal that is not the digest of its bytes; False where it never had one."""
    content = path.read_bytes()
    found = list(_SEALED.finditer(content))
    if not found:
        return False
    start, stop = found[-1].span()
    unsealed = content[:start] + OPEN.encode() + content[stop:]
    return content[start:stop] != f"sha256:{hashlib.sha256(unsealed).hexdigest()}".encode()
