"""Values that no cell can have, or that are far from what the priors expect: warnings, never errors."""

import math

import polars as pl

from screen.scenarios.abundances import like_cell
from screen.scenarios.contexts import Context, ContextTables

MOST_OF_ALL_PROTEIN = 1e4
"""Share [ppm] of all protein that a single signalling protein hardly passes: one part in a hundred."""

FAR, FAR_SD = 3.0, 5.0
"""Orders of magnitude and prior standard deviations from the network's value that together count as far: an
amplified receptor is 4 such deviations above that of an ordinary cell."""

FEW = 3
"""Constants at a target that are too few to say what is usual there: then all of the table say it."""

VOLUMES = ("cytosol", "nucleus")
SMALLEST_VOLUME, LARGEST_VOLUME = 0.02, 50.0
"""Volumes [pL] of a compartment from a small lymphocyte's nucleus to a large hepatocyte's cytosol, with room."""

HIGHEST_DOSE = 1e5
"""Ligand [nM or ng/mL] that nobody adds to a medium."""


def implausible(tables: ContextTables, parameters: pl.DataFrame, where: str) -> list[str]:
    """One sentence for each value of a context that is out of reach; `parameters` is the network's table."""
    return [
        f"{where}, {context.name}: {warning}"
        for context in tables.contexts.values()
        for warning in _warnings(context, parameters)
    ]


def implausible_affinities(affinities: pl.DataFrame, where: str) -> list[str]:
    """One sentence for each constant a thousand times beyond all others at its target; AFFINITIES in."""
    found = []
    bound = affinities.filter(relation="=")
    for (target,), rows in bound.group_by("target", maintain_order=True):
        others = rows if rows.height > FEW else bound
        values = others["value_nM"].sort()
        for drug, gene, value in rows.select("drug", "gene", "value_nM").iter_rows():
            low = values[1] if value == values[0] else values[0]
            high = values[-2] if value == values[-1] else values[-1]
            if value * 10**FAR < low or value > high * 10**FAR:
                found.append(
                    f"{where}, {drug} on {gene}: `value_nM` should be within a thousand times {low:g} to {high:g} nM, "
                    f"the others at {target}, found {value:g} (is it in nM?)"
                )
    return found


def _warnings(context: Context, parameters: pl.DataFrame) -> list[str]:
    volumes = like_cell(context, parameters).volumes
    known = {row["parameter"]: row for row in parameters.iter_rows(named=True)}
    most = volumes.share(MOST_OF_ALL_PROTEIN)
    found = []
    for setting in context.totals:
        row = known.get(setting.parameter)
        if row is None:
            continue
        name, value = setting.parameter, setting.value
        if name in VOLUMES and not SMALLEST_VOLUME <= value <= LARGEST_VOLUME:
            found.append(
                f"{name} should be within {SMALLEST_VOLUME:g} to {LARGEST_VOLUME:g} pL, found {value:g} pL"
            )
        elif not name.endswith("_total") or row["unit"] != "nM":
            continue
        elif value > most:
            found.append(
                f"{name} should be below {most:.3g} nM, one hundredth of all protein of the cell, found {value:g} nM"
            )
        elif row["prior"] == "log10_normal" and value == 0 and name == "STAT3_total":
            found.append(f"{name} should be above 0 nM, or nothing is phosphorylated, found 0 nM")
        elif row["prior"] == "log10_normal" and value > 0:
            away = abs(math.log10(value / row["value"]))
            if away > FAR and away > FAR_SD * row["prior_sd"]:
                found.append(
                    f"{name} should be near {row['value']:g} nM (prior sd of log10 {row['prior_sd']:g}), found "
                    f"{value:g} nM, {10**away:.0f} times off"
                )
    found += [
        f"{setting.parameter} should be below {HIGHEST_DOSE:g} {setting.unit or ''}, found {setting.value:g}"
        for setting in context.stimulus
        if setting.parameter.endswith("_dose") and setting.value > HIGHEST_DOSE
    ]
    return found
