"""Readings as an ensemble predicts them: on one scale, with their noise, and without what batches read of nothing."""

from collections.abc import Sequence

import numpy as np

from screen.calibration.noise import NOISE
from screen.calibration.problem import Problem
from screen.calibration.scale import LN10
from screen.fit.objective import Predicted
from screen.sources import Reading

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


def noise_sd(problem: Problem, sigma: np.ndarray) -> np.ndarray:
    """Standard deviation of the noise [..., measurements]: sigma is the scale of a distribution that may be wider."""
    sd = sigma.copy()
    for each in problem.observables:
        sd[..., each.rows] *= NOISE[each.distribution].sd(each.degrees)
    return sd


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


def signals(
    problem: Problem, readings: Sequence[Reading], scaled: np.ndarray, log10: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """log10 of what is left of predictions [draws, measurements] without the offset of their batch, and its share of
    them. `scaled` [draws, estimated] is what they were predicted from; a batch without an offset reads nothing but
    signal."""
    names, linear = problem.estimated.names, np.asarray(problem.estimated.linear(scaled))
    offset = {name: linear[:, place] for place, name in enumerate(names) if name.startswith("offset_")}
    none = np.zeros(len(scaled))
    background = np.stack([offset.get(f"offset_{each.batch}", none) for each in readings], axis=1)
    share = np.maximum(1.0 - background / 10.0**log10, np.finfo(float).tiny)
    return log10 + np.log10(share), share
