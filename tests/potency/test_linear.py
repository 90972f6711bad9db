"""Linear models with censored values against closed forms and against data made from known numbers."""

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
