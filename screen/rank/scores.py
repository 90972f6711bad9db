"""What a ranking says of each intervention: one line in `SCORES` is one column of `ranked.csv`.

A score takes the draws of a `Comparison` and gives one value an intervention; NaN (for text: none) where it
is not defined. Its column is declared beside it in the schema `RANKED`; a test holds the two together.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

from screen.rank.comparison import Comparison, log2_change
from screen.rank.draws import mean, quantile, share_among_first, step_quantile

TOP = 5
"""Places that count as the top in `p_top5`."""


class Score(NamedTuple):
    """A column and how it is computed, [interventions]."""

    column: str
    value: Callable[[Comparison], np.ndarray]


def _rank(comparison: Comparison) -> np.ndarray:
    return np.where(comparison.order > 0, comparison.order, np.nan)


def _rank_low(comparison: Comparison) -> np.ndarray:
    return step_quantile(comparison.ranks[0], 0.05, comparison.weights)


def _rank_high(comparison: Comparison) -> np.ndarray:
    return step_quantile(comparison.ranks[1], 0.95, comparison.weights)


def _share(comparison: Comparison, places: int) -> np.ndarray:
    held = share_among_first(*comparison.ranks, places, comparison.weights)
    return np.where(comparison.eligible, held, np.nan)


def _suppression_mean(comparison: Comparison) -> np.ndarray:
    return mean(comparison.suppression, comparison.weights)


def _suppression(comparison: Comparison, share: float) -> np.ndarray:
    return quantile(comparison.suppression, share, comparison.weights)


def _log2_ratio(comparison: Comparison) -> np.ndarray:
    return quantile(log2_change(comparison.ratio), 0.5, comparison.weights)


def _ic50(comparison: Comparison, share: float) -> np.ndarray:
    found = quantile(comparison.log10_ic50, share, comparison.weights)
    return 10.0 ** np.where(np.isfinite(found), found, np.nan)


def _ic50_flag(comparison: Comparison) -> np.ndarray:
    half = comparison.log10_ic50
    there = np.sum(~np.isnan(half), axis=-1)
    cases = {"inside": np.isfinite(half), "above_tested": half == np.inf, "below_tested": half == -np.inf}
    flags = np.where(there > 0, "mixed", "none").astype(object)
    for flag, case in cases.items():
        flags[(there > 0) & (np.sum(case, axis=-1) == there)] = flag
    return flags


def _change(comparison: Comparison, observable: str) -> np.ndarray:
    return quantile(log2_change(comparison.side[observable]), 0.5, comparison.weights)


def _excess_single(comparison: Comparison) -> np.ndarray:
    return quantile(comparison.excess_over_single, 0.5, comparison.weights)


def _excess_bliss(comparison: Comparison, share: float) -> np.ndarray:
    return quantile(comparison.excess_over_bliss, share, comparison.weights)


def _draws(comparison: Comparison) -> np.ndarray:
    return comparison.draws


def _failed(comparison: Comparison) -> np.ndarray:
    known = np.array([place.known for place in comparison.places])
    return np.where(known, comparison.total - comparison.draws, 0)


SIDE_OBSERVABLES = ("pS727", "pERK", "pAKT")
"""Observables whose change is shown beside the suppression of pY705."""

SCORES: tuple[Score, ...] = (
    Score("rank", _rank),
    Score("rank_p05", _rank_low),
    Score("rank_p95", _rank_high),
    Score("p_best", partial(_share, places=1)),
    Score("p_top5", partial(_share, places=TOP)),
    Score("suppression_mean", _suppression_mean),
    Score("suppression_p05", partial(_suppression, share=0.05)),
    Score("suppression_p50", partial(_suppression, share=0.5)),
    Score("suppression_p95", partial(_suppression, share=0.95)),
    Score("log2_ratio_p50", _log2_ratio),
    Score("ic50_nM", partial(_ic50, share=0.5)),
    Score("ic50_p05_nM", partial(_ic50, share=0.05)),
    Score("ic50_p95_nM", partial(_ic50, share=0.95)),
    Score("ic50_flag", _ic50_flag),
    Score("pS727_change_p50", partial(_change, observable="pS727")),
    Score("pERK_change_p50", partial(_change, observable="pERK")),
    Score("pAKT_change_p50", partial(_change, observable="pAKT")),
    Score("excess_single_p50", _excess_single),
    Score("excess_bliss_p05", partial(_excess_bliss, share=0.05)),
    Score("excess_bliss_p50", partial(_excess_bliss, share=0.5)),
    Score("excess_bliss_p95", partial(_excess_bliss, share=0.95)),
    Score("draws", _draws),
    Score("failed", _failed),
)
