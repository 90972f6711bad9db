"""The straight-line factorisation against dense linear algebra."""

import numpy as np
import pytest

from screen.kernel.symbolic import elimination
from screen.kernel.symbolic.elimination import Elimination, Scale, eliminate


def factorise(plan: Elimination, entries: np.ndarray) -> np.ndarray:
    """Run the factorisation as its docstring says."""
    m = np.where(np.array(plan.source) < 0, 0.0, entries[np.maximum(plan.source, 0)])
    for step in plan.factor:
        if isinstance(step, Scale):
            m[step.target] *= m[step.diagonal]
            for a, b in step.updates:
                m[a] -= m[step.target] * m[b]
        else:
            m[step.diagonal] = 1 / m[step.diagonal]
    return m


def triangular(plan: Elimination, m: np.ndarray, b: np.ndarray, transposed: bool) -> np.ndarray:
    """Run the two halves of a solve; the half with the diagonal multiplies by its reciprocal."""
    x = np.full(len(b), np.nan)  # what is not known yet must not be read
    halves = (
        (plan.forward_transposed, plan.backward_transposed) if transposed else (plan.forward, plan.backward)
    )
    for number, half in enumerate(halves):
        for position, terms in half:
            start = x[position] if number else b[plan.order[position]]
            x[position] = start - sum(m[slot] * x[q] for slot, q in terms)
            if number != transposed:
                x[position] *= m[plan.diagonal[position]]
    solution = np.zeros(len(b))
    solution[list(plan.order)] = x
    return solution


@pytest.mark.parametrize("size", [1, 2, 7, 30])
@pytest.mark.parametrize("transposed", [False, True])
def test_solves_what_dense_algebra_solves(size, transposed):
    random = np.random.default_rng(size)
    pattern = [(i, j) for i in range(size) for j in range(size) if i == j or random.random() < 0.15]
    entries = random.standard_normal(len(pattern)) + [5.0 * (i == j) for i, j in pattern]
    dense = np.zeros((size, size))
    for (i, j), value in zip(pattern, entries, strict=True):
        dense[i, j] = value
    plan = eliminate(size, pattern)
    b = random.standard_normal(size)
    found = triangular(plan, factorise(plan, entries), b, transposed)
    np.testing.assert_allclose(found, np.linalg.solve(dense.T if transposed else dense, b), rtol=1e-9)


def test_an_arrow_fills_nothing():
    size = 20
    pattern = (
        [(i, i) for i in range(size)] + [(0, i) for i in range(1, size)] + [(i, 0) for i in range(1, size)]
    )
    plan = eliminate(size, pattern)
    assert len(plan.slots) == len(pattern)
    assert plan.order.index(0) >= size - 2


def test_the_order_is_the_same_every_time():
    pattern = [(i, (7 * i) % 19) for i in range(19)] + [(i, (5 * i + 3) % 19) for i in range(19)]
    assert eliminate(19, pattern) == eliminate(19, list(pattern))


@pytest.mark.parametrize(("size", "tries"), [(1, 24), (1000, 24), (5000, 10), (60_000, 1)])
def test_a_larger_matrix_gets_fewer_tries(monkeypatch, size, tries):
    tried = []
    monkeypatch.setattr(elimination, "_order", lambda size, rows, random: tried.append(size) or ([], [], 0))
    monkeypatch.setattr(elimination, "_programs", lambda *what: None)
    eliminate(size, [*((i, i) for i in range(size)), *((i, (i + 1) % size) for i in range(size))])
    assert tried == [size] * tries


def test_each_pivot_has_the_fewest_updates_of_all_that_are_left():
    size, random = 40, np.random.default_rng(3)
    pattern = [(i, j) for i in range(size) for j in range(size) if i == j or random.random() < 0.08]
    filled = np.zeros((size, size), bool)
    filled[tuple(np.array(pattern).T)] = True
    left = np.ones(size, bool)
    for pivot in eliminate(size, pattern, tries=1).order:
        weights = (filled[:, left].sum(axis=1) - 1) * (filled[left].sum(axis=0) - 1)
        assert pivot == np.flatnonzero(left & (weights == weights[left].min()))[0]
        left[pivot] = False
        filled |= np.outer(filled[:, pivot] & left, filled[pivot] & left)


@pytest.mark.parametrize("size", [1, 2, 7, 30])
def test_an_order_costs_the_multiplications_of_its_factors_and_of_eight_solves(size):
    """A reciprocal is none."""
    random = np.random.default_rng(size)
    rows = {i: {i, *np.flatnonzero(random.random(size) < 0.15).tolist()} for i in range(size)}
    plan = eliminate(size, [(i, j) for i, row in rows.items() for j in row], tries=1)
    factor, solve = plan.operations
    assert elimination.cost_of(rows) == factor - size + 8 * solve
    far = {3 * i + 5: {3 * j + 5 for j in row} for i, row in rows.items()}
    assert elimination.cost_of(far) == elimination.cost_of(rows)


def test_of_several_orders_the_cheapest_is_taken_and_the_first_has_no_chance_in_it(monkeypatch):
    costs, chances, taken = iter([9, 4, 7, 5]), [], []

    def order(size, rows, random):
        chances.append(random is not None)
        return [len(chances)], [], next(costs)

    monkeypatch.setattr(elimination, "_order", order)
    monkeypatch.setattr(elimination, "_programs", lambda order, filled, known: taken.append((order, known)))
    eliminate(2, [(0, 1), (1, 1)], tries=4)
    assert taken == [([2], {(0, 1): 0, (1, 1): 1})] and chances == [False, True, True, True]
