"""Batches are filled up to a power of two, large ones to an eighth of one, with copies of their first row."""

import numpy as np
import pytest

from screen.kernel import filled, filled_size


@pytest.mark.parametrize(("rows", "size"), [(0, 1), (1, 1), (2, 2), (3, 4), (4, 4), (5, 8), (1000, 1024)])
def test_the_size_is_the_next_power_of_two(rows, size):
    assert filled_size(rows) == size


@pytest.mark.parametrize(("rows", "size"), [(4096, 4096), (4097, 4608), (40_448, 40_960), (65_536, 65_536)])
def test_the_size_of_a_large_batch_is_the_next_eighth_of_a_power_of_two(rows, size):
    assert filled_size(rows) == size
    assert filled_size(rows, 4500) == min(size, 4500)


def test_the_size_is_at_most_what_is_allowed():
    assert [filled_size(rows, 6) for rows in (1, 3, 5, 6)] == [1, 4, 6, 6]


@pytest.mark.parametrize("shape", [(3,), (3, 2), (3, 2, 4)])
def test_rows_stay_and_copies_of_the_first_follow(shape):
    array = np.arange(float(np.prod(shape))).reshape(shape)
    found = filled(array, 5)
    assert np.array_equal(found[:3], array)
    assert np.array_equal(found[3:], array[[0, 0]])


def test_a_full_batch_stays_as_it_is():
    assert filled(np.array([3, 1]), 2).tolist() == [3, 1]
