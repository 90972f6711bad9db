"""A text table is read the same, and said the same of, whether polars may split it or not."""

import random

import pytest

from screen.errors import TableError
from screen.tables import read_cells

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
