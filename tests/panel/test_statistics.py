"""Every statistic on curves of which the answer is known."""

import numpy as np
import pytest

from screen.panel import STATISTICS, Course
from screen.panel.statistics import quantiles

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


LATE = np.array([20.0, 30.0, 60.0])
FURTHER = {
    "a background that moves": ("late_over_early", course([5.0, 2.0]), course([1.0, 0.5]), 1.5 / 4.0),
    "no background": ("late_over_early", course([5.0, 2.0]), None, 0.4),
    "a window that begins late": ("auc", course([1.0, 4.0, 3.0], minutes=LATE), None, (25 + 105) / 40),
    "a fall that begins late": ("half_life", course([8.0, 4.0, 1.0], minutes=LATE), None, 40 / 3),
    "a dip before a rise": ("rise_after_dip", course([6.0, 1.0, 3.0]), course([2.0, 2.0, 1.5]), 4.0),
    "the lowest of ratios": ("lowest_ratio", course([6.0, 1.0, 3.0]), course([2.0, 2.0, 1.5]), 0.5),
    "the highest of ratios": ("highest_ratio", course([6.0, 1.0, 3.0]), course([2.0, 2.0, 1.5]), 3.0),
    "a reference that peaks elsewhere": ("peak_ratio", course([1.0, 9.0]), course([6.0, 2.0]), 1.5),
    "a reference that peaks later": ("peak_delay", UP, course([0.0, 1.0, 5.0, 2.0]), -20.0),
    "a last value over a peak": ("late_over_peak", course([2.0, 8.0, 6.0]), None, 0.75),
    "a steep rise": ("hill", rising(17.0, 2.2), None, 2.2),
    "an ec50 between doses": ("ec50", rising(45.0, 1.0), None, 45.0),
    "an ic50 between doses": ("ic50", falling(170.0), None, 170.0),
}


@pytest.mark.parametrize(("name", "arm", "reference", "answer"), FURTHER.values(), ids=FURTHER)
def test_it_gives_a_further_known_answer(name, arm, reference, answer):
    assert STATISTICS[name].compute(arm, reference) == pytest.approx([answer], rel=2e-3)


def test_a_peak_of_no_numbers_is_at_no_time_and_a_slope_that_doses_do_not_cover_is_none():
    assert np.isnan(STATISTICS["peak_minutes"].compute(course([1.0, np.nan, 3.0]), None)).all()
    assert np.isnan(STATISTICS["hill"].compute(rising(1.0, 0.3), None)).all()


def test_draws_are_taken_apart():
    found = STATISTICS["peak_minutes"].compute(course([1.0, 4.0, 3.0, 2.0], [1.0, 2.0, 3.0, 5.0]), None)
    assert found.tolist() == [10.0, 60.0]


@pytest.mark.parametrize(("half", "expected"), [(0.01, 0.0), (1e9, np.inf)])
def test_an_ic50_beyond_the_doses_is_zero_or_infinite(half, expected):
    assert STATISTICS["ic50"].compute(falling(half), None) == expected


def test_a_drug_that_does_nothing_at_a_dose_and_all_at_the_next_halves_between_them():
    step = series(lambda dose: 5.0 if dose < 20 else 0.0)
    assert STATISTICS["ic50"].compute(step, None) == pytest.approx(np.sqrt(10 * 30))


def test_quantiles_are_draws_and_those_without_a_number_are_left_out():
    """Of 0 ... 40 the draws 2, 20 and 38; the other column has the draws 1, 2 and no number."""
    found = quantiles(
        np.array([[place, place if place in (1, 2) else np.nan] for place in range(40, -1, -1)])
    )
    assert found.tolist() == [[2.0, 1.0], [20.0, 1.0], [38.0, 2.0]]
    assert np.isnan(quantiles(np.full((3, 1), np.nan))).all()


@pytest.mark.parametrize("half", [0.01, 1e9])
def test_a_ratio_to_an_ic50_beyond_the_doses_is_no_number(half):
    assert np.isnan(STATISTICS["ic50_ratio"].compute(falling(20.0), falling(half)))


def test_a_half_life_without_fall_is_infinite():
    assert STATISTICS["half_life"].compute(course([1.0, 2.0]), None) == np.inf
