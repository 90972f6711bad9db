"""Trajectories joined of legs by hand: two states that rise evenly, each as fast as a parameter of the phase says.

Lane 0 and lane 2 start from rest, lane 1 from the initial state. The third phase begins a leg: in lane 0 it sets the
first state to `s` and the second by a formula of what the first was just before; in lane 2 it sets nothing.
"""

from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest

from screen.calibration.problem import Computed, Experiments, Measurements, Problem, Values, output_times
from screen.fit.batch import batch_of_measurements, batch_of_starts
from screen.fit.trajectories import integrate

NAMES = ("k", "s")
ROWS = [(0, 7.0), (2, 2.0), (1, np.inf), (0, 1.0), (1, 6.0), (0, 4.0), (2, 6.0)]
"""Lane and time of each measurement."""

VECTORS = np.array([[2.0, 50.0], [3.0, -4.0]])
STATES = np.array(
    [[(54, 1023), (1011, 1022), (1035, 1014.5), (1009, 1021), (35, 14.5), (1017, 1023), (1020, 1024)],
     [(2, 1026), (1013, 1032), (1048, 1014.5), (1010, 1031), (48, 14.5), (1019, 1033), (1025, 1034)]],
)  # fmt: skip
"""Under each vector, of each measurement."""


def values(*rows: tuple[float | str, float | str]) -> Values:
    """Numbers, and parameters by name."""
    constant = [[np.nan if isinstance(each, str) else each for each in row] for row in rows]
    source = [[NAMES.index(each) if isinstance(each, str) else -1 for each in row] for row in rows]
    return Values(np.array(constant, float), np.array(source))


def phase(rates: tuple[float | str, float | str], first: str | float = np.nan, computed=()) -> Experiments:
    """Rates of all lanes, and what lane 0 sets the first state to."""
    nothing = (np.nan, np.nan)
    states = values((first, np.nan), nothing, nothing)
    return Experiments(("0", "1", "2"), values(rates, rates, rates), states, computed)


def problem(rest_of_lane: tuple[int, ...] = (0, -1, 0)) -> Problem:
    """Initial states are ten times the rates; a rest has begun with 7, and is 1000 above where it began."""
    lane, time = (np.array(part) for part in zip(*ROWS, strict=True))
    begins = np.array([[0.0, 2.0, 5.0], [0.0, 3.0, np.inf], [0.0, 3.0, 4.0]])
    times, index = output_times(time, lane, begins)
    formula = Computed(1, np.array([0]), lambda known: known["A"] + known["k"] + known["f"])
    return Problem(
        "risen", "", SimpleNamespace(species=("A", "B"), initial=lambda parameters: 10.0 * parameters),
        SimpleNamespace(names=NAMES), {"f": 0.5}, (),
        Experiments(("rest",), values((5.0, "k")), values((7.0, np.nan))),
        (phase(("k", 1.0)), phase((3.0, 0.5)), phase(("k", 0.25), "s", (formula,))),
        begins, np.array(rest_of_lane), times, (), Measurements(lane, index, pd.DataFrame({"time": time})),
        pd.DataFrame(), pd.DataFrame(),
    )  # fmt: skip


class Rising:
    """In place of an engine; told which lanes fail in which call. States of these are no numbers."""

    def __init__(self, monkeypatch, failing=()):
        self.failing, self.began, self.copies = dict(failing), [], []
        for name in ("come_to_rest", "follow", "read_off"):
            monkeypatch.setattr(f"screen.fit.trajectories.{name}", getattr(self, name))

    def run(self, batch, whole=None):
        """What is reached under the vectors above, and from which states each call began."""
        vectors = VECTORS[: batch.vectors] if batch.original is None else VECTORS[batch.original]

        def reached(linear):
            return integrate(whole or problem(), SOLVER, batch, linear), self.began

        found, self.began = jax.tree.map(np.asarray, jax.jit(reached)(vectors))
        assert all(np.isfinite(each).all() for each in self.began)
        return found

    def _called(self, began, copies, states):
        status = np.zeros(len(states), int)
        status[self.failing.get(len(self.began), [])] = 1
        self.began.append(began)
        self.copies.append(None if copies is None else copies.tolist())
        failed = (status == 1).reshape(-1, *[1] * (states.ndim - 1))
        return jnp.where(failed, np.nan, states), jnp.asarray(status)

    def come_to_rest(self, model, solver, parameters, start, copies):
        assert solver.exact
        state, status = self._called(start, copies, start + 1000.0)
        return SimpleNamespace(state=state, status=status)

    def follow(self, model, solver, parameters, state, switches, times, copies=None):
        assert switches.shape == parameters.shape[:2]
        ends = jnp.concatenate([switches[:, 1:], jnp.full((len(switches), 1), np.inf)], axis=1)
        spent = jnp.clip(jnp.minimum(times[:, :, None], ends[:, None]) - switches[:, None], 0.0, None)
        rise = jnp.einsum("ltp,lps->lts", spent, parameters)
        states, status = self._called(state, copies, state[:, None] + rise)
        return SimpleNamespace(states=states, status=status)

    def read_off(self, model, solver, runs, output, copies):
        assert not solver.exact
        assert (output < runs.times.shape[1]).all()
        found = self.follow(model, solver, *runs, copies)
        return found.states[np.arange(len(output)), output], found.status


SOLVER = SimpleNamespace(exact=True, for_slopes=lambda: SimpleNamespace(exact=False))


def test_rows_are_read_on_their_way_from_rest_through_legs_to_a_steady_state(monkeypatch):
    engine = Rising(monkeypatch)
    found = engine.run(batch_of_starts(problem(), 2))
    np.testing.assert_allclose(np.asarray(found.states).reshape(2, 7, 2), STATES)
    assert found.ok.all() and found.lane_ok.all() and len(found.lane_ok) == 6
    rates = [("k", 0.25), ("k", 1), (3, 0.5), ("k", 1), (3, 0.5), (3, 0.5), ("k", 0.25)]
    wanted = [[(k if first == "k" else first, second) for first, second in rates] for k, _ in VECTORS]
    np.testing.assert_array_equal(np.asarray(found.parameters).reshape(2, 7, 2), wanted)
    assert engine.copies == [None, None, None, [0, 1]]


def test_rows_with_vectors_of_their_own_say_which_are_copies_and_are_read_alike(monkeypatch):
    """Rows 0, 1, 3, 5 and 6 start from rest; 0 and 6 are read in the second leg; 2 is a steady state."""
    engine = Rising(monkeypatch)
    whole = problem()
    batch = batch_of_measurements(whole, np.arange(7), 2)
    found = engine.run(batch, whole)
    np.testing.assert_allclose(np.asarray(found.states).reshape(2, 7, 2), STATES)
    lanes = [0, 1, 2, 0, 2, 0, 1]
    assert engine.copies == [
        [0] * 5 + [5] * 5, [*lanes, *(7 + each for each in lanes)], [0, 1, 2, 3], [0, 1],
    ]  # fmt: skip


def test_without_rests_every_lane_starts_from_the_initial_state_of_its_first_phase(monkeypatch):
    engine = Rising(monkeypatch)
    whole = problem(rest_of_lane=(-1, -1, -1))
    found = engine.run(batch_of_starts(whole, 1), whole)
    assert engine.began[0].tolist() == [[20.0, 10.0]] * 3 and len(engine.began) == 3
    assert found.states[3].tolist() == [22.0, 11.0]


@pytest.mark.parametrize(
    ("call", "places", "rows", "lanes"),
    [
        (0, [0], [0, 1, 3, 5, 6], [0, 2]), (1, [0], [0, 3, 5], [0]), (1, [1], [2, 4], [1]), (2, [1], [1, 6], [2]),
        (3, [0], [2], [1]),
    ],
)  # fmt: skip
def test_a_lane_that_fails_spoils_its_rows_alone_and_goes_on_from_what_is_sound(
    monkeypatch, call, places, rows, lanes
):
    """At rest, on the way, or towards a steady state, which spoils the lane but not the rows read before."""
    engine = Rising(monkeypatch, {call: places})
    found = engine.run(batch_of_starts(problem(), 1))
    assert np.flatnonzero(~found.ok).tolist() == rows and np.flatnonzero(~found.lane_ok).tolist() == lanes
    sound = np.isin(np.arange(7), rows, invert=True)
    np.testing.assert_allclose(found.states[sound], STATES[0][sound])
    if call == 0:
        assert engine.began[1].tolist() == [[20.0, 10.0]] * 3
    if (call, places) == (1, [0]):
        assert engine.began[2][0].tolist() == [20.0, 10.0]
    if (call, places) == (1, [1]):
        assert engine.began[3].tolist() == [[30.0, 5.0]]
