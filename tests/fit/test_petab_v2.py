"""A PEtab 2 problem of several periods against closed forms, and its gradients against differences."""

import jax.numpy as jnp
import numpy as np
import petab.v2 as petab
import pytest

from screen.calibration import load_problem
from screen.fit import make_objective, make_predictor, make_sensitivity
from screen.fit.objective import prior_cost
from tests.petab_v2 import write_version_2

STEP = 1e-4


@pytest.fixture(scope="module")
def problem(tmp_path_factory):
    return load_problem(write_version_2(tmp_path_factory.mktemp("version_2")))


def after(time, start, rest, lost):
    """S a time after `start`, on its way to `rest`."""
    return rest + (start - rest) * np.exp(-lost * time)


def test_periods_follow_one_another(problem, solver):
    """From rest; a dose from 3 on; at 7 S is doubled and one more, and half as much lost; then for ever."""
    found = make_predictor(problem, solver, 1)(problem.estimated.nominal[None])
    at_7 = 2 * after(4, 0.25, 2.75, 0.2) + 1
    expected = np.array([0.25, after(2, 0.25, 2.75, 0.2), at_7, after(3, at_7, 5.5, 0.1), 5.5])
    assert found.compared[0, :5] == pytest.approx(expected, rel=1e-5)
    assert found.sigma[0, :5] == pytest.approx(0.1 * expected + 0.5, rel=1e-5)
    assert found.compared[0, 5:] == pytest.approx(np.log([1.5, 1.5]))
    off = np.abs(np.log(1.5 / 2)) / 0.5
    assert found.cost[0, 5:] == pytest.approx(off + np.log(2 * 0.5) + np.log(2.0))


def test_priors_are_those_within_the_bounds(problem):
    scaled = problem.estimated.nominal + np.array([0.2, 0.3, 0.0, 0.0])
    linear = dict(zip(problem.estimated.names, np.asarray(problem.estimated.linear(scaled)), strict=True))
    rows = ("k_made", 0.001, 100, "log-normal", [-0.5, 1]), ("half_dose", 0, 10, "gamma", [2, 1])
    density = 1.0
    for name, lower, upper, kind, numbers in rows:
        prior = petab.Parameter(
            id=name, lb=lower, ub=upper, prior_distribution=kind, prior_parameters=numbers
        )
        density *= prior.prior_dist.pdf(linear[name])
    assert prior_cost(problem, jnp.asarray(scaled[None]))[0] == pytest.approx(-np.log(density), rel=1e-6)


def test_gradients_reach_through_periods_steady_states_and_formulas(problem, solver):
    at, predict = problem.estimated.nominal + 0.05, make_predictor(problem, solver, 1)
    units = STEP * np.eye(len(at))

    def cost(scaled):
        return (
            float(prior_cost(problem, jnp.asarray(scaled[None]))[0]) - predict(scaled[None]).log_likelihood[0]
        )

    slopes = [(cost(at + unit) - cost(at - unit)) / (2 * STEP) for unit in units]
    found = make_objective(problem, solver, 1)(jnp.asarray(at[None]))
    assert found.gradient[0] == pytest.approx(slopes, rel=2e-3, abs=1e-4)
    rows = make_sensitivity(problem, solver)(at)
    for unit, column in zip(units, rows.by_value.T, strict=True):
        more, less = (predict((at + sign * unit)[None]).compared[0] for sign in (1, -1))
        assert column == pytest.approx((more - less) / (2 * STEP) / rows.sigma, rel=2e-3, abs=1e-5)


def test_a_row_of_a_jacobian_enters_a_later_period_from_its_very_end(tmp_path, solver):
    """Nothing is read at 7, where S is doubled, and once behind it: what is read at 5 is no place to set out from."""
    path = write_version_2(tmp_path)
    measured = tmp_path / "measurements.tsv"
    kept = [
        line for line in measured.read_text().splitlines() if line.split("\t")[2] not in ("3", "7", "inf")
    ]
    measured.write_text("\n".join(kept) + "\n")
    problem = load_problem(path)
    found = make_sensitivity(problem, solver)(problem.estimated.nominal)
    at_7 = 2 * after(4, 0.25, 2.75, 0.2) + 1
    expected = [after(2, 0.25, 2.75, 0.2), after(3, at_7, 5.5, 0.1), *np.log([1.5, 1.5])]
    assert found.compared == pytest.approx(expected, rel=1e-4)
