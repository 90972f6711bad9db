"""Draws of priors: within their bounds, drawn again where they fail, and given up in the end."""

from types import SimpleNamespace

import numpy as np
import pytest

from screen.errors import FitError
from screen.fit.prior_draws import draw_priors


def problem(*sampled: float) -> SimpleNamespace:
    """One parameter without a prior, between 2 and 3, and one of which these are drawn, between -1 and 1."""
    left = iter(sampled)
    prior = SimpleNamespace(sample=lambda rng: next(left))
    return SimpleNamespace(
        estimated=SimpleNamespace(
            names=("a", "b"), lower=np.array([2.0, -1.0]), upper=np.array([3.0, 1.0]), priors=(None, prior)
        )
    )


def test_a_value_beyond_the_bounds_is_drawn_again_and_one_on_a_bound_is_not():
    fine = SimpleNamespace(failed=np.zeros(3))
    found = draw_priors(problem(1.5, -1.0, -2.0, 7.0, 0.5, 1.0), lambda at: fine, 3, seed=1)
    assert found[:, 1].tolist() == [-1.0, 0.5, 1.0]
    assert (found[:, 0] >= 2.0).all() and (found[:, 0] <= 3.0).all() and len(set(found[:, 0])) == 3


def test_draws_that_keep_failing_are_given_up_after_fifty_rounds():
    calls = []

    def predictor(vectors):
        calls.append(vectors.copy())
        return SimpleNamespace(failed=np.array([0, 1, 0, 2]))

    with pytest.raises(FitError, match="every draw must integrate, found 2 of 4 that do not"):
        draw_priors(problem(*np.linspace(-1, 1, 200)), predictor, 4, seed=1)
    assert len(calls) == 50
    assert all((each[[0, 2]] == calls[0][[0, 2]]).all() for each in calls)
