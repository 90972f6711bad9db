"""Someone else's network with places where drugs act, as an SBML document like that of the modules.

A target has the parameter load_<target>, 0 without drug; of the target, the share load/(1 + load) is held. What it acts
on is multiplied by what that leaves: a reaction by its rate, a parameter wherever a rate, a rule or an event uses it.
How that parameter itself goes (its own rule, what events set it to) is as without drug, and so are initial
assignments. The starts of species become parameters initial_<species>, which contexts and draws can set.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import libsbml

from screen.errors import NetworkError
from screen.network.sbml_document import names_in, read_document

LOAD, START, ACTING = "load_", "initial_", "acting_"
"""Begin the names of what is added: the load of a target, the start of a species, a parameter under drugs."""

HOWS = {
    "inhibits": "1/(1 + {load})",
    "scales": "(1 + {strength!r}*{load})/(1 + {load})",
    "removes": "{strength!r}*{load}/(1 + {load})",
}
"""What a target does: takes a share of a reaction or a parameter away, multiplies it by the strength where all of the
target is held, or removes a species with the strength as its rate constant there."""


class Site(NamedTuple):
    """A target, what it acts on (names of the document), how (of `HOWS`), the strength where one is needed, its row."""

    target: str
    acts_on: tuple[str, ...]
    how: str
    strength: float | None = None
    where: str = "targets"

    @property
    def factor(self) -> str:
        """The formula of `HOWS`."""
        return HOWS[self.how].format(load=LOAD + self.target, strength=self.strength)


def with_drugs(sbml: str, sites: Sequence[Site]) -> str:
    """The SBML text with the loads of the targets and with starts of species as parameters.

    NetworkError names what a target acts on that is not there or is something else, and names that are taken.

    >>> from screen.network import read_sbml
    >>> under = read_sbml(with_drugs(sbml, [Site("gp130", ("IL6_dose",), "inhibits")]))
    >>> "load_gp130" in under.parameters, "acting_IL6_dose" in under.observables
    (True, True)
    """
    document = read_document(sbml)
    if document.getLevel() < 3 and not document.setLevelAndVersion(3, 1, False):
        raise NetworkError("SBML: must be convertible to Level 3, found that libSBML cannot")
    model = document.getModel()
    problems = [problem for site in sites for problem in _problems(model, site)]
    if problems:
        raise NetworkError(problems)
    for site in sites:
        _add_parameter(model, LOAD + site.target, 0.0)
    by_name: dict[str, list[str]] = {}
    for site in sites:
        for name in site.acts_on:
            if site.how == "removes":
                _remove(model, name, site)
            else:
                by_name.setdefault(name, []).append(site.factor)
    for name, factors in by_name.items():
        if model.getReaction(name) is not None:
            law = model.getReaction(name).getKineticLaw()
            law.setMath(_times(factors, law.getMath()))
        else:
            _act_on_parameter(model, name, factors)
    _name_starts(model)
    return str(libsbml.writeSBMLToString(document))


def _problems(model: libsbml.Model, site: Site) -> Iterable[str]:
    row = f"{site.where}, {site.target}"
    if not libsbml.SyntaxChecker.isValidSBMLSId(site.target):
        must = "must be letters, digits and _, no digit first, to be part of a name in SBML"
        yield f"{row}: `target` {must}, found {site.target}"
    wanted = {"removes": ("species",)}.get(site.how, ("reaction", "parameter"))
    for name in site.acts_on:
        element = model.getElementBySId(name)
        kind = element.getElementName() if element is not None else "nothing of this name"
        if kind not in wanted:
            must = f"must name a {' or '.join(wanted)} of the SBML file"
            yield f"{row}: `acts_on` {must} under `{site.how}`, found {name}: {kind}"
        elif kind == "species" and (
            element.getConstant() or element.getBoundaryCondition() or model.getRule(name) is not None
        ):
            must = "must name a species that reactions change"
            yield f"{row}: `acts_on` {must} under `{site.how}`, found {name}, which none does"
        elif kind == "species" and (factor := _conversion(model, name)) and _is_zero(model, factor):
            must = "must name a species whose conversion factor is not 0"
            yield f"{row}: `acts_on` {must} under `{site.how}`, found {name}, whose {factor} is 0"
        elif kind == "parameter" and not _users(model, name):
            must = "must name a parameter that rates, rules or events use"
            found = "which only converts amounts" if name in _conversions(model) else "which none does"
            yield f"{row}: `acts_on` {must} under `{site.how}`, found {name}, {found}"


def _conversions(model: libsbml.Model) -> set[str]:
    """The conversion factors."""
    return {each.getConversionFactor() for each in (model, *model.getListOfSpecies())}


def _conversion(model: libsbml.Model, species: str) -> str:
    """The conversion factor of a species; empty where none is."""
    return str(model.getSpecies(species).getConversionFactor() or model.getConversionFactor())


def _is_zero(model: libsbml.Model, name: str) -> bool:
    return model.getInitialAssignment(name) is None and model.getParameter(name).getValue() == 0


def _free(model: libsbml.Model, name: str) -> str:
    if model.getElementBySId(name) is not None:
        raise NetworkError(f"SBML: {name} must be free for what is added, found it in the file")
    return name


def _add_parameter(model: libsbml.Model, name: str, value: float | None) -> None:
    name = _free(model, name)
    added = model.createParameter()
    added.setId(name)
    added.setConstant(value is not None)
    if value is not None:
        added.setValue(value)


def _times(factors: Sequence[str], math: libsbml.ASTNode) -> libsbml.ASTNode:
    product = libsbml.ASTNode(libsbml.AST_TIMES)
    for factor in factors:
        product.addChild(libsbml.parseL3Formula(factor))
    product.addChild(math.deepCopy())
    return product


def _act_on_parameter(model: libsbml.Model, name: str, factors: Sequence[str]) -> None:
    """What uses the parameter uses it as the drugs leave it; its own name is its value without them."""
    for user in _users(model, name):
        math = user.getMath().deepCopy()
        math.renameSIdRefs(name, ACTING + name)
        user.setMath(math)
    _add_parameter(model, ACTING + name, None)
    rule = model.createAssignmentRule()
    rule.setVariable(ACTING + name)
    rule.setMath(_times(factors, libsbml.parseL3Formula(name)))


def _users(model: libsbml.Model, name: str) -> list[libsbml.SBase]:
    """What computes with a parameter: rates, rules and events, but not what says how the parameter itself goes."""
    events = list(model.getListOfEvents())
    assignments = [each for event in events for each in event.getListOfEventAssignments()]
    rules = list(model.getListOfRules())
    own = {each.getVariable() for each in (*rules, *assignments)}
    implicit = not model.getParameter(name).getConstant() and name not in own
    found = [reaction.getKineticLaw() for reaction in model.getListOfReactions()]
    found += [rule for rule in rules if not (implicit and rule.isAlgebraic())]
    found += [
        part for event in events for part in (event.getTrigger(), event.getDelay(), event.getPriority())
    ]
    found += assignments
    return [
        each
        for each in found
        if each is not None
        and each.getMath() is not None
        and not (isinstance(each, libsbml.Rule | libsbml.EventAssignment) and each.getVariable() == name)
        and name in names_in(each.getMath())
    ]


def _remove(model: libsbml.Model, name: str, site: Site) -> None:
    """A first-order loss of the species, which its conversion factor would change."""
    species, identifier = model.getSpecies(name), _free(model, f"removal_{site.target}_{name}")
    reaction = model.createReaction()
    reaction.setId(identifier)
    reaction.setReversible(False)
    reaction.setFast(False)
    lost = reaction.createReactant()
    lost.setSpecies(name)
    lost.setStoichiometry(1.0)
    lost.setConstant(True)
    volume = "" if species.getHasOnlySubstanceUnits() else f"{species.getCompartment()}*"
    converted = _conversion(model, name)
    law = f"{volume}{site.factor}*{name}" + (f"/{converted}" if converted else "")
    reaction.createKineticLaw().setMath(libsbml.parseL3Formula(law))


def _name_starts(model: libsbml.Model) -> None:
    """The start of each species that moves becomes a parameter."""
    ruled = {rule.getVariable() for rule in model.getListOfRules() if rule.isAssignment()}
    for species in list(model.getListOfSpecies()):
        name, volume = species.getId(), species.getCompartment()
        moves = not (species.getConstant() or species.getBoundaryCondition())
        if not moves or name in ruled or model.getInitialAssignment(name) is not None:
            continue
        is_concentration = species.isSetInitialConcentration()
        value = species.getInitialConcentration() if is_concentration else species.getInitialAmount()
        given = is_concentration or species.isSetInitialAmount()
        _add_parameter(model, START + name, value if given else 0.0)
        formula = START + name
        if is_concentration and species.getHasOnlySubstanceUnits():
            formula += f"*{volume}"
        elif not is_concentration and not species.getHasOnlySubstanceUnits():
            formula += f"/{volume}"
        start = model.createInitialAssignment()
        start.setSymbol(name)
        start.setMath(libsbml.parseL3Formula(formula))
