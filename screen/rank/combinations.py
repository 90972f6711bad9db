"""Pairs at every dose at which they were simulated: how much they suppress, and how much more than expected."""

import numpy as np
import polars as pl

from screen.rank.draws import mean, quantile
from screen.rank.intervals import OF_CELL, Counted, Drawn, interval_columns
from screen.rank.surface import EXCESSES, Surface
from screen.tables import Column, Schema, number_column

OF_PAIR = (
    *OF_CELL,
    Column("intervention", pl.String, "the pair, joined by +"),
    Column("drug_a", pl.String, "first drug", is_name=True),
    Column("drug_b", pl.String, "second drug", is_name=True),
)
"""Columns of every table of pairs."""

COMBINATIONS = Schema(
    "combinations",
    (
        *OF_PAIR,
        Column("dose_a_nM", pl.Float64, "free concentration of the first drug", "nM", positive=True),
        Column("dose_b_nM", pl.Float64, "free concentration of the second drug", "nM", positive=True),
        *interval_columns("suppression", "1 - treated/vehicle", "fraction", maximum=1),
        *(
            number_column(
                f"suppression_{which}_p50", f"median of the {word} drug alone", "fraction", maximum=1
            )
            for which, word in (("a", "first"), ("b", "second"))
        ),
        *(
            column
            for excess in EXCESSES
            for column in interval_columns(
                f"excess_{excess.name}",
                f"suppression beyond {excess.beyond}; positive is synergy",
                "fraction",
            )
        ),
        number_column(
            "loewe_untested",
            "share of the draws with a Loewe excess in which its reference rests on a dose beyond those tested",
            "fraction",
            minimum=0,
            maximum=1,
        ),
        Column("draws", pl.Int64, "draws that count", minimum=0),
    ),
    key=("context", "hypothesis", "readout", "intervention", "dose_a_nM", "dose_b_nM"),
    may_be_empty=True,
)
"""One row a pair, its doses, and a read-out."""


def score_pairs(surface: Surface) -> Drawn:
    """The pairs of a cell in one read-out."""
    scores = {
        "suppression": surface.effect,
        "suppression_a": surface.alone[0],
        "suppression_b": surface.alone[1],
        **{f"excess_{excess.name}": excess.value(surface) for excess in EXCESSES},
    }
    scores["loewe_untested"] = np.where(np.isnan(scores["excess_loewe"]), np.nan, surface.loewe.untested)
    first, second = (list(each) for each in zip(*(pair.drugs for pair in surface.pairs), strict=True))
    rows = pl.DataFrame(
        {
            "intervention": [pair.intervention for pair in surface.pairs],
            "drug_a": first,
            "drug_b": second,
            "dose_a_nM": surface.doses[:, 0],
            "dose_b_nM": surface.doses[:, 1],
        }
    )
    return Drawn(rows, scores)


def combined_rows(found: Counted) -> pl.DataFrame:
    """Rows of COMBINATIONS but for the read-out."""
    columns, scores = found.columns("suppression"), found.drawn.scores
    for alone in ("suppression_a", "suppression_b"):
        columns[f"{alone}_p50"] = quantile(scores[alone], 0.5, found.weights)
    for excess in EXCESSES:
        columns |= found.columns(f"excess_{excess.name}")
    columns["loewe_untested"] = mean(scores["loewe_untested"], found.weights)
    columns["draws"] = found.draws("suppression")
    return found.table(columns)
