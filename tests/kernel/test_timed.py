"""Events between solves that are exact (every species decays by itself): what is set when, by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from screen.errors import KernelError
from screen.kernel import Runs, Solution, Status
from screen.kernel.engines.timed import timed_solve, without_events
from screen.kernel.symbolic.events import events_of
from screen.network import read_sbml
from tests.kernel.networks import model_of, sbml_of

OK = int(Status.OK)
DOSED = """species A, B; A = 3; B = 2; k = 0.5; dose = 4; when = 2; later = 4;
    a: A -> ; k*A; b: B -> ; k*B; {events}"""


def solved(events, times, text=DOSED, start=0.0, phases=1, **values):
    """States by name [lanes, times], and the solution; each value is one or one a lane."""
    model = model_of(text.format(events=events))
    lanes = max(np.size(each) for each in (*values.values(), 1.0))
    parameters = jnp.tile(jnp.asarray(model.values), (lanes, 1))
    for name, value in values.items():
        parameters = parameters.at[:, model.parameters.index(name)].set(value)

    def decay(piece):
        """All of them at rate k."""
        gone = piece.times - piece.switches
        faded = jnp.exp(-piece.parameters[:, 0, model.parameters.index("k"), None] * gone)
        volume = jnp.array([name == "cell" for name in model.species])
        states = piece.state[:, None] * jnp.where(volume, 1.0, faded[:, :, None])
        one = jnp.ones(lanes, jnp.int32)
        return Solution(states, 0 * one, one, 2 * one, piece.times[:, -1])

    runs = Runs(
        jnp.tile(parameters[:, None], (1, phases, 1)), model.initial(parameters),
        jnp.full((lanes, phases), start), jnp.tile(jnp.asarray(times, float), (lanes, 1)),
    )  # fmt: skip
    found = jax.jit(lambda given: timed_solve(decay, model, "engine x", given))(runs)
    return dict(zip(model.species, jnp.moveaxis(found.states, -1, 0), strict=True)), found


TIMES = np.array([0.0, 1.0, 2.0, 3.0, 4.0, 5.0])


def test_each_lane_has_its_dose_at_its_time_and_an_output_there_has_it():
    when = np.array([2.0, 3.5, 5.0, 5.1, 0.0])
    states, found = solved("E: at time >= when: A = A + dose;", TIMES, when=when)
    for lane, at in enumerate(when):
        due = (at <= TIMES) & (at > 0)  # at the start it is no event
        known = 3 * np.exp(-TIMES / 2) + due * 4 * np.exp(-(TIMES - at) / 2)
        np.testing.assert_allclose(states["A"][lane], known, rtol=1e-12)
    np.testing.assert_allclose(states["B"], np.tile(2 * np.exp(-TIMES / 2), (5, 1)), rtol=1e-12)
    assert found.status.tolist() == [OK] * 5 and found.reached.tolist() == [5.0] * 5
    assert found.accepted.tolist() == [2] * 5 and found.rejected.tolist() == [4] * 5


def test_behind_its_time_an_output_does_not_have_it_yet():
    states, _ = solved("E: at time > when: A = A + dose;", TIMES)
    due = TIMES > 2
    known = 3 * np.exp(-TIMES / 2) + due * 4 * np.exp(-(TIMES - 2) / 2)
    np.testing.assert_allclose(states["A"][0], known, rtol=1e-12)


def test_events_come_in_the_order_of_their_times_not_of_the_text():
    """Doubled at 4 in one lane, at 1 in the other; a dose at 2."""
    events = "First: at time >= later: A = 2*A; Second: at time >= when: A = A + dose;"
    states, found = solved(events, TIMES, later=np.array([4.0, 1.0]))
    fade, dosed = np.exp(-TIMES / 2), (TIMES >= 2) * 4 * np.exp(-(TIMES - 2) / 2)
    np.testing.assert_allclose(states["A"][0], (3 * fade + dosed) * np.where(TIMES >= 4, 2, 1), rtol=1e-12)
    np.testing.assert_allclose(states["A"][1], 3 * fade * np.where(TIMES >= 1, 2, 1) + dosed, rtol=1e-12)
    assert found.accepted.tolist() == [3, 3]


@pytest.mark.parametrize(("how", "known"), [("", (2.0, 3.0)), (", fromTrigger=false", (2.0, 2.0))])
def test_two_at_once_change_places_or_the_second_sees_what_the_first_has_set(how, known):
    events = f"First: at time >= 2{how}: A = B; Second: at time >= 2{how}: B = A;"
    states, _ = solved(events, (0.0, 2.0, 4.0))
    for name, value in zip("AB", known, strict=True):
        np.testing.assert_allclose(states[name][0, 1:], value * np.exp([-1.0, -2.0]), rtol=1e-12)


def test_what_is_set_at_a_later_time_sees_what_was_set_before():
    states, _ = solved("First: at time >= 2: A = 10; Second: at time >= 3: B = A;", (2.0, 3.0, 4.0))
    np.testing.assert_allclose(states["B"][0], [2 / np.e, *(10 * np.exp([-0.5, -1.0]))], rtol=1e-12)


def test_a_volume_that_is_set_dilutes_and_an_event_of_two_targets_sets_both():
    text = """compartment cell = 2; species A in cell; substanceOnly species B in cell; A = 3; B = 2; k = 0.5;
        size = 6; a: A -> ; cell*k*A; b: B -> ; k*B; {events}"""
    events = "First: at time >= 2: cell = size; Second: at time >= 3: A = 7, B = 9;"
    states, _ = solved(events, (1.0, 2.0, 3.0), text, size=np.array([6.0, 1.0]))
    for lane, size in enumerate((6.0, 1.0)):
        np.testing.assert_allclose(states["cell"][lane], [2, size, size])
        np.testing.assert_allclose(states["A"][lane], [3 * np.exp(-0.5), 6 / size / np.e, 7], rtol=1e-12)
        np.testing.assert_allclose(states["B"][lane], [2 * np.exp(-0.5), 2 / np.e, 9], rtol=1e-12)


def test_a_delay_below_0_spoils_its_lane_alone():
    events = "E: at wait after time >= when, fromTrigger=false: A = A + dose;"
    text = DOSED.replace("later = 4", "later = 4; wait = 1")
    states, found = solved(events, TIMES, text, wait=np.array([1.0, -1.0]))
    known = 3 * np.exp(-TIMES / 2) + (TIMES >= 3) * 4 * np.exp(-(TIMES - 3) / 2)
    np.testing.assert_allclose(states["A"][0], known, rtol=1e-12)
    assert found.status.tolist() == [OK, Status.MAX_STEPS]
    assert np.isnan(found.states[1]).all() and np.isfinite(found.states[0]).all()


def test_slopes_go_through_the_time_of_an_event():
    times, weights = np.array([0.5, 1.0, 3.0, 5.0]), np.array([0.4, 0.3, -2.0, 0.7])

    def score(values):
        k, dose, when = values
        states, _ = solved("E: at time >= when: A = A + dose;", times, k=k, dose=dose, when=when)
        return states["A"][0] @ weights

    found = jax.grad(score)(jnp.array([0.5, 4.0, 2.0]))
    dosed = np.array([0.0, 0.0, 1.0, 1.0]) * np.exp(-(times - 2) / 2)
    by_k = -times * 3 * np.exp(-times / 2) - (times - 2) * 4 * dosed
    np.testing.assert_allclose(found, [by_k @ weights, dosed @ weights, 2 * dosed @ weights], rtol=1e-12)


@pytest.mark.parametrize(
    ("events", "phases"),
    [
        ("E: at A < 1: A = 2;", 1),
        ("E: at time >= 2: A = 2;", 2),
        ("E: at time >= 2: A = 2; F: at A < 1: A = 3;", 1),
    ],
)
def test_what_cannot_be_solved_between_is_said_by_name(events, phases):
    with pytest.raises(
        KernelError, match=r"^engine x: events must have times that no state moves, in lanes of one"
    ):
        solved(events, TIMES, phases=phases)


def test_a_network_without_events_is_itself():
    model = model_of(DOSED.format(events=""))
    assert without_events(model) is model
    timed = model_of(DOSED.format(events="E: at time >= 2: A = 2;"))
    assert without_events(timed).system.events is None and without_events(timed) != timed


@pytest.mark.parametrize(
    ("events", "places"),
    [
        ("", None),
        ("E: at time >= when: A = 2; F: at time > later: A = A + 1;", 4),  # two triggers, two delays
        ("E: at time >= when, priority = 1: A = 2; F: at time > later: A = 1;", 0),
        ("E: at k after time >= when: A = A + 1;", 0),  # what is set is of an earlier time
        ("E: at k after time >= when, fromTrigger=false: A = A + 1;", 2),
        ("E: at k after time >= when: A = 5; F: at time >= later: A = A + 1;", 4),
        ("E: at k after time >= when: A = A + 1; F: at time >= later: A = 5;", 0),
        ("E: at k after time >= when: A = dose; F: at time >= later: B = 1;", 4),
        ("E: at B after time >= when: A = 5; F: at time >= later: A = 1;", 0),
        ("E: at time >= when + A: A = 5; F: at time >= later: A = 1;", 0),
        ("E: at time >= when: A = 5; F: at A < later: A = 1;", 0),
    ],
)
def test_times_of_events_are_known_where_no_state_moves_them_and_no_order_but_that_of_time_counts(
    events, places
):
    found = events_of(read_sbml(sbml_of(DOSED.format(events=events))))
    assert (found and len(found.times.outputs)) == places
