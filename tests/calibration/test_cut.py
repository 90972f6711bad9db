"""A problem on the slice of its network that its measurements depend on predicts the same, derivatives too."""

import numpy as np
import pytest

from screen.calibration import cut_problem, load_problem
from screen.fit.sensitivity import make_sensitivity
from tests.kernel.networks import sbml_of
from tests.toy import MODEL, write_problem

SIDE = """
  species T in cell; T = 0; help = {help};
  filling: => T; cell*k_made*S; emptying: T => ; cell*k_lost*T;
  helping: => S; cell*help*T;
  readout"""


@pytest.fixture
def problem_with(tmp_path, monkeypatch):
    """The toy problem with a species that S makes, and that helps to make S by a factor."""

    def write(factor):
        model = MODEL.replace("\n  readout", SIDE.format(help=factor), 1)
        monkeypatch.setattr("tests.toy.MODEL", model)
        return load_problem(write_problem(tmp_path)), tmp_path / "toy.xml"

    return write


def test_a_species_without_effect_is_cut_away_and_nothing_else_changes(problem_with, solver):
    problem, sbml = problem_with(factor=0.0)
    cut = cut_problem(problem, sbml)
    assert problem.model.species == ("S", "T") and cut.model.species == ("S",)
    found, known = (make_sensitivity(each, solver)(problem.estimated.nominal) for each in (cut, problem))
    assert np.abs(known.by_value).max() > 1
    for part, other in zip(found, known, strict=True):
        np.testing.assert_allclose(part, other, rtol=1e-5, atol=1e-7)


def test_a_problem_that_needs_all_of_its_network_stays_what_it_is(problem_with):
    problem, sbml = problem_with(factor=0.05)
    assert cut_problem(problem, sbml) is problem


def test_a_file_that_computes_what_tables_set_is_fitted_whole(tmp_path, monkeypatch):
    """The problem sets `k_lost` itself, so that its network is another than that of the file."""
    side = SIDE.format(help=0.0).replace("\n  readout", "\n  k_lost = 0.5*twice; twice = 2;\n  readout")
    monkeypatch.setattr("tests.toy.MODEL", MODEL.replace("\n  readout", side, 1))
    problem = load_problem(write_problem(tmp_path))
    assert cut_problem(problem, tmp_path / "toy.xml") is problem


def test_a_file_with_an_event_that_a_state_sets_off_is_fitted_whole(problem_with, tmp_path):
    problem, _ = problem_with(factor=0.0)
    path = tmp_path / "eventful.xml"
    path.write_text(
        sbml_of(
            MODEL.replace("\nend", "\n  at S > 0.1: S = 0;\nend").replace(
                "\n  readout", SIDE.format(help=0.0), 1
            )
        )
    )
    assert cut_problem(problem, path) is problem
