"""Values that no cell can have, or that are far from what the network has and its priors expect: warnings.

They are read as they are, since nobody knows what someone wants to try.
"""

import math
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import polars as pl

from screen.scenarios.abundances import like_cell
from screen.scenarios.amounts import may_be_negative
from screen.scenarios.contexts import VOLUMES, Context, ContextTables
from screen.scenarios.genotypes import Genotype
from screen.tables.several import WHERE

MOST_OF_ALL_PROTEIN = 1e4
"""Share [ppm] of all protein that a single signalling protein hardly passes: one part in a hundred."""

FAR, FAR_SD = 3.0, 5.0
"""Orders of magnitude and prior standard deviations from the network's value that together count as far: an
amplified receptor is 4 such deviations above that of an ordinary cell."""

USUAL = (1e-3, 1e3)
"""Smallest and largest of a unit in which the network itself has no value but 0."""

Ranges = Mapping[str, tuple[float, float]]

FEW = 3
"""Constants at a target that are too few to say what is usual there: then all of the table say it."""

SMALLEST_VOLUME, LARGEST_VOLUME = 0.02, 50.0
"""Volumes [pL] of a compartment from a small lymphocyte's nucleus to a large hepatocyte's cytosol, with room."""

HIGHEST_DOSE = 1e5
"""Ligand [nM or ng/mL] that nobody adds to a medium."""


def implausible(tables: ContextTables, parameters: pl.DataFrame) -> list[str]:
    """One sentence for each value of a context or hypothesis that is out of reach, with its file and row.

    `parameters` is the network's table.
    """
    known = {row["parameter"]: row for row in parameters.iter_rows(named=True)}
    ranges = _ranges(parameters)
    found = []
    for context in tables.contexts.values():
        most = like_cell(context, parameters).volumes.share(MOST_OF_ALL_PROTEIN)
        found += [
            f"{setting.where}: `value` of {setting.parameter} {warning}"
            for setting in (*context.totals, *context.stimulus)
            if (row := known.get(setting.parameter))
            and (warning := _warning(setting.value, row, most, ranges))
        ]
    found += [
        f"{option.places[parameter]}: `value` of {parameter} {warning}"
        for option in tables.options.values()
        for parameter, value in option.settings.items()
        if parameter in known and (warning := _odd(value, known[parameter], ranges))
    ]
    return list(dict.fromkeys(found))


def implausible_amounts(
    context: Context, amounts: Iterable[tuple[str, float]], parameters: pl.DataFrame
) -> list[str]:
    """One sentence for each amount that a cell is given of a parameter and that is out of reach; 0 takes it away.

    `amounts` are values of parameters, a genotype's as of `genotype_amounts`.
    """
    known = {row["parameter"]: row for row in parameters.iter_rows(named=True)}
    ranges, most = _ranges(parameters), like_cell(context, parameters).volumes.share(MOST_OF_ALL_PROTEIN)
    return [
        f"{name} {warning}"
        for name, value in amounts
        if value and name in known and (warning := _warning(value, known[name], most, ranges))
    ]


def genotype_amounts(
    context: Context, genotype: Genotype, parameters: pl.DataFrame
) -> list[tuple[str, float]]:
    """What a genotype sets in a cell, its shares as what they come to there."""
    there = dict(parameters.select("parameter", "value").iter_rows())
    there |= {setting.parameter: setting.value for setting in context.totals}
    return [
        *genotype.values,
        *((name, share * there[name]) for name, share in genotype.shares if name in there),
    ]


def implausible_affinities(affinities: pl.DataFrame, only: str | None = None) -> list[str]:
    """One sentence for each constant a thousand times beyond all others at its target; placed rows of AFFINITIES.

    `only` is the one drug to speak of; None: all.
    """
    found = []
    bound = affinities.filter(relation="=")
    for (target,), rows in bound.group_by("target", maintain_order=True):
        others = rows if rows.height > FEW else bound
        for row, warning in _beyond(rows, others["value_nM"], "value_nM"):
            if only in (None, row["drug"]):
                what = f"{row[WHERE]}, {row['drug']} on {row['gene']}: `value_nM`"
                found.append(f"{what} {warning.format(others=f'the others at {target}')}")
    return found


def implausible_exposures(drugs: pl.DataFrame) -> list[str]:
    """One sentence for each Cmax a thousand times beyond those of all other drugs; placed rows of DRUGS."""
    known = drugs.filter(pl.col("cmax_nM").is_not_null())
    return [
        f"{row[WHERE]}, {row['drug']}: `cmax_nM` {warning.format(others='those of other drugs')}"
        for row, warning in _beyond(known, known["cmax_nM"], "cmax_nM")
    ]


def _beyond(rows: pl.DataFrame, others: pl.Series, column: str) -> Iterator[tuple[dict[str, Any], str]]:
    """Rows whose value [nM] is a thousand times beyond all `others`, of which each is one, and what it should be."""
    values = others.sort()
    for row in rows.iter_rows(named=True) if len(values) > 1 else ():
        value = row[column]
        low = values[1] if value == values[0] else values[0]
        high = values[-2] if value == values[-1] else values[-1]
        if value * 10**FAR < low or value > high * 10**FAR:
            yield (
                row,
                f"should be within a thousand times {low:g} to {high:g} nM, {{others}}, found {value:g} (is it in nM?)",
            )


def _ranges(parameters: pl.DataFrame) -> dict[str, tuple[float, float]]:
    """The smallest and the largest value of the network in each unit, those of 0 aside."""
    sizes = parameters.select("unit", pl.col("value").abs()).filter(pl.col("value") > 0).group_by("unit")
    return {
        unit: (low, high)
        for unit, low, high in sizes.agg(low=pl.min("value"), high=pl.max("value")).iter_rows()
    }


def _warning(value: float, row: Mapping[str, Any], most: float, ranges: Ranges) -> str | None:
    """What a value [unit of its parameter, whose `row` it is] of a context should be, where it is not."""
    name, unit = row["parameter"], row["unit"]
    if name in VOLUMES:
        if SMALLEST_VOLUME <= value <= LARGEST_VOLUME:
            return None
        return f"should be within {SMALLEST_VOLUME:g} to {LARGEST_VOLUME:g} pL, found {value:g} pL"
    if name.endswith("_dose") and value > HIGHEST_DOSE:
        return f"should be below {HIGHEST_DOSE:g} {unit}, found {value:g}"
    if not name.endswith("_total") or unit != "nM":
        return _far(value, unit, ranges)
    if value > most:
        return f"should be below {most:.3g} nM, one hundredth of all protein of the cell, found {value:g} nM"
    if row["prior"] != "log10_normal":
        return _far(value, unit, ranges)
    if value == 0:
        return (
            "should be above 0 nM, or nothing is phosphorylated, found 0 nM"
            if name == "STAT3_total"
            else None
        )
    away = abs(math.log10(value) - math.log10(row["value"]))
    if away <= FAR or away <= FAR_SD * row["prior_sd"]:
        return None
    return (
        f"should be near {row['value']:g} nM (prior sd of log10 {row['prior_sd']:g}), found {value:g} nM, "
        f"{_power(away)} times off"
    )


def _power(exponent: float) -> str:
    """A power of ten above 1 as text, however large it is."""
    return f"{round(10.0**exponent):g}" if exponent < sys.float_info.max_10_exp else f"1e+{exponent:.0f}"


def _odd(value: float, row: Mapping[str, Any], ranges: Ranges) -> str | None:
    """What a value of a hypothesis should be, where it is not; `row` is that of its parameter."""
    if value < 0 and not may_be_negative(row):
        return f"should be at least 0, as its own and its prior are, found {value:g}"
    return _far(value, row["unit"], ranges)


def _far(value: float, unit: str, ranges: Ranges) -> str | None:
    """Where a value is a thousand times beyond all that the network has in its unit."""
    low, high = ranges.get(unit, USUAL)
    if not value or low / 10**FAR <= abs(value) <= high * 10**FAR:
        return None
    return f"should be within a thousand times {low:g} to {high:g} {unit}, as the network's others are, found {value:g}"
