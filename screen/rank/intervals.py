"""A score under every draw as three columns: its median and an interval, in a cell or over the hypotheses of one."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import polars as pl

from screen.rank.draws import count, spread
from screen.rank.series import Cell
from screen.scenarios import MIXTURE
from screen.tables import Column, number_column

QUANTILES = {"p05": "5 % quantile", "p50": "median", "p95": "95 % quantile"}
"""End of a column's name -> what it is, for each quantile over draws of `SPREAD`."""

OF_CELL = (
    Column("context", pl.String, "the cell and its stimulus", is_name=True),
    Column("hypothesis", pl.String, "reading of the contested biology; `mixture`: all of them, by weight"),
    Column("readout", pl.String, "the read-out that is suppressed"),
)
"""First columns of tables whose rows are of a cell and a read-out."""


class Drawn(NamedTuple):
    """What some rows of a table are of, and their scores under every draw by name, each [rows, draws]."""

    rows: pl.DataFrame
    scores: Mapping[str, np.ndarray]


class Counted(NamedTuple):
    """The same of a cell, or of the mixture of a context; `weights` [draws] are what draws count."""

    context: str
    hypothesis: str
    drawn: Drawn
    weights: np.ndarray

    def columns(self, name: str) -> dict[str, np.ndarray]:
        """Quantiles [rows] of a score over the draws in which it is there, by their columns."""
        found = spread(self.drawn.scores[name], self.weights).values()
        return {_end(name, end): each for end, each in zip(QUANTILES, found, strict=True)}

    def table(self, columns: Mapping[str, np.ndarray]) -> pl.DataFrame:
        """The rows with these columns beside them."""
        rows = self.drawn.rows.height
        cell = {"context": [self.context] * rows, "hypothesis": [self.hypothesis] * rows}
        beside = pl.DataFrame({**cell, **columns})
        return self.drawn.rows.hstack(beside)

    def draws(self, name: str) -> np.ndarray:
        """How many draws a score is there in [rows]."""
        return count(self.drawn.scores[name])


def interval_columns(name: str, what: str, unit: str = "", **limits: float | bool) -> tuple[Column, ...]:
    """The columns of a score: `name_p05`, `name_p50` and `name_p95`, before the unit where there is one in the name."""
    return tuple(
        number_column(_end(name, end), f"{words} over draws of {what}", unit, **limits)
        for end, words in QUANTILES.items()
    )


def _end(name: str, end: str) -> str:
    stem = name.removesuffix("_nM")
    return f"{stem}_{end}{name.removeprefix(stem)}"


def with_mixture(cells: Sequence[Cell], drawn: Sequence[Drawn]) -> Iterator[Counted]:
    """The cells of one context, and after several hypotheses the draws of all, each by the weight of its own."""
    for cell, each in zip(cells, drawn, strict=True):
        yield Counted(cell.context, cell.hypothesis, each, np.ones(_draws(each)))
    weighty = [(cell.weight, each) for cell, each in zip(cells, drawn, strict=True) if cell.weight > 0]
    if len(cells) > 1:
        first = weighty[0][1]
        pooled = {
            name: np.concatenate([each.scores[name] for _, each in weighty], axis=-1) for name in first.scores
        }
        weights = np.concatenate([np.full(_draws(each), weight) for weight, each in weighty])
        yield Counted(cells[0].context, MIXTURE, Drawn(first.rows, pooled), weights)


def _draws(drawn: Drawn) -> int:
    return next(iter(drawn.scores.values())).shape[-1]
