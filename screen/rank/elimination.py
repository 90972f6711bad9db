"""Which interventions are not among the first of a ranking, by what some draws have shown: they need no more draws.

Draws are paired: each intervention is ahead of the last of the first `keep` in a draw, or behind it under that same
draw. How often it was ahead is binomial whatever the distances are (a sign test), so that few draws show how often it
can be at most. Over many interventions the error is stated for all that are out together (Benjamini and Hochberg 1995,
J R Stat Soc B 57:289).
"""

import numpy as np

from screen.rank.draws import count, tied_ranks
from screen.rank.ratios import RESOLUTION


def chance(effect: np.ndarray, keep: int, share: float) -> np.ndarray:
    """p value [interventions] of being among the first `keep` in `share` of the draws or more.

    effect [interventions, draws]: NaN where a draw does not count. What is level with the last of the first is among
    them.

    >>> draws = np.linspace(0.0, 0.1, 16)
    >>> chance(np.stack([0.9 + draws, 0.8 - draws, 0.2 + draws]), keep=1, share=0.25).round(3).tolist()
    [1.0, 0.01, 0.01]
    """
    from scipy.special import bdtr  # which a ranking without a race does not wait for

    first, _ = tied_ranks(effect, RESOLUTION)
    return np.asarray(bdtr(np.sum(first <= keep, axis=1), count(first), share))


def adjusted(chances: np.ndarray) -> np.ndarray:
    """p values adjusted for their number (Benjamini-Hochberg): the smallest error at which each is below the limit.

    >>> adjusted(np.array([0.01, 0.04, 0.03, 0.5])).round(3).tolist()
    [0.04, 0.053, 0.053, 0.5]
    """
    order = np.argsort(chances, kind="stable")
    scaled = chances[order] * len(chances) / np.arange(1, len(chances) + 1)
    found = np.empty(len(chances))
    found[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return found
