"""What a problem of PEtab 1 means where it is mixed: some readings from rest, some initial assignments replaced."""

import re

import numpy as np
import pandas as pd
import pytest

from screen.calibration import keep_measurements, load_problem
from screen.calibration.subset import hide
from screen.errors import FitError
from tests.calibration.test_petab_files import add_event, problems_of, spoil
from tests.toy import add_columns


def assign(files, symbol, formula):
    """Give the model an initial assignment."""
    math = f'<math xmlns="http://www.w3.org/1998/Math/MathML">{formula}</math>'
    text = f'<initialAssignment symbol="{symbol}">{math}</initialAssignment>'
    lists = f"<listOfInitialAssignments>{text}</listOfInitialAssignments><listOfRules>"
    spoil(files.parent / "toy.xml", "<listOfRules>", lists)


def change(path, row, **cells):
    """Other cells in a row of a table, in columns of their own where there are none."""
    table = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)
    for column, cell in cells.items():
        table[column] = table.get(column, "")
        table.loc[row, column] = cell
    table.to_csv(path, sep="\t", index=False)


def test_readings_without_a_rest_start_from_the_model_as_it_is(files):
    change(files.parent / "measurements.tsv", slice(0, 3), preequilibrationConditionId="")
    problem = load_problem(files)
    assert problem.rest_of_lane.tolist() == [-1, 0, 0] and problem.rests.names == ("rest",)


def test_a_part_has_the_rests_of_its_own_lanes(files):
    """Of three lanes the first begins at no rest, the last at another than the second."""
    table = files.parent / "measurements.tsv"
    change(table, slice(0, 3), preequilibrationConditionId="")
    change(table, slice(8, 11), preequilibrationConditionId="dose_1")
    problem = load_problem(files)
    assert problem.rests.names == ("rest", "dose_1") and problem.rest_of_lane.tolist() == [-1, 0, 1]
    for rows, rests, places in (([9, 2], ("dose_1",), [-1, 0]), ([5, 12], ("rest",), [0]), ([0], (), [-1])):
        part = keep_measurements(problem, np.array(rows))
        assert part.rests.names == rests and part.rest_of_lane.tolist() == places
        assert part.measurements.where == tuple(problem.measurements.where[row] for row in sorted(rows))
        assert part.measurements.value.tolist() == problem.measurements.value[sorted(rows)].tolist()


def test_what_is_hidden_is_not_shown_to_a_fit(toy):
    assert toy.measurements.shown.all()
    hidden = np.arange(13) % 3 == 0
    part = hide(toy, hidden)
    assert part.measurements.shown.tolist() == (~hidden).tolist() and part.digest != toy.digest
    assert hide(toy, ~hidden).digest != part.digest


@pytest.mark.parametrize("word", ["1", "True", "no", "nan"])
def test_a_further_column_has_no_meaning_for_the_fit(files, toy, word):
    """Whatever its name is: what is hidden, or how much of a prior lies within its bounds, no file says."""
    add_columns(files.parent, hidden=word, draw=word, where=word)
    table = files.parent / "parameters.tsv"
    head, *rows = table.read_text().splitlines()
    further = (f"{head}\tobjectivePriorMass\tinitializationPriorMass", *(f"{row}\t0.5\t0.5" for row in rows))
    table.write_text("\n".join([*further, ""]))
    problem = load_problem(files)
    assert problem.measurements.shown.all() and problem.estimated.priors == toy.estimated.priors


@pytest.mark.parametrize("some", [{"preequilibrationConditionId": "rest"},
                                  {"pretreatmentConditionId": "rest", "pretreatmentTime": "1"}])  # fmt: skip
def test_events_leave_open_what_some_readings_mean(files, some):
    """Those from rest, or after a pretreatment; the others alone are read."""
    add_event(files, "time >= 1", "k_lost", at_rest=False)
    assert load_problem(files).lanes == 3
    change(files.parent / "measurements.tsv", slice(4, 8), **some)
    with pytest.raises(FitError, match="events must have no preequilibration and no second period"):
        load_problem(files)


def test_an_observable_that_is_not_measured_is_left_out(files):
    plain = load_problem(files)
    table = files.parent / "observables.tsv"
    table.write_text(f"{table.read_text()}obs_T\t2*S\t1\tlin\tnormal\n")
    assert [each.name for each in load_problem(files).observables] == [
        each.name for each in plain.observables
    ]


def test_a_noise_that_is_estimated_is_positive_at_its_nominal_value(files):
    spoil(files.parent / "parameters.tsv", "k_made\tlog10\t0.001\t100\t1", "k_made\tlin\t-5\t100\t-1")
    spoil(files.parent / "measurements.tsv", "\tscale\t0.05", "\tscale\tk_made")
    with pytest.raises(FitError, match=r"row 2: noise must be a positive number, found -1 from"):
        load_problem(files)


def test_a_state_that_begins_by_an_assignment_may_be_set_by_some_conditions(files):
    """A constant must be set by all or by none: the others would begin with nothing."""
    assign(files, "S", "<cn>0.7</cn>")
    change(files.parent / "conditions.tsv", 1, S="2.5")
    problem = load_problem(files)
    assert problem.model.initial(np.array(problem.model.values))[0] == pytest.approx(0.7)
    assert problem.phases[0].sets_states and problem.legs == (0,)
    given = problem.phases[0].states.given
    assert given.tolist() == [[True], [False], [False]] and problem.phases[0].states.constant[0, 0] == 2.5


def test_a_parameter_of_the_table_wins_over_an_initial_assignment(files):
    assign(files, "k_made", "<cn>0.7</cn>")
    problem = load_problem(files)
    place = problem.model.parameters.index("k_made")
    assert (problem.phases[0].parameters.source[:, place] == problem.estimated.names.index("k_made")).all()


@pytest.mark.parametrize(
    ("prior", "lower", "upper"),
    [
        ("parameterScaleUniform\t-1;1", -1.0, 1.0),
        ("parameterScaleUniform\t1;9", 1.0, 2.0),
        ("uniform\t0;10", -3.0, 1.0),
        ("uniform\t-2;1000", -3.0, 2.0),
    ],
)
def test_a_level_prior_narrows_the_bounds(files, prior, lower, upper):
    spoil(files.parent / "parameters.tsv", "parameterScaleNormal\t0;0.7", prior)
    spoil(files.parent / "parameters.tsv", "0.001\t100\t1\t", "0.001\t100\t\t")
    estimated = load_problem(files).estimated
    assert estimated.nominal[0] == pytest.approx(0.5 * (lower + upper))
    assert (estimated.lower[0], estimated.upper[0]) == pytest.approx((lower, upper))


@pytest.mark.parametrize("prior", ["parameterScaleUniform\t2;3", "uniform\t200;300", "uniform\t-2;-1"])
def test_a_level_prior_that_misses_the_bounds_is_named(files, prior):
    spoil(files.parent / "parameters.tsv", "parameterScaleNormal\t0;0.7", prior)
    rule = "row 2: objectivePriorParameters must overlap the range from lowerBound to upperBound"
    assert re.search(f"{rule}, found {prior.split()[1]} and 0.001 to 100", problems_of(files))


@pytest.mark.parametrize(
    "formula",
    ["S*10^10^10^10", "pow(10, pow(10, 10))*S", "exp(exp(exp(10)))+S", "1e99999999999*S", "1e-999999999+S",
     "(2*S)^1e10^2", "S*1e9999*1e9999"],
)  # fmt: skip
def test_a_number_beyond_all_bounds_is_refused_before_it_is_worked_out(files, formula):
    spoil(files.parent / "observables.tsv", "\tS\t8", f"\t{formula}\t8")
    rule = "its numbers must lie between 1e-10000 and 1e10000"
    found = problems_of(files)
    assert found.endswith(f"row 3: observableFormula must be a formula, found {formula} ({rule})")


def test_a_formula_with_large_numbers_is_read(files):
    spoil(files.parent / "observables.tsv", "\tS\t8", "\t1e300*S*exp(-700)+2^1000*S+10^-300+S^2^3\t8")
    assert load_problem(files).observables


def test_a_long_sum_is_read(files):
    spoil(files.parent / "observables.tsv", "\tS\t8", f"\t{'+'.join(['S'] * 900)}\t8")
    (formula,) = (each.value for each in load_problem(files).observables if each.name == "obs_S")
    assert formula({"S": 2.0}) == 1800.0


@pytest.mark.parametrize("formula", ["S" + "+S" * 4000, "sin(" * 300 + "S" + ")" * 300, "(" * 4000 + "S"])
def test_a_formula_that_nests_too_deeply_is_one_short_line(files, formula):
    spoil(files.parent / "observables.tsv", "\tS\t8", f"\t{formula}\t8")
    (found,) = problems_of(files).splitlines()
    assert "must be a formula, found" in found and "nests too deeply" in found
    assert len(found) < 300


@pytest.mark.parametrize("formula", ["sin(S, S)", "piecewise(S, S)"])
def test_a_function_of_another_number_of_arguments_is_named(files, formula):
    spoil(files.parent / "observables.tsv", "\tS\t8", f"\t{formula}\t8")
    assert "row 3: observableFormula must be a formula, found" in problems_of(files)


@pytest.mark.parametrize("name", ["None", "NA", "nan", "null", "True"])
def test_names_that_look_like_no_value_are_names(files, name):
    plain = load_problem(files)
    for table in ("conditions", "measurements", "observables"):
        path = files.parent / f"{table}.tsv"
        path.write_text(path.read_text().replace("rest\t", f"{name}\t").replace("obs_S\t", f"{name}\t"))
    found = load_problem(files)
    assert found.rests.names == (name,) and found.rest_of_lane.tolist() == plain.rest_of_lane.tolist()


def test_a_parameter_may_be_called_none(files):
    spoil(files.parent / "parameters.tsv", "half\t", "None\t")
    spoil(files.parent / "observables.tsv", "\tS\t8", "\tNone*S\t8")
    assert load_problem(files).fixed == {"None": 5.0}


@pytest.mark.parametrize("word", ["NaN", "NA"])
def test_a_rest_that_is_no_value_is_none(files, word):
    change(files.parent / "measurements.tsv", slice(0, 3), preequilibrationConditionId=word)
    assert load_problem(files).rest_of_lane.tolist() == [-1, 0, 0]


def test_quoted_columns_are_read(files):
    plain = load_problem(files)
    for path in files.parent.glob("*.tsv"):
        lines = path.read_text().splitlines()
        quoted = "\t".join(f'"{name}"' for name in lines[0].split("\t"))
        path.write_text("\n".join([quoted, *lines[1:]]) + "\n")
    assert load_problem(files).estimated.names == plain.estimated.names


@pytest.mark.parametrize(
    ("table", "old", "new", "sentence"),
    [
        ("parameters", "k_made\tlog10", "k_made\t", "row 2: parameterScale must be one of lin, log, log10, found noth"),
        ("observables", "obs_S\t", "obs_scaled\t", "row 3: observableId must name a row alone, found obs_scaled again"),
        ("conditions", "dose_2\t", "dose_1\t", "row 4: conditionId must name a row alone, found dose_1 again"),
        ("measurements", "\t0.05", "\tfoo", "row 2: noiseParameters must use names of .*, found foo"),
        ("measurements", "\tscale", "\tfoo", "row 2: observableParameters must use names of .*, found foo"),
        ("measurements", "\tscale", "\tscale+", "row 2: observableParameters must hold .*, found scale"),
        ("measurements", "\tscale", "\t1_0", "row 2: observableParameters must hold numbers and .*, found 1_0"),
        ("measurements", "\tscale", "\tscale;", "row 2: observableParameters must have .*, found 2 of 1"),
        ("parameters", "k_lost\t", "k_made\t", "row 3: parameterId must name a row alone, found k_made again"),
        ("conditions", "rest\t0", "rest\tfoo+1", r"row 2: dose must use names of .*, found foo\+1"),
    ],
)  # fmt: skip
def test_what_the_validator_says_of_the_whole_problem_is_said_of_a_cell(files, table, old, new, sentence):
    spoil(files.parent / f"{table}.tsv", old, new)
    assert re.fullmatch(rf".*{table}\.tsv {sentence}.*", problems_of(files))


@pytest.mark.parametrize(
    ("observable", "degrees", "found"),
    [
        (0, "0", "row 2: degreesOfFreedom:? must be a positive number, found 0"),
        (1, "4", "row 3: degreesOfFreedom must be empty where noiseDistribution is laplace, found 4"),
    ],
)
def test_degrees_of_freedom_are_those_of_normal_noise(files, observable, degrees, found):
    table = files.parent / "observables.tsv"
    head, *rows = table.read_text().splitlines()
    further = [f"{row}\t{degrees if place == observable else ''}" for place, row in enumerate(rows)]
    table.write_text("\n".join([f"{head}\tdegreesOfFreedom", *further]) + "\n")
    assert re.fullmatch(rf".*observables.tsv {found}(\.0)?", problems_of(files))


def test_an_observable_must_not_be_called_as_something_of_the_model(files):
    for name in ("measurements", "observables"):
        spoil(files.parent / f"{name}.tsv", "obs_S\t", "S\t")
    found = problems_of(files)
    assert re.fullmatch(
        r"\S*observables.tsv row 3: observableId must not be a name of the model, found S", found
    )


@pytest.mark.parametrize("numbers", [(2,), (1, 3)])
def test_placeholders_are_numbered_without_a_gap(files, numbers):
    """Said once, and not of every measurement too."""
    names = [f"observableParameter{number}_obs_scaled" for number in numbers]
    spoil(files.parent / "observables.tsv", "observableParameter1_obs_scaled", "*".join(names))
    wanted = f"observables.tsv row 2: placeholders must be numbered from 1 on, found {', '.join(names)}"
    assert re.fullmatch(rf"\S*{wanted}", problems_of(files))
