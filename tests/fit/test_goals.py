"""What each draw of an ensemble goes for, one source of chance at a time: closed forms on three readings."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from screen.calibration.priors import Prior
from screen.calibration.problem import Estimated, Measurements, Observable
from screen.fit.curvature import Curvature
from screen.fit.ensemble import draw_goals
from screen.fit.evaluator import Polished
from screen.fit.sensitivity import Sensitivity

PRIORS = tuple(Prior("parameterScaleNormal", 0.0, sd, "lin") for sd in (0.5, 2.0, 1.0, 4.0))
SCALED, SD = np.array([0.3, -0.2, 0.7, 0.1]), np.array([0.5, 2.0, 1.0, 4.0])
MEASURED, COMPARED, SIGMA = np.array([1.0, 2.0, 3.0]), np.array([1.7, 1.2, 3.6]), np.array([0.5, 2.0, 0.3])

BY_VALUE = np.array([[1.0, 0.5, 0.0, 0.0], [2.0, 0.0, 0.0, 0.0], [0.5, 3.0, 0.0, 0.0]])
BY_NOISE = np.array([[0.0, 1.0, 2.0, 0.0], [0.0, 0.0, 0.5, 0.0], [0.0, 2.0, 1.0, 0.0]])
"""The first parameter moves predictions, the second noise too, the third noise alone, and the fourth nothing."""


@pytest.fixture
def problem():
    """Normal noise, Student's t with 3 degrees of freedom, and a censored reading with normal noise."""
    estimated = Estimated(
        tuple("abcd"), ("lin",) * 4, np.full(4, -50.0), np.full(4, 50.0), SCALED, PRIORS, ()
    )
    lane = np.zeros(3, int)
    observables = tuple(
        Observable(str(place), None, None, "lin", kind, 3.0, np.array([place]), (), None)
        for place, kind in enumerate(("normal", "student", "normal"))
    )
    frame = pd.DataFrame({"measurement": MEASURED, "time": lane, "censoring": ["", "", "left"]})
    data = Measurements(lane, lane, frame)
    return SimpleNamespace(estimated=estimated, measurements=data, observables=observables)


def test_each_source_of_chance_moves_its_own_goal_and_the_guess_by_its_share(monkeypatch, problem):
    """Draw number n has one standard normal number that is 1, the n-th; the rest are 0.

    Known: a centre moves by the sd of its prior, a reading by sigma over the root of its information, and the guess by
    the inverse of the precision times the root of the information along what the source depends on."""
    sources = [*(("prior", name) for name in "abcd"), *(("value", str(row)) for row in range(3)),
               *(("noise", str(row)) for row in range(3))]  # fmt: skip

    def one(seed, kind, name, number):
        assert seed == 9
        return (np.asarray(number) == sources.index((kind, name))).astype(float)

    monkeypatch.setattr("screen.fit.ensemble.normal_stream", one)
    z = (COMPARED[2] - MEASURED[2]) / SIGMA[2]
    hazard = stats.norm.pdf(z) / stats.norm.cdf(-z)
    bend = hazard * (hazard - z)
    curvature, by_log = np.array([1.0, 4 / 6, bend]), np.array([2.0, 2 * 3 / 6, z**2 * bend])
    rng = np.random.default_rng(1)
    precision = np.diag(SD**-2.0) + np.cov(rng.normal(size=(4, 9)))
    polished = Polished(SCALED, 0.0, 0.0, Curvature(np.zeros(4), precision), 0)
    found = Sensitivity(COMPARED, SIGMA, np.ones(3, bool), BY_VALUE, BY_NOISE)
    goals = draw_goals(problem, polished, found, 10, seed=9)
    by_value, by_noise = np.sqrt(curvature)[:, None] * BY_VALUE, np.sqrt(by_log)[:, None] * BY_NOISE
    pulls = np.concatenate([np.diag(1 / SD), by_value, by_noise])
    moves = pulls @ np.linalg.inv(precision)
    np.testing.assert_allclose(goals.guess, SCALED + moves, rtol=1e-9)
    assert goals.held.tolist() == [False, False, True, False]
    np.testing.assert_allclose(goals.shift[:4], np.diag(SD))
    assert not goals.shift[4:].any()
    sigma = SIGMA * np.exp(moves[:, [2]] * BY_NOISE[:, 2])
    np.testing.assert_allclose(goals.sigma, sigma, rtol=1e-9)
    wanted = np.tile(MEASURED, (10, 1))
    for row, spread in enumerate((1.0, np.sqrt(6 / 4), 1.0)):
        wanted[4 + row, row] += spread * sigma[4 + row, row]
    np.testing.assert_allclose(goals.measured, wanted, rtol=1e-9)
