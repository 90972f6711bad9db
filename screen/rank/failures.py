"""Trajectories that did not complete: which, and why."""

import numpy as np
import polars as pl

from screen.errors import RankError
from screen.rank.responses import COMPLETED, ResponseArray
from screen.tables import SCENARIOS, STATUSES, Column, Schema

FAILED = tuple(status for status in STATUSES if status not in COMPLETED)
"""Statuses of a trajectory that has no value."""

GIVEN = ("context", "hypothesis", "intervention", "dose_a_nM", "dose_b_nM", "dose_c_nM")

FAILURES = Schema(
    "failures",
    (
        *(column for column in SCENARIOS.columns if column.name in GIVEN),
        Column("status", pl.String, "how the trajectories ended", choices=FAILED),
        Column("failed", pl.Int64, "how many did so, each under its own draw", minimum=1),
        Column("draws", pl.Int64, "parameter draws that it was simulated under", minimum=1),
    ),
    key=(*GIVEN, "status"),
    may_be_empty=True,
)
"""One row a scenario and a reason; none where all trajectories completed."""


def find_failures(found: ResponseArray) -> pl.DataFrame:
    """FAILURES of a screen.

    RankError where no trajectory of a cell completed: there is nothing to rank, and the reason is said.

    >>> find_failures(gather_responses(responses, scenarios)).height
    0
    """
    lost = found.remarks.filter(pl.col("status").is_in(FAILED))
    counted = lost.group_by("scenario", "status").agg(failed=pl.len().cast(pl.Int64))
    table = (
        found.scenarios.with_columns(draws=pl.Series(found.run, dtype=pl.Int64))
        .join(counted, on="scenario")
        .select(*FAILURES.dtypes())
        .sort(FAILURES.key)
    )
    problems = []
    for cell in found.cells:
        if np.isnan(found.values[cell.rows]).all():
            own = table.filter(context=cell.context, hypothesis=cell.hypothesis)
            reasons = own.group_by("status", maintain_order=True).agg(pl.col("failed").sum()).rows()
            said = ", ".join(f"{status} {number}" for status, number in reasons)
            problems.append(f"{cell.name}: at least one trajectory must complete, found none ({said})")
    if problems:
        raise RankError(problems)
    return table
