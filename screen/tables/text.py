"""Tables as people and spreadsheets save them: cells as text, with the lines they stand in.

Separated by tab, comma or semicolon, whichever the header shows, or the first sheet of a workbook; cells may be quoted;
a byte order mark, any end of line and blanks around a cell mean nothing; lines that start with `#` and lines without a
cell are passed over.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import polars as pl

from screen.errors import TableError
from screen.files import MOST_TABLE, check_cells, check_columns, read_text
from screen.tables.schema import spelled_out
from screen.tables.workbook import WORKBOOK, read_sheet

SEPARATORS = ("\t", ",", ";")
"""What may stand between cells, whatever the file is called."""

FORMULA = r"^'*[=+\-@\t\r][\s\S]"
"""How a text begins that a spreadsheet takes for a formula, or that is one escaped; escaping puts a ' before it.

A sign alone is no formula: `relation` of affinities.tsv stays `=`.
"""

ODD = ('"', "'", "#", "\r", "\n\n")
"""What is not in a text of which each line is a row: quotes, escapes, comments, other ends of lines, empty lines."""

BLANKS = "\t\v\f\x1c\x1d\x1e\x1f"
"""Blanks of ASCII beside the plain one and the ends of lines."""

ESCAPED = rf"^'{FORMULA[1:]}"


TWO_OR_DECIMAL = r"(?:^|\s)[^\s=]+=\d+,\d+(?:$|[^\d.,])"
"""A setting that is two doses, 1 and 5, or one with a decimal comma, which who separates by semicolons writes."""


class Cells(NamedTuple):
    """The cells of a text table: the text of each column, empty ones as null; `lines` is where each row begins."""

    text: pl.DataFrame
    lines: list[int]


def read_cells(path: Path, known: Sequence[str], name: str) -> Cells:
    """The cells of a table of which `known` are column names. TableError names the file, as `name`, and the row."""
    if not path.exists():
        raise TableError(f"{path}: must exist, found no such file")
    if path.suffix == WORKBOOK:
        every: Iterable[tuple[int, list[str]]] = read_sheet(path)
        separator = ""
    else:
        text = read_text(path, TableError, "text table", MOST_TABLE)
        check_cells(text, path, TableError)
        separator = _separator(text, known, path)
        check_cells(text, path, TableError, separator)
        if plain := _plain_cells(text, separator):
            return _meant(plain, name) if separator == ";" else plain
        every = _records(text, separator, name)
    records = (each for each in every if any(map(str.strip, each[1])) and each[1][0][:1] != "#")
    head = next(records, None)
    if head is None:
        raise TableError(f"{name}: must hold a header line, found an empty file")
    check_columns(len(head[1]), path, TableError)
    names = [cell.strip() for cell in head[1]]
    while names and not names[-1]:
        names.pop()
    again = [column for column, count in Counter(names).items() if count > 1]
    if again:
        raise TableError(f"{name} row {head[0]}: columns must differ, found {again[0] or 'no name'} again")
    rows, lines, problems = [], [], []
    for line, cells in records:
        while len(cells) > len(names) and not cells[-1].strip():
            cells.pop()
        if len(cells) > len(names):
            problems.append(f"{name} row {line}: must have {len(names)} cells, found {len(cells)}")
        rows.append(cells if len(cells) == len(names) else [*cells, *[""] * (len(names) - len(cells))])
        lines.append(line)
    if problems:
        raise TableError(spelled_out(problems, name))
    columns = zip(*rows, strict=True) if rows else ((),) * len(names)
    raw = pl.DataFrame(
        [pl.Series(column, cells, pl.String) for column, cells in zip(names, columns, strict=True)]
    )
    found = Cells(raw.select(_plain(pl.all())), lines)
    return _meant(found, name) if separator == ";" else found


def _meant(cells: Cells, name: str) -> Cells:
    """The cells, where none of them is `TWO_OR_DECIMAL`."""
    problems = [
        f"{name} row {cells.lines[row]}: `{column.name}` must be written 1.5 for one number, 1.0,5.0 for two, "
        f"found {column[row]}"
        for column in cells.text
        for row in column.str.contains(TWO_OR_DECIMAL).fill_null(False).arg_true().to_list()
    ]
    if problems:
        raise TableError(spelled_out(problems, name))
    return cells


def _plain_cells(text: str, separator: str) -> Cells | None:
    """The cells of a table of which each line is a row and nothing is quoted: polars reads it ten times faster.

    None where anything about it is not so, or wrong.
    """
    names = [cell.strip() for cell in text.partition("\n")[0].split(separator)]
    if any(mark in text for mark in ODD) or not all(names) or len(set(names)) < len(names):
        return None
    if _has_long_line(text, csv.field_size_limit()):
        return None
    try:
        raw = pl.read_csv(text.encode(), separator=separator, quote_char=None, infer_schema=False)
    except pl.exceptions.PolarsError:
        return None
    found = raw.rename(str.strip)
    if _may_have_blank_ends(text, separator):
        cells = pl.all().str.strip_chars()
        found = found.select(pl.when(cells != "").then(cells).name.keep())
    if found.is_empty() or found.select(pl.all_horizontal(pl.all().is_null()).any()).item():
        return None
    return Cells(found, list(range(2, found.height + 2)))


def _may_have_blank_ends(text: str, separator: str) -> bool:
    """Whether a cell may begin or end with a blank: told in a tenth of the time that it takes to cut all cells.

    Of blanks that are no plain ones it is enough that there are some.
    """
    if not text.isascii() or any(mark in text for mark in BLANKS if mark != separator):
        return True
    ends = (f" {separator}", f"{separator} ", " \n", "\n ")
    return text.startswith(" ") or text.endswith(" ") or any(end in text for end in ends)


def _has_long_line(text: str, most: int) -> bool:
    """Whether a line has more letters than that: it looks at one end of line in so many letters."""
    start = 0
    while len(text) - start > most:
        end = text.rfind("\n", start, start + most + 1)
        if end < 0:
            return True
        start = end + 1
    return False


def _separator(text: str, known: Sequence[str], path: Path) -> str:
    """The separator by which the header has most of the known columns, a tab where none does better."""
    header = re.search(r'^(?!"?#).*\S.*$', text, re.MULTILINE)
    wanted = set(map(plain_name, known))
    line = header[0] if header else ""
    check_columns(max(map(line.count, SEPARATORS)) + 1, path, TableError)
    shares = {
        mark: len(wanted.intersection(plain_name(cell.strip().strip('"')) for cell in line.split(mark)))
        for mark in SEPARATORS
    }
    return max(SEPARATORS, key=lambda mark: shares[mark])


def plain_name(column: str) -> str:
    """A column's name in small letters, with blanks for underscores."""
    return column.strip().lower().replace("_", " ")


def _records(text: str, separator: str, where: str) -> Iterator[tuple[int, list[str]]]:
    """Line and cells of each record; a quoted cell may run over lines."""
    lines = re.split(r"\r\n|\n|\r", text)
    start, at, inside = 0, 0, False

    def feed() -> Iterator[str]:
        nonlocal start, at, inside
        while at < len(lines):
            line = lines[at]
            at += 1
            if not inside:
                if line.startswith("#") or not line.strip():
                    continue
                start, inside = at, True
            yield line + "\n"

    reader = csv.reader(feed(), delimiter=separator, strict=True)
    try:
        for cells in reader:
            inside = False
            yield start, cells
    except csv.Error as error:
        raise TableError(f"{where} row {start}: cells must be whole, found {error}") from None


def _plain(cells: pl.Expr) -> pl.Expr:
    """Cells without blanks at their ends, each in one line, without a formula's escape; null where nothing is left."""
    text = cells.str.strip_chars().str.replace_all(r"\s*\n\s*", " ")
    text = pl.when(text.str.contains(ESCAPED)).then(text.str.slice(1)).otherwise(text)
    return pl.when(text != "").then(text).name.keep()


def escaped(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with a quote mark before each text that a spreadsheet would run; numbers stay numbers."""
    text = pl.col(pl.String)
    return frame.with_columns(
        pl.when(text.str.contains(FORMULA)).then("'" + text).otherwise(text).name.keep()
    )
