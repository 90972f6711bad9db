"""The ensemble is as wide as prior and data allow, the same for a seed, and never holds a failed solve."""

import numpy as np
import pytest

from screen.errors import FitError
from screen.fit import draw_ensemble, make_predictor, make_sensitivity, normal_approximation, polish
from screen.fit.ensemble import inside

DRAWS = 64


@pytest.fixture(scope="module")
def predictor(toy, solver):
    return make_predictor(toy, solver, DRAWS)


@pytest.fixture(scope="module")
def normal(toy, solver, predictor):
    found = polish(toy, predictor, make_sensitivity(toy, solver), toy.estimated.nominal, 30, 1e-6)
    return normal_approximation(found.scaled, found.curvature.precision)


@pytest.fixture(scope="module")
def ensemble(toy, predictor, normal):
    return draw_ensemble(toy, predictor, normal, DRAWS, 30, seed=5)


def test_what_data_do_not_inform_keeps_its_prior(toy, normal, ensemble):
    place = toy.estimated.names.index("k_blow")
    assert normal.sd[place] == pytest.approx(0.3, rel=0.01)
    assert np.std(ensemble.scaled[:, place]) == pytest.approx(0.3, rel=0.3)


def test_what_data_inform_becomes_narrow(toy, normal, ensemble):
    place = toy.estimated.names.index("k_lost")
    assert normal.sd[place] < 0.1
    assert np.std(ensemble.scaled[:, place]) < 0.1
    assert abs(np.median(ensemble.scaled[:, place]) - np.log10(0.2)) < 0.1


def test_draws_predict_the_data_within_their_noise(toy, predictor, ensemble):
    found = predictor(ensemble.scaled)
    rows = toy.observables[0].rows
    distance = np.median(found.compared[:, rows], axis=0) - np.log10(toy.measurements.value[rows])
    assert np.all(np.abs(distance) < 0.05)


def test_same_seed_gives_the_same_draws(toy, predictor, normal, ensemble):
    again = draw_ensemble(toy, predictor, normal, DRAWS, 30, seed=5)
    np.testing.assert_array_equal(again.scaled, ensemble.scaled)
    other = draw_ensemble(toy, predictor, normal, DRAWS, 0, seed=6)
    assert not np.array_equal(other.scaled, ensemble.scaled)


def test_sampler_accepts_and_stays_inside(toy, ensemble):
    assert 0.1 < ensemble.acceptance <= 1
    assert inside(toy, ensemble.scaled).all()
    assert ensemble.redrawn == 0


def test_vector_that_fails_is_drawn_again_and_counted(toy, predictor, normal):
    calls = []

    def sometimes(vectors):
        found = predictor(vectors)
        calls.append(len(vectors))
        if len(calls) == 1:
            found.lane_ok[:3] = False
        return found

    ensemble = draw_ensemble(toy, sometimes, normal, DRAWS, 0, seed=5)
    untouched = draw_ensemble(toy, predictor, normal, DRAWS, 0, seed=5)
    assert ensemble.redrawn == 3
    np.testing.assert_array_equal(ensemble.scaled[3:], untouched.scaled[3:])
    assert not np.any(np.all(ensemble.scaled[:3] == untouched.scaled[:3], axis=1))


def test_ensemble_that_never_integrates_is_an_error(toy, predictor, normal):
    def never(vectors):
        found = predictor(vectors)
        return found._replace(lane_ok=np.zeros_like(found.lane_ok))

    with pytest.raises(FitError, match=f"every draw must integrate, found {DRAWS} of {DRAWS}"):
        draw_ensemble(toy, never, normal, DRAWS, 0, seed=5)
