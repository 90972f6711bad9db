"""The toy problem as files and as arrays, and the shipped problem with its network composed."""

from pathlib import Path

import pytest

from screen.calibration import load_problem
from screen.fit import choose_fit_engine, make_evaluator
from screen.network import compose_network, read_sbml
from screen.simulate import Integration
from screen.sources import read_known
from tests.toy import write_blots, write_problem

CONFIG = Path(__file__).resolve().parents[1] / "config"


@pytest.fixture
def files(tmp_path):
    """The toy problem, for a test to spoil."""
    return write_problem(tmp_path)


@pytest.fixture(scope="session")
def toy(tmp_path_factory):
    """The toy problem without noise."""
    return load_problem(write_problem(tmp_path_factory.mktemp("toy")))


@pytest.fixture(scope="session")
def blotted(tmp_path_factory):
    """The toy problem as a blot: noisy, with an offset and a standard deviation to be found."""
    return load_problem(write_blots(tmp_path_factory.mktemp("blots")))


@pytest.fixture(scope="session")
def solver():
    """The engine that the fit would choose, tight enough for finite differences."""
    return Integration(engine=choose_fit_engine(), rtol=1e-8, atol=1e-10)


@pytest.fixture(scope="session")
def toy_evaluator(toy, solver):
    """What a fit asks of the toy problem, compiled once for every file that asks it."""
    return make_evaluator(toy, solver, 64)


@pytest.fixture(scope="session")
def network(tmp_path_factory):
    """The shipped network in SBML."""
    path = tmp_path_factory.mktemp("network") / "stat3.xml"
    path.write_text(compose_network(CONFIG / "network", None))
    return path


@pytest.fixture(scope="session")
def known(network):
    """The shipped configuration."""
    model = read_sbml(network)
    return read_known(
        CONFIG / "network/parameters.tsv",
        CONFIG / "contexts.tsv",
        CONFIG / "hypotheses.tsv",
        (CONFIG / "drugs.tsv", CONFIG / "affinities.tsv", CONFIG / "targets.tsv", CONFIG / "potency"),
        frozenset((*model.species, *model.parameters, *model.observables)),
    )
