"""The first sheet of an XLSX workbook: cells as the text that stands in a CSV of it.

By the standard library, since fastexcel rounds numbers to nine decimals where it gives cells as text (3.4e-9 is 3e-9
then). What a spreadsheet has turned into a date is refused, and not read as its number of days.
"""

import re
import zipfile
import zlib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from xml.etree import ElementTree

from screen.errors import TableError
from screen.files import MOST_TABLE, MOST_TEXT, check_regular

WORKBOOK = ".xlsx"

MOST_CELLS = 5_000_000
"""Cells of a sheet up to the last column of each row, empty ones too."""

DATES = frozenset([*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)])
"""Formats of dates and times that every workbook knows."""

DATE = re.compile(r"[dmyhs]", re.IGNORECASE)
"""What else is a date: a format that has one of these letters outside quotes and brackets."""

UNREADABLE = (
    zipfile.BadZipFile, zlib.error, ElementTree.ParseError, LookupError, ValueError, OSError, EOFError, RuntimeError,
)  # fmt: skip
"""What is raised where a file is no workbook, or one with a password."""

Rows = list[tuple[int, list[str]]]


def read_sheet(path: Path) -> Rows:
    """Number and cells of each row. TableError: no workbook, one too large, a date."""
    check_regular(path, TableError, "XLSX workbook", MOST_TABLE)
    try:
        with zipfile.ZipFile(path) as book:
            return _rows(book, path)
    except UNREADABLE as error:
        found = str(error).splitlines() or ["nothing in it"]
        raise TableError(f"{path}: must be a readable XLSX workbook, found {found[0]}") from None


def _rows(book: zipfile.ZipFile, path: Path) -> Rows:
    names = set(book.namelist())
    shared = _shared(book, path) if "xl/sharedStrings.xml" in names else []
    dates = _date_styles(book, path) if "xl/styles.xml" in names else frozenset()
    rows: Rows = []
    count = 0
    for row in _elements(book, _first_sheet(book, path), "row", path):
        number = int(row.get("r", rows[-1][0] + 1 if rows else 1))
        cells: list[str] = []
        for cell in row.iterfind("{*}c"):
            place = _column(cell.get("r")) or len(cells) + 1
            if place <= len(cells):
                raise ValueError(f"cells out of order in row {number}")
            count += place - len(cells)
            if count > MOST_CELLS:
                raise TableError(f"{path}: must have at most {MOST_CELLS:,} cells, found more")
            text = _text(cell, shared)
            if text and cell.get("t", "n") in ("n", "d") and int(cell.get("s", 0)) in dates:
                raise TableError(
                    f"{path.name} row {number}: cells must be text or numbers, found a date in column {place}"
                )
            cells += [""] * (place - 1 - len(cells)) + [text]
        rows.append((number, cells))
    return rows


def _elements(book: zipfile.ZipFile, part: str, name: str, path: Path) -> Iterator[ElementTree.Element]:
    """The elements of a name in a part of the workbook, each forgotten when the next is read."""
    info = book.getinfo(part)
    if info.file_size > MOST_TEXT:
        raise TableError(f"{path}: must have at most {MOST_TEXT:,} bytes in {part}, found {info.file_size:,}")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"another compression than deflate in {part}")
    with book.open(part) as file:
        above: list[ElementTree.Element] = []
        for event, element in ElementTree.iterparse(file, ("start", "end")):
            if event == "start":
                above.append(element)
                continue
            above.pop()
            if element.tag.rpartition("}")[2] == name:
                yield element
                if above:
                    above[-1].clear()


def _first_sheet(book: zipfile.ZipFile, path: Path) -> str:
    """The part with the sheet that comes first."""
    for sheet in _elements(book, "xl/workbook.xml", "sheet", path):
        link = next((value for name, value in sheet.attrib.items() if name.endswith("}id")), None)
        break
    else:
        raise ValueError("no sheet")
    for each in _elements(book, "xl/_rels/workbook.xml.rels", "Relationship", path):
        if each.get("Id") == link:
            target = each.attrib["Target"]
            return target[1:] if target.startswith("/") else f"xl/{target}"
    raise ValueError(f"no part for its first sheet, {link}")


def _shared(book: zipfile.ZipFile, path: Path) -> list[str]:
    """Texts that cells name by their number."""
    return [_joined(each) for each in _elements(book, "xl/sharedStrings.xml", "si", path)]


def _joined(text: ElementTree.Element) -> str:
    """A text of one run or several, without how it is pronounced."""
    runs = [*text.iterfind("{*}t"), *text.iterfind("{*}r/{*}t")]
    return "".join(run.text or "" for run in runs)


def _date_styles(book: zipfile.ZipFile, path: Path) -> Collection[int]:
    """Numbers of the styles that show a number as a date or time."""
    own: Mapping[int, str] = {
        int(each.attrib["numFmtId"]): re.sub(r'"[^"]*"|\[[^\]]*\]|\\.', "", each.get("formatCode", ""))
        for each in _elements(book, "xl/styles.xml", "numFmt", path)
    }
    dates = DATES | {number for number, code in own.items() if DATE.search(code)}
    return {
        place
        for styles in _elements(book, "xl/styles.xml", "cellXfs", path)
        for place, each in enumerate(styles)
        if int(each.get("numFmtId", 0)) in dates
    }


def _column(reference: str | None) -> int:
    """The number of the column in a reference such as AB12, from 1 on; 0 without one."""
    found = 0
    for letter in (reference or "").rstrip("0123456789"):
        found = 26 * found + "ABCDEFGHIJKLMNOPQRSTUVWXYZ".index(letter) + 1
    return found


def _text(cell: ElementTree.Element, shared: list[str]) -> str:
    inside = cell.find("{*}is")
    if inside is not None:
        return _joined(inside)
    found = cell.findtext("{*}v") or ""
    kind = cell.get("t", "n")
    if kind == "s" and found:
        return shared[int(found)]
    return {"1": "TRUE", "0": "FALSE"}[found] if kind == "b" and found else found
