"""Every way to spoil a calibration problem ends in one sentence that says where."""

import re

import pytest

from screen.calibration import load_problem, read_petab
from screen.errors import FitError
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
    assert len(read.problem.measurement_df) == 13
    assert read.model.name == "toy.xml"


@pytest.mark.parametrize(
    ("table", "old", "new", "sentence"),
    [
        ("measurements", "obs_S\t", "obs_T\t", r"measurements.tsv row 14: observableId must be .*, found obs_T"),
        ("measurements", "dose_2\t", "dose_3\t", r"row \d+: simulationConditionId must be .*, found dose_3"),
        ("measurements", "\trest\t", "\tsleep\t", r"row 2: preequilibrationConditionId must be .*, found sleep"),
        ("measurements", "\t15\t", "\tlate\t", r"measurements.tsv row 5: time must be a number, found late"),
        ("measurements", "\t15\t", "\t-1\t", r"time of measurement 5 must be finite and not negative, found -1"),
        ("measurements", "\tscale\t", "\tscael\t", r"scael"),
        ("measurements", "\tscale\t", "\t\t", r"obs_scaled"),
        ("observables", "*readout", "*reedout", r"must use entities of the model, found 'reedout'|reedout"),
        ("observables", "laplace", "cauchy", r"cauchy"),
        ("conditions", "dose\n", "doze\n", r"doze"),
        ("parameters", "0.001\t100\t1\t", "0.001\t100\tmuch\t", r"row 2: nominalValue must be a number, found much"),
        ("parameters", "0.001\t100\t1\t", "0.001\t100\t1000\t", r"nominalValue of k_made must lie within its bounds"),
        ("parameters", "parameterScaleNormal", "bell", r"bell"),
    ],
)  # fmt: skip
def test_spoiled_table_is_named(files, table, old, new, sentence):
    spoil(files.parent / f"{table}.tsv", old, new)
    assert re.search(sentence, problems_of(files))


@pytest.mark.parametrize(
    ("condition", "time", "sentence"),
    [
        ("sleep", "3", r"row 2: pretreatmentConditionId must be a condition .*, found sleep"),
        ("dose_1", "", r"measurement 2: pretreatmentConditionId and pretreatmentTime must stand together"),
        ("", "3", r"measurement 2: pretreatmentConditionId and pretreatmentTime must stand together"),
        ("dose_1", "0", r"measurement 2: pretreatmentTime: must be a positive number, found 0"),
        ("dose_1", "long", r"measurement 2: pretreatmentTime: must be a positive number, found long"),
    ],
)
def test_spoiled_pretreatment_is_named(files, condition, time, sentence):
    add_columns(files.parent, pretreatmentConditionId=condition, pretreatmentTime=time)
    assert re.search(sentence, problems_of(files))


def test_a_condition_after_a_pretreatment_sets_no_species(files):
    add_columns(files.parent, pretreatmentConditionId="rest", pretreatmentTime="3")
    spoil(files.parent / "conditions.tsv", "dose\n", "dose\tS\n")
    table = files.parent / "conditions.tsv"
    lines = table.read_text().splitlines()
    table.write_text("\n".join([lines[0], *(f"{line}\t1" for line in lines[1:])]) + "\n")
    assert "a condition after a pretreatment must set no species, found dose_1" in problems_of(files)


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
    assert f"{table}.tsv: must be a file, found nothing there" in problems_of(files)


def test_missing_model_is_named(files):
    (files.parent / "toy.xml").unlink()
    assert "the model must be a file, found nothing at" in problems_of(files)


def test_missing_problem_is_named(tmp_path):
    assert "must be a readable PEtab file" in problems_of(tmp_path / "problem.yaml")


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
