"""The log posterior of the toy problem against closed forms, the petab library and finite differences."""

import jax.numpy as jnp
import numpy as np
import pandas as pd
import petab.v1 as petab
import pytest

from screen.fit import jacobian, log_likelihood, make_objective
from screen.fit.objective import FAILED_COST
from tests.fit.toy import TRUTH, amount


def at(problem, **values):
    scaled = dict(zip(problem.estimated.names, problem.estimated.nominal, strict=True))
    scaled |= {name: np.log10(value) for name, value in values.items()}
    return np.array([scaled[name] for name in problem.estimated.names])


def test_predictions_have_the_closed_form(toy, solver):
    _, found = log_likelihood(toy, solver, at(toy, **TRUTH)[None])
    for row, want in toy.measurements.frame.iterrows():
        dose = float(want["simulationConditionId"].split("_")[1])
        S = amount(want["time"], dose, TRUTH["k_made"], TRUTH["k_lost"])
        expected = S if want["observableId"] == "obs_S" else np.log10(TRUTH["scale"] * S / (S + 5))
        assert found.compared[row] == pytest.approx(expected, rel=1e-5)


def test_log_likelihood_is_that_of_the_petab_library(toy, solver):
    vectors = np.array([at(toy), at(toy, k_made=2.0, scale=20.0)])
    likelihood, found = log_likelihood(toy, solver, vectors)
    data = toy.measurements.frame
    for row, vector in enumerate(vectors):
        compared = np.asarray(found.compared).reshape(len(vectors), -1)[row]
        simulated = data.copy()
        is_log = data["observableId"] == "obs_scaled"
        simulated["simulation"] = np.where(is_log, 10**compared, compared)
        table = pd.DataFrame(
            {
                "parameterId": toy.estimated.names,
                "nominalValue": 10**vector,
                "estimate": 1,
                "parameterScale": "lin",
            }
        ).set_index("parameterId")
        want = petab.calculate_llh(data, simulated.drop(columns="measurement"), toy.observable_table, table)
        assert likelihood[row] == pytest.approx(want, rel=1e-9)


def test_gradient_matches_finite_differences(toy, solver):
    evaluate = make_objective(toy, solver, 2)
    points = np.array([at(toy, k_made=0.8), at(toy, k_lost=0.3, scale=40.0)])
    gradient = np.asarray(evaluate(jnp.asarray(points)).gradient)
    for place in range(points.shape[1]):
        step = np.zeros(points.shape[1])
        step[place] = 1e-4
        up, down = (np.asarray(evaluate(jnp.asarray(points + sign * step)).cost) for sign in (1, -1))
        np.testing.assert_allclose(gradient[:, place], (up - down) / 2e-4, rtol=1e-4, atol=1e-4)


def test_jacobian_matches_finite_differences(toy, solver):
    point = at(toy, k_made=0.8)
    by_value, by_noise = jacobian(toy, solver, point)
    assert np.all(by_noise == 0)
    for place in range(len(point)):
        step = np.zeros(len(point))
        step[place] = 1e-4
        _, found = log_likelihood(toy, solver, np.array([point + step, point - step]))
        up, down = np.asarray(found.compared).reshape(2, -1)
        sigma = np.asarray(found.sigma).reshape(2, -1)[0]
        np.testing.assert_allclose(by_value[:, place], (up - down) / 2e-4 / sigma, rtol=1e-4, atol=1e-4)


def test_vectors_do_not_see_each_other(toy, solver):
    good, bad = at(toy), at(toy, k_blow=100.0)
    alone = make_objective(toy, solver, 1)(jnp.asarray(good[None]))
    beside = make_objective(toy, solver, 2)(jnp.asarray([bad, good]))
    assert beside.cost[1] == alone.cost[0]
    np.testing.assert_array_equal(beside.gradient[1], alone.gradient[0])


def test_failed_solve_is_penalised_counted_and_pulls_nowhere(toy, solver):
    found = make_objective(toy, solver, 1)(jnp.asarray(at(toy, k_blow=100.0)[None]))
    assert found.failed[0] == len(toy.lanes.names)
    assert found.cost[0] >= len(toy.measurements.frame) * FAILED_COST
    assert np.all(np.isfinite(found.gradient))
