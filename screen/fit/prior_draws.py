"""Draws of the priors that integrate: truths to simulate data from, and the ensemble of a screen without a fit."""

from collections.abc import Callable

import numpy as np

from screen.calibration.problem import Problem
from screen.errors import FitError
from screen.fit.objective import Predicted

MOST_REDRAWS = 50
"""Times a draw that fails to integrate is drawn again before all are given up."""


def draw_priors(
    problem: Problem, predictor: Callable[[np.ndarray], Predicted], draws: int, seed: int
) -> np.ndarray:
    """Scaled vectors [draws, estimated] from the priors, within the bounds, that integrate everywhere."""
    rng = np.random.default_rng([seed, 0])
    drawn = np.array([_draw_prior(problem, rng) for _ in range(draws)])
    for _ in range(MOST_REDRAWS):
        wrong = predictor(drawn).failed > 0
        if not wrong.any():
            return drawn
        drawn[wrong] = [_draw_prior(problem, rng) for _ in range(int(wrong.sum()))]
    raise FitError(f"priors: every draw must integrate, found {int(wrong.sum())} of {draws} that do not")


def _draw_prior(problem: Problem, rng: np.random.Generator) -> np.ndarray:
    """A scaled vector of which every parameter is drawn until it lies within its bounds."""
    estimated = problem.estimated
    drawn = np.empty(len(estimated.names))
    for place, prior in enumerate(estimated.priors):
        low, high = estimated.lower[place], estimated.upper[place]
        value = np.nan
        while not low <= value <= high:
            value = rng.uniform(low, high) if prior is None else prior.sample(rng)
        drawn[place] = value
    return drawn
