"""Networks without some modules: their names, what they lack, what cannot be left out, and what they cost."""

import pytest

from benchmarks.smaller import step_operations
from screen.errors import NetworkError
from screen.kernel.symbolic.analysis import analyse
from screen.network import compose_network, compose_without, left_out_of, network_name, read_sbml


@pytest.mark.parametrize(
    ("left_out", "name"),
    [((), "stat3"), (("m07",), "stat3-without-m07"), (("m12", "m07"), "stat3-without-m07-m12")],
)
def test_the_name_says_what_is_left_out(left_out, name):
    assert network_name(left_out) == name
    assert left_out_of(name) == tuple(sorted(left_out))


@pytest.mark.parametrize("name", ["stat", "stat3-without", "stat3-without-m12-m07", "stat3-without-07", ""])
def test_a_name_that_says_nothing_is_refused(name):
    with pytest.raises(NetworkError, match=f"must be stat3 or stat3-without-m07-m12 .*, found {name}$"):
        left_out_of(name)


def test_nothing_left_out_is_the_whole_network(network_folder, shipped):
    assert compose_without(network_folder, None, ()) == shipped


def test_leaving_out_is_taking_the_rest(small):
    folder = small()
    assert compose_without(folder, None, ["m02"]) == compose_network(folder, ["m01"])
    assert compose_without(folder, ["m01"], ["m02"]) == compose_network(folder, ["m01"])
    assert compose_without(folder, ["m02_brake"], ["m01"]) == compose_network(folder, ["m02"])


@pytest.mark.parametrize("key", ["m00", "m13", "m99"])
def test_what_is_in_every_network_or_in_none_cannot_be_left_out(network_folder, key):
    with pytest.raises(
        NetworkError, match=f"^module {key}: must be one of m01, .* to be left out, found no such"
    ):
        compose_without(network_folder, None, [key])


@pytest.fixture(scope="module")
def whole_cost(whole):
    """Operations of a step of the shipped network."""
    return step_operations(analyse(whole))


@pytest.mark.parametrize(
    "left_out", [("m07",), ("m06", "m07"), ("m06", "m07", "m08", "m09", "m10")], ids="-".join
)
def test_a_smaller_network_costs_less_in_proportion(network_folder, whole, whole_cost, left_out):
    """Operations of a step go with the reactions that are left, to a quarter."""
    smaller = read_sbml(compose_without(network_folder, None, left_out))
    size = len(smaller.reactions) / len(whole.reactions)
    cost = step_operations(analyse(smaller)) / whole_cost
    assert cost < 1
    assert cost <= 1.25 * size
