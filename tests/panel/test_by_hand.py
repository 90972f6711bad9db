"""What checks, contrasts and verdicts make of numbers that were written down by hand: no network runs here."""

import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from screen.errors import PanelError
from screen.experiments import Arm, Draws, Exposure
from screen.panel import (
    STATISTICS,
    Bench,
    Check,
    Course,
    Fact,
    Finding,
    check_completed,
    find,
    summarise,
    validation_table,
    verdict,
)
from screen.panel.courses import Seen, _contrast_rows, _over, _rows
from screen.panel.dynamics import dynamics, dynamics_rows
from screen.panel.grammar import parse_arm, parse_minutes, parse_settings
from screen.panel.planned import Planned, Wanted
from screen.panel.run import _Progress
from screen.panel.schedule import MOST_STEPS, Schedule
from screen.simulate import Observed, Resting

ARM = Arm("hepg2")
CHECK = Check("F1", "a", "", "it is there", ARM, None, "x", "x", (20.0,), "value", 2.0, 3.0)
NAN = math.nan


class Read(Bench):
    """One arm, of which y and x were read at two times, the second asked for."""

    def __init__(self):
        self.names = ("y", "x")

    def course_places(self, asked, template):
        return [0], np.array([[1]])


def test_bounds_of_a_check_count_as_within_and_what_failed_does_not_pass():
    """Draws of 2, 3, just outside, none and infinity."""
    read = np.array([2.0, 3.0, 1.999, 3.001, NAN, math.inf])
    traces = [np.stack([np.full((6, 2), 9.0), np.stack([np.full(6, 7.0), read], axis=1)], axis=2)]
    (found,) = find(Read(), [CHECK], traces)
    assert found.passed.tolist() == [True, True, False, False, False, False]
    assert found.failed.tolist() == [False] * 4 + [True] * 2
    assert found.values[:4].tolist() == [2.0, 3.0, 1.999, 3.001] and np.isnan(found.values[4:]).all()


def facts(*tiers):
    return [
        Fact(f"F{at}", tier, "", "who", "where", "read", (replace(CHECK, fact=f"F{at}"),))
        for at, tier in enumerate(tiers)
    ]


def finding(fact, passed, failed=None):
    """Of ten draws so many pass and so many are lost."""
    lost = np.arange(10) >= 10 - (failed or 0)
    return Finding(fact.checks[0], np.where(lost, NAN, np.arange(10.0)), np.arange(10) < passed, lost)


def test_a_fact_passes_from_eight_draws_of_ten_on():
    every = facts("gate", "gate", "score", "score", "input")
    found = [finding(fact, passed) for fact, passed in zip(every, (8, 7, 10, 9, 2), strict=True)]
    table = validation_table(every, found)
    assert table["fact_passes"].to_list() == [True, False, True, True, False]
    assert table["probability"].to_list() == pytest.approx([0.8, 0.7, 1.0, 0.9, 0.2])
    assert summarise(table) == {
        "gates": {"passed": 1, "of": 2, "failing": {"F1": 0.7}},
        "scores": {"passed": 2, "of": 2, "failing": {}},
        "contested": {"passed": 0, "of": 0, "failing": {}},
    }
    said = verdict(table)
    assert said.startswith(
        "1 of 2 gates, 2 of 2 scores, 0 of 1 inputs hold with probability 0.8 or more under 10 draws"
    )
    assert said.endswith("gates that do not: F1")
    (row,) = validation_table(every[:1], [finding(every[0], 8, failed=1)]).to_dicts()
    assert (row["p05"], row["p50"], row["p95"], row["failed"], row["draws"]) == (0.0, 4.0, 8.0, 1, 10)
    assert (row["low"], row["high"]) == (2.0, 3.0)
    bare = replace(every[0], checks=(replace(every[0].checks[0], high=math.inf),))
    open_end = validation_table([bare], [finding(bare, 10)])
    assert open_end["high"].to_list() == [None] and verdict(open_end).endswith("under 10 draws")


def test_each_reading_of_a_contested_fact_must_hold():
    """One in all draws, the other in seven of ten: the fact has the lesser probability."""
    checks = tuple(replace(CHECK, name=side, side=side) for side in ("left", "right"))
    fact = Fact("F1", "contested", "", "who", "where", "read", checks)
    found = [
        Finding(check, np.arange(10.0), np.arange(10) < passed, np.zeros(10, bool))
        for check, passed in zip(checks, (10, 7), strict=True)
    ]
    table = validation_table([fact], found)
    assert table["fact_probability"].to_list() == [1.0, 0.7] and not table["fact_passes"].any()
    assert summarise(table)["contested"] == {"passed": 0, "of": 1, "failing": {"F1": 0.7}}


def seen(values, status=("ok", "ok"), failed=(False, False)):
    """Two draws, one dose, one read-out; values [draws, minutes]."""
    return Seen(np.array(values)[:, None, None], np.array(status)[:, None], np.array(failed)[:, None])


PLANNED = Planned("mine", "row 2", Wanted(ARM, ("x",), (5.0, 9.0)), "wild", Wanted(ARM, ("x",), (5.0, 9.0)))


def test_a_contrast_is_taken_draw_by_draw_and_has_none_without_a_reference():
    """Twice and half of the reference; nothing over nothing; a draw whose reference failed, for its reason."""
    ratio = _over(
        seen([[4.0, 1.0], [3.0, NAN]], ("ok", "max_steps"), (False, True)),
        seen([[2.0, 0.0], [6.0, 2.0]], ("rest", "other"), (True, False)),
    )
    assert ratio.values[:, 0, 0, 0].tolist() == [2.0, 0.5] and np.isnan(ratio.values[:, 0, 0, 1]).all()
    assert ratio.failed[:, 0].tolist() == [True, True] and ratio.status[:, 0].tolist() == [
        "rest",
        "max_steps",
    ]
    first, second = _contrast_rows(PLANNED, ratio)
    assert first == (
        "mine",
        "hepg2",
        None,
        "wild",
        "x",
        5.0,
        0.5,
        0.5,
        2.0,
        -1.0,
        -1.0,
        1.0,
        2,
        2,
        "max_steps+rest",
    )
    assert second[5:] == (9.0, *[None] * 6, 0, 2, "max_steps+rest")
    gone = _over(seen([[0.0, 1.0]] * 2), seen([[1.0, 1.0]] * 2))
    assert next(iter(_contrast_rows(PLANNED, gone)))[6:] == (0.0, 0.0, 0.0, None, None, None, 2, 0, "ok")


def test_a_row_is_there_of_each_dose_and_counts_the_draws_with_a_number():
    arm = replace(ARM, treatment=Exposure((("drug", 1.0),), ("drug", (10.0,))))
    planned = replace(PLANNED, arm=Wanted(arm, ("x",), (5.0,)))
    values = np.array([[[[1.0]], [[NAN]]], [[[3.0]], [[5.0]]]])
    given = Seen(values, np.array([["ok", "slow"], ["ok", "ok"]]), np.array([[False, True], [False, False]]))
    rows = list(_rows(planned, (), given, ((values[0] + 10.0)[None],)))
    assert rows == [
        ("mine", "hepg2", 0.0, "x", 5.0, 11.0, 2, 0, "ok"),
        ("mine", "hepg2", 10.0, "x", 5.0, None, 1, 1, "slow"),
    ]


MINUTES = np.array([0.0, 10.0, 20.0, 30.0])


def test_what_does_nothing_has_no_time_but_an_effect_and_no_rebound():
    found = dynamics(MINUTES, np.array([[1.0, 1.0, 1.0009, 1.0], [1.0, 1.0, 1.002, 1.0]]))
    assert np.isnan(found[:, 0]).tolist() == [False, True, True, False]
    assert found[:, 1] == pytest.approx([-0.002, 15.0, 10.0, 0.0])


def test_three_times_are_enough_for_dynamics_and_two_are_not():
    """Effects of 0, 0.4 and 0.8 in one draw, of 0, 0.2 and 0.2 in the other."""
    wanted = Wanted(ARM, ("x",), (0.0, 10.0, 20.0))
    planned = replace(PLANNED, arm=wanted)
    ratio = 1.0 - np.array([[0.0, 0.4, 0.8], [0.0, 0.2, 0.2]])[:, None, None]
    (row,) = dynamics_rows(planned, ratio)
    assert row[:5] == ("mine", "hepg2", None, "wild", "x") and row[-1] == 2
    assert row[5:17] == pytest.approx((0.2, 0.2, 0.8, 5.0, 5.0, 10.0, 10.0, 10.0, 15.0, 0.0, 0.0, 0.0))
    assert not list(dynamics_rows(replace(PLANNED, arm=replace(wanted, minutes=(0.0, 10.0))), ratio[..., :2]))
    ((*_, counted),) = dynamics_rows(planned, np.where(np.arange(2)[:, None, None, None] == 1, np.nan, ratio))
    assert counted == 1


DOSES = np.array([0.0, 1.0, 3.0, 10.0, 30.0, 100.0, 1e6])


def of_doses(*responses):
    return Course(np.zeros(1), DOSES, np.array(responses)[None, :, None])


def test_a_hill_coefficient_is_log_81_over_the_doses_that_give_10_and_90_percent():
    """A rise that is no Hill curve: a tenth at 3, nine tenths at 30, whatever lies between and beyond."""
    found = STATISTICS["hill"].compute(of_doses(2.0, 2.01, 3.0, 4.0, 11.0, 11.9, 12.0), None)
    assert found == pytest.approx([math.log(81.0) / math.log(10.0)])


@pytest.mark.parametrize("half", [1.5, 9.0, 99.0])
def test_half_between_any_two_doses_is_found_on_the_line_of_log_odds(half):
    falling = of_doses(*(1.0 / (1.0 + dose / half) for dose in DOSES))
    assert STATISTICS["ic50"].compute(falling, None) == pytest.approx([half])


@pytest.mark.parametrize(
    ("left", "dose"), [([0.5, 0.4, 0.3], 0.0), ([0.9, 0.7, 0.5], 10.0), ([0.9, 0.5, 0.2], 3.0)]
)
def test_a_half_at_a_dose_itself_is_at_the_last_but_below_the_first(left, dose):
    course = Course(np.zeros(1), np.array([0.0, 1.0, 3.0, 10.0]), np.array([1.0, *left])[None, :, None])
    assert STATISTICS["ic50"].compute(course, None) == pytest.approx([dose])


def test_repeated_doses_with_a_half_life_add_up_to_what_each_leaves():
    """From minute 5 on every 50, with a half-life of 20: so much of each as it is there until minute 200."""
    steps = Schedule(5.0, every=50.0, half_life=20.0).steps(200.0)
    begins = [minute for minute, _ in steps]
    assert (
        begins[0] == 5.0
        and np.diff(begins[:20]) == pytest.approx(2.5)
        and {5.0, 55.0, 105.0, 155.0} <= set(begins)
    )
    ends = [*begins[1:], 200.0]
    total = sum(share * (end - begin) for (begin, share), end in zip(steps, ends, strict=True))
    loss = math.log(2.0) / 20.0
    assert total == pytest.approx(
        sum((1 - math.exp(-loss * (200.0 - at))) / loss for at in (5.0, 55.0, 105.0, 155.0))
    )


def test_pulses_come_from_their_start_on_and_a_dose_until_a_minute_is_gone_then():
    assert Schedule(7.0, 9.0, every=10.0).steps(30.0) == [
        (7.0, 1.0), (9.0, 0.0), (17.0, 1.0), (19.0, 0.0), (27.0, 1.0), (29.0, 0.0),
    ]  # fmt: skip
    steps = Schedule(0.0, until=30.0, every=20.0, half_life=10.0).steps(100.0)
    assert steps[-1] == (30.0, 0.0) and {0.0, 20.0} <= {minute for minute, _ in steps}
    loss = math.log(2.0) / 10.0
    ends = [minute for minute, _ in steps[1:]]
    total = sum(share * (end - begin) for (begin, share), end in zip(steps, ends, strict=False))
    assert total == pytest.approx(sum((1 - math.exp(-loss * length)) / loss for length in (30.0, 10.0)))


@pytest.mark.parametrize(
    ("schedule", "last", "most"),
    [
        (Schedule(), 1e9, 0.0),
        (Schedule(10.0), 100.0, 2.0),
        (Schedule(10.0, 15.0, every=30.0), 100.0, 2 * (90 / 30 + 1)),
        (Schedule(10.0, half_life=20.0), 100.0, 90 / 20 * 8 + 2),
        (Schedule(10.0, every=30.0, half_life=20.0), 100.0, 4 * (30 / 20 * 8 + 2)),
        (Schedule(200.0, every=30.0, half_life=20.0), 100.0, 2.0),
    ],
)
def test_steps_are_counted_before_they_are_made(schedule, last, most):
    assert schedule.most_steps(last) == pytest.approx(most)


@pytest.mark.parametrize("times", [MOST_STEPS // 2 - 1, MOST_STEPS // 2])
def test_as_many_steps_as_are_allowed_are_laid_out(times):
    _, problems = parse_settings("a=1:from=0:until=0.5:every=1", float(times))
    assert bool(problems) == (2 * (times + 1) > MOST_STEPS)
    assert all("at most 400 steps, found 402" in problem for problem in problems)


def test_schedules_that_fit_together_have_no_problem_and_a_pulse_may_last_until_the_next():
    assert not Schedule(0.0, 5.0, every=5.0).problems and not Schedule(3.0, half_life=2.0).problems
    assert not Schedule(7.0, 11.0, every=5.0).problems and not Schedule(7.0, 9.0, every=10.0).problems
    assert Schedule(5.0, 5.0).problems == ["must end after its start, found until=5"]
    assert Schedule(0.0, half_life=0.0).problems == ["must have half_life above 0, found 0"]


@pytest.mark.parametrize(
    ("text", "first", "count"), [("0 20", 0.0, 2), ("0", 0.0, 1), ("0-60", 0.0, 49), ("5", 5.0, 1)]
)
def test_minute_0_can_be_read(text, first, count):
    minutes, problems = parse_minutes(text)
    assert not problems and (minutes[0], len(minutes)) == (first, count)


@pytest.mark.parametrize("text", ["20 20", "-5 3", "-1", "20-20", "30-10", "-5-10", "x", "", "nan", "1 inf"])
def test_minutes_that_do_not_rise_from_0_on_are_refused_and_nothing_is_laid_out(text):
    minutes, problems = parse_minutes(text)
    assert len(problems) == 1 and minutes == (0.0,)


@pytest.mark.parametrize(
    ("cell", "accepted"),
    [("a=0", True), ("a=0,1", False), ("a=1,1", False), ("a=1,2", True), ("a=1,2 b=1,2", False), ("a=-1", False),
     ("=1", False), ("a", False), ("none", True), ("", True), ("until=5,6", False), ("until=5", True),
     ("a=1:from=5 a=2:from=9", True), ("a=1,2:from=5 a=1:from=9", False), ("a=1:from=5 a=1,2:from=9", False),
     ("a=-1,1", False)],
)  # fmt: skip
def test_cells_that_hold_settings_and_those_that_do_not(cell, accepted):
    assert (not parse_settings(cell, 60.0)[1]) == accepted


def test_progress_of_a_panel_tells_what_is_left_every_two_seconds(monkeypatch):
    """4 of 25 arms after 1.9 s say nothing; 10 after 2 s need 3 s more; the last are told at once."""
    clock, lines = iter([100.0, 101.9, 102.0, 103.9, 103.95]), []
    monkeypatch.setattr("screen.panel.run.time", SimpleNamespace(monotonic=lambda: next(clock)))
    progress = _Progress(25, 8, lines.append)
    for arms, failed in ((4, 1), (10, 2), (24, 3), (25, 4)):
        progress.done(arms, failed)
    assert lines == [
        "10 of 25 arms x 8 draws, 3 s left, 2 lanes failed",
        "25 of 25 arms x 8 draws, 0 s left, 4 lanes failed",
    ]


def test_arms_that_run_together_begin_from_their_own_rest_and_keep_their_own_times():
    """Arm 0 rests in row 1 and is read once, arm 1 in row 0 and three times; a lane gives 100 times its rest + time."""

    class Run:
        """A cell rests at ten times its row and the draw; draw 1 of arm 0 and both of arm 1 fail."""

        def rest(self, draws, row, under):
            return Resting((10.0 * row + under)[:, None], np.full(len(row), "ok"), row)

        def __call__(self, draws, arm, draw, times, resting):
            values = times[..., None] + 100 * resting.states[:, None]
            return Observed(values, np.where(arm + draw > 0, "max_steps", "ok"), 2 * arm + draw)

    bench = SimpleNamespace(
        minutes=[np.array([5.0]), np.array([1.0, 2.0, 3.0])],
        design=SimpleNamespace(rest=np.array([1, 0])),
        runner=Run(),
        _groups=lambda count: [np.array([0, 1])],
    )
    said: list[str] = []
    draws = Draws(np.arange(2), np.zeros((2, 1)), np.zeros((2, 1, 1)))
    first, second = Bench.run(bench, draws, said.append)
    assert first.values[..., 0].tolist() == [[1005.0], [1105.0]]
    assert second.values[..., 0].tolist() == [[1.0, 2.0, 3.0], [101.0, 102.0, 103.0]]
    assert (first.steps.tolist(), second.steps.tolist()) == ([0, 1], [2, 3])
    assert (first.failed.tolist(), second.failed.tolist()) == ([False, True], [True, True])
    assert said == [
        "2 cells at rest in 2 draws",
        "2 of 2 arms x 2 draws, 0 s left, 3 lanes failed",
    ]


@pytest.mark.parametrize(
    ("lengths", "phases", "width", "groups"),
    [
        ([4, 1, 5, 9], 2, 64, [[0, 1], [2, 3]]),
        ([4, 1, 2, 4, 1], 2, 12, [[0, 1, 2], [3, 4]]),  # three arms of four draws at a time
        ([5, 5], 2, 1, [[0], [1]]),  # an arm is never cut
        ([1, 1, 1], 4096, 64, [[0, 1], [2]]),  # 8 lanes of 4096 phases are 32 768 numbers
        ([16384, 5, 5], 2, 64, [[0], [1], [2]]),  # as many of 16 384 times would be two lanes
    ],
)
def test_arms_run_together_as_many_as_fit(lengths, phases, width, groups):
    bench = SimpleNamespace(
        minutes=[np.zeros(count) for count in lengths],
        design=SimpleNamespace(start=np.zeros((len(lengths), phases))),
        integration=SimpleNamespace(width=width),
    )
    assert [group.tolist() for group in Bench._groups(bench, 4)] == groups


def test_a_course_that_begins_near_its_largest_effect_is_there_all_the_time():
    """Three quarters, all and three quarters of it after nothing: half of it is there from 20/3 minutes on."""
    found = dynamics(
        MINUTES, np.array([[1.0, 0.25, 0.0, 0.25], [1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 0.9985, 1.0]])
    )
    assert found[:, 0] == pytest.approx([1.0, 20 / 3, 10 / 3 + 20, 0.0])
    assert found[[0, 3], 1].tolist() == [0.0, 0.0] and np.isnan(found[1:3, 1]).all()
    assert found[:, 2] == pytest.approx([0.0015, 15.0, 10.0, 0.0])


def test_exactly_half_counts_as_there():
    """From minute 10 on half of the effect, from 30 on all."""
    found = dynamics(MINUTES, np.array([[1.0, 0.5, 0.5, 0.0]]))
    assert found[:, 0].tolist() == [1.0, 10.0, 20.0, 0.0]


def test_each_dose_has_its_dynamics_and_a_draw_that_does_nothing_counts():
    arm = replace(ARM, treatment=Exposure((("drug", 1.0),), ("drug", (10.0,))))
    planned = replace(PLANNED, arm=Wanted(arm, ("x",), (0.0, 10.0, 20.0)))
    ratio = np.array([[[1.0, 1.0, 1.0], [1.0, 0.5, 0.0]], [[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]])[:, :, None]
    none, some = dynamics_rows(planned, ratio)
    assert (none[2], none[5:8], none[8], none[-1]) == (0.0, (0.0, 0.0, 0.0), None, 2)
    assert (some[2], some[5:8], some[8:11], some[-1]) == (10.0, (0.0, 0.0, 1.0), (10.0, 10.0, 10.0), 2)


@pytest.mark.parametrize(
    ("draws", "failed", "lost"), [([0, 0], [3, 3], True), ([0, 0], [0, 3], False), ([1, 0], [2, 3], False)]
)
def test_an_arm_is_lost_where_every_draw_of_every_row_failed(draws, failed, lost):
    """No number is no failure, and one trajectory is enough."""
    courses = pl.DataFrame({"arm": ["mine"] * 2, "draws": draws, "failed": failed, "status": ["b+c", "a+b"]})
    if not lost:
        check_completed([PLANNED], courses)
        return
    with pytest.raises(PanelError, match=r"row 2: at least one .* of arm mine .*, found none \(a, b, c\)"):
        check_completed([PLANNED], courses)


@pytest.mark.parametrize(
    ("cell", "then"),
    [
        ("a=5:until=9", [(9.0, ())]),
        ("a=0:until=9", [(9.0, ())]),
        ("a=5:from=0", [(0.0, (("a", 5.0),))]),
        ("a=4:from=3:until=9", [(3.0, (("a", 4.0),)), (9.0, ())]),
    ],
)
def test_what_has_ended_is_not_there(cell, then):
    found, problems = parse_settings(cell, 60.0)
    assert not problems and list(found.later) == then


def test_a_dose_with_a_half_life_is_a_share_of_it():
    """Of 4 with a half-life of 8 min the mean over the first minute, and half of that 8 min later."""
    found, _ = parse_settings("a=4:from=0:half_life=8", 16.0)
    first = 4 * (1 - 2 ** (-1 / 8)) / (math.log(2) / 8)
    assert [minute for minute, _ in found.later] == list(range(16))
    levels = [values[0][1] for _, values in found.later]
    assert (levels[0], levels[8]) == (pytest.approx(first), pytest.approx(first / 2))


def test_a_stimulus_comes_at_minute_0_at_the_earliest():
    row = {"context": "hepg2", "hypothesis": "", "genotype": "", "treatment": "", "pretreatment": None}
    for cell, problems in (
        ("a=1:from=0", []),
        ("a=1:from=0.5 b=1:from=5", []),
        ("a=1:from=-0.5 b=1:from=5", ["`stimulus` must be given from minute 0 on, found a minute before"]),
    ):
        assert parse_arm(row | {"stimulus": cell}, 60.0)[1] == problems


def test_steps_end_with_what_is_read_and_not_before():
    """A last dose at the last minute has one eighth of a half-life; a dose after it is there, and once."""
    begins = [minute for minute, _ in Schedule(0.0, every=50.0, half_life=20.0).steps(100.0)]
    assert begins == pytest.approx(np.arange(0.0, 100.1, 2.5))
    ((begin, share),) = Schedule(200.0, every=30.0, half_life=20.0).steps(100.0)
    assert (begin, share) == (200.0, pytest.approx((1 - 2 ** (-1 / 8)) / (math.log(2) / 8)))
    assert Schedule(200.0, 210.0, every=30.0).steps(100.0) == [(200.0, 1.0), (210.0, 0.0)]


def test_the_last_step_is_as_long_as_the_others_whatever_is_read_of_it():
    cut, whole = (Schedule(0.0, half_life=40.0).steps(last) for last in (119.0, 120.0))
    assert len(cut) == 24 and np.array(cut) == pytest.approx(np.array(whole))


def test_a_half_life_that_has_no_binary_digits_makes_no_further_step():
    """0.9 over 0.3 is a little more than 3."""
    steps = Schedule(0.0, until=0.9, half_life=0.3).steps(10.0)
    assert len(steps) == 25 and steps[-1] == (0.9, 0.0)
    assert [minute for minute, _ in steps[:-1]] == pytest.approx(np.arange(24) * 0.3 / 8)


def test_the_probability_of_a_fact_that_fails_is_told_to_three_digits():
    (fact,) = facts("gate")
    passed = np.arange(3) < 2
    table = validation_table([fact], [Finding(fact.checks[0], np.arange(3.0), passed, np.zeros(3, bool))])
    assert summarise(table)["gates"]["failing"] == {"F0": 0.667}


LOW = np.array([0.0, 0.1, 0.3, 1.0, 3.0, 10.0, 1e4])


@pytest.mark.parametrize(
    ("responses", "hill"),
    [
        ([0.0, 1.0, 5.0, 9.0, 9.5, 9.9, 10.0], math.nan),  # a tenth is there below the doses that are read
        ([0.0, 0.5, 1.0, 2.0, 5.0, 8.0, 10.0], math.nan),  # nine tenths are not there above them
        ([0.0, 0.5, 1.0, 9.0, 9.5, 9.9, 10.0], math.log(81.0) / math.log(1.0 / 0.3)),
    ],
)
def test_a_hill_coefficient_needs_both_doses_whether_above_1_or_below(responses, hill):
    course = Course(np.zeros(1), LOW, np.array(responses)[None, :, None])
    with np.errstate(divide="ignore", invalid="ignore"):
        found = STATISTICS["hill"].compute(course, None)
    assert found == pytest.approx([hill], nan_ok=True)


def test_a_half_life_below_one_minute_is_one_to_compare_with():
    """Of half a minute, and of one."""
    minutes = np.array([0.0, 0.5, 1.0])
    slow, fast = (
        Course(minutes, np.zeros(1), np.array([[left]])) for left in ([1.0, 0.7, 0.5], [1.0, 0.5, 0.25])
    )
    assert STATISTICS["half_life_ratio"].compute(slow, fast) == pytest.approx([2.0])
