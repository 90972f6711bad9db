"""A text table is read the same, and said the same of, whether polars may split it or not."""

import csv
import random
from itertools import product

import numpy as np
import pytest

from screen.errors import TableError
from screen.tables import read_cells
from screen.tables.text import _has_long_line, _may_have_blank_ends, _plain_cells

CELLS = (
    "",
    " ",
    "a",
    " b ",
    "c ",
    " d",
    "\t",
    "e\x1f",
    "1e-3",
    "-",
    "=",
    "µM",
    "NA",
    "null",
    "a b",
    "\u2028",
    "x\tz",
)


def read(path, text):
    """Cells and lines, or what is wrong."""
    path.write_bytes(text.encode())
    try:
        found = read_cells(path, ("a", "b"), path.name)
    except TableError as error:
        return error.problems
    return found.text.to_dict(as_series=False), found.lines


def line_of(rng, cells):
    """A row of one cell too few to one too many."""
    return ",".join(rng.choice(cells) for _ in range(rng.choice((2, 3, 3, 3, 3, 3, 4))))


@pytest.mark.parametrize("seed", range(90))
def test_a_comment_at_the_end_changes_nothing(tmp_path, seed):
    """A table with a comment is not given to polars."""
    rng = random.Random(seed)
    header = rng.choice(("a,b,c", "a, b ,c", "a,b,b", "a,b,", "a,,c"))
    cells = rng.sample(CELLS, 4)
    text = "\n".join([header, *(line_of(rng, cells) for _ in range(rng.randrange(6)))]) + rng.choice(
        ("", "\n")
    )
    assert read(tmp_path / "t.csv", text) == read(tmp_path / "t.csv", text.removesuffix("\n") + "\n# end\n")


@pytest.mark.parametrize("between", ["\n", "\t\n", " \t \n", "# nothing\n"])
def test_a_row_without_anything_is_none_and_the_next_keeps_its_line(tmp_path, between):
    path = tmp_path / "t.tsv"
    path.write_text(f"a\tb\n1\t2\n{between}3\t\n")
    cells = read_cells(path, ["a", "b"], "t.tsv")
    assert (cells.text.rows(), cells.lines) == ([("1", "2"), ("3", None)], [2, 4])
    path.write_text("a\tb\n")
    cells = read_cells(path, ["a", "b"], "t.tsv")
    assert (cells.text.columns, cells.text.rows(), cells.lines) == (["a", "b"], [], [])


@pytest.mark.parametrize("end", ["", "# end\n"])
@pytest.mark.parametrize("given", ["x=1,5", "x=1,5nM", "y=2 x=1,5 z=3", "x=1,500"])
def test_beside_semicolons_two_doses_and_a_decimal_comma_are_not_told_apart_and_refused(tmp_path, given, end):
    rows = f"1;x=2\n2;{given}\n{end}"
    (problem,) = read(tmp_path / "t.csv", f"a;b\n{rows}")
    assert problem == f"t.csv row 3: `b` must be written 1.5 for one number, 1.0,5.0 for two, found {given}"
    found, _ = read(tmp_path / "t.tsv", f"a\tb\n{rows}".replace(";", "\t"))
    assert found["b"] == ["x=2", given]


@pytest.mark.parametrize("given", ["x=1,5,10", "x=1.0,5.0", "x=1.5", "1,5", "x,y=1", "x=1,y"])
def test_what_can_be_meant_in_one_way_is_read_beside_semicolons(tmp_path, given):
    found, _ = read(tmp_path / "t.csv", f"a;b\n1;{given}\n")
    assert found["b"] == [given]


@pytest.mark.parametrize("most", [1, 3, 7])
def test_a_long_line_is_one_of_more_letters(most):
    """Against each line of 300 texts, of lines that are about as long as that."""
    rng = np.random.default_rng(most)
    told = set()
    for _ in range(300):
        lines = ["x" * length for length in rng.integers(0, most + 2, rng.integers(1, 6))]
        text = "\n".join(lines)
        assert _has_long_line(text, most) == any(len(line) > most for line in lines)
        told.add(_has_long_line(text, most))
    assert told == {False, True}


def test_a_blank_at_an_end_of_a_cell_is_never_overlooked_and_one_within_is_none():
    cells = "a", "a b", " a", "a ", "", "a\xa0", "\u2003a"
    for separator in (",", "\t"):
        for first in product(cells, repeat=2):
            for second in product(cells, repeat=2):
                text = "\n".join(separator.join(row) for row in (first, second))
                if any(cell != cell.strip() for cell in (*first, *second)):
                    assert _may_have_blank_ends(text, separator)
                elif text.isascii():
                    assert not _may_have_blank_ends(text, separator)


def test_a_plain_table_is_read_the_quick_way_and_anything_odd_is_not():
    plain = _plain_cells("gene,copies\nSTAT3,1\nJAK1,\n", ",")
    assert plain is not None and plain.lines == [2, 3]
    assert plain.text.to_dict(as_series=False) == {"gene": ["STAT3", "JAK1"], "copies": ["1", None]}
    spaced = _plain_cells("gene , copies\n STAT3,1 \nJAK1, \n", ",")
    assert spaced is not None and spaced.text.equals(plain.text)
    for odd in ("gene,gene\na,b\n", "gene,\na,b\n", 'gene,copies\n"a",b\n', "# said\ngene,copies\na,b\n",
                "gene,copies\n", "gene,copies\na,1\n,\n", "gene,copies\na,1,2\n", "gene,copies\r\na,1\r\n",
                f"gene,copies\n{'a' * (csv.field_size_limit() + 1)},1\n"):  # fmt: skip
        assert _plain_cells(odd, ",") is None, odd[:40]


CROWDED = {
    "cells": ("a,b\n" + "1,2\n" * 5, True),
    "as many as may be": ("a,b\n" + "1,2\n" * 4, False),
    "cells in quotes": ("a,b\n" + '"1","2"\n' * 5, True),
    "empty lines": ("a,b\n1,2\n" + "\n" * 9, True),
    "blank lines": ("a,b\n1,2\n" + " \n" * 9, True),
    "empty lines of an old Mac": ("a,b\r1,2\r" + "\r" * 9, True),
    "commas that separate nothing": ("a\tb\n1\t" + "2," * 20 + "\n", False),
}


@pytest.mark.parametrize(("text", "many"), CROWDED.values(), ids=CROWDED)
def test_cells_and_lines_are_counted_before_any_is_made(tmp_path, monkeypatch, text, many):
    monkeypatch.setattr("screen.files.reading.MOST_CELLS", 10)
    found = read(tmp_path / "t.csv", text)
    told = (f"{tmp_path / 't.csv'}: must have at most 10 cells and lines as a text table, found more",)
    assert (found == told) == many


@pytest.mark.parametrize("quote", ["", '"'])
def test_a_table_has_as_many_columns_as_a_spreadsheet(tmp_path, monkeypatch, quote):
    monkeypatch.setattr("screen.files.reading.MOST_COLUMNS", 3)
    told = (f"{tmp_path / 't.csv'}: must have at most 3 columns, found more",)
    assert read(tmp_path / "t.csv", f"a,b,{quote}c{quote},d\n1,2,3,4\n") == told
    assert read(tmp_path / "t.csv", f"a,b,{quote}c{quote}\n1,2,3\n")[1] == [2]
