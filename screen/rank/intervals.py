"""A score under every draw as three columns: its median and an interval, in a cell or over the hypotheses of one."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import polars as pl

from screen.rank.draws import count, quantile
from screen.rank.series import Cell
from screen.scenarios import MIXTURE
from screen.tables import Column, number_column

SHARES = {"p05": 0.05, "p50": 0.5, "p95": 0.95}
"""Quantile over draws by the end of a column's name."""


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

    def columns(self, name: str, unit: str = "") -> dict[str, pl.Series]:
        """Quantiles of a score over the draws in which it is there."""
        values = self.drawn.scores[name]
        return {
            column.name: pl.Series(quantile(values, share, self.weights)).fill_nan(None)
            for column, share in zip(interval_columns(name, "", unit), SHARES.values(), strict=True)
        }

    def table(self, columns: Mapping[str, pl.Series]) -> pl.DataFrame:
        """The rows with these columns beside them."""
        return self.drawn.rows.with_columns(
            pl.lit(self.context).alias("context"), pl.lit(self.hypothesis).alias("hypothesis"), **columns
        )

    def draws(self, name: str) -> pl.Series:
        """How many draws a score is there in."""
        return pl.Series(count(self.drawn.scores[name]), dtype=pl.Int64)


def interval_columns(name: str, what: str, unit: str = "", **limits: float | bool) -> tuple[Column, ...]:
    """The columns of a score: `name_p05`, `name_p50` and `name_p95`, before the unit where there is one in the name."""
    middle, end = (name.removesuffix("_nM"), "_nM") if name.endswith("_nM") else (name, "")
    words = {
        "p05": "5 % quantile over draws of",
        "p50": "median over draws of",
        "p95": "95 % quantile over draws of",
    }
    return tuple(
        number_column(f"{middle}_{key}{end}", f"{word} {what}", unit, **limits) for key, word in words.items()
    )


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
