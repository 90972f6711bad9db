"""Reading what a person handed over: regular files only, within a size, as UTF-8."""

import json
import os
import stat
from pathlib import Path
from typing import Any

from screen.errors import ScreenError

MOST_TABLE = 128 * 2**20
"""Bytes of a text table; more belongs into Parquet."""

MOST_CELLS = 10_000_000
"""Cells and lines of a text table, empty ones too, counted by the marks between them, those in quotes included."""

MOST_COLUMNS = 16_384
"""Columns of a table: as many as a spreadsheet has."""

MOST_TEXT = 64 * 2**20
"""Bytes of a model, a module or a JSON file."""

_OTHER_ENDS = "\v\f\x1c\x1d\x1e\x85\u2028\u2029"
"""What ends a line too, for who splits text into lines by Python's rule."""

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISSOCK, "a socket"),
)


def check_regular(path: Path, error: type[ScreenError], what: str = "file", most: int | None = None) -> None:
    """Raise `error` unless `path` leads to a regular file of at most `most` bytes; nothing is opened."""
    try:
        found = os.stat(path)
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or str(problem)
        raise error(f"{path}: must be a readable {what}, found {reason}") from None
    if not stat.S_ISREG(found.st_mode):
        kind = next((words for test, words in _KINDS if test(found.st_mode)), "something else")
        raise error(f"{path}: must be a readable {what}, found {kind}")
    if most is not None and found.st_size > most:
        raise error(f"{path}: must have at most {most:,} bytes as a {what}, found {found.st_size:,}")


def read_text(path: Path, error: type[ScreenError], what: str = "file", most: int = MOST_TEXT) -> str:
    """The text of a regular UTF-8 file, without a byte order mark; `error` names the file where it is none."""
    content = _read_bytes(path, error, what, most)
    try:
        text = content.decode("utf-8-sig")
        wrong = content.find(b"\0")  # so is text in UTF-16, and what is no text
    except UnicodeDecodeError as problem:
        text, wrong = "", problem.start
    if wrong >= 0:
        line = content.count(b"\n", 0, wrong) + 1
        raise error(
            f"{path}: must be a readable {what}, found bytes that are no UTF-8 text in line {line}; save it as UTF-8"
        )
    return text


def check_cells(text: str, path: Path, error: type[ScreenError], separator: str | None = None) -> None:
    """Raise `error` where a table has too many lines, or cells by its separator, before any of them is made."""
    count = max(text.count("\n"), text.count("\r")) + sum(map(text.count, _OTHER_ENDS))
    if separator:
        count += text.count(separator)
    if count > MOST_CELLS:
        raise error(f"{path}: must have at most {MOST_CELLS:,} cells and lines as a text table, found more")


def check_columns(count: int, path: Path, error: type[ScreenError]) -> None:
    """Raise `error` where a table has too many columns."""
    if count > MOST_COLUMNS:
        raise error(f"{path}: must have at most {MOST_COLUMNS:,} columns, found more")


def _read_bytes(path: Path, error: type[ScreenError], what: str, most: int) -> bytes:
    check_regular(path, error, what, most)
    try:
        with open(path, "rb") as file:
            return file.read(most + 1)
    except OSError as problem:
        raise error(f"{path}: must be a readable {what}, found {problem.strerror}") from None


def read_json(path: Path, error: type[ScreenError], cure: str) -> dict[str, Any]:
    """The object of a JSON file that a stage wrote; where it is damaged, `error` says so and names the cure."""
    try:
        found = json.loads(_read_bytes(path, error, "JSON file", MOST_TEXT))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise error(f"{path}: must be a whole JSON file as its stage wrote it, found a damaged one; {cure}")
    return found
