"""Quantities that no reaction changes, and how they shorten a step.

A law is a weight per species with weights' N = 0 for the stoichiometry N: a network keeps of each protein
what it has. Every stage of a Rosenbrock step then satisfies weights' k = 0 as well, so one species of
each law need not be solved for: its part of the stage follows from the others. That is exact, changes
nothing outside the linear algebra, and holds whatever the totals are. For pairs (inactive, active) it
lowers the operation count; where it would not, the species stays.
"""

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from screen.kernel.symbolic.elimination import LOOKED_AT, Elimination, cost_of, eliminate
from screen.network.algebra import ONE, Expression, evaluate, free_symbols, mul
from screen.network.network import Network

SUMS = 45
"""Multiplications per species and step outside the linear solves: the sums over stages."""

TRIED = 4
"""Species of each law whose elimination is planned to see what it would cost, as long as all plans of a network
together look at `LOOKED_AT` entries at most."""


class Law(NamedTuple):
    """Sum of weight * state is constant in time."""

    species: tuple[int, ...]
    weights: tuple[float, ...]
    exact: bool
    """Whether it holds for every value of the parameters, volumes included."""


class Dependent(NamedTuple):
    """A species whose stage values are sum(ratio * value of other)."""

    species: int
    ratios: tuple[tuple[int, float], ...]


class Reduction(NamedTuple):
    """The linear algebra of a step without the dependent species."""

    dependents: tuple[Dependent, ...]
    pattern: tuple[int, ...]
    """Entries of the Jacobian's pattern that are still needed."""
    elimination: Elimination
    """Of the matrix shift - J'; `order` holds species, `source` is not used."""
    mix: tuple[tuple[tuple[int, float], ...], ...]
    """Per slot of the matrix: J' = sum of factor * entry over (index in `pattern`, factor)."""


def conservation_laws(network: Network) -> tuple[Law, ...]:
    """A basis of the conserved sums, in exact arithmetic.

    A law across compartments weighs each species with its volume and is computed for the default volumes. A species
    of which a coefficient is 0 by default, but need not be, is in none.
    """
    values = dict(zip(network.parameters, network.values, strict=True))
    rows: list[dict[int, Fraction]] = [{} for _ in network.species]
    scales: list[set[Expression]] = [set() for _ in network.species]
    for species, reaction, coefficient in network.stoichiometry:
        number = evaluate(coefficient, {name: values[name] for name in free_symbols(coefficient)})
        rows[species][reaction] = _fraction(float(number))
        scales[species].add(number_and_rest(coefficient)[1])
    without = {species for species, row in enumerate(rows) if not all(row.values())}
    rows = [{reaction: number for reaction, number in row.items() if number} for row in rows]
    for species in without | {species for species, _ in network.rate_rules}:
        rows[species][len(network.reactions) + species] = Fraction(1)
    laws = []
    for law in _left_null_space(rows):
        members = tuple(sorted(law))
        exact = len(set().union(*(scales[i] for i in members))) <= 1
        laws.append(Law(members, tuple(law[i] for i in members), exact))
    return tuple(laws)


def _fraction(number: float) -> Fraction:
    """A coefficient as it is written, however large or small."""
    significand, exponent = math.frexp(number)
    return Fraction(significand).limit_denominator(10**9) * Fraction(2) ** exponent


def number_and_rest(coefficient: Expression) -> tuple[float, Expression]:
    """A coefficient as number * the rest."""
    if coefficient.op == "constant":
        return coefficient.value, ONE
    if coefficient.op == "mul" and coefficient.args[0].op == "constant":
        return coefficient.args[0].value, mul(*coefficient.args[1:])
    return 1.0, coefficient


def _left_null_space(rows: list[dict[int, Fraction]]) -> list[dict[int, float]]:
    """Combinations of rows that vanish, by Gaussian elimination on sparse rows."""
    pivots: dict[int, tuple[dict[int, Fraction], dict[int, Fraction]]] = {}
    laws = []
    for index, row in enumerate(rows):
        row, combination = dict(row), {index: Fraction(1)}
        while row:
            column = min(row)
            if column not in pivots:
                pivots[column] = row, combination
                break
            other, other_combination = pivots[column]
            factor = row[column] / other[column]
            _subtract(row, other, factor)
            _subtract(combination, other_combination, factor)
        else:
            scale = max(abs(weight) for weight in combination.values())
            laws.append({i: float(weight / scale) for i, weight in combination.items()})
    return laws


def _subtract(row: dict, other: dict, factor: Fraction | float) -> None:
    for key, value in other.items():
        left = row.get(key, 0) - factor * value
        if left:
            row[key] = left
        else:
            row.pop(key, None)


def reduce_step(size: int, pattern: Sequence[tuple[int, int]], laws: Sequence[Law]) -> Reduction:
    """Take one species of each exact law out of the linear algebra, wherever that makes it cheaper."""
    rows: list[set[int]] = [{i} for i in range(size)]
    for i, j in pattern:
        rows[i].add(j)
    current = dict(enumerate(rows))
    cost = cost_of(current)
    chosen: dict[int, dict[int, float]] = {}
    left = LOOKED_AT // max(1, len(pattern))
    for law in laws:
        if not left:
            break
        if not law.exact:
            continue
        weights = dict(zip(law.species, law.weights, strict=True))
        for species, ratios in chosen.items():
            if species in weights:
                factor = weights.pop(species)
                _subtract(weights, ratios, -factor)
        promising = sorted(weights, key=lambda d: (_filled(current, d, weights), d))
        trials = [(cost_of(_without(current, d, weights)), d) for d in promising[: min(TRIED, left)]]
        left -= len(trials)
        if not trials or min(trials)[0] >= cost + SUMS:
            continue
        cost, species = min(trials)
        current = _without(current, species, weights)
        own = {a: -w / weights[species] for a, w in weights.items() if a != species}
        for ratios in chosen.values():
            if species in ratios:
                factor = ratios.pop(species)
                _subtract(ratios, own, -factor)
        chosen[species] = own
    return _reduction(size, pattern, chosen)


def _filled(rows: dict[int, set[int]], species: int, weights: dict[int, float]) -> int:
    """Entries that the pattern has more once a species is replaced by the others of its law."""
    users = (entries for i, entries in rows.items() if i != species and species in entries)
    return sum(len(weights.keys() - entries) - 1 for entries in users) - len(rows[species])


def _without(rows: dict[int, set[int]], species: int, weights: dict[int, float]) -> dict[int, set[int]]:
    """The pattern once a species is replaced by the others of its law."""
    others = weights.keys() - {species}
    return {
        i: (entries - {species}) | others if species in entries else entries
        for i, entries in rows.items()
        if i != species
    }


def _reduction(
    size: int, pattern: Sequence[tuple[int, int]], chosen: dict[int, dict[int, float]]
) -> Reduction:
    independent = [i for i in range(size) if i not in chosen]
    place = {species: position for position, species in enumerate(independent)}
    kept = [k for k, (i, _) in enumerate(pattern) if i not in chosen]
    parts: dict[tuple[int, int], list[tuple[int, float]]] = {}
    for entry, k in enumerate(kept):
        i, j = pattern[k]
        for column, factor in chosen.get(j, {j: 1.0}).items():
            parts.setdefault((place[i], place[column]), []).append((entry, factor))
    plan = eliminate(len(independent), sorted(parts))
    mix = tuple(tuple(parts.get((plan.order[p], plan.order[q]), ())) for p, q in plan.slots)
    plan = plan._replace(order=tuple(independent[unknown] for unknown in plan.order))
    dependents = tuple(Dependent(d, tuple(sorted(ratios.items()))) for d, ratios in sorted(chosen.items()))
    return Reduction(dependents, tuple(kept), plan, mix)
