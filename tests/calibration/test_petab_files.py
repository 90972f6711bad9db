"""Every way to spoil a calibration problem ends in one sentence that says where."""

import re
from types import SimpleNamespace

import libsbml
import numpy as np
import pandas as pd
import pytest

from screen.calibration import load_problem, read_petab
from screen.errors import FitError
from screen.fit.search import draw_starts
from tests.petab_v2 import write_version_2
from tests.toy import add_columns


def spoil(path, old, new, count=1):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, count))


def problems_of(files):
    with pytest.raises(FitError) as caught:
        load_problem(files)
    return "\n".join(caught.value.problems)


def test_sound_problem_is_read(files):
    read = read_petab(files)
    assert len(read.measurements) == 13
    assert read.model.name == "toy.xml"


@pytest.mark.parametrize(
    ("table", "old", "new", "sentence"),
    [
        ("measurements", "obs_S\t", "obs_T\t", r"measurements.tsv row 14: observableId must be .*, found obs_T"),
        ("measurements", "observableId", "observa", r"measurements.tsv: .*observableId"),
        ("measurements", "dose_2\t", "dose_3\t", r"row \d+: simulationConditionId must be .*, found dose_3"),
        ("measurements", "\trest\t", "\tsleep\t", r"row 2: preequilibrationConditionId must be .*, found sleep"),
        ("measurements", "\t15\t", "\tlate\t", r"measurements.tsv row 5: time must be a number, found late"),
        ("measurements", "\t15\t", "\t-1\t", r"measurements.tsv row 5: time must not be before .* at 0, found -1"),
        ("measurements", "\tscale\t", "\tscael\t", r"scael"),
        ("measurements", "\tscale\t", "\t\t", r"obs_scaled"),
        ("observables", "*readout", "*reedout", r"must use entities of the model, found 'reedout'|reedout"),
        ("observables", "laplace", "cauchy", r"cauchy"),
        ("conditions", "dose\n", "doze\n", r"doze"),
        ("parameters", "0.001\t100\t1\t", "0.001\t100\tmuch\t", r"row 2: nominalValue must be a number, found much"),
        ("parameters", "0.001\t100\t1\t", "0.001\t100\t-1\t", r"row 2: nominalValue of k_made must not be below 0"),
        ("parameters", "parameterScaleNormal", "bell", r"bell"),
    ],
)  # fmt: skip
def test_spoiled_table_is_named(files, table, old, new, sentence):
    spoil(files.parent / f"{table}.tsv", old, new)
    assert re.search(sentence, problems_of(files))


def test_a_formula_that_is_too_long_is_one_problem(files):
    """It is not read as well, which would take minutes for 10 MB."""
    spoil(files.parent / "observables.tsv", "\tS\t8", f"\t{'S+' * 5_001}\t8")
    (found,) = problems_of(files).splitlines()
    assert found.endswith(
        "observables.tsv row 3: observableFormula must have at most 10000 characters, found 10002"
    )


@pytest.mark.parametrize(
    ("noise", "found"), [("exp(1000)", "inf"), ("0*exp(1)", "0"), ("1-exp(1)", "-1.71828")]
)
def test_noise_that_is_no_positive_number_is_named(files, noise, found):
    spoil(files.parent / "observables.tsv", "\tS\t8", f"\tS\t{noise}")
    assert re.search(rf"noise must be a positive number, found {found} from", problems_of(files))


@pytest.mark.parametrize(
    ("fault", "found"),
    [(KeyError("a\nword"), "'a\\\\nword'"), (AssertionError(), "what .* calls AssertionError")],
)
def test_what_the_validator_cannot_take_is_one_sentence(files, tmp_path, monkeypatch, fault, found):
    def lint(*of):
        raise fault

    monkeypatch.setattr("petab.v1.lint_problem", lint)
    monkeypatch.setattr("petab.v2.Problem.validate", lint)
    for path in (files, write_version_2(tmp_path)):
        assert re.fullmatch(
            rf".*{path.name}: must be a valid PEtab problem, found {found}", problems_of(path)
        )


def test_nominal_values_within_their_bounds_are_not_told_of(files, capsys):
    estimated = load_problem(files).estimated
    assert np.array_equal(estimated.within, estimated.nominal)
    assert "warning" not in capsys.readouterr().err


@pytest.mark.parametrize(("value", "bound"), [("1000", 2.0), ("0", -3.0)])
def test_nominal_value_outside_of_its_bounds_is_told_and_taken_as_it_stands(files, capsys, value, bound):
    spoil(files.parent / "parameters.tsv", "0.001\t100\t1\t", f"0.001\t100\t{value}\t")
    estimated = load_problem(files).estimated
    assert estimated.linear(estimated.nominal)[0] == pytest.approx(float(value))
    told = [line for line in capsys.readouterr().err.splitlines() if "warning" in line]
    assert len(told) == 1 and re.search(
        r"outside of its bounds.*: k_made \(.*parameters.tsv row 2\)$", told[0]
    )
    target = SimpleNamespace(estimated=estimated, cost=lambda drawn: np.zeros(len(drawn)))
    assert draw_starts(target, 2, 1)[0, 0] == bound


@pytest.mark.parametrize(
    ("condition", "time", "sentence"),
    [
        ("sleep", "3", r"row 2: pretreatmentConditionId must be a condition .*, found sleep"),
        (
            "dose_1",
            "",
            r"measurements.tsv row 2: pretreatmentConditionId and pretreatmentTime must stand together",
        ),
        (
            "",
            "3",
            r"measurements.tsv row 2: pretreatmentConditionId and pretreatmentTime must stand together",
        ),
        ("dose_1", "0", r"measurements.tsv row 2: pretreatmentTime: must be a positive number, found 0"),
        (
            "dose_1",
            "long",
            r"measurements.tsv row 2: pretreatmentTime: must be a positive number, found long",
        ),
    ],
)
def test_spoiled_pretreatment_is_named(files, condition, time, sentence):
    add_columns(files.parent, pretreatmentConditionId=condition, pretreatmentTime=time)
    assert re.search(sentence, problems_of(files))


def test_measured_text_is_named_with_its_row(files):
    path = files.parent / "measurements.tsv"
    lines = path.read_text().splitlines()
    cells = lines[3].split("\t")
    lines[3] = "\t".join([*cells[:3], "bright", *cells[4:]])
    path.write_text("\n".join(lines) + "\n")
    assert "measurements.tsv row 4: measurement must be a number, found bright" in problems_of(files)


@pytest.mark.parametrize("table", ["measurements", "observables", "conditions", "parameters"])
def test_empty_table_is_named(files, table):
    path = files.parent / f"{table}.tsv"
    path.write_text(path.read_text().splitlines()[0] + "\n")
    assert f"{table}.tsv: must hold at least one row, found none" in problems_of(files)


@pytest.mark.parametrize("table", ["measurements", "observables", "conditions", "parameters"])
def test_missing_table_is_named(files, table):
    (files.parent / f"{table}.tsv").unlink()
    assert f"{table}.tsv: must be a readable PEtab table, found No such file" in problems_of(files)


@pytest.mark.parametrize(
    ("limit", "what"), [("MOST_CELLS", "cells and lines as a text table"), ("MOST_COLUMNS", "columns")]
)
def test_table_of_too_much_is_refused_before_it_is_split(files, monkeypatch, limit, what):
    monkeypatch.setattr(f"screen.files.reading.{limit}", 2)
    assert f".tsv: must have at most 2 {what}, found more" in problems_of(files)


def test_missing_model_is_named(files):
    (files.parent / "toy.xml").unlink()
    assert "the model must be a file, found nothing at" in problems_of(files)


def test_a_model_whose_name_is_too_long_for_any_file_is_named(files):
    files.write_text(files.read_text().replace("toy.xml", "x" * 300))
    assert f"the model must be a file, found nothing at {files.parent / ('x' * 300)}" in problems_of(files)


def test_missing_problem_is_named(tmp_path):
    assert "problem.yaml: must be a readable PEtab file, found No such file" in problems_of(
        tmp_path / "problem.yaml"
    )


@pytest.mark.parametrize("text", ["[", "format_version: 1", "parameter_file: p.tsv\nproblems: [{}]"])
def test_file_that_is_no_problem_is_named(files, text):
    files.write_text(text)
    assert str(files) in problems_of(files)


def test_all_problems_are_listed_at_once(files):
    spoil(files.parent / "measurements.tsv", "obs_S\t", "obs_T\t")
    spoil(files.parent / "parameters.tsv", "0.001\t100\t1\t", "0.001\t100\tmuch\t")
    found = problems_of(files)
    assert "obs_T" in found
    assert "much" in found


@pytest.mark.parametrize(
    ("table", "old", "new", "sentence"),
    [
        ("measurements", "\tscale\t0.05", "\tscale\t0", r"measurements.tsv row 2: noise must be .*, found 0 from"),
        ("measurements", "\tscale\t0.05", "\tscale\t-1", r"measurements.tsv row 2: noise must .*, found -1 from"),
        ("measurements", "\tscale\t0.05", "\tscale\t1e400", r"row 2: noiseParameter1_obs_scaled must be .*, found inf"),
        ("measurements", "\tscale\t0.05", "\tscale\t", r"tsv row 2: noiseParameters must .* found 0 of 1"),
        ("measurements", "\t0.05\n", "\t0.05\textra\n", r"measurements.tsv row 2: must have 7 cells, found 8"),
        (
            "observables", "\t8\t", "\t1/0\t",
            r"observables.tsv row 3: noiseFormula must be a formula, found 1/0 \(ZeroDivisionError\)",
        ),
        ("observables", "\t8\t", "\t" + "+".join(["S"] * 20_000) + "\t", r"at most 10000 characters, found 39999"),
        ("conditions", "rest\t0", "rest\tdose", r"conditions.tsv row 2: dose must be a finite .*, found dose"),
        ("conditions", "dose_1\t1", "dose_1\tinf", r"conditions.tsv row 3: dose must be a finite .*, found inf"),
        ("conditions", "dose\n", "readout\n", r"must set constants or states of the model, found readout"),
        ("parameters", "parameterScaleNormal\t0;0.7", "parameterScaleNormal\t0;0", r"row 2: .* positive width"),
        ("parameters", "parameterScaleNormal\t0;0.7", "parameterScaleUniform\t1;0", r"row 2: .* lower end first"),
        ("parameters", "parameterScaleNormal\t0;0.7", "normal\t1", r"row 2: .* must be two numbers"),
        ("parameters", "\t0.001\t100", "\t0\t100", r"row 2: lowerBound must be positive on a log.*, found 0"),
        ("parameters", "\t0.001\t100", "\t200\t100", r"row 2: lowerBound must lie below upperBound, found 200"),
        ("parameters", "\t0.001\t100", "\t0.001\tinf", r"row 2: upperBound must be a finite number, found inf"),
        ("parameters", "k_made\tlog10", "k_made\tlog2", r"row 2: parameterScale must be one of .*, found log2"),
        ("parameters", "\t100\t1\t1", "\t100\t1\tyes", r"row 2: estimate must be a number, found yes"),
        ("parameters", "\t100\t1\t1", "\t100\t1\t2", r"row 2: estimate must be 0 or 1, found 2"),
        ("parameters", "parameterScaleNormal", "cauchy", r"row 2: objectivePriorType must be one of .*, found cauchy"),
        ("parameters", "k_lost", "k-lost", r"row 3: parameterId must be letters, digits and _, .*, found k-lost"),
        ("parameters", "nominalValue", "estimate", r"parameters.tsv row 1: columns must differ, found estimate again"),
        ("observables", "log10", "sqrt", r"row 2: observableTransformation must be one of .*, found sqrt"),
        ("observables", "*readout", "*", r"observables.tsv row 2: observableFormula must be a formula, found"),
        ("measurements", "\tscale\t", "\t;\t", r"row 2: observableParameters must have as many .*, found 0 of 1"),
        ("measurements", "\tscale\t", "\tscale;9\t", r"row 2: observableParameters .*, found 2 of 1"),
        ("measurements", "\t0\tscale", "\t" + "9" * 400 + "\tscale", r"row 2: numbers must have less than 310"),
        ("toy.xml", "<model", "<mode", r"toy.xml: SBML: must be readable, found mismatched tag"),
        ("toy.xml", 'value="0.1"', "", r"toy.xml: constants must have a value here or .*, found none for basal"),
        ("problem.yaml", "problems:", "extensions: {x: {version: 1}}\nproblems:", r"must not be required, found x"),
        ("problem.yaml", "version: 1", "version: 2.0.0", r"in PEtab 2, found parameter_file, problems"),
        ("problem.yaml", "parameters.tsv", "~", r"problem.yaml: `parameter_file` must name files, found none"),
    ],
)  # fmt: skip
def test_what_would_spoil_a_fit_at_its_end_is_named_at_its_start(files, table, old, new, sentence):
    spoil(files.parent / (table if "." in table else f"{table}.tsv"), old, new)
    assert re.search(sentence, problems_of(files))


def test_a_measurement_without_a_value_is_named(files):
    path = files.parent / "measurements.tsv"
    lines = path.read_text().splitlines()
    for value, found in (
        ("1e400", "must be a finite number, found inf"),
        ("-3", "must be positive, as its observable"),
    ):
        cells = lines[3].split("\t")
        path.write_text(
            "\n".join([*lines[:3], "\t".join([*cells[:3], value, *cells[4:]]), *lines[4:]]) + "\n"
        )
        assert re.search(f"measurements.tsv row 4: measurement {found}", problems_of(files))


def test_a_second_problem_is_refused(files):
    text = files.read_text()
    files.write_text(text + text[text.index("  - sbml_files") :])
    assert "`problems` must be a list of one problem with its files, found 2 entries" in problems_of(files)
    files.write_text(text[: text.index("problems:")] + "problems: abc\n")
    assert "`problems` must be a list of one problem with its files, found str" in problems_of(files)


def test_legal_tables_that_look_odd_are_read(files):
    plain = load_problem(files)
    parameters, measurements = files.parent / "parameters.tsv", files.parent / "measurements.tsv"
    spoil(parameters, "half\tlin\t1\t10\t5", "half\tlin\t\t\t5")
    spoil(parameters, "\t1\t1\tparameterScaleNormal", "\t\t1\tparameterScaleNormal")
    spoil(measurements, "measurement\t", "measurement \t")
    lines = measurements.read_text().splitlines()
    measurements.write_bytes(b"\xef\xbb\xbf" + "\n".join([lines[0], "# a comment", *lines[1:]]).encode())
    files.write_bytes(b"\xef\xbb\xbf" + files.read_bytes())
    odd = load_problem(files)
    assert odd.estimated.nominal[0] == pytest.approx(-0.5)  # the middle of 0.001 and 100
    assert (odd.measurements.value == plain.measurements.value).all()
    spoil(measurements, "rest\t", "wrong\t", 1)
    assert "measurements.tsv row 3: preequilibrationConditionId must be" in problems_of(files)


def test_bytes_that_are_no_text_are_named(files):
    files.write_bytes(files.read_bytes() + b"# caf\xe9\n")
    assert re.search(
        r"problem.yaml: must be a readable PEtab file, found bytes that are no UTF-8", problems_of(files)
    )


def test_a_prior_without_numbers_has_those_of_the_bounds(files):
    spoil(files.parent / "parameters.tsv", "parameterScaleNormal\t0;0.7", "parameterScaleUniform\t")
    prior = load_problem(files).estimated.priors[0]
    assert (prior.kind, prior.first, prior.second) == ("parameterScaleUniform", -3.0, 2.0)


def test_a_condition_wins_over_an_initial_assignment(files):
    model = files.parent / "toy.xml"
    text = (
        '<initialAssignment symbol="dose"><math xmlns="http://www.w3.org/1998/Math/MathML"><cn>7</cn></math>'
    )
    spoil(
        model,
        "<listOfRules>",
        f"<listOfInitialAssignments>{text}</initialAssignment></listOfInitialAssignments><listOfRules>",
    )
    problem = load_problem(files)
    place = problem.model.parameters.index("dose")
    assert problem.phases[0].parameters.constant[:, place].tolist() == [1.0, 2.0, 8.0]
    spoil(files.parent / "conditions.tsv", "rest\t0", "rest\t")
    assert "dose has an initial assignment and must be set by every condition or by none" in problems_of(
        files
    )


def add_event(files, trigger, variable, at_rest):
    """Put an event into the model; without `at_rest` no experiment begins at a rest."""
    path = files.parent / "toy.xml"
    document = libsbml.readSBMLFromFile(str(path))
    event = document.getModel().createEvent()
    event.setUseValuesFromTriggerTime(True)
    cause = event.createTrigger()
    cause.setInitialValue(True)
    cause.setPersistent(True)
    cause.setMath(libsbml.parseL3Formula(trigger))
    assignment = event.createEventAssignment()
    assignment.setVariable(variable)
    assignment.setMath(libsbml.parseL3Formula("2"))
    document.getModel().getParameter(variable).setConstant(False)
    path.write_text(libsbml.writeSBMLToString(document))
    if not at_rest:
        table = pd.read_csv(files.parent / "measurements.tsv", sep="\t", dtype=str, keep_default_na=False)
        table.drop(columns="preequilibrationConditionId").to_csv(
            files.parent / "measurements.tsv", sep="\t", index=False
        )


@pytest.mark.parametrize(
    ("event", "problem"),
    [
        (("time >= 1", "k_lost", True), "a model with events must have no preequilibration"),
        (("S > 1", "k_lost", False), "parameters.tsv row 3: k_lost must be constant in the model"),
    ],
)
def test_events_that_leave_open_what_a_problem_means_are_refused(files, event, problem):
    add_event(files, *event)
    with pytest.raises(FitError, match=problem):
        load_problem(files)


def test_parameter_that_an_event_switches_can_be_estimated(files):
    add_event(files, "time >= 1", "k_lost", at_rest=False)
    problem = load_problem(files)
    assert "k_lost" in problem.model.parameters
    assert "k_lost" in problem.model.observables
