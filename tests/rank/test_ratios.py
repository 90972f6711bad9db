"""Ratios and their order by hand: which interventions are ranked, at which place, and what stopped pairs stand for."""

import numpy as np
import pytest

from screen.rank.comparison import Comparison, log2_change
from screen.rank.placed import placed
from screen.rank.ratios import Ratios

NAN = np.nan


def ratios(suppression, weights=None, **more) -> Ratios:
    left = 1.0 - np.array(suppression)
    return Ratios(left, np.ones(left.shape[1]) if weights is None else np.array(weights), **more)


def order(suppression) -> list[int]:
    """The ranks of interventions by their suppression alone."""
    bare, none = ratios(suppression), np.full(len(suppression), None)
    nothing = np.full((len(suppression), 1, bare.ratio.shape[1]), NAN)
    found = Comparison(
        places=tuple(none), bare=bare, wide=bare, side={}, single_ratios=nothing, of_each=nothing[..., 0] > 0,
        pair_ratios=nothing, log10_ic50=nothing[:, 0], route=none, through=none, unmeasured=none, run=none,
    )  # fmt: skip
    return found.order.tolist()


def test_effects_are_level_up_to_a_ten_thousandth():
    first, last = ratios([[0.50012], [0.50022], [0.50023]]).ranks
    assert (first[:, 0].tolist(), last[:, 0].tolist()) == ([3.0, 1.0, 1.0], [3.0, 2.0, 2.0])


def test_an_intervention_stands_by_what_it_is_placed_by_where_there_is_that():
    found = ratios([[0.5, NAN]])
    np.testing.assert_allclose(found.standing, [[0.5, NAN]])
    stopped = ratios([[0.5, NAN]], placed=np.array([[0.5, 0.2]]), sign=-1.0)
    np.testing.assert_allclose(stopped.suppression, [[-0.5, NAN]])
    np.testing.assert_allclose(stopped.standing, [[-0.5, -0.8]])


@pytest.mark.parametrize(
    ("weights", "there", "ranked"),
    [
        ([1.0, 1.0], [True, False], True),
        ([3.0, 1.0], [True, False], True),
        ([3.0, 1.0], [False, True], False),
        ([1.0, 1.0, 1.0, 1.0, 1.0], [True, True, False, False, False], False),
        ([0.1 / 6] * 6 + [0.1], [True] * 6 + [False], True),  # half, but for the rounding of the sum
        ([0.1, 0.2], [True, False], False),
    ],
)
def test_ranked_is_what_has_half_of_the_draws_by_weight(weights, there, ranked):
    found = ratios([np.where(there, 0.5, NAN), np.full(len(there), 0.4)], weights)
    assert found.eligible.tolist() == [ranked, True]
    assert np.isnan(found.ranks[0][0]).all() == (not ranked)


def test_regret_is_what_the_best_of_each_draw_does_beyond_it():
    found = ratios([[0.1, 0.8, NAN, NAN, NAN], [0.4, 0.2, 0.3, 0.3, 0.3], [0.9, NAN, NAN, NAN, NAN]])
    np.testing.assert_allclose(found.regret[1], 0.0, atol=1e-12)  # alone in being ranked
    found = ratios([[0.1, 0.8], [0.4, 0.2]])
    np.testing.assert_allclose(found.regret, [[0.3, 0.0], [0.0, 0.6]], atol=1e-12)


def test_level_ones_stand_in_the_middle_of_their_places():
    """The first is last, among three level ones, and first: second in the middle. The second is among seven, among the
    same three, and last: by the best of its places it would be level with the first, and ahead by its mean."""
    rest = [[0.9, 0.5, 0.4], *[[0.9, 0.2, 0.4]] * 5]
    assert order([[0.1, 0.5, 0.8], [0.9, 0.5, 0.05], *rest])[0] == 1


def test_of_the_same_median_rank_the_larger_median_comes_first():
    assert order([[0.45, 0.45, 0.5], [0.6, 0.0, 0.5]]) == [2, 1]


def test_of_the_same_median_too_the_larger_mean_comes_first_and_then_the_name():
    assert order([[0.6, 0.2, 0.5], [0.9, 0.1, 0.5]]) == [2, 1]
    assert order([[0.9, 0.1, 0.5], [0.1, 0.9, 0.5]]) == [1, 2]


def test_changes_are_shown_down_to_a_thousandth():
    assert log2_change(np.array([0.0, 2.0**-9.5, 4.0])).tolist() == [-10.0, -9.5, 2.0]


def test_a_stopped_pair_stands_where_its_most_alike_draw_puts_it():
    """Of four draws one pair ran two and another three, under two hypotheses; a third one ran all.

    The draws run have an excess over independence of 2, 3 and 4 in turn, so the one that is taken can be read off.
    """
    one = np.array([[0.8, 0.2, 0.5, 0.45], [0.8, 0.3, 0.5, 0.55]])
    other = np.array([[0.25, 0.75, 0.1, 0.7], [0.3, 0.75, 0.9, 0.8]])
    alone = np.concatenate([one, other], axis=1)[None].repeat(3, axis=0)
    independent = alone.prod(axis=1)
    excess = np.array([2.0, 3.0, 4.0, 5.0] * 2)
    ratio = independent * excess
    ratio[0, [2, 3, 6, 7]] = ratio[1, [3, 7]] = NAN
    found = placed(ratio, alone, np.array([2, 3, 4]), each=4) / independent
    np.testing.assert_allclose(found[0], [2, 3, 2, 2, 2, 3, 2, 3])
    np.testing.assert_allclose(found[1], [2, 3, 4, 4, 2, 3, 4, 3])
    np.testing.assert_allclose(found[2], excess)


def test_a_draw_in_which_a_pair_or_a_drug_of_it_was_lost_is_like_none():
    alone = np.array([[[0.5, 0.9, NAN, 0.5], [0.5, 0.9, 0.5, 0.5]]])
    ratio = np.array([[NAN, 0.5, 0.1, NAN]])
    assert placed(ratio, alone, np.array([3]), each=4)[0, 3] == pytest.approx(0.25 * 0.5 / 0.81)


def test_a_pair_that_leaves_nothing_leaves_what_the_solver_can_tell():
    """Neither alone nor together less than a ten thousandth is left of what is expected."""
    alone = np.array([[[0.0, 0.5], [1.0, 1.0]]])
    found = placed(np.array([[0.0, NAN]]), alone, np.array([1]), each=2)
    assert found[0].tolist() == pytest.approx([0.0, 0.5])
