"""The benchmark of PEtab problems: likelihoods beside published ones, times, and why there is none of these."""

import json
import multiprocessing
import os
import subprocess
import sys

import pandas as pd
import pytest

from benchmarks.petab import MEASURED, last_word, main, measure, measure_amici, simulated_beside
from tests.toy import amount

NOMINAL = {"k_made": 1.0, "k_lost": 0.1, "scale": 10.0}


def write_simulated(folder) -> None:
    """The closed form at the nominal values beside the problem, in another order than the measurements."""
    table = pd.read_csv(folder / "measurements.tsv", sep="\t")
    dose = table["simulationConditionId"].str.removeprefix("dose_").astype(float)
    S = amount(table["time"], dose, NOMINAL["k_made"], NOMINAL["k_lost"])
    scaled = table["observableId"] == "obs_scaled"
    table["simulation"] = S.where(~scaled, NOMINAL["scale"] * S / (S + 5))
    table["time"] = table["time"].map(lambda time: f"{time:.1f}")
    table.drop(columns="measurement").iloc[::-1].to_csv(
        folder / "simulatedData_toy.tsv", sep="\t", index=False
    )


def test_likelihood_reference_and_times_are_measured(files):
    write_simulated(files.parent)
    told = []
    found = measure(files, lambda so_far: told.append(dict(so_far)))
    assert tuple(found) == MEASURED
    assert [each["objective_s"] is None for each in told] == [True, False]
    assert all(each["llh"] == found["llh"] and each["gradient_s"] is None for each in told)
    assert found["llh"] == pytest.approx(found["reference"], rel=1e-6)
    assert found["llh"] < 0 and found["refused"] is None
    assert 0 < found["objective_s"] < found["first_s"] and 0 < found["gradient_s"] < found["first_s"]


@pytest.mark.slow
def test_the_script_writes_what_a_process_of_its_own_finds(files, root, tmp_path):
    out = tmp_path / "found.json"
    command = [sys.executable, root / "benchmarks" / "petab.py", "--json", out]
    env = {name: value for name, value in os.environ.items() if name != "AMICI_PYTHON"}
    done = subprocess.run([*command, files], capture_output=True, text=True, cwd=tmp_path, env=env)
    assert done.returncode == 0, done.stderr
    (found,) = json.loads(out.read_text())["problems"].values()
    assert found["llh"] < 0 and found["reference"] is None and "AMICI_PYTHON" in found["no_amici"]
    subprocess.run(
        [*command, "--limit", "0.1", files], capture_output=True, check=True, cwd=tmp_path, env=env
    )
    (found,) = json.loads(out.read_text())["problems"].values()
    assert found["failed"] == "more than 0.1 s" and found["llh"] is None and found["load"] >= 0


def test_what_was_told_before_the_time_was_up_is_kept():
    ours, theirs = multiprocessing.Pipe(duplex=False)
    assert last_word(ours, 0.0) == (dict.fromkeys(MEASURED), False)
    for llh in (-1.0, -2.0):
        theirs.send({"llh": llh})
    assert last_word(ours, 0.0) == ({"llh": -2.0}, False)
    theirs.send({"llh": -3.0})
    theirs.close()
    assert last_word(ours, 60.0) == ({"llh": -3.0}, True)


def test_what_is_refused_is_refused_by_name(files):
    path = files.parent / "observables.tsv"
    path.write_text(path.read_text().replace("obs_S\tS", "obs_S\tQ"))
    found = measure(files)
    assert "Q" in found["refused"] and found["llh"] is None


def test_simulated_data_belong_to_measurements_whatever_their_order(files):
    measurements = pd.read_csv(files.parent / "measurements.tsv", sep="\t")
    assert simulated_beside(files, measurements) is None
    write_simulated(files.parent)
    found = simulated_beside(files, measurements)
    assert found[-1] == pytest.approx(amount(5.0, 2.0, NOMINAL["k_made"], NOMINAL["k_lost"]))


def test_simulated_data_under_other_names_belong_to_measurements_of_the_same_times(files):
    write_simulated(files.parent)
    path = files.parent / "simulatedData_toy.tsv"
    measurements, simulated = (
        pd.read_csv(each, sep="\t") for each in (files.parent / "measurements.tsv", path)
    )
    simulated["observableId"] = "other_" + simulated["observableId"]
    simulated.to_csv(path, sep="\t", index=False)
    assert simulated_beside(files, measurements) is None
    there = simulated_beside(files, measurements.iloc[::-1])
    assert there.tolist() == simulated["simulation"].tolist()


def test_the_faster_of_the_ways_of_amici_counts_and_its_last_word_is_kept(files, tmp_path):
    python = tmp_path / "python"
    for text, found in (
        (
            'echo \'{"llh": -1.5, "forward_s": 0.5, "adjoint_s": 0.25}\'',
            {"amici_gradient_s": 0.25, "amici_llh": -1.5},
        ),
        ("echo no swig >&2; exit 1", {"no_amici": "no swig"}),
    ):
        python.write_text(f"#!/bin/sh\n{text}\n")
        python.chmod(0o755)
        assert measure_amici(files, python, 60) == found


def test_two_problems_of_one_name_are_refused(files, capsys):
    with pytest.raises(SystemExit):
        main([str(files), str(files)])
    assert "folders of different names, found 1 names" in capsys.readouterr().err
