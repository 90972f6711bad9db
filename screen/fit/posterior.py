"""From where a search ended to draws: the last steps, the normal approximation there and the ensemble.

The fit goes this way once, from its best start; the coverage test goes it for every simulated data set.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from screen.fit.checkpoint import QUIET, Log
from screen.fit.ensemble import Ensemble, draw_ensemble
from screen.fit.evaluator import Evaluator, Polished, polish
from screen.fit.normal import Normal, normal_approximation


@dataclass(frozen=True)
class Drawing:
    """How long to polish and what to draw."""

    polish: int
    tolerance: float
    draws: int
    draw_steps: int
    """Most steps of a draw to its own minimum."""
    seed: int


class Posterior(NamedTuple):
    """The best fit, the normal distribution around it and the draws."""

    polished: Polished
    normal: Normal
    ensemble: Ensemble


def draw_posterior(evaluator: Evaluator, start: np.ndarray, drawing: Drawing, log: Log = QUIET) -> Posterior:
    """Polish a scaled vector and draw around where it ends; the same seed gives the same draws.

    FitError where not even the optimum integrates.
    """
    polished = polish(evaluator, start, drawing.polish, drawing.tolerance, log)
    normal = normal_approximation(polished.scaled, polished.curvature.precision)
    ensemble = draw_ensemble(evaluator, polished, drawing.draws, drawing.draw_steps, drawing.seed, log)
    return Posterior(polished, normal, ensemble)
