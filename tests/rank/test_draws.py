"""Statistics over draws against values known by hand, by numpy and by an independent implementation."""

import numpy as np
import pytest
from scipy.optimize import isotonic_regression

from screen.rank.draws import (
    _order,
    censoring,
    count,
    falling_fit,
    fewest,
    log10_half_dose,
    mean,
    quantile,
    share_among_first,
    step_quantile,
    tied_ranks,
)

NAN, INF = np.nan, np.inf


def test_quantiles_agree_with_numpy_where_draws_are_lost():
    rng = np.random.default_rng(3)
    values = rng.normal(size=(40, 17))
    values[rng.random(values.shape) < 0.3] = NAN
    for share in (0.0, 0.05, 0.5, 0.95, 1.0):
        np.testing.assert_allclose(
            quantile(values, share), np.nanquantile(values, share, axis=-1), rtol=1e-12
        )
    np.testing.assert_allclose(mean(values), np.nanmean(values, axis=-1), rtol=1e-12)


def test_no_draws_give_no_number():
    nothing = np.full((1, 4), NAN)
    assert np.isnan(quantile(nothing, 0.5)).all()
    assert np.isnan(mean(nothing)).all()
    assert np.isnan(step_quantile(nothing, 0.5)).all()
    for statistic in (quantile, step_quantile):  # nor do draws that count for nothing
        assert np.isnan(statistic(np.arange(8.0).reshape(2, 4), 0.5, np.zeros(4))).all()


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([1.0, 2.0, INF], 0.5, 2.0),
        ([1.0, INF, INF], 0.5, INF),
        ([1.0, 2.0, INF, INF], 0.5, INF),
        ([-INF, -INF, 1.0, 2.0], 0.5, -INF),
        ([-INF, 1.0, 2.0, 3.0], 1.0, 3.0),
        ([-INF, INF], 0.0, -INF),
    ],
)
def test_a_quantile_that_rests_on_a_censored_draw_is_censored(values, share, expected):
    assert quantile(np.array([values]), share)[0] == expected


@pytest.mark.parametrize("draws", [101, 201])
def test_a_quantile_at_a_draw_is_that_draw_whatever_the_rounding_of_its_place(draws):
    """0.29 x 100 is 28.999999999999996: what is beside draw 29 is none of it, censored or not."""
    place = round(0.29 * (draws - 1))
    assert 0.29 * (draws - 1) < place
    values = np.arange(float(draws))
    below = np.where(values < place, -INF, np.where(values > place, INF, values))
    assert quantile(values[None], 0.29)[0] == quantile(below[None], 0.29)[0] == place
    weights = np.full(draws, 0.5)
    assert quantile(below[None], 0.29, weights)[0] == place


def test_step_quantile_is_a_value_that_was_there():
    values = np.array([[4.0, 1.0, NAN, 3.0, 2.0]])
    assert step_quantile(values, 0.05)[0] == 1.0
    assert step_quantile(values, 0.5)[0] == 2.0
    assert step_quantile(values, 0.95)[0] == 4.0


def test_equal_weights_are_no_weights():
    rng = np.random.default_rng(7)
    values = rng.normal(size=(20, 13))
    values[rng.random(values.shape) < 0.3] = NAN
    values[rng.random(values.shape) < 0.1] = INF
    weights = np.full(13, 0.04)
    for share in (0.0, 0.05, 0.5, 0.95, 1.0):
        np.testing.assert_allclose(quantile(values, share, weights), quantile(values, share), rtol=1e-12)
        np.testing.assert_array_equal(step_quantile(values, share, weights), step_quantile(values, share))
    np.testing.assert_allclose(mean(values, weights), mean(values), rtol=1e-12)


@pytest.mark.parametrize("share", [0.05, 0.5, 0.95])
def test_draws_of_no_weight_are_not_there_and_order_is_nothing(share):
    rng = np.random.default_rng(8)
    values, weights = rng.normal(size=(6, 30)), rng.random(30)
    weights[:10] = 0.0
    turn = rng.permutation(30)
    for statistic in (quantile, step_quantile):
        whole = statistic(values, share, weights)
        np.testing.assert_allclose(whole, statistic(values[:, 10:], share, weights[10:]), rtol=1e-12)
        np.testing.assert_allclose(whole, statistic(values[:, turn], share, weights[turn]), rtol=1e-12)


def test_weighted_statistics_of_two_draws_by_hand():
    """Weights 3:1 are worth 1.6 equal draws (Kish); the median takes 0.9 of the first and 0.1 of the second."""
    values, weights = np.array([[0.0, 1.0]]), np.array([3.0, 1.0])
    assert quantile(values, 0.5, weights)[0] == pytest.approx(0.1)
    assert mean(values, weights)[0] == pytest.approx(0.25)
    assert (step_quantile(values, 0.75, weights)[0], step_quantile(values, 0.76, weights)[0]) == (0.0, 1.0)
    assert quantile(np.array([[0.0, INF]]), 0.5, weights)[0] == INF
    assert quantile(np.array([[-INF, 1.0]]), 0.0, weights)[0] == -INF


def test_weights_say_what_counts_beside_what_not_how_much_in_all():
    """A mixture of one rare hypothesis weighs less than one draw."""
    values = np.array([[2.0, 1.0, 3.0], [NAN, NAN, NAN]])
    for weights in ([0.1, 0.2, 0.3], [10.0, 20.0, 30.0]):
        np.testing.assert_array_equal(step_quantile(values, 0.4, np.array(weights)), [2.0, NAN])
        np.testing.assert_array_equal(step_quantile(values, 0.6, np.array(weights)), [3.0, NAN])


def test_shares_of_the_first_place_count_by_weight():
    first = np.array([[1.0, 1.0, 2.0], [2.0, 2.0, 1.0]])
    np.testing.assert_allclose(share_among_first(first, first, 1, np.array([1.0, 1.0, 2.0])), [0.5, 0.5])


def test_ranks_share_ties_and_leave_lost_draws_out():
    effect = np.array([[0.9], [0.5], [0.50000001], [NAN], [0.1]])
    first, last = tied_ranks(effect, 1e-4)
    np.testing.assert_array_equal(first[:, 0], [1, 2, 2, NAN, 4])
    np.testing.assert_array_equal(last[:, 0], [1, 3, 3, NAN, 4])


def test_shares_of_the_first_places_add_up():
    rng = np.random.default_rng(0)
    effect = np.round(rng.random((12, 50)), 1)
    first, last = tied_ranks(effect, 1e-4)
    assert share_among_first(first, last, 1).sum() == pytest.approx(1.0)
    assert share_among_first(first, last, 5).sum() == pytest.approx(5.0)


def test_a_tie_for_the_last_place_is_split():
    first, last = tied_ranks(np.array([[0.9], [0.5], [0.5]]), 1e-4)
    np.testing.assert_allclose(share_among_first(first, last, 2), [1.0, 0.5, 0.5])


def test_the_fewest_that_hold_enough_between_them():
    shares, order = np.array([0.3, 0.6, 0.1, 0.0, np.nan]), np.array([1, 2, 3, 4, 0])
    assert fewest(shares, order, 0.9).tolist() == [True, True, False, False, False]
    assert fewest(shares, order, 0.95).tolist() == [True, True, True, False, False]
    assert fewest(np.array([0.5, 0.5]), np.array([2, 1]), 0.5).tolist() == [False, True]
    assert not fewest(np.array([np.nan, 0.0]), np.array([0, 1]), 0.9).any()
    assert 0.1 + 0.2 > 0.3
    assert fewest(np.array([0.1 + 0.2, 0.3]), np.array([2, 1]), 0.3).tolist() == [False, True]


def test_falling_fit_agrees_with_scipy():
    rng = np.random.default_rng(1)
    curves = rng.random((30, 8))
    expected = np.stack([isotonic_regression(curve, increasing=False).x for curve in curves])
    np.testing.assert_allclose(falling_fit(curves.T).T, expected, rtol=1e-12)


def test_falling_fit_skips_doses_that_are_lost():
    curve = np.array([0.9, NAN, 0.6, 0.7, NAN, 0.2])
    np.testing.assert_allclose(falling_fit(curve), [0.9, NAN, 0.65, 0.65, NAN, 0.2])


def test_half_dose_of_a_straight_line_in_log10_dose():
    ratio = np.array([1.0, 0.75, 0.25, 0.0])
    assert log10_half_dose(ratio, np.array([1.0, 10.0, 100.0, 1000.0])) == pytest.approx(1.5)


@pytest.mark.parametrize(
    ("ratio", "expected"),
    [
        ([0.9, 0.8, 0.7], INF),
        ([0.4, 0.3, 0.2], -INF),
        ([0.9, NAN, 0.1], 2.0),
        ([NAN, NAN, 0.1], NAN),
        ([NAN, NAN, NAN], NAN),
    ],
)
def test_half_doses_outside_the_tested_ones_are_censored(ratio, expected):
    np.testing.assert_equal(
        float(log10_half_dose(np.array(ratio), np.array([10.0, 100.0, 1000.0]))), expected
    )


STATISTICS = {
    "count": count,
    "mean": mean,
    "weighted mean": lambda values: mean(values, WEIGHTS),
    "quantile": lambda values: quantile(values, 0.95),
    "weighted quantile": lambda values: quantile(values, 0.95, WEIGHTS),
    "step quantile": lambda values: step_quantile(values, 0.95),
    "weighted step quantile": lambda values: step_quantile(values, 0.95, WEIGHTS),
    "censoring": censoring,
    "half dose": lambda ratio: log10_half_dose(ratio, np.geomspace(1.0, 1e8, 9)),
    "falling fit": lambda ratio: np.moveaxis(falling_fit(np.moveaxis(ratio, -1, 0)), 0, -1),
}
WEIGHTS = np.array([0.0, 0.1, 0.1, 0.2, 0.05, 0.05, 0.3, 0.1, 0.1])


@pytest.mark.parametrize("shape", [(9,), (1, 9), (5, 2, 9), (2, 13, 9), (2, 1, 3, 9)])
@pytest.mark.parametrize("name", STATISTICS)
def test_every_row_is_as_if_it_were_alone_however_rows_are_arranged(name, shape):
    """Numbers, some lost, some censored, some level."""
    rng = np.random.default_rng(5)
    values = np.round(rng.random(shape), 1)
    values[rng.random(shape) < 0.2] = NAN
    if name not in ("mean", "weighted mean", "falling fit", "half dose"):
        values[rng.random(shape) < 0.1] = INF
    found = np.asarray(STATISTICS[name](values))
    alone = [np.asarray(STATISTICS[name](row[None]))[0] for row in values.reshape(-1, 9)]
    np.testing.assert_array_equal(found.reshape(len(alone), -1), np.asarray(alone).reshape(len(alone), -1))


@pytest.mark.parametrize("weights", [None, np.append(np.ones(100), 0.0)])
def test_a_billionth_of_a_draw_is_rounding_and_more_is_not(weights):
    """Of 100 draws half lie at an end that is censored: a quantile just behind the last number rests on them or not."""
    draws = np.where(np.arange(100) > 49, INF, np.arange(100.0))
    values = np.append(draws, [] if weights is None else NAN)[None]
    rests = {beyond: quantile(values, (49 + beyond) / 99, weights)[0] for beyond in (0.5e-9, 1.5e-9, 5e-8)}
    assert rests == {0.5e-9: 49.0, 1.5e-9: INF, 5e-8: INF}


def test_a_draw_alone_is_every_quantile_whatever_it_counts():
    for weights in (None, np.array([0.4])):
        for statistic in (quantile, step_quantile):
            assert statistic(np.array([[7.0]]), 0.3, weights)[0] == 7.0
        assert mean(np.array([[7.0]]), weights)[0] == 7.0
    for weights in (None, np.array([0.2, 0.1, 0.3])):
        lost = np.array([[NAN, 7.0, NAN], [NAN, NAN, NAN]])
        for statistic in (quantile, step_quantile):
            assert statistic(lost[:1], 0.95, weights)[0] == 7.0
        np.testing.assert_array_equal(quantile(lost, 0.95, weights), [7.0, NAN])


def test_draws_that_count_for_nothing_give_no_number_however_they_are_arranged():
    for shape in ((4,), (2, 4), (2, 3, 4)):
        values = np.ones(shape)
        values[..., -1] = NAN
        for statistic in (quantile, step_quantile):
            assert np.isnan(statistic(values, 0.5, np.zeros(4))).all()


def test_weights_that_add_up_to_little_are_weights():
    """Those of the two draws by hand, a tenth of each, and a third one that is lost."""
    values, weights = np.array([[0.0, 1.0, NAN]]), np.array([0.3, 0.1, 0.2])
    assert quantile(values, 0.5, weights)[0] == pytest.approx(0.1)
    assert mean(values, weights)[0] == pytest.approx(0.25)
    assert (step_quantile(values, 0.75, weights)[0], step_quantile(values, 0.76, weights)[0]) == (0.0, 1.0)


def test_a_step_at_a_share_is_taken_whatever_the_rounding_of_sums():
    """0.07 x 100 is 7.000000000000001, and six weights of 0.1 make a little less than 0.75 of a sum of 0.8."""
    assert 0.07 * 100 > 7
    assert step_quantile(np.arange(1.0, 101.0)[None], 0.07)[0] == 7.0
    weights = np.array([0.1] * 6 + [0.2])
    assert np.cumsum(weights)[5] < 0.75 * np.cumsum(weights)[6]
    assert step_quantile(np.arange(7.0)[None], 0.75, weights)[0] == 5.0


def test_the_least_value_is_one_that_counts():
    assert step_quantile(np.array([[5.0, 1.0, 9.0]]), 0.0, np.array([0.2, 0.0, 0.3]))[0] == 5.0


@pytest.mark.parametrize("step", [0.3, 0.5])
def test_level_draws_stay_in_their_order(step):
    """Numbers of 16 bits and others; the least of some is of one draw alone, and all of some are level."""
    rng = np.random.default_rng(2)
    values = step * rng.integers(1, 4, (4, 300))
    values[1, 7], values[2], values[3, ::9] = 0.0, step, NAN
    np.testing.assert_array_equal(_order(values), np.argsort(values, axis=-1, kind="stable"))
    np.testing.assert_array_equal(_order(values[2]), np.arange(300))


def test_draws_that_are_lost_come_behind_the_largest_number_of_16_bits():
    assert _order(np.array([[NAN, 16383.5, -16383.5]])).tolist() == [[2, 1, 0]]
    assert _order(np.array([[NAN, 40000.0, 3.0]])).tolist() == [[2, 1, 0]]


def test_one_intervention_is_first_in_every_draw_and_none_has_no_rank():
    first, last = tied_ranks(np.array([[0.3, NAN, 0.1, 0.3]]), 1e-4)
    np.testing.assert_array_equal(first, [[1, NAN, 1, 1]])
    np.testing.assert_array_equal(last, first)
    assert tied_ranks(np.empty((0, 3)), 1e-4)[0].shape == (0, 3)


def test_nobody_has_a_share_of_the_first_places_where_nobody_has_a_rank():
    lost = np.full((2, 3), NAN)
    assert share_among_first(lost, lost, 1).tolist() == [0.0, 0.0]


def test_the_largest_shares_come_first_and_then_the_order():
    found = fewest(np.array([0.2, 0.4, 0.3, 0.1]), np.array([1, 2, 3, 4]), 0.6)
    assert found.tolist() == [False, True, True, False]
    for short, more in ((0.5e-9, False), (1.5e-9, True)):
        assert fewest(np.array([0.9 - short, 0.1]), np.array([1, 2]), 0.9).tolist() == [True, more]


@pytest.mark.parametrize(
    ("ratio", "expected"),
    [([0.9, 0.5, 0.4], 2.0), ([0.9, 0.8, 0.5], 3.0), ([0.5, 0.5, 0.5], -INF), ([0.9, 0.5, 0.5], 2.0)],
)
def test_a_dose_that_leaves_exactly_half_is_the_half_dose(ratio, expected):
    assert log10_half_dose(np.array(ratio), np.array([10.0, 100.0, 1000.0])) == expected


def test_one_draw_alone_says_where_its_half_dose_lies():
    assert censoring(np.array([[2.0], [INF], [-INF], [NAN]])).tolist() == [
        "inside", "above_tested", "below_tested", "none",
    ]  # fmt: skip
