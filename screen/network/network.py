"""A reaction network as expressions: what the engines compile and nothing about how."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from screen.network.algebra import ZERO, Expression, add, free_symbols, symbol
from screen.network.events import Event
from screen.network.mathml import CLOCK


@dataclass(frozen=True)
class Network:
    """An SBML model in the form the engines need; every field is immutable.

    States are concentrations, or amounts where SBML says `hasOnlySubstanceUnits`. Rates and rules are
    written in the symbols of `species`, `parameters` and `time`, with assignment rules and functions
    already put in place.
    """

    name: str
    digest: str
    """SHA-256 of the SBML text."""
    species: tuple[str, ...]
    parameters: tuple[str, ...]
    """Everything constant: parameters, compartment volumes, boundary species, promoted locals."""
    values: tuple[float, ...]
    reactions: tuple[str, ...]
    rates: tuple[Expression, ...]
    """Kinetic laws [extent/time], one per reaction."""
    stoichiometry: tuple[tuple[int, int, Expression], ...]
    """(species, reaction, net coefficient); includes 1/volume for states that are concentrations."""
    rate_rules: tuple[tuple[int, Expression], ...]
    initial: tuple[Expression, ...]
    """Initial state, one per species, in the symbols of the parameters."""
    observables: tuple[str, ...]
    observable_rules: tuple[Expression, ...]
    discontinuities: tuple[Expression, ...]
    """Times at which a rate law, a rule or a trigger switches, in the symbols of the parameters."""
    events: tuple[Event, ...] = ()
    diluted: tuple[tuple[str, str], ...] = ()
    """Concentrations whose volume events set: (species, compartment)."""

    @property
    def readable(self) -> tuple[str, ...]:
        """What can be read out by name: observables and species."""
        return (*self.observables, *self.species)

    def formula(self, name: str) -> Expression:
        """What a readable name stands for, in the symbols of species, parameters and time."""
        if name in self.observables:
            return self.observable_rules[self.observables.index(name)]
        return symbol(name)

    def derivatives(self) -> tuple[Expression, ...]:
        """d state / d time, one per species."""
        return self._derivatives

    @cached_property
    def _derivatives(self) -> tuple[Expression, ...]:
        terms: list[list[Expression]] = [[] for _ in self.species]
        for species, reaction, coefficient in self.stoichiometry:
            terms[species].append(coefficient * self.rates[reaction])
        for species, rule in self.rate_rules:
            terms[species].append(rule)
        return tuple(add(*parts) if parts else ZERO for parts in terms)

    def timed(self) -> tuple[str, ...]:
        """What changes with time itself and so never comes to rest: events that read it, and rates of states.

        A rate that is a number other than 0 is that of a clock.
        """
        events = [f"event {each.name}" for each in self.events if _read_time(each.formulas)]
        slopes = zip(self.species, self.derivatives(), strict=True)
        clocks = [
            f"rate of {name}"
            for name, slope in slopes
            if _read_time([slope]) or not (free_symbols(slope) or slope is ZERO)
        ]
        return (*events, *clocks)

    def index(self, names: Sequence[str]) -> list[int]:
        """Positions of parameters by name; KeyError names the first that is not there."""
        place = {name: position for position, name in enumerate(self.parameters)}
        return [place[name] for name in names]


def _read_time(formulas: Iterable[Expression]) -> bool:
    return any(CLOCK in free_symbols(formula) for formula in formulas)
