"""Races with known answers: what is not among the first stops, what may be goes on, and how often that is wrong."""

import numpy as np
import pytest
from scipy.stats import binom

from screen.rank.draws import tied_ranks
from screen.rank.elimination import adjusted, chance

SEEDS = range(200)
KEEP, SHARE, ERROR, DRAWS = 10, 0.25, 0.05, 16

SHAPES = {
    "normal": lambda stream, shape: stream.normal(0.0, 1.0, shape),
    "long tails": lambda stream, shape: stream.standard_t(4, shape),
    "skewed": lambda stream, shape: stream.lognormal(0.0, 0.7, shape),
    "skewed down": lambda stream, shape: -stream.lognormal(0.0, 0.7, shape),
    "of classes": lambda stream, shape: (
        np.repeat(stream.normal(0.0, 1.0, (10, shape[1])), shape[0] // 10, axis=0)
        + stream.normal(0.0, 0.5, shape)
    ),
}
"""How effects differ from draw to draw; members of a class differ together."""


def drawn(seed: int, shape: str, means: np.ndarray, draws: int = DRAWS) -> np.ndarray:
    """Effects [interventions, draws]; what all share in a draw is larger than what they differ by."""
    stream = np.random.default_rng(seed)
    noise = SHAPES[shape](stream, (len(means), draws))
    return means[:, None] + stream.normal(0.0, 0.3, draws) + 0.05 * noise


def out(effect: np.ndarray) -> np.ndarray:
    """Which interventions stop."""
    return adjusted(chance(effect, KEEP, SHARE)) <= ERROR


def among_first(shape: str, means: np.ndarray) -> np.ndarray:
    """Share of very many draws in which each is among the first."""
    return np.mean(tied_ranks(drawn(999, shape, means, 4_000), 1e-4)[0] <= KEEP, axis=1)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_sham_screen_stops_nothing_that_it_should_not(shape):
    """All are alike, and each of forty is among the first ten in a quarter of the draws."""
    wrong = [out(drawn(seed, shape, np.full(40, 0.5))).any() for seed in SEEDS]
    assert np.mean(wrong) <= ERROR


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("width", [0.4, 0.8])
def test_of_what_stops_no_more_than_the_stated_share_should_have_gone_on(shape, width):
    means = np.linspace(0.9 - width, 0.9, 200)
    belongs = among_first(shape, means) >= SHARE
    assert 5 <= belongs.sum() <= 40
    stopped = np.array([out(drawn(seed, shape, means)) for seed in SEEDS])
    wrong = stopped[:, belongs].sum(axis=1) / np.maximum(stopped.sum(axis=1), 1)
    assert np.mean(wrong) <= ERROR
    assert stopped[:, ~belongs].mean() > 0.6


@pytest.mark.parametrize("shape", SHAPES)
def test_a_planted_best_pair_goes_on_whatever_the_seed(shape):
    means = np.r_[0.9, np.linspace(0.0, 0.5, 199)]
    stopped = np.array([out(drawn(seed, shape, means)) for seed in SEEDS])
    assert among_first(shape, means)[0] > 0.95
    assert not stopped[:, 0].any()
    assert stopped[:, :150].mean() > 0.8


def test_the_p_value_is_binomial():
    effect = np.linspace(1.0, 0.0, 30)[:, None].repeat(12, axis=1)
    effect[20, :3] = 2.0
    effect[25, :2] = np.nan
    found = chance(effect, 4, 0.3)
    assert found[20] == pytest.approx(binom.cdf(3, 12, 0.3))
    assert found[25] == pytest.approx(binom.cdf(0, 10, 0.3))
    assert found[0] == 1.0


def test_what_is_level_with_the_last_of_the_first_is_among_them():
    """Suppression that is complete is so for many."""
    ends = np.r_[np.full((50, DRAWS), 0.99), np.full((60, DRAWS), 0.5)]
    assert np.array_equal(out(ends), np.arange(110) >= 50)


def test_few_draws_few_others_and_draws_that_are_lost_decide_nothing():
    effect = np.r_[np.full((20, DRAWS), 0.9), np.full((40, DRAWS), 0.1)]
    assert out(effect)[20:].all()
    assert not out(effect[:, :8]).any()
    lost = effect.copy()
    lost[30, :8] = np.nan
    assert np.flatnonzero(~out(lost)[20:]).tolist() == [10]
    assert not out(effect[:KEEP]).any()


def test_p_values_are_adjusted_for_their_number_in_any_order():
    chances = np.array([0.5, 0.01, 0.03, 0.04])
    assert adjusted(chances) == pytest.approx([0.5, 0.04, 0.16 / 3, 0.16 / 3])
    turned = [2, 0, 3, 1]
    assert np.array_equal(adjusted(chances[turned]), adjusted(chances)[turned])
    assert adjusted(np.array([])).shape == (0,)


def test_the_last_of_the_first_is_among_them():
    """Three that stand in this order in every draw: of two the second is always one."""
    effect = np.array([[0.9], [0.6], [0.3]]) + np.zeros(16)
    assert chance(effect, keep=2, share=0.25) == pytest.approx([1.0, 1.0, 0.75**16])
