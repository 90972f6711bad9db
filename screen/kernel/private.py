"""What of a cache may be loaded: files that nobody else could have written, and that are as they were written.

A library that is loaded runs. So a folder is used where it belongs to this user (or to root) and no other may
write to it, and an entry where that holds of it too and its digest, kept beside it, is that of its content and name.
"""

import hashlib
import os
import stat
from pathlib import Path

_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def refusal(folder: Path) -> str | None:
    """Why a cache folder is not used, in words; nothing where it is. It is made where it is not there."""
    try:
        if not folder.exists():
            folder.parent.mkdir(parents=True, exist_ok=True)
            folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.stat()
        if not stat.S_ISDIR(found.st_mode):
            return f"cannot write to {folder} (not a folder)"
        if not _own(found):
            return f"{folder} belongs to another user (number {found.st_uid})"
        if found.st_mode & stat.S_IWOTH:
            return f"everyone may write to {folder} (`chmod go-w {folder}` mends that)"
        if found.st_mode & stat.S_IWGRP:
            folder.chmod(stat.S_IMODE(found.st_mode) & ~stat.S_IWGRP)
    except OSError as error:
        return f"cannot write to {folder} ({error.strerror})"
    return None


def is_whole(place: Path) -> bool:
    """Whether an entry may be loaded: nobody else could have written it, and it is as it was written."""
    try:
        for path in (place, _beside(place)):
            found = os.lstat(path)
            if not stat.S_ISREG(found.st_mode) or not _own(found) or found.st_mode & _OTHERS & _enforced():
                return False
        return _beside(place).read_text(encoding="ascii") == _digest(place.name, place.read_bytes())
    except (OSError, ValueError):
        return False


def seal(place: Path, content: Path) -> tuple[Path, str]:
    """Where the digest of an entry is kept, and what it is for this content."""
    return _beside(place), _digest(place.name, content.read_bytes())


def _digest(name: str, content: bytes) -> str:
    """Of name and content: an entry is no good under the name of another."""
    return hashlib.sha256(name.encode() + b"\0" + content).hexdigest()


def _beside(place: Path) -> Path:
    return place.with_name(place.name + ".sha256")


def _own(found: os.stat_result) -> bool:
    return not hasattr(os, "geteuid") or found.st_uid in (os.geteuid(), 0)


def _enforced() -> int:
    """All bits of a mode where the system keeps them, none on Windows."""
    return -1 if hasattr(os, "geteuid") else 0
