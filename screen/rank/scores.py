"""What a ranking says of each intervention: one entry in `SCORES` is one column of `ranked.csv`.

A score takes the draws of a `Comparison` and gives one value an intervention; NaN (for text: none) where it
is not defined. Names and words are those of an observable that is to fall; `Aim.column` has those of one that is to
rise.
"""

from collections.abc import Callable, Sequence
from functools import partial
from operator import attrgetter
from typing import NamedTuple

import numpy as np
import polars as pl

from screen.network import ROUTES
from screen.rank.comparison import Comparison, log2_change
from screen.rank.draws import (
    IC50_FLAGS,
    censoring,
    fewest,
    mean,
    quantile,
    share_among_first,
    step_quantile,
)
from screen.rank.ratios import Ratios
from screen.tables import Column, number_column

DOSE_FLAGS = ("tested", "interpolated", "above_tested", "below_tested", "unknown")
"""Where the dose of a ranked row lies: at a tested dose, between two, beyond them, or not known."""

TOP = 5
"""Places that count as the top in `p_top5`."""

SURE = 0.9
"""Share of the draws from which on the first place counts as decided."""

FIRST_PLACE = ("decided", "undecided", "no")
"""Whether it holds the first place: alone, as one of those that hold it between them in `SURE` of the draws, or not."""

RACED = ("all", "stopped")
"""Whether an intervention was run in all draws, or stopped before."""

RatiosOf = Callable[[Comparison], Ratios]


class Score(NamedTuple):
    """A column and how it is computed, [interventions]."""

    column: Column
    value: Callable[[Comparison], np.ndarray]


def share_column(name: str, description: str) -> Column:
    """A share, null where too few trajectories completed to say."""
    return number_column(name, description, "fraction", minimum=0, maximum=1)


def _effect_column(name: str, description: str) -> Column:
    return number_column(name, description, "fraction", maximum=1)


def _rank(comparison: Comparison) -> np.ndarray:
    return np.where(comparison.order > 0, comparison.order, np.nan)


def _rank_low(comparison: Comparison, of: RatiosOf) -> np.ndarray:
    """At most the rank: one of twenty-one that are alike comes first, although each does so in 5 % of draws only."""
    ratios = of(comparison)
    return np.minimum(step_quantile(ratios.ranks[0], 0.05, ratios.weights), _rank(comparison))


def _rank_high(comparison: Comparison, of: RatiosOf) -> np.ndarray:
    ratios = of(comparison)
    return np.maximum(step_quantile(ratios.ranks[1], 0.95, ratios.weights), _rank(comparison))


def _share(comparison: Comparison, of: RatiosOf, places: int) -> np.ndarray:
    ratios = of(comparison)
    held = share_among_first(*ratios.ranks, places, ratios.weights)
    return np.where(ratios.eligible, held, np.nan)


def _first_place(comparison: Comparison) -> np.ndarray:
    shares = _share(comparison, attrgetter("wide"), 1)
    leaders = fewest(shares, comparison.order, SURE)
    return np.where(leaders, FIRST_PLACE[0 if np.sum(leaders) == 1 else 1], FIRST_PLACE[2]).astype(object)


def _expected_regret(comparison: Comparison) -> np.ndarray:
    return mean(comparison.wide.regret, comparison.wide.weights)


def _suppression_mean(comparison: Comparison) -> np.ndarray:
    return mean(comparison.bare.suppression, comparison.weights)


def _suppression(comparison: Comparison, of: RatiosOf, share: float) -> np.ndarray:
    return of(comparison).spread[share]


def _uncertain(of: RatiosOf, suffix: str, whose: str) -> tuple[Score, ...]:
    """How sure the place and the suppression are, by the draws with or without what the network gets wrong."""
    return (
        Score(
            number_column(
                f"rank_p05{suffix}",
                f"5 % quantile over {whose} of the best rank among those level with it, at most `rank`",
                minimum=1,
            ),
            partial(_rank_low, of=of),
        ),
        Score(
            number_column(
                f"rank_p95{suffix}",
                f"95 % quantile over {whose} of the worst rank among those level with it, at least `rank`",
                minimum=1,
            ),
            partial(_rank_high, of=of),
        ),
        Score(
            share_column(f"p_best{suffix}", f"share of {whose} in which it ranks first"),
            partial(_share, of=of, places=1),
        ),
        Score(
            share_column(f"p_top5{suffix}", f"share of {whose} in which it is among the first five"),
            partial(_share, of=of, places=TOP),
        ),
        Score(
            _effect_column(f"suppression_p05{suffix}", f"5 % quantile over {whose}"),
            partial(_suppression, of=of, share=0.05),
        ),
        Score(
            _effect_column(f"suppression_p95{suffix}", f"95 % quantile over {whose}"),
            partial(_suppression, of=of, share=0.95),
        ),
    )


def _log2_ratio(comparison: Comparison) -> np.ndarray:
    return quantile(log2_change(comparison.bare.ratio), 0.5, comparison.weights)


def _ic50(comparison: Comparison, share: float) -> np.ndarray:
    found = comparison.spread_of_ic50[share]
    return 10.0 ** np.where(np.isfinite(found), found, np.nan)


def _ic50_flag(comparison: Comparison) -> np.ndarray:
    return censoring(comparison.log10_ic50)


def _change(comparison: Comparison, observable: str) -> np.ndarray:
    return quantile(log2_change(comparison.side[observable]), 0.5, comparison.weights)


def _excess_single(comparison: Comparison) -> np.ndarray:
    return quantile(comparison.excess_over_single, 0.5, comparison.weights)


def _excess_pair(comparison: Comparison) -> np.ndarray:
    return quantile(comparison.excess_over_pair, 0.5, comparison.weights)


def _excess_bliss(comparison: Comparison, share: float) -> np.ndarray:
    return comparison.spread_over_bliss[share]


def _route(comparison: Comparison) -> np.ndarray:
    return comparison.route


def _through(comparison: Comparison) -> np.ndarray:
    return comparison.through


def _unmeasured(comparison: Comparison) -> np.ndarray:
    return comparison.unmeasured


def _draws(comparison: Comparison) -> np.ndarray:
    return comparison.bare.draws


def _raced(comparison: Comparison) -> np.ndarray:
    return np.where(comparison.run < len(comparison.weights), RACED[1], RACED[0]).astype(object)


def _failed(comparison: Comparison) -> np.ndarray:
    known = np.array([place.known for place in comparison.places])
    return np.where(known, comparison.run - comparison.bare.draws, 0)


SCORES: tuple[Score, ...] = (
    Score(
        Column(
            "rank",
            pl.Int64,
            "place by median rank within draws, then by median suppression; null with too few draws",
            nullable=True,
            minimum=1,
        ),
        _rank,
    ),
    *_uncertain(attrgetter("wide"), "", "draws with what the network gets wrong"),
    Score(
        Column(
            "first_place",
            pl.String,
            f"`decided`: first in {SURE:g} of these draws; `undecided`: one of the fewest that are so between them",
            choices=FIRST_PLACE,
        ),
        _first_place,
    ),
    Score(
        number_column(
            "expected_regret",
            "mean over these draws of how much more the best of the draw would suppress (or raise)",
            "fraction",
            minimum=0,
        ),
        _expected_regret,
    ),
    Score(
        _effect_column("suppression_p50", "median over draws of 1 - treated/vehicle"),
        partial(_suppression, of=attrgetter("bare"), share=0.5),
    ),
    Score(_effect_column("suppression_mean", "mean over draws"), _suppression_mean),
    *_uncertain(attrgetter("bare"), "_bare", "draws as they are"),
    Score(
        Column(
            "route",
            pl.String,
            "how the drug reaches what is ranked in the network of the cell at this dose",
            nullable=True,
            choices=ROUTES,
        ),
        _route,
    ),
    Score(
        Column(
            "acts_through",
            pl.String,
            "targets that the drug holds at this dose and by which it reaches what is ranked, the most held first",
            nullable=True,
        ),
        _through,
    ),
    Score(
        Column(
            "unmeasured_variants",
            pl.String,
            "variants of held targets that the cell carries and the drug was not measured on: wild type stands in",
            nullable=True,
        ),
        _unmeasured,
    ),
    Score(number_column("log2_ratio_p50", "median log2 of treated/vehicle", "log2"), _log2_ratio),
    Score(
        number_column("ic50_nM", "median concentration of half suppression", "nM", positive=True),
        partial(_ic50, share=0.5),
    ),
    Score(
        number_column("ic50_p05_nM", "5 % quantile over draws", "nM", positive=True),
        partial(_ic50, share=0.05),
    ),
    Score(
        number_column("ic50_p95_nM", "95 % quantile over draws", "nM", positive=True),
        partial(_ic50, share=0.95),
    ),
    Score(Column("ic50_flag", pl.String, "where the half-maximal dose lies", choices=IC50_FLAGS), _ic50_flag),
    Score(
        number_column(
            "excess_single_p50",
            "pairs, triples: median suppression beyond the best drug of it alone",
            "fraction",
        ),
        _excess_single,
    ),
    Score(
        number_column(
            "excess_pair_p50", "triples: median suppression beyond the best pair in it", "fraction"
        ),
        _excess_pair,
    ),
    Score(
        number_column(
            "excess_bliss_p05", "pairs, triples: 5 % quantile of the excess over Bliss", "fraction"
        ),
        partial(_excess_bliss, share=0.05),
    ),
    Score(
        number_column(
            "excess_bliss_p50",
            "pairs, triples: median suppression beyond Bliss independence; positive is synergy",
            "fraction",
        ),
        partial(_excess_bliss, share=0.5),
    ),
    Score(
        number_column(
            "excess_bliss_p95", "pairs, triples: 95 % quantile of the excess over Bliss", "fraction"
        ),
        partial(_excess_bliss, share=0.95),
    ),
    Score(Column("draws", pl.Int64, "parameter draws that count", minimum=0), _draws),
    Score(
        Column(
            "race",
            pl.String,
            "`stopped`: a pair that was out after so many draws, for the reason in race.csv; else `all` were run",
            choices=RACED,
        ),
        _raced,
    ),
    Score(
        Column(
            "failed",
            pl.Int64,
            "draws lost: a trajectory failed, or the vehicle had nothing to suppress",
            minimum=0,
        ),
        _failed,
    ),
)

CHANGE = "_change_p50"
"""Ends the name of the column of an observable that is shown beside what is ranked."""


def scores(side: Sequence[str]) -> tuple[Score, ...]:
    """Every score of a ranking, the change of these observables among them."""
    changes = (
        Score(
            number_column(name + CHANGE, f"median log2 treated/vehicle of {name}", "log2"),
            partial(_change, observable=name),
        )
        for name in side
    )
    return (*SCORES, *changes)
