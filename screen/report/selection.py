"""What of the ranked table is shown where: one slice a cell, its leaders, what moves anything at all."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from screen.report.labels import Labels
from screen.scenarios import MIXTURE

NOTICED = 0.1
"""Suppression or rise below which a drug is said to leave what is ranked where it was [fraction]."""


Row = Mapping[str, Any]
"""A row of the ranked table."""


class View(NamedTuple):
    """A read-out and a dose basis, as in the ranked table."""

    readout: str
    basis: str


def views(ranked: pl.DataFrame) -> list[View]:
    """All read-outs and bases of the table, in its order."""
    return [View(*row) for row in ranked.select("readout", "dose_basis").unique(maintain_order=True).rows()]


def cell_names(ranked: pl.DataFrame, labels: Labels) -> list[tuple[str, str]]:
    """(context, hypothesis), contexts in the order of their labels, others after them by name.

    The mixture of a context stands behind its hypotheses.
    """
    cells = ranked.select("context", "hypothesis").unique().rows()
    return sorted(
        cells,
        key=lambda cell: (labels.place("context", cell[0]), cell[0], cell[1] == MIXTURE, cell[1]),
    )


def headline_view(ranked: pl.DataFrame) -> View:
    """The first view of the table; where pairs were tested, the first that ranks them."""
    with_pairs = ranked.filter(pl.col("dose_b_nM").is_not_null())
    return views(with_pairs if with_pairs.height else ranked)[0]


def leaders(rows: Iterable[Row]) -> list[Row]:
    """The interventions of one slice that hold the first place, alone or between them, likeliest first."""
    first = (row for row in rows if row["first_place"] != "no")
    return sorted(first, key=lambda row: (-row["p_best"], row["rank"]))


class Curve(NamedTuple):
    """treated/vehicle of one drug over its tested doses [nM]: quantiles over draws, None where none counts."""

    doses: list[float]
    low: list[float | None]
    median: list[float | None]
    high: list[float | None]


def dose_curves(responses: pl.DataFrame) -> dict[tuple[str, str, str], dict[str, Curve]]:
    """The dose response of every drug in every cell, by (context, hypothesis, readout) and drug."""
    of = ("context", "hypothesis", "readout", "drug_a")
    shown = ("dose_a_nM", "x_p05", "x_p50", "x_p95")
    alone = pl.col("drug_a").is_not_null() & pl.col("drug_b").is_null()
    singles = responses.filter(alone).group_by(of, maintain_order=True).agg(shown)
    found: dict[tuple[str, str, str], dict[str, Curve]] = {}
    for *cell, drug, doses, low, median, high in singles.iter_rows():
        found.setdefault(tuple(cell), {})[drug] = Curve(doses, low, median, high)
    return found


class Heat(NamedTuple):
    """Median suppression of single drugs [drugs, cells]; NaN where not ranked. `unsure`: the interval includes 0.

    Drugs that move what is ranked nowhere by `NOTICED` are left out.
    """

    drugs: list[str]
    classes: list[str]
    cells: list[tuple[str, str]]
    suppression: np.ndarray
    unsure: np.ndarray


def heat_of(ranked: pl.DataFrame, view: View, labels: Labels) -> Heat:
    """Single drugs by class (in the order of their labels) and then by their largest suppression anywhere."""
    rows = ranked.filter(
        (pl.col("readout") == view.readout)
        & (pl.col("dose_basis") == view.basis)
        & pl.col("dose_b_nM").is_null()
        & pl.col("rank").is_not_null()
        & ~pl.col("intervention").str.contains("+", literal=True)
    )
    cells = cell_names(ranked, labels)
    best = rows.group_by("intervention", "drug_classes").agg(
        pl.col("suppression_p50").max().alias("most"), pl.col("suppression_p50").abs().max().alias("largest")
    )
    place = [labels.place("class", name) for name in best["drug_classes"]]
    shown = (
        best.with_columns(pl.Series("place", place, dtype=pl.Int64))
        .filter(pl.col("largest") >= NOTICED)
        .sort("place", "drug_classes", -pl.col("most"), "intervention")
    )
    drugs = shown["intervention"].to_list()
    suppression = np.full((len(drugs), len(cells)), np.nan)
    unsure = np.zeros(suppression.shape, dtype=bool)
    row_of, column_of = {name: i for i, name in enumerate(drugs)}, {cell: j for j, cell in enumerate(cells)}
    for line in rows.iter_rows(named=True):
        if line["intervention"] in row_of:
            at = row_of[line["intervention"]], column_of[line["context"], line["hypothesis"]]
            suppression[at] = line["suppression_p50"]
            unsure[at] = line["suppression_p05"] <= 0.0 <= line["suppression_p95"]
    return Heat(drugs, shown["drug_classes"].to_list(), cells, suppression, unsure)
