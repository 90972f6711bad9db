"""What a check computes from trajectories: a table of statistics, one line each.

A statistic takes the course of an arm, and that of the arm it is compared with, and gives one number a
draw. A dose series is read on the scale on which a Hill curve is straight: log odds against log dose.
Beyond the doses of a series a half-maximal dose is 0 (below all of them) or infinite (above them).
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

TENFOLD_ODDS = math.log(9.0)
"""Log odds at 90 % of the effect; at 10 % it is the negative."""

QUANTILES = (0.05, 0.5, 0.95)


def quantiles(values: np.ndarray) -> np.ndarray:
    """5 %, 50 % and 95 % of values [draws, ...] over the draws that have a number, each of them one; NaN without."""
    ordered, last = np.sort(values, axis=0), np.maximum(np.sum(~np.isnan(values), axis=0) - 1, 0)
    return np.stack(
        [np.take_along_axis(ordered, np.rint(share * last).astype(int)[None], 0)[0] for share in QUANTILES]
    )


@dataclass(frozen=True)
class Course:
    """A readout over time: minutes [times] [min], values [draws, doses, times] in its unit.

    doses [doses] of the series, ascending and the first 0; of length 1 where the arm has no series.
    """

    minutes: Any
    doses: Any
    values: Any

    @property
    def xp(self) -> ModuleType:
        """The module that the arrays belong to: numpy, or jax.numpy where slopes are wanted."""
        return self.values.__array_namespace__()

    @property
    def first(self) -> Any:
        """At the first time, without series [draws]."""
        return self.values[:, 0, 0]

    @property
    def last(self) -> Any:
        """At the last time, without series [draws]."""
        return self.values[:, 0, -1]

    @property
    def trace(self) -> Any:
        """Over time, without series [draws, times]."""
        return self.values[:, 0, :]


class Statistic(NamedTuple):
    """A function of two courses, and what a check that uses it must give.

    times: one minute, several, or either of those and a window (`any`). series: which column holds a dose
    series, if any. reference: whether a second arm is needed, optional or refused.
    """

    compute: Callable[..., Any]
    meaning: str
    times: str = "one"
    series: str = ""
    reference: str = "refused"


def area(course: Course) -> Any:
    """Mean over the window [draws]: the area under the curve over its length."""
    xp = course.xp
    length = course.minutes[-1] - course.minutes[0]
    return xp.trapezoid(course.trace, course.minutes, axis=-1) / length


def late_over_early(course: Course, background: Course | None) -> Any:
    """Last over first time, each less the background where there is one."""
    early, late = course.first, course.last
    return late / early if background is None else (late - background.last) / (early - background.first)


def peak_minutes(course: Course) -> Any:
    """Time of the largest value [min]; NaN where a draw has no values."""
    xp = course.xp
    found = course.minutes[xp.argmax(xp.nan_to_num(course.trace, nan=-math.inf), axis=-1)]
    return xp.where(xp.isfinite(course.trace).all(axis=-1), found, math.nan)


def half_life(course: Course, _: Course | None = None) -> Any:
    """Half-life [min] of a fall from the first to the last time; infinite where nothing falls."""
    xp = course.xp
    fall = xp.log(course.first / course.last)
    return xp.where(fall <= 0, math.inf, (course.minutes[-1] - course.minutes[0]) * math.log(2) / fall)


def _log_odds(fraction: Any) -> Any:
    xp = fraction.__array_namespace__()
    inside = xp.clip(fraction, 1e-6, 1 - 1e-6)
    return xp.log(inside / (1 - inside))


def _dose_at(odds: Any, doses: Any, level: float) -> Any:
    """Dose at which rising log odds [draws, doses] first pass a level; 0 or infinite beyond the doses."""
    xp = odds.__array_namespace__()
    above = odds >= level
    place = xp.argmax(above, axis=1)
    right = xp.maximum(place, 1)
    rows = xp.arange(len(odds))
    low, high = odds[rows, right - 1], odds[rows, right]
    share = (level - low) / xp.where(high == low, 1.0, high - low)
    between = doses[right - 1] * (doses[right] / doses[right - 1]) ** share
    found = xp.where(above[:, 0], 0.0, xp.where(above.any(axis=1), between, math.inf))
    return xp.where(xp.isnan(odds).any(axis=1), math.nan, found)


def ic50(course: Course, _: Course | None = None) -> Any:
    """Dose that leaves half of what is there at dose 0."""
    left = course.values[:, 1:, 0] / course.values[:, :1, 0]
    return _dose_at(-_log_odds(left), course.doses[1:], 0.0)


def _rise(course: Course) -> Any:
    """Share of the rise from dose 0 to the highest dose [draws, doses], the highest left out."""
    basal, top = course.values[:, :1, 0], course.values[:, -1:, 0]
    return _log_odds((course.values[:, 1:-1, 0] - basal) / (top - basal))


def ec50(course: Course, _: Course | None = None) -> Any:
    """Dose that gives half of the rise from dose 0 to the highest dose."""
    return _dose_at(_rise(course), course.doses[1:-1], 0.0)


def hill(course: Course, _: Course | None = None) -> Any:
    """Hill coefficient: log 81 over the log of the doses that give 90 and 10 % of the rise."""
    xp = course.xp
    odds, doses = _rise(course), course.doses[1:-1]
    low, high = _dose_at(odds, doses, -TENFOLD_ODDS), _dose_at(odds, doses, TENFOLD_ODDS)
    covered = (low > 0) & xp.isfinite(high)
    return xp.where(covered, 2 * TENFOLD_ODDS / xp.log(xp.where(covered, high / low, math.e)), math.nan)


def _over(course: Course, reference: Course, compute: Callable[[Course], Any]) -> Any:
    """A statistic of one course over that of the other; NaN where the other's lies beyond its doses."""
    xp = course.xp
    above, below = compute(course), compute(reference)
    return xp.where((below > 0) & xp.isfinite(below), above / xp.where(below > 0, below, math.nan), math.nan)


STATISTICS: Mapping[str, Statistic] = {
    "value": Statistic(lambda c, _: c.first, "the read-out"),
    "ratio": Statistic(lambda c, r: c.first / r.first, "over the reference", reference="needed"),
    "difference": Statistic(lambda c, r: c.first - r.first, "less the reference", reference="needed"),
    "log2_ratio": Statistic(
        lambda c, r: c.xp.log2(c.first / r.first), "log2 of the ratio to the reference", reference="needed"
    ),
    "late_over_early": Statistic(
        late_over_early, "last over first time, less the reference if there is one", "several",
        reference="optional",
    ),
    "late_over_early_ratio": Statistic(
        lambda c, r: (c.last / c.first) / (r.last / r.first),
        "last over first time, over that of the reference", "several", reference="needed",
    ),
    "late_over_peak": Statistic(lambda c, _: c.last / c.trace.max(-1), "last time over the peak", "any"),
    "peak": Statistic(lambda c, _: c.trace.max(-1), "largest value", "any"),
    "peak_ratio": Statistic(
        lambda c, r: c.trace.max(-1) / r.trace.max(-1), "peak over that of the reference", "any",
        reference="needed",
    ),
    "peak_minutes": Statistic(lambda c, _: peak_minutes(c), "time of the largest value [min]", "any"),
    "peak_delay": Statistic(
        lambda c, r: peak_minutes(c) - peak_minutes(r), "time of the peak less that of the reference [min]",
        "any", reference="needed",
    ),
    "lowest_ratio": Statistic(
        lambda c, r: (c.trace / r.trace).min(-1), "smallest ratio to the reference", "any", reference="needed"
    ),
    "highest_ratio": Statistic(
        lambda c, r: (c.trace / r.trace).max(-1), "largest ratio to the reference", "any", reference="needed"
    ),
    "rise_after_dip": Statistic(
        lambda c, r: (c.last / r.last) / (c.trace / r.trace).min(-1),
        "last ratio to the reference over the smallest", "any", reference="needed",
    ),
    "auc": Statistic(lambda c, _: area(c), "mean over the window", "any"),
    "auc_ratio": Statistic(
        lambda c, r: area(c) / area(r), "area under the curve over that of the reference", "any",
        reference="needed",
    ),
    "half_life": Statistic(half_life, "half-life of the fall from first to last time [min]", "several"),
    "half_life_ratio": Statistic(
        lambda c, r: _over(c, r, half_life), "half-life over that of the reference", "several",
        reference="needed",
    ),
    "ic50": Statistic(ic50, "dose of the treatment that leaves half", series="treatment"),
    "ic50_ratio": Statistic(
        lambda c, r: _over(c, r, ic50), "IC50 over that of the reference", series="treatment",
        reference="needed",
    ),
    "ec50": Statistic(ec50, "dose of the stimulus that gives half of the rise", series="stimulus"),
    "hill": Statistic(hill, "Hill coefficient of the dose response to the stimulus", series="stimulus"),
}  # fmt: skip
"""Name -> statistic. A new one is a line here; its known answer goes into the tests."""
