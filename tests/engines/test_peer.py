"""Engines against libRoadRunner: published models, and the shipped network in every context."""

from pathlib import Path

import numpy as np
import pytest
import roadrunner

from screen.kernel import Model, Status, Until, load_model, rest, solve
from screen.network import compose_network
from screen.scenarios import ContextTables, hypothesis_labels, hypothesis_settings, read_context_tables
from tests.engines.systems import peer_states

RTOL, ATOL = 1e-6, 1e-9
PUBLISHED = {
    "Bachmann_MSB2011": 240.0, "Boehm_JProteomeRes2014": 240.0, "Borghans_BiophysChem1997": 20.0,
    "Brannmark_JBC2010": 20.0, "Crauste_CellSystems2017": 30.0, "Elowitz_Nature2000": 300.0,
    "Fujita_SciSignal2010": 3600.0, "Raia_CancerResearch2011": 120.0, "Weber_BMC2015": 30.0,
    "sobotta2017": 240.0,
}  # fmt: skip
"""Models of the PEtab benchmark collection, and Sobotta 2017: the last time [time of the model] compared."""
MINUTES = (5.0, 20.0, 60.0, 180.0, 1440.0)


def largest_error(found: np.ndarray, known: np.ndarray) -> float:
    """Largest difference [times, species], relative, where a species is at least 1e-3 of its own largest value."""
    floor = 1e-3 * np.abs(known).max(axis=0) + 1e3 * ATOL
    return float(np.max(np.abs(found - known) / np.maximum(np.abs(known), floor)))


def states_of(model: Model, engine: str, times: np.ndarray) -> np.ndarray:
    parameters = model.values[None, None]
    state = np.asarray(model.initial(parameters[:, 0]))
    share = 1e-2 if engine == "diffrax" else 1.0
    solution = solve(
        model,
        parameters,
        state,
        np.zeros((1, 1)),
        times[None],
        engine=engine,
        rtol=share * RTOL,
        atol=share * ATOL,
    )
    assert solution.status[0] == Status.OK
    return np.asarray(solution.states)[0]


def compare_published(folder: Path, name: str, engine: str) -> None:
    """Within 10 tolerances; where a model amplifies errors (Borghans, Crauste), within the peer's own error."""
    path = folder / (f"petab/{name}/model_{name}.xml" if name != "sobotta2017" else f"{name}/il6_model.xml")
    if not path.is_file():
        pytest.skip(f"published model must be in the data folder, found no {path.name}")
    model = load_model(path)
    times = np.linspace(0.0, PUBLISHED[name], 11)
    known = peer_states(path, model.species, times)
    amplified = largest_error(peer_states(path, model.species, times, RTOL, ATOL), known)
    assert largest_error(states_of(model, engine, times[1:]), known) < max(10 * RTOL, amplified)


@pytest.mark.parametrize("name", PUBLISHED)
def test_kernel_on_published_models(data_folder, name):
    compare_published(data_folder, name, "kernel")


@pytest.mark.parametrize("name", ["Boehm_JProteomeRes2014"])
def test_every_engine_on_a_published_model(data_folder, name, quick_engine):
    compare_published(data_folder, name, quick_engine)


@pytest.mark.slow
@pytest.mark.parametrize("name", PUBLISHED)
@pytest.mark.parametrize("other", ["jax", "diffrax"])
def test_portable_engines_on_published_models(data_folder, name, other):
    compare_published(data_folder, name, other)


@pytest.fixture(scope="module")
def shipped(root: Path) -> tuple[str, Model, ContextTables]:
    """SBML and model of the shipped network, and its contexts."""
    sbml = compose_network(root / "config/network")
    return (
        sbml,
        load_model(sbml),
        read_context_tables(root / "config/contexts.tsv", root / "config/hypotheses.tsv"),
    )


def peer_runs(sbml: str, model: Model, parameters: np.ndarray, rests: np.ndarray) -> np.ndarray:
    """States [lanes, minutes, species] of phase 1 from these rest states, by libRoadRunner."""
    runner = roadrunner.RoadRunner(sbml)
    runner.integrator.relative_tolerance, runner.integrator.absolute_tolerance = 1e-9, 1e-12
    runner.integrator.maximum_num_steps = 1_000_000
    runner.timeCourseSelections = [f"[{name}]" for name in model.species]
    runs = []
    for lane, start in zip(parameters[:, 1], rests, strict=True):
        runner.resetAll()
        for name, value in zip(model.parameters, lane, strict=True):
            runner.setValue(name, float(value))
        runner.model.setFloatingSpeciesConcentrations(_in_order(runner, model, start))
        runs.append(np.array(runner.simulate(times=[0.0, *MINUTES]))[1:])
    return np.array(runs)


def _in_order(runner: roadrunner.RoadRunner, model: Model, state: np.ndarray) -> np.ndarray:
    place = {name: index for index, name in enumerate(model.species)}
    return np.array([state[place[name]] for name in runner.model.getFloatingSpeciesIds()])


def lanes_of(model: Model, contexts: ContextTables) -> np.ndarray:
    """Parameters [contexts x hypotheses, (rest, stimulus), parameters]."""
    column = {name: index for index, name in enumerate(model.parameters)}
    lanes = []
    for context in contexts.contexts.values():
        for label in hypothesis_labels(contexts.options, context.hypotheses):
            lane = np.tile(model.values, (2, 1))
            for name, value in hypothesis_settings(contexts.options, label).items():
                lane[:, column[name]] = value
            for setting in context.totals:
                lane[:, column[setting.parameter]] = setting.value
            for setting in context.stimulus:
                lane[1, column[setting.parameter]] = setting.value
            lanes.append(lane)
    return np.array(lanes)


def compare_shipped(shipped: tuple[str, Model, ContextTables], engine: str) -> None:
    sbml, model, contexts = shipped
    parameters = lanes_of(model, contexts)
    lanes = len(parameters)
    resting = rest(model, parameters[:, 0], np.asarray(model.initial(parameters[:, 0])), until=Until(1e5))
    assert not np.any(resting.status)
    rests = np.where(np.abs(resting.state) < 1e-30, 0.0, resting.state)
    known = peer_runs(sbml, model, parameters, rests)
    times = np.tile(MINUTES, (lanes, 1))
    share = 1e-2 if engine == "diffrax" else 1.0
    found = solve(
        model, parameters[:, 1:], rests, np.zeros((lanes, 1)), times,
        engine=engine, rtol=share * RTOL, atol=share * ATOL,
    )  # fmt: skip
    assert np.all(np.asarray(found.status) == Status.OK)
    worst = [largest_error(f, k) for f, k in zip(np.asarray(found.states), known, strict=True)]
    assert max(worst) < 10 * RTOL, worst


def test_kernel_on_the_shipped_network_in_every_context(shipped):
    compare_shipped(shipped, "kernel")


@pytest.mark.slow
@pytest.mark.parametrize("other", ["jax", "diffrax"])
def test_portable_engines_on_the_shipped_network_in_every_context(shipped, other):
    compare_shipped(shipped, other)
