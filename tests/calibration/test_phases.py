"""What each phase of a PEtab 2 problem is under, in numbers: what is set stays set, formulas see what was before."""

from types import SimpleNamespace

import jax.numpy as jnp
import numpy as np
import pytest

from screen.calibration import load_problem
from screen.calibration.arms import Arm, Arms
from screen.calibration.filler import Filler
from screen.calibration.problem import measured_values
from screen.errors import FitError
from tests.calibration.test_petab_files import spoil
from tests.petab_v2 import write_version_2

INF = np.inf


@pytest.fixture
def folder(tmp_path):
    write_version_2(tmp_path)
    return tmp_path


def filled(problem, table):
    """The parameters of a table of conditions in numbers [rows], by name, at the nominal values."""
    vector = problem.vector(jnp.asarray(problem.estimated.nominal))
    rows = np.arange(len(table.names))
    numbers = table.parameters.fill(jnp.tile(vector, (len(rows), 1)), rows)
    return dict(zip(problem.model.parameters, np.asarray(numbers).T.tolist(), strict=True))


def test_what_is_set_stays_set_and_halves_what_was_before(folder):
    """The dose is twice a parameter of 0.5 from 3 on, a rate of 0.2 is halved from 7 on; the other lane is as it is."""
    problem = load_problem(folder / "problem.yaml")
    assert problem.begins.tolist() == [[3.0, 7.0], [0.0, INF]] and problem.rest_of_lane.tolist() == [0, -1]
    rest, first, second = (filled(problem, table) for table in problem.tables)
    assert (rest["dose"], rest["k_lost"], rest["k_made"]) == ([0.0], [0.2], pytest.approx([0.5]))
    assert first["dose"] == pytest.approx([1.0, 0.0]) == second["dose"]
    assert first["k_lost"] == [0.2, 0.2] and second["k_lost"] == pytest.approx([0.1, 0.2])
    assert first["k_made"] == pytest.approx([0.5, 0.5]) == second["k_made"]
    assert [table.names for table in problem.tables] == [("rest",), ("dosed", ""), ("doubled+slower", "")]


def test_a_state_is_set_by_a_formula_of_states_and_parameters(folder):
    problem = load_problem(folder / "problem.yaml")
    assert problem.legs == (0, 1) and not problem.rests.sets_states and not problem.phases[0].sets_states
    (computed,) = problem.phases[1].computed
    assert (computed.state, computed.rows.tolist()) == (0, [0])
    assert float(computed.formula({"S": 3.0, "more": 0.5})) == 6.5


def tables_of(settings, *conditions, begins, rest=None):
    """The tables of one experiment: `k` is 0.2 and `dose` 0 in the model, `a` is estimated, `half` is 0.5."""
    model = SimpleNamespace(parameters=("k", "dose"), species=("S", "P"), values=(0.2, 0.0))
    filler = Filler(model, SimpleNamespace(names=("a",)), {"half": 0.5}, formulas=True)
    arms = Arms((Arm("x", rest, conditions, begins),), np.zeros(1, int), settings, carried=True)
    return filler, filler.tables(arms)


def test_phases_that_set_no_state_are_integrated_in_one_go(folder):
    spoil(folder / "conditions.tsv", "doubled\tS\t2*S+more", "doubled\tdose\t2+more")
    problem = load_problem(folder / "problem.yaml")
    assert problem.legs == (0,) and filled(problem, problem.phases[1])["dose"] == [3.0, 0.0]


def test_what_is_computed_is_there_for_every_vector(folder):
    problem = load_problem(folder / "problem.yaml")
    vectors = problem.estimated.nominal + np.arange(3.0)[:, None]
    found = problem.vector(jnp.asarray(vectors))
    place = problem.estimated.names.index("half_dose")
    np.testing.assert_allclose(found[:, -1], 2 * found[:, place])
    assert found.shape == (3, len(problem.estimated.names) + 1)


def test_a_formula_of_a_condition_sees_its_time_and_what_holds_before_it():
    """From 3 on the dose is 2*a; at 7 the rate becomes 7*0.2 + 2*a*half, and the states follow from themselves."""
    later = {"k": "k*time+dose*half", "S": "S*time+dose", "P": "a+half"}
    settings = {"first": {"dose": "2*a"}, "later": later, "last": {"k": 0.3}}
    filler, (_, phases, begins) = tables_of(settings, "first", "later", "last", begins=(3.0, 7.0, 9.0))
    assert begins.tolist() == [[3.0, 7.0, 9.0]]
    derived = list(filler.derived.values())

    def number(table, place):
        constant, source = table.constant[0, place], int(table.source[0, place])
        return float(derived[source - 1]({"a": 1.5})) if source > 0 else constant

    found = [[number(table.parameters, place) for place in (0, 1)] for table in phases]
    assert found == [[0.2, 3.0], [pytest.approx(1.4 + 1.5), 3.0], [0.3, 3.0]]
    assert phases[2].parameters.source.tolist() == [[-1, 1]]
    (computed,) = phases[1].computed
    assert computed.state == 0 and float(computed.formula({"S": 2.0, "a": 1.5})) == 17.0
    assert number(phases[1].states, 1) == 2.0 and not phases[2].sets_states and not phases[0].sets_states


def test_a_formula_at_rest_does_not_know_a_time():
    for target, rule in (
        ("k", "must be a finite number or a parameter of the parameter table, or a formula of these"),
        ("S", "must be a formula of parameters and states"),
    ):
        with pytest.raises(FitError, match=f"{target} of rest {rule}.*, found time"):
            tables_of({"rest": {target: "time"}, "on": {}}, "on", begins=(0.0,), rest="rest")


def test_what_is_computed_twice_has_one_place(folder):
    spoil(folder / "conditions.tsv", "k_lost/2", "2*half_dose")
    problem = load_problem(folder / "problem.yaml")
    assert len(problem.derived) == 1
    assert filled(problem, problem.phases[1])["k_lost"] == pytest.approx([1.0, 0.2])


def test_measurements_find_their_time_their_scale_and_what_they_put_in_place(folder):
    problem = load_problem(folder / "problem.yaml")
    plain, log = problem.observables
    data = problem.measurements
    assert problem.times.tolist() == [[3, 5, 7, 10], [0, 0, 0, 0]]
    assert data.time_index.tolist() == [0, 1, 2, 3, 3, 0, 0] and data.lane.tolist() == [0] * 5 + [1] * 2
    assert problem.phase_of(data.lane, data.time).tolist() == [0, 0, 1, 1, 1, 0, 0]
    assert (plain.transformation, plain.distribution, log.transformation, log.distribution) == (
        "lin", "normal", "log", "laplace",
    )  # fmt: skip
    assert (plain.rows.tolist(), log.rows.tolist()) == ([0, 1, 2, 3, 4], [5, 6])
    assert plain.overrides.constant.tolist() == [[0.5]] * 5 and (plain.overrides.source == -1).all()
    place = problem.estimated.names.index("scale")
    assert log.overrides.source.tolist() == [[-1], [place]] and log.overrides.constant[0, 0] == 1.0
    (floor,), (factor,) = plain.placeholders, log.placeholders
    assert float(plain.noise({"relative": 0.1, "S": 4.0, floor: 0.5})) == pytest.approx(0.9)
    assert float(log.value({factor: 3.0, "S": 4.0})) == 12.0
    assert measured_values(problem).tolist() == pytest.approx([0.3, 1, 4, 5, 5, np.log(2), np.log(2)])


def test_of_some_conditions_those_that_compute_states_are_found_again(folder):
    table = load_problem(folder / "problem.yaml").phases[1]
    assert table.chosen(np.array([1])).computed[0].rows.tolist() == []
    assert table.chosen(np.array([1, 0])).computed[0].rows.tolist() == [1]
    assert table.chosen(np.array([1, 0])).names == ("", "doubled+slower")
