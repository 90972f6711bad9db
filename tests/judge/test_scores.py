"""Scores of predicted effects and the trivial predictors, on cases worked out by hand."""

import numpy as np
import pytest
from scipy import stats

from screen.judge.effects import BASELINES, find_effects
from screen.judge.scores import (
    SCORES,
    coverage,
    decided_sign_accuracy,
    rank_correlation,
    rmse,
    score,
    sign_accuracy,
    signs,
    three_class_accuracy,
)
from screen.sources import Condition, Reading

OBSERVED = np.array([-2.0, -0.1, 0.1, 2.0])
NOISE = np.full(4, 0.2)


def test_rmse_is_that_of_the_differences():
    assert rmse(OBSERVED, OBSERVED + np.array([3.0, 0, 0, 4.0]), NOISE) == 2.5


@pytest.mark.parametrize("predicted", [[1.0, 2, 3, 4], [4, 3, 2, 1], [1, 1, 2, 0], [5, 5, 1, 1]])
def test_rank_correlation_is_that_of_scipy(predicted):
    want = stats.spearmanr(OBSERVED, predicted).statistic
    assert rank_correlation(OBSERVED, np.array(predicted, float), NOISE) == pytest.approx(want)


@pytest.mark.parametrize("pair", [(OBSERVED, np.zeros(4)), (np.zeros(4), OBSERVED)])
def test_what_does_not_vary_has_no_rank_correlation(pair):
    assert score(*pair, NOISE)["rank_correlation"] is None


def test_a_prediction_that_is_far_too_large_has_the_right_sign():
    assert sign_accuracy(OBSERVED, 4 * OBSERVED, NOISE) == 1.0


def test_an_effect_within_noise_has_sign_zero():
    assert list(signs(OBSERVED, NOISE)) == [-1, 0, 0, 1]


@pytest.mark.parametrize(
    ("predicted", "share", "classes", "decided"),
    [
        ([-2.0, 0.0, 0.0, 2.0], 1.0, 1.0, 1.0),
        ([0.0, 0.0, 0.0, 0.0], 0.5, 0.5, 0.0),
        ([2.0, 0.0, 0.0, 2.0], 0.75, 0.75, 0.5),
        ([-2.0, -1.0, 0.0, 2.0], 0.75, 0.75, 1.0),
        ([-2.0, -0.4, 0.4, 2.0], 1.0, 0.5, 1.0),
    ],
)
def test_signs(predicted, share, classes, decided):
    predicted = np.array(predicted)
    assert sign_accuracy(OBSERVED, predicted, NOISE) == share
    assert three_class_accuracy(OBSERVED, predicted, NOISE) == classes
    assert decided_sign_accuracy(OBSERVED, predicted, NOISE) == decided


def test_what_lies_on_a_threshold_lies_within():
    """Sign 0 reaches to 1.645 sds, twice that differs from it by no more; an interval holds its own ends."""
    threshold, noise = np.array([1.645]), np.ones(1)
    assert signs(threshold, noise) == 0 and signs(2 * threshold, noise) == 1
    assert sign_accuracy(2 * threshold, threshold, noise) == 1.0
    assert three_class_accuracy(2 * threshold, threshold, noise) == 0.0
    assert coverage(OBSERVED, OBSERVED, OBSERVED) == 1.0


def test_coverage_counts_the_intervals_that_hold():
    assert coverage(OBSERVED, OBSERVED - 1, OBSERVED + np.array([1, 1, -0.5, -0.5])) == 0.5


def test_a_perfect_prediction_has_perfect_scores():
    assert score(OBSERVED, OBSERVED, NOISE) == {name: 0.0 if name == "rmse" else 1.0 for name in SCORES}


def reading(arm, value, time=20.0, batch="blot", censored=False):
    return Reading(arm, "obs", time, value, batch, 0.1, "data", censored)


IL6 = Condition("cell", (("IL6_dose", 10.0),))
DRUGGED = Condition("cell", IL6.stimulus, (("ruxolitinib", 500.0),))
BLOCKED = Condition("cell", IL6.stimulus, blocked=("MEK",))
WEAK = Condition("cell", (("IL6_dose", 1.0),), blocked=("MEK",))


def test_an_effect_is_the_mean_log_ratio_within_a_batch():
    readings = [
        reading(IL6, 8.0),
        reading(IL6, 2.0),
        reading(DRUGGED, 1.0),
        reading(DRUGGED, 1.0, batch="other blot"),
        reading(DRUGGED, 1.0, time=30.0),
        reading(BLOCKED, 1.0, censored=True),
    ]
    (effect,) = find_effects(readings)
    assert (effect.inhibited, effect.vehicle) == ((2,), (0, 1))
    assert effect.observed == pytest.approx(-2.0)
    assert effect.noise(np.full(6, 0.1)) == pytest.approx(np.log2(10) * 0.1 * np.sqrt(1.5))
    draws = np.log10(np.array([[4.0, 4, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1]]))
    np.testing.assert_allclose(effect.of(draws), [-2, 0], atol=1e-12)


def test_a_reading_of_nothing_shows_no_effect():
    """A ratio to it, or of it, has no logarithm."""
    assert find_effects([reading(IL6, 8.0), reading(DRUGGED, 0.0)]) == ()
    assert find_effects([reading(IL6, 0.0), reading(DRUGGED, 1.0)]) == ()
    (effect,) = find_effects([reading(IL6, 8.0), reading(IL6, 0.0), reading(DRUGGED, 2.0)])
    assert (effect.vehicle, effect.observed) == ((0,), pytest.approx(-2.0))


@pytest.fixture
def training():
    """Two effects of -1 and -3 at 10 ng/mL, one of +1 at 1 ng/mL, all by MEK block."""
    readings = [
        reading(IL6, 4.0, 20.0), reading(BLOCKED, 2.0, 20.0),
        reading(IL6, 8.0, 180.0), reading(BLOCKED, 1.0, 180.0),
        reading(WEAK.without_inhibitor(), 1.0, 20.0), reading(WEAK, 2.0, 20.0),
    ]  # fmt: skip
    return find_effects(readings)


@pytest.mark.parametrize(
    ("name", "want"), [("no_effect", 0.0), ("mean_inhibitor", -3.0), ("nearest_condition", -3.0)]
)
def test_baselines_at_a_condition_the_training_has(training, name, want):
    (held,) = find_effects([reading(IL6, 1.0, 180.0), reading(DRUGGED, 1.0, 180.0)])
    assert BASELINES[name](held, training) == pytest.approx(want)


@pytest.mark.parametrize(
    ("name", "want"), [("no_effect", 0.0), ("mean_inhibitor", -1.0), ("nearest_condition", -1.0)]
)
def test_baselines_at_a_condition_the_training_lacks(training, name, want):
    """30 min: the mean is over the cell, the nearest condition is 20 min at the same dose."""
    (held,) = find_effects([reading(IL6, 1.0, 30.0), reading(DRUGGED, 1.0, 30.0)])
    assert BASELINES[name](held, training) == pytest.approx(want)


def test_a_nearest_condition_has_the_same_stimulus_whatever_its_dose_and_time():
    """EGF at the very time is +2, EGF beside IL-6 +3, IL-6 at another dose and time +1."""
    told = []
    for stimulus, time, effect in (
        ((("EGF_dose", 10.0),), 180.0, 2.0),
        ((("EGF_dose", 10.0), ("IL6_dose", 10.0)), 180.0, 3.0),
        ((("IL6_dose", 1.0),), 20.0, 1.0),
    ):
        arm = Condition("cell", stimulus, blocked=("MEK",))
        told += find_effects([reading(arm.without_inhibitor(), 1.0, time), reading(arm, 2.0**effect, time)])
    for stimulus, want in ((IL6.stimulus, 1.0), ((("EGF_dose", 0.1),), 2.0)):
        arm = Condition("cell", stimulus, blocked=("MEK",))
        (held,) = find_effects([reading(arm.without_inhibitor(), 1.0, 180.0), reading(arm, 1.0, 180.0)])
        assert BASELINES["nearest_condition"](held, told) == pytest.approx(want)


@pytest.mark.parametrize(("near", "far"), [(6.0, 1.0), (1.0, 8.0)])
def test_the_nearer_time_is_that_of_the_smaller_factor_of_minutes_and_one(near, far):
    """At 3 min: 7 is nearer to 4 than 2 is, and 2 nearer than 9; a reading at 0 min has a distance too."""
    told = []
    for time, effect in ((near, 1.0), (far, 2.0), (0.0, 3.0)):
        told += find_effects([reading(IL6, 1.0, time), reading(BLOCKED, 2.0**effect, time)])
    (held,) = find_effects([reading(IL6, 1.0, 3.0), reading(BLOCKED, 1.0, 3.0)])
    assert BASELINES["nearest_condition"](held, told) == pytest.approx(1.0)


def test_of_conditions_at_one_time_that_with_more_of_the_targets_is_nearest_then_that_of_the_batch():
    """MEK and AKT are both among MEK, AKT and PI3K, one of two among AKT alone, none in a drug."""

    def effect(value, blocked, batch="blot", drugs=()):
        arm = Condition("cell", IL6.stimulus, drugs, blocked)
        return find_effects([reading(IL6, 1.0, batch=batch), reading(arm, 2.0**value, batch=batch)])

    told = [
        *effect(1.0, ("MEK", "AKT", "PI3K")),
        *effect(2.0, ("AKT",)),
        *effect(3.0, (), drugs=(("MEK2", 1.0),)),
    ]
    (held,) = effect(0.0, ("MEK", "AKT"))
    assert BASELINES["nearest_condition"](held, told) == pytest.approx(1.0)
    assert BASELINES["nearest_condition"](held, told[1:]) == pytest.approx(2.0)
    other = effect(5.0, ("AKT",), batch="another")
    assert BASELINES["nearest_condition"](held, [*told[1:], *other]) == pytest.approx(2.0)


OFF = {
    "cell": {"context": "other"},
    "stimulus": {"stimulus": (("EGF_dose", 10.0),)},
    "dose": {"stimulus": (("IL6_dose", 11.0),)},
    "time": {"time": 21.0},
    "targets": {"blocked": ("MEK", "AKT", "PI3K")},
    "batch": {"batch": "another"},
}
"""What makes a condition another, the first thing that counts first."""


@pytest.mark.parametrize("place", range(len(OFF) - 1))
def test_what_counts_first_outweighs_all_that_counts_after_it(place):
    """One that is another in all later things is nearer than one that is another in this thing alone."""

    def effect(value, **other):
        given = {
            "context": "cell",
            "stimulus": IL6.stimulus,
            "time": 20.0,
            "blocked": ("MEK",),
            "batch": "blot",
        } | other
        arm = Condition(given["context"], given["stimulus"], blocked=given["blocked"])
        ends = ((arm.without_inhibitor(), 1.0), (arm, 2.0**value))
        return find_effects([reading(each, level, given["time"], given["batch"]) for each, level in ends])

    names = list(OFF)
    later = {key: value for name in names[place + 1 :] for key, value in OFF[name].items()}
    if names[place] == "cell":
        later["stimulus"] = (("EGF_dose", 11.0),)
    (held,) = effect(0.0)
    told = [*effect(1.0, **later), *effect(2.0, **OFF[names[place]])]
    assert BASELINES["nearest_condition"](held, told) == pytest.approx(1.0)
    assert BASELINES["nearest_condition"](held, told[::-1]) == pytest.approx(1.0)


def test_the_mean_of_a_cell_is_of_that_cell_before_that_of_all():
    def effect(value, context, time=20.0):
        arm = Condition(context, IL6.stimulus, blocked=("MEK",))
        return find_effects([reading(arm.without_inhibitor(), 1.0, time), reading(arm, 2.0**value, time)])

    told = [*effect(1.0, "cell", 30.0), *effect(3.0, "cell", 40.0), *effect(8.0, "other")]
    (held,), (elsewhere,) = effect(0.0, "cell"), effect(0.0, "third")
    assert BASELINES["mean_inhibitor"](held, told) == pytest.approx(2.0)
    assert BASELINES["mean_inhibitor"](elsewhere, told) == pytest.approx(4.0)


def test_doses_of_all_ligands_count_as_factors():
    """IL-6 and OSM: twofold off in each is further than threefold in one."""

    def effect(value, il6, osm):
        arm = Condition("cell", (("IL6_dose", il6), ("OSM_dose", osm)), blocked=("MEK",))
        return find_effects([reading(arm.without_inhibitor(), 1.0), reading(arm, 2.0**value)])

    (held,) = effect(0.0, 1.0, 10.0)
    assert BASELINES["nearest_condition"](
        held, [*effect(1.0, 3.0, 10.0), *effect(2.0, 2.0, 5.0)]
    ) == pytest.approx(1.0)
    assert BASELINES["nearest_condition"](
        held, [*effect(1.0, 1.0, 0.0), *effect(2.0, 5.0, 1.0)]
    ) == pytest.approx(2.0)


@pytest.mark.parametrize(("near", "far"), [(0.0, 1e-3), (1e-3, 0.0), (0.0, 1.0)])
def test_the_same_dose_is_nearest_where_there_is_next_to_none_of_a_ligand(near, far):
    """Beside OSM: none of IL-6, or a thousandth."""

    def effect(value, il6):
        arm = Condition("cell", (("IL6_dose", il6), ("OSM_dose", 10.0)), blocked=("MEK",))
        return find_effects([reading(arm.without_inhibitor(), 1.0), reading(arm, 2.0**value)])

    (held,) = effect(0.0, near)
    assert BASELINES["nearest_condition"](held, [*effect(1.0, near), *effect(2.0, far)]) == pytest.approx(1.0)


def test_one_in_ten_of_noise_alone_has_a_sign():
    noise = np.random.default_rng(1).standard_normal(40_000)
    assert np.mean(signs(noise, np.ones(len(noise))) != 0) == pytest.approx(0.1, abs=0.005)


@pytest.mark.parametrize("name", BASELINES)
def test_baselines_without_training_say_no_effect(name):
    (held,) = find_effects([reading(IL6, 1.0), reading(DRUGGED, 0.5)])
    assert BASELINES[name](held, ()) == 0.0
