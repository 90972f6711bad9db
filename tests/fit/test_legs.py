"""Which rows are read on which part of the way, which lanes are copies, and what is left of slopes: by hand."""

from types import SimpleNamespace

import numpy as np
import pytest

from screen.fit.sensitivity import _noise_is_given, _weighted
from screen.fit.trajectories import _first_of, _legs


def test_a_lane_goes_on_until_its_last_row_is_read():
    """Legs begin with phases 0, 2 and 5; nobody reads in the last one."""
    problem = SimpleNamespace(
        legs=[0, 2, 5], phases=range(6), measurements=SimpleNamespace(time_index=np.array([7, 8, 9, 6]))
    )
    batch = SimpleNamespace(
        lane=range(3), lane_of_row=np.array([0, 0, 1, 2]), measurement=np.array([3, 0, 1, 2])
    )
    found = [
        [each.phases, *(part.tolist() for part in (each.alive, each.rows, each.place, each.output))]
        for each in _legs(problem, batch, np.array([0, 4, 2, 1]))
    ]
    assert found == [
        [slice(0, 2), [0, 1, 2], [0, 3], [0, 2], [6, 9]], [slice(2, 5), [0, 1], [1, 2], [0, 1], [7, 8]],
    ]  # fmt: skip


def test_copies_are_equal_in_vector_and_row():
    assert _first_of(np.array([0, 0, 1, 0, 1]), np.array([1, 1, 1, 2, 1])).tolist() == [0, 0, 2, 3, 2]


@pytest.mark.parametrize(
    ("names", "source", "given"),
    [
        (("p2",), [[0, -1], [3, -1]], True), (("p2",), [[-1, 0], [-1, -1]], False), (("k",), [[-1, -1]], False),
        (("p2", "f"), [[5, -1]], True), (("p1", "p2"), [[-1, -1], [-1, 0]], False), ((), [[0, 0]], True),
    ],
)  # fmt: skip
def test_noise_is_given_where_nothing_estimated_stands_in_its_formula(names, source, given):
    """`f` is fixed, `k` is estimated; a source below 0 is a number."""
    observable = SimpleNamespace(
        placeholders=("p1", "p2"),
        noise=SimpleNamespace(names=names),
        overrides=SimpleNamespace(source=np.array(source)),
    )
    assert _noise_is_given(SimpleNamespace(fixed={"f": 2.0}), observable) == given


def test_slopes_are_over_sigma_and_nothing_where_a_row_failed_or_one_is_no_number():
    ok, sigma = np.array([True, False, True, True]), np.array([2.0, 2.0, 4.0, 4.0])
    by_value = np.array([[6.0, 8.0], [6.0, 8.0], [np.nan, 8.0], [4.0, 8.0]])
    by_noise = np.array([[1.0, 2.0], [1.0, 2.0], [1.0, 2.0], [1.0, np.inf]])
    found = _weighted(np.zeros(4), sigma, ok, by_value, by_noise)
    assert found.by_value.tolist() == [[3.0, 4.0], [0.0, 0.0], [0.0, 2.0], [1.0, 0.0]]
    assert found.by_noise.tolist() == [[1.0, 2.0], [0.0, 0.0], [0.0, 2.0], [1.0, 0.0]]
