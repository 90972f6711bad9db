"""Published calibration problems, at their published parameters, have their published log likelihood.

References are those AMICI gives for the PEtab benchmark collection.
"""

import pytest

from screen.calibration import load_problem
from screen.fit import choose_fit_engine, make_predictor
from screen.simulate import Integration

PUBLISHED = {
    "Boehm_JProteomeRes2014": (-138.221997, 1e-3),
    "Crauste_CellSystems2017": (-190.965219, 5e-3),
    "Fujita_SciSignal2010": (53.083777, 1e-3),
    "Elowitz_Nature2000": (63.202800, 1e-3),
    "Borghans_BiophysChem1997": (83.323719, 1e-3),
    "Brannmark_JBC2010": (-141.889114, 1e-3),
    "Bachmann_MSB2011": (418.405733, 1e-3),
}


def check(data_folder, name):
    folder = data_folder / "petab" / name
    if not folder.is_dir():
        pytest.skip(f"published data must hold petab/{name}, found none")
    problem = load_problem(next(folder.glob("*.yaml")))
    solver = Integration(engine=choose_fit_engine(), rtol=1e-8, atol=1e-10, max_steps=100_000)
    found = make_predictor(problem, solver, 1)(problem.estimated.nominal[None])
    want, tolerance = PUBLISHED[name]
    assert found.ok.all()
    assert found.log_likelihood[0] == pytest.approx(want, abs=tolerance)


def test_boehm(data_folder):
    check(data_folder, "Boehm_JProteomeRes2014")


@pytest.mark.slow
@pytest.mark.parametrize("name", list(PUBLISHED)[1:])
def test_published(data_folder, name):
    check(data_folder, name)
