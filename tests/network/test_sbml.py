"""Reading SBML: every construct against libRoadRunner's rates of change, and refusals by name."""

from pathlib import Path

import antimony
import libsbml
import pytest
import roadrunner

from screen.errors import NetworkError
from screen.network import read_sbml
from screen.network.algebra import evaluate, evaluate_all

MODELS = {
    "volumes": """
        compartment cell = 5; compartment nucleus = 2; species A in cell, B in nucleus, $C in cell;
        A = 3; B = 1; C = 4; k = 0.3;
        r1: A -> B; cell*k*A; r2: 2 B + C -> A; nucleus*k*B^2*C;
        """,
    "rules": """
        compartment cell = 1; species A in cell; A = 2; k = 0.5; K = 3; n = 1.7;
        total := A + 1; brake := 1/(1 + (total/K)^n); X' = k*A*brake; X = 0.1;
        r: A -> ; cell*k*brake*A;
        """,
    "initial_assignments": """
        compartment cell = 2; species A in cell, B in cell; k = 0.4; total = 7;
        A = total/2; B = A + k; m = 3*total; r: A -> B; cell*k*m*A;
        """,
    "amounts": """
        compartment cell = 4; substanceOnly species A in cell; species B in cell; A = 8; B = 1; k = 0.1;
        r: A -> 3 B; k*A;
        """,
    "functions_and_piecewise": """
        function mm(s, v, km) v*s/(km + s); end
        model m() compartment cell = 1; species A in cell; A = 2; v = 1; km = 0.5;
        pulse := piecewise(0, time < 5, 1, time < 7, 0);
        r: A -> ; cell*mm(A, v, km)*(1 + pulse) + cell*piecewise(A, A > 1, 0.5*A); end
        """,
}


def sbml_of(text: str) -> str:
    antimony.clearPreviousLoads()
    assert antimony.loadAntimonyString(text) >= 0, antimony.getLastError()
    return antimony.getSBMLString(antimony.getModuleNames()[-1])


def assert_same_rates(text: str) -> None:
    network = read_sbml(text)
    values = dict(zip(network.parameters, network.values, strict=True))
    state = dict(zip(network.species, evaluate_all(network.initial, values), strict=True))
    slopes = evaluate_all(network.derivatives(), {**values, **state, "time": 0.0})
    peer = roadrunner.RoadRunner(text)
    model = libsbml.readSBMLFromString(text).getModel()
    for name, slope in zip(network.species, slopes, strict=True):
        species = model.getSpecies(name)
        volume = (
            1.0 if species is None or species.getHasOnlySubstanceUnits() else values[species.getCompartment()]
        )
        assert slope * volume == pytest.approx(peer.getValue(f"{name}'"), rel=1e-12, abs=1e-14), name


@pytest.mark.parametrize("name", MODELS)
def test_rates_of_change_agree_with_libroadrunner(name):
    assert_same_rates(sbml_of(MODELS[name]))


def test_time_switches_are_found():
    network = read_sbml(sbml_of(MODELS["functions_and_piecewise"]))
    assert sorted(evaluate(switch, {}) for switch in network.discontinuities) == [5.0, 7.0]


def test_observables_are_rules_in_place():
    network = read_sbml(sbml_of(MODELS["rules"]))
    values = dict(zip(network.parameters, network.values, strict=True))
    found = dict(zip(network.observables, network.observable_rules, strict=True))
    assert evaluate(found["total"], {**values, "A": 2.0}) == 3.0
    assert network.species == ("A", "X")


REFUSED = {
    "events": ("compartment c = 1; species A in c; A = 1; r: A -> ; A; at A < 0.5: A = 1;", "events"),
    "delay": ("compartment c = 1; species A in c; A = 1; r: A -> ; delay(A, 3);", "delay"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_supported_is_named(name):
    text, word = REFUSED[name]
    with pytest.raises(NetworkError, match=word):
        read_sbml(sbml_of(text))


def test_unreadable_files_are_named(tmp_path: Path):
    with pytest.raises(NetworkError, match=r"missing\.xml: must be a readable SBML file"):
        read_sbml(tmp_path / "missing.xml")
    broken = tmp_path / "broken.xml"
    broken.write_text("<sbml><model>")
    with pytest.raises(NetworkError, match="must be readable"):
        read_sbml(broken)
