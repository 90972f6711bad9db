"""The step inside a box is the lowest point of its parabola there, as a general solver finds it."""

import numpy as np
import pytest
from scipy.optimize import minimize

from screen.fit import Box
from screen.fit.gauss_newton import damped_step, lowest_point


@pytest.mark.parametrize("seed", range(12))
def test_lowest_point_is_that_of_a_general_solver(seed):
    rng = np.random.default_rng(seed)
    slopes = rng.normal(size=(6, 12)) * 10.0 ** rng.uniform(-1, 1, 12)
    matrix, gradient = slopes.T @ slopes + np.diag(rng.uniform(0.1, 1, 12)), 5 * rng.normal(size=12)
    low, high = -rng.uniform(0, 0.6, 12), rng.uniform(0, 0.6, 12)
    low[:2] = high[2:4] = 0.0
    found = lowest_point(gradient, matrix, low, high)
    assert (found >= low).all() and (found <= high).all()
    best = minimize(
        lambda x: gradient @ x + 0.5 * x @ matrix @ x,
        np.zeros(12),
        jac=lambda x: gradient + matrix @ x,
        bounds=list(zip(low, high, strict=True)),
        method="L-BFGS-B",
        options={"ftol": 1e-15, "gtol": 1e-10, "maxiter": 10_000},
    )
    own = gradient @ found + 0.5 * found @ matrix @ found
    assert own == pytest.approx(best.fun, rel=1e-5)


def test_step_is_damped_and_reaches_no_further_than_it_may():
    scaled, gradient, matrix = np.zeros(2), np.array([-1.0, -100.0]), np.diag([1.0, 1.0])
    wide = Box(np.full(2, -1e3), np.full(2, 1e3), np.array([1.0, 2.0]))
    assert damped_step(scaled, gradient, matrix, wide, 0.0, 1e9) == pytest.approx([1.0, 100.0])
    assert damped_step(scaled, gradient, matrix, wide, 3.0, 1e9) == pytest.approx([0.25, 100 / 1.75])
    assert damped_step(scaled, gradient, matrix, wide, 0.0, 1.5) == pytest.approx([1.0, 3.0])


@pytest.mark.parametrize("way", [1.0, -1.0])
def test_where_a_bound_cuts_the_step_the_others_go_on_to_the_lowest_point_beside_it(way):
    """Both pull alike and lean on each other: without a bound each ends at 3 / 1.9; with the first held at 1/2 the
    second ends at 3 - 0.9 / 2, and with both held where they are held."""
    gradient, matrix = np.full(2, -3.0 * way), np.array([[1.0, 0.9], [0.9, 1.0]])

    def found(*reach):
        low, high = (np.full(2, -10.0), np.array(reach)) if way > 0 else (-np.array(reach), np.full(2, 10.0))
        return lowest_point(gradient, matrix, low, high)

    assert found(10.0, 10.0) == pytest.approx(np.full(2, way * 3 / 1.9))
    assert found(0.5, 10.0) == pytest.approx([way * 0.5, way * 2.55])
    assert found(10.0, 0.5) == pytest.approx([way * 2.55, way * 0.5])
    assert found(0.5, 0.5) == pytest.approx([way * 0.5, way * 0.5])


def test_what_sits_on_a_bound_leaves_it_once_the_others_have_moved():
    """The first is pushed against its bound at 0 until the second has gone 4 / 3: together they end at 5 / 4, 7 / 4."""
    gradient, matrix = np.array([0.5, -4.0]), np.array([[1.0, -1.0], [-1.0, 3.0]])
    found = lowest_point(gradient, matrix, np.zeros(2), np.full(2, 10.0))
    assert found == pytest.approx([1.25, 1.75])


def test_a_matrix_that_rounding_made_indefinite_is_solved_all_the_same():
    """Of rank one but for a billionth, on the wrong side: it has no Cholesky factor, and one solution."""
    matrix = np.array([[4.0, 2.0 + 1e-9], [2.0 + 1e-9, 1.0]])
    with pytest.raises(np.linalg.LinAlgError):
        np.linalg.cholesky(matrix)
    wide = np.full(2, 10.0)
    assert lowest_point(-matrix @ [1.0, 2.0], matrix, -wide, wide) == pytest.approx([1.0, 2.0], rel=1e-5)
