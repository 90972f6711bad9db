"""The order in which a sparse matrix is eliminated, and the straight-line programs that follow from it.

An implicit step solves (I/(gamma h) - J) x = b with the same sparsity every time, so everything that
depends on the sparsity alone is decided once: a fill-reducing order, the list of multiplications of the
factorisation, and those of the triangular solves. Both engines that unroll the algebra (generated C, and
pure JAX on [lane] vectors) walk the same lists.

    entries = shift on the diagonal - jacobian          (zero where `source` is -1: fill)
    for step in factor:
        scale  t, d, updates:  M[t] *= M[d];  then M[a] -= M[t] * M[b] for (a, b) in updates
        invert d:              M[d] = 1 / M[d]
    for position, terms in forward:   x[position] = b[order[position]] - sum(M[s] * x[q] for s, q in terms)
    for position, terms in backward:  x[position] = (x[position] - sum(M[s] * x[q] ...)) * M[diagonal[position]]
    solution[order[position]] = x[position]

The factorisation runs row by row, so that a row stays in registers while it is worked on. There is no
pivoting: the diagonal is I/(gamma h) - J with J negative there for mass action and its kin, and a step
that goes wrong is found by the error estimate.
"""

from collections.abc import Iterable, Mapping
from random import Random
from typing import NamedTuple

STAGES = 8  # triangular solves per factorisation: what an order costs is counted with these

TRIES, LOOKED_AT = 24, 100_000
"""Orders that are tried for a matrix, and the entries that all of them together look at: a matrix of more than
some 4 000 entries gets fewer tries, so that the time grows with its size alone."""


class Scale(NamedTuple):
    """M[target] *= M[diagonal], then M[a] -= M[target] * M[b] for each (a, b)."""

    target: int
    diagonal: int
    updates: tuple[tuple[int, int], ...]


class Invert(NamedTuple):
    """M[diagonal] = 1 / M[diagonal]."""

    diagonal: int


class Row(NamedTuple):
    """One line of a triangular solve: the position, and the (slot, position) pairs subtracted from it."""

    position: int
    terms: tuple[tuple[int, int], ...]


class Elimination(NamedTuple):
    """Slots of the filled matrix and the programs that factorise it and solve with it."""

    order: tuple[int, ...]
    """Index of the unknown at each position."""
    slots: tuple[tuple[int, int], ...]
    """(row position, column position) of every stored entry."""
    source: tuple[int, ...]
    """Per slot: index into the pattern the matrix was made from, -1 where there is none."""
    diagonal: tuple[int, ...]
    """Slot of the diagonal at each position; holds the reciprocal after the factorisation."""
    factor: tuple[Scale | Invert, ...]
    forward: tuple[Row, ...]
    backward: tuple[Row, ...]
    forward_transposed: tuple[Row, ...]
    """x[p] = (b[order[p]] - sum) * M[diagonal[p]]: the first half of a solve with the transpose."""
    backward_transposed: tuple[Row, ...]
    """x[p] = x[p] - sum: the second half."""

    @property
    def operations(self) -> tuple[int, int]:
        """Multiplications (with their additions) of one factorisation and of one solve."""
        factor = sum(1 + len(step.updates) if isinstance(step, Scale) else 1 for step in self.factor)
        return factor, len(self.slots)


def eliminate(size: int, pattern: Iterable[tuple[int, int]], tries: int = TRIES) -> Elimination:
    """Plan the elimination of a matrix with non-zeros at `pattern` (row, column) and on the diagonal."""
    pattern = list(pattern)
    tries = max(1, min(tries, LOOKED_AT // max(1, len(pattern))))
    rows: list[set[int]] = [{i} for i in range(size)]
    for i, j in pattern:
        rows[i].add(j)
    plans = [_order(size, rows, Random(seed) if seed else None) for seed in range(tries)]
    order, filled, _ = min(plans, key=lambda plan: plan[2])
    return _programs(order, filled, {(i, j): k for k, (i, j) in enumerate(pattern)})


def cost_of(rows: Mapping[int, set[int]]) -> int:
    """Multiplications of a factorisation and its solves, for these columns of each row."""
    names = sorted(rows)
    place = {name: position for position, name in enumerate(names)}
    return _order(len(names), [{place[j] for j in rows[name]} for name in names], None)[2]


def _order(size: int, rows: list[set[int]], random: Random | None) -> tuple[list[int], list[set[int]], int]:
    """Markowitz: next the pivot with the fewest updates; ties by index, or by chance in later tries."""
    row = [set(r) for r in rows]
    column: list[set[int]] = [set() for _ in range(size)]
    for i, entries in enumerate(row):
        for j in entries:
            column[j].add(i)
    order, cost = [], 0
    filled = [set(r) for r in rows]
    weight = [(len(row[i]) - 1) * (len(column[i]) - 1) for i in range(size)]
    alike: dict[int, set[int]] = {}
    for i, each in enumerate(weight):
        alike.setdefault(each, set()).add(i)
    while alike:
        least = min(alike)
        ties = alike[least]
        pivot = random.choice(sorted(ties)) if random else min(ties)
        others, below = row[pivot] - {pivot}, column[pivot] - {pivot}
        order.append(pivot)
        cost += least + len(below) + STAGES * (len(others) + len(below) + 1)
        for i in below:
            row[i].discard(pivot)
            for j in others - row[i]:
                row[i].add(j)
                column[j].add(i)
                filled[i].add(j)
        for j in others:
            column[j].discard(pivot)
        _move(alike, weight, pivot, None)
        for i in others | below:
            _move(alike, weight, i, (len(row[i]) - 1) * (len(column[i]) - 1))
    return order, filled, cost


def _move(alike: dict[int, set[int]], weight: list[int], unknown: int, to: int | None) -> None:
    """Put an unknown among those of another weight; None takes it out."""
    if weight[unknown] == to:
        return
    left = alike[weight[unknown]]
    left.discard(unknown)
    if not left:
        del alike[weight[unknown]]
    if to is not None:
        weight[unknown] = to
        alike.setdefault(to, set()).add(unknown)


def _programs(order: list[int], filled: list[set[int]], known: dict[tuple[int, int], int]) -> Elimination:
    size = len(order)
    place = {unknown: position for position, unknown in enumerate(order)}
    lines = [sorted(place[j] for j in filled[order[p]]) for p in range(size)]
    lower = [(p, q) for p in range(size) for q in lines[p] if q < p]
    upper = [(p, q) for p in reversed(range(size)) for q in lines[p] if q >= p]
    slots = [*lower, *upper]  # in the order in which a solve reads them: memory is its limit
    slot = {pair: k for k, pair in enumerate(slots)}
    columns: list[list[int]] = [[] for _ in range(size)]
    for p, q in sorted(slots):
        columns[q].append(p)
    diagonal = [slot[p, p] for p in range(size)]
    factor: list[Scale | Invert] = []
    for p in range(size):
        for q in lines[p]:
            if q < p:
                updates = tuple((slot[p, c], slot[q, c]) for c in lines[q] if c > q)
                factor.append(Scale(slot[p, q], diagonal[q], updates))
        factor.append(Invert(diagonal[p]))

    # terms in the order in which they become known, so that a sum waits for its last term only
    def line(p: int, others: list[int], transposed: bool, lower: bool) -> Row:
        terms = [q for q in others if q < p] if lower else [q for q in reversed(others) if q > p]
        return Row(p, tuple((slot[(q, p) if transposed else (p, q)], q) for q in terms))

    return Elimination(
        order=tuple(order),
        slots=tuple(slots),
        source=tuple(known.get((order[p], order[q]), -1) for p, q in slots),
        diagonal=tuple(diagonal),
        factor=tuple(factor),
        forward=tuple(line(p, lines[p], False, True) for p in range(size)),
        backward=tuple(line(p, lines[p], False, False) for p in reversed(range(size))),
        forward_transposed=tuple(line(p, columns[p], True, True) for p in range(size)),
        backward_transposed=tuple(line(p, columns[p], True, False) for p in reversed(range(size))),
    )
