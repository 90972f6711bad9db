"""Loewe's reference for all pairs of a cell at once: the effect at which doses are worth one drug alone.

At doses a and b it is the E with a/A(E) + b/B(E) = 1, where A(E) and B(E) are the doses of each drug alone that do as
much. The sum falls with E, so that E is found by bisection, and between two levels on a line.
"""

from typing import NamedTuple

import numpy as np

from screen.rank.dose_curve import LEVELS

SMALL = 0.01
"""Share of Loewe's sum that is too small to matter whether its dose was tested."""


class Reference(NamedTuple):
    """Of pairs at their doses: the size of the effect (`sized`), and where it rests on a dose beyond those tested.

    Each [points, draws].
    """

    size: np.ndarray
    untested: np.ndarray


def loewe_reference(
    doses: np.ndarray, drugs: np.ndarray, log10_dose: np.ndarray, reach: np.ndarray
) -> Reference:
    """The reference at doses [points, 2] [nM] of drugs [points, 2], by their place among these.

    log10_dose [drugs, draws, levels], reach [drugs, draws]: what a `DoseCurve` says of each.
    """
    draws, levels = log10_dose.shape[1:]
    curve = drugs.T[..., None] * draws + np.arange(draws)  # [2, points, draws]

    def shares(level: np.ndarray) -> np.ndarray:
        """Each dose over that which has an effect of LEVELS[level] alone, [2, points, draws]."""
        return np.asarray(doses.T[..., None] * 10.0 ** -log10_dose.take(curve * levels + level))

    low = np.zeros((len(doses), draws), dtype=np.int64)
    high = np.full_like(low, len(LEVELS) - 1)
    while np.any(high - low > 1):
        middle = (low + high) // 2
        more = np.add(*shares(middle)) >= 1.0
        low, high = np.where(more, middle, low), np.where(more, high, middle)
    above, below = np.add(*shares(low)), np.add(*shares(high))
    part = np.clip((above - 1.0) / np.where(above > below, above - below, 1.0), 0.0, 1.0)
    size = LEVELS[low] + part * (LEVELS[high] - LEVELS[low])
    untested = np.zeros(size.shape, dtype=bool)
    for which, share in enumerate(shares(np.searchsorted(LEVELS, size) - 1)):
        untested |= (share > SMALL) & (size > reach[drugs[:, which]] + LEVELS[1])
    return Reference(size, untested)
