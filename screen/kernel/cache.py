"""Where analysed and compiled networks are kept between processes.

Entries are named by a digest of everything they depend on, written beside their place and renamed into
it, so a reader sees a whole entry or none, whoever else is writing. A folder that cannot be written to
serves what it has; what is new then goes to a temporary folder that ends with the process. So does everything
where others could have written to the folder; what is not as it was written is made again (`private`).
"""

import atexit
import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from screen.errors import KernelError, printable
from screen.files import is_utf8, reason, replace_on_disk, write_atomic
from screen.kernel.lock import alone
from screen.kernel.private import is_whole, refusal, seal
from screen.tables import code_digest

GENERATOR = (
    "screen.kernel.symbolic.analysis",
    "screen.kernel.symbolic.serialise",
    "screen.kernel.native.emit",
)
"""Modules that say what is kept: with all they import, they decide what an entry holds."""


def cache_folder() -> Path:
    """$SCREEN_CACHE, or stat3-screen in $XDG_CACHE_HOME or in ~/.cache; without a home, one of the user in /tmp.

    KernelError where $SCREEN_CACHE names none.

    >>> from unittest.mock import patch
    >>> with patch.dict("os.environ", SCREEN_CACHE="/kept"):
    ...     cache_folder()
    PosixPath('/kept')
    """
    named = os.environ.get("SCREEN_CACHE")
    if named:
        return _folder_named(named)
    base = os.environ.get("XDG_CACHE_HOME")
    if base:
        return Path(base) / "stat3-screen"
    with suppress(RuntimeError):  # a user without a home
        if (home := Path.home()).is_dir():
            return home / ".cache" / "stat3-screen"
    user = os.geteuid() if hasattr(os, "geteuid") else "user"
    return Path(tempfile.gettempdir()) / f"stat3-screen-{user}"


def _folder_named(text: str) -> Path:
    """The folder from the root on: a compiler takes a name that begins with - for an option."""
    if not is_utf8(text):
        raise KernelError(f"SCREEN_CACHE: must be UTF-8, found {printable(text)}")
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError:
        raise KernelError(
            f"SCREEN_CACHE: must name a folder, found {text} of a user who is not here"
        ) from None


def digest_of(*parts: str) -> str:
    """A short name for this combination of texts."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


@lru_cache(maxsize=1)
def generator_version() -> str:
    """Digest of the code that analyses and emits: what it wrote earlier holds only while it is the same."""
    return code_digest(*GENERATOR, unfollowed=("screen.kernel",))[:32]


def cached(folder: Path, entry: str, make: Callable[[Path], Any]) -> Path:
    """The file `entry` below `folder`, as it was written; where it is not there so, `make(path)` writes it.

    KernelError where there is no room for it.
    """
    place = folder / entry
    problem = refusal(folder) or refusal(place.parent)
    if problem is None:
        if is_whole(place):
            return place
        if os.access(place.parent, os.W_OK | os.X_OK):
            return _make(place, make)
        problem = f"cannot write to {place.parent} (no permission)"
    fallback = _temporary_folder() / entry
    if not is_whole(fallback):
        _say_once(f"cache: {problem}; using a temporary folder\n")
        fallback.parent.mkdir(parents=True, exist_ok=True)
        _make(fallback, make)
    return fallback


def kept(folder: Path, entry: str) -> Path | None:
    """The file `entry` below `folder`, where it is there as it was written."""
    place = folder / entry
    usable = place.is_file() and refusal(folder) is None and refusal(place.parent) is None and is_whole(place)
    return place if usable else None


def private_folder(folder: Path) -> Path | None:
    """The folder where it is safe to load from it; otherwise nothing, and stderr says why."""
    problem = refusal(folder.parent) or refusal(folder)
    if problem is not None:
        _say_once(f"cache: {problem}; doing without\n")
        return None
    return folder


@lru_cache
def _say_once(line: str) -> None:
    sys.stderr.write(line)


def _make(place: Path, make: Callable[[Path], Any]) -> Path:
    temporary: Path | None = None
    try:
        handle, name = tempfile.mkstemp(dir=place.parent, prefix=".new-", suffix=place.suffix)
        os.close(handle)
        temporary = Path(name)
        with alone(place.with_suffix(".lock"), place.name):
            if not is_whole(place):
                make(temporary)
                if not temporary.stat().st_size:
                    raise KernelError(
                        f"{place}: must hold what was made for it, found nothing; is the disk full?"
                    )
                beside, digest = seal(place, temporary)
                os.chmod(temporary, 0o644)
                replace_on_disk(temporary, place)
                write_atomic(beside, lambda path: path.write_text(digest, encoding="ascii"), KernelError)
                beside.chmod(0o644)
    except OSError as error:
        refused = error.filename2 or error.filename or place
        raise KernelError(f"{refused}: must be writable, found {reason(error)}") from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
    return place


@lru_cache(maxsize=1)
def _temporary_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="stat3-screen-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
