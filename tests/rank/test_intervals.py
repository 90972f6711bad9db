"""Draws of several hypotheses together, each by the weight of its own."""

from types import SimpleNamespace

import numpy as np
import polars as pl

from screen.rank.intervals import Drawn, with_mixture


def cell(hypothesis: str, weight: float):
    return SimpleNamespace(context="liver", hypothesis=hypothesis, weight=weight)


def drawn(*values: float) -> Drawn:
    return Drawn(pl.DataFrame({"drug": ["a"]}), {"score": np.array([values])})


def found(weights: list[float]) -> list[tuple[str, int, list[float]]]:
    """Hypothesis, draws and what they count, of one with three draws and others with two."""
    cells = [cell(f"h{at}", weight) for at, weight in enumerate(weights)]
    parts = [drawn(1.0, 2.0, np.nan), *[drawn(3.0, 4.0)] * (len(cells) - 1)]
    counted = with_mixture(cells, parts)
    return [(each.hypothesis, int(each.draws("score")[0]), each.weights.tolist()) for each in counted]


def test_a_hypothesis_alone_is_no_mixture():
    assert found([1.0]) == [("h0", 2, [1.0, 1.0, 1.0])]


def test_draws_of_a_mixture_count_what_their_hypothesis_does_and_not_where_that_is_nothing():
    one, two = [1.0, 1.0, 1.0], [1.0, 1.0]
    assert found([0.3, 0.7]) == [("h0", 2, one), ("h1", 2, two), ("mixture", 4, [0.3] * 3 + [0.7] * 2)]
    assert found([1.0, 0.0])[-1] == ("mixture", 2, [1.0] * 3)
    assert found([0.0, 0.4, 0.6])[-1] == ("mixture", 4, [0.4, 0.4, 0.6, 0.6])
