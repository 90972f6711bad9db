"""Linear models with censored values against closed forms and against data made from known numbers."""

from math import gamma

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.stats import norm

from screen.potency.linear import ABOVE, BELOW, EXACT, Linear, estimate, numbers_needed, sample, truncated


def one_latent(values, sides, noise=1.0, mean=1.0, sd=2.0):
    count = len(values)
    return Linear(
        csr_array(np.ones((count, 1))),
        np.array(values, dtype=float),
        np.array(sides),
        np.ones(count),
        np.array(["noise"] * count, dtype=object),
        np.array([mean]),
        np.array(["latent"], dtype=object),
        {"noise": noise, "latent": sd},
        frozenset({"noise", "latent"}),
    )


def drawn(model, draws=100_000, seed=3):
    return sample(model, np.random.default_rng(seed).random((draws, numbers_needed(model))))[:, 0]


def test_exact_values_give_the_conjugate_normal():
    found = drawn(one_latent([3.0, 2.0], [EXACT, EXACT]))
    precision = 1 / 4 + 2
    assert found.mean() == pytest.approx((1 / 4 + 5) / precision, abs=0.01)
    assert found.std() == pytest.approx(precision**-0.5, abs=0.01)


@pytest.mark.parametrize(("side", "sign"), [(ABOVE, 1), (BELOW, -1)])
def test_a_bound_gives_the_mean_of_the_truncated_normal(side, sign):
    # The value is N(1, 5) beyond 3; the latent follows it with slope 4/5.
    standard = sign * (3.0 - 1.0) / 5**0.5
    value = 1.0 + sign * 5**0.5 * norm.pdf(standard) / norm.sf(standard)
    assert drawn(one_latent([3.0], [side])).mean() == pytest.approx(1.0 + 0.8 * (value - 1.0), abs=0.02)


def test_two_bounds_on_one_latent_leave_what_lies_between_them():
    found = drawn(one_latent([0.0, 0.5], [ABOVE, BELOW], noise=0.5))
    grid = np.linspace(-3.0, 3.5, 2001)
    weight = norm.pdf(grid, 1.0, 2.0) * norm.cdf(grid / 0.5) * norm.cdf((0.5 - grid) / 0.5)
    mean = (grid * weight).sum() / weight.sum()
    assert found.mean() == pytest.approx(mean, abs=0.01)
    assert found.std() == pytest.approx((((grid - mean) ** 2 * weight).sum() / weight.sum()) ** 0.5, abs=0.01)


def test_a_truncated_normal_far_in_the_tail_is_finite_and_on_its_side():
    found = truncated(np.zeros(3), np.ones(3), np.full(3, 30.0), np.ones(3), np.array([1e-9, 0.5, 1 - 1e-9]))
    assert np.isfinite(found).all() and (found >= 30).all() and (found < 31).all()


def test_hierarchical_data_are_recovered_with_half_of_the_values_censored():
    """60 groups of 8 values, N(m_g, 0.3), m_g ~ N(2, 0.8) by a common mean; what exceeds 2 is a bound."""
    rng = np.random.default_rng(11)
    groups, each = 60, 8
    level = 2.0 + 0.8 * rng.standard_normal(groups)
    value = np.repeat(level, each) + 0.3 * rng.standard_normal(groups * each)
    side = np.where(value > 2.0, ABOVE, EXACT)
    rows = np.arange(groups * each)
    design = csr_array(
        (
            np.ones(2 * groups * each),
            (np.tile(rows, 2), np.concatenate([1 + rows // each, np.zeros(groups * each, int)])),
        ),
        shape=(groups * each, groups + 1),
    )
    model = Linear(
        design,
        np.minimum(value, 2.0),
        side,
        np.ones(groups * each),
        np.array(["noise"] * groups * each, dtype=object),
        np.zeros(groups + 1),
        np.array(["mean"] + ["group"] * groups, dtype=object),
        {"noise": 0.5, "group": 0.5, "mean": 5.0},
        frozenset({"mean"}),
    )
    found = estimate(model, np.random.default_rng(1), sweeps=900, burn=300)
    assert found.groups["noise"][0] == pytest.approx(0.3, abs=0.05)
    assert found.groups["group"][0] == pytest.approx(0.8, abs=3 * found.groups["group"][1])
    assert found.mean[0] == pytest.approx(2.0, abs=3 * found.sd[0])
    assert found.sd[0] < 0.3


def test_a_draw_is_the_same_however_many_there_are():
    model = one_latent([3.0, 0.0], [ABOVE, EXACT])
    uniform = np.random.default_rng(5).random((50, numbers_needed(model)))
    assert np.allclose(sample(model, uniform)[:7], sample(model, uniform[:7]), rtol=0, atol=1e-12)


def test_the_mean_of_a_group_of_latents_is_found_with_its_sd():
    """40 latents N(1.5, 0.7) read 12 times each with noise 0.3, under a prior of the mean that says 0 +- 2."""
    rng = np.random.default_rng(5)
    latents = rng.normal(1.5, 0.7, 40)
    places = np.repeat(np.arange(40), 12)
    design = csr_array((np.ones(480), (np.arange(480), places)))
    value = latents[places] + rng.normal(0, 0.3, 480)
    groups = np.array(["effect"] * 40, dtype=object)
    model = Linear(
        design, value, np.zeros(480, dtype=int), np.ones(480), np.array(["noise"] * 480, dtype=object),
        np.zeros(40), groups, {"noise": 0.5, "effect": 0.5}, centres={"effect": (0.0, 2.0)},
    )  # fmt: skip
    found = estimate(model, rng, 300, 100)
    mean, sd = found.centres["effect"]
    assert mean == pytest.approx(latents.mean(), abs=0.05)
    assert sd == pytest.approx(latents.std() / 40**0.5, rel=0.25)
    assert found.groups["effect"][0] == pytest.approx(latents.std(), rel=0.15)
    assert found.mean == pytest.approx(latents, abs=0.35)


def test_a_uniform_number_of_975_gives_the_mean_and_1_96_sds():
    """Three numbers for two latents: of values 1 and 4 with sd 0.5 under priors N(0, 3), precision is 1/9 + 4."""
    model = Linear(
        csr_array(np.eye(2)), np.array([1.0, 4.0]), np.array([EXACT, EXACT]), np.ones(2),
        np.array(["noise", "noise"], dtype=object), np.zeros(2), np.array(["latent", "latent"], dtype=object),
        {"noise": 0.5, "latent": 3.0}, frozenset({"noise", "latent"}),
    )  # fmt: skip
    found = sample(model, np.array([[0.5, 0.5], [0.975, 0.025], [1.0, 0.0]]))
    middle, sd = np.array([4.0, 16.0]) / (4 + 1 / 9), (4 + 1 / 9) ** -0.5
    assert found.shape == (3, 2)
    assert found[0] == pytest.approx(middle)
    assert found[1] == pytest.approx(middle + 1.959964 * sd * np.array([1, -1]), abs=1e-6)
    assert np.isfinite(found).all() and (np.abs(found[2] - middle) > 6 * sd).all()


def test_what_a_value_owes_to_what_is_known_in_a_draw_comes_off_it():
    """The middle draws of a value of 3 that owes 0, 1 and 2, and so tells of 3, 2 and 1: N(1, 2) with noise 1."""
    told = np.array([[0.0], [1.0], [2.0]])
    found = sample(one_latent([3.0], [EXACT]), np.full((3, 1), 0.5), told)[:, 0]
    assert found == pytest.approx((1 / 4 + np.array([3.0, 2.0, 1.0])) / 1.25)


def test_latents_found_by_sweeps_are_the_conjugate_normal():
    """200 latents N(1, 2) read once with noise 1 as 3: precision is 1/4 + 1; sds are known, and given back."""
    names = np.array(["latent"] * 200, dtype=object)
    model = Linear(
        csr_array(np.eye(200)), np.full(200, 3.0), np.zeros(200, dtype=int), np.ones(200),
        np.array(["noise"] * 200, dtype=object), np.ones(200), names, {"noise": 1.0, "latent": 2.0},
        frozenset({"noise", "latent"}),
    )  # fmt: skip
    found = estimate(model, np.random.default_rng(4), 60, 0)
    assert found.mean.mean() == pytest.approx((0.25 + 3.0) / 1.25, abs=0.03)
    assert found.sd.mean() == pytest.approx(1.25**-0.5, rel=0.04)
    assert found.groups == {"noise": (1.0, 0.0), "latent": (2.0, 0.0)} and not found.centres


def test_the_mean_of_a_group_is_the_conjugate_normal():
    """Three latents N(m, 0.5) read once with noise 0.2 tell of m as values with variance 0.29; before, m is -2 +- 0.3.

    In 60 groups alike, over whose draws is averaged.
    """
    names = [f"effect {index}" for index in range(60)]
    model = Linear(
        csr_array(np.eye(180)), np.tile([0.4, 1.0, 1.6], 60), np.zeros(180, dtype=int), np.ones(180),
        np.array(["noise"] * 180, dtype=object), np.zeros(180), np.repeat(np.array(names, dtype=object), 3),
        dict.fromkeys(names, 0.5) | {"noise": 0.2}, frozenset({"noise", *names}), dict.fromkeys(names, (-2.0, 0.3)),
    )  # fmt: skip
    found = estimate(model, np.random.default_rng(2), 110, 10)
    told, before = 3 / 0.29, 1 / 0.09
    mean, sd = np.mean([found.centres[name] for name in names], axis=0)
    assert mean == pytest.approx((told * 1.0 - before * 2.0) / (told + before), abs=0.02)
    assert sd == pytest.approx((told + before) ** -0.5, rel=0.05)


def test_a_guess_of_an_sd_counts_as_four_values():
    """The variance of four values +-1.5 about a known 0 is inverse gamma, of shape (4 + 4)/2 and rate (4 3^2 + 9)/2.

    In 60 groups alike, half of which were read three times as badly, over whose draws is averaged.
    """
    names = [f"noise {index}" for index in range(60)]
    scale = np.repeat([1.0, 3.0], 120)
    model = Linear(
        csr_array(np.ones((240, 1))), np.tile([1.5, -1.5], 120) * scale**0.5, np.zeros(240, dtype=int), scale,
        np.repeat(np.array(names, dtype=object), 4), np.zeros(1), np.array(["latent"], dtype=object),
        dict.fromkeys(names, 3.0) | {"latent": 1e-6}, frozenset({"latent"}),
    )  # fmt: skip
    found = estimate(model, np.random.default_rng(3), 100, 0)
    mean = 22.5**0.5 * gamma(3.5) / gamma(4)
    for half in (names[:30], names[30:]):
        middle, sd = np.mean([found.groups[name] for name in half], axis=0)
        assert middle == pytest.approx(mean, rel=0.03)
        assert sd == pytest.approx((22.5 / 3 - mean**2) ** 0.5, rel=0.1)
    assert found.groups["latent"] == pytest.approx((1e-6, 0.0))
