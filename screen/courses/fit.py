"""A cell known by its course without inhibitors: a few of its totals are set by what it did under the stimulus.

Every parameter draw has a most probable set of totals of its own, given the courses: log10 of a total is normal
around that of the cell it starts from. What is measured of a read-out is scale * (what the network has + background);
the scale of a course is anything, the background a share of the highest value in the start cell's course. Slopes are
found by difference: a handful of totals costs a handful of courses more.

Lines that are alike tell each other what is likely, in place of the start cell: under each draw their unknowns are
normal around a mean of its own, with an sd that draws share, found by expectation maximisation from the courses, so
that a line whose courses say little is as most lines are.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from screen.courses.cell import StartCell, draws_at
from screen.courses.table import Courses
from screen.errors import FitError
from screen.experiments import Draws
from screen.fit import QUIET, UNSOUND_COST, Box, Log, Objective, Pace, descend
from screen.shapes import (
    LINES_DRAWS,
    LINES_DRAWS_NAMES,
    LINES_DRAWS_TOTALS,
    LINES_TOTALS,
    VECTORS,
    VECTORS_NAMES,
    VECTORS_UNKNOWNS,
)

BACKGROUND, BACKGROUND_SD = -0.5, 0.7
"""log10 of the background as a share of the highest value, and its sd (assumed)."""

FARTHEST = 4.0
"""sds that an unknown may move."""

STEP = 0.1
"""log10 by which an unknown is moved to find slopes."""

LEAST = 1e-12
"""Below this a level or a weight counts as none."""

ROUNDS = 4
"""Rounds of expectation maximisation over lines that are alike (assumed); fewer than `LEAST_ALIKE` say nothing of how
lines differ."""

LEAST_ALIKE = 3

PACE = Pace(steps=12, tolerance=0.1, patience=2)


class Fitted(NamedTuple):
    """What courses say of lines.

    log10 factors on the totals of the start cell [lines, draws, totals] and sds of each, over draws and by the courses
    [lines, totals]; backgrounds in units of the network [lines, draws, names], as found and before; costs at the start
    and at the end.
    """

    totals: Float[np.ndarray, LINES_DRAWS_TOTALS]
    sd: Float[np.ndarray, LINES_TOTALS]
    background: Float[np.ndarray, LINES_DRAWS_NAMES]
    likely_background: Float[np.ndarray, LINES_DRAWS_NAMES]
    started: Float[np.ndarray, LINES_DRAWS]
    ended: Float[np.ndarray, LINES_DRAWS]


def fit_lines(
    cell: StartCell, lines: Sequence[Courses], draws: Draws, log: Log = QUIET, alike: bool = False
) -> Fitted:
    """Totals of lines from their courses, each under every draw; a line reads names of the cell."""
    count = len(lines) * len(draws.number)
    if alike and len(lines) < LEAST_ALIKE:
        raise FitError(f"courses: lines that are alike must be at least {LEAST_ALIKE}, found {len(lines)}")
    every, data = np.arange(count), _stack(lines, cell.names)
    nothing = np.zeros((count, len(cell.totals)))
    line, draw = np.divmod(every, len(draws.number))
    course = cell.course(draws_at(draws, draw), nothing, data.minutes[line])
    highest = np.nan_to_num(course, nan=1.0).max(axis=1)
    _check_there(highest, cell)
    sd = np.array([*cell.sd, *(BACKGROUND_SD for _ in cell.names)])
    start = np.zeros((count, len(sd)))
    problem = _Problem(cell, data, draws, np.maximum(highest, LEAST), start, sd)
    started, _ = problem.look(every, start)
    box = Box(-FARTHEST * sd, FARTHEST * sd, sd)
    scaled = left = start
    shape, totals = (len(lines), len(draws.number)), len(cell.totals)
    for turn in range(ROUNDS if alike else 1):
        if turn:
            problem = _learned(problem, scaled.reshape(*shape, -1), left.reshape(*shape, -1))
        objective = Objective(problem.look, problem.linearise)
        state, seen = descend(objective, [scaled], box, PACE, "courses", log)
        if failed := int((state.cost >= UNSOUND_COST).sum()):
            raise FitError(
                f"courses: the cell must integrate under every draw, found {failed} of {count} that fail"
            )
        log.say(f"courses: {int(state.arrived.sum())} of {count} arrived")
        scaled = state.scaled
        left = np.diagonal(np.linalg.inv(problem.linearise(every, scaled, seen)[1]), axis1=1, axis2=2)
    factors = scaled[:, :totals].reshape(*shape, totals)
    log10_totals = factors + np.log10(cell.starts(draws))
    return Fitted(
        factors,
        np.sqrt(left[:, :totals].reshape(*shape, totals).mean(axis=1) + log10_totals.var(axis=1)),
        problem.background(every, scaled).reshape(*shape, -1),
        problem.background(every, start).reshape(*shape, -1),
        started.reshape(shape),
        state.cost.reshape(shape),
    )


def _check_there(highest: np.ndarray, cell: StartCell) -> None:
    """FitError: what is read is 0 at all times and under every draw, so that no total could make a course of it."""
    silent = np.array(cell.names)[(highest <= LEAST).all(axis=0)]
    if len(silent):
        raise FitError(
            f"courses: what is read must be above 0 at some time in {cell.arm.context}, found {name} at 0 throughout"
            for name in silent
        )


def _learned(problem: "_Problem", scaled: np.ndarray, left: np.ndarray) -> "_Problem":
    """With what is likely by all lines: unknowns and what is left of their variance [lines, draws, unknowns]."""
    mean = np.broadcast_to(scaled.mean(axis=0), scaled.shape)
    sd = np.sqrt((left + (scaled - mean) ** 2).mean(axis=(0, 1)))
    return problem._replace(mean=mean.reshape(-1, mean.shape[2]), sd=sd)


class _Stacked(NamedTuple):
    """Courses of several lines [lines, ...], padded: a padded reading has no weight."""

    minutes: np.ndarray
    time: np.ndarray
    name: np.ndarray
    signal: np.ndarray
    weight: np.ndarray
    scale: np.ndarray
    """[lines, scales, readings], 1 where a reading belongs to a scale."""


def _stack(lines: Sequence[Courses], names: tuple[str, ...]) -> _Stacked:
    readings, scales = max(len(line.signal) for line in lines), max(line.scale.max() for line in lines) + 1
    times = max(len(line.minutes) for line in lines)

    def padded(values: np.ndarray, length: int = readings, mode: Any = "constant") -> np.ndarray:
        return np.pad(values, (0, length - len(values)), mode=mode)

    places = [np.array([names.index(name) for name in line.names]) for line in lines]
    return _Stacked(
        np.array([padded(line.minutes, times, "edge") for line in lines]),
        np.array([padded(line.time) for line in lines]),
        np.array([padded(place[line.name]) for place, line in zip(places, lines, strict=True)]),
        np.array([padded(line.signal) for line in lines]),
        np.array([padded(line.sd**-2.0) for line in lines]),
        np.array(
            [padded(line.scale, mode="edge") == np.arange(scales)[:, None] for line in lines], dtype=float
        ),
    )


class _Problem(NamedTuple):
    """What vectors of unknowns cost: log10 factors on the totals, then log10 of each background over what is likely.

    A vector is one line under one draw: vector v is line v // draws under draw v % draws.
    """

    cell: StartCell
    data: _Stacked
    draws: Draws
    highest: Float[np.ndarray, VECTORS_NAMES]
    mean: Float[np.ndarray, VECTORS_UNKNOWNS]
    """What is likely before the courses, and its sd [unknowns]."""
    sd: np.ndarray

    def look(
        self, places: Int[np.ndarray, VECTORS], unknowns: Float[np.ndarray, VECTORS_UNKNOWNS]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Costs [vectors] and courses [vectors, times, names]."""
        course = self._course(places, unknowns)
        off = self._off(places, unknowns, course)
        cost = 0.5 * (off**2).sum(axis=1) + 0.5 * (((unknowns - self.mean[places]) / self.sd) ** 2).sum(
            axis=1
        )
        return np.where(np.isfinite(cost), cost, UNSOUND_COST), course

    def linearise(
        self,
        places: Int[np.ndarray, VECTORS],
        unknowns: Float[np.ndarray, VECTORS_UNKNOWNS],
        course: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Gradients and Gauss-Newton matrices. A slope that cannot be integrated is 0."""
        off, slopes = self._off(places, unknowns, course), []
        moved = unknowns[:, None] + STEP * np.eye(len(self.sd))
        totals = len(self.cell.totals)
        many = self._course(np.repeat(places, totals), moved[:, :totals].reshape(-1, len(self.sd)))
        courses = many.reshape(len(places), totals, *course.shape[1:])
        for at in range(len(self.sd)):
            there = courses[:, at] if at < totals else course
            slopes.append((self._off(places, moved[:, at], there) - off) / STEP)
        slope = np.nan_to_num(np.stack(slopes, axis=2))
        gradient = np.einsum("vru,vr->vu", slope, np.nan_to_num(off))
        gradient += (unknowns - self.mean[places]) / self.sd**2
        return gradient, np.einsum("vru,vrw->vuw", slope, slope) + np.diag(self.sd**-2.0)

    def background(
        self, places: Int[np.ndarray, VECTORS], unknowns: Float[np.ndarray, VECTORS_UNKNOWNS]
    ) -> Float[np.ndarray, VECTORS_NAMES]:
        """Backgrounds, in units of what they are added to."""
        return self.highest[places] * 10.0 ** (BACKGROUND + unknowns[:, len(self.cell.totals) :])

    def _course(self, places: np.ndarray, unknowns: np.ndarray) -> np.ndarray:
        line, draw = np.divmod(places, len(self.draws.number))
        return self.cell.course(
            draws_at(self.draws, draw), unknowns[:, : len(self.cell.totals)], self.data.minutes[line]
        )

    def _off(self, places: np.ndarray, unknowns: np.ndarray, course: np.ndarray) -> np.ndarray:
        """Readings less predictions [vectors, readings], in sds, each scale where it fits best."""
        line = places // len(self.draws.number)
        data = _Stacked(*(part[line] for part in self.data))
        row = np.arange(len(places))[:, None]
        level = course[row, data.time, data.name] + self.background(places, unknowns)[row, data.name]
        off = data.signal - np.log2(level)
        weight = data.scale * data.weight[:, None]
        middle = np.einsum("vsr,vr->vs", weight, off) / np.maximum(weight.sum(axis=2), LEAST)
        return (off - np.einsum("vsr,vs->vr", data.scale, middle)) * np.sqrt(data.weight)
