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
