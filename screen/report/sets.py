"""Rankings over several cells together for the page: the first interventions of each set."""

from typing import NamedTuple

import polars as pl

from screen.report.answers import span
from screen.report.figures import percent, plus
from screen.report.findings import Findings
from screen.report.labels import capital

MOST = 5
"""Interventions of a set that are shown."""


class SetRow(NamedTuple):
    """An intervention in a set, in words."""

    rank: int
    intervention: str
    effect: str
    p_best: str
    regret: str
    least: str


def first_of_sets(findings: Findings) -> list[tuple[str, list[SetRow]]]:
    """Of each set its first interventions, under the headline's read-out and dose basis; none where there is no set."""
    table, (readout, basis) = findings.sets, findings.view
    if table is None:
        return []
    shown = table.filter(pl.col("readout") == readout, pl.col("dose_basis") == basis).sort("rank")
    return [
        (str(name), [_row(row, findings) for row in rows.head(MOST).iter_rows(named=True)])
        for (name,), rows in shown.group_by("set", maintain_order=True)
    ]


def _row(row: dict, findings: Findings) -> SetRow:
    least = f"{percent(row['least_p50'])}, {capital(findings.labels.context(row['least_in']))}"
    effect = f"{percent(row['suppression_p50'])} ({span(row, 'suppression')})"
    p_best, regret = percent(row["p_best"]), percent(row["expected_regret"])
    return SetRow(row["rank"], plus(row["intervention"]), effect, p_best, regret, least)
