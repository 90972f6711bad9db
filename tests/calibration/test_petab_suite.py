"""All cases of the PEtab test suite have the likelihood and the simulations that the suite gives.

    PETAB_TEST_SUITE=folder python -m pytest tests/calibration/test_petab_suite.py -m slow

`folder` is that of the suite, which holds `cases/v1.0.0/sbml` and `cases/v2.0.0/sbml`.
"""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from screen.calibration import load_problem
from screen.calibration.scale import SCALES
from screen.errors import FitError
from screen.fit import choose_fit_engine, make_predictor
from screen.simulate import Integration

CASES = {"v1.0.0": range(1, 21), "v2.0.0": (*range(1, 19), *range(20, 33))}
REFUSED = {16: "second period", 23: "preequilibration", 30: "second period"}
"""Cases of version 2 in which events of the model meet periods."""


def folder_of(version: str, number: int) -> Path:
    suite = os.environ.get("PETAB_TEST_SUITE")
    if not suite:
        pytest.skip("the PEtab test suite must be in $PETAB_TEST_SUITE, found it not set")
    return Path(suite) / "cases" / version / "sbml" / f"{number:04}"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("version", "number"), [(version, number) for version, numbers in CASES.items() for number in numbers]
)
def test_case(version, number):
    folder = folder_of(version, number)
    path = folder / f"_{folder.name}.yaml"
    if version == "v2.0.0" and number in REFUSED:
        with pytest.raises(FitError, match=f"events must have no .*{REFUSED[number]}"):
            load_problem(path)
        return
    solution = yaml.safe_load((folder / f"_{folder.name}_solution.yaml").read_text())
    problem = load_problem(path)
    solver = Integration(engine=choose_fit_engine(), rtol=1e-9, atol=1e-12)
    found = make_predictor(problem, solver, 1)(problem.estimated.nominal[None])
    assert found.log_likelihood[0] == pytest.approx(solution["llh"], abs=solution["tol_llh"])
    tables = (pd.read_csv(folder / name, sep="\t") for name in solution["simulation_files"])
    simulated = pd.concat(tables)["simulation"].to_numpy(float)
    for each in problem.observables:
        values = SCALES[each.transformation].linear(found.compared[0, each.rows])
        assert np.abs(values - simulated[each.rows]).max() < solution["tol_simulations"]
