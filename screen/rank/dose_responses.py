"""What all that was given does at every dose: the responses summed up over draws, for the report and for a look.

Beside them how the trajectories of each cell ended, so that no reader of results needs the responses themselves.
"""

import polars as pl

from screen.rank.intervals import OF_CELL, Counted, Drawn, interval_columns
from screen.rank.paired import Ratio
from screen.rank.responses import ResponseArray
from screen.rank.series import Cell
from screen.tables import SCENARIOS, STATUSES, Column, Schema

GIVEN = ("intervention", "drug_a", "dose_a_nM", "drug_b", "dose_b_nM", "drug_c", "dose_c_nM")

DOSE_RESPONSES = Schema(
    "responses",
    (
        *OF_CELL,
        *(column for column in SCENARIOS.columns if column.name in GIVEN),
        *interval_columns("x", "treated/vehicle"),
        Column("draws", pl.Int64, "draws that count", minimum=0),
    ),
    key=("context", "hypothesis", "readout", "intervention", "dose_a_nM", "dose_b_nM", "dose_c_nM"),
)
"""One row an intervention, its doses, and a read-out that is ranked."""

ENDINGS = Schema(
    "endings",
    (
        *(column for column in SCENARIOS.columns if column.name in ("context", "hypothesis", "weight")),
        Column("status", pl.String, "how trajectories ended", choices=STATUSES),
        Column("trajectories", pl.Int64, "how many ended so", minimum=1),
        Column("draws", pl.Int64, "parameter draws in all", minimum=1),
    ),
    key=("context", "hypothesis", "status"),
)
"""One row a cell and a way to end."""


def respond(cell: Cell, scenarios: pl.DataFrame, ratio: Ratio) -> Drawn:
    """All that was given in a cell, and treated/vehicle of it in one read-out, from that of all [scenarios, draws]."""
    rows = cell.rows[1:]  # the vehicle comes first
    return Drawn(scenarios[rows].select(GIVEN), {"x": ratio[rows]})


def responded_rows(found: Counted) -> pl.DataFrame:
    """Rows of DOSE_RESPONSES but for the read-out."""
    return found.table({**found.columns("x"), "draws": found.draws("x")})


def count_endings(found: ResponseArray) -> pl.DataFrame:
    """ENDINGS of a screen.

    >>> count_endings(gather_responses(responses, scenarios)).rows()
    [('liver', 'default', 1.0, 'ok', 6, 2)]
    """
    cell = ["context", "hypothesis", "weight"]
    draws = len(found.draws)
    run = pl.Series("run", found.run)
    lanes = found.scenarios.with_columns(run).group_by(cell).agg(trajectories=pl.col("run").sum())
    told = found.remarks.join(found.scenarios, on="scenario").group_by(*cell, "status")
    ended = told.agg(trajectories=pl.len().cast(pl.Int64))
    others = ended.group_by(cell).agg(told=pl.col("trajectories").sum())
    simply = lanes.join(others, on=cell, how="left").select(
        *cell, status=pl.lit("ok"), trajectories=pl.col("trajectories") - pl.col("told").fill_null(0)
    )
    counted = pl.concat([simply, ended.select(simply.columns)]).filter(pl.col("trajectories") > 0)
    kinds = ENDINGS.dtypes()
    rows = counted.with_columns(draws=pl.lit(draws)).select(pl.col(name).cast(kinds[name]) for name in kinds)
    return rows.sort(ENDINGS.key)
