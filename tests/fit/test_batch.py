"""Which lanes run with which vector, by hand: a lane without a rest, two that share one, and three measurements."""

from types import SimpleNamespace

import numpy as np
import pytest

from screen.fit import progress
from screen.fit.batch import batch_of_measurements, batch_of_starts, distinct_predictions
from screen.fit.progress import Progress

PROBLEM = SimpleNamespace(
    lanes=3, rest_of_lane=np.array([0, -1, 0]), measurements=SimpleNamespace(lane=np.array([2, 0, 1, 2]))
)


def fields(batch) -> dict[str, object]:
    return {
        name: value.tolist() if isinstance(value, np.ndarray) else value
        for name, value in vars(batch).items()
    }


def test_every_vector_has_every_lane_and_each_rest_once():
    assert fields(batch_of_starts(PROBLEM, 2)) == {
        "vectors": 2, "vector_of_lane": [0, 0, 0, 1, 1, 1], "lane": [0, 1, 2, 0, 1, 2], "vector_of_rest": [0, 1],
        "rest": [0, 0], "rest_of_lane": [0, -1, 0, 1, -1, 1], "lane_of_row": [2, 0, 1, 2, 5, 3, 4, 5],
        "measurement": [0, 1, 2, 3, 0, 1, 2, 3], "original": None,
    }  # fmt: skip


def test_each_chosen_measurement_has_a_copy_of_each_vector_with_a_lane_and_a_rest_of_its_own():
    assert fields(batch_of_measurements(PROBLEM, np.array([2, 3]), 2)) == {
        "vectors": 4, "vector_of_lane": [0, 1, 2, 3], "lane": [1, 2, 1, 2], "vector_of_rest": [1, 3],
        "rest": [0, 0], "rest_of_lane": [-1, 0, -1, 1], "lane_of_row": [0, 1, 2, 3], "measurement": [2, 3, 2, 3],
        "original": [0, 0, 1, 1],
    }  # fmt: skip


def distinct(**changes):
    """Of six measurements of one observable with two placeholders, and one of another without any."""
    data = SimpleNamespace(lane=np.zeros(7, int), time=np.ones(7))
    source, constant = np.full((6, 2), -1), np.zeros((6, 2))
    parts = {"lane": data.lane, "time": data.time, "source": source, "constant": constant}
    for name, (place, value) in changes.items():
        parts[name][place] = value
    first = SimpleNamespace(
        rows=np.arange(6),
        placeholders=("a", "b"),
        overrides=SimpleNamespace(source=source, constant=constant),
    )
    none = SimpleNamespace(source=np.zeros((1, 0), int), constant=np.zeros((1, 0)))
    second = SimpleNamespace(rows=np.array([6]), placeholders=(), overrides=none)
    found = distinct_predictions(SimpleNamespace(measurements=data, observables=(first, second)))
    return [each.tolist() for each in found]


def test_replicates_have_one_prediction_and_each_observable_its_own():
    first, place = distinct()
    assert sorted(first) == [0, 6] and [first[each] for each in place] == [0] * 6 + [6]


@pytest.mark.parametrize(
    "change",
    [{"lane": (3, 1)}, {"time": (3, 2.0)}, {"source": ((3, 0), 0)}, {"source": ((3, 1), 0)},
     {"source": ((3, 1), 5)}, {"constant": ((3, 0), 7.0)}, {"constant": ((3, 1), 7.0)}],
)  # fmt: skip
def test_what_differs_in_lane_time_or_what_stands_in_its_formula_is_predicted_apart(change):
    first, place = distinct(**change)
    assert sorted(first) == [0, 3, 6] and [first[each] for each in place] == [0, 0, 0, 3, 0, 0, 6]


@pytest.mark.parametrize("parameter", [0, 4])
def test_a_number_behind_a_parameter_that_stands_there_is_not_read(parameter):
    first, place = distinct(source=((slice(None), 0), parameter), constant=((3, 0), 7.0))
    assert sorted(first) == [0, 6] and place[3] == place[0]


def test_progress_counts_from_where_it_began_and_tells_what_is_left(monkeypatch):
    """30 steps in 12 s are 2.5 a second; 170 are left, for 68 s."""
    now = iter([100.0, 112.0, 112.0, 100.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(now))
    loop = Progress(300, start=100)
    assert loop.line(130) == "2.50 iterations/s, at most 1:08 left"
    assert loop.line(100) == "0.00 iterations/s, at most 3333333333:20 left"
    assert loop.line(130) == "30000000000.00 iterations/s, at most 0:00 left"
