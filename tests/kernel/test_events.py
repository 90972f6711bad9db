"""Events in the compiled kernel: closed forms, and what is refused."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from screen.errors import KernelError
from screen.kernel import Status, has_gradient, solve
from screen.kernel.engines.timed import _due
from tests.kernel.networks import model_of

ENGINES = ("kernel", "jax", pytest.param("diffrax", marks=pytest.mark.slow))
TIMES = (0.5, 1.0, 2.0, 3.0, 4.5)


def run(text, times=TIMES, engine="kernel", **options):
    """States by name and the status of one lane."""
    model = model_of(text)
    parameters = model.values[None]
    found = solve(
        model, parameters[:, None], model.initial(parameters), np.zeros((1, 1)), np.array([times]),
        engine=engine, **{"rtol": 1e-9, "atol": 1e-12} | options,
    )  # fmt: skip
    return dict(zip(model.species, np.asarray(found.states[0]).T, strict=True)), int(found.status[0])


def decay(times, doses):
    """x' = -x from 1, with doses (time, amount) added."""
    t = np.array(times)[:, None]
    at, amount = np.array([(0.0, 1.0), *doses]).T
    return np.sum(np.where(t >= at, amount * np.exp(-(t - at)), 0.0), axis=1)


DOSES = (
    ("at time >= 2: x = x + 3", [(2.0, 3.0)]),
    ("at 1.5 after time >= 2, fromTrigger=false: x = x + 3", [(3.5, 3.0)]),
    ("at 1.5 after time >= 2: x = x + 3", [(3.5, 3.0 + np.exp(-2) - np.exp(-3.5))]),
    ("at 1.5 after time >= 2 && time < 3, persistent=false: x = x + 3", []),
    ("at 0.5 after time >= 2 && time < 3, persistent=false, fromTrigger=false: x = x + 3", [(2.5, 3.0)]),
    ("at x < 0.5: x = x + 3", [(np.log(2), 3.0), (np.log(2) + np.log(7), 3.0)]),
    ("at time >= 0, t0=false: x = x + 3", [(0.0, 3.0)]),
    ("at time >= 0: x = x + 3", []),
)


@pytest.fixture(scope="module")
def dosed():
    """Each of DOSES on a species of its own, in one network."""
    each = (f"x' = -x; x = 1; E: {event};" for event, _ in DOSES)
    return run(" ".join(re.sub(r"\b[xE]\b", rf"\g<0>{place}", text) for place, text in enumerate(each)))


@pytest.mark.parametrize("place", range(len(DOSES)), ids=[event for event, _ in DOSES])
def test_doses(dosed, place):
    states, status = dosed
    assert status == Status.OK
    assert states[f"x{place}"] == pytest.approx(decay(TIMES, DOSES[place][1]), rel=1e-6)


@pytest.mark.parametrize(
    ("trigger", "at"),
    [("(time - 50)^2 < 1", 49), ("(time - 48)*(time - 50.5) < 0", 48), ("time*time > 2401", 49)],
)
def test_an_event_that_is_true_for_a_short_while_is_not_stepped_over(trigger, at):
    """Nothing else moves until then, so that steps are long."""
    states, status = run(f"x' = -x; x = 0; E1: at {trigger}: x = x + 3;", (40.0, 51.0))
    assert status == Status.OK
    assert states["x"] == pytest.approx([0.0, 3 * np.exp(at - 51.0)], rel=1e-6)


def test_output_at_the_time_of_an_event_shows_what_it_set():
    text = "x' = 0; x = 1; y' = 0; y = 1; E1: at time >= 2: x = 5; E2: at time > 2: y = 5;"
    states, _ = run(text, (1.0, 2.0, 3.0))
    assert states["x"].tolist() == [1, 5, 5]
    assert states["y"].tolist() == [1, 1, 5]


def test_higher_priority_comes_first_and_sees_nothing_of_the_other():
    text = "x' = 1; x = 0; y = 0; z = 0; Low: at x >= 1, priority = 1: y = z; High: at x >= 1, priority = 2: z = 7;"
    states, _ = run(text.replace(": y = z", ", fromTrigger=false: y = z"), (0.5, 2.0))
    assert states["y"] == pytest.approx([0, 7])
    states, _ = run(text, (0.5, 2.0))
    assert states["y"] == pytest.approx([0, 0])


def test_one_event_can_set_off_another():
    text = "x' = 1; x = 0; y = 0; z = 0; First: at x >= 1: y = 2; Second: at y > 1: z = 3;"
    states, _ = run(text, (0.5, 2.0))
    assert states["z"] == pytest.approx([0, 3])


def test_volume_that_an_event_sets_dilutes_what_is_in_it():
    text = """compartment cell = 2; species A in cell; substanceOnly species B in cell; A = 3; B = 5; k = 0;
        r: A -> B; cell*k*A; E1: at time >= 1: cell = 6;"""
    states, _ = run(text, (0.5, 2.0))
    assert states["A"] == pytest.approx([3, 1])
    assert states["B"] == pytest.approx([5, 5])


def test_lanes_have_events_of_their_own():
    model = model_of("x' = -rate*x; x = 1; rate = 1; E1: at x < 0.5: x = 1;")
    rates = np.array([0.3, 1.0, 2.0])
    times = np.linspace(0.1, 5, 40)
    parameters = rates[:, None]
    found = solve(
        model, parameters[:, None], model.initial(parameters), np.zeros((3, 1)), np.tile(times, (3, 1)), rtol=1e-9,
        atol=1e-12, engine="kernel",
    )  # fmt: skip
    expected = np.exp(-np.mod(rates[:, None] * times, np.log(2)))
    assert np.asarray(found.states[..., 0]) == pytest.approx(expected, rel=1e-5)


def test_events_without_end_are_a_status():
    _, status = run("x' = 1; x = 0; y = 0; Up: at y < 1 && x > 1: y = 2; Down: at y > 1: y = 0;")
    assert status == Status.MAX_STEPS


STATE_DRIVEN = "x' = -x; x = 1; E1: at x < 0.5: x = 1;"


def test_event_that_a_state_sets_off_has_no_gradient_and_no_other_engine():
    model = model_of(STATE_DRIVEN)

    def end(state):
        arrays = jnp.zeros((1, 1, 0)), state, np.zeros((1, 1)), np.array([[3.0]])
        return solve(model, *arrays, engine="kernel").states.sum()

    assert not has_gradient("kernel", model)
    with pytest.raises(KernelError, match="gradient: events must have times that no state moves"):
        jax.grad(end)(jnp.ones((1, 1)))
    with pytest.raises(
        KernelError, match="engine jax or diffrax: events must have times that no state moves"
    ):
        run(STATE_DRIVEN, engine="jax")


TIMED = """compartment cell = 2; species A in cell; A = 3; k = 0.5; dose = 4; when = 2;
    lose: A -> ; cell*k*A; E1: at time >= when: A = A + dose; E2: at 1 after time >= when: cell = 4;
    E3: at time >= 4: A = 2*A; E4: at time > 4: A = A + 1;"""


def timed(times, k, dose, when):
    """A of TIMED: a dose, twice the volume a unit of time later, doubled at 4 and raised by 1 right behind it."""
    at_4 = 3 * np.exp(-4 * k) + dose * np.exp(-(4 - when) * k)
    found = []
    for t in times:
        first = 3 * np.exp(-k * t) + dose * np.exp(-k * (t - when)) * (t >= when)
        early = first / (2 if t >= when + 1 else 1)
        found.append(early if t < 4 else at_4 if t == 4 else (at_4 + 1) * np.exp(-k * (t - 4)))
    return np.array(found)


@pytest.mark.parametrize("engine", ENGINES)
def test_events_at_fixed_times_in_every_engine(engine):
    times = (0.0, 1.0, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0)
    states, status = run(TIMED, times, engine)
    assert status == Status.OK
    assert states["A"] == pytest.approx(timed(times, 0.5, 4, 2), rel=1e-6)
    assert states["cell"] == pytest.approx([2, 2, 2, 2, 4, 4, 4, 4])


@pytest.mark.parametrize("engine", ENGINES)
def test_a_negative_delay_is_a_status_in_every_engine(engine):
    states, status = run("x' = -x; x = 1; d = -1; E1: at d after time >= 2: x = 4;", engine=engine)
    assert status == Status.MAX_STEPS
    assert np.isnan(states["x"][-1])


def test_gradient_goes_through_events_and_their_times():
    model = model_of(TIMED)
    assert has_gradient("kernel", model) and not has_gradient("kernel", model, phases=2)
    names, times, weights = (
        ("k", "dose", "when"),
        np.array([1.0, 2.5, 3.5, 5.0]),
        np.array([0.3, 1.0, -2.0, 0.7]),
    )
    place = np.array([model.parameters.index(name) for name in names])

    def score(chosen):
        given = jnp.asarray(model.values).at[place].set(chosen)[None]
        arrays = given[:, None], model.initial(given), np.zeros((1, 1)), times[None]
        found = solve(model, *arrays, engine="kernel", rtol=1e-11, atol=1e-13).states
        return found[0, :, model.species.index("A")] @ weights

    at, step = model.values[place], 1e-6 * np.eye(3)
    expected = [weights @ (timed(times, *(at + d)) - timed(times, *(at - d))) / 2e-6 for d in step]
    assert np.asarray(jax.jit(jax.grad(score))(at)) == pytest.approx(expected, rel=1e-5)


def test_gradient_through_events_takes_no_slopes_of_rates():
    """Of a large model that would be most of what is compiled, for minutes; the adjoint of the steps has them."""
    model = model_of(
        "A' = sin(k*A); A = 1; k = 1; when = 1; E1: at time >= when: A = 2; E2: at time >= 3: A = 1;"
    )

    def end(state):
        arrays = jnp.asarray(model.values)[None, None], state, np.zeros((1, 1)), np.array([[4.0]])
        return solve(model, *arrays, engine="kernel").states.sum()

    program = str(jax.make_jaxpr(jax.grad(end))(jnp.ones((1, 1))))
    assert " sin " in program and " cos " not in program


@pytest.mark.parametrize("engine", ENGINES)
def test_parameter_switched_at_a_fixed_time_in_every_engine(engine):
    states, _ = run("x' = k; x = 0; k = 1; E1: at time >= 2: k = 3;", (1.0, 2.0, 4.0), engine=engine)
    assert states["x"] == pytest.approx([1, 2, 8], rel=1e-6)


def test_gradient_goes_through_a_switch_and_its_time():
    model = model_of("x' = k - x; x = 0; k = 1; first = 2; high = 3; E1: at time >= first: k = high;")

    def end(values):
        state, zero = jnp.zeros((1, 1)), np.zeros((1, 1))
        options = {"rtol": 1e-10, "atol": 1e-12, "engine": "kernel"}
        return solve(model, values[None, None], state, zero, np.array([[4.0]]), **options).states[0, 0, 0]

    found = dict(zip(model.parameters, jax.grad(end)(jnp.asarray(model.values)), strict=True))
    rest = np.exp(-2.0)
    assert found["high"] == pytest.approx(1 - rest, rel=1e-6)
    assert found["k"] == pytest.approx((1 - rest) * rest, rel=1e-6)
    assert found["first"] == pytest.approx((1 - 3) * rest, rel=1e-6)


NEVER, BEHIND = np.inf, np.nextafter


@pytest.mark.parametrize(
    ("event", "due"),
    [
        # first is 0, 1 and 3 in three lanes that start at 1
        ("at time >= first", (NEVER, NEVER, 3.0)),
        ("at time > first", (NEVER, BEHIND(1, 2), BEHIND(3, 4))),
        ("at time >= first, t0=false", (1.0, 1.0, 3.0)),
        ("at time > first, t0=false", (BEHIND(1, 2), BEHIND(1, 2), BEHIND(3, 4))),
        ("at 0.5 after time >= first", (NEVER, NEVER, 3.5)),
        ("at 0.5 after time > first", (NEVER, 1.5, 3.5)),
        ("at 0.5 after time > first, t0=false", (1.5, 1.5, 3.5)),
    ],
)
def test_when_an_event_of_a_fixed_time_is_due(event, due):
    """Behind the time for `>`, unless there is a delay; at the start where it was due before and was not true then."""
    model = model_of(f"species S; S = 1; first = 2; k = 1; r: S -> ; k*S; E: {event}: S = 5;")
    constants = np.tile(model.values, (3, 1))
    constants[:, model.parameters.index("first")] = (0.0, 1.0, 3.0)
    found, sound = _due(model.system.events, jnp.asarray(constants), jnp.ones(3))
    assert found[:, 0].tolist() == list(due) and sound.all()


def test_a_delay_that_is_negative_is_not_sound():
    model = model_of("species S; S = 1; wait = 1; k = 1; r: S -> ; k*S; E: at wait after time > 2: S = 5;")
    constants = np.tile(model.values, (3, 1))
    constants[:, model.parameters.index("wait")] = (-1e-9, 0.0, 2.0)
    assert _due(model.system.events, jnp.asarray(constants), jnp.zeros(3))[1].tolist() == [False, True, True]
