"""What is solved blot by blot is the optimum over it, and the gradient of what is left is right."""

from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.optimize

from screen.calibration import load_problem
from screen.calibration.formulas import parse_formula
from screen.calibration.scales import Blots, solve_blots
from screen.calibration.split import split_problem
from screen.fit import (
    Schedule,
    make_evaluator,
    make_hierarchical,
    make_hierarchical_objective,
    make_hierarchical_predictor,
    make_predictor,
    search_problem,
)
from screen.fit.objective import posterior_cost
from tests.toy import BLOT_ROWS, PARAMETERS, TRUTH, write_blots


def make_blots(rng, unit, scale, offset, truth, width=9):
    """One blot with measurements of `truth` = (scale, offset) and noise, and its signal."""
    signal = rng.lognormal(size=(1, width))
    value = truth[1] + truth[0] * signal
    noise = 0.1 * rng.standard_normal((1, width))
    measured = np.log(value) + noise if unit else value + noise
    rows, bounds = np.arange(width)[None], np.array([[1e-9, 1e9]])
    blots = Blots(rows, np.ones((1, width), bool), measured, np.array([unit]), np.array([scale], float),
                  np.array([offset], float), np.array([0]), bounds)  # fmt: skip
    return blots, signal


@pytest.mark.parametrize(
    ("unit", "scale", "offset", "truth"),
    [
        (1 / np.log(10), (1e-6, 1e6), (0, 1e6), (3.0, 0.5)),
        (1.0, (1e-6, 0.4), (0, 1e6), (0.5, 2.0)),
        (1.0, (1e-6, 1e6), (0, 0), (2.0, 0.0)),
        (1.0, (1, 1), (0, 1e6), (1.0, 1.5)),
        (0.0, (-10, 10), (-10, 10), (4.0, -1.0)),
        (0.0, (0.2, 5), (0, 10), (0.1, 0.3)),
        (0.0, (0.2, 5), (0.5, 10), (1.0, 0.1)),
    ],
)
def test_blot_is_solved_like_by_a_general_least_squares(unit, scale, offset, truth):
    blots, signal = make_blots(np.random.default_rng(4), unit, scale, offset, truth)
    found = jax.jit(partial(solve_blots, blots, correction=1.5))(signal, np.ones_like(signal))

    def residuals(at):
        value = at[1] + at[0] * signal[0]
        return unit * (np.log(value) - blots.measured[0]) if unit else value - blots.measured[0]

    lower, upper = np.array([scale, offset], float).T
    wide = upper + 1e-7
    best = scipy.optimize.least_squares(
        residuals, np.clip(truth, lower + 1e-8, wide - 1e-8), bounds=(lower, wide), xtol=1e-15, gtol=1e-15
    )
    mine = np.array([found.scale[0, 0], found.offset[0, 0]])
    assert np.all(mine >= lower) and np.all(mine <= wide)
    assert np.sum(residuals(mine) ** 2) <= 2 * best.cost + 1e-6
    np.testing.assert_allclose(mine, best.x, rtol=1e-4, atol=1e-5)
    assert found.sigma[0, 0] == pytest.approx(np.sqrt(1.5 * np.mean(residuals(mine) ** 2)))


def test_measurement_of_weight_0_does_not_count():
    blots, signal = make_blots(np.random.default_rng(5), 1.0, (1e-6, 1e6), (0, 1e6), (3.0, 0.5))
    spoilt = signal.copy()
    spoilt[0, 3] = 1e6
    weight = np.where(np.arange(9) == 3, 0.0, 1.0)[None]
    found = [solve_blots(blots, jnp.asarray(s), jnp.asarray(weight), 1.0) for s in (signal, spoilt)]
    for first, second in zip(*found, strict=True):
        np.testing.assert_allclose(first, second, rtol=1e-12)


def test_scale_offset_and_sigma_leave_the_search(blotted):
    hierarchical = make_hierarchical(blotted)
    assert hierarchical.outer.estimated.names == ("k_made", "k_lost", "k_blow")
    names = np.array(blotted.estimated.names)
    solved = (hierarchical.scales, hierarchical.offsets, hierarchical.sigmas)
    assert [names[part[part >= 0]].tolist() for part in solved] == [["scale"], ["offset"], ["sd"]]


def test_what_is_left_puts_lanes_under_the_same_numbers_as_the_whole_problem(blotted):
    """What conditions compute of the parameters too: half of a rate, and both rates together."""
    names = blotted.estimated.names
    formulas = tuple(parse_formula(text, names, "here") for text in ("k_lost / 2", "k_made + k_lost"))

    def derived(table):
        places = table.parameters.source.copy()
        places[table.parameters.source == names.index("k_lost")] = len(names)
        places[table.parameters.source == names.index("k_made")] = len(names) + 1
        return replace(table, parameters=replace(table.parameters, source=places))

    problem = blotted.with_tables(derived, derived=formulas)
    split = split_problem(problem)
    outer, kept = split.outer, split.kept
    assert 0 < len(kept) < len(names)
    scaled = problem.estimated.nominal + np.linspace(0.1, 0.6, len(names))
    for whole, left in zip(problem.tables, outer.tables, strict=True):
        rows = np.arange(len(whole.names))
        found, wanted = (
            table.parameters.fill(jnp.tile(each.vector(jnp.asarray(at)), (len(rows), 1)), rows)
            for each, table, at in ((outer, left, scaled[kept]), (problem, whole, scaled))
        )
        assert (whole.parameters.source >= len(names)).any() or not len(rows)
        np.testing.assert_array_equal(found, wanted)


def test_parameter_with_a_prior_or_a_narrow_offset_stays(tmp_path):
    prior = (PARAMETERS + BLOT_ROWS).replace("scale log10 0.01 10000 10 1 - -",
                                             "scale log10 0.01 10000 10 1 parameterScaleNormal 1;1")  # fmt: skip
    narrow = prior.replace("offset log10 1e-9", "offset log10 0.05")
    kept = make_hierarchical(load_problem(write_blots(tmp_path, narrow))).outer.estimated.names
    assert kept == ("k_made", "k_lost", "k_blow", "scale", "offset")


@pytest.mark.parametrize("first", ["scale", "offset", "sd"])
def test_the_order_of_parameters_decides_nothing(tmp_path, blotted, first):
    head, *rows = (PARAMETERS + BLOT_ROWS).strip().splitlines()
    rows.sort(key=lambda row: not row.startswith(f"{first} "))
    turned = make_hierarchical(load_problem(write_blots(tmp_path, "\n".join([head, *rows, ""]))))
    names, known = np.array(turned.problem.estimated.names), make_hierarchical(blotted)
    assert names[0] == first
    for part in ("kept", "scales", "offsets", "sigmas"):
        found, want = (getattr(each, part) for each in (turned, known))
        wanted = np.array(known.problem.estimated.names)[want[want >= 0]]
        assert names[found[found >= 0]].tolist() == wanted.tolist(), part
    for part in ("scale", "offset", "sigma"):
        np.testing.assert_array_equal(getattr(turned.blots, part), getattr(known.blots, part))


@pytest.mark.parametrize(
    ("lower", "upper", "is_solved"), [(0.9e-3, 1.1, True), (1.1e-3, 1.1, False), (0.9e-3, 0.99, False)]
)
def test_an_offset_is_solved_where_its_bounds_cannot_bind(tmp_path, blotted, lower, upper, is_solved):
    """Its lower one is below a thousandth of every reading, its upper one above every reading."""
    rows = blotted.observables[0].rows
    value = blotted.measurements.value[rows]
    bounds = f"offset log10 {lower * value.min():.8g} {upper * value.max():.8g} 0.1"
    text = PARAMETERS + BLOT_ROWS.replace("offset log10 1e-9 10000 0.1", bounds)
    kept = make_hierarchical(load_problem(write_blots(tmp_path, text))).outer.estimated.names
    assert ("offset" not in kept) == is_solved


def test_solved_vector_has_the_same_cost_in_the_whole_problem_and_is_its_optimum(blotted, solver):
    hierarchical = make_hierarchical(blotted)
    outer = np.log10([[TRUTH["k_made"], TRUTH["k_lost"], 1e-9]])
    found = make_hierarchical_predictor(hierarchical, solver, 1)(outer)
    whole = hierarchical.complete(outer, found.solved)
    predictor = make_predictor(blotted, solver, 1)

    def cost(vector):
        return posterior_cost(blotted, vector, predictor(vector))[0]

    best = cost(whole)
    assert posterior_cost(hierarchical.outer, outer, found.predicted)[0] == pytest.approx(best, abs=1e-8)
    for name in ("scale", "offset", "sd"):
        for step in (-0.01, 0.01):
            moved = whole.copy()
            moved[0, blotted.estimated.names.index(name)] += step
            assert cost(moved) > best


@pytest.mark.parametrize("transformation", ["log10", "log", "lin"])
def test_gradient_is_that_of_the_solved_objective(tmp_path, solver, transformation):
    problem = load_problem(write_blots(tmp_path, transformation=transformation))
    objective = make_hierarchical_objective(make_hierarchical(problem, correction=1.2), solver, 1)
    at = problem.estimated.nominal[:3] + np.array([0.2, 0.1, 0.0])
    gradient = np.asarray(objective(jnp.asarray(at[None])).gradient)[0]
    for place in range(2):
        step = np.eye(3)[place] * 1e-4
        costs = [float(objective(jnp.asarray((at + sign * step)[None])).cost[0]) for sign in (-1, 1)]
        assert gradient[place] == pytest.approx((costs[1] - costs[0]) / 2e-4, rel=1e-4, abs=1e-4)


def test_failed_lane_costs_its_measurements_and_pulls_nowhere(blotted, solver):
    objective = make_hierarchical_objective(make_hierarchical(blotted), solver, 2)
    good = blotted.estimated.nominal[:3]
    found = objective(jnp.asarray([good, good + np.array([0, 0, 11.0])]))
    assert found.failed.tolist() == [0, 3]
    assert found.cost[1] > 1e4 * 12
    assert np.all(np.isfinite(found.gradient))


def test_search_over_what_is_left_recovers_the_parameters(blotted, solver):
    schedule = Schedule(starts=2, adam=20, polish=30, seed=3)
    found = search_problem(make_evaluator(blotted, solver, 2), solver, schedule)
    best = dict(zip(blotted.estimated.names, 10.0 ** found.scaled[0], strict=True))
    for name in ("k_made", "k_lost"):
        assert best[name] == pytest.approx(TRUTH[name], rel=0.4)
    assert found.gradient_norm[0] < 1
