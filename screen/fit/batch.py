"""Which lanes are integrated with which vector, and which measurements are read off them."""

from dataclasses import dataclass, replace

import numpy as np

from screen.calibration.problem import Problem


@dataclass(frozen=True)
class Batch:
    """Lanes to integrate and measurements to read off; every field is an index."""

    vectors: int
    vector_of_lane: np.ndarray
    lane: np.ndarray
    vector_of_rest: np.ndarray
    rest: np.ndarray
    rest_of_lane: np.ndarray
    """Row of `rest` that a lane starts from; -1 for the initial state of the network."""
    lane_of_row: np.ndarray
    measurement: np.ndarray
    """Measurement of each row of the prediction."""
    original: np.ndarray | None = None
    """Which vector each one is a copy of, where every row has a lane and every lane a vector of its own."""


def batch_of_starts(problem: Problem, vectors: int) -> Batch:
    """Every measurement for every vector."""
    lanes, measured = problem.lanes, len(problem.measurements.lane)
    return _batch(
        problem,
        vectors,
        vector_of_lane=np.repeat(np.arange(vectors), lanes),
        lane=np.tile(np.arange(lanes), vectors),
        lane_of_row=(np.arange(vectors)[:, None] * lanes + problem.measurements.lane).ravel(),
        measurement=np.tile(np.arange(measured), vectors),
    )


def batch_of_measurements(problem: Problem, chosen: np.ndarray, vectors: int) -> Batch:
    """Each of the chosen measurements with a copy of each vector: the batch whose gradient is the Jacobian."""
    each, measurement = np.arange(vectors * len(chosen)), np.tile(chosen, vectors)
    original = np.repeat(np.arange(vectors), len(chosen))
    batch = _batch(problem, len(each), each, problem.measurements.lane[measurement], each, measurement)
    return replace(batch, original=original)


def distinct_predictions(problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    """Measurements [distinct] that differ in what predicts them, and which of these each one is like."""
    data = problem.measurements
    width = max(len(each.placeholders) for each in problem.observables)
    table = np.full((len(data.lane), 3 + 2 * width), -1.0)
    table[:, 1], table[:, 2] = data.lane, data.time
    for number, each in enumerate(problem.observables):
        own = len(each.placeholders)
        table[each.rows, 0] = number
        table[each.rows, 3 : 3 + own] = each.overrides.source
        constant = np.where(each.overrides.source >= 0, 0.0, each.overrides.constant)
        table[each.rows, 3 + width : 3 + width + own] = constant
    _, first, place = np.unique(table, axis=0, return_index=True, return_inverse=True)
    return first, place.ravel()


def _batch(problem, vectors, vector_of_lane, lane, lane_of_row, measurement) -> Batch:
    needed = np.stack([vector_of_lane, problem.rest_of_lane[lane]], axis=1)
    unique, place = np.unique(needed, axis=0, return_inverse=True)
    keep = unique[:, 1] >= 0
    renumbered = np.where(keep, np.cumsum(keep) - 1, -1)
    return Batch(
        vectors=vectors,
        vector_of_lane=vector_of_lane,
        lane=lane,
        vector_of_rest=unique[keep, 0],
        rest=unique[keep, 1],
        rest_of_lane=renumbered[place.ravel()],
        lane_of_row=lane_of_row,
        measurement=measurement,
    )
