"""How the statistic of a check pulls on the trajectories it is computed from.

The trajectories are known, so that the slope of a statistic in each of its values is a matter of small
differences of a formula, without any integration.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import product
from typing import NamedTuple

import numpy as np

from screen.constrain.demands import Demands
from screen.panel import STATISTICS, Arm, Check, Course, Materials, Traces, course_of, plain

DIFFERENCE = 1e-4
"""Relative difference of a value of a trajectory; the statistic is a formula, so that only rounding matters."""


class Pull(NamedTuple):
    """One arm of a check in some draws: weights [draws, times] pull on its readout at the times."""

    check: int
    arm: Arm
    readout: str
    minutes: np.ndarray
    draws: np.ndarray
    weights: np.ndarray


def pulls_of(
    demands: Demands,
    index: int,
    materials: Materials,
    traces: Mapping[Arm, Traces],
    names: Sequence[str],
    draws: np.ndarray,
) -> Iterator[Pull]:
    """How a check pulls on each of its arms in some draws."""
    check = demands.checks[index]
    arms = [(check.arm, check.readout)]
    arms += [(check.reference, check.ref_readout)] if check.reference is not None else []
    courses = [course_of(template, name, check, traces, names, materials) for template, name in arms]
    courses = [replace(course, values=course.values[draws]) for course in courses]
    compute = partial(_log10_statistic, demands, index, check)
    for number, (template, readout) in enumerate(arms):
        values = courses[number].values
        weights = np.zeros_like(values)
        for place in product(*map(range, values.shape[1:])):
            at: tuple[slice | int, ...] = (slice(None), *place)
            up, down = (
                compute([*courses[:number], _moved(courses[number], at, by), *courses[number + 1 :]])
                for by in (DIFFERENCE, -DIFFERENCE)
            )
            with np.errstate(all="ignore"):
                slope = (up - down) / (2 * DIFFERENCE * values[at])
            weights[at] = np.where(np.isfinite(slope), slope, 0.0)
        for dose, column in zip(template.doses, np.moveaxis(weights, 1, 0), strict=True):
            arm = plain(template.at(dose), materials.contexts)
            if column.any():
                yield Pull(index, arm, readout, np.array(check.minutes), draws, column)


def _moved(course: Course, at: tuple[slice | int, ...], by: float) -> Course:
    """With the value at one dose and time larger by a share of itself, in every draw."""
    values = course.values.copy()
    values[at] *= 1 + by
    return replace(course, values=values)


def _log10_statistic(demands: Demands, index: int, check: Check, courses: Sequence[Course]) -> np.ndarray:
    with np.errstate(all="ignore"):
        values = STATISTICS[check.statistic].compute(courses[0], courses[1] if len(courses) > 1 else None)
    return demands.log10(index, values)
