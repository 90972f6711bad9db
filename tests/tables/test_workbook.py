"""Workbooks are read as the CSV of their first sheet would be; what is none, or too large, is refused in one line."""

import tracemalloc
import zipfile

import pytest

from screen.errors import TableError
from screen.scenarios import read_abundances
from screen.tables import read_table
from screen.tables import workbook as reading
from tests.tables.drugs import DRUGS, WANTED
from tests.tables.workbooks import NAMESPACE, workbook

HEAD = (3, ["drug", "kd", "kd_unit", "used", "note"])
ROWS = [
    (1, ["# from the group's sheet"]),
    HEAD,
    (4, ['t="s"><v>0</v>', 3.4e-9, "M", True, 't="s"><v>1</v>']),
    (7, [" SD-36 ", 's="2"><v>1600</v>', None, 't="str"><v>false</v>']),
]


def test_cells_are_read_as_they_are_and_rows_keep_their_numbers(tmp_path):
    """Numbers in full, texts in one run or several, booleans; an amount in days is no date."""
    path = workbook(tmp_path / "drugs.xlsx", ROWS)
    (name, constant, *others), second = WANTED
    assert read_table(path, DRUGS).rows() == [(name, pytest.approx(constant, rel=1e-15), *others), second]
    workbook(path, [*ROWS, (9, ["b", -1, None, True])])
    with pytest.raises(TableError, match=r"drugs\.xlsx row 9: `kd_nM` must be positive, found -1"):
        read_table(path, DRUGS)


@pytest.mark.parametrize("style", [1, 3])
def test_what_became_a_date_is_refused(tmp_path, style):
    """SEPT2 that a spreadsheet took for a day would be its number."""
    path = workbook(
        tmp_path / "cell.xlsx", [(1, ["gene", "copies"]), (2, [f's="{style}"><v>44806</v>', 1e4])]
    )
    with pytest.raises(
        TableError, match=r"cell\.xlsx row 2: cells must be text or numbers, found a date in column 1"
    ):
        read_abundances(path)
    workbook(path, [(1, ["gene", "copies"]), (2, ["STAT3", 1e4])])
    assert read_abundances(path).frame.rows() == [("STAT3", 1e4, None)]


NO_VALUE = {
    "an error": ('t="e"><v>#N/A</v>', "the error #N/A"),
    "an error of a formula": ('t="e"><f>A9</f><v>#REF!</v>', "the error #REF!"),
    "an error without its name": ('t="e">', "the error"),
    "a formula that nobody computed": ("s='0'><f>3*2</f>", "a formula without its result"),
    "one with an empty result": ("s='0'><f>3*2</f><v/>", "a formula without its result"),
    "a date as text": ('t="d"><v>2022-09-02</v>', "a date"),
}


@pytest.mark.parametrize(("cell", "found"), NO_VALUE.values(), ids=NO_VALUE)
@pytest.mark.parametrize("place", [0, 1])
def test_a_cell_without_a_value_of_its_own_is_refused_where_it_stands(tmp_path, cell, found, place):
    """An error at the start of a row would make it a comment."""
    row: list[object] = ["STAT3", 1e4]
    row[place] = cell
    path = workbook(tmp_path / "cell.xlsx", [(1, ["gene", "copies"]), (4, row), (5, ["JAK1", 1e3])])
    with pytest.raises(TableError) as caught:
        reading.read_sheet(path)
    (problem,) = caught.value.problems
    where = f"found {found} in column {place + 1}"
    assert problem == f"cell.xlsx row 4: cells must be text or numbers, {where}"


def test_formulas_with_a_result_are_read_an_empty_text_too(tmp_path):
    formulas = ["s='0'><f>3*2</f><v>6</v>", 't="str"><f>""</f><v></v>', 't="str"><f>A1</f><v>a</v>']
    rows = reading.read_sheet(workbook(tmp_path / "t.xlsx", [(1, formulas)]))
    assert rows == [(1, ["6", "", "a"])]


def test_the_formats_that_every_workbook_knows_are_dates_or_not(tmp_path):
    """ECMA-376, part 1, 18.8.30: by number, of all languages; 23 to 26 are money, 48 an exponent."""
    path, dates = tmp_path / "cell.xlsx", []
    formats = "".join(f'<xf numFmtId="{number}"/>' for number in range(62))
    styles = f"<styleSheet {NAMESPACE}><cellXfs>{formats}</cellXfs></styleSheet>"
    for number in range(62):
        workbook(path, [(1, ["gene", "copies"]), (2, [f's="{number}"><v>44806</v>', 1e4])], styles=styles)
        try:
            reading.read_sheet(path)
        except TableError:
            dates.append(number)
    assert dates == [
        14, 15, 16, 17, 18, 19, 20, 21, 22, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 45, 46, 47,
        50, 51, 52, 53, 54, 55, 56, 57, 58,
    ]  # fmt: skip


ELSEWHERE = '<workbook xmlns:r="urn:links"><sheets><sheet r:id="three"/></sheets></workbook>'
FAR = "<s>" + "".join(f'<row r="{row}"><c r="XFD{row}"><v>1</v></c></row>' for row in range(1, 400)) + "</s>"

WRONG = {
    "no sheet": ({"workbook": "<workbook/>"}, "found no sheet"),
    "no workbook": ({"workbook": ""}, "found .*no item named"),
    "a sheet without a part": ({"workbook": ELSEWHERE}, "found no part for its first sheet, three"),
    "broken": ({"sheet2": "<worksheet><row>"}, "found no element found"),
    "a text that is not there": (
        {"sharedStrings": "<sst/>"},
        "found the number of a text 0 where there are 0, from 0 on",
    ),
    "a text before the first": (
        {"sheet2": '<s><row><c t="s"><v>-1</v></c></row></s>'},
        "found the number of a text '-1'",
    ),
    "another column": ({"sheet2": '<s><row><c r="é1"><v>1</v></c></row></s>'}, "found cell reference 'é1'"),
    "a column in small letters": (
        {"sheet2": '<s><row><c r="a1"><v>1</v></c></row></s>'},
        "found cell reference 'a1'",
    ),
    "a row in letters": ({"sheet2": '<s><row r="abc"><c><v>1</v></c></row></s>'}, "found row number 'abc'"),
    "row 0": ({"sheet2": '<s><row r="0"><c><v>1</v></c></row></s>'}, "found row number '0'"),
    "a style in letters": ({"sheet2": '<s><row><c s="x"><v>1</v></c></row></s>'}, "found style 'x'"),
    "a truth value": (
        {"sheet2": '<s><row><c t="b"><v>2</v></c></row></s>'},
        "found a truth value '2', neither 0 nor 1",
    ),
    "cells out of order": (
        {"sheet2": '<s><row r="1"><c r="B1"/><c r="A1"/></row></s>'},
        "found cells out of order in row 1",
    ),
}


@pytest.mark.parametrize(("parts", "found"), WRONG.values(), ids=WRONG)
def test_what_is_no_workbook_is_refused_in_one_line(tmp_path, parts, found):
    path = workbook(tmp_path / "drugs.xlsx", ROWS, **parts)
    with pytest.raises(
        TableError, match=rf"drugs\.xlsx: must be a readable XLSX workbook, {found}"
    ) as caught:
        read_table(path, DRUGS)
    assert len(caught.value.problems) == 1


def test_a_workbook_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    path = workbook(tmp_path / "drugs.xlsx", ROWS, zipfile.ZIP_BZIP2)
    with pytest.raises(TableError, match="found another compression than deflate in xl/"):
        read_table(path, DRUGS)
    workbook(path, ROWS, sheet2=FAR)
    with pytest.raises(TableError, match=r"drugs\.xlsx: must have at most 1,000,000 cells, found more"):
        read_table(path, DRUGS)
    monkeypatch.setattr(reading, "MOST_TEXT", 300)
    with pytest.raises(TableError, match=r"drugs\.xlsx: must have at most 300 bytes in xl/"):
        read_table(path, DRUGS)


def test_a_part_of_just_its_budget_is_read(tmp_path, monkeypatch):
    path = workbook(tmp_path / "drugs.xlsx", ROWS)
    with zipfile.ZipFile(path) as book:
        most = max(part.file_size for part in book.infolist())
    monkeypatch.setattr(reading, "MOST_TEXT", most)
    assert read_table(path, DRUGS).height == len(WANTED)
    monkeypatch.setattr(reading, "MOST_TEXT", most - 1)
    with pytest.raises(TableError, match=f"must have at most {most - 1:,} bytes in xl/"):
        read_table(path, DRUGS)


def test_the_limit_of_cells_is_taken_and_one_more_is_not(tmp_path, monkeypatch):
    """Empty cells before the last of a row count too: here are two rows of three."""
    rows = [(1, ["a", "b", "c"]), (2, [None, None, "d"])]
    monkeypatch.setattr(reading, "MOST_CELLS", 6)
    assert reading.read_sheet(workbook(tmp_path / "t.xlsx", rows)) == [
        (1, ["a", "b", "c"]),
        (2, ["", "", "d"]),
    ]
    monkeypatch.setattr(reading, "MOST_CELLS", 5)
    with pytest.raises(TableError, match="must have at most 5 cells, found more"):
        reading.read_sheet(tmp_path / "t.xlsx")


def test_rows_and_cells_that_name_no_place_follow_on_and_columns_go_on_after_z(tmp_path):
    cell = "<c t='inlineStr'><is><t>{}</t></is></c>"
    rows = [
        f"<row>{cell.format('a')}{cell.format('b')}</row>",
        f"<row>{cell.format('c')}</row>",
        f"<row r='7'><c r='B7'><v>2</v></c>{cell.format('d')}<c r='AA7'><v>27</v></c><c r='AC7'><v>29</v></c></row>",
        f"<row>{cell.format('e')}</row>",
    ]
    sheet = f"<worksheet {NAMESPACE}><sheetData>{''.join(rows)}</sheetData></worksheet>"
    found = list(reading.read_sheet(workbook(tmp_path / "t.xlsx", ROWS, sheet2=sheet)))
    wide = ["", "2", "d", *[""] * 23, "27", "", "29"]
    assert [(number, list(cells)) for number, cells in found] == [
        (1, ["a", "b"]),
        (2, ["c"]),
        (7, wide),
        (8, ["e"]),
    ]


def test_cells_that_go_back_are_refused(tmp_path):
    sheet = f"<worksheet {NAMESPACE}><sheetData><row><c r='B1'/><c r='B1'/></row></sheetData></worksheet>"
    with pytest.raises(
        TableError, match=r"must be a readable XLSX workbook, found cells out of order in row 1"
    ):
        list(reading.read_sheet(workbook(tmp_path / "t.xlsx", ROWS, sheet2=sheet)))


CROWDED = {
    "cells in a row": ("<s><row>" + "<c/>" * 20 + "</row></s>", "at most 16 elements"),
    "anything outside rows": ("<s>" + "<x/>" * 20 + "</s>", "at most 16 elements"),
    "elements in elements": ("<x>" * 9 + "</x>" * 9, "at most 8 elements within each other"),
    "elements in a cell": (
        "<s><row><c>" + "<x/>" * 5 + "</c></row></s>",
        "at most 4 elements in one `c`",
    ),
    "entities": (
        '<!DOCTYPE s [<!ENTITY a "' + "<x/>" * 8 + '">]><s>&a;&a;&a;</s>',
        "at most 16 elements",
    ),
}


@pytest.mark.parametrize(("sheet", "found"), CROWDED.values(), ids=CROWDED)
def test_elements_are_counted_while_they_are_read(tmp_path, monkeypatch, sheet, found):
    path = workbook(tmp_path / "t.xlsx", [], sheet2=sheet, styles="", sharedStrings="")
    for name, most in {"MOST_ELEMENTS": 16, "MOST_DEPTH": 8, "MOST_WITHIN": 4}.items():
        monkeypatch.setattr(reading, name, most)
    with pytest.raises(TableError) as caught:
        reading.read_sheet(path)
    assert caught.value.problems == (f"{path}: must have {found} in xl/worksheets/sheet2.xml, found more",)


def test_what_is_outside_cells_is_forgotten_while_it_is_read(tmp_path):
    """Elements in rows and after them take no more memory than a few."""
    sheet = "<s><row>" + "<x/>" * 200_000 + "<c><v>1</v></c></row>" + "<x/>" * 200_000 + "</s>"
    path = workbook(tmp_path / "t.xlsx", [], sheet2=sheet, styles="", sharedStrings="")
    tracemalloc.start()
    assert reading.read_sheet(path) == [(1, ["1"])]
    assert tracemalloc.get_traced_memory()[1] < 10 * 2**20
    tracemalloc.stop()
