"""The search of what is left when blots are solved: right derivatives, right ends, the same each time."""

from dataclasses import replace
from types import SimpleNamespace

import jax.numpy as jnp
import numpy as np
import pytest

from screen.calibration import load_problem
from screen.calibration.problem import Estimated
from screen.calibration.scales import Blots, Solved
from screen.fit import (
    Schedule,
    curvature,
    make_hierarchical,
    make_hierarchical_objective,
    make_hierarchical_predictor,
    make_projected_target,
    make_sensitivity,
    search,
)
from screen.fit.hierarchical import Rows
from screen.fit.variable_projection import _eliminate
from tests.toy import BLOT_ROWS, PARAMETERS, TRUTH, write_blots


@pytest.fixture(scope="module")
def hierarchical(blotted):
    return make_hierarchical(blotted)


@pytest.fixture(scope="module")
def target(hierarchical, solver):
    return make_projected_target(hierarchical, solver)


@pytest.mark.parametrize("kept_sigma", [pytest.param(False, marks=pytest.mark.slow), True])
def test_target_has_cost_and_gradient_of_the_objective(tmp_path, solver, kept_sigma):
    """Also where the sigma of a blot has a prior and is searched."""
    prior = " parameterScaleNormal -1;1\n" if kept_sigma else " - -\n"
    blot = BLOT_ROWS.replace("sd log10 1e-5 10 0.1 1 - -\n", f"sd log10 1e-5 10 0.1 1{prior}")
    hierarchical = make_hierarchical(load_problem(write_blots(tmp_path, PARAMETERS + blot)), correction=1.3)
    assert ("sd" in hierarchical.outer.estimated.names) == kept_sigma
    at = hierarchical.outer.estimated.nominal.copy()
    at[:2] += 0.1, 0.2
    target = make_projected_target(hierarchical, solver)
    wanted = make_hierarchical_objective(hierarchical, solver, 1)(jnp.asarray(at[None]))
    assert target.cost(at[None])[0] == pytest.approx(float(wanted.cost[0]), abs=1e-6)
    np.testing.assert_allclose(target.linearise(at[None])[0], wanted.gradient, rtol=0.02, atol=0.02)


def test_matrix_is_that_of_the_whole_problem_with_scale_and_offset_eliminated(
    hierarchical, target, blotted, solver
):
    """Schur complement of the Gauss-Newton matrix that adjoint solves give for all parameters at once."""
    at = np.log10([TRUTH["k_made"], TRUTH["k_lost"], 1e-9])
    matrix = target.linearise(at[None])[1][0]
    solved = make_hierarchical_predictor(hierarchical, solver, 1)(at[None]).solved
    vector = hierarchical.complete(at[None], solved)[0]
    whole = curvature(blotted, vector, make_sensitivity(blotted, solver)(vector)).precision
    names = list(blotted.estimated.names)
    kept = [names.index(name) for name in ("k_made", "k_lost")]
    inner = [names.index(name) for name in ("scale", "offset")]
    cross = whole[np.ix_(kept, inner)]
    wanted = whole[np.ix_(kept, kept)] - cross @ np.linalg.solve(whole[np.ix_(inner, inner)], cross.T)
    np.testing.assert_allclose(matrix[:2, :2], wanted, rtol=0.03)


@pytest.mark.parametrize("held", [(3.0, 1e3), (1e-3, 3.0)])
def test_what_blots_solve_is_projected_out_of_their_readings_and_a_reading_of_0_divides_nothing(held):
    """Two blots of five readings. The first is compared as logarithms, solves scale, offset and noise, and one of its
    readings is 0 and counts for nothing. The second is compared as it is, its scale sits on a bound, its noise is
    given, and it has a reading of 0 that counts. Known: J' r, and J' (1 - P) J by least squares."""
    rng, unit, width = np.random.default_rng(6), 1 / np.log(10), 5
    blot, signal = np.repeat([0, 1], width), rng.uniform(0.5, 2, 2 * width)
    scale, offset = np.array([1.5, 3.0]), np.array([0.2, -0.4])
    value = offset[blot] + scale[blot] * signal
    good = np.arange(2 * width) != 2
    value[2] = value[7] = 0.0
    blots = Blots(
        np.arange(2 * width).reshape(2, width), np.ones((2, width), bool), np.zeros((2, width)), np.array([unit, 0.0]),
        np.array([[1e-3, 1e3], held]), np.array([[0.0, 1e3], [-1e3, 1e3]]), np.array([0, -1]), np.ones((1, 2)),
    )  # fmt: skip
    distance, sigma, factor = rng.normal(size=10), rng.uniform(0.5, 2, 10), np.full(10, 1.2)
    rows = Rows(*(each[None] for each in (signal, value, distance, sigma, np.zeros(10), good)),
                Solved(scale[None], offset[None], np.ones((1, 1))))  # fmt: skip
    every = SimpleNamespace(rows=np.arange(10), distribution="normal", degrees=None)
    measurements = SimpleNamespace(censored=np.zeros(10, int), shown=np.ones(10, bool))
    problem = SimpleNamespace(observables=(every,), measurements=measurements)
    hierarchical = SimpleNamespace(
        problem=problem, blots=blots, blot=blot, factor=factor, reading=np.arange(10)
    )
    by_signal, by_noise = rng.normal(size=(2, 4, 10))
    gradient, matrix = _eliminate(hierarchical, rows, by_signal, by_noise)
    weight = (
        factor
        / sigma
        * np.array([unit / each if each and place < 5 else 1.0 for place, each in enumerate(value)])
    )
    z = factor * distance / sigma
    jacobian, first, second = weight * scale[blot] * by_signal, np.flatnonzero(good[:5]), slice(5, 10)
    own = by_noise[:, second]
    known = jacobian[:, good] @ z[good] + own @ (1 - z[second] ** 2)
    np.testing.assert_allclose(gradient, known, rtol=1e-12)

    def left(rows, columns):
        whole = jacobian[:, rows].T
        return whole.T @ (whole - columns @ np.linalg.lstsq(columns, whole)[0])

    both = np.stack([weight[first] * signal[first], weight[first]], axis=1)
    known = left(first, both) + left(second, weight[second, None]) + 2 * own @ own.T
    np.testing.assert_allclose(matrix, known, rtol=1e-9, atol=1e-12)


def test_starts_end_where_the_gradient_is_nothing_and_kicks_are_repeatable(target):
    starts = target.estimated.nominal + np.array([[0.0, 0.0, 0.0], [1.0, 1.0, 0.0]])
    schedule = Schedule(adam=0, polish=40, kicks=1, tolerance=1e-6, seed=2)
    first, again = search(target, starts, schedule), search(target, starts[:1], schedule)
    assert np.all(first.gradient_norm < 0.1) and np.all(first.steps > 40)
    assert np.all(first.cost <= first.first_end) and np.all(first.first_end < first.first_cost)
    assert first.cost[0] == pytest.approx(first.cost[1], abs=1e-3)
    np.testing.assert_allclose(first.scaled[first.start == 0], again.scaled, atol=1e-9)


def test_search_stays_in_its_box_and_holds_what_is_pushed_out(target):
    estimated = target.estimated
    tight = replace(
        estimated,
        upper=np.array([-1.0, *estimated.upper[1:]]),
        nominal=np.array([-1.5, *estimated.nominal[1:]]),
    )
    found = search(target._replace(estimated=tight), tight.nominal[None], Schedule(adam=0))
    assert found.scaled[0, 0] == -1.0
    assert found.gradient_norm[0] < 1
    assert target.linearise(found.scaled)[0][0, 0] < 0


def test_units_are_those_of_the_prior_else_decades_or_tenths_of_a_range(toy):
    assert toy.estimated.units == pytest.approx([0.7, 0.7, 0.3, 1.0])
    bare = Estimated(("a", "b"), ("log10", "lin"), np.array([-5.0, 0.0]), np.array([3.0, 100.0]),
                     np.zeros(2), (None, None), ())  # fmt: skip
    assert bare.units.tolist() == [1.0, 10.0]
