"""Routes: how what a drug holds back reaches an observable, read off the reactions.

Direct: under the load a reaction that raises the observable slows (a kinase at its substrate), or one that leads up to
what drives such a reaction, against the flow of matter (activation of that kinase, assembly of its receptor, binding of
the ligand); or the substrate itself is made more slowly or lost faster. Indirect: every other way, such as feedback,
a brake, the making of a protein. Faster and slower are judged at one point, where nothing is 0 that can be other.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from screen.network.algebra import Expression, evaluate, free_symbols, symbol
from screen.network.calculus import derivative
from screen.network.network import Network
from screen.network.slices import depends_on

DIRECT, INDIRECT, NONE = "direct", "indirect", "none"
"""Kinds of routes."""

ROUTES = (DIRECT, INDIRECT, NONE)

GOLDEN = 0.6180339887498949
"""Multiples of it, less their whole part, differ from each other and from simple fractions."""

NEGLIGIBLE = 1e-6
"""Share of the largest slope that counts as none: an observable divides by an amount to which a trace is added."""

Changes = dict[str, float]
"""Net change of each species by one extent of a reaction."""


class _Point(NamedTuple):
    """The reactions of a network, and a value of everything at which slopes are taken."""

    reactions: tuple[tuple[Expression, Changes], ...]
    values: Mapping[str, float]
    species: frozenset[str]

    def slopes(self, expression: Expression, names: Iterable[str]) -> Changes:
        """Slopes of an expression by some names, those of no account left out."""
        wanted = sorted(free_symbols(expression).intersection(names))
        found = {name: float(evaluate(derivative(expression, symbol(name)), self.values)) for name in wanted}
        least = NEGLIGIBLE * max(map(abs, found.values()), default=0.0)
        return {name: slope for name, slope in found.items() if abs(slope) > least}


def find_routes(
    network: Network,
    observables: Iterable[str],
    loads: Iterable[str],
    values: Mapping[str, float],
    amounts: Iterable[str] = (),
) -> dict[str, str]:
    """The kind of route from each load to any of the observables that the network has, the most direct one.

    `values` are of parameters that are not as in the network. So too from each of `amounts`, parameters and what
    species begin with: where more of it does what less of a load does.

    In the slice of a cell only what can act there has a route.

    >>> find_routes(read_sbml(sbml), ["IL6_free"], ["load_IL6_CAPTURE", "load_IL6R_CAPTURE"], {})
    {'load_IL6_CAPTURE': 'indirect', 'load_IL6R_CAPTURE': 'indirect'}
    """
    loads, amounts = list(loads), list(amounts)
    signs = dict.fromkeys(loads, 1.0) | dict.fromkeys(amounts, -1.0)
    there = depends_on(network)
    point = _point(network, values)
    live = {name: sign for name, sign in signs.items() if name in there}
    begins = {
        species: free_symbols(start).intersection(amounts)
        for species, start in zip(network.species, network.initial, strict=True)
    }
    live |= {species: -1.0 for species, of in begins.items() if of}
    read = [name for name in observables if name in network.readable]
    direct = {name for each in read for name in _holding_back(point, network.formula(each), live)}
    direct = direct.union(*(begins[name] for name in direct if name in begins))
    return {name: DIRECT if name in direct else INDIRECT if name in there else NONE for name in signs}


def _point(network: Network, values: Mapping[str, float]) -> _Point:
    parameters = dict(zip(network.parameters, network.values, strict=True)) | dict(values)
    changes: list[Changes] = [{} for _ in network.rates]
    for species, reaction, coefficient in network.stoichiometry:
        changes[reaction][network.species[species]] = float(evaluate(coefficient, parameters))
    levels = {name: 1.0 + GOLDEN * place % 1.0 for place, name in enumerate(network.species)}
    reactions = tuple(zip(network.rates, changes, strict=True))
    return _Point(reactions, {"time": 0.0, **parameters, **levels}, frozenset(network.species))


def _holding_back(point: _Point, rule: Expression, loads: Mapping[str, float]) -> set[str]:
    """The loads (sign 1) and amounts (sign -1) with a direct route to what a rule says."""
    weights = {name: slope for name, slope in point.slopes(rule, point.species).items() if slope > 0}
    substrate = _exchanged(point, weights)
    raising = [each for each in point.reactions if _raises(each[1], weights)]
    driving: Changes = {}
    for rate, _ in raising:
        for name, slope in point.slopes(rate, point.species - substrate).items():
            if slope > 0:
                driving[name] = driving.get(name, 0.0) + slope
    found: set[str] = set()
    for rate, _ in (*raising, *_leading_up(point, driving)):
        found |= {load for load, slope in point.slopes(rate, loads).items() if slope * loads[load] < 0}
    matter = {name for _, changes in raising for name in changes}
    for rate, changes in point.reactions:
        if matter.intersection(changes) and len({change > 0 for change in changes.values()}) == 1:
            is_made = min(changes.values()) > 0
            slopes = point.slopes(rate, loads).items()
            found |= {load for load, slope in slopes if (slope * loads[load] < 0) == is_made}
    return found


def _raises(changes: Changes, weights: Changes) -> bool:
    """Whether a reaction raises a weighted sum of species by more than rounding."""
    parts = [weights.get(name, 0.0) * change for name, change in changes.items()]
    return sum(parts) > NEGLIGIBLE * sum(map(abs, parts))


def _exchanged(point: _Point, species: Iterable[str]) -> frozenset[str]:
    """All species that these turn into or are made of, in any number of steps."""
    found = set(species)
    while True:
        more = {name for _, changes in point.reactions if found.intersection(changes) for name in changes}
        if more <= found:
            return frozenset(found)
        found |= more


def _leading_up(point: _Point, driving: Changes) -> list[tuple[Expression, Changes]]:
    """Reactions that turn something further up into what drives, or what is so made into what drives more.

    What drives is no form of the substrate, so none of them touches one.
    """
    reached = set(driving)
    found: dict[int, set[str]] = {}
    while True:
        more = {
            place: {name for name, change in changes.items() if change < 0}
            for place, (_, changes) in enumerate(point.reactions)
            if place not in found
            and any(change > 0 and name in reached for name, change in changes.items())
            and (
                any(change < 0 and name not in reached for name, change in changes.items())
                or (any(change < 0 for change in changes.values()) and _raises(changes, driving))
            )
        }
        if not more:
            return [point.reactions[place] for place in found]
        found |= more
        reached |= set().union(*more.values())
