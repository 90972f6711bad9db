"""Dose matrices of pairs for the page: what each does, and how far beyond what its drugs do alone."""

from collections.abc import Sequence
from typing import Any

import polars as pl

from screen.report.findings import Findings

EXCESSES = ("bliss", "loewe")
"""References whose excess is shown."""

Matrix = list[list[float | bool | None]]


def pair_matrices(findings: Findings, readouts: Sequence[str]) -> dict[str, list[dict[str, Matrix]]]:
    """By read-out and cell the pairs that were given at several doses of both drugs.

    A line a dose: both doses [nM], suppression [%], and for each excess [points] and whether its interval excludes 0.
    """
    table = findings.combinations
    if table is None or findings.aim.goal != "lower":
        return {}
    several = pl.min_horizontal(pl.n_unique("dose_a_nM"), pl.n_unique("dose_b_nM")).over(
        "context", "hypothesis", "readout", "intervention"
    )
    found: dict[tuple[Any, ...], dict[str, Matrix]] = {}
    for row in table.filter(several > 1).iter_rows(named=True):
        pairs = found.setdefault((row["readout"], row["context"], row["hypothesis"]), {})
        pairs.setdefault(row["intervention"], []).append(_line(row))
    return {readout: [found.get((readout, *cell), {}) for cell in findings.cells] for readout in readouts}


def _line(row: dict[str, Any]) -> list[float | bool | None]:
    line: list[float | bool | None] = [row["dose_a_nM"], row["dose_b_nM"], _percent(row["suppression_p50"])]
    for name in EXCESSES:
        low, middle, high = (row[f"excess_{name}_{part}"] for part in ("p05", "p50", "p95"))
        line += [_percent(middle), low is not None and high is not None and low * high > 0]
    return line


def _percent(value: float | None) -> float | None:
    return None if value is None else round(100 * value, 1)
