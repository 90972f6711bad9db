"""Readings as draws predict them, effects and goals of a held-out task, and intervals that hold: each by hand."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from screen.calibration.priors import Prior
from screen.experiments import Arm, Exposure
from screen.fit import make_predictor
from screen.judge.coverage import (
    Replica,
    _first_of_each,
    _holds,
    independent_cases,
    share_interval,
    tabulate_coverage,
)
from screen.judge.effects import Effect
from screen.judge.heldout import _arm, _judge, _predict, _score, _signal, _start
from screen.judge.heldout_tasks import TASKS, Task
from screen.judge.predicted import as_log10, with_noise
from screen.judge.scores import WITHIN_NOISE
from screen.sources import Condition, Reading

LN10 = np.log(10.0)


def seen(transformation, *rows, distribution="normal", degrees=np.nan):
    return SimpleNamespace(
        rows=np.array(rows), transformation=transformation, distribution=distribution, degrees=degrees
    )


def test_predictions_are_turned_into_decades_with_their_noise():
    """100 with a sigma of 10 is 2 with 0.1/ln 10; ln 100 with 0.5 is 2 with 0.5/ln 10; a decade stays."""
    problem = SimpleNamespace(observables=(seen("lin", 0, 3), seen("log", 1), seen("log10", 2)))
    drawn = SimpleNamespace(
        compared=np.array([[100.0, np.log(100.0), 2.0, 0.0]]), sigma=np.array([[10.0, 0.5, 0.3, 1.0]])
    )
    log10, sigma = as_log10(problem, drawn)
    assert log10[0, :3] == pytest.approx([2.0, 2.0, 2.0]) and np.isfinite(log10[0, 3])
    assert sigma[0, :3] == pytest.approx([0.1 / LN10, 0.5 / LN10, 0.3])


def test_noise_is_drawn_around_each_draw_with_the_sigma_of_each_reading():
    """Two draws 100 apart, sixteen times each; normal noise, and Student's t of the other reading."""
    problem = SimpleNamespace(
        observables=(seen("log10", 1), seen("log10", 0, distribution="student", degrees=5.0))
    )
    log10 = np.tile([[0.0, 0.0], [100.0, 100.0]], (400, 1))
    found = with_noise(problem, log10, np.tile([0.2, 0.5], (800, 1)), np.random.default_rng(1))
    assert found.shape == (800 * 16, 2)
    off = found - np.repeat(log10, 16, axis=0)
    assert off.std(axis=0) == pytest.approx([0.2 * np.sqrt(5 / 3), 0.5], rel=0.05)
    assert off.mean(axis=0) == pytest.approx([0.0, 0.0], abs=0.02)
    assert not with_noise(problem, log10, np.zeros((800, 2)), np.random.default_rng(1))[:16].any()


EFFECT = Effect(Condition("cell", blocked=("MEK",)), "obs", "b", 20.0, (1, 2), (0,), -1.5)


def test_an_effect_is_told_by_its_median_and_the_ends_of_its_interval():
    """Draws of log2 effects 0 ... 100; with noise twice as far."""
    steps = np.arange(101.0) * np.log10(2.0)
    log10 = np.stack([np.zeros(101), steps - 1.0, steps + 1.0], axis=1)
    found = _predict(EFFECT, log10, 2 * log10, np.array([0.3, 0.4, 0.0]))
    assert (found["predicted"], found["low"], found["high"]) == pytest.approx((50.0, 10.0, 190.0))
    assert found["noise"] == pytest.approx(np.log2(10.0) * np.hypot(0.3, 0.2))
    assert (found["observed"], found["minutes"], found["arm"]) == (-1.5, 20.0, "cell, MEK blocked")
    share = np.array([[0.1, 0.5, 0.7], [0.2, 0.1, 0.3], [0.3, 0.9, 0.7]])
    told = _signal(EFFECT, np.log10([[1.0, 4.0, 4.0], [1.0, 0.5, 0.5], [1.0, 8.0, 8.0]]), share)
    assert told == {"signal": pytest.approx(2.0), "seen": pytest.approx(0.6)}


@pytest.mark.parametrize("at_rest", [True, False])
def test_effects_without_a_stimulus_are_scored_with_the_others_or_apart(at_rest):
    """Off by 1 under the stimulus and by 3 without it; the first is beyond its noise, the second within."""
    problem = SimpleNamespace(observables=(seen("log10", 0, 1, 2, 3),))
    held = [
        Effect(Condition("cell", stimulus, blocked=("MEK",)), "obs", "b", 20.0, rows[:1], rows[1:], observed)
        for stimulus, rows, observed in (((("IL6_dose", 1.0),), (0, 1), 2.0), ((), (2, 3), -0.1))
    ]
    log10 = np.tile(np.log10([8.0, 1.0, 2.0**-3.1, 1.0]), (9, 1))
    drawn = SimpleNamespace(compared=log10, sigma=np.full((9, 4), 0.1))
    found = _score(Task("a", "s", (), bool, "", at_rest=at_rest), problem, held, [], drawn, 1)
    assert [each["is_scored"] for each in found["predictions"]] == [True, at_rest]
    assert (found["effects"], found["within_noise"]) == ((2, 1) if at_rest else (1, 0))
    assert found["model"]["rmse"] == pytest.approx(np.sqrt(5.0) if at_rest else 1.0)
    if at_rest:
        assert found["without_stimulus"] is None
    else:
        assert found["without_stimulus"]["model"]["rmse"] == pytest.approx(3.0)
        assert found["without_stimulus"]["baselines"]["no_effect"]["rmse"] == pytest.approx(0.1)


@pytest.mark.parametrize("sigma", [0.02, 0.3])
def test_an_effect_is_within_noise_up_to_so_many_of_its_own_sds(sigma):
    """Its sd is that of a difference of two readings; just within and just beyond, up and down."""
    ends = WITHIN_NOISE * sigma * np.sqrt(2) * np.log2(10)
    problem = SimpleNamespace(observables=(seen("log10", 0, 1),))
    arm = Condition("cell", (("IL6_dose", 1.0),), blocked=("MEK",))
    for share, within in ((0.99, 2), (1.01, 0)):
        held = [Effect(arm, "obs", "b", 20.0, (0,), (1,), way * share * ends) for way in (1, -1)]
        drawn = SimpleNamespace(compared=np.zeros((9, 2)), sigma=np.full((9, 2), sigma))
        assert _score(Task("a", "s", (), bool, ""), problem, held, [], drawn, 1)["within_noise"] == within


@pytest.mark.parametrize(
    ("goal", "found", "met"),
    [
        ({"sign_accuracy": 0.9}, 0.85, False),
        ({"sign_accuracy": 0.85}, 0.85, True),
        ({"coverage": 0.8}, 0.75, False),
        ({"coverage": 0.7}, 0.75, True),
        ({"rmse_ratio": 0.7}, 0.75, False),
        ({"rmse_ratio": 0.8}, 0.75, True),
        ({"no_effect_ratio": 0.5}, 0.6, False),
        ({"no_effect_ratio": 0.6}, 0.6, True),
    ],
)
def test_a_goal_is_met_from_its_floor_up_or_from_its_ceiling_down(goal, found, met):
    """An error of 3, where no effect has 5 and the best rival 4."""
    model = {"sign_accuracy": 0.85, "rmse": 3.0, "coverage": 0.75}
    baselines = {"no_effect": {"rmse": 5.0}, "mean": {"rmse": 4.0}, "nearest": {"rmse": 7.0}}
    (told,) = _judge(Task("a", "s", (), bool, "", **goal), model, baselines).values()
    assert told == {"wanted": next(iter(goal.values())), "found": pytest.approx(found), "met": met}


def test_what_is_blocked_is_loaded_until_next_to_nothing_is_left():
    stimulus = (("IL6_dose", 5.0),)
    found = _arm(Condition("liver", stimulus, (("A", 3.0),), ("MEK", "AKT")))
    drug, *loads = found.treatment.values
    assert found == Arm("liver", stimulus=Exposure(stimulus), treatment=found.treatment)
    assert drug == ("A", 3.0) and [name for name, _ in loads] == ["load:MEK", "load:AKT"]
    assert all(1 / (1 + load) < 0.01 for _, load in loads)


@pytest.mark.parametrize("prior", [None, Prior("parameterScaleNormal", 2.0, 0.01, "log10")])
def test_a_refit_starts_with_the_best_scale_for_the_nominal_network(toy, solver, prior):
    """Parameters of the network stay; what is off is then none on average, on the scale of the blot. Without priors."""
    place = toy.estimated.names.index("scale")
    names = tuple("scale_b" if at == place else name for at, name in enumerate(toy.estimated.names))
    priors = tuple(prior if at == place else each for at, each in enumerate(toy.estimated.priors))
    toy = replace(toy, estimated=replace(toy.estimated, names=names, priors=priors))
    start = _start(toy, solver)
    assert np.delete(start, place) == pytest.approx(np.delete(toy.estimated.nominal, place))
    blot = toy.observables[0].rows
    found = make_predictor(toy, solver, 1)(start[None]).compared[0, blot]
    assert np.mean(found - np.log10(toy.measurements.value[blot])) == pytest.approx(0.0, abs=1e-3)


HIDDEN = {
    "ruxolitinib": ({"drugs": (("ruxolitinib", 500.0),)}, {"drugs": (("Stattic", 500.0),)}),
    "hpn_dream_GSK690693": ({"blocked": ("AKT",)}, {"blocked": ("AKT", "MEK")}),
    "hpn_dream_GSK690693_GSK1120212": ({"blocked": ("AKT", "MEK")}, {"blocked": ("MEK",)}),
    "hpn_dream_PD173074": ({"blocked": ("FGFR",)}, {}),
    "three_hours": ({"time": 180.0}, {"time": 30.0}),
    "breast_cytof": ({"blocked": ("MEK",)}, {}),
}


@pytest.mark.parametrize("name", TASKS)
def test_a_task_hides_what_it_says_and_nothing_else(name):
    hidden, shown = (
        Reading(Condition("cell", **{key: value for key, value in each.items() if key != "time"}),
                "obs", each.get("time", 20.0), 1.0, "b", 0.1, "data")
        for each in HIDDEN[name]
    )  # fmt: skip
    assert TASKS[name].hides(hidden) and not TASKS[name].hides(shown)


def test_an_interval_leaves_out_one_of_twenty_on_each_side_as_expected_of_so_few_draws():
    """Of 19 draws 1 ... 19 the expected quantiles at 5 and 95 % are the least and the largest."""
    draws = np.tile(np.arange(1.0, 20.0)[:, None], (1, 4))
    assert _holds(draws, np.array([0.99, 1.0, 19.0, 19.01])).tolist() == [False, True, True, False]


def test_replicates_have_one_prediction_and_count_once(toy):
    frame = toy.measurements.frame
    twice = replace(toy, measurements=replace(toy.measurements, frame=frame.iloc[[0, 1, 0, 2, 1]]))
    assert _first_of_each(twice).tolist() == [True, True, False, True, False]


def test_intervals_are_counted_over_replicas_and_kinds_that_are_empty_are_left_out():
    """Three of four and one of two make four of six; of informed parameters there were none."""
    one = Replica(*(np.array(each, bool) for each in ([1, 1, 1, 0], [1, 0], [], [1])), 1.0)
    other = Replica(*(np.array(each, bool) for each in ([1, 0], [1, 1], [], [0])), 1.0)
    rows = {row["of"]: row for row in tabulate_coverage([one, other], 3).iter_rows(named=True)}
    assert set(rows) == {"measured predictions", "unmeasured predictions", "all parameters"}
    first = rows["measured predictions"]
    assert (first["intervals"], first["coverage"], first["replicas"], first["failed"]) == (6, 4 / 6, 5, 3)
    cases = (4 / 6) * (2 / 6) / (np.var([3 / 4, 1 / 2], ddof=1) / 2)
    assert independent_cases([one.measured, other.measured]) == 6.0 < cases
    assert (first["low"], first["high"]) == share_interval(4 / 6, 6.0)


def test_one_replica_is_one_case_and_replicas_that_agree_are_as_many_as_intervals():
    assert independent_cases([np.array([True, False, True])]) == 1.0
    assert independent_cases([np.array([True, False])] * 5) == 10.0
    halves = [np.array([True] * 8 + [False] * 2), np.array([True] * 4 + [False] * 6)]
    assert independent_cases(halves) == pytest.approx(0.6 * 0.4 / (np.var([0.8, 0.4], ddof=1) / 2))
