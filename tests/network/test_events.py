"""Events as they are read: formulas of time where that is enough, and what is refused."""

import libsbml
import numpy as np
import pytest

from screen.errors import NetworkError
from screen.network import read_sbml, slice_network
from screen.network.algebra import evaluate_all
from screen.network.events import MOST_BY_TIME
from tests.kernel.networks import sbml_of

SWITCHED = "x' = k; x = 0; k = 1; first = 2; wait = 0.5;"


def value_of(text, name, times, **given):
    """An observable over time, with some parameters given."""
    network = read_sbml(sbml_of(text))
    known = (
        dict(zip(network.parameters, network.values, strict=True)) | given | {"time": np.array(times, float)}
    )
    return evaluate_all([network.observable_rules[network.observables.index(name)]], known)[0].tolist()


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ("E1: at time >= first: k = 5;", [1, 1, 5, 5, 5]),
        ("E1: at time > first: k = 5;", [1, 1, 1, 5, 5]),
        ("E1: at wait after time >= first: k = 5;", [1, 1, 1, 5, 5]),
        ("E1: at time >= first: k = 5; E2: at time >= 3: k = 7;", [1, 1, 5, 5, 7]),
        ("E2: at time >= 3: k = 7; E1: at time >= first: k = 5;", [1, 1, 5, 5, 7]),
        ("E1: at time >= 0: k = 5;", [1, 1, 1, 1, 1]),
        ("E1: at time >= 0, t0=false: k = 5;", [5, 5, 5, 5, 5]),
        ("E1: at time >= first: k = 2*time;", [1, 1, 4, 4, 4]),
        ("E1: at time >= first: k = 5; E2: at time >= first: k = 7;", [1, 1, 7, 7, 7]),
    ],
)
def test_parameter_set_at_a_fixed_time_is_a_formula(events, expected):
    network = read_sbml(sbml_of(SWITCHED + events))
    assert network.species == ("x",)
    assert not network.events
    assert value_of(SWITCHED + events, "k", [0, 1, 2, 2.9, 3]) == expected


def test_many_events_of_one_parameter_stay_events_and_many_parameters_of_one_do_not():
    """A formula has the square of its events as terms."""
    many = [f"E{place}: at time >= {place}: k = {place};" for place in range(1, MOST_BY_TIME + 2)]
    assert len(read_sbml(sbml_of(SWITCHED + "".join(many))).events) == MOST_BY_TIME + 1
    assert not read_sbml(sbml_of(SWITCHED + "".join(many[:-1]))).events
    names = [f"p{place}" for place in range(MOST_BY_TIME + 1)]
    declared = "".join(f"{name} = 1;" for name in names)
    at_once = "E1: at time >= first: " + ", ".join(f"{name} = 2" for name in names) + ";"
    assert not read_sbml(sbml_of(SWITCHED + declared + at_once)).events


def test_value_before_and_time_stay_parameters():
    text = SWITCHED + "E1: at time >= first: k = 5;"
    assert value_of(text, "k", [0, 2, 4], k=9.0, first=3.0) == [9, 9, 5]


@pytest.mark.parametrize(
    "event",
    [
        "at x > 1: k = 5", "at time >= x: k = 5", "at time >= first: x = 5", "at time >= first: k = 2*k",
        "at time >= first && time < 3: k = 5", "at time >= first: k = x", "at time >= first, priority = 1: k = 5",
    ],
)  # fmt: skip
def test_other_events_stay_events(event):
    network = read_sbml(sbml_of(f"{SWITCHED}E1: {event};"))
    assert len(network.events) == 1
    assert {name for name, _ in network.events[0].assignments} <= set(network.species)


def test_constants_of_the_start_do_not_follow_a_switched_parameter():
    text = SWITCHED + "y = 3*k; z := y + k; E1: at time >= first: k = 5;"
    assert value_of(text, "z", [0, 3]) == [4, 8]


def with_algebraic(text, *rules):
    """SBML of Antimony with algebraic rules 0 = formula."""
    document = libsbml.readSBMLFromString(sbml_of(text))
    for formula in rules:
        document.getModel().createAlgebraicRule().setMath(libsbml.parseL3Formula(formula))
    return libsbml.writeSBMLToString(document)


def test_algebraic_rules_of_one_unknown_each_are_solved():
    text = with_algebraic("x' = -x; x = 1; var y = 0; var z = 0; total = 3;", "y*z - x", "2*(x + y) - total")
    network = read_sbml(text)
    found = evaluate_all(network.observable_rules, {"x": 0.5, "total": 3.0})
    assert dict(zip(network.observables, found, strict=True)) == {"y": 1.0, "z": 0.5}


def test_of_two_algebraic_rules_the_one_of_one_unknown_has_it():
    """y is in both rules, and alone in the first: z is what the second one sets."""
    text = with_algebraic("x' = -x; x = 1; var y = 0; var z = 0; total = 3;", "y - 2*x", "y + z - total")
    network = read_sbml(text)
    found = evaluate_all(network.observable_rules, {"x": 0.5, "total": 3.0})
    assert dict(zip(network.observables, found, strict=True)) == {"y": 1.0, "z": 2.0}


@pytest.mark.parametrize(("rule", "found"), [("y - z", "y, z"), ("y*y - x", "none"), ("x - 1", "none")])
def test_algebraic_rule_without_one_unknown_is_refused(rule, found):
    with pytest.raises(
        NetworkError, match=f"linear in one quantity that nothing else determines, found {found}"
    ):
        read_sbml(with_algebraic("x' = -x; x = 1; var y = 0; var z = 3;", rule))


def test_network_with_events_is_not_sliced():
    network = read_sbml(sbml_of(f"{SWITCHED}E1: at x > 1: k = 5; E2: at x > 2: k = 6;"))
    with pytest.raises(NetworkError, match=r"^slice: .* must have no events, found one$"):
        slice_network(network, [], [])


@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize("persistent", [False, True])
@pytest.mark.parametrize("at_trigger", [False, True])
def test_an_event_is_as_its_attributes_say(before, persistent, at_trigger):
    said = f"t0={before}, persistent={persistent}, fromTrigger={at_trigger}".replace("True", "true").replace(
        "False", "false"
    )
    text = f"model m() species S; S = 1; k = 1; r: S -> ; k*S; E: at 2 after S < 0.5, {said}: S = 3; end"
    (event,) = read_sbml(sbml_of(text)).events
    assert (event.before, event.persistent, event.at_trigger) == (before, persistent, at_trigger)


def test_an_event_that_says_nothing_takes_the_values_of_its_trigger():
    """Before Level 3 a trigger was true before the start and an event persistent."""
    text = "model m() species S; S = 1; k = 1; r: S -> ; k*S; E: at 2 after S < 0.5: S = 3; end"
    document = libsbml.readSBMLFromString(sbml_of(text))
    assert document.setLevelAndVersion(2, 4, False)
    (event,) = read_sbml(libsbml.writeSBMLToString(document)).events
    assert (event.before, event.persistent, event.at_trigger) == (True, True, True)
