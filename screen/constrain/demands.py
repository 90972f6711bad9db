"""What a published fact costs a draw: minus the log of the probability that it would be seen.

A check demands that a statistic lies within bounds. The statistic, on the logarithmic scale, is taken to be
read with a small logistic error, so that a demand costs minus the log of a logistic probability: nothing well
inside, the distance in errors well outside, and smooth between. That the cost grows no faster keeps a fact that
cannot hold from bending all others.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from screen.panel import Check, Finding

ERROR_LOG10 = 0.02
"""Scale of the logistic error with which a fact is taken to be read, in log10 (5 %; assumed)."""

NARROW = 10.0
"""A window between two bounds is at least this many errors wide: the error shrinks where it would not be."""

ROOM = 3.0
"""How far inside its bound, in errors, a step wants a demand to be."""

FURTHEST = 150.0
"""No demand counts as further from being met than this many errors."""


class Demands(NamedTuple):
    """Each check as a demand on the log10 of its statistic; bounds [checks], infinite where there is none."""

    checks: tuple[Check, ...]
    low: np.ndarray
    high: np.ndarray
    error: np.ndarray


def log10_of(statistic: str, values: Any) -> Any:
    """log10 of what a statistic gives: -inf or inf where it is 0 or infinite, NaN where it is no number."""
    return values * np.log10(2) if statistic == LOG2 else values.__array_namespace__().log10(values)


class Met(NamedTuple):
    """What the demands cost [draws, checks], with slope and curvature in the log10 of the statistic.

    The curvature is that of the parabola with the same slope whose lowest point lies `ROOM` errors inside the
    bound (or inside where the statistic is), so that a Gauss-Newton step aims there from however far outside.
    """

    cost: np.ndarray
    slope: np.ndarray
    curvature: np.ndarray
    holds: np.ndarray
    """Whether each check passes."""


LOG2, LINEAR = "log2_ratio", ("difference", "peak_minutes", "peak_delay")
"""Statistics that are logarithms already, and those that have no logarithm and are not demanded."""


def make_demands(checks: Sequence[Check]) -> Demands:
    """The demands of the checks; those on a statistic that may be negative or is a time are left out."""
    used = tuple(check for check in checks if check.statistic not in LINEAR)
    low, high = np.array([(check.low, check.high) for check in used]).T
    is_log = np.array([check.statistic == LOG2 for check in used])
    with np.errstate(divide="ignore", invalid="ignore"):
        low = np.where(is_log, low * np.log10(2), np.log10(np.maximum(low, 0.0)))
        high = np.where(is_log, high * np.log10(2), np.log10(high))
    error = np.minimum(ERROR_LOG10, (high - low) / NARROW)
    return Demands(used, low, high, error)


def meet(demands: Demands, findings: Sequence[Finding]) -> Met:
    """What findings cost, in the order of the demands."""
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.array([log10_of(found.check.statistic, found.values) for found in findings])
    error = demands.error[:, None]
    cost, slope, curvature = (np.zeros_like(logs) for _ in range(3))
    for sign, bound in ((1.0, demands.high[:, None]), (-1.0, demands.low[:, None])):
        bounded = np.isfinite(bound)
        with np.errstate(invalid="ignore"):
            distance = sign * (logs - np.where(bounded, bound, 0.0)) / error
        distance = np.clip(np.nan_to_num(distance, nan=FURTHEST, posinf=FURTHEST), -FURTHEST, FURTHEST)
        pull = 1 / (1 + np.exp(-distance))
        cost += np.where(bounded, np.logaddexp(0.0, distance), 0.0)
        moves = bounded & np.isfinite(logs)
        slope += np.where(moves, sign * pull / error, 0.0)
        curvature += np.where(moves, pull / (np.maximum(distance, 0.0) + ROOM) / error**2, 0.0)
    return Met(cost.T, slope.T, curvature.T, np.array([found.passed for found in findings]).T)
