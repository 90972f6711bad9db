"""Drugs put into an SBML file: starts, events, older levels and species that nothing changes."""

import antimony
import libsbml
import numpy as np
import pytest

from screen.errors import NetworkError
from screen.kernel import load_model, solve
from screen.network import Site, with_drugs

MODEL = """
model decay()
  compartment cell = 2; species A in cell, D in cell, $B in cell, R in cell, S in cell;
  A = 6; D = 1; B = 3; R := 2*A; k = 4; d = 0.5; S = 5; S' = -d*S;
  losing: A => ; cell*d*A;
  E1: at time >= 1: D = k;
end
"""


def document(level: int = 3) -> libsbml.SBMLDocument:
    antimony.clearPreviousLoads()
    assert antimony.loadAntimonyString(MODEL) >= 0, antimony.getLastError()
    found = libsbml.readSBMLFromString(antimony.getSBMLString("decay"))
    if level == 2:
        assert found.setLevelAndVersion(2, 4, False)
    return found


def written(found: libsbml.SBMLDocument) -> str:
    return str(libsbml.writeSBMLToString(found))


def values(model, **changed: float) -> np.ndarray:
    return np.array(
        [[changed.get(name, value) for name, value in zip(model.parameters, model.values, strict=True)]]
    )


def starts(text: str, **changed: float) -> dict[str, float]:
    model = load_model(text)
    return dict(
        zip(model.species, np.asarray(model.initial(values(model, **changed)))[0].tolist(), strict=True)
    )


@pytest.mark.parametrize("is_amount", [False, True])
@pytest.mark.parametrize("only_substance", [False, True])
def test_a_start_is_what_the_file_says_and_can_be_set(is_amount, only_substance):
    plain = document()
    species = plain.getModel().getSpecies("A")
    species.setHasOnlySubstanceUnits(only_substance)
    if is_amount:
        species.unsetInitialConcentration()
        species.setInitialAmount(6.0)
    text = written(plain)
    drugged = with_drugs(text, [Site("T", ("losing",), "inhibits")])
    assert starts(drugged)["A"] == pytest.approx(starts(text)["A"])
    assert starts(drugged, initial_A=12.0)["A"] == pytest.approx(2 * starts(text)["A"])
    assert starts(drugged, initial_S=7.0)["S"] == 7.0


@pytest.mark.parametrize("level", [2, 3])
def test_an_event_uses_what_the_drug_leaves(level):
    model = load_model(with_drugs(written(document(level)), [Site("T", ("k",), "inhibits")]))
    zeros = np.zeros((1, 1))
    parameters = values(model, load_T=3.0)
    state = np.asarray(model.initial(parameters))
    found = solve(model, parameters[:, None], state, zeros, zeros + 2.0)
    assert found.states[0, 0, model.species.index("D")] == pytest.approx(4.0 / 4.0)
    assert found.states[0, 0, model.species.index("A")] == pytest.approx(6.0 * np.exp(-0.5 * 2), rel=1e-4)


@pytest.mark.parametrize("name", ["B", "R"])
def test_what_no_reaction_changes_cannot_be_removed(name):
    with pytest.raises(
        NetworkError, match=f"targets, T: `acts_on` must name a species that reactions change.*{name}"
    ):
        with_drugs(written(document()), [Site("T", (name,), "removes", 0.1)])
