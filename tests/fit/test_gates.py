"""The fitted network does what the experiments of the dossier's panel did: V01, V02 and V09.

The shipped problem is fitted with few steps; the best fit and the median of the ensemble must both pass.
"""

import jax.numpy as jnp
import numpy as np
import polars as pl
import pytest

from screen.experiments import loads
from screen.fit import FITTED, Plan, Schedule, choose_fit_engine, run_fit
from screen.kernel import load_model, rest, solve
from screen.scenarios import read_context_tables, read_drug_tables
from screen.simulate import Integration
from screen.tables import DRAWS, read_table
from tests.problems import CONFIG

pytestmark = pytest.mark.slow

IL6 = (0.0, 0.1, 1.0, 5.0, 10.0, 20.0, 40.0, 100.0, 500.0)
RUXOLITINIB = (0.0, 10.0, 30.0, 100.0, 200.0, 300.0, 600.0, 1000.0, 2000.0, 5000.0, 20_000.0)


@pytest.fixture(scope="module")
def fitted(network, tmp_path_factory):
    """Folder of a fit of the shipped problem."""
    folder = tmp_path_factory.mktemp("gates")
    plan = Plan(
        problem=CONFIG / "calibration" / "problem.yaml",
        sbml=network,
        network=CONFIG / "network" / "parameters.tsv",
        schedule=Schedule(starts=1, adam=40, polish=8),
        solver=Integration(engine=choose_fit_engine()),
        draws=16,
        draw_steps=20,
        seed=1,
    )
    run_fit(plan, folder)
    return folder


@pytest.fixture(scope="module")
def gates(fitted, network):
    """Gate values of the best fit and of each draw: {name: [best, draw 0, draw 1, ..]}."""
    model = load_model(network)
    best = read_table(fitted / "parameters.tsv", FITTED).select("parameter", pl.col("best").alias("value"))
    draws = read_table(fitted / "draws.parquet", DRAWS)
    sets = [
        best,
        *(frame.select("parameter", "value") for _, frame in draws.group_by("draw", maintain_order=True)),
    ]
    found = [gate_values(experiment(model, dict(each.iter_rows()))) for each in sets]
    return {name: np.array([values[name] for values in found]) for name in found[0]}


def experiment(model, values):
    """pY705 at 18 and 20 min of IL-6 [ng/mL] x ruxolitinib [nM] in mouse hepatocytes [IL-6, drug, 2]."""
    context = read_context_tables(CONFIG / "contexts.tsv", CONFIG / "hypotheses.tsv").contexts[
        "hepatocyte_mouse"
    ]
    drugs = read_drug_tables(CONFIG / "drugs.tsv", CONFIG / "affinities.tsv", CONFIG / "targets.tsv")
    place = {name: index for index, name in enumerate(model.parameters)}
    values = {name: value for name, value in values.items() if name in place}
    values |= {total.parameter: total.value for total in context.totals}
    base = model.values.copy()
    base[[place[name] for name in values]] = list(values.values())
    resting = np.tile(base, (len(IL6), len(RUXOLITINIB), 1))
    for column, dose in enumerate(RUXOLITINIB):
        for target, load in loads({"ruxolitinib": dose}, drugs, organism=context.organism).items():
            resting[:, column, place[f"load_{target}"]] = load
    stimulated = resting.copy()
    stimulated[:, :, place["IL6_dose"]] = np.array(IL6)[:, None]
    resting, stimulated = (each.reshape(-1, each.shape[-1]) for each in (resting, stimulated))
    engine = choose_fit_engine()
    times = np.tile([18.0, 20.0], (len(stimulated), 1))
    start = rest(model, resting, model.initial(resting), engine=engine).state
    states = solve(model, stimulated[:, None], start, np.zeros((len(start), 1)), times, engine=engine).states
    observed = model.observe(jnp.asarray(times), states, jnp.asarray(stimulated)[:, None])
    column = model.observables.index("pY705")
    return np.asarray(observed[..., column]).reshape(len(IL6), len(RUXOLITINIB), 2)


def gate_values(fraction):
    """What the panel asks, from the grid of `experiment`."""
    course = fraction[:, 0, 1]
    share = (course - course[0]) / (course[-1] - course[0])
    ec10, ec50, ec90 = (10 ** np.interp(level, share[1:], np.log10(IL6[1:])) for level in (0.1, 0.5, 0.9))
    return {
        "fraction": fraction[IL6.index(40.0), 0, 0],
        "basal": fraction[0, 0, 0],
        "ec50": ec50,
        "hill": np.log10(81) / np.log10(ec90 / ec10),
        "ic50_ratio": ic50(fraction[IL6.index(500.0), :, 1]) / ic50(fraction[IL6.index(10.0), :, 1]),
    }


def ic50(course):
    """Dose [nM] at which half of the response without drug is left."""
    left = course / course[0]
    return 10 ** np.interp(-0.5, -left[1:], np.log10(RUXOLITINIB[1:]))


@pytest.mark.parametrize(
    ("panel", "name", "low", "high"),
    [
        ("V01", "fraction", 0.46, 0.62),
        ("V01", "basal", 0.005, 0.03),
        ("V02", "ec50", 4.0, 22.0),
        ("V02", "hill", 1.0, 2.0),
        ("V09", "ic50_ratio", 2.0, 15.0),
    ],
)
def test_gate(gates, panel, name, low, high):
    assert low <= gates[name][0] <= high, f"{panel}: best fit"
    assert low <= np.median(gates[name][1:]) <= high, f"{panel}: median of the draws"


def test_most_draws_pass_v01(gates):
    assert np.mean((gates["fraction"][1:] > 0.4) & (gates["fraction"][1:] < 0.68)) >= 0.75
