"""Schedules against closed forms, and how a cell of a table says them."""

import math

import numpy as np
import pytest

from screen.experiments import Exposure
from screen.panel.grammar import parse_settings
from screen.panel.schedule import A_HALF_LIFE, MOST_STEPS, Schedule

INF = math.inf


def area(steps: list[tuple[float, float]], last: float) -> float:
    """Share times minutes."""
    ends = [*(minute for minute, _ in steps[1:]), last]
    return sum(share * (end - begin) for (begin, share), end in zip(steps, ends, strict=True))


def test_without_a_word_a_dose_is_there_from_the_start_on():
    assert Schedule().steps(100.0) == [(-INF, 1.0)]


def test_a_dose_begins_and_ends():
    assert Schedule(30.0, 90.0).steps(100.0) == [(30.0, 1.0), (90.0, 0.0)]


def test_pulses_come_again_up_to_the_last_minute_that_is_read():
    found = Schedule(0.0, 10.0, every=60.0).steps(130.0)
    assert found == [(0.0, 1.0), (10.0, 0.0), (60.0, 1.0), (70.0, 0.0), (120.0, 1.0), (130.0, 0.0)]


def test_a_dose_with_a_half_life_falls_to_half_in_each():
    half_life, last = 40.0, 120.0
    steps = Schedule(0.0, half_life=half_life).steps(last)
    shares = np.array([share for _, share in steps])
    np.testing.assert_allclose(shares[A_HALF_LIFE:], shares[:-A_HALF_LIFE] / 2, rtol=1e-12)
    known = half_life / math.log(2) * (1 - 2 ** (-last / half_life))
    assert area(steps, last) == pytest.approx(known, rel=1e-12)


def test_what_is_left_of_repeated_doses_adds_up_to_the_steady_state():
    """Peak 1 / (1 - 2^(-every / half-life)), as for any first-order loss."""
    every, half_life = 120.0, 60.0
    steps = Schedule(0.0, every=every, half_life=half_life).steps(20 * every)
    last = [share for minute, share in steps if 18 * every <= minute < 19 * every]
    mean = half_life / math.log(2) / every
    assert np.mean(last) == pytest.approx(mean, rel=1e-4)
    first_step = (1 - 2 ** (-1 / A_HALF_LIFE)) / (math.log(2) / A_HALF_LIFE)
    assert last[0] == pytest.approx(first_step / (1 - 2 ** (-every / half_life)), rel=1e-4)


@pytest.mark.parametrize("half_life", [1e-15, 1e-320])
def test_a_step_that_rounding_takes_away_holds_what_is_left_then(half_life):
    assert Schedule(240.0, half_life=half_life).steps(240.0) == [(240.0, 1.0)]


def test_steps_of_which_rounding_takes_some_away_add_up_still():
    start, half_life = 1e5, 1e-11
    last = start + 4 * half_life
    steps = Schedule(start, half_life=half_life).steps(last)
    assert all(0 <= share <= 1 for _, share in steps)
    assert area(steps, last) == pytest.approx(
        half_life / math.log(2) * (1 - 2 ** ((start - last) / half_life))
    )


def test_names_may_hold_blanks():
    found, problems = parse_settings(
        "my nib=3 context a=1 the other nib (2)=4:from=9 until=60", 60.0, {"my nib": "nM"}
    )
    assert not problems and found.own and found.until == 60.0
    assert found.values == (("a", 1.0), ("my nib", 3.0))
    assert found.later == ((9.0, (("a", 1.0), ("my nib", 3.0), ("the other nib (2)", 4.0))),)
    assert parse_settings("a=1,2 my nib=3,4", 60.0)[1] == [
        "must have at most one series, of rising doses above 0, found my nib=3,4"
    ]
    assert parse_settings("a=1 my nib", 60.0)[1] == [
        f"must be name=value with numbers of at least 0, found {word}" for word in ("my", "nib")
    ]


def test_a_wash_out_takes_what_is_left_away():
    steps = Schedule(0.0, until=50.0, half_life=100.0).steps(200.0)
    assert steps[-1] == (50.0, 0.0) and steps[-2][1] > 0.7


@pytest.mark.parametrize(
    "schedule",
    [
        Schedule(30.0, 90.0),
        Schedule(0.0, 10.0, every=60.0),
        Schedule(5.0, every=50.0, half_life=20.0),
        Schedule(),
    ],
)
def test_no_more_steps_than_counted(schedule):
    assert (
        len(schedule.steps(500.0)) <= max(1, schedule.most_steps(500.0)) <= 2 * len(schedule.steps(500.0)) + 2
    )


@pytest.mark.parametrize(
    ("schedule", "problem"),
    [
        (Schedule(10.0, 5.0), "must end after its start"),
        (Schedule(0.0, every=0.0, half_life=1.0), "must have every above 0"),
        (Schedule(half_life=5.0), "must say `from` which minute"),
        (Schedule(0.0, every=5.0), "must end (`until`) before it is given again"),
        (Schedule(0.0, 9.0, every=5.0), "must end (`until`) before it is given again"),
    ],
)
def test_what_does_not_fit_together_is_refused(schedule, problem):
    assert problem in schedule.problems[0]


def test_doses_of_one_name_add_up_and_a_series_is_a_share():
    found, problems = parse_settings("a=5 a=2:from=10:until=30 drug=1,10:from=20", 60.0)
    assert not problems
    later = ((10.0, (("a", 7.0),)), (20.0, (("a", 7.0), ("drug", 1.0))), (30.0, (("a", 5.0), ("drug", 1.0))))
    assert found == Exposure((("a", 5.0),), ("drug", (1.0, 10.0)), later=later)
    assert found.at(10.0).when(25.0) == (("a", 7.0), ("drug", 10.0))
    assert found.at(0.0).when(25.0) == (("a", 7.0),)


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        (
            "a=1:soon=5",
            "must say when by from, until, every, half_life, each once and with a minute, found soon=5",
        ),
        ("a=1:from=5:from=6", "each once and with a minute, found from=5"),
        ("a=1:from=x", "found from=x"),
        ("a=1:from=0:half_life=-1", "must have half_life above 0, found -1 in a=1:from=0:half_life=-1"),
        ("a=1 a=2", "must set a once"),
        ("until=5:from=3", "must have one minute for `until`"),
        ("a=1:from=0:every=1:half_life=1", f"must be given in at most {MOST_STEPS} steps, found 100010"),
        ("a=1:from=0:every=1e-200:half_life=1", f"must be given in at most {MOST_STEPS} steps, found 2e+204"),
        ("a=1:from=0:until=1e-310:every=1e-309", f"must be given in at most {MOST_STEPS} steps, found inf"),
    ],
)
def test_a_cell_that_says_no_schedule_is_refused(cell, problem):
    found, problems = parse_settings(cell, 10_000.0)
    assert problem in problems[0] and found is not None
