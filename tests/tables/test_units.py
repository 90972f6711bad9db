"""Units: what each is turned into, and tables whose numbers are in others than nM."""

from pathlib import Path

import polars as pl
import pytest

from screen.errors import TableError
from screen.tables import Column, Schema, in_standard_units, read_table

DRUGS = Schema(
    "drugs",
    (
        Column("drug", pl.String, "name"),
        Column("kd_nM", pl.Float64, "affinity", "nM", positive=True),
        Column("cmax_nM", pl.Float64, "plasma peak", "nM", required=False, nullable=True),
    ),
    key=("drug",),
)


ENDLESS = "9" * 400


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (2, "uM", (2000, "nM")),
        (2, "\N{MICRO SIGN}M", (2000, "nM")),
        (2, "\N{GREEK SMALL LETTER MU}g/mL", (2000, "ng_per_mL")),
        (2, "\N{GREEK SMALL LETTER MU}M", (2000, "nM")),
        (2, "ug/mL", (2000, "ng_per_mL")),
        (2, "\N{MICRO SIGN}g/mL", (2000, "ng_per_mL")),
        (2, "pg/mL", (0.002, "ng_per_mL")),
        (2, "ng_per_mL", (2, "ng_per_mL")),
        (2, "nM", (2, "nM")),
        (2, "mM", (2e6, "nM")),
        (5, "pM", (0.005, "nM")),
        (3.4e-9, "M", (3.4, "nM")),
        (25, "ng/mL", (25, "ng_per_mL")),
        (21, "ng/mL@21kDa", (1, "nM")),
        (1, "nM@21kDa", (21, "ng_per_mL")),
        (306, "ng/mL@306Da", (1000, "nM")),
        (21, "ug/mL@21kDa", (1000, "nM")),
        (2, "uM@21kDa", (42_000, "ng_per_mL")),
        (1000, "pM@306Da", (0.306, "ng_per_mL")),
        (1, "pL", (1, "pL")),
        (1, "ng/mL@0kDa", (1, "ng/mL@0kDa")),
        (1, "nM@0.kDa", (1, "nM@0.kDa")),
        (1, f"ng/mL@{ENDLESS}kDa", (1, f"ng/mL@{ENDLESS}kDa")),
        (1, "nM@\u0662kDa", (1, "nM@\u0662kDa")),
        (1e308, "M", (1e308, "M")),
        (5e-324, "pM", (5e-324, "pM")),
        (0, "pM", (0, "nM")),
    ],
)
def test_units_are_turned_into_two(value, unit, expected):
    found = in_standard_units(value, unit)
    assert (pytest.approx(found[0]), found[1]) == expected


def read(folder: Path, text: str) -> pl.DataFrame:
    path = folder / "drugs.csv"
    path.write_text(text)
    return read_table(path, DRUGS)


def test_each_row_may_have_a_unit_and_an_empty_one_is_nanomolar(tmp_path):
    rows = "a,3.4e-9,M,306,ng/mL@306Da\nb,0.2,uM,,\nc,7,,5,nM\n"
    found = read(tmp_path, "drug,kd,kd_unit,cmax,cmax_unit\n" + rows)
    assert found["drug"].to_list() == ["a", "b", "c"]
    assert found["kd_nM"].to_list() == pytest.approx([3.4, 200.0, 7.0])
    assert found["cmax_nM"].to_list() == [pytest.approx(1000.0), None, 5.0]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("drug,kd,kd_unit\na,1,nM\nb,1,mg\n", "row 3: `kd_unit` must be pM, nM, uM, mM or M, or pg/mL"),
        ("drug,kd,kd_unit\na,1,ng/mL\n", "row 2: `kd_unit` must be pM, nM.*found ng/mL"),
        ("drug,kd,kd_unit\na,many,uM\n", "row 2: `kd_nM` must be a number, found many"),
        ("drug,kd,kd_unit\na,-1,uM\n", "row 2: `kd_nM` must be positive, found -1000"),
        ("drug,kd_nM,kd_unit\na,1,uM\n", ": `kd_unit` must stand beside `kd`, in place of `kd_nM`"),
        ("drug,kd,kd_nM,kd_unit\na,1,1,uM\n", ": `kd_unit` must stand beside `kd`, in place of `kd_nM`"),
        ("drug,kd\na,1\n", ": column `kd_nM` must be there"),
    ],
)
def test_a_unit_that_is_none_or_in_doubt_is_refused(tmp_path, text, problem):
    with pytest.raises(TableError, match=problem):
        read(tmp_path, text)
