"""Read any SBML model as a Network.

Rules and initial assignments are put in place, so that what is left is: states, constants and formulas
in the two. Species are concentrations unless SBML says `hasOnlySubstanceUnits`; compartments must not
change; events, algebraic rules and delays are refused by name rather than ignored.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import libsbml

from screen.errors import NetworkError
from screen.files import read_text
from screen.network.algebra import (
    ZERO,
    Expression,
    add,
    constant,
    derivative,
    evaluate,
    free_symbols,
    substitute,
    substitute_all,
    symbol,
    topological,
)
from screen.network.mathml import formula
from screen.network.network import Network

COMPARISONS = ("lt", "le", "gt", "ge", "eq", "ne")


def read_sbml(source: Path | str) -> Network:
    """The network of an SBML file (a Path) or of SBML text; NetworkError says what cannot be used.

    >>> network = read_sbml(sbml)
    >>> network.name, "IL6_dose" in network.parameters
    ('stat3', True)
    """
    text = sbml_text(source)
    document = libsbml.readSBMLFromString(text)
    if document.getNumErrors(libsbml.LIBSBML_SEV_ERROR) + document.getNumErrors(libsbml.LIBSBML_SEV_FATAL):
        raise NetworkError(
            f"SBML: must be readable, found {document.getErrorLog().getError(0).getMessage().strip()}"
        )
    model = document.getModel()
    if model is None:
        raise NetworkError("SBML: must hold a model, found none")
    _refuse_unsupported(model)
    for conversion in ("promoteLocalParameters", "expandFunctionDefinitions"):
        properties = libsbml.ConversionProperties()
        properties.addOption(conversion, True)
        if document.convert(properties) != libsbml.LIBSBML_OPERATION_SUCCESS:
            raise NetworkError(f"SBML: {conversion} must succeed, found a model libSBML cannot convert")
    return _Reader(document.getModel(), hashlib.sha256(text.encode()).hexdigest()).network()


def sbml_text(source: Path | str) -> str:
    """The text of an SBML file (a Path), or the text itself.

    >>> from pathlib import Path
    >>> Path("network.xml").write_text(sbml) == len(sbml)
    True
    >>> sbml_text(Path("network.xml")) == sbml_text(sbml)
    True
    """
    if isinstance(source, str):
        return source
    return read_text(source, NetworkError, "SBML file")


def _refuse_unsupported(model: libsbml.Model) -> None:
    problems = []
    if model.getNumEvents():
        problems.append(
            f"SBML: events are not supported, found {model.getEvent(0).getIdAttribute() or 'one'}"
        )
    for rule in model.getListOfRules():
        if rule.isAlgebraic():
            problems.append("SBML: algebraic rules are not supported, found one")
        elif model.getCompartment(rule.getVariable()):
            problems.append(f"SBML: compartments must not change, found a rule for {rule.getVariable()}")
    for reaction in model.getListOfReactions():
        if reaction.getKineticLaw() is None:
            problems.append(f"SBML: every reaction must have a rate, found none for {reaction.getId()}")
        if reaction.isSetFast() and reaction.getFast():
            problems.append(f"SBML: fast reactions are not supported, found {reaction.getId()}")
    if problems:
        raise NetworkError(problems)


@dataclass
class _Reader:
    """The parts of one model on their way into a Network."""

    model: libsbml.Model
    digest: str
    values: dict[str, float] = field(default_factory=dict)
    states: list[str] = field(default_factory=list)
    start: dict[str, Expression] = field(default_factory=dict)

    def network(self) -> Network:
        model = self.model
        rules, rate_rules = self._rules(assignment=True), self._rules(assignment=False)
        self._collect(rules, rate_rules)
        inlined = _resolve(rules)
        starts = self._assignments(inlined)
        derived = {name: value for name, value in starts.items() if name not in self.states}
        for name in derived:
            self.values.pop(name, None)
        place = {**derived, **dict(zip(inlined, substitute_all(inlined.values(), derived), strict=True))}
        at_start = {name: starts.get(name, self.start[name]) for name in self.states}
        initial = substitute_all(at_start.values(), derived)
        laws = [
            formula(r.getKineticLaw().getMath(), f"reaction {r.getId()}") for r in model.getListOfReactions()
        ]
        rates = substitute_all(laws, place)
        states = {name: position for position, name in enumerate(self.states)}
        rules_in_place = [(states[name], substitute(rule, place)) for name, rule in rate_rules.items()]
        observables = [*inlined, *derived]
        formulas = [*rates, *(rule for _, rule in rules_in_place), *(place[name] for name in observables)]
        self._refuse_unknown([*formulas, *initial])
        return Network(
            name=model.getId() or "model",
            digest=self.digest,
            species=tuple(self.states),
            parameters=tuple(self.values),
            values=tuple(self.values.values()),
            reactions=tuple(r.getId() for r in model.getListOfReactions()),
            rates=tuple(rates),
            stoichiometry=tuple(self._stoichiometry(states, place)),
            rate_rules=tuple(rules_in_place),
            initial=tuple(initial),
            observables=tuple(observables),
            observable_rules=tuple(place[name] for name in observables),
            discontinuities=tuple(_switch_times(formulas)),
        )

    def _rules(self, *, assignment: bool) -> dict[str, Expression]:
        """Formulas of the assignment rules, or of the rate rules, by the variable they set."""
        return {
            rule.getVariable(): formula(rule.getMath(), f"rule {rule.getVariable()}")
            for rule in self.model.getListOfRules()
            if (rule.isAssignment() if assignment else rule.isRate())
        }

    def _collect(self, rules: dict[str, Expression], rate_rules: dict[str, Expression]) -> None:
        """Sort every quantity into states and constants; note where states start."""
        for compartment in self.model.getListOfCompartments():
            self.values[compartment.getId()] = compartment.getSize() if compartment.isSetSize() else 1.0
        for parameter in self.model.getListOfParameters():
            name = parameter.getId()
            value = parameter.getValue() if parameter.isSetValue() else float("nan")
            if name in rate_rules:
                self.states.append(name)
                self.start[name] = constant(value)
            elif name not in rules:
                self.values[name] = value
        species = []
        for item in self.model.getListOfSpecies():
            name = item.getId()
            if name in rules:
                continue
            if name in rate_rules or not (item.getBoundaryCondition() or item.getConstant()):
                species.append(name)
                self.start[name] = self._initial(item)
            else:
                self.values[name] = evaluate(self._initial(item), self.values)
        self.states = species + self.states

    def _initial(self, item: libsbml.Species) -> Expression:
        """Start of a species, in the quantity its symbol stands for."""
        volume = symbol(item.getCompartment())
        if item.isSetInitialConcentration():
            value = constant(item.getInitialConcentration())
            return value * volume if item.getHasOnlySubstanceUnits() else value
        value = constant(item.getInitialAmount() if item.isSetInitialAmount() else 0.0)
        return value if item.getHasOnlySubstanceUnits() else value / volume

    def _assignments(self, rules: dict[str, Expression]) -> dict[str, Expression]:
        """Initial assignments in terms of constants only: states and rules take their value at the start."""
        given = {
            item.getSymbol(): formula(item.getMath(), f"initial assignment {item.getSymbol()}")
            for item in self.model.getListOfInitialAssignments()
        }
        context = {**{name: self.start[name] for name in self.states}, **rules, **given, "time": ZERO}
        resolved = _resolve(context)
        return {name: resolved[name] for name in given}

    def _stoichiometry(
        self, states: dict[str, int], place: dict[str, Expression]
    ) -> Iterator[tuple[int, int, Expression]]:
        for position, reaction in enumerate(self.model.getListOfReactions()):
            net: dict[str, Expression] = {}
            for sign, references in ((-1, reaction.getListOfReactants()), (1, reaction.getListOfProducts())):
                for reference in references:
                    name = reference.getSpecies()
                    coefficient = self._coefficient(reference, place)
                    net[name] = net.get(name, ZERO) + sign * coefficient
            for name, coefficient in net.items():
                item = self.model.getSpecies(name)
                if name not in states or coefficient is ZERO or item.getBoundaryCondition():
                    continue
                scale = (
                    constant(1.0) if item.getHasOnlySubstanceUnits() else 1.0 / symbol(item.getCompartment())
                )
                yield states[name], position, coefficient * scale

    def _coefficient(self, reference: libsbml.SpeciesReference, place: dict[str, Expression]) -> Expression:
        if reference.isSetStoichiometryMath():
            return substitute(formula(reference.getStoichiometryMath().getMath(), "stoichiometry"), place)
        if reference.getIdAttribute() in place:
            return place[reference.getIdAttribute()]
        return constant(reference.getStoichiometry() if reference.isSetStoichiometry() else 1.0)

    def _refuse_unknown(self, formulas: list[Expression]) -> None:
        known = {*self.values, *self.states, "time"}
        unknown = sorted(set().union(*(free_symbols(f) for f in formulas)) - known) if formulas else []
        if unknown:
            raise NetworkError(f"SBML: formulas must use declared symbols, found {', '.join(unknown)}")


def _resolve(rules: dict[str, Expression]) -> dict[str, Expression]:
    """Put rules into one another until none names another; NetworkError where they go in a circle."""
    done: dict[str, Expression] = {}
    waiting = dict(rules)
    while waiting:
        ready = [name for name, rule in waiting.items() if not free_symbols(rule) & (waiting.keys() - {name})]
        if not ready:
            circle = ", ".join(sorted(waiting))
            raise NetworkError(f"SBML: rules must not depend on each other in a circle, found {circle}")
        for name in ready:
            if name in free_symbols(waiting[name]):
                raise NetworkError(f"SBML: a rule must not depend on itself, found {name}")
            done[name] = waiting.pop(name)
        for name, rule in zip(list(waiting), substitute_all(waiting.values(), done), strict=True):
            waiting[name] = rule
    return {name: done[name] for name in rules}


def _switch_times(formulas: list[Expression]) -> list[Expression]:
    """Times at which a comparison that is linear in time changes its answer, whatever the state."""
    time = symbol("time")
    found: dict[Expression, None] = {}
    for node in topological(formulas):
        if node.op not in COMPARISONS or "time" not in free_symbols(node):
            continue
        difference = add(node.args[0], -node.args[1])
        slope = derivative(difference, time)
        if "time" not in free_symbols(slope):
            found[-(substitute(difference, {"time": ZERO}) / slope)] = None
    return list(found)
