"""Hill curves through many dose series at once: effect = top * x^slope / (x^slope + half^slope), 0 without drug.

Three constants a curve, by Levenberg-Marquardt steps on all curves together; SciPy fits one curve at a time, and a
screen has a million. An effect is 1 - treated/vehicle, so that `top` is at most 1; it is negative where a drug raises.
"""

from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np

FLAT = 1e-3
"""Largest effect [fraction] of a series that counts as no effect: beside it the solver's noise has a shape."""

FEWEST = 4
"""Doses that a fit of three constants needs."""

SLOPES = (0.1, 10.0)
"""Least and largest slope."""

BEYOND = 1e3
"""How far the half-maximal dose may lie outside the doses tested, as a factor."""

LEAST_TOP = -100.0

STEPS, BLOCK = 30, 20_000
"""Most steps of a fit, and curves taken at a time, so that their arrays stay in cache."""


@dataclass(frozen=True)
class Hill:
    """Hill curves [...]: top effect, log10 half-maximal dose [nM], slope, share of the variance that they explain.

    NaN where there is no curve: too few doses. A flat series has top 0 and neither half-maximal dose nor slope.
    """

    top: np.ndarray
    log10_half: np.ndarray
    slope: np.ndarray
    r2: np.ndarray

    @cached_property
    def flat(self) -> np.ndarray:
        """Where there is no effect."""
        return self.top == 0.0

    def at(self, log10_dose: np.ndarray) -> np.ndarray:
        """Effects [doses, ...] at doses [doses]."""
        place = np.reshape(log10_dose, (-1,) + (1,) * self.top.ndim) - np.where(
            self.flat, 0.0, self.log10_half
        )
        return self.top * _share(place * np.log(10.0) * np.where(self.flat, 1.0, self.slope))


def _share(height: np.ndarray) -> np.ndarray:
    return 0.5 * (1.0 + np.tanh(0.5 * height))


def fit_hill(effect: np.ndarray, doses: np.ndarray) -> Hill:
    """Least-squares Hill curves through effect[..., doses] at `doses` [nM], ascending; NaN carries no weight."""
    shape = effect.shape[:-1]
    series = effect.reshape(-1, len(doses))
    at = np.log(np.asarray(doses, dtype=float))
    parts = [_fit_block(series[start : start + BLOCK], at) for start in range(0, len(series), BLOCK)]
    parts = parts or [Hill(*(np.empty(0) for _ in fields(Hill)))]
    joined = (np.concatenate([getattr(part, each.name) for part in parts]) for each in fields(Hill))
    return Hill(*(each.reshape(shape) for each in joined))


def _fit_block(effect: np.ndarray, at: np.ndarray) -> Hill:
    there = ~np.isnan(effect)
    known = np.where(there, effect, 0.0)
    enough = there.sum(axis=1) >= FEWEST
    flat = enough & (np.abs(known).max(axis=1, initial=0.0) <= FLAT)
    top, half, slope = np.where(flat, 0.0, np.nan), np.full(len(effect), np.nan), np.full(len(effect), np.nan)
    curved = np.flatnonzero(enough & ~flat)
    if curved.size:
        top[curved], half[curved], slope[curved] = _solve(known[curved], there[curved], at)
    r2 = np.full(len(effect), np.nan)
    if curved.size:
        fit = top[curved, None] * _share(slope[curved, None] * (at - half[curved, None]))
        r2[curved] = 1.0 - _square(known[curved] - fit, there[curved]) / _spread(known[curved], there[curved])
    return Hill(top, half / np.log(10.0), slope, r2)


def _square(rest: np.ndarray, there: np.ndarray) -> np.ndarray:
    return np.sum(there * rest**2, axis=1)


def _spread(effect: np.ndarray, there: np.ndarray) -> np.ndarray:
    """Sum of squares about the mean; the smallest number where all are equal."""
    middle = np.sum(effect, axis=1, keepdims=True) / there.sum(axis=1, keepdims=True)
    return np.maximum(_square(effect - middle, there), np.finfo(float).tiny)


def _solve(
    effect: np.ndarray, there: np.ndarray, at: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Top, log half-maximal dose and slope of curves [curves, doses]; `there` says which doses count."""
    low = np.array([LEAST_TOP, at[0] - np.log(BEYOND), np.log(SLOPES[0])])
    high = np.array([1.0, at[-1] + np.log(BEYOND), np.log(SLOPES[1])])
    best = _start(effect, there, at, low, high)
    cost, damping = _square(effect - _effect(best, at), there), np.full(len(effect), 1e-2)
    going = np.arange(len(effect))
    for _ in range(STEPS):
        if not going.size:
            break
        here, weight = best[going], there[going]
        fit, slopes = _curve(here, at)
        rest = effect[going] - fit
        slopes = slopes * weight[:, None, :]
        gradient = np.einsum("cpd,cd->cp", slopes, rest)
        outward = ((here <= low) & (gradient < 0)) | ((here >= high) & (gradient > 0))
        slopes = np.where(outward[:, :, None], 0.0, slopes)
        matrix = np.einsum("cpd,cqd->cpq", slopes, slopes)
        diagonal = np.einsum("cpp->cp", matrix)
        matrix = matrix + np.eye(3) * (damping[going, None] * diagonal + 1e-12)[:, :, None]
        step = np.linalg.solve(matrix, np.where(outward, 0.0, gradient)[:, :, None])[:, :, 0]
        tried = np.clip(here + step, low, high)
        found = _square(effect[going] - _effect(tried, at), weight)
        better = found < cost[going]
        gained = cost[going] - found
        best[going[better]] = tried[better]
        done = (better & (gained <= 1e-8 * cost[going] + 1e-16)) | (damping[going] > 1e8)
        cost[going[better]] = found[better]
        damping[going] = np.where(better, damping[going] * 0.2, damping[going] * 5.0)
        going = going[~done]
    return best[:, 0], best[:, 1], np.exp(best[:, 2])


def _effect(constants: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Effects [curves, doses] of constants [curves, 3] (top, log half, log slope)."""
    top, half, slope = constants[:, 0, None], constants[:, 1, None], np.exp(constants[:, 2, None])
    return top * _share(slope * (at - half))


def _curve(constants: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same effects, and their slopes by the constants."""
    top, half, slope = constants[:, 0, None], constants[:, 1, None], np.exp(constants[:, 2, None])
    share = _share(slope * (at - half))
    bent = top * slope * share * (1.0 - share)
    return top * share, np.stack([share, -bent, bent * (at - half)], axis=1)


def _start(
    effect: np.ndarray, there: np.ndarray, at: np.ndarray, low: np.ndarray, high: np.ndarray
) -> np.ndarray:
    """Constants [curves, 3]: the largest effect, the first dose with half of it, a slope of 1."""
    largest = np.take_along_axis(effect, np.argmax(np.abs(effect), axis=1)[:, None], axis=1)[:, 0]
    half = at[np.argmax(there & (effect / largest[:, None] >= 0.5), axis=1)]
    return np.clip(np.stack([largest, half, np.zeros_like(half)], axis=1), low, high)
