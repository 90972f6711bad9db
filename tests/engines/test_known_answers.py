"""Every engine against closed forms, stiff classics, failure and switching inputs."""

import numpy as np
import pytest

from screen.errors import KernelError
from screen.kernel import Model, Solution, Status, solve
from tests.engines.systems import BLOW_UP, CHAIN_TIMES, PHASES, SYSTEMS, model_of

TOLERANCE = 1e-7
ASKED = {"kernel": 1.0, "cuda": 1.0, "jax": 1.0, "diffrax": 1e-2}
"""Share of the tolerance that an engine is asked for: the reference is run at a tight one."""


def run(
    model: Model, engine: str, times, *, state=None, parameters=None, lanes: int = 3, **options
) -> Solution:
    """One phase from the model's own initial state, the same in every lane unless given."""
    if parameters is None:
        parameters = np.tile(model.values, (lanes, 1, 1))
    if state is None:
        state = np.asarray(model.initial(parameters[:, 0]))
    times = np.tile(np.asarray(times, dtype=float), (len(state), 1))
    return solve(model, parameters, state, np.zeros((len(state), 1)), times, engine=engine, **options)


@pytest.mark.parametrize("name", SYSTEMS)
def test_known_answer(quick_engine, name):
    engine = quick_engine
    system = SYSTEMS[name]
    model = model_of(system.antimony)
    share = ASKED[engine]
    solution = run(model, engine, system.times, rtol=share * TOLERANCE, atol=share * system.atol)
    assert np.all(np.asarray(solution.status) == Status.OK)
    places = [model.species.index(species) for species in system.species]
    found, known = np.asarray(solution.states)[:, :, places], np.array(system.states)
    scale = TOLERANCE * np.abs(known) + system.atol
    assert np.max(np.abs(found - known) / scale) < 10, np.max(np.abs(found - known) / scale)


def test_blow_up_is_reported_and_leaves_its_neighbours_exact(quick_engine):
    engine = quick_engine
    model = model_of(BLOW_UP)
    times = [0.25, 0.5, 2.0]
    state = np.array([[0.1], [1.0], [0.2]])
    parameters = np.tile(model.values, (3, 1, 1))
    mixed = run(model, engine, times, state=state, parameters=parameters)
    assert mixed.status[1] in (Status.STEP_UNDERFLOW, Status.NON_FINITE)
    assert mixed.status[0] == mixed.status[2] == Status.OK
    assert np.isfinite(mixed.states[1, :2]).all() and np.isnan(mixed.states[1, 2]).all()
    assert mixed.reached[1] == pytest.approx(1.0, rel=1e-3)
    others = [0, 2, 2]  # as many lanes: the same program
    healthy = run(model, engine, times, state=state[others], parameters=parameters)
    np.testing.assert_array_equal(np.asarray(mixed.states)[others], np.asarray(healthy.states))
    exact = state[others, :, None] / (1 - state[others, :, None] * np.array(times))
    np.testing.assert_allclose(np.asarray(healthy.states)[:, :, 0], exact[:, 0], rtol=1e-5)


def test_numbers_that_are_not_finite_are_reported(quick_engine):
    engine = quick_engine
    model = model_of(SYSTEMS["linear_chain"].antimony)
    parameters = np.tile(model.values, (3, 1, 1))
    parameters[1, 0, model.parameters.index("first")] = np.nan
    state = np.tile(np.array([1.0, 0.0, 0.0]), (3, 1))
    solution = run(model, engine, (*CHAIN_TIMES[1:], 20.0), state=state, parameters=parameters)
    assert list(np.asarray(solution.status)) == [Status.OK, Status.NON_FINITE, Status.OK]
    assert np.isfinite(solution.states[::2]).all() and np.isnan(solution.states[1]).all()


def test_a_phase_that_begins_at_the_last_time_decides_nothing(quick_engine):
    model = model_of(PHASES)
    parameters = np.tile(model.values, (2, 2, 1))
    parameters[1, 1, model.parameters.index("decay")] = np.inf
    switches, times = np.tile([0.0, 2.0], (2, 1)), np.tile([1.0, 2.0], (2, 1))
    found = solve(model, parameters, np.ones((2, 1)), switches, times, engine=quick_engine)
    assert list(np.asarray(found.status)) == [Status.OK, Status.OK]
    np.testing.assert_allclose(found.states[1, :, 0], np.exp([-0.5, -1.0]), rtol=1e-5)


@pytest.mark.parametrize("more", ["", " E1: at time > 2: B = B + 1;"])
def test_what_is_stored_is_what_all_states_have_in_these_columns(quick_engine, more):
    """A lane that fails has no number there either."""
    model = model_of(SYSTEMS["linear_chain"].antimony + more)
    places = [model.species.index(name) for name in ("C", "A")]
    parameters = np.tile(model.values, (3, 1, 1))
    state = np.array([[1.0, 0.0, 0.5], [2.0, 1.0, 0.0], [np.nan, 1.0, 1.0]])
    whole, part = (
        run(model, quick_engine, CHAIN_TIMES, state=state, parameters=parameters, stored=stored)
        for stored in (None, tuple(places))
    )
    np.testing.assert_array_equal(part.states, np.asarray(whole.states)[..., places])
    np.testing.assert_array_equal(part.status, whole.status)
    assert np.isfinite(part.states[:2]).all() and np.isnan(part.states[2, 1:]).all()


@pytest.mark.parametrize("place", [-1, 3])
def test_what_is_stored_must_be_species(place):
    model = model_of(SYSTEMS["linear_chain"].antimony)
    with pytest.raises(KernelError, match=f"stored must be places of species, from 0 to 2, found {place}"):
        run(model, "auto", [1.0], stored=(0, place))


def test_nothing_need_be_stored(quick_engine):
    """An observable that no species moves needs none."""
    model = model_of(SYSTEMS["linear_chain"].antimony)
    found = run(model, quick_engine, CHAIN_TIMES, stored=())
    assert found.states.shape == (3, len(CHAIN_TIMES), 0) and np.all(np.asarray(found.status) == Status.OK)


def test_running_out_of_steps_is_reported(quick_engine):
    engine = quick_engine
    model = model_of(SYSTEMS["robertson"].antimony)
    solution = run(model, engine, [1e-6, 1e6], max_steps=8)
    assert np.all(np.asarray(solution.status) == Status.MAX_STEPS)
    assert np.isnan(np.asarray(solution.states)[:, 1]).all()
    assert np.all(np.asarray(solution.reached) < 1e6)


def test_phases_switch_inputs_exactly_and_per_lane(engine):
    model = model_of(PHASES)
    place = {name: model.parameters.index(name) for name in ("input", "decay")}
    parameters = np.tile(model.values, (3, 3, 1))
    parameters[:, 1, place["input"]] = 2.0
    switches = np.array([[-1.0, 0.0, 4.0], [-3.0, 1.0, 1.5], [0.0, 0.0, 0.0]])
    times = np.array([[-1.0, 0.0, 2.0, 4.0, 6.0], [0.0, 1.0, 1.25, 1.5, 2.5], [0.0, 1.0, 1.0, 3.0, 5.0]])
    state = np.array([[0.5], [1.0], [3.0]])
    solution = solve(model, parameters, state, switches, times, engine=engine, rtol=1e-8, atol=1e-11)
    assert np.all(np.asarray(solution.status) == Status.OK)

    def exact(lane: int, time: float) -> float:
        value, decay = state[lane, 0], 0.5
        for phase, source in enumerate((0.0, 2.0, 0.0)):
            begin = switches[lane, phase]
            end = min(time, switches[lane, phase + 1] if phase < 2 else np.inf)
            fade = np.exp(-decay * max(end - begin, 0.0))
            value = source / decay + (value - source / decay) * fade
        return value

    known = [[exact(lane, time) for time in times[lane]] for lane in range(3)]
    np.testing.assert_allclose(np.asarray(solution.states)[:, :, 0], known, rtol=1e-7)


def test_answers_do_not_depend_on_the_batch(quick_engine):
    engine = quick_engine
    model = model_of(SYSTEMS["hires"].antimony)
    rng = np.random.default_rng(3)
    state = np.asarray(model.initial(model.values)) * rng.uniform(0.5, 2.0, (70, 8))
    parameters = np.tile(model.values, (70, 1, 1))
    whole = run(model, engine, [1.0, 50.0], state=state, parameters=parameters)
    for part in (slice(0, 1), slice(33, 70)):
        alone = run(model, engine, [1.0, 50.0], state=state[part], parameters=parameters[part])
        np.testing.assert_array_equal(np.asarray(alone.states), np.asarray(whole.states)[part])


def test_shapes_that_do_not_fit_are_named(engine):
    model = model_of(PHASES)
    with pytest.raises(KernelError, match=r"state must have shape \[2, 1\], found \[2, 3\]"):
        run(model, engine, [1.0], state=np.zeros((2, 3)), parameters=np.tile(model.values, (2, 1, 1)))
