"""The first sheet of an XLSX workbook: cells as the text that stands in a CSV of it.

By the standard library, since fastexcel rounds numbers to nine decimals where it gives cells as text (3.4e-9 is 3e-9
then). What a spreadsheet has turned into a date is refused, and not read as its number of days.
"""

import re
import zipfile
import zlib
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from xml.etree import ElementTree

from screen.errors import TableError
from screen.files import MOST_TABLE, MOST_TEXT, check_regular

WORKBOOK = ".xlsx"

MOST_CELLS = 1_000_000
"""Cells of a sheet up to the last column of each row, empty ones too: so many are read in six seconds."""

MOST_ELEMENTS, MOST_DEPTH, MOST_WITHIN = 4 * MOST_CELLS, 64, 500_000
"""Elements of a part, elements within each other, and elements in one cell, text or list of styles."""

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
    cells: list[str] = []
    last = count = 0
    for element, above in _elements(book, _first_sheet(book, path), "c", path, around="row"):
        if _plain_tag(element) == "row":
            last = _whole(element.get("r", str(last + 1)), "row number", least=1)
            if any(cells):
                rows.append((last, cells))
            cells = []
        elif above is not None and _plain_tag(above) == "row":
            number = _whole(above.get("r", str(last + 1)), "row number", least=1)
            place = _column(element.get("r")) or len(cells) + 1
            if place <= len(cells):
                raise ValueError(f"cells out of order in row {number}")
            count += place - len(cells)
            if count > MOST_CELLS:
                raise TableError(
                    f"{path}: must have at most {MOST_CELLS:,} cells, found more; a .csv may have ten times that"
                )
            text = _text(element, shared)
            if wrong := _no_value(element, text, dates):
                raise TableError(
                    f"{path.name} row {number}: cells must be text or numbers, found {wrong} in column {place}"
                )
            cells += [""] * (place - 1 - len(cells)) + [text]
    return rows


def _no_value(cell: ElementTree.Element, text: str, dates: Collection[int]) -> str:
    """What stands in a cell in place of a text or number, in words; nothing where it is one."""
    kind = cell.get("t", "n")
    if kind == "e":
        return f"the error {text}".strip()
    if not text and kind != "str" and cell.find("{*}f") is not None:
        return "a formula without its result"
    dated = kind == "d" or (kind == "n" and _whole(cell.get("s", "0"), "style") in dates)
    return "a date" if text and dated else ""


def _elements(
    book: zipfile.ZipFile, part: str, name: str, path: Path, around: str = ""
) -> Iterator[tuple[ElementTree.Element, ElementTree.Element | None]]:
    """The elements of a name in a part, and those `around` them, as they end, each with the one above it.

    What is in the named ones is kept until then, all else is forgotten at once.
    """
    _check_part(book, part, path)
    with book.open(part) as file:
        above: list[ElementTree.Element] = []
        count = within = 0
        named: list[int] = []
        for event, element in ElementTree.iterparse(file, ("start", "end")):
            tag = _plain_tag(element)
            if event == "start":
                above.append(element)
                count += 1
                within = within + 1 if named else 0
                if tag == name:
                    named.append(count)
                if count > MOST_ELEMENTS or len(above) > MOST_DEPTH or within > MOST_WITHIN:
                    raise _too_much(f"{path}: must have at most", part, len(above), within, name)
                continue
            above.pop()
            if tag == name:
                named.pop()
            over = above[-1] if above else None
            if tag in (name, around):
                yield element, over
            if over is not None and not named:
                del over[:]


def _check_part(book: zipfile.ZipFile, part: str, path: Path) -> None:
    """Refuse a part by its size and by its tags, before any element is made."""
    info = book.getinfo(part)
    if info.file_size > MOST_TEXT:
        raise TableError(f"{path}: must have at most {MOST_TEXT:,} bytes in {part}, found {info.file_size:,}")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"another compression than deflate in {part}")
    tags = 0
    with book.open(part) as file:
        while some := file.read(2**20):
            tags += some.count(b"<") - some.count(b"</")
    if tags > MOST_ELEMENTS:
        raise _too_much(f"{path}: must have at most", part)


def _too_much(rule: str, part: str, deep: int = 0, within: int = 0, name: str = "") -> TableError:
    """The refusal of a part by the limit that it passes."""
    if deep > MOST_DEPTH:
        return TableError(f"{rule} {MOST_DEPTH} elements within each other in {part}, found more")
    if within > MOST_WITHIN:
        return TableError(f"{rule} {MOST_WITHIN:,} elements in one `{name}` in {part}, found more")
    return TableError(f"{rule} {MOST_ELEMENTS:,} elements in {part}, found more")


def _plain_tag(element: ElementTree.Element) -> str:
    """The tag without its namespace."""
    return _without_namespace(element.tag)


@lru_cache(1024)
def _without_namespace(tag: str) -> str:
    return tag.rpartition("}")[2]


@lru_cache(1024)
def _whole(text: str, what: str, least: int = 0) -> int:
    """The whole number of an attribute."""
    if not re.fullmatch("[0-9]{1,9}", text) or int(text) < least:
        raise ValueError(f"{what} {text!r}")
    return int(text)


def _first_sheet(book: zipfile.ZipFile, path: Path) -> str:
    """The part with the sheet that comes first."""
    for sheet, _ in _elements(book, "xl/workbook.xml", "sheet", path):
        link = next((value for name, value in sheet.attrib.items() if name.endswith("}id")), None)
        break
    else:
        raise ValueError("no sheet")
    for each, _ in _elements(book, "xl/_rels/workbook.xml.rels", "Relationship", path):
        if each.get("Id") == link:
            target = each.attrib["Target"]
            return target[1:] if target.startswith("/") else f"xl/{target}"
    raise ValueError(f"no part for its first sheet, {link}")


def _shared(book: zipfile.ZipFile, path: Path) -> list[str]:
    """Texts that cells name by their number."""
    return [_joined(each) for each, _ in _elements(book, "xl/sharedStrings.xml", "si", path)]


def _joined(text: ElementTree.Element) -> str:
    """A text of one run or several, without how it is pronounced."""
    runs = [*text.iterfind("{*}t"), *text.iterfind("{*}r/{*}t")]
    return "".join(run.text or "" for run in runs)


def _date_styles(book: zipfile.ZipFile, path: Path) -> Collection[int]:
    """Numbers of the styles that show a number as a date or time."""
    own: Mapping[int, str] = {
        _whole(each.attrib["numFmtId"], "format"): re.sub(
            r'"[^"]*"|\[[^\]]*\]|\\.', "", each.get("formatCode", "")
        )
        for each, _ in _elements(book, "xl/styles.xml", "numFmt", path)
    }
    dates = DATES | {number for number, code in own.items() if DATE.search(code)}
    return {
        place
        for styles, _ in _elements(book, "xl/styles.xml", "cellXfs", path)
        for place, each in enumerate(styles)
        if _whole(each.get("numFmtId", "0"), "format") in dates
    }


def _column(reference: str | None) -> int:
    """The number of the column in a reference such as AB12, from 1 on; 0 without one."""
    letters = (reference or "").rstrip("0123456789")
    found = _number_of(letters)
    if found is None:
        raise ValueError(f"cell reference {reference!r}")
    return found


@lru_cache(20_000)
def _number_of(letters: str) -> int | None:
    """What the letters of a column count, as digits to the base of 26; None for others."""
    if not re.fullmatch("[A-Z]{0,4}", letters):
        return None
    found = 0
    for letter in letters:
        found = 26 * found + ord(letter) - ord("A") + 1
    return found


def _text(cell: ElementTree.Element, shared: list[str]) -> str:
    parts = {_plain_tag(part): part for part in reversed(cell)}
    if "is" in parts:
        return _joined(parts["is"])
    found = (parts["v"].text if "v" in parts else "") or ""
    kind = cell.get("t", "n")
    if kind == "s" and found:
        index = _whole(found.strip(), "the number of a text")
        if index >= len(shared):
            raise ValueError(f"the number of a text {index} where there are {len(shared)}, from 0 on")
        return shared[index]
    if kind == "b" and found:
        if found not in ("0", "1"):
            raise ValueError(f"a truth value {found!r}, neither 0 nor 1")
        return ("FALSE", "TRUE")[int(found)]
    return found
