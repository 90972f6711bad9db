"""The shipped calibration: a valid PEtab problem that agrees with the tables it follows from."""

import shutil
import subprocess
import sys

import numpy as np
import polars as pl
import pytest

from screen.calibration import find_stale, read_petab
from screen.calibration.derive import (
    BLOCKED_LOAD,
    EXPERIMENTS,
    derive_conditions,
    derive_parameters,
    names_used,
    write_calibration,
)
from screen.errors import FitError
from screen.network import read_parameters
from screen.potency import read_potent_drugs
from screen.scenarios import read_context_tables, read_drug_tables
from screen.tables import read_table
from tests.problems import CONFIG

FOLDER = CONFIG / "calibration"


@pytest.fixture(scope="module")
def problem(network):
    return read_petab(FOLDER / "problem.yaml", network)


def test_every_measurement_has_a_citation_and_a_mark(problem):
    frame = problem.measurements
    assert frame["citation"].str.len().min() > 10
    assert set(frame["mark"]) <= {"read", "measured", "assumed", "memory", "model"}
    assert {"V01", "V02", "V04", "V05", "V06", "V07", "V08", "V09", "V11", "V12"} <= set(frame["panel"])


def test_noise_is_stated_for_every_measurement(problem):
    assert (problem.measurements["noiseParameters"].astype(float) > 0).all()


def test_loads_follow_from_the_constants_in_cells(problem):
    drugs = read_potent_drugs(
        CONFIG / "drugs.tsv", CONFIG / "affinities.tsv", CONFIG / "targets.tsv", CONFIG / "potency"
    )
    constants = dict(zip(drugs.targets, drugs.potency.middle(["ruxolitinib"])[0], strict=False))
    condition = problem.conditions.loc["hep_il6_100_rux_500"]
    for target in ("JAK1", "JAK2", "TYK2"):
        assert condition[f"load_{target}"] == pytest.approx(500 / constants[target], rel=1e-5)
    assert problem.conditions.loc["hepg2_il6_mek_blocked", "load_MEK"] == BLOCKED_LOAD


def test_totals_are_those_of_the_contexts(problem):
    contexts = read_context_tables(CONFIG / "contexts.tsv", CONFIG / "hypotheses.tsv").contexts
    for condition, context in (("hep_il6_40", "hepatocyte_mouse"), ("npm1_rest", "npm1_alk_lymphoma")):
        for total in contexts[context].totals:
            if total.parameter in problem.conditions:
                assert problem.conditions.loc[condition, total.parameter] == pytest.approx(total.value)


def test_priors_are_those_of_the_network(problem):
    network = read_parameters(CONFIG / "network" / "parameters.tsv")
    table = problem.parameters
    seen = 0
    for row in network.filter(pl.col("prior") != "fixed").iter_rows(named=True):
        if row["parameter"] in problem.conditions:
            assert row["parameter"] not in table.index
            continue
        fitted = table.loc[row["parameter"]]
        is_log = row["prior"] == "log10_normal"
        centre, sd = (float(part) for part in fitted["objectivePriorParameters"].split(";"))
        assert fitted["nominalValue"] == pytest.approx(row["value"])
        assert centre == pytest.approx(np.log10(row["value"]) if is_log else row["value"], abs=1e-8)
        assert sd == pytest.approx(row["prior_sd"])
        assert fitted["parameterScale"] == ("log10" if is_log else "lin")
        assert fitted["objectivePriorType"] == "parameterScaleNormal"
        assert fitted["lowerBound"] < row["value"] < fitted["upperBound"]
        seen += 1
    assert seen > 200


def test_tables_are_in_line_with_the_network():
    assert find_stale(CONFIG) == []


def test_experiments_without_the_tables_that_they_name_are_one_line(tmp_path):
    shutil.copytree(CONFIG / "calibration", tmp_path / "calibration")
    (problem,) = find_stale(tmp_path)
    assert problem.startswith(f"{tmp_path}/calibration/experiments.tsv: must lie in a folder beside network/")
    done = subprocess.run(
        [sys.executable, "-m", "screen.calibration", str(tmp_path)],
        cwd=CONFIG.parent,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert done.stderr == f"screen: {tmp_path}/network/parameters.tsv: must exist, found no such file\n"


def test_stale_tables_are_named_with_the_cure_and_cured(tmp_path):
    for path in CONFIG.rglob("*.tsv"):
        copy = tmp_path / path.relative_to(CONFIG)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(path.read_text())
    parameters = tmp_path / "network" / "parameters.tsv"
    old = "\n".join(line for line in parameters.read_text().splitlines() if line.startswith("k_gp130_act\t"))
    cells = old.split("\t")
    cells[2] = str(float(cells[2]) * 1.1)
    parameters.write_text(parameters.read_text().replace(old, "\t".join(cells)))
    (problem,) = find_stale(tmp_path)
    assert "parameters.tsv: must follow from the network" in problem
    assert "python -m screen.calibration" in problem
    write_calibration(tmp_path)
    assert find_stale(tmp_path) == []


@pytest.mark.parametrize(
    ("column", "value", "sentence"),
    [
        ("context", "hepatocyte_of_dog", "hepatocyte_of_dog"),
        ("hypothesis", "astrology", "astrology"),
        ("drugs", "aspirine=5", "aspirine"),
        ("blocked", "KINASE", "KINASE"),
        ("stimulus", "IL99_dose=5", "found IL99_dose"),
        ("stimulus", "IL6_dose=much", "much"),
    ],
)
def test_experiment_that_names_what_is_not_there(column, value, sentence):
    experiments = read_table(FOLDER / "experiments.tsv", EXPERIMENTS).head(2)
    experiments = experiments.with_columns(pl.lit(value).alias(column))
    contexts = read_context_tables(CONFIG / "contexts.tsv", CONFIG / "hypotheses.tsv")
    drugs = read_drug_tables(CONFIG / "drugs.tsv", CONFIG / "affinities.tsv", CONFIG / "targets.tsv")
    network = read_parameters(CONFIG / "network" / "parameters.tsv")
    defaults = dict(zip(network["parameter"], network["value"], strict=True))
    with pytest.raises(FitError, match=sentence):
        derive_conditions(experiments, contexts, drugs, defaults)


def test_rows_that_are_not_of_the_network_are_kept():
    network = read_parameters(CONFIG / "network" / "parameters.tsv")
    old = pl.read_csv(FOLDER / "parameters.tsv", separator="\t", infer_schema_length=0)
    conditions = pl.read_csv(FOLDER / "conditions.tsv", separator="\t")
    observables, measurements = (
        pl.read_csv(FOLDER / f"{name}.tsv", separator="\t", infer_schema_length=0)
        for name in ("observables", "measurements")
    )
    derived = derive_parameters(network, conditions, old, names_used(observables, measurements))
    assert derived.filter(pl.col("parameterId") == "scale_luminex_1").equals(
        old.filter(pl.col("parameterId") == "scale_luminex_1")
    )


def test_rows_that_nothing_uses_any_more_are_dropped(tmp_path):
    shutil.copytree(CONFIG, tmp_path, dirs_exist_ok=True)
    parameters = tmp_path / "calibration" / "parameters.tsv"
    shipped = parameters.read_text()
    left = next(line for line in shipped.splitlines() if line.startswith("k_gp130_act\t"))
    parameters.write_text(shipped + left.replace("k_gp130_act", "k_removed_reaction") + "\n")
    (problem,) = find_stale(tmp_path)
    assert "parameters.tsv: must follow from the network" in problem
    write_calibration(tmp_path)
    assert parameters.read_text() == shipped


@pytest.mark.parametrize("column", ["observableFormula", "noiseFormula"])
def test_names_in_formulas_are_used(column):
    observables = pl.DataFrame({"observableFormula": ["pY705"], "noiseFormula": ["0.1"]})
    observables = observables.with_columns(pl.lit("1e-3*(gain + 2*pY705)").alias(column))
    assert names_used(observables, pl.DataFrame()) == {"gain", "pY705"}


@pytest.mark.parametrize("column", ["observableParameters", "noiseParameters"])
def test_names_that_measurements_fill_in_are_used(column):
    measurements = pl.DataFrame({column: ["scale_blot_1;offset_blot_1", "1e-3;2", None]})
    assert names_used(pl.DataFrame(), measurements) == {"scale_blot_1", "offset_blot_1"}
