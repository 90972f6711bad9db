"""Delays of functions of time, each beside its closed form; every other delay is refused by name."""

import numpy as np
import pytest

from screen.errors import NetworkError
from screen.network import read_sbml
from screen.network.algebra import evaluate_all
from tests.kernel.networks import sbml_of

TIMES = np.array([0.0, 0.5, 1.0, 1.5, 4.0])


def values_of(text, name):
    """An observable at TIMES."""
    network = read_sbml(sbml_of(text))
    known = dict(zip(network.parameters, network.values, strict=True)) | {"time": TIMES}
    rule = network.observable_rules[network.observables.index(name)]
    return np.broadcast_to(evaluate_all([rule], known)[0], TIMES.shape)


CLOSED = {
    "a rule goes on before the start": ("x := sin(3*time); y := delay(x, 1)", np.sin(3 * (TIMES - 1))),
    "what changes steadily was at its first value": (
        "x' = k; x = 2; k = 3; y := 10*delay(x, 1)",
        10 * (2 + 3 * np.maximum(TIMES - 1, 0)),
    ),
    "a reaction at a constant rate": (
        "compartment c = 2; species S in c; S = 1; -> S; v; v = 4; y := delay(S, 1)",
        1 + 2 * np.maximum(TIMES - 1, 0),
    ),
    "an initial assignment holds before the start": (
        "x = cos(time); y := delay(x, 1)",
        np.where(TIMES < 1, np.cos(TIMES - 1), 1),
    ),
    "a lag that grows": ("x' = 1; x = 0; y := delay(x, time/2)", TIMES / 2),
    "delays inside one another": ("x := time^2; y := delay(1 + delay(x, 1), 0.5)", 1 + (TIMES - 1.5) ** 2),
    "what is delayed itself": ("x := sin(time); w := delay(x, 1); y := delay(w, 2)", np.sin(TIMES - 3)),
    "no lag": ("x := exp(time); lag = 0; y := delay(x, lag)", np.exp(TIMES)),
    "a constant": ("x = 7; y := delay(x, 3)", np.full(5, 7.0)),
    "a parameter that an event sets at a fixed time": (
        "x = 2; E1: at time >= 0.5: x = 5; y := delay(x, 1)",
        np.where(TIMES >= 1.5, 5, 2),
    ),
}


@pytest.mark.parametrize(("text", "expected"), CLOSED.values(), ids=CLOSED)
def test_what_is_a_function_of_time_is_delayed_exactly(text, expected):
    np.testing.assert_allclose(values_of(text + ";", "y"), expected, rtol=1e-14, atol=1e-14)


def test_a_rate_of_change_may_depend_on_a_delay():
    network = read_sbml(sbml_of("x := time; z' = delay(x, 2); z = 0;"))
    assert evaluate_all(network.derivatives(), {"time": 5.0}) == [3.0]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("x' = -x; x = 1; y := delay(x, 1)", "x"),
        ("x' = time; x = 1; y := delay(2*x, 1)", "x"),
        ("x' = 1; x = 0; E1: at x > 2: x = 0; y := delay(x, 1)", "x"),
        ("x' = 1; x = 0; y := delay(rateOf(x), 1)", "rateOf x"),
        ("x' = delay(x, 1); x = 1", "x"),
    ],
)
def test_every_other_delay_is_refused_by_name(text, found):
    with pytest.raises(
        NetworkError, match=f"function of time alone can be delayed, found a delay of {found}$"
    ):
        read_sbml(sbml_of(text + ";"))
