"""The slice of every shipped cell is the whole network along its trajectories, and a slice of too little is not."""

import numpy as np
import pytest

from screen.errors import NetworkError
from screen.experiments import lane_parameters, rest_parameters
from screen.kernel import build_model, load_model, rest, solve
from screen.network import compose_network, read_sbml, slice_network
from screen.network.algebra import evaluate_all
from screen.scenarios import Request, plan_scenarios, read_context_tables, read_drug_tables
from screen.settings import load_settings
from screen.simulate import ScreenTables, make_part
from screen.simulate.cells import cells_alike

READ = ("pY705_level", "pSTAT1")
MINUTES = np.array([0.0, 5.0, 60.0, 1440.0])
LANES = 6


@pytest.fixture(scope="module")
def whole(root):
    text = compose_network(root / "config/network")
    return read_sbml(text), load_model(text)


@pytest.fixture(scope="module")
def cells(root, whole):
    """Cell -> what is 0 there, parameters [lanes, phases, parameters] of some lanes, starts of phases, and of rest."""
    model = whole[1]
    settings = load_settings(root / "config/config.yaml")
    contexts = read_context_tables(root / "config/contexts.tsv", root / "config/hypotheses.tsv")
    drugs = read_drug_tables(*(root / f"config/{name}.tsv" for name in ("drugs", "affinities", "targets")))
    scenarios = plan_scenarios(contexts, drugs, Request(doses_nM=[1000.0]))
    part = make_part(ScreenTables(scenarios, contexts, drugs, None, settings.seed), model)
    found = {}
    for zero, arms in cells_alike(part.design, part.draws, model.parameters).items():
        arm, draw = arms[np.linspace(0, len(arms) - 1, LANES).astype(int)], np.zeros(LANES, int)
        parameters = np.asarray(lane_parameters(part.design, part.draws, arm, draw))
        resting = np.asarray(rest_parameters(part.design, part.draws, part.design.rest[arm], draw))
        for each in {part.scenarios[arm].rpartition("|")[0] for arm in arms}:
            found[each] = zero, parameters, part.design.start[arm], resting
    assert len(found) == scenarios.select("context", "hypothesis").n_unique()
    return found


def differences(whole, zero, parameters, start, resting):
    """By how much a slice differs along trajectories of the whole: derivatives of species, and what is read."""
    network, model = whole
    part = slice_network(network, zero, READ)
    states = rest(model, resting, model.initial(resting)).state
    times = np.tile(MINUTES, (len(parameters), 1))
    states = np.asarray(solve(model, parameters, states, start, times).states)
    last = np.broadcast_to(parameters[:, -1, None], (*states.shape[:2], parameters.shape[-1]))
    values = {name: states[..., place] for place, name in enumerate(model.species)}
    values |= {name: last[..., place] for place, name in enumerate(model.parameters)} | {"time": times}
    slopes = dict(zip(network.species, network.derivatives(), strict=True))
    rules = dict(zip(network.observables, network.observable_rules, strict=True))
    known = evaluate_all(
        [*(slopes[name] for name in part.species), *(rules[name] for name in part.observables)], values
    )
    found = evaluate_all([*part.derivatives(), *part.observable_rules], values)
    return part, max(
        np.max(np.abs(np.subtract(one, other)) / (1 + np.abs(other)))
        for one, other in zip(found, known, strict=True)
    )


def test_every_slice_is_the_whole_network(whole, cells):
    sizes = []
    for name, cell in cells.items():
        part, difference = differences(whole, *cell)
        assert difference < 1e-9, name
        assert set(READ) == set(part.observables) and part.parameters == whole[0].parameters
        sizes.append(len(part.species))
    assert max(sizes) < 0.6 * len(whole[0].species)


@pytest.mark.parametrize("alive", ["gp130_total", "STAT3_total", "JAK1_total", "k_STAT3_turnover"])
def test_a_slice_without_what_a_cell_has_is_found_out(whole, cells, alive):
    zero, *lanes = cells["hepatocyte_mouse|default"]
    assert alive not in zero
    assert differences(whole, [*zero, alive], *lanes)[1] > 1e-6


def test_a_slice_names_what_it_does_not_know(whole):
    with pytest.raises(NetworkError, match="observable must be of stat3, found pY999"):
        slice_network(whole[0], [], ["pY999"])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["hepatocyte_mouse|default", "npm1_alk_lymphoma|alk_direct"])
def test_trajectories_of_a_slice_are_those_of_the_whole(whole, cells, name):
    zero, parameters, start, resting = cells[name]
    times, read = np.tile(MINUTES, (LANES, 1)), []
    for model in (whole[1], build_model(slice_network(whole[0], zero, READ))):
        state = rest(model, resting, model.initial(resting)).state
        found = solve(model, parameters, state, start, times, rtol=1e-11, atol=1e-14)
        assert not np.any(found.status)
        read.append(np.asarray(model.observe(times, found.states, parameters[:, -1:], READ)))
    np.testing.assert_allclose(read[1], read[0], rtol=1e-9, atol=1e-12)
