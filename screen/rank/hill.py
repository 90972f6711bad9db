"""Hill curves through many dose series at once: effect = top * x^slope / (x^slope + half^slope), 0 without drug.

Three constants a curve, by Levenberg-Marquardt steps on all curves together; SciPy fits one curve at a time, and a
screen has a million. An effect is 1 - treated/vehicle, so that `top` is at most 1; it is negative where a drug raises.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from screen.threads import cached_property

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

    def of(self, place: int | list[int]) -> "Hill":
        """The curves at a place of the first axis, or at some."""
        return Hill(self.top[place], self.log10_half[place], self.slope[place], self.r2[place])

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
    series = np.ascontiguousarray(effect.reshape(-1, len(doses)).T)
    at = np.log(np.asarray(doses, dtype=float))[:, None]
    parts = [_fit_block(series[:, start : start + BLOCK], at) for start in range(0, series.shape[1], BLOCK)]
    parts = parts or [Hill(*(np.empty(0) for _ in fields(Hill)))]
    joined = (np.concatenate([getattr(part, each.name) for part in parts]) for each in fields(Hill))
    return Hill(*(each.reshape(shape) for each in joined))


def _fit_block(effect: np.ndarray, at: np.ndarray) -> Hill:
    """Curves [doses, curves]: what is done to all of them at a dose lies in a row."""
    there = ~np.isnan(effect)
    known = np.where(there, effect, 0.0)
    enough = there.sum(axis=0) >= FEWEST
    flat = enough & (np.abs(known).max(axis=0, initial=0.0) <= FLAT)
    top = np.where(flat, 0.0, np.nan)
    half, slope, r2 = (np.full(len(top), np.nan) for _ in range(3))
    curved = np.flatnonzero(enough & ~flat)
    if curved.size:
        known, there = known[:, curved], there[:, curved].astype(float)
        best = _solve(known, there, at)
        top[curved], half[curved], slope[curved] = best[0], best[1], np.exp(best[2])
        r2[curved] = 1.0 - _square(known - _effect(best, at), there) / _spread(known, there)
    return Hill(top, half / np.log(10.0), slope, r2)


def _square(rest: np.ndarray, there: np.ndarray) -> np.ndarray:
    return np.sum(there * rest**2, axis=0)


def _spread(effect: np.ndarray, there: np.ndarray) -> np.ndarray:
    """Sum of squares about the mean; the smallest number where all are equal."""
    middle = np.sum(effect, axis=0) / there.sum(axis=0)
    return np.maximum(_square(effect - middle, there), np.finfo(float).tiny)


def _solve(effect: np.ndarray, there: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Top, log half-maximal dose and log slope [3, curves] of curves [doses, curves]; `there`: 0 where one is lost."""
    low = np.array([[LEAST_TOP], at[0] - np.log(BEYOND), [np.log(SLOPES[0])]])
    high = np.array([[1.0], at[-1] + np.log(BEYOND), [np.log(SLOPES[1])]])
    best = np.clip(_start(effect, there, at), low, high)
    cost, damping = _square(effect - _effect(best, at), there), np.full(effect.shape[1], 1e-2)
    going = np.arange(effect.shape[1])
    for _ in range(STEPS):
        if not going.size:
            break
        here, known, weight = best[:, going], effect[:, going], there[:, going]
        fit, slopes = _curve(here, at)
        slopes = [slope * weight for slope in slopes]
        gradient = np.stack([_dot(slope, known - fit) for slope in slopes])
        outward = ((here <= low) & (gradient < 0)) | ((here >= high) & (gradient > 0))
        tried = np.clip(here + _damped_step(slopes, gradient, ~outward, damping[going]), low, high)
        found = _square(known - _effect(tried, at), weight)
        gained = cost[going] - found
        better = gained > 0.0
        done = (better & (gained <= 1e-8 * cost[going] + 1e-16)) | (damping[going] > 1e8)
        best[:, going[better]] = tried[:, better]
        cost[going[better]] = found[better]
        damping[going] = np.where(better, damping[going] * 0.2, damping[going] * 5.0)
        going = going[~done]
    return best


def _dot(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Sums over doses of products [doses, curves]."""
    return np.einsum("dc,dc->c", one, other)


def _damped_step(
    slopes: Sequence[np.ndarray], gradient: np.ndarray, free: np.ndarray, damping: np.ndarray
) -> np.ndarray:
    """Levenberg and Marquardt's step [3, curves] of the constants that are free, by slopes [doses, curves] of each.

    L D L^T by hand, since NumPy's solver takes these matrices of 3 x 3 one by one.
    """
    (a, b, c), (of_a, of_b, of_c) = slopes, free
    first, second, third = (
        (1.0 + damping) * _dot(each, each) * of_each + 1e-12
        for each, of_each in zip(slopes, free, strict=True)
    )
    ba, ca = (of_a * of_b) * _dot(a, b) / first, (of_a * of_c) * _dot(a, c) / first
    second = np.maximum(second - ba * ba * first, 1e-12)
    cb = ((of_b * of_c) * _dot(b, c) - ca * ba * first) / second
    third = np.maximum(third - ca * ca * first - cb * cb * second, 1e-12)
    x, y, z = gradient * free
    y = y - ba * x
    z = (z - ca * x - cb * y) / third
    y = y / second - cb * z
    return np.stack([x / first - ba * y - ca * z, y, z])


def _effect(constants: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Effects [doses, curves] of constants [3, curves] (top, log half, log slope)."""
    top, half, slope = constants
    return top * _share(np.exp(slope) * (at - half))


def _curve(constants: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
    """The same effects, and their slopes by each constant."""
    (top, half), slope = constants[:2], np.exp(constants[2])
    away = at - half
    share = _share(slope * away)
    bent = top * slope * share * (1.0 - share)
    return top * share, [share, -bent, bent * away]


def _start(effect: np.ndarray, there: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Constants [3, curves]: the largest effect, the first dose with half of it, a slope of 1."""
    largest = np.take_along_axis(effect, np.argmax(np.abs(effect), axis=0)[None], axis=0)[0]
    half = at[np.argmax((there > 0) & (effect / largest >= 0.5), axis=0), 0]
    return np.stack([largest, half, np.zeros_like(half)])
