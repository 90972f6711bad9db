"""Where a pair that has stopped stands in the draws in which it was not run.

Its drugs alone are run in every draw. In a later draw it stands where both put it, with the excess over Bliss
independence that it had in that one of its own draws in which they did most nearly the same. What is expected so places
it among the others; it is no response, and no suppression or excess of a pair is told by it.
"""

import numpy as np

from screen.rank.ratios import RESOLUTION


def placed(ratio: np.ndarray, alone: np.ndarray, run: np.ndarray, each: int) -> np.ndarray:
    """treated/vehicle [interventions, draws], with what is expected where an intervention had stopped.

    alone [interventions, 2, draws]: each drug of a pair alone at its dose in it. run [interventions]: under how many of
    the draws each was simulated. Draws of several hypotheses come one after the other, `each` of every one.

    >>> ratio = np.array([[0.4, 0.1, np.nan, np.nan]])
    >>> alone = np.array([[[0.8, 0.8, 0.8, 0.6], [0.5, 0.25, 0.3, 0.5]]])
    >>> placed(ratio, alone, np.array([2]), each=4).round(3).tolist()
    [[0.4, 0.1, 0.12, 0.3]]
    """
    found = ratio.copy()
    for draws in np.unique(run[run < each]):
        rows = np.flatnonzero(run == draws)
        single = np.maximum(alone[rows].reshape(len(rows), 2, -1, each), RESOLUTION)
        simulated = ratio[rows].reshape(len(rows), -1, each)
        independent = single.prod(axis=1)
        excess = np.maximum(simulated, RESOLUTION) / independent
        expected = independent * np.take_along_axis(
            excess, _nearest(np.log(single), simulated, draws), axis=-1
        )
        later = np.arange(each) >= draws
        found[rows] = np.where(later, expected, simulated).reshape(len(rows), -1)
    return found


def _nearest(single: np.ndarray, simulated: np.ndarray, draws: int) -> np.ndarray:
    """Which of the first `draws` is nearest to each by what both drugs do alone, [pairs, hypotheses, draws].

    single [pairs, 2, hypotheses, draws]; a draw in which the pair has no value is near to none.
    """
    apart = np.sum((single[..., :, None] - single[..., None, :draws]) ** 2, axis=1)
    there = ~np.isnan(simulated[..., None, :draws]) & ~np.isnan(apart)
    return np.asarray(np.argmin(np.where(there, apart, np.inf), axis=-1))
