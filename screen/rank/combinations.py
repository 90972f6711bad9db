"""Pairs and triples at every dose simulated: how much they suppress, and how much more than expected."""

import numpy as np
import polars as pl

from screen.rank.draws import mean, quantile
from screen.rank.intervals import OF_CELL, Counted, Drawn, interval_columns
from screen.rank.paired import Ratio
from screen.rank.series import Cell
from screen.rank.surface import EXCESSES, Surface
from screen.tables import Column, Schema, number_column

OF_PAIR = (
    *OF_CELL,
    Column("intervention", pl.String, "the drugs, joined by +"),
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
        Column("drug_c", pl.String, "third drug, of a triple", nullable=True, is_name=True),
        number_column("dose_c_nM", "free concentration of the third drug", "nM", positive=True),
        *interval_columns("suppression", "1 - treated/vehicle", "fraction", maximum=1),
        *(
            number_column(
                f"suppression_{which}_p50", f"median of the {word} drug alone", "fraction", maximum=1
            )
            for which, word in (("a", "first"), ("b", "second"), ("c", "third"))
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
        *interval_columns(
            "excess_pair", "suppression by a triple beyond the best pair in it at the same doses", "fraction"
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
    key=("context", "hypothesis", "readout", "intervention", "dose_a_nM", "dose_b_nM", "dose_c_nM"),
    may_be_empty=True,
)
"""One row a pair or a triple, its doses, and a read-out."""


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


def score_triples(cell: Cell, ratio: Ratio) -> Drawn:
    """The triples of a cell in one read-out, from treated/vehicle [scenarios, draws].

    Beyond the best drug in each, Bliss independence of all three and the best pair; Loewe and ZIP are of pairs.
    """
    triples = [each for each in cell.combinations if len(each.drugs) == 3]
    rows = np.array([[each.row, *each.alone, *each.within] for each in triples]).T
    every = 1.0 - ratio[rows]
    every[rows < 0] = np.nan
    effect, alone, pairs = every[0], every[1:4], every[4:]
    scores = {
        "suppression": effect,
        **{f"suppression_{which}": each for which, each in zip("abc", alone, strict=True)},
        "excess_hsa": effect - np.max(alone, axis=0),
        "excess_bliss": effect - (1.0 - np.prod(1.0 - alone, axis=0)),
        "excess_pair": effect - np.max(pairs, axis=0),
    }
    given: dict[str, list] = {"intervention": [each.intervention for each in triples]}
    for at, which in enumerate("abc"):
        given |= {f"drug_{which}": [each.drugs[at] for each in triples]}
        given |= {f"dose_{which}_nM": [each.doses[at] for each in triples]}
    return Drawn(pl.DataFrame(given), scores)


def combined_rows(found: Counted) -> pl.DataFrame:
    """Rows of COMBINATIONS but for the read-out; what pairs, or triples, do not have is null."""
    scores, columns = found.drawn.scores, dict[str, np.ndarray]()
    for name in scores:
        if name.startswith("suppression_"):
            columns[f"{name}_p50"] = quantile(scores[name], 0.5, found.weights)
        elif name == "loewe_untested":
            columns[name] = mean(scores[name], found.weights)
        else:
            columns |= found.columns(name)
    columns["draws"] = found.draws("suppression")
    table, kinds = found.table(columns), COMBINATIONS.dtypes()
    absent = [name for name in kinds if name not in (*table.columns, "readout")]
    return table.with_columns(pl.lit(None, kinds[name]).alias(name) for name in absent).select(
        name for name in kinds if name != "readout"
    )
