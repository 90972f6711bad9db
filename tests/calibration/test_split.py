"""What is solved blot by blot and what stays in the search, of problems whose answer is plain."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from screen.calibration.formulas import parse_formula
from screen.calibration.priors import Prior
from screen.calibration.problem import Estimated, Experiments, Measurements, Observable, Problem, Values
from screen.calibration.split import split_problem

NAMES = ("a", "b", "o", "u", "s", "t", "k")
"""`k` is a rate of the model."""


def measured(names, first, value, noise, transformation, readings, **others):
    """An observable from its formulas, and (lane, time, what stands for each placeholder) of its readings."""
    placeholders = tuple(each for each in ("P1", "P2", "N1") if each in value + noise)
    given = [
        [cell if isinstance(cell, float) else names.index(cell) for cell in cells] for *_, cells in readings
    ]
    is_number = np.array([[isinstance(cell, float) for cell in cells] for cells in given]).reshape(
        len(given), -1
    )
    cells = np.array(given, float).reshape(len(given), -1)
    overrides = Values(np.where(is_number, cells, np.nan), np.where(is_number, -1, cells).astype(int))
    formulas = (parse_formula(text, ("P1", "P2", "N1", "S", *names), "here") for text in (value, noise))
    rows = np.arange(first, first + len(readings))
    further = {"distribution": "normal", "degrees": np.inf} | others
    return Observable(
        f"y{first}",
        *formulas,
        transformation,
        **further,
        rows=rows,
        placeholders=placeholders,
        overrides=overrides,
    )


def problem_of(*observables, censored=(), prior=None, lower=-9.0, names=NAMES):
    """A problem of two lanes from the arguments of `measured`, without `first`."""
    made, lane, time = [], [], []
    for *parts, readings in observables:
        others = parts.pop() if isinstance(parts[-1], dict) else {}
        made.append(measured(names, len(lane), *parts, readings, **others))
        lane, time = lane + [each[0] for each in readings], time + [each[1] for each in readings]
    one = np.ones(len(NAMES))
    priors = tuple(prior if name == "a" else None for name in names)
    estimated = Estimated(
        names, ("log10",) * len(NAMES), lower * one, 9 * one, one, priors, (None,) * len(NAMES)
    )
    parameters, states = (
        Values(np.full((2, 1), np.nan), np.full((2, 1), names.index("k"))),
        Values(*np.full((2, 2, 0), -1)),
    )
    phase = Experiments(("x", "y"), parameters, states)
    frame = pd.DataFrame({"measurement": np.arange(1.0, len(lane) + 1), "time": time})
    frame["censoring"] = ["left" if row in censored else None for row in range(len(lane))]
    return Problem(
        name="made", digest="made", model=None, estimated=estimated, fixed={}, derived=(),
        rests=phase.chosen(np.array([], int)), phases=(phase,), begins=np.zeros((2, 1)),
        rest_of_lane=np.full(2, -1), times=np.tile(np.arange(4.0), (2, 1)), observables=tuple(made),
        measurements=Measurements(np.array(lane), np.array(time), frame), conditions=pd.DataFrame(),
        observable_table=pd.DataFrame(),
    )  # fmt: skip


def solved(problem):
    """Measurements, scale, offset and sigma of each blot that solves any."""
    split, names = split_problem(problem), np.array([*problem.estimated.names, "computed", ""])
    sigma = np.append(split.sigmas, -1)[split.noise]
    found = {
        (tuple(rows.tolist()), *(str(names[place]) for place in places))
        for rows, *places in zip(split.blots, split.scales, split.offsets, sigma, strict=True)
    }
    taken = {name for _, *places in found for name in places if name}
    assert set(split.outer.estimated.names) == set(names[split.kept]) == set(NAMES) - taken
    return {each for each in found if any(each[1:])}


def twice(*cells):
    return [(0, 0, cells), (0, 1, cells)]


SCALED, SHIFTED, BOTH = "P1*S", "P1+S", "P2+P1*S"

CASES = {
    "all three": ([(BOTH, "N1", "log10", twice("a", "o", "s"))], {((0, 1), "a", "o", "s")}),
    "one factor of two read-outs": (
        [(SCALED, "N1", "lin", twice("a", "s")), (SCALED, "N1", "lin", twice("a", "s"))],
        {((0, 1, 2, 3), "a", "", "s")},
    ),
    "one factor on two scales": (
        [(SCALED, "0.1", "lin", twice("a")), (SCALED, "0.1", "log10", twice("a"))],
        set(),
    ),
    "one shift on two scales": (
        [(SHIFTED, "0.1", "lin", twice("o")), (SHIFTED, "0.1", "log", twice("o"))],
        set(),
    ),
    "one sigma on two scales": (
        [(SCALED, "N1", "lin", twice("a", "s")), (SCALED, "N1", "log", twice("b", "s"))],
        {((0, 1), "a", "", "s"), ((2, 3), "b", "", "s")},
    ),
    "two factors of a read-out": (
        [(SCALED, "0.1", "lin", [(0, 0, "a"), (0, 1, "b"), (1, 0, "a")])],
        {((0, 2), "a", "", ""), ((1,), "b", "", "")},
    ),
    "two shifts of a factor": (
        [(BOTH, "0.1", "lin", [(0, 0, "ao"), (0, 1, "au")])],
        {((0,), "", "o", ""), ((1,), "", "u", "")},
    ),
    "two factors of a shift": ([(BOTH, "0.1", "lin", [(0, 0, "ao"), (0, 1, "bo")])], set()),
    "a shift that is 0": ([(BOTH, "0.1", "lin", twice("a", 0.0))], {((0, 1), "a", "", "")}),
    "a shift that is a number": ([(BOTH, "0.1", "lin", twice("a", 2.0))], set()),
    "a factor that is a number": ([(BOTH, "0.1", "lin", twice(2.0, "o"))], {((0, 1), "", "o", "")}),
    "two sigmas of a factor": (
        [(SCALED, "N1", "lin", [(0, 0, "as"), (0, 1, "at")])],
        {((0, 1), "a", "", "")},
    ),
    "a sigma and a number": (
        [(SCALED, "N1", "lin", [(0, 0, "as"), (0, 1, ("a", 0.5))])],
        {((0, 1), "a", "", "")},
    ),
    "sigmas alone": (
        [("S", " N1 ", "lin", [(0, 0, "s"), (0, 1, "s")]), ("S", "N1", "lin", [(0, 0, "s")])],
        {((0, 1), "", "", "s"), ((2,), "", "", "s")},
    ),
    "a factor that is a shift too": (
        [(SCALED, "0.1", "lin", twice("a")), (SHIFTED, "0.1", "lin", twice("a"))],
        set(),
    ),
    "a factor that is a sigma too": (
        [(SCALED, "0.1", "lin", twice("a")), ("S", "N1", "lin", twice("a"))],
        set(),
    ),
    "a shift that is a sigma too": (
        [(SHIFTED, "0.1", "lin", twice("a")), ("S", "N1", "lin", twice("a"))],
        set(),
    ),
    "a rate": ([(SCALED, "N1", "lin", twice("k", "s"))], {((0, 1), "", "", "s")}),
    "a name of a formula": (
        [(SCALED, "b", "lin", twice("a")), ("S", "N1", "lin", twice("b"))],
        {((0, 1), "a", "", "")},
    ),
    "a factor that decides of the signal": ([("P1*piecewise(S, P1>1, 2*S)", "0.1", "lin", twice("a"))], set()),
    "a shift that decides of the signal": ([("P1+piecewise(S, P1>1, 2*S)", "0.1", "lin", twice("o"))], set()),
    "a square": ([("P1^2*S", "0.1", "lin", twice("a"))], set()),
    "a factor with its shift in it": ([("P1*(S+P1)", "0.1", "lin", twice("a"))], set()),
    "a factor of a sum": ([("P1*(S+P2)", "0.1", "lin", twice("a", "o"))], {((0, 1), "a", "", "")}),
    "a factor of a factor": ([("P1*P2*S", "0.1", "lin", twice("a", "b"))], {((0, 1), "a", "", "")}),
    "a shift of a shift": ([("P1+P2+S", "0.1", "lin", twice("o", "u"))], {((0, 1), "", "o", "")}),
    "a sigma in a formula": ([(SCALED, "2*N1", "lin", twice("a", "s"))], {((0, 1), "a", "", "")}),
    "a factor in the noise": ([(SCALED, "0.1*P1*S", "lin", twice("a"))], set()),
    "a factor that is the noise": ([(SCALED, "P1", "lin", twice("a"))], set()),
    "a shift in the noise": ([(BOTH, "0.1+P2", "lin", twice("a", "o"))], set()),
    "a factor of a shift in the noise": (
        [(BOTH, "0.1+P1", "lin", twice("a", "o"))], {((0, 1), "", "o", "")}
    ),
    "one factor of two in the noise": ([("P1*P2*S", "P1", "lin", twice("a", "b"))], {((0, 1), "b", "", "")}),
    "a factor in the noise of another read-out": (
        [(SCALED, "0.1", "lin", twice("a")), ("S", "0.1+P1", "lin", twice("a"))],
        set(),
    ),
    "a sigma in the value": ([("P1*S*N1^2", "N1", "lin", twice("a", "s"))], {((0, 1), "a", "", "")}),
    "a sigma that is a shift": ([("S+N1", "N1", "lin", twice("s"))], set()),
    "other noise": ([(SCALED, "N1", "lin", {"distribution": "laplace"}, twice("a", "s"))], set()),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_stands_in_one_role_and_one_blot_is_solved(name):
    observables, wanted = CASES[name]
    assert solved(problem_of(*observables)) == wanted


def with_first(first):
    return sorted(NAMES, key=lambda name: name != first)


def test_what_is_used_elsewhere_stays_at_the_first_place_too():
    rate = problem_of((SCALED, "N1", "lin", twice("k", "s")), names=with_first("k"))
    assert solved(rate) == {((0, 1), "", "", "s")}
    readouts = (("P1*P2*S", "0.1", "lin", twice("a", "b")), (SCALED, "0.1", "lin", twice("b")))
    assert solved(problem_of(*readouts, names=with_first("b"))) == {((0, 1), "a", "", "")}
    sigmas = [(0, 0, "as"), (0, 1, "at")]
    assert solved(problem_of((SCALED, "N1", "lin", sigmas), names=with_first("s"))) == {((0, 1), "a", "", "")}
    problem = problem_of((BOTH, "0.1", "log", twice("a", "o")), lower=-1.0, names=with_first("o"))
    assert solved(problem) == set()


@pytest.mark.parametrize("first", ["a", "o", "s"])
def test_the_place_of_a_parameter_decides_nothing(first):
    names = with_first(first)
    problem = problem_of(
        (BOTH, "N1", "log10", twice("a", "o", "s")), ("S", "0.1", "lin", twice()), names=names
    )
    assert solved(problem) == {((0, 1), "a", "o", "s")}
    for value, name in ((SCALED, "a"), (SHIFTED, "o")):
        shared = (value, "0.1", "lin", twice(name))
        place = {"a": (name, ""), "o": ("", name)}[name]
        assert solved(problem_of(shared, shared, names=names)) == {((0, 1, 2, 3), *place, "")}


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [([0, 1], {((0, 1), "", "", "s")}), ([0], {((1,), "a", "", "s"), ((0,), "", "", "s")})],
)
def test_what_is_computed_from_parameters_stays(rows, wanted):
    """The factor of these readings is twice a parameter."""
    problem = problem_of((SCALED, "N1", "lin", twice("a", "s")))
    (readout,) = problem.observables
    readout.overrides.source[rows, 0] = len(NAMES)
    computed = (parse_formula("2*t", NAMES, "here"),)
    assert solved(replace(problem, derived=computed)) == wanted


def test_censored_readings_leave_their_read_out_in_the_search():
    readouts = ((SCALED, "0.1", "lin", twice("a")), (SCALED, "0.1", "lin", twice("b")))
    assert solved(problem_of(*readouts, censored=[1])) == {((2, 3), "b", "", "")}


def test_what_has_a_prior_stays():
    prior = Prior("parameterScaleNormal", 0.0, 1.0, "log10")
    assert solved(problem_of((SCALED, "N1", "lin", twice("a", "s")), prior=prior)) == {((0, 1), "", "", "s")}


@pytest.mark.parametrize(("transformation", "kept"), [("lin", True), ("log", False), ("log10", False)])
def test_an_offset_whose_lower_bound_could_bind_is_solved_on_a_linear_scale_alone(transformation, kept):
    """Its bound is 0.1, the readings are 1 and 2."""
    found = solved(problem_of((BOTH, "0.1", transformation, twice("a", "o")), lower=-1.0))
    assert found == ({((0, 1), "a", "o", "")} if kept else set())


@pytest.mark.parametrize("signed", ["a", "o"])
@pytest.mark.parametrize(("lower", "kept"), [(-0.1, False), (0.0, True)])
def test_a_factor_and_an_offset_of_a_logarithm_may_end_at_0_and_not_below(signed, lower, kept):
    problem = problem_of((BOTH, "0.1", "log", twice("a", "o")))
    own = problem.estimated
    scales = tuple("lin" if name == signed else "log10" for name in own.names)
    bounds = np.where(np.array(own.names) == signed, lower, own.lower)
    problem = replace(problem, estimated=replace(own, scales=scales, lower=bounds))
    left = {((0, 1), "", "o", "")} if signed == "a" else set()
    assert solved(problem) == ({((0, 1), "a", "o", "")} if kept else left)


def test_each_signal_is_left_once_and_measurements_find_their_own():
    """Replicates, which differ in nothing but what is solved, share a signal; what stays tells signals apart."""
    readings = [(1, 0, "as"), (0, 1, "bs"), (1, 0, "as"), (0, 1, "as"), (0, 0, "as")]
    other = [(0, 1, "ko"), (0, 1, "to"), (0, 1, "ko"), (0, 1, (3.0, "o"))]
    problem = problem_of((SCALED, "N1", "log10", readings), ("P1*P1*S+P2", "0.2", "log10", other))
    split = split_problem(problem)
    outer, data, reading = split.outer, problem.measurements, split.reading
    assert [NAMES[place] for place in split.kept] == ["u", "t", "k"] == list(outer.estimated.names)
    assert reading[0] == reading[2] and reading[1] == reading[3] and reading[5] == reading[7]
    assert len(set(reading)) == len(outer.measurements.lane) == 6
    for part in ("lane", "time_index", "time"):
        np.testing.assert_array_equal(getattr(outer.measurements, part)[reading], getattr(data, part))
    first, second = outer.observables
    assert first.rows.tolist() == [0, 1, 2] and second.rows.tolist() == [3, 4, 5]
    assert first.transformation == second.transformation == "lin"
    assert first.overrides.constant.tolist() == [[1.0, 1.0]] * 3 and (first.overrides.source == -1).all()
    numbers, places = np.nan_to_num(second.overrides.constant), second.overrides.source
    cells = set(zip(map(tuple, numbers.tolist()), map(tuple, places.tolist()), strict=True))
    assert cells == {((0, 0), (2, -1)), ((0, 0), (1, -1)), ((3, 0), (-1, -1))}
    assert all((table.parameters.source == 2).all() for table in outer.tables)


def test_what_stays_keeps_its_bounds_and_its_nominal_value():
    problem = problem_of((SCALED, "N1", "lin", twice("a", "s")))
    steps = np.arange(float(len(NAMES)))
    moved = replace(problem.estimated, lower=-steps - 5, upper=steps + 5, nominal=steps)
    split = split_problem(replace(problem, estimated=moved))
    left = split.outer.estimated
    assert left.names == ("b", "o", "u", "t", "k") and left.nominal.tolist() == [1, 2, 3, 5, 6]
    np.testing.assert_array_equal(left.nominal - left.lower, 2 * left.nominal + 5)
    np.testing.assert_array_equal(left.upper - left.nominal, np.full(5, 5))


def test_a_steady_state_is_another_signal_than_the_last_of_the_finite_times():
    """Both are found at the same place of the output times."""
    problem = problem_of((SCALED, "0.1", "lin", [(0, 3, "a"), (0, 3, "a"), (0, 3, "a")]))
    frame = problem.measurements.frame.assign(time=[3.0, np.inf, np.inf])
    split = split_problem(replace(problem, measurements=replace(problem.measurements, frame=frame)))
    assert split.reading[0] != split.reading[1] == split.reading[2]
    assert split.outer.measurements.time[split.reading].tolist() == [3.0, np.inf, np.inf]
