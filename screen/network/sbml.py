"""Read any SBML model as a Network.

Rules, reactions' rates that formulas name, rates of change and initial assignments are put in place, so that
what is left is: states, constants and formulas in the two. Species are concentrations unless SBML says
`hasOnlySubstanceUnits`; where a compartment changes, its concentrations are diluted with it. What an event sets is
a state, or a formula of time. What is not read (fast reactions, delays of what is no function of time alone) is
refused by name.
"""

import hashlib
import math
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import libsbml

from screen.errors import NetworkError
from screen.network.algebra import (
    ZERO,
    Expression,
    constant,
    evaluate,
    free_symbols,
    substitute,
    substitute_all,
    symbol,
)
from screen.network.definitions import jumps, rates_in, resolve, switch_times, with_rates
from screen.network.delays import courses, has_delays, without_delays
from screen.network.events import by_time, read_events, set_by
from screen.network.implicit import solve_algebraic
from screen.network.mathml import CLOCK, Formulas, own_name, rate_of
from screen.network.network import Network
from screen.network.sbml_document import read_document, sbml_text
from screen.network.stoichiometry import Terms, number_of, read_terms


def read_sbml(source: Path | str) -> Network:
    """The network of an SBML file (a Path) or of SBML text; NetworkError says what cannot be used.

    >>> network = read_sbml(sbml)
    >>> network.name, "IL6_dose" in network.parameters
    ('stat3', True)
    """
    text = sbml_text(source)
    try:
        return _read(text)
    except NetworkError as error:
        if isinstance(source, str):
            raise
        raise NetworkError(f"{source.name}: {problem}" for problem in error.problems) from None


@lru_cache(maxsize=2)
def _read(text: str) -> Network:
    """Of an SBML text. The stages of `mine` and of a check read the same one, which takes a quarter of a second."""
    document = read_document(text)
    return _Reader(document.getModel(), hashlib.sha256(text.encode()).hexdigest()).network()


def _name(element: libsbml.SBase) -> str:
    return own_name(element.getIdAttribute())


def _now(name: str) -> Expression:
    """The value at the time of a parameter that events set; its own name is the value before them."""
    return symbol(f"now {name}")


Rules = dict[str, Expression]


@dataclass
class _Reader:
    """The parts of one model on their way into a Network."""

    model: libsbml.Model
    digest: str
    values: dict[str, float] = field(default_factory=dict)
    starts: Rules = field(default_factory=dict)
    """Where states start, before initial assignments; the states in their order."""
    held: Rules = field(default_factory=dict)
    """Species that nothing changes."""
    fixed: Rules = field(default_factory=dict)
    """Stoichiometries with a name."""
    stretched: dict[str, str] = field(default_factory=dict)
    """Concentrations in compartments that change: species -> compartment."""

    def __post_init__(self) -> None:
        formulas, model = Formulas(self.model), self.model
        kinds = {
            kind: {
                own_name(rule.getVariable()): formulas.read(rule.getMath(), f"rule {rule.getVariable()}")
                for rule in model.getListOfRules()
                if rule.getTypeCode() == kind and rule.getMath() is not None
            }
            for kind in (libsbml.SBML_ASSIGNMENT_RULE, libsbml.SBML_RATE_RULE)
        }
        self.formulas = formulas
        self.rules, self.rate_rules = kinds[libsbml.SBML_ASSIGNMENT_RULE], kinds[libsbml.SBML_RATE_RULE]
        self.events = read_events(model, formulas)
        known = {*self.rules, *self.rate_rules, *set_by(self.events)}
        self.rules |= solve_algebraic(model, formulas, known)
        self.given = {
            own_name(item.getSymbol()): formulas.read(
                item.getMath(), f"initial assignment {item.getSymbol()}"
            )
            for item in model.getListOfInitialAssignments()
            if item.getMath() is not None
        }
        self.laws = {
            _name(r): formulas.read(r.getKineticLaw().getMath(), f"reaction {r.getId()}")
            for r in model.getListOfReactions()
        }
        self.switched, self.jumping = self._switch()

    def network(self) -> Network:
        self._collect()
        states = {name: position for position, name in enumerate(self.starts)}
        now = {name: _now(name) for name in self.switched}
        terms = read_terms(self.model, self.formulas, now, states.keys() - self.rate_rules.keys())
        terms = self._undelayed(terms)
        pushes = self._pushes()
        rates = self._rates(terms, pushes)
        initial, derived = self._at_start(rates)
        self._refuse_sizes({**dict(zip(self.starts, initial, strict=True)), **derived})
        switched = {_now(name).name: substitute(rule, derived) for name, rule in self.switched.items()}
        place = resolve({**derived, **self.fixed, **self.rules, **self.laws, **rates, **switched})
        self._refuse_jumps(place)
        stoichiometry, moved = self._settled(terms, states, place)
        rules = [(states[name], substitute(push, place)) for name, push in pushes] + moved
        laws = [place[name] for name in self.laws]
        observables = {name: place[name] for name in (*self.rules, *derived)}
        observables |= {name: place[_now(name).name] for name in self.switched}
        formulas = [*laws, *(rule for _, rule in rules), *observables.values()]
        events = [event.substituted(place) for event in self.events]
        formulas += [formula for event in events for formula in event.formulas]
        self._refuse_unknown([*formulas, *initial, *(each for *_, each in stoichiometry)])
        return Network(
            name=self.model.getId() or "model",
            digest=self.digest,
            species=tuple(self.starts),
            parameters=tuple(self.values),
            values=tuple(self.values.values()),
            reactions=tuple(self.laws),
            rates=tuple(laws),
            stoichiometry=tuple(stoichiometry),
            rate_rules=tuple(rules),
            initial=tuple(initial),
            observables=tuple(observables),
            observable_rules=tuple(observables.values()),
            discontinuities=tuple(switch_times(formulas, states)),
            events=tuple(events),
            diluted=tuple(
                (name, volume) for name, volume in self.stretched.items() if volume in self.jumping
            ),
        )

    def _switch(self) -> tuple[Rules, frozenset[str]]:
        """Parameters that events set at fixed times, as formulas of time and their first value; what other events set.

        From here on `events` are those others, and all formulas name the values at the time.
        """
        parameters = {_name(item) for item in self.model.getListOfParameters()}
        volumes = {_name(item) for item in self.model.getListOfCompartments()}
        moved = {*self.rules, *self.rate_rules}
        settable, constants = parameters - moved, (parameters | volumes) - moved - set_by(self.events)
        switched, events = by_time(self.events, settable, constants)
        now = {name: _now(name) for name in switched}
        for rules in (self.rules, self.rate_rules, self.laws):
            rules.update({name: substitute(rule, now) for name, rule in rules.items()})
        self.events = [event.substituted(now) for event in events]
        return switched, set_by(events)

    def _collect(self) -> None:
        """Sort every quantity into states and constants; note where states start."""
        others = {}
        for item in self.model.getListOfCompartments():
            others[_name(item)] = item.getSize() if item.isSetSize() else 1.0
        for item in self.model.getListOfParameters():
            others[_name(item)] = item.getValue() if item.isSetValue() else math.nan
        for item in self.model.getListOfSpecies():
            self._place_species(item)
        for reaction in self.model.getListOfReactions():
            for reference in (*reaction.getListOfReactants(), *reaction.getListOfProducts()):
                if reference.isSetIdAttribute():
                    self._place_reference(reference)
        for name, value in others.items():
            if name in self.rate_rules or name in self.jumping:
                self.starts[name] = constant(value)
            elif name not in self.rules:
                self.values[name] = value

    def _place_species(self, item: libsbml.Species) -> None:
        name, compartment = _name(item), own_name(item.getCompartment())
        if name in self.rules:
            return
        reacts = not (item.getBoundaryCondition() or item.getConstant())
        stretched = not item.getHasOnlySubstanceUnits() and (
            compartment in self.rules or compartment in self.rate_rules or compartment in self.jumping
        )
        if name in self.rate_rules or reacts or stretched or name in self.jumping:
            self.starts[name] = self._initial(item)
        else:
            self.held[name] = self._initial(item)
        if stretched:
            self.stretched[name] = compartment

    def _place_reference(self, reference: libsbml.SpeciesReference) -> None:
        name, value = _name(reference), number_of(reference)
        if name in self.rate_rules or name in self.jumping:
            self.starts[name] = constant(value)
        elif name not in self.rules and name not in self.given:
            self.fixed[name] = constant(value)

    def _initial(self, item: libsbml.Species) -> Expression:
        """Start of a species, in the quantity its symbol stands for."""
        volume = symbol(own_name(item.getCompartment()))
        if item.isSetInitialConcentration():
            value = constant(item.getInitialConcentration())
            return value * volume if item.getHasOnlySubstanceUnits() else value
        value = constant(item.getInitialAmount() if item.isSetInitialAmount() else 0.0)
        return value if item.getHasOnlySubstanceUnits() else value / volume

    def _undelayed(self, terms: Terms) -> Terms:
        """Formulas in place of delays, here in `terms` and everywhere in this reader."""
        tables = (self.rules, self.rate_rules, self.laws, self.given)
        written = [*(rule for table in tables for rule in table.values()), *(each for *_, each in terms)]
        if not has_delays([*written, *(formula for event in self.events for formula in event.formulas)]):
            return terms
        moved = {*self.starts, *self.given} - self.jumping - self.rules.keys()
        slopes = _slopes(terms, self._pushes())
        rates = {name: slopes.get(name, ZERO) for name in sorted(moved)}
        now = {_now(name).name: formula for name, formula in self.switched.items()}
        constants = {*self.values, *self.fixed, *self.held} - self.given.keys()
        known = courses({**self.rules, **self.laws, **now}, rates, {**self.starts, **self.given}, constants)
        replaced = without_delays(known, constants)
        for table in tables:
            table.update({name: replaced(rule) for name, rule in table.items()})
        self.events = [event.mapped(replaced) for event in self.events]
        return [(name, reaction, replaced(coefficient)) for name, reaction, coefficient in terms]

    def _pushes(self) -> list[tuple[str, Expression]]:
        """What changes states besides reactions: rate rules and dilution."""
        volumes = {
            name: symbol(volume) for name, volume in self.stretched.items() if name not in self.rate_rules
        }
        return [
            *self.rate_rules.items(),
            *((name, -(symbol(name) * rate_of(v.name) / v)) for name, v in volumes.items()),
        ]

    def _rates(self, terms: Terms, pushes: list[tuple[str, Expression]]) -> Rules:
        """Formulas of the rates of change that the model names."""
        slopes = _slopes(terms, pushes)
        named = [
            *self.rules.values(),
            *self.laws.values(),
            *self.given.values(),
            *(push for _, push in pushes),
            *(formula for event in self.events for formula in event.formulas),
        ]
        named += [coefficient for *_, coefficient in terms]
        rules = {**self.rules, **self.laws}
        return with_rates(sorted(rates_in(named)), rules, lambda name: slopes.get(name, ZERO))

    def _at_start(self, rates: Rules) -> tuple[list[Expression], Rules]:
        """Initial states, and the constants that initial assignments set; both in terms of constants only."""
        every = {**self.laws, **rates, **self.fixed, **self.rules, **self.held, **self.starts, **self.given}
        every |= {_now(name).name: symbol(name) for name in self.switched} | {CLOCK: ZERO}
        wanted, waiting = {}, [*self.starts, *self.held, *self.given]
        while waiting:
            name = waiting.pop()
            if name in every and name not in wanted:
                wanted[name] = every[name]
                waiting.extend(free_symbols(every[name]))
        resolved = resolve({name: every[name] for name in every if name in wanted})
        derived = {name: resolved[name] for name in self.given if name not in self.starts}
        for name, start in self.held.items():
            if name not in derived and free_symbols(start) & derived.keys():
                derived[name] = resolved[name]
            elif name not in derived:
                self.values[name] = float(evaluate(resolved[name], self.values))
        for name in derived:
            self.values.pop(name, None)
        initial = substitute_all((resolved[name] for name in self.starts), derived)
        return initial, derived

    def _settled(
        self, terms: Terms, states: dict[str, int], place: Rules
    ) -> tuple[list[tuple[int, int, Expression]], list[tuple[int, Expression]]]:
        """Stoichiometry of constants; terms whose coefficient changes, as rules."""
        number = {name: position for position, name in enumerate(self.laws)}
        changing = {*states, CLOCK}
        settled, moved = [], []
        for name, reaction, written in terms:
            coefficient = substitute(written, place)
            inside = free_symbols(coefficient)
            if inside & changing:
                moved.append((states[name], coefficient * place[reaction]))
            elif coefficient is not ZERO:
                known = evaluate(coefficient, {each: self.values.get(each, 1.0) for each in inside})
                if not math.isfinite(known):
                    must = "stoichiometry per volume must be a finite number"
                    raise NetworkError(f"SBML: {must}, found {float(known)} for {name} in {reaction}")
                settled.append((states[name], number[reaction], coefficient))
        return settled, moved

    def _refuse_sizes(self, at_start: Rules) -> None:
        """Of compartments that hold species and follow no rule; `at_start` has those that are no constants."""
        problems = []
        for name in sorted({own_name(item.getCompartment()) for item in self.model.getListOfSpecies()}):
            size, known = self.values.get(name, 1.0), True
            if name in at_start:
                inside = {each: self.values.get(each, 1.0) for each in free_symbols(at_start[name])}
                size = float(evaluate(at_start[name], inside))
                known = not any(math.isnan(value) for value in inside.values())
            if known and not 0 < size < math.inf:
                must = "compartments that hold species must have a finite size above 0"
                problems.append(f"SBML: {must}, found {size:g} for {name}")
        if problems:
            raise NetworkError(problems)

    def _refuse_jumps(self, place: Rules) -> None:
        for name in sorted({*self.stretched.values()} & self.rules.keys()):
            if jumps(place[name]) or free_symbols(place[name]) & self.jumping:
                must = "compartments that follow a rule must change without jumps"
                raise NetworkError(f"SBML: {must}, found a jump of {name}")

    def _refuse_unknown(self, formulas: list[Expression]) -> None:
        known = {*self.values, *self.starts, CLOCK}
        unknown = sorted(set().union(*(free_symbols(f) for f in formulas)) - known) if formulas else []
        if unknown:
            raise NetworkError(f"SBML: formulas must use declared symbols, found {', '.join(unknown)}")


def _slopes(terms: Terms, pushes: list[tuple[str, Expression]]) -> Rules:
    """The rate of change of each state by its reactions and by what else pushes it."""
    sums: dict[str, list[Expression]] = {}
    for name, reaction, coefficient in terms:
        sums.setdefault(name, []).append(coefficient * symbol(reaction))
    for name, push in pushes:
        sums.setdefault(name, []).append(push)
    return {name: sum(each, ZERO) for name, each in sums.items()}
