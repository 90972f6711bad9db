"""The programs of a network against the algebra they come from."""

import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from screen.kernel.symbolic import conservation, elimination
from screen.kernel.symbolic.analysis import _per_amount, analyse
from screen.kernel.symbolic.evaluate import run
from screen.kernel.symbolic.serialise import from_json, to_json
from screen.network import read_sbml
from screen.network.algebra import ONE, constant, evaluate_all, symbol
from tests.kernel.networks import CYCLE, VARIED, sbml_of

STATE = np.array([1.1, 0.6, 0.8, 0.35, 0.5])
TIME = 3.7


@pytest.fixture(scope="module")
def network():
    return read_sbml(sbml_of(VARIED))


@pytest.fixture(scope="module")
def system(network):
    return analyse(network)


def values(system, program, state=STATE, parameters=None, **more):
    parameters = np.array(system.values) if parameters is None else parameters
    hoisted = run(system.hoist, {"parameter": parameters}, np)
    inputs = {"state": state, "parameter": parameters, "hoisted": hoisted, "time": TIME, **more}
    return np.array(run(program, inputs, np), dtype=float)


def central(function, point, step=1e-6):
    """Derivative of a vector function by central differences, [outputs, inputs]."""
    return np.stack(
        [(function(point + step * e) - function(point - step * e)) / (2 * step) for e in np.eye(len(point))],
        1,
    )


def test_derivative_is_that_of_the_network(network, system):
    symbols = dict(zip(network.parameters, network.values, strict=True)) | {"time": TIME}
    known = evaluate_all(network.derivatives(), symbols | dict(zip(network.species, STATE, strict=True)))
    np.testing.assert_allclose(values(system, system.derivative), np.array(known, float), rtol=1e-13)


def test_jacobian_and_its_zeros(system):
    size = len(system.species)
    found = values(system, system.linearisation)[size : size + len(system.pattern)]
    dense = np.zeros((size, size))
    dense[tuple(np.array(system.pattern).T)] = found
    known = central(lambda y: values(system, system.derivative, y), STATE)
    np.testing.assert_allclose(dense, known, rtol=1e-7, atol=1e-8)


def test_time_derivative(system):
    push = values(system, system.linearisation)[len(system.species) + len(system.pattern) :]
    before, after = (values(system, system.derivative, time=TIME + step) for step in (-1e-6, 1e-6))
    np.testing.assert_allclose(push, ((after - before) / 2e-6)[list(system.driven)], rtol=1e-7)
    assert [system.species[i] for i in system.driven] == ["M"]


def test_pullback_is_the_transposed_jacobian(system):
    v = np.random.default_rng(0).standard_normal(len(STATE))
    found = np.zeros(len(STATE))
    adjoints = values(system, system.pullback.program, cotangent=v)
    for (kind, index), value in zip(system.pullback.targets, adjoints, strict=True):
        if kind == "state":
            found[index] = value
    known = central(lambda y: values(system, system.derivative, y), STATE).T @ v
    np.testing.assert_allclose(found, known, rtol=1e-7, atol=1e-9)


def test_curvature_is_the_gradient_of_the_weighted_jacobian(system):
    size, entries = len(system.species), len(system.pattern)
    wanted = [size + k for k in system.reduction.pattern] + [
        size + entries + d for d in range(len(system.driven))
    ]
    weights = np.random.default_rng(1).standard_normal(len(wanted))
    found = np.zeros(size)
    adjoints = values(system, system.curvature.program, cotangent=weights)
    for (kind, index), value in zip(system.curvature.targets, adjoints, strict=True):
        if kind == "state":
            found[index] = value
    known = central(lambda y: values(system, system.linearisation, y)[wanted], STATE).T @ weights
    np.testing.assert_allclose(found, known, rtol=1e-6, atol=1e-8)


def test_parameters_are_used_once_per_phase_only(system):
    for program in (
        system.derivative,
        system.linearisation,
        system.curvature.program,
        system.pullback.program,
    ):
        assert not [instruction for instruction in program.code if instruction[0] == "parameter"]
    load, shift = (system.parameters.index(name) for name in ("load", "shift"))
    read = {instruction[1] for instruction in system.hoist.code if instruction[0] == "parameter"}
    assert {load, shift} <= read


def test_mass_action_costs_what_it_should():
    system = analyse(read_sbml(sbml_of(CYCLE)))
    operations = [instruction[0] for instruction in system.derivative.code]
    assert operations.count("mul") == 7  # one per rate, two where two species meet
    assert "reciprocal" not in operations


def test_constants_from_inside_a_rate_are_one_factor_of_it():
    text = """compartment cell = 1; species A in cell, B in cell; A = 1; B = 0; v = 2; k = 3; K = 4; Km = 5;
        r: A -> B; cell*(v*((k*A)/K)/(Km + A));"""
    system = analyse(read_sbml(sbml_of(text)))
    operations = [instruction[0] for instruction in system.derivative.code]
    assert operations.count("mul") == 2  # A / (Km + A), and all of the constants at once
    assert operations.count("hoisted") == 2
    np.testing.assert_allclose(
        values(system, system.derivative, np.array([1.5, 0.0])),
        [-2 * 3 * 1.5 / 4 / 6.5, 2 * 3 * 1.5 / 4 / 6.5],
    )


def test_a_system_survives_the_disk(system):
    assert from_json(json.loads(json.dumps(to_json(system)))) == system


def work_of(copies):
    """Calls of functions in the analysis of many copies of a cycle, in a chain, for each entry of the Jacobian."""
    names = [f"X{i}" for i in range(4 * copies)]
    lines = [
        f"k{i}: {names[i]} -> {names[i - i % 4 + (i + 1) % 4]}; k*{names[i]}*{names[i - 4]};"
        for i in range(len(names))
    ]
    network = read_sbml(
        sbml_of(
            f"species {', '.join(names)}; k = 1; {' '.join(f'{name} = 1;' for name in names)}"
            + "".join(lines)
        )
    )
    calls = [0]

    def called(frame, event, argument):
        calls[0] += event in ("call", "c_call")

    sys.setprofile(called)
    try:
        system = analyse(network)
    finally:
        sys.setprofile(None)
    return calls[0] / len(system.pattern)


def test_the_work_grows_with_the_entries_of_the_jacobian_alone(monkeypatch):
    for module in (conservation, elimination):
        monkeypatch.setattr(module, "LOOKED_AT", 1000)
    assert work_of(80) < 1.1 * work_of(20)


def test_terms_without_a_parameter_are_added_and_subtracted_and_what_folds_to_a_number_is_one():
    text = "x' = y - x - x*y; y' = 2 - y; z' = -z*piecewise(3, k > 1, 3); x = 1; y = 1; z = 1; k = 2;"
    system = analyse(read_sbml(sbml_of(text)))
    assert system.species == ("x", "y", "z") and not system.hoist.outputs
    assert values(system, system.derivative, np.array([2.0, 3.0, 5.0])).tolist() == [-5.0, -1.0, -15.0]
    assert {op for op, *_ in system.derivative.code} == {"state", "constant", "sub", "mul"}


def test_an_amount_changes_a_species_by_one_factor_or_by_none_that_is_known():
    """The second species is changed by two reactions through the same volume, the third by none; then by another."""
    part, other = constant(1.0) / symbol("cell"), constant(1.0) / symbol("nucleus")
    changes = [(0, 0, ONE), (1, 0, -2.0 * part), (1, 1, part)]
    network = SimpleNamespace(species=("A", "B", "C"), stoichiometry=changes)
    assert _per_amount(network) == [ONE, part, ONE]
    network.stoichiometry = [*changes, (1, 2, other)]
    assert _per_amount(network) == []
