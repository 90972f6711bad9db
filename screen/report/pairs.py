"""Dose matrices of pairs for the page: what each does, how far beyond what its drugs do alone, and its isoboles."""

from collections.abc import Sequence
from typing import Any

import polars as pl

from screen.report.findings import Findings

EXCESSES = ("bliss", "loewe")
"""References whose excess is shown."""

Matrix = list[list[float | bool | None]]

Lines = dict[str, list[list[float]]]


def pair_matrices(findings: Findings, readouts: Sequence[str]) -> dict[str, list[dict[str, Matrix]]]:
    """By read-out and cell the pairs that were given at several doses of both drugs, more than two of them.

    A line a dose: both doses [nM], suppression [%], and for each excess [points] and whether its interval excludes 0.
    """
    table = findings.combinations
    if table is None or findings.aim.goal != "lower":
        return {}
    both = pl.min_horizontal(pl.n_unique("dose_a_nM"), pl.n_unique("dose_b_nM"))
    table = table.filter(pl.col("drug_c").is_null())
    several = ((both > 1) & (pl.len() > 2)).over("context", "hypothesis", "readout", "intervention")
    found: dict[tuple[Any, ...], dict[str, Matrix]] = {}
    for row in table.filter(several).iter_rows(named=True):
        pairs = found.setdefault((row["readout"], row["context"], row["hypothesis"]), {})
        pairs.setdefault(row["intervention"], []).append(_line(row))
    return {readout: [found.get((readout, *cell), {}) for cell in findings.cells] for readout in readouts}


def pair_isoboles(findings: Findings, readouts: Sequence[str]) -> dict[str, list[dict[str, Lines]]]:
    """By read-out and cell the pairs whose isoboles have doses over those that do as much alone.

    A line an effect [%]: doses of the first drug and of the second as shares of those that reach it alone, medians.
    """
    table = findings.isoboles
    if table is None or findings.aim.goal != "lower":
        return {}
    shares = [pl.col(f"dose_{a}") / pl.col(f"alone_{a[0]}_p50_nM") for a in ("a_nM", "b_p50_nM")]
    shown = table.with_columns(a=shares[0], b=shares[1]).filter(
        pl.all_horizontal(pl.col("a", "b").is_not_null())
    )
    found: dict[tuple[Any, ...], dict[str, Lines]] = {}
    for row in shown.sort("effect", "dose_a_nM").iter_rows(named=True):
        pairs = found.setdefault((row["readout"], row["context"], row["hypothesis"]), {})
        line = pairs.setdefault(row["intervention"], {}).setdefault(f"{100 * row['effect']:g}", [])
        line.append([round(row["a"], 3), round(row["b"], 3)])
    return {readout: [found.get((readout, *cell), {}) for cell in findings.cells] for readout in readouts}


def _line(row: dict[str, Any]) -> list[float | bool | None]:
    line: list[float | bool | None] = [row["dose_a_nM"], row["dose_b_nM"], _percent(row["suppression_p50"])]
    for name in EXCESSES:
        low, middle, high = (row[f"excess_{name}_{part}"] for part in ("p05", "p50", "p95"))
        line += [_percent(middle), low is not None and high is not None and low * high > 0]
    return line


def _percent(value: float | None) -> float | None:
    return None if value is None else round(100 * value, 1)
