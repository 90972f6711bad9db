"""Where analysed and compiled networks are kept between processes.

Entries are named by a digest of everything they depend on, written beside their place and renamed into
it, so a reader sees a whole entry or none, whoever else is writing. A folder that cannot be written to
serves what it has; what is new then goes to a temporary folder that ends with the process.
"""

import atexit
import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path

from screen.tables import code_digest

try:
    import fcntl
except ImportError:  # Windows: two processes may then compile the same network at the same time
    fcntl = None  # type: ignore[assignment]


GENERATOR = (
    "screen.kernel.symbolic.analysis",
    "screen.kernel.symbolic.serialise",
    "screen.kernel.native.emit",
)
"""Modules that say what is kept: with all they import, they decide what an entry holds."""


def cache_folder() -> Path:
    """$SCREEN_CACHE, or stat3-screen in $XDG_CACHE_HOME, or in ~/.cache."""
    named = os.environ.get("SCREEN_CACHE")
    if named:
        return Path(named).expanduser()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "stat3-screen"


def digest_of(*parts: str) -> str:
    """A short name for this combination of texts."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


@lru_cache(maxsize=1)
def generator_version() -> str:
    """Digest of the code that analyses and emits: what it wrote earlier holds only while it is the same."""
    return code_digest(*GENERATOR, unfollowed=("screen.kernel",))[:32]


def cached(folder: Path, entry: str, make: Callable[[Path], None]) -> Path:
    """The file `entry` below `folder`; where it is not there yet, `make(path)` writes it."""
    place = folder / entry
    if place.exists():
        return place
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=place.parent, prefix=".new-", suffix=place.suffix)
        os.close(handle)
    except OSError as error:
        fallback = _temporary_folder() / entry
        if not fallback.exists():
            sys.stderr.write(
                f"cache: cannot write to {folder} ({error.strerror}); using a temporary folder\n"
            )
            fallback.parent.mkdir(parents=True, exist_ok=True)
            make(fallback)
        return fallback
    try:
        with _alone(place.with_suffix(".lock")):
            if not place.exists():
                make(Path(temporary))
                os.chmod(temporary, 0o644)
                os.replace(temporary, place)
    finally:
        Path(temporary).unlink(missing_ok=True)
    return place


@lru_cache(maxsize=1)
def _temporary_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="stat3-screen-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold a lock while making an entry, so that parallel jobs compile once; without locks, each compiles."""
    with open(path, "w", encoding="utf-8") as lock:
        if fcntl is not None:
            with suppress(OSError):  # some network file systems have no locks; the rename keeps entries whole
                fcntl.flock(lock, fcntl.LOCK_EX)
        yield
