"""When half of an effect is there, how long, and a rebound: courses drawn by hand."""

import numpy as np
import pytest

from screen.panel.dynamics import dynamics

MINUTES = np.array([0.0, 10.0, 20.0, 30.0, 40.0])


@pytest.mark.parametrize(
    ("effect", "expected"),
    [
        ([0.0, 0.4, 0.8, 0.4, -0.2], [0.8, 10.0, 20.0, 0.2]),
        ([0.0, -1.0, -0.5, 0.1, 0.0], [-1.0, 5.0, 15.0, 0.1]),  # one that raises
        ([0.9, 0.9, 0.9, 0.9, 0.9], [0.9, 0.0, 40.0, 0.0]),  # from before the stimulus on
        ([0.0, 0.0, 0.0, 0.0, 0.6], [0.6, 35.0, 5.0, 0.0]),  # not over yet
        ([-0.3, 0.0, 0.6, 0.0, 0.6], [0.6, 15.0, 15.0, 0.0]),  # what came before is no rebound
    ],
)
def test_a_course_has_the_dynamics_it_was_drawn_with(effect, expected):
    found = dynamics(MINUTES, 1.0 - np.array([effect]))
    assert found[:, 0].tolist() == pytest.approx(expected)


def test_nothing_has_no_time_and_a_lost_draw_nothing():
    found = dynamics(MINUTES, np.array([[1.0, 1.0, 1.0005, 1.0, 1.0], [0.5, np.nan, 0.5, 0.5, 0.5]]))
    assert found[0, 0] == pytest.approx(-0.0005) and np.isnan(found[1:3, 0]).all()
    assert np.isnan(found[:, 1]).all()


def test_times_before_there_is_a_reference_do_not_count():
    ratio = np.array([[np.nan, 1.0, 0.2, 0.2, 0.2], [np.nan, 1.0, 0.6, 0.6, 0.6]])
    assert dynamics(MINUTES, ratio)[:, 0].tolist() == pytest.approx([0.8, 15.0, 25.0, 0.0])
    assert np.isnan(dynamics(MINUTES, np.where(MINUTES > 20, ratio, np.nan))).all()
