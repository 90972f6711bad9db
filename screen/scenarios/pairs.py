"""Which drugs are paired, and at which doses: along a ray or over a whole matrix."""

from collections.abc import Callable, Sequence
from itertools import combinations, product

from screen.scenarios.drugs import DrugTables
from screen.settings import Classes, Layout

Pair = tuple[str, str]
Triple = tuple[str, str, str]


def pairs_among(drugs: Sequence[str], tables: DrugTables, classes: Classes = "any") -> list[Pair]:
    """Every two of the drugs once, in their order; a drug that is not in the table has no class."""

    def wanted(pair: Pair) -> bool:
        first, second = (tables.drugs[name].drug_class if name in tables.drugs else None for name in pair)
        return classes == "any" or (first == second) == (classes == "within")

    return [pair for pair in combinations(drugs, 2) if wanted(pair)]


def doses_together(
    first: Sequence[float], second: Sequence[float], layout: Layout
) -> list[tuple[float, float]]:
    """Doses of both drugs of a pair [nM].

    >>> doses_together([1.0, 2.0], [10.0, 20.0], "ray")
    [(1.0, 10.0), (2.0, 20.0)]
    >>> doses_together([1.0, 2.0], [10.0, 20.0], "matrix")
    [(1.0, 10.0), (1.0, 20.0), (2.0, 10.0), (2.0, 20.0)]
    """
    return list(zip(first, second, strict=True) if layout == "ray" else product(first, second))


def count_together(first: Sequence[float], second: Sequence[float], layout: Layout) -> int:
    """How many `doses_together` are; a ray has as many of both."""
    return len(first) * (1 if layout == "ray" else len(second))


def doses_alone(doses: Sequence[float], layout: Layout) -> set[float]:
    """Doses [nM] at which a drug of a pair is run alone: its own there, and what two of them add up to (10 digits).

    >>> sorted(doses_alone([1.0, 3.0], "matrix"))
    [1.0, 2.0, 3.0, 4.0, 6.0]
    """
    return {*doses, *(float(f"{sum(both):.10g}") for both in doses_together(doses, doses, layout))}


def layout_problems(
    pairs: Sequence[Pair], doses: Callable[[str], Sequence[float]], layout: Layout
) -> list[str]:
    """Pairs that have no ray."""
    return [
        f"scenarios.pair_layout: a ray must have as many doses of both drugs, found {len(doses(a))} of {a} and "
        f"{len(doses(b))} of {b}"
        for a, b in pairs
        if layout == "ray" and len(doses(a)) != len(doses(b))
    ]
