"""A part of a calibration problem: some of its measurements and the lanes these need, or some kept from the fit."""

import hashlib
from dataclasses import replace
from fnmatch import fnmatchcase

import numpy as np

from screen.calibration.problem import Observable, Problem, Values, output_times
from screen.errors import FitError


def keep_measurements(problem: Problem, rows: np.ndarray) -> Problem:
    """The same problem with some of its measurements, in their order; `rows` are places in the table.

    The estimated vector stays as it is: what no measurement informs any more keeps its prior.
    """
    rows = np.unique(rows)
    data = problem.measurements
    lanes, lane = np.unique(data.lane[rows], return_inverse=True)
    rest_of_lane = problem.rest_of_lane[lanes]
    rests = np.unique(rest_of_lane[rest_of_lane >= 0])
    begins = problem.begins[lanes]
    times, time_index = output_times(data.time[rows], lane, begins)
    observables = (_keep_rows(each, rows) for each in problem.observables)
    return replace(
        problem,
        digest=hashlib.sha256(f"{problem.digest} {rows.tolist()}".encode()).hexdigest(),
        phases=tuple(each.chosen(lanes) for each in problem.phases),
        begins=begins,
        rests=problem.rests.chosen(rests),
        rest_of_lane=np.where(rest_of_lane >= 0, np.searchsorted(rests, rest_of_lane), -1),
        times=times,
        observables=tuple(each for each in observables if len(each.rows)),
        measurements=data.taken(rows, lane, time_index),
    )


def hide(problem: Problem, hidden: np.ndarray) -> Problem:
    """The same problem with some measurements [measurements] kept from the fit: predicted, at no cost."""
    digest = hashlib.sha256(f"{problem.digest} {np.flatnonzero(hidden).tolist()} hidden".encode()).hexdigest()
    return replace(problem, digest=digest, measurements=replace(problem.measurements, hidden=hidden))


def keep_conditions(problem: Problem, pattern: str) -> Problem:
    """The measurements of the conditions whose name fits a pattern with * and ?. FitError where there are none."""
    names = problem.measurements.frame["simulationConditionId"].astype(str)
    rows = np.flatnonzero([fnmatchcase(name, pattern) for name in names])
    if not len(rows):
        raise FitError(f"conditions: the pattern must fit at least one that is measured, found {pattern!r}")
    return keep_measurements(problem, rows)


def _keep_rows(observable: Observable, rows: np.ndarray) -> Observable:
    kept = np.isin(observable.rows, rows)
    overrides = Values(observable.overrides.constant[kept], observable.overrides.source[kept])
    return replace(observable, rows=np.searchsorted(rows, observable.rows[kept]), overrides=overrides)
