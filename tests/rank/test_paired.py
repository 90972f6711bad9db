"""treated/vehicle is read where it is asked for, by hand: pairing by draw, the floor, what failed, what is to rise."""

from types import SimpleNamespace

import numpy as np
import pytest

from screen.rank.paired import LEAST, PairedRatio, paired_ratio

NAN = np.nan
VALUES = np.array(
    [
        [[2.0, 4.0], [1.0, 0.5]],  # the vehicle of the first cell, in two read-outs under two draws
        [[1.0, 1.0], [-1e-9, 0.5]],
        [[10.0, NAN], [8.0, 8.0]],  # that of the second, which failed under the second draw
        [[5.0, 5.0], [2.0, NAN]],
    ]
)
WANTED = np.array(
    [
        [[1.0, 1.0], [1.0, NAN]],  # 0.5 is below the floor
        [[0.5, 0.25], [0.0, NAN]],
        [[1.0, NAN], [1.0, 1.0]],
        [[0.5, NAN], [0.25, NAN]],
    ]
)


@pytest.fixture
def ratio() -> PairedRatio:
    cells = [SimpleNamespace(rows=np.array(rows), vehicle=rows[0]) for rows in ([0, 1], [2, 3])]
    return paired_ratio(SimpleNamespace(values=VALUES), cells, 1.0)


def test_each_is_over_the_vehicle_of_its_cell_and_draw(ratio):
    np.testing.assert_array_equal(ratio[:], WANTED)
    np.testing.assert_array_equal(np.asarray(ratio), WANTED)
    assert ratio.shape == WANTED.shape


@pytest.mark.parametrize("rows", [3, [3, 0], np.array([[1], [2]]), slice(1, 3)])
def test_it_is_read_as_an_array_is(ratio, rows):
    np.testing.assert_array_equal(ratio[rows], WANTED[rows])
    np.testing.assert_array_equal(ratio[rows, 1], WANTED[rows, 1])
    np.testing.assert_array_equal(ratio.of(1)[rows], WANTED[rows, 1])


def test_what_is_to_rise_is_vehicle_over_treated(ratio):
    assert ratio.falling(1.0)[1, 0].tolist() == [0.5, 0.25]
    assert ratio.falling(-1.0)[1, 0].tolist() == [2.0, 4.0]
    assert ratio.falling(-1.0).of(1)[1, 0] == 1.0 / LEAST
    assert ratio.of(0).falling(-1.0)[3, 0] == 2.0


def test_responses_are_not_copied_and_what_is_read_is_nobody_elses(ratio):
    assert np.shares_memory(ratio.of(1).values, VALUES)
    found = ratio[:]
    found[:] = 7.0
    np.testing.assert_array_equal(ratio[:], WANTED)
