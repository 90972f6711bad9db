"""Read-outs: times they need, means over windows, and what is refused."""

import numpy as np
import pytest

from screen.errors import SimulateError
from screen.simulate import Readout, check_readouts, output_times, read
from screen.simulate.readouts import window_doubts

AT = Readout("pY705_20min", "pY705", 20.0, 20.0)
WINDOW = Readout("pY705_auc", "pY705", 0.0, 1440.0)


def test_times_are_shared_and_ascending():
    times = output_times([WINDOW, AT])
    assert times[0] == 0.0 and times[-1] == 1440.0 and 20.0 in times
    assert (np.diff(times) > 0).all()


def test_a_window_is_the_mean_over_time():
    times = output_times([AT, WINDOW])
    course = np.exp(-times / 60.0)
    values = np.stack([np.zeros_like(course), course], axis=-1)[None]
    found = read([AT, WINDOW], ["pS727", "pY705"], times, values)
    assert found[0, 0] == pytest.approx(np.exp(-20 / 60))
    assert found[0, 1] == pytest.approx(60 * (1 - np.exp(-24.0)) / 1440, rel=5e-3)


def test_a_window_that_begins_later_takes_its_own_times_alone():
    """Of a straight line the mean over a window is the value in its middle, exactly."""
    late = Readout("late", "pY705", 30.0, 90.0)
    times = output_times([late, AT, WINDOW])
    course = np.stack([7.0 + 2.0 * times, np.where(times < 30, 1e9, 5.0)])[:, :, None]
    assert read([late], ["pY705"], times, course)[:, 0] == pytest.approx([7.0 + 2.0 * 60.0, 5.0], rel=1e-12)


@pytest.mark.parametrize(
    ("life", "least", "most"), [(600.0, 0.0, 1e-3), (60.0, 2e-3, 1e-2), (6.0, 0.01, 0.1)]
)
def test_how_far_a_mean_may_be_off_is_told_by_every_other_time(life, least, most):
    """Of a decay, whose mean is known; beside a lane that is nothing, one that failed and one that stays as it is."""
    times = output_times([AT, WINDOW])
    course = np.exp(-times / life)
    lanes = np.stack([course, 1e-5 * np.exp(-times), np.full_like(times, np.nan), np.ones_like(times)])[
        ..., None
    ]
    exact = life * (1 - np.exp(-1440 / life)) / 1440
    off = abs(read([WINDOW], ["pY705"], times, lanes)[0, 0] / exact - 1)
    lanes = lanes[:3] if life < 600 else lanes
    found = window_doubts([AT, WINDOW], ["pY705"], times, lanes)
    assert list(found) == ["pY705_auc"] and least <= found["pY705_auc"] <= most
    assert found["pY705_auc"] == pytest.approx(off, rel=0.35)


def test_what_a_failed_trajectory_lacks_stays_missing():
    times = output_times([AT, WINDOW])
    values = np.where(times[:, None] > 100, np.nan, 1.0)[None]
    assert np.isnan(read([AT, WINDOW], ["pY705"], times, values)).tolist() == [[False, True]]


def test_an_unknown_observable_is_named():
    with pytest.raises(
        SimulateError,
        match="readouts: observable of `pY705_20min` must be a species or one of pS727, found pY705",
    ):
        check_readouts([AT], ["pS727"])
