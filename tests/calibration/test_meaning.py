"""What conditions mean: each way in which it is open is named, and what is plain is not."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from screen.calibration.arms import Arm, Arms
from screen.calibration.meaning import bare_constants, open_starts, partly_set, unknown_targets, wrong_times

PATH = Path("problem.yaml")
MODEL = SimpleNamespace(
    parameters=("k", "dose"), species=("S", "P"), moves_with_time=False, system=SimpleNamespace(events=None)
)
REST_THEN_DOSE = Arm("a", "rest", ("dosed",), (0.0,))
TWICE = Arm("b", None, ("low", "dosed"), (0.0, 5.0))


def arms(settings, *of, carried=False):
    each = {name: {} for name in ("rest", "dosed", "low")} | settings
    return Arms(of, np.zeros(1, int), each, carried)


def test_conditions_set_constants_and_states_of_the_model():
    given = arms({"rest": {"k": 1.0, "S": 2.0}, "dosed": {"T": 1.0, "dose": 3.0}}, REST_THEN_DOSE)
    (found,) = unknown_targets(given, MODEL, PATH)
    assert found == "problem.yaml: conditions must set constants or states of the model, found T"
    assert unknown_targets(arms({"low": {"T": 1.0}}, REST_THEN_DOSE), MODEL, PATH) == []  # nobody is under it


def test_what_begins_by_an_assignment_is_set_by_every_condition_or_by_none():
    some = arms({"rest": {"S": 1.0}}, REST_THEN_DOSE)
    (found,) = partly_set(some, {"S"}, PATH)
    assert found.endswith(
        "S has an initial assignment and must be set by every condition or by none, found it empty in dosed"
    )
    assert partly_set(arms({"rest": {"S": 1.0}, "dosed": {"S": 1.0}}, REST_THEN_DOSE), {"S"}, PATH) == []
    assert partly_set(arms({"rest": {"S": 1.0}}, REST_THEN_DOSE, carried=True), {"S"}, PATH) == []
    (found,) = partly_set(arms({"dosed": {"S": 1.0}}, TWICE, carried=True), {"S"}, PATH)
    assert found.endswith("found it empty in low")


def test_an_assignment_may_read_a_constant_that_a_condition_sets_but_no_state():
    first = {"rest": {"S": 1.0, "k": 2.0}}
    (found,) = open_starts(arms(first, REST_THEN_DOSE), {"P": {"S", "k"}}, MODEL, PATH)
    assert found == (
        "problem.yaml: the initial assignment of P must not use a state that a condition sets, found S in rest"
    )
    assert open_starts(arms(first, REST_THEN_DOSE), {"P": {"k"}}, MODEL, PATH) == []
    assert open_starts(arms({"rest": {"S": 1.0, "P": 2.0}}, REST_THEN_DOSE), {"P": {"S"}}, MODEL, PATH) == []
    assert open_starts(arms({"dosed": {"S": 1.0}}, REST_THEN_DOSE), {"P": {"S"}}, MODEL, PATH) == []
    assert len(open_starts(arms({"low": {"S": 1.0}}, TWICE), {"P": {"S"}}, MODEL, PATH)) == 1


@pytest.mark.parametrize("arm", [REST_THEN_DOSE, TWICE])
def test_a_constant_that_an_assignment_of_a_constant_reads_does_not_change_within_an_experiment(arm):
    """PEtab 2 alone, where what is set stays set."""
    later = {"dosed": {"k": 1.0}}
    (found,) = open_starts(arms(later, arm, carried=True), {"dose": {"k"}}, MODEL, PATH)
    assert found == (
        "problem.yaml: k must not change within an experiment, as the initial assignment of dose uses it, found dosed"
    )
    assert open_starts(arms(later, arm), {"dose": {"k"}}, MODEL, PATH) == []
    assert open_starts(arms(later, arm, carried=True), {"P": {"k"}}, MODEL, PATH) == []
    begins = {arm.rest or "low": {"k": 1.0}}
    assert open_starts(arms(begins, arm, carried=True), {"dose": {"k"}}, MODEL, PATH) == []


@pytest.mark.parametrize(("moves", "events"), [(False, None), (True, None), (False, "some")])
def test_times_are_not_before_the_experiment_and_no_steady_state_of_what_moves(moves, events):
    model = SimpleNamespace(
        **vars(MODEL) | {"moves_with_time": moves, "system": SimpleNamespace(events=events)}
    )
    time, begins = np.array([-5.0, -6.0, np.inf, np.nan]), np.full(4, -5.0)
    found = wrong_times(time, begins, model, ["row 2", "row 3", "row 4", "row 5"])
    assert found[:2] == [
        "row 3: time must not be before the experiment begins at -5, found -6",
        "row 5: time must not be before the experiment begins at -5, found nan",
    ]
    assert [each.partition(":")[0] for each in found[2:]] == ["row 4"] * bool(moves or events)


def test_constants_without_a_value_in_any_cell_are_named():
    def table(*given):
        return SimpleNamespace(parameters=SimpleNamespace(given=np.array(given)))

    whole = table([True, True], [True, True])
    assert bare_constants([whole, whole], MODEL, PATH) == []
    (found,) = bare_constants([whole, table([True, True], [True, False])], MODEL, PATH)
    assert found == "problem.yaml: constants must have a value here or in the tables, found none for dose"
