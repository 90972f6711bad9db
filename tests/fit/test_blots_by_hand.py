"""Readings of blots from given signals, and the layers of a problem: scales, offsets and noise known by hand."""

from dataclasses import replace
from types import SimpleNamespace

import jax
import numpy as np
import pytest

from screen.calibration.problem import measured_values
from screen.calibration.scales import Blots, Solved
from screen.fit import Hierarchical, make_hierarchical, make_hierarchical_predictor, make_predictor
from screen.fit.hierarchical import Rows, read_rows
from screen.fit.prediction import FAILED_COST, Prediction

FREE, ONE, NONE = (1e-3, 1e3), (1.0, 1.0), (0.0, 0.0)
LOG, LIN = 1 / np.log(10), 0.0
TINY = (1e-30, 1e-30)

BLOTS = [
    # unit, bounds of scale and offset, solved noise, then signal, measurement and given noise of each reading
    (LOG, FREE, NONE, 1, [(1, 2, 9), (1, 8, 7)]),
    (LIN, ONE, (-9.0, 9.0), 0, [(1, 2, 9), (3, 6, 7)]),
    (LIN, FREE, NONE, -1, [(1, 1, 0.5), (2, 4, 1)]),
    (LOG, FREE, (0.0, 1e3), -1, [(0, 0.5, 0.5), (1, 1.5, 0.5), (2, 2.5, 0.5), (-1e7, 0.5, 0.5)]),
    (LOG, FREE, NONE, -1, [(0, 5, 0.5), (1, 7, 0.5)]),
    (LIN, FREE, NONE, -1, [(-1, 1, 1), (2, 3, 1)]),
    (LIN, ONE, NONE, -1, [(1, 1, 1)]),
    (LOG, TINY, NONE, -1, [(1e-300, 1, 1)]),
    (LIN, ONE, NONE, 2, [(1, 1, 1)]),
]
"""1: two readings of one signal, a geometric mean of 4. 2: an offset of 2. 3: a scale of (4 + 8)/(4 + 4). 4: the signal
and a half; no offset lifts the last above 0. 5: a signal of 0, which has no logarithm. 6: a scale of (6 - 1)/5. 7: a
prediction that failed. 8: a value of 0. 9: no noise is left."""

HALF = np.log10(2.0)
WANTED = [
    (4, HALF, 0, 1), (4, -HALF, 0, 1), (3, 1, 0, 0), (5, -1, 0, 0), (1.5, 0.5, 0.5, -1), (3, -1, 1, -1),
    (0.5, 0, 0.5, -1), (1.5, 0, 0.5, -1), (2.5, 0, 0.5, -1), None, None, (7, 0, 0.5, -1), (-1, -2, 1, -1),
    (2, -1, 1, -1), None, None, None,
]  # fmt: skip
"""Value, distance, given noise and solved noise of each reading; None: it fails."""

FACTOR, CORRECTION = 1.2, 1.44
SIGMAS = [FACTOR * 1.0, FACTOR * HALF]


def hierarchical(given: list, sigmas: int) -> tuple[SimpleNamespace, np.ndarray, np.ndarray]:
    """Blots with so many solved sigmas, their signals and given noise, read in reverse order."""
    width = max(len(rows) for *_, rows in given)
    blot = np.repeat(np.arange(len(given)), [len(rows) for *_, rows in given])
    signal, measured, own = np.array([each for *_, rows in given for each in rows], float).T
    unit = np.array([each[0] for each in given])
    rows = np.zeros((len(given), width), int)
    member = np.zeros((len(given), width), bool)
    natural = np.zeros((len(given), width))
    for number in range(len(given)):
        at = np.flatnonzero(blot == number)
        rows[number, : len(at)], member[number, : len(at)] = at, True
        natural[number, : len(at)] = np.log(measured[at]) if unit[number] else measured[at]
    scale, offset = (np.array([each[side] for each in given], float) for side in (1, 2))
    noise, bounds = (
        np.array([each[3] for each in given]),
        np.array([[1e-9, 1e9], [1e-9, 1e9], [0.0, 1e9]])[:sigmas],
    )
    count = len(blot)
    every = SimpleNamespace(rows=np.arange(count), distribution="normal", degrees=None)
    problem = SimpleNamespace(
        observables=(every,), measurements=SimpleNamespace(censored=np.zeros(count, bool))
    )
    made = SimpleNamespace(
        blots=Blots(rows, member, natural, unit, scale, offset, noise, bounds), blot=blot, problem=problem,
        reading=np.arange(count)[::-1], factor=np.full(count, FACTOR), correction=CORRECTION,
        measured=np.where(unit[blot] != 0, np.log10(measured), measured),
    )  # fmt: skip
    return made, signal, own


def read(made: SimpleNamespace, signal: np.ndarray, given: np.ndarray, ok: np.ndarray) -> Rows:
    """Readings of some vectors [vectors, signals]."""
    vectors = len(signal)

    def rows(signal, given, ok):
        return read_rows(made, Prediction(signal, given, given, ok, ok), vectors)

    return jax.tree.map(np.asarray, jax.jit(rows)(*(each.ravel() for each in (signal, given, ok))))


def test_readings_are_solved_blot_by_blot_and_what_has_no_value_fails_alone():
    """Of a second vector signals are half as large, and scales and ratios twice so."""
    made, signal, given = hierarchical(BLOTS, 3)
    halved = np.where(np.isin(made.blot, [1, 6, 7, 8]), signal, signal / 2)
    ok = np.ones((2, len(signal)), bool)
    ok[:, made.blot == 6] = False
    both = (np.stack([signal, halved])[:, ::-1], np.stack([given, given])[:, ::-1], ok[:, ::-1])
    rows = read(made, *both)
    for vector in range(2):
        good = np.array([each is not None for each in WANTED])
        assert np.asarray(rows.ok[vector]).tolist() == good.tolist()
        value, distance, own, number = np.array([each or (0, 0, 0, -1) for each in WANTED]).T
        sigma = np.where(number >= 0, np.array(SIGMAS)[number.astype(int)], own)
        np.testing.assert_allclose(rows.value[vector][good], value[good], rtol=1e-6)
        np.testing.assert_allclose(rows.distance[vector][good], distance[good], atol=1e-6)
        np.testing.assert_allclose(rows.sigma[vector][good], sigma[good], rtol=1e-6)
        cost = 0.5 * (FACTOR * distance[good] / sigma[good]) ** 2 + np.log(sigma[good] * np.sqrt(2 * np.pi))
        np.testing.assert_allclose(rows.cost[vector][good], cost, rtol=1e-6)
        assert (np.asarray(rows.cost[vector])[~good] == FAILED_COST).all()
        np.testing.assert_array_equal(rows.signal[vector], (signal, halved)[vector])


def test_a_value_that_is_no_number_is_no_reading():
    made, signal, given = hierarchical([(LIN, (10.0, 10.0), NONE, -1, [(1e308, 1, 1)])], 0)
    rows = read(made, signal[None], given[None], np.ones((1, 1), bool))
    assert not rows.ok.any() and rows.cost.tolist() == [[FAILED_COST]]


def test_layers_of_a_problem_say_where_each_number_is_and_how_far_it_may_go(blotted):
    """Twelve readings are a blot with a scale, an offset and noise of their own, one is a blot without any."""
    made, names = make_hierarchical(blotted, correction=1.44), blotted.estimated.names
    assert made.solves and not replace(made, kept=np.arange(len(names))).solves
    assert made.factor == pytest.approx([1.2] * 12 + [1.0])
    blots = made.blots
    assert blots.member.sum(axis=1).tolist() == [12, 1] and blots.member.shape == (2, 12)
    assert blots.rows[0].tolist() == list(range(12)) and blots.rows[1, 0] == 12
    assert blots.unit == pytest.approx([1 / np.log(10), 0.0])
    value = blotted.measurements.value
    assert blots.measured[0] == pytest.approx(np.log(value[:12])) and blots.measured[1, 0] == value[12]
    places = [names.index(name) for name in ("scale", "offset", "sd")]
    lower, upper = 10.0**blotted.estimated.lower, 10.0**blotted.estimated.upper
    own = [[lower[place], upper[place]] for place in places]
    for found, first, second in ((blots.scale, own[0], ONE), (blots.offset, own[1], NONE)):
        assert found == pytest.approx(np.array([first, second]))
    assert blots.sigma == pytest.approx(np.array([own[2]])) and blots.noise.tolist() == [0, -1]
    assert made.measured.tolist() == measured_values(blotted).tolist()
    assert made.slopes == pytest.approx(np.append(np.log(value[:12] * np.log(10)), 0.0))


def test_what_was_solved_is_put_in_its_place_within_the_bounds():
    """Three parameters are solved, the first and the last of five among them; those that are not solved keep place."""
    estimated = SimpleNamespace(
        nominal=np.zeros(5), scales=("log10", "lin", "log", "lin", "log10"), lower=np.full(5, -2.0),
        upper=np.full(5, 9.0),
    )  # fmt: skip
    made = SimpleNamespace(
        problem=SimpleNamespace(estimated=estimated), kept=np.array([1, 3]), scales=np.array([0, -1]),
        offsets=np.array([-1, 2]), sigmas=np.array([4]),
    )  # fmt: skip
    solved = Solved(
        np.array([[100.0, 7.0], [10.0, 7.0]]), np.array([[7.0, np.e], [7.0, 1.0]]), np.array([[1e-9], [1e3]])
    )
    whole = Hierarchical.complete(made, np.array([[0.5, 0.25], [1.5, 1.25]]), solved)
    np.testing.assert_allclose(whole, [[2, 0.5, 1, 0.25, -2], [1, 1.5, 0, 1.25, 3]], atol=1e-12)


def test_predictions_of_the_two_layers_are_those_of_the_whole_problem(blotted, solver):
    made = make_hierarchical(blotted)
    outer = made.outer.estimated.nominal[None] + np.array([[0.1, 0.2, 0.0]])
    found = make_hierarchical_predictor(made, solver, 1)(outer)
    whole = make_predictor(blotted, solver, 1)(made.complete(outer, found.solved))
    for part in ("compared", "sigma", "ok", "lane_ok"):
        np.testing.assert_allclose(getattr(found.predicted, part), getattr(whole, part), rtol=1e-6)
    assert found.predicted.log_likelihood == pytest.approx(whole.log_likelihood, abs=1e-8)
