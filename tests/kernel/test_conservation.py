"""Conserved sums: found exactly, kept by the integration, and worth their while."""

import numpy as np
import pytest

from screen.kernel import solve
from screen.kernel.symbolic import conservation
from screen.kernel.symbolic.analysis import analyse
from screen.kernel.symbolic.conservation import conservation_laws
from screen.network import read_sbml
from screen.network.algebra import ONE, constant, symbol
from tests.kernel.networks import CYCLE, model_of, perturbed, sbml_of

SHUTTLE = """compartment cell = 2; compartment nucleus = 0.5; species P in cell, N in nucleus; P = 1; N = 0;
    r: P -> N; cell*P - nucleus*N;"""


def named(network, law):
    return {network.species[i]: weight for i, weight in zip(law.species, law.weights, strict=True)}


def test_what_a_cycle_keeps():
    network = read_sbml(sbml_of(CYCLE))
    laws = [named(network, law) for law in conservation_laws(network)]
    assert sorted(map(sorted, laws)) == [["A", "Ap"], ["B", "Bp"]]
    assert all(set(law.values()) == {1.0} for law in laws)
    assert all(law.exact for law in conservation_laws(network))


def test_a_law_across_volumes_weighs_them_and_is_not_used():
    network = read_sbml(sbml_of(SHUTTLE))
    (law,) = conservation_laws(network)
    assert named(network, law) == {"P": 1.0, "N": 0.25}
    assert not law.exact
    assert analyse(network).reduction.dependents == ()


@pytest.mark.parametrize("size", [1e-15, 3e-12, 7e8, 2e12, 1e100])
def test_a_law_holds_in_a_volume_of_any_size(size):
    text = SHUTTLE.replace("cell = 2", f"cell = {size}").replace("nucleus = 0.5", f"nucleus = {0.25 * size}")
    network = read_sbml(sbml_of(text))
    (law,) = conservation_laws(network)
    assert named(network, law) == pytest.approx({"P": 1.0, "N": 0.25}, rel=1e-9)


def test_a_coefficient_that_is_0_by_default_is_no_law_that_holds():
    text = sbml_of("species P, Q, R; P = 1; Q = 2; R = 3; none = 0; k = 1; r: P -> Q; k*P;")
    for name in "PQ":
        text = text.replace(f'<species id="{name}"', f'<species id="{name}" conversionFactor="none"')
    network = read_sbml(text)
    assert len(network.stoichiometry) == 2
    assert [named(network, law) for law in conservation_laws(network)] == [{"R": 1.0}]


def test_pairs_leave_the_linear_algebra():
    system = analyse(read_sbml(sbml_of(CYCLE)))
    assert len(system.reduction.dependents) == 2
    full, reduced = system.elimination.operations, system.reduction.elimination.operations
    assert reduced[0] + 8 * reduced[1] < full[0] + 8 * full[1]


@pytest.mark.parametrize(
    ("rings", "length", "tried"), [(10, 3, 30), (10, 30, 40), (100, 4, 125), (400, 4, 31)]
)
def test_the_eliminations_that_are_planned_look_at_a_bounded_number_of_entries(
    monkeypatch, rings, length, tried
):
    planned = []
    monkeypatch.setattr(conservation, "cost_of", lambda rows: planned.append(rows) or 0)
    members = np.arange(rings * length).reshape(rings, length)
    pairs = [*zip(members.ravel(), members.ravel(), strict=True)]
    pairs += zip(np.roll(members, -1, axis=1).ravel(), members.ravel(), strict=True)
    laws = [conservation.Law(tuple(ring.tolist()), (1.0,) * length, True) for ring in members]
    conservation.reduce_step(members.size, [(int(i), int(j)) for i, j in pairs], laws)
    assert len(planned) == 1 + tried


def test_totals_are_kept_to_rounding_whatever_the_step():
    model = model_of(CYCLE)
    parameters = perturbed(model, 8, 2)
    state = np.random.default_rng(3).uniform(0.1, 3, (8, 5))
    times = np.tile(np.linspace(0.1, 30, 40), (8, 1))
    solution = solve(model, parameters, state, np.tile([0.0, 7.0], (8, 1)), times, rtol=1e-3, atol=1e-4)
    for law in model.system.laws:
        totals = np.asarray(solution.states)[..., list(law.species)] @ np.array(law.weights)
        start = state[:, list(law.species)] @ np.array(law.weights)
        np.testing.assert_allclose(totals, np.broadcast_to(start[:, None], totals.shape), rtol=1e-12)


WEIGHTED = """species A, D, M, B, C; A = 1; D = 0; M = 0; B = 2; C = 0; k = 1;
    pair: 2 A -> D; k*A*A; part: D -> 2 A; k*D; mixed: A + B -> M; k*A*B; apart: M -> A + B; k*M; turn: B -> C; k*B;
    back: C -> B; k*C;"""
"""Of A there is A + 2 D + M, of B there is B + C + M."""


def test_laws_weigh_what_a_complex_holds():
    laws = conservation_laws(read_sbml(sbml_of(WEIGHTED)))
    network = read_sbml(sbml_of(WEIGHTED))
    basis = np.zeros((len(laws), 5))
    for row, law in enumerate(laws):
        for name, weight in named(network, law).items():
            basis[row, "ADMBC".index(name)] = weight
    assert len(laws) == 2 and np.abs(basis).max(axis=1).tolist() == [1.0, 1.0]
    for known in ([1, 2, 1, 0, 0], [0, 0, 1, 1, 1]):
        assert np.linalg.matrix_rank(np.vstack([basis, known])) == 2


@pytest.mark.parametrize(
    "laws",
    [
        [((0, 1), (1.0, 0.5))],
        [((0, 1, 2), (0.5, 1.0, 0.5)), ((2, 3, 4), (1.0, 1.0, 1.0))],
        [((0, 1, 2), (0.5, 1.0, 0.5)), ((0, 3), (1.0, -0.25)), ((1, 4), (1.0, 1.0))],
    ],
)
def test_the_smaller_matrix_is_the_whole_one_with_dependents_written_as_the_others(laws):
    """J' = P J Q: Q gives all species from those that are left, P takes the rows of these."""
    size = 6
    exact = [conservation.Law(species, weights, True) for species, weights in laws]
    pattern = [(i, j) for i in range(size) for j in range(size)]
    reduction = conservation.reduce_step(size, pattern, exact)
    dependents = {each.species: dict(each.ratios) for each in reduction.dependents}
    assert len(dependents) == len(laws)
    whole = np.eye(size)
    for species, ratios in dependents.items():
        whole[species] = 0.0
        whole[species, list(ratios)] = list(ratios.values())
    for species, weights in laws:
        assert np.array(weights) @ whole[list(species)] == pytest.approx(np.zeros(size), abs=1e-15)
    order = list(reduction.elimination.order)
    assert sorted([*order, *dependents]) == list(range(size))
    jacobian = np.random.default_rng(2).normal(size=(size, size))
    want = (jacobian @ whole)[np.ix_(order, order)]
    entries = [jacobian[pattern[k]] for k in reduction.pattern]
    for (p, q), parts in zip(reduction.elimination.slots, reduction.mix, strict=True):
        assert sum(factor * entries[entry] for entry, factor in parts) == pytest.approx(want[p, q])


def test_a_law_that_holds_for_default_volumes_alone_takes_nothing_out():
    law = conservation.Law((0, 1), (1.0, 1.0), False)
    pattern = [(i, j) for i in range(3) for j in range(3)]
    assert conservation.reduce_step(3, pattern, [law]).dependents == ()


def laws_of(text):
    network = read_sbml(sbml_of(text))
    return [named(network, law) for law in conservation_laws(network)]


def test_what_a_rule_of_its_rate_moves_keeps_nothing():
    """Neither with another rate rule nor with what a reaction makes, whatever their places are."""
    made = "species A, B, C; A = 1; B = 0; C = 0; k = 1; r: A -> B; k*A;"
    assert laws_of(f"{made} s: B -> C; k*B; x' = 1; y' = 1; x = 0; y = 0;") == [
        {"A": 1.0, "B": 1.0, "C": 1.0}
    ]
    assert laws_of("species A; A = 1; k = 1; x' = k; x = 0; r: -> A; k;") == []
    assert laws_of("x' = 1; y' = 1; z' = 2; x = 0; y = 0; z = 0;") == []


@pytest.mark.parametrize("number", [0.0123, 2.0, 0.3333, 1 / 128])
def test_a_law_has_the_stoichiometry_as_it_is_written(number):
    found = laws_of(
        f"species A, B; A = 1; B = 0; k = 1; r: A -> {number!r} B; k*A; back: {number!r} B -> A; k*B;"
    )
    (weights,) = found
    assert weights["A"] / weights["B"] == pytest.approx(number, rel=1e-12)


@pytest.mark.parametrize(("more", "taken"), [(44, True), (45, False)])
def test_a_species_leaves_the_algebra_where_that_costs_less_than_its_sums_over_stages(
    monkeypatch, more, taken
):
    """Of each species of a step these are 45 multiplications."""
    costs = iter([100, *[100 + more] * 2])
    monkeypatch.setattr(conservation, "cost_of", lambda rows: next(costs))
    pattern = [(i, j) for i in range(2) for j in range(2)]
    reduction = conservation.reduce_step(2, pattern, [conservation.Law((0, 1), (1.0, 1.0), True)])
    assert bool(reduction.dependents) == taken


@pytest.mark.parametrize("seed", range(4))
def test_what_fills_once_a_species_is_gone_is_counted(seed):
    """Its own row goes, and the others of its law stand in every row that had it."""
    random = np.random.default_rng(seed)
    rows = {i: {i, *np.flatnonzero(random.random(8) < 0.5).tolist()} for i in range(8)}
    law = {2: 1.0, 5: -0.5, 6: 2.0}
    for species in law:
        left = conservation._without(rows, species, law)
        users = {i for i in rows if i != species and species in rows[i]}
        assert left.keys() == rows.keys() - {species} and users
        for i, entries in left.items():
            assert entries == (rows[i] - {species} | law.keys() - {species} if i in users else rows[i])
        more = sum(map(len, left.values())) - sum(map(len, rows.values()))
        assert conservation._filled(rows, species, law) == more


def test_of_a_law_that_species_leaves_the_algebra_which_saves_most():
    """The first moves ten others, each of which would then be moved by two; the second and the third move nobody."""
    others = range(3, 13)
    pattern = {*((i, 0) for i in range(13)), (0, 1), (1, 1), (1, 2), (2, 2)}
    pattern |= {(i, j) for i in others for j in others if abs(i - j) < 2}
    law = conservation.Law((0, 1, 2), (1.0, 1.0, 1.0), True)
    (dependent,) = conservation.reduce_step(13, sorted(pattern), [law]).dependents
    assert dependent == (1, ((0, -1.0), (2, -1.0)))


def test_a_coefficient_is_a_number_times_the_rest():
    x, y = symbol("x"), symbol("y")
    known = ((constant(4.0), (4.0, ONE)), (x, (1.0, x)), (3.0 * x, (3.0, x)), (3.0 * x * y, (3.0, x * y)))
    for coefficient, parts in known:
        assert conservation.number_and_rest(coefficient) == parts
