"""All v1 cases of the PEtab test suite have the likelihood that the suite gives.

    PETAB_TEST_SUITE=folder python -m pytest tests/calibration/test_petab_suite.py -m slow

`folder` holds the cases for SBML models (0001 ...), each with its problem and its solution.
"""

import os
from pathlib import Path

import pytest
import yaml

from screen.calibration import load_problem
from screen.fit import choose_fit_engine, make_predictor
from screen.simulate import Integration


@pytest.mark.slow
@pytest.mark.parametrize("number", range(1, 21))
def test_likelihood(number):
    suite = os.environ.get("PETAB_TEST_SUITE")
    if not suite:
        pytest.skip("the cases of the PEtab test suite must be in $PETAB_TEST_SUITE, found it not set")
    name = f"{number:04}"
    folder = Path(suite) / name
    solution = yaml.safe_load((folder / f"_{name}_solution.yaml").read_text())
    problem = load_problem(folder / f"_{name}.yaml")
    solver = Integration(engine=choose_fit_engine(), rtol=1e-9, atol=1e-12, max_steps=100_000)
    found = make_predictor(problem, solver, 1)(problem.estimated.nominal[None])
    assert found.log_likelihood[0] == pytest.approx(solution["llh"], abs=solution["tol_llh"])
