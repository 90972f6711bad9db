"""Every prior against SciPy: its density, its samples, its curvature; conformance over the table."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from screen.calibration.priors import DISTRIBUTIONS, Prior, must_hold
from screen.calibration.scale import SCALES, rescaled

PEERS = {
    "parameterScaleNormal": ((0.4, 0.7), stats.norm(0.4, 0.7)),
    "parameterScaleLaplace": ((0.4, 0.7), stats.laplace(0.4, 0.7)),
    "parameterScaleUniform": ((0.3, 1.9), stats.uniform(0.3, 1.6)),
    "normal": ((2.0, 0.4), stats.norm(2.0, 0.4)),
    "laplace": ((2.0, 0.1), stats.laplace(2.0, 0.1)),
    "uniform": ((1.3, 2.9), stats.uniform(1.3, 1.6)),
    "logNormal": ((0.4, 0.7), stats.lognorm(0.7, scale=np.exp(0.4))),
    "logLaplace": ((0.4, 0.7), stats.loglaplace(1 / 0.7, scale=np.exp(0.4))),
    "logUniform": ((0.5, 4.0), stats.loguniform(0.5, 4.0)),
    "cauchy": ((2.0, 0.1), stats.cauchy(2.0, 0.1)),
    "gamma": ((3.0, 0.5), stats.gamma(3.0, scale=0.5)),
    "chiSquare": ((4.0, 1.0), stats.chi2(4.0)),
    "exponential": ((1.5, 1.0), stats.expon(scale=1.5)),
    "rayleigh": ((1.5, 1.0), stats.rayleigh(scale=1.5)),
}
"""Two numbers of the prior, and the distribution that they stand for."""

LINEAR = {"lin": lambda x: x, "log": np.exp, "log10": lambda x: 10.0**x}
SCALED = {"lin": lambda x: x, "log": np.log, "log10": np.log10}


def test_every_distribution_has_a_peer():
    assert set(PEERS) == set(DISTRIBUTIONS)


@pytest.mark.parametrize("scale", LINEAR)
@pytest.mark.parametrize("kind", PEERS)
def test_the_cost_is_minus_the_log_density(kind, scale):
    numbers, peer = PEERS[kind]
    for value in peer.ppf([0.1, 0.35, 0.8]):
        scaled = value if kind.startswith("parameterScale") else SCALED[scale](value)
        assert float(Prior(kind, *numbers, scale).cost(scaled)) == pytest.approx(-peer.logpdf(value))


@pytest.mark.parametrize("kind", ["uniform", "parameterScaleUniform"])
def test_a_level_prior_costs_each_value_the_same_0_too(kind):
    cost = Prior(kind, -1.0, 3.0, "lin").cost(jnp.array([-0.5, 0.0, 2.0]))
    assert cost.tolist() == pytest.approx([np.log(4.0)] * 3)


@pytest.mark.parametrize("scale", LINEAR)
@pytest.mark.parametrize("kind", PEERS)
def test_a_level_prior_ends_where_its_density_does(kind, scale):
    numbers, peer = PEERS[kind]
    level = kind.lower().endswith("uniform")
    ends = peer.support() if level else (-np.inf, np.inf)
    scaled = ends if kind.startswith("parameterScale") or not level else SCALED[scale](np.array(ends))
    assert Prior(kind, *numbers, scale).ends == pytest.approx(tuple(scaled))


def test_a_logarithmic_level_prior_has_positive_ends():
    assert must_hold("logUniform", 0.0, 1.0) == "have positive ends"
    assert must_hold("uniform", 0.0, 1.0) == must_hold("logUniform", 0.5, 1.0) == ""


@pytest.mark.parametrize("scale", LINEAR)
@pytest.mark.parametrize("kind", PEERS)
def test_samples_are_of_the_distribution(kind, scale):
    numbers, peer = PEERS[kind]
    rng = np.random.default_rng(8)
    drawn = np.array([Prior(kind, *numbers, scale).sample(rng) for _ in range(1500)])
    values = drawn if kind.startswith("parameterScale") else LINEAR[scale](drawn)
    assert stats.kstest(values, peer.cdf).pvalue > 1e-3


@pytest.mark.parametrize("kind", PEERS)
def test_the_curvature_is_that_of_the_cost_or_of_its_kink(kind):
    numbers, _ = PEERS[kind]
    prior, at = Prior(kind, *numbers, "log"), 0.61
    slope = jax.jit(jax.grad(prior.cost))
    second = float((slope(at + 1e-5) - slope(at - 1e-5)) / 2e-5)
    expected = float(slope(at)) ** 2 if "aplace" in kind else max(second, 0.0)
    assert float(prior.precision(at)) == pytest.approx(expected, rel=1e-5, abs=1e-9)


@pytest.mark.parametrize("kind", PEERS)
def test_the_curvature_at_several_values_is_that_of_each(kind):
    numbers, _ = PEERS[kind]
    prior, at = Prior(kind, *numbers, "log"), [0.31, 0.5, 0.61]
    assert prior.precision(at) == pytest.approx([float(prior.precision(each)) for each in at])


@pytest.mark.parametrize("name", SCALES)
def test_a_scale_goes_there_and_back_with_its_slope(name):
    scale, values = SCALES[name], np.array([0.3, 1.0, 7.0])
    np.testing.assert_allclose(scale.scaled(values), SCALED[name](values))
    np.testing.assert_allclose(scale.linear(scale.scaled(values)), values)
    slopes = jax.jit(jax.vmap(jax.grad(scale.linear)))(jnp.asarray(scale.scaled(values)))
    np.testing.assert_allclose(scale.slope(values), slopes)
    fold = scale.scaled(values * np.e) - scale.scaled(values)
    np.testing.assert_allclose(fold if name != "lin" else 0.0, scale.per_e_fold)


def test_the_slope_of_a_linear_scale_is_1_at_0_too():
    assert SCALES["lin"].slope(np.array([0.0, -2.0])).tolist() == [1.0, 1.0]


def test_columns_go_to_their_own_scales():
    found = rescaled(np.array([[2.0, 3.0, -1.0, 0.0]]), ("log10", "lin", "log10", "log"), "linear")
    np.testing.assert_allclose(found, [[100.0, 3.0, 0.1, 1.0]])
