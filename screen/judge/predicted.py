"""Readings as an ensemble predicts them: on one scale, and with their noise."""

import numpy as np

from screen.calibration.noise import NOISE
from screen.calibration.problem import Problem
from screen.calibration.scale import LN10
from screen.fit.objective import Predicted

NOISE_DRAWS = 16
"""Times the noise of a reading is drawn for each draw of the ensemble."""


def as_log10(problem: Problem, drawn: Predicted) -> tuple[np.ndarray, np.ndarray]:
    """Predictions and their sigma [draws, measurements] as log10, whatever scale they are compared on.

    The sigma of a value compared as it is becomes that of its logarithm for small noise.
    """
    log10, sigma = drawn.compared.copy(), drawn.sigma.copy()
    for each in problem.observables:
        rows = each.rows
        if each.transformation == "lin":
            value = np.maximum(drawn.compared[:, rows], np.finfo(float).tiny)
            log10[:, rows], sigma[:, rows] = np.log10(value), drawn.sigma[:, rows] / (value * LN10)
        elif each.transformation == "log":
            log10[:, rows], sigma[:, rows] = drawn.compared[:, rows] / LN10, drawn.sigma[:, rows] / LN10
    return log10, sigma


def with_noise(
    problem: Problem, log10: np.ndarray, sigma: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Readings that the draws would give [draws * NOISE_DRAWS, measurements], log10."""
    repeated = np.repeat(log10, NOISE_DRAWS, axis=0)
    for each in problem.observables:
        shape = (len(repeated), len(each.rows))
        noise = NOISE[each.distribution].draw(rng, shape[0] * shape[1], each.degrees).reshape(shape)
        repeated[:, each.rows] += np.repeat(sigma[:, each.rows], NOISE_DRAWS, axis=0) * noise
    return repeated
