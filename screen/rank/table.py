"""The ranked table: what a row is of, every score, and what it was made from."""

from dataclasses import replace

import polars as pl

from screen.rank.aim import Aim
from screen.rank.scores import DOSE_FLAGS, SCORES, scores
from screen.tables import Column, Schema, number_column

LEADING = (
    Column("context", pl.String, "the cell and its stimulus", is_name=True),
    Column(
        "hypothesis",
        pl.String,
        "which reading of the contested biology; `mixture`: all of the context, by prior weight",
    ),
    Column("readout", pl.String, "the read-out ranked by"),
    Column("dose_basis", pl.String, "how doses were made comparable"),
    Column("intervention", pl.String, "drug, pair or triple joined by +, or genetic change"),
    Column("drug_classes", pl.String, "class of each drug, joined by +; `genetic` for a genetic change"),
    Column(
        "mechanism",
        pl.String,
        "`indirect` where it is only inferred that the drug acts there, joined by +",
    ),
    number_column("dose_a_nM", "free concentration of the first drug", "nM", positive=True),
    number_column("dose_b_nM", "free concentration of the second drug", "nM", positive=True),
    number_column("dose_c_nM", "free concentration of the third drug", "nM", positive=True),
    Column(
        "dose_flag",
        pl.String,
        "the dose against those tested; there is no rank where it lies outside or is unknown",
        choices=DOSE_FLAGS,
    ),
)
"""What a row of the ranked table is of."""

PROVENANCE = Column(
    "provenance",
    pl.String,
    "digest of the scenarios, responses and routes that were ranked, and of what the network gets wrong",
)


def ranked_schema(aim: Aim) -> Schema:
    """The ranked table: what a row is of, every score, and what it was made from.

    >>> beside = Aim(readouts, "pY705_level", side=("pERK",))
    >>> [column.name for column in ranked_schema(beside).columns if column.name.startswith("pERK")]
    ['pERK_change_p50']
    """
    columns = (*LEADING, *(score.column for score in scores(aim.side)), PROVENANCE)
    return Schema(
        "ranked",
        tuple(under_goal(column, aim) for column in columns),
        key=("context", "hypothesis", "readout", "dose_basis", "intervention"),
    )


def as_lowering(ranked: pl.DataFrame, aim: Aim) -> pl.DataFrame:
    """A ranked table whose scores have the names of an observable that is to fall, whatever the goal.

    >>> as_lowering(pl.DataFrame({"rise_p50": [1.0]}), Aim(readouts, "pY705_level", "raise")).columns
    ['suppression_p50']
    """
    names = {aim.column(score.column.name): score.column.name for score in SCORES}
    return ranked.rename(names, strict=False)


def under_goal(column: Column, aim: Aim) -> Column:
    """A column by its name under the goal; an effect is at most 1 only where something is to fall."""
    bounded = aim.sign > 0 or not column.name.startswith(("suppression", "excess"))
    return replace(column, name=aim.column(column.name), maximum=column.maximum if bounded else None)
