"""What is read off states that are given: values, noise, costs and what is no reading, by hand."""

from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from screen.calibration.formulas import parse_formula
from screen.calibration.problem import Estimated, Measurements, Observable, Problem, Values
from screen.fit.batch import batch_of_starts
from screen.fit.objective import Predicted, cost_of_measurements
from screen.fit.prediction import Prediction, predict
from screen.fit.trajectories import Reached

NONE = (None, None)
SUM = "A + time + k_net + twice + fixed_one"

SCALED = np.array([[3.0, 2.0], [5.0, 0.5]])
"""`scale` and `s` of two vectors."""

ROWS = [
    # observable, state A, measured, placeholders (a number, or `scale`), then of each vector value and noise
    (0, 2.0, 3.0, ("scale", 0.5), [(6.0, 0.5), (10.0, 0.5)]),
    (1, 1.5, 20.0, NONE, [(14.5, 2.0), (14.5, 0.5)]),
    (0, 5.0, 1.0, (0.1, 2.0), [(0.5, 2.0)] * 2),
    (2, 9.0, 7.0, NONE, [(2.0, 3.0)] * 2),
    (1, 3.0, 1.0, NONE, [(22.0, 2.0), (22.0, 0.5)]),
    (0, 1.0, 8.0, (4.0, 0.3), [(4.0, 0.3)] * 2),
    (1, 4.0, 1.0, NONE, [(27.0, 2.0), (27.0, 0.5)]),
    (0, np.nan, 1.0, (1.0, 1.0), None), (0, 2.0, 1.0, (0.0, 1.0), None), (2, 9.0, 1.0, NONE, [(2.0, 3.0)] * 2),
    (0, 2.0, 1.0, (1.0, 0.0), None), (0, 2.0, 1.0, (1.0, np.inf), None), (0, 10.0, 1.0, (1e308, 1.0), None),
    (0, 2.0, 1.0, (-1.0, 1.0), None),
]  # fmt: skip
"""The fifth reading is hidden, the sixth censored. None: a lane that failed, a value of 0, noise of 0, noise and a
value that are no number, a value below 0."""

SCALES, NOISES = ("log10", "lin", "log"), ("normal", "laplace", "normal")
HIDDEN, CENSORED = 4, 5


def observables() -> tuple[Observable, ...]:
    formulas = [("p1*A", "p2"), (SUM, "s"), ("2", "3")]
    found = []
    for number, (value, noise) in enumerate(formulas):
        placeholders = ("p1", "p2") if number == 0 else ()
        known = ("A", "time", "k_net", "twice", "fixed_one", "scale", "s", *placeholders)
        rows = [place for place, row in enumerate(ROWS) if row[0] == number]
        given = [ROWS[place][3] if number == 0 else () for place in rows]
        source = np.array([[0 if each == "scale" else -1 for each in row] for row in given], int)
        constant = np.array([[np.nan if each == "scale" else each for each in row] for row in given], float)
        found.append(
            Observable(
                f"o{number}", parse_formula(value, known, "here"), parse_formula(noise, known, "here"),
                SCALES[number], NOISES[number], 0.0, np.array(rows), placeholders, Values(constant, source),
            )
        )  # fmt: skip
    return tuple(found)


@pytest.fixture(scope="module")
def problem() -> Problem:
    """Measurement `i` is at time `i`; a number of the network is 4, what it observes is twice the state."""
    count = len(ROWS)
    frame = pd.DataFrame({"measurement": [row[2] for row in ROWS], "time": np.arange(count, dtype=float)})
    frame["censoring"] = np.where(np.arange(count) == CENSORED, "left", "")

    def observe(times, states, parameters, wanted):
        assert wanted == ["twice"] and len(times) == len(parameters)
        return 2 * states

    model = SimpleNamespace(
        observables=("unused", "twice"), parameters=("k_net",), species=("A",), observe=observe
    )
    estimated = Estimated(
        ("scale", "s"), ("lin", "lin"), *np.array([[-9.0] * 2, [9.0] * 2, [1.0] * 2]), NONE, ()
    )
    lane = np.zeros(count, int)
    measurements = Measurements(lane, lane, frame, hidden=np.arange(count) == HIDDEN)
    return Problem(
        "given", "", model, estimated, {"fixed_one": 5.0}, (), None, (), np.zeros((1, 1)), np.array([-1]),
        np.zeros((1, 1)), observables(), measurements, frame, frame,
    )  # fmt: skip


@pytest.fixture(scope="module")
def found(problem):
    count = len(ROWS)
    states = np.tile([row[1] for row in ROWS], 2)[:, None]
    ok = np.isfinite(states[:, 0])
    reached = Reached(
        jnp.full((2 * count, 1), 4.0), jnp.asarray(states), jnp.asarray(ok), jnp.asarray([False, True])
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("screen.fit.prediction.integrate", lambda *given: reached)
        read = jax.jit(lambda scaled: predict(problem, None, batch_of_starts(problem, 2), scaled))
        return Prediction(*map(np.asarray, read(SCALED)))


def costs(value: float, noise: float, place: int) -> float:
    """Minus the log density of the measured value, or the log probability of at most it."""
    number, _, measured, *_ = ROWS[place]
    scaled = {"lin": float, "log": np.log, "log10": np.log10}[SCALES[number]]
    slope = {"lin": 1.0, "log": measured, "log10": np.log(10) * measured}[SCALES[number]]
    peer = {"normal": stats.norm, "laplace": stats.laplace}[NOISES[number]]
    z = (scaled(value) - scaled(measured)) / noise
    if place == CENSORED:
        return -peer.logcdf(-z)
    return np.log(noise) - peer.logpdf(z) + np.log(slope)


def test_a_reading_costs_its_distance_in_sigma_on_its_scale_and_what_is_none_ten_thousand(found):
    whole = [np.asarray(part).reshape(2, -1) for part in (found.compared, found.sigma, found.cost, found.ok)]
    assert found.lane_ok.tolist() == [False, True]
    for vector, (compared, sigma, cost, ok) in enumerate(zip(*whole, strict=True)):
        for place, (number, _, _, _, wanted) in enumerate(ROWS):
            assert ok[place] == (wanted is not None)
            if wanted is None:
                assert cost[place] == 1e4
                continue
            value, noise = wanted[vector]
            on_scale = value if SCALES[number] == "lin" else getattr(np, SCALES[number])(value)
            assert compared[place] == pytest.approx(on_scale) and sigma[place] == pytest.approx(noise)
            assert cost[place] == pytest.approx(0.0 if place == HIDDEN else costs(value, noise, place))


def test_costs_are_found_again_from_what_was_predicted(problem, found):
    """For other measurements of the same experiments nothing is integrated anew."""
    parts = [np.asarray(part).reshape(2, -1) for part in found]
    again = cost_of_measurements(problem, Predicted(*parts[:2], 0 * parts[2], *parts[3:]))
    np.testing.assert_allclose(again, parts[2], rtol=1e-9)
    assert np.isfinite(again).all()
