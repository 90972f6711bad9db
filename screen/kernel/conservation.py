"""Quantities that no reaction changes: what a network keeps of each protein.

A law is a weight per species with weights' N = 0 for the stoichiometry N. Rosenbrock methods keep linear
laws exactly (up to rounding), so the state stays whole and the laws are a check, not a coordinate change:
eliminating a dependent species was tried and raises the operation count, because it makes a sparse row
dense (78 species of the yardstick network, see tests/kernel/test_conservation.py).
"""

from fractions import Fraction
from typing import NamedTuple

from screen.network.algebra import evaluate, free_symbols
from screen.network.network import Network


class Law(NamedTuple):
    """Sum of weight * state is constant in time."""

    species: tuple[int, ...]
    weights: tuple[float, ...]


def conservation_laws(network: Network) -> tuple[Law, ...]:
    """A basis of the conserved sums, exact in the stoichiometric numbers.

    Coefficients that are a number over a volume are scaled to numbers with the default volumes, so a law
    across compartments holds for those volumes.
    """
    values = dict(zip(network.parameters, network.values, strict=True))
    rows: list[dict[int, Fraction]] = [{} for _ in network.species]
    for species, reaction, coefficient in network.stoichiometry:
        number = evaluate(coefficient, {name: values[name] for name in free_symbols(coefficient)})
        rows[species][reaction] = Fraction(float(number)).limit_denominator(10**9)
    ruled = {species for species, _ in network.rate_rules}
    for species in ruled:
        rows[species][len(network.reactions) + species] = Fraction(1)
    return tuple(Law(*zip(*sorted(law.items()), strict=True)) for law in _left_null_space(rows))


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


def _subtract(row: dict[int, Fraction], other: dict[int, Fraction], factor: Fraction) -> None:
    for key, value in other.items():
        left = row.get(key, Fraction(0)) - factor * value
        if left:
            row[key] = left
        else:
            row.pop(key, None)
