"""How long the steps of the compiled kernel are: by the errors of the last two of them, which are computed here."""

import jax.numpy as jnp
import numpy as np
import pytest

from screen.kernel import Runs, Stepping, tableau
from screen.kernel.engines.compiled import PROCESSOR, _kept_solve, _options
from tests.kernel.networks import DECAY, model_of

RTOL, ATOL = 1e-5, 1e-7


def steps_of(span, **values):
    """Begins and lengths of the steps of `DECAY`, and its states there."""
    model = model_of(DECAY)
    parameters = np.array([values.get(name, 0.0) for name in model.parameters])[None, None]
    runs = Runs(*map(jnp.asarray, (parameters, [[values["x"]]], [[0.0]], [[span]])))
    options = _options(PROCESSOR, Stepping(RTOL, ATOL))
    found, (accepted, steps) = _kept_solve(PROCESSOR, model, options, None, runs)
    assert found[1].tolist() == found[3].tolist() == [0]  # it ends well, and every step is accepted
    time, length, *_, state = np.moveaxis(steps[0, : int(accepted[0])], -1, 0)
    return time, length, state


def error_of(state, step):
    """Of one step of x' = -x, in tolerances: the last stage of the method."""
    stages = []
    for a, c in zip(tableau.A, tableau.C, strict=True):
        point = state + sum(weight * k for weight, k in zip(a, stages, strict=True))
        right = -point + sum(weight * k for weight, k in zip(c, stages, strict=True)) / step
        stages.append(right / (1 / (tableau.GAMMA * step) + 1))
    return abs(stages[-1]) / (ATOL + RTOL * max(abs(state), abs(point + stages[-1])))


def test_the_next_step_is_nine_tenths_of_what_just_meets_the_tolerance_damped_by_the_error_before():
    """h' = 0.9 h error^-0.2 (error before)^0.05; an error counts as 1e-4 at least when it is the one before."""
    _, length, state = steps_of(30.0, x=1.0, rate=1.0)
    errors = [error_of(y, h) for y, h in zip(state, length, strict=True)]
    before = [1.0, *np.maximum(errors, 1e-4)]
    known = [h * min(0.9 * e**-0.2 * b**0.05, 8.0) for h, e, b in zip(length, errors, before, strict=False)]
    assert len(length) > 20
    np.testing.assert_allclose(length[1:-1], known[:-2], rtol=1e-5)


def test_a_step_without_an_error_is_followed_by_one_eight_times_as_long():
    """The first makes a tolerance of 0."""
    time, length, _ = steps_of(1.0, x=0.0, source=1.0)
    assert length[:-1] == pytest.approx(ATOL * 8.0 ** np.arange(8), rel=1e-12)
    assert len(length) == 9 and time[-1] + length[-1] == pytest.approx(1.0)
