"""The calibration in plain PEtab v1: the validator takes it, its likelihood is that of the problem it comes from."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import petab.v1 as petab
import pytest
from petab.v1 import C

from screen.archive import annotate, standard_problem
from screen.calibration import load_problem
from screen.errors import FitError
from screen.fit import choose_fit_engine, make_predictor
from screen.fit.objective import posterior_cost
from screen.simulate import Integration
from tests.petab_v2 import write_version_2
from tests.toy import TIMES, add_columns, write_problem

PLAIN = {
    "measurements.tsv": C.MEASUREMENT_DF_COLS,
    "observables.tsv": C.OBSERVABLE_DF_COLS,
    "parameters.tsv": C.PARAMETER_DF_COLS,
}


def write(path: Path, sbml: Path, folder: Path) -> Path:
    """The problem as it is handed over, in a folder with a copy of its model."""
    folder.mkdir(exist_ok=True)
    model = folder / sbml.name
    model.write_text(sbml.read_text())
    for name, text in standard_problem(path, model).files.items():
        (folder / name).write_text(text)
    return folder / "problem.yaml"


@pytest.fixture(scope="module")
def shipped(root) -> Path:
    return root / "config/calibration/problem.yaml"


@pytest.fixture(scope="module")
def handed(shipped, network, root, tmp_path_factory) -> Path:
    """The shipped problem, its model annotated."""
    folder = tmp_path_factory.mktemp("handed")
    model = folder / "stat3.xml"
    model.write_text(annotate(network.read_text(), root / "config/network"))
    return write(shipped, model, folder)


def test_the_validator_takes_the_shipped_problem(handed):
    tool = Path(sys.executable).parent / "petablint"
    done = subprocess.run([tool, handed], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_tables_have_no_columns_of_ours_and_the_notes_have_them(handed, shipped):
    for name, columns in PLAIN.items():
        assert set(pd.read_csv(handed.parent / name, sep="\t").columns) <= set(columns)
    ours = pd.read_csv(shipped.parent / "measurements.tsv", sep="\t")
    notes = pd.read_csv(handed.parent / "measurement_notes.tsv", sep="\t")
    for name in ("measurement", "panel", "mark", "citation"):
        pd.testing.assert_series_equal(notes[name], ours[name])
    assert notes["left_out"].isna().all()


def test_nothing_of_the_shipped_problem_is_lost(handed, shipped, network):
    found, ours = load_problem(handed, network), load_problem(shipped, network)
    assert found.estimated.names == ours.estimated.names
    assert found.estimated.priors == ours.estimated.priors
    for name in ("lower", "upper", "nominal"):
        np.testing.assert_array_equal(getattr(found.estimated, name), getattr(ours.estimated, name))
    for mine, theirs in zip(found.tables, ours.tables, strict=True):
        assert mine.names == theirs.names
        np.testing.assert_array_equal(mine.parameters.constant, theirs.parameters.constant)
        np.testing.assert_array_equal(mine.parameters.source, theirs.parameters.source)
    np.testing.assert_array_equal(found.times, ours.times)
    np.testing.assert_array_equal(found.measurements.value, ours.measurements.value)


@pytest.mark.slow
def test_the_objective_of_the_shipped_problem_is_the_same(handed, shipped, network):
    """Of the exported problem with its own, annotated model; equal to 1e-8 of the objective."""
    solver = Integration(engine=choose_fit_engine(), rtol=1e-6, atol=1e-9)
    costs = []
    for problem in (load_problem(shipped, network), load_problem(handed)):
        point = problem.estimated.nominal[None]
        predicted = make_predictor(problem, solver, 1)(point)
        assert not predicted.failed.any()
        costs.append(posterior_cost(problem, point, predicted)[0])
    assert costs[1] == pytest.approx(costs[0], rel=1e-8)


@pytest.fixture
def extended(tmp_path) -> Path:
    """The toy problem with what PEtab v1 cannot say: a pretreated dose, a censored reading, Student's noise."""
    path = write_problem(tmp_path)
    count = len(TIMES)
    add_columns(path.parent, slice(0, count), pretreatmentConditionId="dose_8", pretreatmentTime="3")
    add_columns(path.parent, slice(count, count + 1), censoring="left")
    observables = path.parent / "observables.tsv"
    first, scaled, other = observables.read_text().splitlines()
    observables.write_text(
        f"{first}\tdegreesOfFreedom\n{scaled}\t\n{other}\t4\n".replace("laplace", "normal").replace(
            "\t8\t", "\tsd_S\t"
        )
    )
    with (path.parent / "parameters.tsv").open("a") as parameters:
        parameters.write("sd_S\tlog10\t0.1\t100\t8\t1\t\t\n")
    return path


@pytest.mark.filterwarnings("ignore:The inplace keyword")  # of the petab library
def test_what_petab_cannot_say_is_left_out_and_counted(extended, solver, tmp_path):
    model = extended.parent / "toy.xml"
    left = {"pretreatment": len(TIMES), "censoring": 1, "degreesOfFreedom": 1}
    assert standard_problem(extended, model).left_out == left
    handed = write(extended, model, tmp_path / "handed")
    petab.validate(handed)
    assert not petab.lint_problem(petab.Problem.from_yaml(handed))
    mine, theirs = (pd.read_csv(each.parent / "parameters.tsv", sep="\t") for each in (handed, extended))
    assert set(theirs["parameterId"]) - set(mine["parameterId"]) == {"sd_S"}
    notes = pd.read_csv(handed.parent / "measurement_notes.tsv", sep="\t")
    assert notes["left_out"].value_counts().to_dict() == left
    kept = notes["left_out"].isna().to_numpy()
    found, ours = load_problem(handed), load_problem(extended)
    assert [each.name for each in found.observables] == ["obs_scaled"]
    costs = [make_predictor(each, solver, 1)(each.estimated.nominal[None]).cost[0] for each in (found, ours)]
    np.testing.assert_allclose(costs[0], costs[1][kept], rtol=1e-9)
    assert (costs[1][~kept] != 0).all()


def test_a_problem_of_which_nothing_can_be_said_is_refused(files):
    add_columns(files.parent, pretreatmentConditionId="dose_8", pretreatmentTime="3")
    with pytest.raises(FitError, match=r"must hold a measurement that PEtab v1 can say, found pretreatment$"):
        standard_problem(files, files.parent / "toy.xml")


def test_a_problem_of_petab_2_is_refused(tmp_path):
    path = write_version_2(tmp_path)
    with pytest.raises(FitError, match=r"must be a problem of PEtab v1, found one of PEtab 2"):
        standard_problem(path, tmp_path / "toy.xml")
