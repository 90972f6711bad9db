"""The network against the raw pSTAT3 readings of Sobotta 2017, at the values it ships with."""

import numpy as np
import pytest

from screen.calibration import load_problem
from screen.fit import choose_fit_engine, make_hierarchical, make_hierarchical_predictor
from screen.simulate import Integration
from screen.sources import SOURCES, Imported, assemble, write_tables

MOST_PER_READING = 1.3
READINGS = 669


@pytest.mark.slow
def test_phosphorylation_in_mouse_hepatocytes_fits_within_its_noise(data_folder, known, network, tmp_path):
    """Blots, Luminex and mass spectrometry, ruxolitinib and Stattic included, with the sigma of each reading.

    Scale and offset of each blot are solved; no parameter of the network is fitted here.
    """
    source = SOURCES["sobotta2017"]
    readings = tuple(
        each for each in source.read(data_folder).readings if each.observable.startswith("sobotta_pSTAT3")
    )
    tables = assemble([(source, Imported(readings, {}))], known)
    problem = load_problem(write_tables(tables, tmp_path, str(network)))
    hierarchical = make_hierarchical(problem)
    predictor = make_hierarchical_predictor(hierarchical, Integration(choose_fit_engine()), 1)
    found = predictor(problem.estimated.nominal[None, hierarchical.kept]).predicted
    z = (found.compared[0] - hierarchical.measured) / found.sigma[0]
    assert found.failed[0] == 0
    assert len(z) == READINGS
    assert np.mean(z**2) <= MOST_PER_READING
