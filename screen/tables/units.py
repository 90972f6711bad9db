"""Amounts of substance and mass per volume in one unit each: nM, and ng/mL where the molar mass is not known."""

import math
import re
from collections.abc import Mapping, Sequence

import polars as pl

from screen.tables.schema import Schema

NANOMOLAR, MASS = "nM", "ng_per_mL"

MICRO, GREEK_MU = "\N{MICRO SIGN}", "\N{GREEK SMALL LETTER MU}"
"""Two letters that look alike; keyboards have either."""

SCALES: Mapping[str, tuple[float, str]] = {
    "pM": (1e-3, NANOMOLAR),
    "nM": (1.0, NANOMOLAR),
    "uM": (1e3, NANOMOLAR),
    f"{MICRO}M": (1e3, NANOMOLAR),
    "mM": (1e6, NANOMOLAR),
    "M": (1e9, NANOMOLAR),
    "pg/mL": (1e-3, MASS),
    "ng/mL": (1.0, MASS),
    "ug/mL": (1e3, MASS),
    f"{MICRO}g/mL": (1e3, MASS),
    "ng_per_mL": (1.0, MASS),
}
"""Unit as people write it -> factor, and the unit it is turned into."""

QUANTITY = r"(?P<value>([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?)\s*(?P<unit>.*)"
"""How a value with its unit is written: 25ng/mL, .5 nM, 1e+3nM."""

MASSED = re.compile(r"(?P<unit>[^@]+)@(?P<mass>[0-9]+(\.[0-9]*)?)(?P<kilo>k?)Da")


def in_standard_units(value: float, unit: str) -> tuple[float, str]:
    """A value in nM or ng_per_mL. With a molar mass, `ng/mL@21kDa` is turned into nM and `nM@306Da` into ng_per_mL.

    A unit that is none of SCALES is left as it is, one without a mass that can be too: 1 nM of 1 kDa is 1 ng/mL.
    So is a value that would be beyond numbers, or become 0.
    """
    massed = MASSED.fullmatch(unit.strip())
    name = (massed["unit"] if massed else unit).strip().replace(GREEK_MU, MICRO)
    kilodalton = float(massed["mass"]) / (1.0 if massed["kilo"] else 1e3) if massed else None
    if name not in SCALES or (kilodalton is not None and not 0 < kilodalton < math.inf):
        return value, unit
    factor, standard = SCALES[name]
    turned, other = value * factor, standard
    if kilodalton is not None and standard == MASS:
        turned, other = turned / kilodalton, NANOMOLAR
    elif kilodalton is not None:
        turned, other = turned * kilodalton, MASS
    lost = not math.isfinite(turned) or (turned == 0 and value != 0)
    return (value, unit) if lost else (turned, other)


def in_nanomolar(
    text: pl.DataFrame, schema: Schema, name: str, lines: Sequence[int]
) -> tuple[pl.DataFrame, list[str]]:
    """Cells in which `value` and `value_unit` have become `value_nM`, so too any column in nM; and what is wrong.

    An empty unit is nM. `lines` are the numbers of the rows of the table `name`.
    """
    problems = []
    for column in schema.columns:
        stem = column.name.removesuffix("_nM")
        unit = f"{stem}_unit"
        if stem == column.name or unit not in text.columns:
            continue
        if column.name in text.columns or stem not in text.columns:
            problems.append(f"{name}: `{unit}` must stand beside `{stem}`, in place of `{column.name}`")
            continue
        given = text[unit].fill_null(NANOMOLAR)
        scales = {each: in_standard_units(1.0, each) for each in given.unique()}
        problems += [
            f"{name} row {line}: `{unit}` must be pM, nM, uM, mM or M, or pg/mL, ng/mL or ug/mL with a mass "
            f"(ng/mL@306Da), found {each}"
            for line, each in zip(lines, given, strict=True)
            if scales[each][1] != NANOMOLAR
        ]
        factors = pl.Series([scales[each][0] for each in given], dtype=pl.Float64)
        turned = (text[stem].cast(pl.Float64, strict=False) * factors).cast(pl.String)
        text = text.with_columns(turned.fill_null(text[stem])).drop(unit).rename({stem: column.name})
    return text, problems


def parse_numbers(items: Sequence[str], wanted: str | None) -> list[float]:
    """Numbers in the unit wanted, NaN for what is none; one without a unit has that of the last.

    >>> parse_numbers(["10", "100pM"], "nM")
    [0.01, 0.1]
    """
    parts = [re.fullmatch(QUANTITY, item) for item in items]
    last = parts[-1]["unit"] if parts[-1] else ""
    found = []
    for item, part in zip(items, parts, strict=True):
        unit = (part["unit"] or last) if part else ""
        turned = (
            in_standard_units(parse_number(part["value"]), unit)
            if part and unit
            else (parse_number(item), wanted)
        )
        found.append(turned[0] if turned[1] == wanted else math.nan)
    return found


def parse_number(text: str) -> float:
    """The number, or NaN where there is none: no comparison holds for that. Digits are 0 to 9 alone."""
    try:
        found = float(text) if text.isascii() and "_" not in text else math.nan
    except ValueError:
        return math.nan
    return found if math.isfinite(found) else math.nan
