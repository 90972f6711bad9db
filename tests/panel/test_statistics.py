"""Every statistic on curves of which the answer is known."""

import numpy as np
import pytest

from screen.panel import STATISTICS, Course

MINUTES = np.array([0.0, 10.0, 30.0, 60.0])
DOSES = np.array([0.0, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1e6])


def course(*traces: list[float], minutes: np.ndarray = MINUTES) -> Course:
    """One draw a trace."""
    return Course(minutes[: len(traces[0])], np.zeros(1), np.array(traces)[:, None, :])


def series(response) -> Course:
    """One draw, one time: a response to each dose."""
    return Course(MINUTES[:1], DOSES, np.array([[[response(dose)] for dose in DOSES]]))


def falling(half: float) -> Course:
    return series(lambda dose: 5 / (1 + dose / half))


def rising(half: float, hill: float) -> Course:
    return series(lambda dose: 2 + 7 * dose**hill / (half**hill + dose**hill))


UP, HALF = course([1.0, 4.0, 3.0, 2.0]), course([1.0, 2.0, 2.0, 1.0])
EXPONENTIAL = course((8 * 0.5 ** (MINUTES / 20)).tolist())
SLOWER = course((3 * 0.5 ** (MINUTES / 50)).tolist())

KNOWN = {
    "value": (UP, None, 1.0),
    "ratio": (course([6.0]), course([4.0]), 1.5),
    "difference": (course([6.0]), course([4.0]), 2.0),
    "log2_ratio": (course([1.0]), course([8.0]), -3.0),
    "late_over_early": (course([5.0, 2.0]), course([1.0, 1.0]), 0.25),
    "late_over_early_ratio": (course([2.0, 3.0]), course([4.0, 3.0]), 2.0),
    "late_over_peak": (UP, None, 0.5),
    "peak": (UP, None, 4.0),
    "peak_ratio": (UP, HALF, 2.0),
    "peak_minutes": (UP, None, 10.0),
    "peak_delay": (course([0.0, 1.0, 5.0, 2.0]), UP, 20.0),
    "lowest_ratio": (UP, HALF, 1.0),
    "highest_ratio": (UP, HALF, 2.0),
    "rise_after_dip": (UP, HALF, 2.0),
    "auc": (UP, None, (25 + 70 + 75) / 60),
    "auc_ratio": (UP, HALF, 170 / 100),
    "half_life": (EXPONENTIAL, None, 20.0),
    "half_life_ratio": (SLOWER, EXPONENTIAL, 2.5),
    "ic50": (falling(20.0), None, 20.0),
    "ic50_ratio": (falling(60.0), falling(4.0), 15.0),
    "ec50": (rising(9.0, 1.4), None, 9.0),
    "hill": (rising(17.0, 1.4), None, 1.4),
}


def test_every_statistic_has_a_known_answer():
    assert set(KNOWN) == set(STATISTICS)


@pytest.mark.parametrize(("name", "known"), KNOWN.items(), ids=KNOWN)
def test_it_gives_the_known_answer(name, known):
    arm, reference, answer = known
    assert STATISTICS[name].compute(arm, reference) == pytest.approx([answer], rel=2e-3)


def test_draws_are_taken_apart():
    found = STATISTICS["peak_minutes"].compute(course([1.0, 4.0, 3.0, 2.0], [1.0, 2.0, 3.0, 5.0]), None)
    assert found.tolist() == [10.0, 60.0]


@pytest.mark.parametrize(("half", "expected"), [(0.01, 0.0), (1e9, np.inf)])
def test_an_ic50_beyond_the_doses_is_zero_or_infinite(half, expected):
    assert STATISTICS["ic50"].compute(falling(half), None) == expected


@pytest.mark.parametrize("half", [0.01, 1e9])
def test_a_ratio_to_an_ic50_beyond_the_doses_is_no_number(half):
    assert np.isnan(STATISTICS["ic50_ratio"].compute(falling(20.0), falling(half)))


def test_a_half_life_without_fall_is_infinite():
    assert STATISTICS["half_life"].compute(course([1.0, 2.0]), None) == np.inf
