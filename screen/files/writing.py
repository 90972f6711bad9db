"""Writing a file whole or not at all: beside its place, to the disk, then renamed into it.

What a killed process left of a table goes when the table is written again.
"""

import json
import math
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path
from threading import Lock
from typing import Any

from screen.errors import ScreenError, TableError
from screen.files.reading import MOST_TABLE, read_text

try:
    import fcntl
except ImportError:  # Windows: nobody can tell whether a file is still being written, so that it stays
    fcntl = None  # type: ignore[assignment]

PART = ".part"
"""Ending of a file that is being written; it begins with a dot and the name of the file that it becomes."""

ONE_ASKS = Lock()
"""Held while the umask of the process is asked for, which sets it: files are written in threads."""


def json_text(value: Any) -> str:
    """A value as JSON, a name or entry a line; JSON knows no NaN and no infinity, which become null.

    >>> json_text({"found": [1.5, float("nan")]})
    '{\\n "found": [\\n  1.5,\\n  null\\n ]\\n}\\n'
    """
    return json.dumps(_finite(value), indent=1, allow_nan=False) + "\n"


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {name: _finite(each) for name, each in value.items()}
    return [_finite(each) for each in value] if isinstance(value, list | tuple) else value


def write_text_atomic(path: Path | str, text: str) -> None:
    """Write a text file whole or not at all. TableError where that cannot be."""
    write_atomic(Path(path), lambda file: file.write_text(text, encoding="utf-8"))


def write_atomic(
    path: Path, write: Callable[[Path], Any], error: type[ScreenError] = TableError, swept: bool = False
) -> None:
    """Let `write` write another file, then put it in the place of `path`; until then the old file stays.

    `swept`: the other file is locked for as long as it is written, and those of killed processes go first. Not for
    HDF5, which locks its files itself.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if swept:
            _sweep(path)
        handle, temporary = _begun(path, swept)
    except OSError as problem:
        raise error(f"{path.parent}: must be a folder one can write to, found {reason(problem)}") from problem
    try:
        write(temporary)
        with ONE_ASKS:
            umask = os.umask(0)
            os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        replace_on_disk(temporary, path)
    except OSError as problem:
        raise error(f"{path}: must be writable, found {reason(problem)}") from problem
    finally:
        temporary.unlink(missing_ok=True)
        os.close(handle)


def _begun(path: Path, locked: bool) -> tuple[int, Path]:
    """A file to be put in the place of `path`, and its handle, which may be locked for as long as it is written."""
    while True:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=PART)
        if locked:
            _lock(handle)
        if os.path.exists(name):  # nobody swept it away before it was locked
            return handle, Path(name)
        os.close(handle)


def _sweep(path: Path) -> None:
    """Remove what killed processes left of `path`: files that nobody holds."""
    for left in path.parent.glob(f".{escape(path.name)}.*{PART}"):
        with suppress(OSError):
            handle = os.open(left, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0))
            try:
                if _lock(handle):
                    left.unlink()
            finally:
                os.close(handle)


def _lock(handle: int) -> bool:
    """Whether the file could be locked: no other process writes it. The lock ends with the process that has it."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # another has it, or the file system has no locks
        return False
    return True


@contextmanager
def restored(*paths: Path) -> Iterator[None]:
    """Where the block raises, these text files hold again what they held before it, or are gone as they were."""
    held = {path: read_text(path, TableError, most=MOST_TABLE) if path.exists() else None for path in paths}
    try:
        yield
    except BaseException:
        for path, text in held.items():
            if text is None:
                path.unlink(missing_ok=True)
            else:
                write_text_atomic(path, text)
        raise


def replace_on_disk(temporary: Path, path: Path) -> None:
    """Rename a file that is whole on the disk, so that no crash leaves half of one under the name."""
    _sync(temporary)
    os.replace(temporary, path)
    with suppress(OSError):  # not every file system can sync a folder; the file itself is whole
        _sync(path.parent)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def reason(problem: OSError) -> str:
    """What the system said, in one line; libraries raise some errors without its words.

    >>> reason(OSError(28, "No space left on device")), reason(OSError("too large, sorry")), reason(OSError())
    ('No space left on device', 'too large, sorry', 'OSError')
    """
    return problem.strerror or (str(problem).strip().splitlines() or [type(problem).__name__])[0]
