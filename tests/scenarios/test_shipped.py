"""The shipped tables against the shipped network."""

import numpy as np
import pytest

from screen.experiments import lane_parameters
from screen.kernel import load_model
from screen.network import compose_network, read_parameters, read_sbml
from screen.scenarios import Request, check_contexts, hypothesis_labels, plan_scenarios
from screen.simulate import ScreenTables, make_part
from tests.scenarios.tables import CONFIG, contexts_of


@pytest.fixture(scope="module")
def network():
    return read_sbml(compose_network(CONFIG / "network", None))


@pytest.fixture(scope="module")
def shipped_contexts():
    return contexts_of(CONFIG)


def test_every_target_is_a_load_of_the_network_and_the_other_way_round(network, shipped_drugs):
    for prefix in ("load_", "shift_"):
        assert {name for name in network.parameters if name.startswith(prefix)} == {
            f"{prefix}{name}" for name in shipped_drugs.targets
        }


def test_contexts_set_parameters_of_the_network_in_their_units(network, shipped_contexts):
    table = read_parameters(CONFIG / "network" / "parameters.tsv")
    units = dict.fromkeys(network.parameters) | dict(zip(table["parameter"], table["unit"], strict=True))
    check_contexts(shipped_contexts, units)


def test_organisms_and_weights_of_the_contexts(shipped_contexts):
    mouse = {name for name, context in shipped_contexts.contexts.items() if context.organism == "mouse"}
    assert mouse == {"hepatocyte_mouse"}
    for context in shipped_contexts.contexts.values():
        labels = hypothesis_labels(shipped_contexts.options, context.hypotheses)
        assert sum(labels.values()) == pytest.approx(1.0)


def test_the_whole_screen_can_be_assembled(shipped_contexts, shipped_drugs):
    """Every screened drug in every context; a load is never negative and every value is finite."""
    model = load_model(compose_network(CONFIG / "network"))
    scenarios = plan_scenarios(shipped_contexts, shipped_drugs, Request(doses_nM=[1, 1000]))
    part = make_part(ScreenTables(scenarios, shipped_contexts, shipped_drugs, None, seed=1), model)
    parameters = np.asarray(
        lane_parameters(part.design, part.draws, *part.arm_and_draw(np.arange(part.lanes)))
    )
    loads = parameters[:, :, [name.startswith("load_") for name in model.parameters]]
    assert (loads >= 0).all()
    assert np.isfinite(parameters).all()
    vehicle = (scenarios["role"] == "vehicle").to_numpy()
    assert not loads[vehicle].any()
    silent = {
        scenarios["drug_a"][int(row)]
        for row in (~loads.any(axis=(1, 2)) & ~vehicle).nonzero()[0]
        if scenarios["context"][int(row)] != "hepatocyte_mouse"
    }
    assert silent == set()
