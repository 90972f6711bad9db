"""Slices: of a network, what moves and matters in one kind of cell.

Parameters that are exactly 0 (totals of proteins that a cell lacks, rates of a switch that is off) leave species at 0:
the largest set of species that start at 0 and whose derivatives are 0 while all of the set are. Of the others, only
those matter on which what is read depends, directly or through the derivatives of what matters. All of this is
decided on the expressions, never by trying numbers, so a slice is the whole network wherever its parameters are 0.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from hashlib import sha256

from screen.errors import NetworkError
from screen.network.algebra import ZERO, Expression, free_symbols, rebuild, topological
from screen.network.network import Network


def slice_network(network: Network, zero: Collection[str], observables: Collection[str]) -> Network:
    """What the observables depend on in cells where the parameters named in `zero` are 0 all the time.

    An observable may be a species. The parameters are those of the whole network, in its order; those that are 0 have
    no effect any more. A power of 0 counts as 0, so exponents that are parameters must be positive. NetworkError: no
    such parameter or observable.

    >>> slice_network(read_sbml(sbml), zero=[], observables=[]).species
    ()
    """
    problems = [
        f"slice: {kind} must be of {network.name}, found {name}"
        for kind, names, known in (
            ("parameter", zero, network.parameters),
            ("observable", observables, network.readable),
        )
        for name in sorted(set(names).difference(known))
    ]
    problems += [f"slice: {network.name} must have no events, found one" for _ in network.events[:1]]
    if problems:
        raise NetworkError(problems)
    values = dict.fromkeys(zero, ZERO)
    values |= dict.fromkeys(_species_at_zero(network, values), ZERO)
    chosen = [name for name in network.readable if name in observables]
    rules = _substituted([network.formula(name) for name in chosen], values)
    slopes = dict(zip(network.species, _substituted(network.derivatives(), values), strict=True))
    return _kept(network, values, _needed(rules, slopes), chosen, rules)


def depends_on(network: Network) -> frozenset[str]:
    """Names of the parameters and species on which anything that happens in a network depends.

    >>> depends_on(slice_network(read_sbml(sbml), zero=[], observables=[]))
    frozenset()
    """
    expressions = (*network.derivatives(), *network.observable_rules, *network.initial)
    return frozenset().union(*map(free_symbols, expressions))


def _species_at_zero(network: Network, values: Mapping[str, Expression]) -> frozenset[str]:
    """The largest set of species that are 0 at the start and stay there."""
    initial = _substituted(network.initial, values)
    found = frozenset(name for name, start in zip(network.species, initial, strict=True) if start is ZERO)
    slopes = network.derivatives()
    order = topological(slopes)
    new: dict[Expression, Expression] = {}
    while True:
        given = {**values, **dict.fromkeys(found, ZERO)}
        for node in order:
            if node not in new:
                new[node] = _replaced(node, new, given)
        moving = {name for name, slope in zip(network.species, slopes, strict=True) if new[slope] is not ZERO}
        moving &= found
        if not moving:
            return found
        new = {node: value for node, value in new.items() if moving.isdisjoint(free_symbols(node))}
        found -= moving


def _needed(rules: Iterable[Expression], slopes: Mapping[str, Expression]) -> set[str]:
    """Species that the rules depend on, through the slopes of others too."""
    needed: set[str] = set()
    waiting = list(rules)
    while waiting:
        new = (free_symbols(waiting.pop()) & slopes.keys()) - needed
        needed |= new
        waiting.extend(slopes[name] for name in new)
    return needed


def _kept(
    network: Network,
    values: Mapping[str, Expression],
    needed: set[str],
    names: list[str],
    rules: list[Expression],
) -> Network:
    place = {name: number for number, name in enumerate(s for s in network.species if s in needed)}
    number = {old: place[name] for old, name in enumerate(network.species) if name in place}
    rates = _substituted(network.rates, values)
    stoichiometry = [
        (number[species], reaction, coefficient)
        for species, reaction, coefficient in network.stoichiometry
        if species in number and rates[reaction] is not ZERO
    ]
    reactions = sorted({reaction for _, reaction, _ in stoichiometry})
    renumbered = {old: new for new, old in enumerate(reactions)}
    kept_rules = [(number[species], rule) for species, rule in network.rate_rules if species in number]
    initial = _substituted(network.initial, values)
    content = "\0".join(
        (network.digest, *sorted(n for n, v in values.items() if n in network.parameters), "", *names)
    )
    return replace(
        network,
        name=f"{network.name}, {len(place)} of {len(network.species)} species",
        digest=sha256(content.encode()).hexdigest(),
        species=tuple(place),
        reactions=tuple(network.reactions[old] for old in reactions),
        rates=tuple(rates[old] for old in reactions),
        stoichiometry=tuple((species, renumbered[old], c) for species, old, c in stoichiometry),
        rate_rules=tuple(
            zip((s for s, _ in kept_rules), _substituted([r for _, r in kept_rules], values), strict=True)
        ),
        initial=tuple(initial[old] for old in number),
        observables=tuple(names),
        observable_rules=tuple(rules),
    )


def _substituted(expressions: Iterable[Expression], values: Mapping[str, Expression]) -> list[Expression]:
    """As `algebra.substitute_all`, and a power of 0 is 0."""
    wanted = list(expressions)
    new: dict[Expression, Expression] = {}
    for node in topological(wanted):
        new[node] = _replaced(node, new, values)
    return [new[node] for node in wanted]


def _replaced(
    node: Expression, new: Mapping[Expression, Expression], values: Mapping[str, Expression]
) -> Expression:
    """A node whose arguments are replaced in `new` already."""
    if node.op == "symbol":
        return values.get(node.name, node)
    args = [new[arg] for arg in node.args]
    if node.op == "pow" and args[0] is ZERO and args[1].op != "constant":
        return ZERO
    return node if args == list(node.args) else rebuild(node.op, args)
