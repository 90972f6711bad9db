"""What SBML says without words, on documents made one element at a time: states, constants, rules that are implicit."""

import libsbml
import pytest

from screen.errors import NetworkError
from screen.network import read_sbml
from screen.network.algebra import evaluate


class Document:
    """A model of one compartment of size 2 to which quantities, rules and one reaction are added."""

    def __init__(self, name: str = "m") -> None:
        self.document = libsbml.SBMLDocument(3, 1)
        self.model = self.document.createModel()
        if name:
            self.model.setId(name)
        self.compartment("cell", 2.0)

    def compartment(self, name, size=None):
        each = self.model.createCompartment()
        each.setId(name)
        each.setConstant(True)
        if size is not None:
            each.setSize(size)
        return self

    def parameters(self, constant=True, **values):
        for name, value in values.items():
            each = self.model.createParameter()
            each.setId(name)
            each.setValue(value)
            each.setConstant(constant)
        return self

    def species(self, name, amount, boundary=False, constant=False):
        each = self.model.createSpecies()
        each.setId(name)
        each.setCompartment("cell")
        each.setInitialAmount(amount)
        each.setBoundaryCondition(boundary)
        each.setConstant(constant)
        each.setHasOnlySubstanceUnits(False)
        return self

    def reaction(self, sources, products, law, **references):
        """Each name with its stoichiometry, None for none written; `references` are (id, constant) by species."""
        each = self.model.createReaction()
        each.setId("r")
        each.setReversible(False)
        each.setFast(False)
        for names, create in ((sources, each.createReactant), (products, each.createProduct)):
            for name, number in names.items():
                reference = create()
                reference.setSpecies(name)
                own, constant = references.get(name, (None, True))
                reference.setConstant(constant)
                if own:
                    reference.setId(own)
                if number is not None:
                    reference.setStoichiometry(number)
        each.createKineticLaw().setMath(libsbml.parseL3Formula(law))
        return self

    def algebraic(self, *formulas):
        for formula in formulas:
            self.model.createAlgebraicRule().setMath(libsbml.parseL3Formula(formula))
        return self

    def event(self, trigger, name, formula):
        each = self.model.createEvent()
        each.setUseValuesFromTriggerTime(True)
        when = each.createTrigger()
        when.setInitialValue(True)
        when.setPersistent(True)
        when.setMath(libsbml.parseL3Formula(trigger))
        set_to = each.createEventAssignment()
        set_to.setVariable(name)
        set_to.setMath(libsbml.parseL3Formula(formula))
        return self

    @property
    def network(self):
        return read_sbml(libsbml.writeSBMLToString(self.document))


def values_of(network, *names, **others):
    given = dict(zip(network.parameters, network.values, strict=True)) | others
    return [evaluate(network.formula(name), given) for name in names]


def test_a_model_has_its_name_or_is_called_a_model():
    assert Document("tree").network.name == "tree" and Document("").network.name == "model"


def test_a_compartment_without_a_size_and_a_stoichiometry_that_is_not_written_are_1():
    network = Document().compartment("other").species("A", 3.0).reaction({"A": None}, {}, "A").network
    assert dict(zip(network.parameters, network.values, strict=True))["other"] == 1.0
    ((species, reaction, coefficient),) = network.stoichiometry
    assert (network.species[species], reaction) == ("A", 0)
    assert evaluate(coefficient, {"cell": 2.0}) == -0.5


@pytest.mark.parametrize(("boundary", "constant"), [(True, False), (True, True)])
def test_a_species_that_no_reaction_may_change_is_a_parameter_in_its_concentration(boundary, constant):
    made = Document().species("A", 3.0).species("C", 5.0, boundary, constant)
    network = made.reaction({"A": 1.0, "C": 1.0}, {}, "A*C").network
    assert network.species == ("A",)
    assert dict(zip(network.parameters, network.values, strict=True)) == {"cell": 2.0, "C": 2.5}


def test_a_species_on_the_boundary_that_an_event_sets_is_changed_by_no_reaction():
    made = Document().species("A", 3.0).species("C", 5.0, boundary=True)
    network = made.reaction({"A": 1.0, "C": 1.0}, {}, "A*C").event("A < 1", "C", "7").network
    changed = {
        species if isinstance(species, str) else network.species[species]
        for species, *_ in network.stoichiometry
    }
    assert set(network.species) == {"A", "C"} and changed == {"A"}


def test_a_species_may_be_called_time():
    network = Document().species("time", 3.0).reaction({"time": 2.0}, {}, "time").network
    ((_, _, coefficient),) = network.stoichiometry
    assert evaluate(coefficient, {"cell": 2.0}) == -1.0


def test_an_algebraic_rule_determines_what_nothing_else_does():
    """A parameter that may change; a species on the boundary, one that does not react; a stoichiometry."""
    made = Document().parameters(k=3.0, far=4.0).parameters(constant=False, x=0.0)
    made.species("A", 3.0).species("E", 0.0, boundary=True).species("F", 0.0).species("C", 8.0, True, True)
    made.reaction({"A": 1.0, "E": 1.0}, {"B": 5.0, "D": 6.0}, "k*A", B=("s", False), D=("c", True))
    made.species("B", 0.0).species("D", 0.0)
    made.algebraic("x - A - 2*k - C - c", "E - 2*k", "3*F - k*far", "s - k")
    network = made.network
    assert values_of(network, "x", "E", "F", "s", A=10.0) == [10.0 + 6.0 + 4.0 + 6.0, 6.0, 4.0, 3.0]


def test_rules_that_need_one_another_are_solved_from_the_one_that_needs_none():
    made = Document().parameters(k=3.0, far=4.0, near=5.0).parameters(constant=False, x=0.0, y=0.0, w=0.0)
    network = made.algebraic("y - 2*x", "x - k*far*near", "w - y - 1").network
    assert values_of(network, "x", "y", "w") == [60.0, 120.0, 121.0]


def test_of_two_quantities_that_are_linear_the_one_that_no_other_rule_has_is_solved():
    made = Document().parameters(constant=False, x=0.0, y=0.0, z=2.0, w=0.0, v=3.0)
    network = made.algebraic("x + y - 5", "y + z^2 - 3", "w + v^2 - 1").network
    assert values_of(network, "x", "y", "w", z=2.0, v=3.0) == [6.0, -1.0, -8.0]


def test_a_rule_that_could_be_solved_for_either_is_refused():
    made = Document().parameters(constant=False, x=0.0, y=0.0).algebraic("x + y - 5")
    with pytest.raises(NetworkError, match="linear in one quantity that nothing else determines, found x, y"):
        assert made.network
