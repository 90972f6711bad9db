"""Noise distributions against scipy, their derivatives against finite differences, and in a problem."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from screen.calibration import load_problem
from screen.calibration.noise import NOISE, local_cost, reading_cost
from screen.errors import FitError
from screen.fit import make_hierarchical, make_hierarchical_objective, make_predictor
from screen.fit.curvature import curvature
from screen.fit.objective import posterior_cost
from screen.fit.sensitivity import make_sensitivity
from tests import toy as toys

PEERS = {"normal": stats.norm, "laplace": stats.laplace, "student": stats.t(4.0)}
DEGREES = 4.0
AT = np.array([-7.3, -1.2, -1e-3, 0.4, 2.0, 9.0])
STEP = 1e-5


def cost(name, z, censored=False, log_sigma=0.0):
    return _cost(name, np.shape(z), censored)(z, log_sigma)


@cache
def _cost(name, shape, censored):
    held = np.full(shape, censored)
    return jax.jit(lambda z, log_sigma: reading_cost(name, DEGREES, z, jnp.exp(log_sigma), held))


def test_every_distribution_has_a_peer():
    assert set(PEERS) == set(NOISE)


@pytest.mark.parametrize("name", NOISE)
def test_a_reading_costs_minus_its_log_density(name):
    np.testing.assert_allclose(cost(name, AT, log_sigma=0.7), 0.7 - PEERS[name].logpdf(AT), rtol=1e-9)


@pytest.mark.parametrize("name", NOISE)
def test_the_sd_of_a_distance_is_that_of_the_peer(name):
    assert NOISE[name].sd(DEGREES) == pytest.approx(PEERS[name].std())


def test_tails_that_are_too_long_have_no_sd():
    assert NOISE["student"].sd(2.0) == np.inf


@pytest.mark.parametrize("name", NOISE)
def test_a_censored_reading_costs_minus_the_log_probability_of_at_most_it(name):
    np.testing.assert_allclose(cost(name, AT, censored=True), -PEERS[name].logcdf(-AT), rtol=1e-6, atol=1e-15)


@pytest.mark.parametrize("censored", [False, True])
@pytest.mark.parametrize("name", NOISE)
def test_slopes_are_those_of_the_cost(name, censored):
    local = local_cost(name, DEGREES, AT, np.full(len(AT), censored))
    by_differences = (cost(name, AT + STEP, censored) - cost(name, AT - STEP, censored)) / (2 * STEP)
    np.testing.assert_allclose(local.slope, by_differences, rtol=1e-5, atol=1e-8)
    slope = jax.grad(lambda z: reading_cost(name, DEGREES, z, 1.0, np.array(censored)))
    by_jax = jax.jit(jax.vmap(slope))(AT)
    np.testing.assert_allclose(by_jax, local.slope, rtol=1e-9)
    up, down = (cost(name, AT * np.exp(-s), censored, s) for s in (STEP, -STEP))
    np.testing.assert_allclose(local.slope_log_sigma, (up - down) / (2 * STEP), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", NOISE)
def test_expected_curvatures_are_those_of_many_draws(name):
    z = NOISE[name].draw(np.random.default_rng(1), 400_000, DEGREES)
    local = local_cost(name, DEGREES, z, np.zeros(len(z), bool))
    assert np.mean(local.slope**2) == pytest.approx(NOISE[name].by_value(DEGREES), rel=0.02)
    assert np.mean(local.slope_log_sigma**2) == pytest.approx(NOISE[name].by_log_sigma(DEGREES), rel=0.02)


@pytest.mark.parametrize("name", NOISE)
def test_the_parabola_of_the_weight_touches_the_cost_and_lies_above_it(name):
    """Its lowest point is where nothing is off; within a twentieth of a sigma the weight is that of a twentieth."""
    there = np.linspace(-12.0, 12.0, 97)
    for at in AT[np.abs(AT) > 0.05]:
        local = local_cost(name, DEGREES, np.array([at]), np.array([False]))
        weight, value = local.weight[0], cost(name, np.array([at]))[0]
        assert weight * at == pytest.approx(local.slope[0])
        assert (cost(name, there) <= value + 0.5 * weight * (there**2 - at**2) + 1e-9).all()
    edges = local_cost(name, DEGREES, np.array([1e-3, 0.05 + 1e-9, 0.0]), np.zeros(3, bool))
    near, edge, none = edges.weight
    assert near == pytest.approx(edge) == pytest.approx(none)
    assert edge * 0.05 == pytest.approx(edges.slope[1])


@pytest.mark.parametrize("degrees", [3.0, 8.0])
def test_degrees_of_freedom_are_those_of_the_peer(degrees):
    peer, plain = stats.t(degrees), np.zeros(len(AT), bool)
    found = [reading_cost("student", degrees, jnp.asarray(AT), jnp.ones(1), each) for each in (plain, ~plain)]
    np.testing.assert_allclose(found[0], -peer.logpdf(AT), rtol=1e-9)
    np.testing.assert_allclose(found[1], -peer.logcdf(-AT), rtol=1e-6)
    assert NOISE["student"].sd(degrees) == pytest.approx(peer.std())
    information = peer.expect(lambda z: ((degrees + 1) * z / (degrees + z**2)) ** 2)
    assert NOISE["student"].by_value(degrees) == pytest.approx(information, rel=1e-6)
    information = peer.expect(lambda z: (1 - (degrees + 1) * z**2 / (degrees + z**2)) ** 2)
    assert NOISE["student"].by_log_sigma(degrees) == pytest.approx(information, rel=1e-6)


@pytest.mark.parametrize("name", NOISE)
def test_the_curvature_of_a_censored_reading_is_the_slope_of_its_slope(name):
    censored, at = np.ones(len(AT), bool), AT[AT > -2]
    local = local_cost(name, DEGREES, at, censored[: len(at)])
    up, down = (local_cost(name, DEGREES, at + step, censored[: len(at)]).slope for step in (STEP, -STEP))
    want = np.maximum((up - down) / (2 * STEP), 0.0)
    np.testing.assert_allclose(local.curvature, want, rtol=1e-4, atol=1e-7)
    np.testing.assert_allclose(local.curvature_log_sigma, at**2 * want, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(local.weight, want, rtol=1e-4, atol=1e-7)


@pytest.fixture
def spoilt(tmp_path):
    """The toy problem with Student's t, its reading before the smallest dose censored."""
    path = toys.write_problem(tmp_path, noise=0.05)
    table = tmp_path / "observables.tsv"
    first, scaled, other = table.read_text().splitlines()
    table.write_text(f"{first}\tdegreesOfFreedom\n{scaled}\t4\n{other}\t\n")
    table = tmp_path / "measurements.tsv"
    first, low, *others = table.read_text().splitlines()
    lines = [f"{first}\tcensoring", f"{low}\tleft", *(f"{line}\t" for line in others)]
    table.write_text("\n".join(lines) + "\n")
    return path


def test_student_and_censoring_come_from_the_further_columns(spoilt, solver):
    problem = load_problem(spoilt)
    scaled = problem.observables[0]
    assert (scaled.distribution, scaled.degrees) == ("student", 4.0)
    assert list(np.flatnonzero(problem.measurements.censored)) == [0]
    found = make_predictor(problem, solver, 1)(problem.estimated.nominal[None])
    rows = scaled.rows
    measured = np.log10(problem.measurements.value[rows])
    z = (found.compared[0, rows] - measured) / found.sigma[0, rows]
    want = -stats.t(4.0).logpdf(z) + np.log(0.05) + np.log(np.log(10) * 10**measured)
    want[0] = -stats.t(4.0).logcdf(-z[0])
    np.testing.assert_allclose(found.cost[0, rows], want, rtol=1e-8)


def test_gradient_of_a_problem_with_both(spoilt, solver):
    problem = load_problem(spoilt)
    predictor, sensitivity = make_predictor(problem, solver, 2), make_sensitivity(problem, solver)
    at = problem.estimated.nominal
    gradient = curvature(problem, at, sensitivity(at)).gradient
    for place in (0, 1, 3):
        ends = np.array([at + 1e-5 * sign * np.eye(len(at))[place] for sign in (1, -1)])
        up, down = posterior_cost(problem, ends, predictor(ends))
        assert gradient[place] == pytest.approx((up - down) / 2e-5, rel=2e-3)


@pytest.mark.parametrize(
    ("table", "old", "new", "message"),
    [
        ("observables.tsv", "\t4\n", "\t-4\n", "degreesOfFreedom: must be a positive number, found -4"),
        ("measurements.tsv", "\tleft", "\tright", "censoring: must be one of none, left, found right"),
    ],
)
def test_further_columns_are_checked(spoilt, table, old, new, message):
    path = spoilt.parent / table
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(FitError, match=message):
        load_problem(spoilt)


def test_blots_with_either_stay_in_the_search_and_cost_the_same(spoilt, solver):
    problem = load_problem(spoilt)
    hierarchical = make_hierarchical(problem)
    assert hierarchical.outer.estimated.names == problem.estimated.names
    at = problem.estimated.nominal[None]
    want = posterior_cost(problem, at, make_predictor(problem, solver, 1)(at))
    found = make_hierarchical_objective(hierarchical, solver, 1)(jnp.asarray(at)).cost
    np.testing.assert_allclose(found, want, rtol=1e-9)
