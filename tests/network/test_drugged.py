"""Drugs put into an SBML file: starts, events, older levels and species that nothing changes."""

import antimony
import libsbml
import numpy as np
import pytest
import roadrunner

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


TURNS = """
compartment cell = 2; species A in cell, P in cell;
A = 10; P = 0; s = 1; h = 0.2;
J1: A => P; cell*{k}*A; J2: P => A; cell*h*P;
"""


def sbml_of(text: str) -> str:
    antimony.clearPreviousLoads()
    assert antimony.loadAntimonyString(text) >= 0, antimony.getLastError()
    return str(antimony.getSBMLString(antimony.getModuleNames()[-1]))


def document(level: int = 3) -> libsbml.SBMLDocument:
    found = libsbml.readSBMLFromString(sbml_of(MODEL))
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


def after(text: str, minutes: float, name: str = "P", **changed: float) -> float:
    """A species under some values of parameters."""
    model = load_model(text)
    zeros, parameters = np.zeros((1, 1)), values(model, **changed)
    found = solve(
        model, parameters[:, None], np.asarray(model.initial(parameters)), zeros, zeros + minutes, rtol=1e-8
    )
    return float(found.states[0, 0, model.species.index(name)])


def peer(text: str, minutes: float, name: str = "[P]") -> float:
    """The same by libRoadRunner."""
    runner = roadrunner.RoadRunner(text)
    runner.integrator.relative_tolerance, runner.integrator.absolute_tolerance = 1e-9, 1e-12
    return float(runner.simulate(0, minutes, 1001, [name])[-1][0])


@pytest.mark.parametrize(
    "course",
    [
        "k = 0.3; E1: at time > 1: k = 2*k;",
        "k = 0.3; E1: at 0.5 after time > 1: k = k + 0.3;",
        "k = 0.3; E1: at P > 1.5: k = 2*k, h = 0.5;",
        "k = 0.3; k' = -0.5*k;",
        "k := 0.3*m; m = 1; m' = -0.5*m;",
        "m = 0.15; k = 2*m;",
    ],
)
def test_a_drug_counts_where_a_parameter_is_used_and_not_in_its_own_course(course):
    """Halving k under the drug is as a law with half of it."""
    text = sbml_of(TURNS.format(k="k") + course)
    wanted = peer(sbml_of(TURNS.format(k="0.5*k") + course), 2.0)
    assert abs(peer(text, 2.0) - wanted) > 0.1
    drugged = with_drugs(text, [Site("T", ("k",), "inhibits")])
    assert after(drugged, 2.0, load_T=1.0) == pytest.approx(wanted, rel=1e-5)


def test_a_parameter_that_an_algebraic_rule_determines_is_what_the_rule_says():
    found = libsbml.readSBMLFromString(sbml_of(TURNS.format(k="k") + "k = 0.3;"))
    found.getModel().getParameter("k").setConstant(False)
    found.getModel().createAlgebraicRule().setMath(libsbml.parseL3Formula("k - 0.4*s"))
    drugged = with_drugs(written(found), [Site("T", ("k",), "inhibits"), Site("S", ("s",), "scales", 3.0)])
    wanted = peer(sbml_of(TURNS.format(k="0.5*0.4*2") + ""), 2.0)
    assert after(drugged, 2.0, load_T=1.0, load_S=1.0) == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("of_species", [True, False])
@pytest.mark.parametrize("only_substance", [True, False])
def test_a_removal_takes_away_what_it_says_whatever_the_conversion_factor(of_species, only_substance):
    """The removal is a first-order loss of the species itself; what the reactions of the file do is converted."""
    found = libsbml.readSBMLFromString(sbml_of(TURNS.format(k="0.3") + "cf = 3;"))
    for each in found.getModel().getListOfSpecies():
        each.setHasOnlySubstanceUnits(only_substance)
    for each in found.getModel().getListOfSpecies() if of_species else [found.getModel()]:
        assert each.setConversionFactor("cf") == libsbml.LIBSBML_OPERATION_SUCCESS
    drugged = with_drugs(written(found), [Site("T", ("P",), "removes", 1.0)])
    volume = 2.0 if only_substance else 1.0
    up, down, lost = 3 * 0.3 * volume, 3 * 0.2 * volume, 0.5
    matrix = np.array([[-up, down], [up, -down - lost]])
    rates, modes = np.linalg.eig(matrix)
    start = np.array([10.0 * volume, 0.0])
    wanted = (modes @ (np.exp(2.0 * rates) * np.linalg.solve(modes, start)))[1]
    assert after(drugged, 2.0, load_T=1.0) == pytest.approx(wanted, rel=1e-5)


def test_a_removal_of_what_a_conversion_factor_of_0_holds_is_refused():
    """The loss, which is not converted, would be divided by it."""
    found = libsbml.readSBMLFromString(sbml_of(TURNS.format(k="0.3") + "cf = 0;"))
    found.getModel().getSpecies("P").setConversionFactor("cf")
    must = "must name a species whose conversion factor is not 0 under `removes`, found P, whose cf is 0"
    with pytest.raises(NetworkError, match=f"^targets, T: `acts_on` {must}$"):
        with_drugs(written(found), [Site("T", ("P",), "removes", 1.0)])
    with_drugs(written(found), [Site("T", ("A",), "removes", 1.0)])
    found.getModel().createInitialAssignment().setSymbol("cf")
    found.getModel().getInitialAssignment("cf").setMath(libsbml.parseL3Formula("2"))
    with_drugs(written(found), [Site("T", ("P",), "removes", 1.0)])


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("cf", "cf, which only converts amounts"),
        ("own", "own, which none does"),
        ("start", "start, which none does"),
    ],
)
def test_a_parameter_on_which_a_drug_would_do_nothing_is_refused(name, found):
    text = TURNS.format(k="0.3*u") + "cf = 3; own = 1; own' = -own; start = 2; u = 2*start;"
    document = libsbml.readSBMLFromString(sbml_of(text))
    document.getModel().setConversionFactor("cf")
    must = "must name a parameter that rates, rules or events use"
    with pytest.raises(NetworkError, match=f"^targets, T: `acts_on` {must} under `scales`, found {found}$"):
        with_drugs(written(document), [Site("T", (name,), "scales", 0.1)])


@pytest.mark.parametrize("taken", ["load_T", "initial_P", "acting_k", "removal_T_P"])
def test_a_name_that_is_needed_must_be_free(taken):
    text = sbml_of(TURNS.format(k="k") + f"k = 0.3; {taken} = 1;")
    sites = [Site("T", ("P",), "removes", 1.0), Site("S", ("k",), "inhibits")]
    with pytest.raises(
        NetworkError, match=f"^SBML: {taken} must be free for what is added, found it in the file$"
    ):
        with_drugs(text, sites)
