"""How good predictions of effects are: pure functions of what was observed and what was predicted.

An effect is log2(inhibited/vehicle). `noise` is the standard deviation of an observed effect that the
readings alone would give it. One entry an effect, all arrays [effects].
"""

from collections.abc import Callable

import numpy as np
from scipy.stats import spearmanr

WITHIN_NOISE = 1.645
"""An effect of at most so many standard deviations of its noise has sign 0: one in ten true zeros exceeds it."""


def rmse(observed: np.ndarray, predicted: np.ndarray, noise: np.ndarray) -> float:
    """Root of the mean squared error, log2."""
    return float(np.sqrt(np.mean((predicted - observed) ** 2)))


def rank_correlation(observed: np.ndarray, predicted: np.ndarray, noise: np.ndarray) -> float:
    """Spearman's rank correlation, ties sharing their mean rank; NaN where either side does not vary."""
    if np.ptp(observed) == 0 or np.ptp(predicted) == 0:
        return float("nan")  # where SciPy would warn
    return float(spearmanr(observed, predicted).statistic)


def signs(effect: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """-1, 0 or 1; 0 where the effect is within its noise."""
    return np.where(np.abs(effect) <= WITHIN_NOISE * noise, 0, np.sign(effect)).astype(int)


def sign_accuracy(observed: np.ndarray, predicted: np.ndarray, noise: np.ndarray) -> float:
    """Share of effects whose sign is predicted right.

    On both sides an effect within noise counts as 0; two effects that differ by less than the noise do not
    have different signs, so that falling on either side of the threshold is no error.
    """
    alike = np.abs(observed - predicted) <= WITHIN_NOISE * noise
    return float(np.mean(alike | (signs(observed, noise) == signs(predicted, noise))))


def three_class_accuracy(observed: np.ndarray, predicted: np.ndarray, noise: np.ndarray) -> float:
    """Share of effects in the right one of three classes: down, within noise, up."""
    return float(np.mean(signs(observed, noise) == signs(predicted, noise)))


def decided_sign_accuracy(observed: np.ndarray, predicted: np.ndarray, noise: np.ndarray) -> float:
    """Share of the effects beyond their noise whose direction is right; NaN where there are none."""
    decided = signs(observed, noise)
    chosen = decided != 0
    return float(np.mean(np.sign(predicted[chosen]) == decided[chosen])) if chosen.any() else float("nan")


def coverage(observed: np.ndarray, low: np.ndarray, high: np.ndarray) -> float:
    """Share of effects inside their interval."""
    return float(np.mean((low <= observed) & (observed <= high)))


SCORES: dict[str, Callable[[np.ndarray, np.ndarray, np.ndarray], float]] = {
    "rmse": rmse,
    "rank_correlation": rank_correlation,
    "sign_accuracy": sign_accuracy,
    "three_class_accuracy": three_class_accuracy,
    "decided_sign_accuracy": decided_sign_accuracy,
}
"""Name -> score of (observed, predicted, noise)."""


def score(observed: np.ndarray, predicted: np.ndarray, noise: np.ndarray) -> dict[str, float | None]:
    """Every score; None where it is not defined."""
    found = {name: each(observed, predicted, noise) for name, each in SCORES.items()}
    return {name: None if np.isnan(value) else value for name, value in found.items()}
