"""The stage on the shipped network and calibration: two draws, one fact that does not hold in them."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from screen.calibration import Problem, load_problem
from screen.calibration.scale import rescaled
from screen.constrain import Fitted, Plan, run_constrain, stage
from screen.constrain.hold import Sight
from screen.constrain.stage import _possible_steps, _with_ones, searched
from screen.constrain.unknowns import NUMBER, gather_unknowns
from screen.errors import FitError, ScreenError
from screen.experiments import SIGMA
from screen.fit import Pace, make_predictor
from screen.kernel import available_engines
from screen.network import read_parameters
from screen.panel import PanelTables
from screen.simulate import Integration
from screen.tables import DRAWS, draws_in_rows, read_table

needs_gradient = pytest.mark.skipif(
    "kernel" not in available_engines(), reason="needs a C compiler: the adjoint"
)
FACTS = {"test": "constrain"}


@pytest.fixture(scope="module")
def plan(world, network, root, tmp_path_factory) -> Plan:
    """The measurements of hepatocytes alone: the others of the shipped problem take longer and say no more here."""
    folder = tmp_path_factory.mktemp("calibration")
    lines = (root / "config/calibration/measurements.tsv").read_text().splitlines(keepends=True)
    measured = "".join(line for line in lines if line is lines[0] or "\thep_rest\t" in line)
    (folder / "measurements.tsv").write_text(measured)
    for name in ("problem.yaml", "conditions.tsv", "observables.tsv", "parameters.tsv"):
        lines = (root / "config/calibration" / name).read_text().splitlines(keepends=True)
        left = [
            line
            for line in lines
            if not line.startswith(("scale_", "offset_")) or line.split("\t")[0] in measured
        ]
        (folder / name).write_text("".join(left))
    return Plan(
        checks=world.facts["V12"].checks[:1],
        tables=PanelTables(world.model, world.contexts, world.drugs),
        integration=Integration("kernel", 1e-6, 1e-9, 100_000, None, 256),
        problem=folder / "problem.yaml",
        sbml=network,
        network=read_parameters(root / "config/network/parameters.tsv"),
        steps=6,
        seed=1,
    )


@pytest.fixture(scope="module")
def problem(plan) -> Problem:
    """The measurements, read."""
    return load_problem(plan.problem, plan.sbml)


@pytest.fixture(scope="module")
def predictor_of() -> Callable:
    """`make_predictor` that makes one of each kind: what it compiles takes longer than what it predicts here."""
    made: dict[tuple, tuple] = {}

    def once(problem: Problem, *of):
        return made.setdefault((id(problem), *of), (make_predictor(problem, *of), problem))[0]

    return once


@pytest.fixture(autouse=True)
def read_once(plan, problem, predictor_of, monkeypatch) -> None:
    """The stage gets the problem as it was read: that takes longer than most of what it does here."""
    problems = {(plan.problem, plan.sbml): problem}
    monkeypatch.setattr(stage, "load_problem", lambda *of: problems[of])
    monkeypatch.setattr(stage, "make_predictor", predictor_of)


@pytest.fixture(scope="module")
def fitted(plan, problem, world) -> Fitted:
    """Draws near the nominal values, in which every drug binds four times worse than measured."""
    rng = np.random.default_rng(1)
    free = plan.network.filter(pl.col("prior") != "fixed")
    rows, scales = [], []
    for draw in range(2):
        for name, prior, value, sd in free.select("parameter", "prior", "value", "prior_sd").iter_rows():
            noise = 0.02 * sd * rng.standard_normal()
            rows.append((draw, name, value * 10**noise if prior == "log10_normal" else value + noise))
        rows += [(draw, SIGMA + drug, 4.0) for drug in sorted(world.drugs.drugs)]
        estimated = problem.estimated
        linear = np.asarray(estimated.linear(estimated.nominal))
        known = set(free["parameter"])
        scales += [
            (draw, name, value)
            for name, value in zip(estimated.names, linear, strict=True)
            if name not in known
        ]
    return Fitted(*(pl.DataFrame(each, schema=DRAWS.dtypes(), orient="row") for each in (rows, scales)))


def cost_of(predict: Callable, problem: Problem, fitted: Fitted, ends: Path) -> float:
    """Median over draws of half of what predictions of the calibration moved by, over their sigma, squared."""
    names = list(problem.estimated.names)
    left = (
        pl.concat(read_table(ends / f"{name}.parquet", DRAWS) for name in ("draws", "scales")),
        pl.concat(fitted),
    )
    after, before = (
        predict(rescaled(wide.select(names).to_numpy(), problem.estimated.scales, "scaled"))
        for wide in map(draws_in_rows, left)
    )
    moved = after.compared / after.sigma - before.compared / before.sigma
    return float(np.median(0.5 * np.sum(moved**2, axis=1)))


@pytest.mark.parametrize(("asked", "allowed"), [(100_000, 20_000), (500, 500)])
def test_a_search_gives_up_earlier_than_a_screen(asked, allowed):
    assert searched(Integration(max_steps=asked)) == Integration(max_steps=allowed)


def test_bounds_of_a_residual_lie_alike_on_both_sides_and_as_far_as_its_sd(plan, problem, fitted):
    """Of all of a drug and of one of its constants, twice as uncertain."""
    residuals = {("ruxolitinib", ""): 0.3, ("ruxolitinib", "JAK1"): 0.6}
    draws = _with_ones(fitted.draws, residuals)
    unknowns, start = gather_unknowns(problem, plan.network, residuals, draws, fitted.scales)
    whole, one = (unknowns.of_residual[each] for each in residuals)
    assert (unknowns.sd[whole], unknowns.sd[one]) == (0.3, 0.6)
    assert unknowns.lower[[whole, one]] == pytest.approx(-unknowns.upper[[whole, one]])
    assert unknowns.upper[one] == pytest.approx(2 * unknowns.upper[whole])
    assert 2 * 0.3 < unknowns.upper[whole] < 10 * 0.3
    assert start[:, [whole, one]] == pytest.approx(np.tile([np.log10(4.0), 0.0], (2, 1)))


def test_every_draw_is_within_the_bounds_of_its_unknowns_and_keeps_its_own_constants(plan, problem, fitted):
    """The number of a draw says whose constants it has: the first one too must not be pushed to another's."""
    constants = np.full((2, 1, len(plan.tables.drugs.targets)), 10.0)
    residuals = {("ruxolitinib", ""): 0.3}
    unknowns, start = gather_unknowns(
        problem, plan.network, residuals, fitted.draws, fitted.scales, constants
    )
    assert (unknowns.names[-1], start[:, -1].tolist()) == (NUMBER, [0.0, 1.0])
    wide = draws_in_rows(pl.concat(fitted))
    inside = unknowns.scaled(wide.select(unknowns.names).to_numpy())
    assert (inside >= unknowns.lower).all() and (inside <= unknowns.upper).all()
    assert start == pytest.approx(inside)
    bare, _ = gather_unknowns(problem, plan.network, residuals, fitted.draws, fitted.scales)
    assert bare.names == unknowns.names[:-1] and bare.constants is None
    own = {name[:5]: sd for name, sd in zip(unknowns.names, unknowns.sd, strict=True)}
    assert (own["offse"], own["scale"], unknowns.sd[-1]) == (pytest.approx(0.5), pytest.approx(1.0), 1.0)


def test_a_demand_that_costs_a_hundredth_is_met_so_well_that_it_pulls_no_more(plan, monkeypatch):
    """The slopes of what costs a thirtieth are asked for, in the draw in which it does."""
    asked = []

    def slopes(scaled, trail, which):
        asked.append(which.tolist())
        return np.zeros((2, len(scaled), 1))

    measured = SimpleNamespace(by_value=np.zeros((2, 3, 1)))
    monkeypatch.setattr(stage, "make_predictor", lambda *of: None)
    monkeypatch.setattr(stage, "make_sensitivity", lambda *of: lambda scaled: measured)
    monkeypatch.setattr(stage, "make_slopes", lambda *of: slopes)
    bench = SimpleNamespace(integration=plan.integration, tables=plan.tables)
    unknowns = SimpleNamespace(names=("a",), of_calibration=np.array([0]))
    met = SimpleNamespace(cost=np.array([[0.01, 0.03], [0.03, 0.7]]))
    sight = Sight(met, np.zeros((2, 3)), np.ones(2, bool), ())
    stage._make_view(None, None, unknowns, bench, 2).linearise(np.zeros((2, 1)), sight)
    assert asked == [[[False, True], [True, True]]]


@needs_gradient
def test_draws_are_moved_until_the_fact_holds_and_no_further(plan, problem, predictor_of, fitted, tmp_path):
    found = run_constrain(plan, fitted, None, tmp_path, FACTS)
    assert (found["met_before"], found["met"]) == (0.0, 1.0)
    moved, before = read_table(tmp_path / "draws.parquet", DRAWS), fitted[0]
    assert moved.select("draw", "parameter").equals(before.select("draw", "parameter"))
    drug = plan.checks[0].arm.treatment.series[0]
    factor = moved.filter(pl.col("parameter") == SIGMA + drug)["value"].to_numpy()
    assert (factor < 3.5).all()
    others = before["parameter"].str.starts_with(SIGMA) & (before["parameter"] != SIGMA + drug)
    assert moved.filter(others).equals(before.filter(others))
    predict = predictor_of(problem, searched(plan.integration), 2)
    assert found["cost_to_measurements"] == pytest.approx(
        cost_of(predict, problem, fitted, tmp_path), rel=1e-6
    )
    assert 1e-6 < found["cost_to_measurements"] < 2.0
    assert json.loads((tmp_path / "summary.json").read_text()) == found
    assert not list(tmp_path.glob("checkpoint*"))


@pytest.mark.slow
@needs_gradient
def test_what_was_held_is_held_again_without_a_step(plan, fitted, tmp_path):
    run_constrain(plan, fitted, None, tmp_path, FACTS)
    moved = read_table(tmp_path / "draws.parquet", DRAWS)
    ends = pl.concat(read_table(tmp_path / f"{name}.parquet", DRAWS) for name in ("draws", "scales"))
    again = run_constrain(replace(plan, steps=0), fitted, ends, tmp_path / "again", FACTS)
    assert (again["steps"], again["met"]) == (0, 1.0)
    same = read_table(tmp_path / "again" / "draws.parquet", DRAWS)
    assert same["value"].to_numpy() == pytest.approx(moved["value"].to_numpy(), rel=1e-9)


def test_draws_are_held_until_a_step_brings_less_than_one_twice_and_have_their_own_constants(
    plan, fitted, tmp_path, monkeypatch
):
    """As many constants are drawn as the last draw asks for."""

    class BegunError(Exception):
        """Where the search would begin."""

    drawn, begun = [], []

    def begin(view, start, box, pace, guess, log):
        begun.append((start.shape, guess, pace))
        raise BegunError

    own = stage.drawn_constants
    monkeypatch.setattr(stage, "drawn_constants", lambda *of: drawn.append(of[2]) or own(*of))
    monkeypatch.setattr(stage, "_make_view", lambda *of: None)
    monkeypatch.setattr(stage, "hold", begin)
    with pytest.raises(BegunError):
        run_constrain(plan, fitted, None, tmp_path, FACTS)
    (((draws, _), guess, pace),) = begun
    assert (draws, guess, pace, drawn) == (2, None, Pace(6, 1.0, 2), [2])


def test_without_facts_the_draws_stay(plan, fitted, tmp_path):
    found = run_constrain(replace(plan, checks=()), fitted, None, tmp_path, FACTS)
    assert found == {"draws": 2, "demands": 0, "met": 1.0}
    assert json.loads((tmp_path / "summary.json").read_text()) == found
    assert read_table(tmp_path / "draws.parquet", DRAWS).equals(fitted[0])
    assert read_table(tmp_path / "scales.parquet", DRAWS).equals(fitted[1])


def test_an_engine_without_gradient_is_refused(plan, fitted, tmp_path):
    lanes = replace(plan, integration=replace(plan.integration, engine="jax"))
    with pytest.raises(FitError, match=r"must have a gradient.*found jax.*panel.constrain"):
        run_constrain(lanes, fitted, None, tmp_path, FACTS)


def test_an_engine_without_gradient_takes_no_step_from_a_guess(plan, fitted):
    lanes = replace(plan, integration=replace(plan.integration, engine="jax"))
    said: list[str] = []
    assert _possible_steps(lanes, fitted[0], said.append) == 0
    assert "has no gradient" in said[0]
    assert _possible_steps(plan, fitted[0], said.append) == plan.steps


def test_draws_of_another_fit_are_refused(plan, fitted, tmp_path):
    draws, scales = fitted
    with pytest.raises(
        FitError, match=r"must hold every estimated parameter, found 1 missing, e\.g\. k_PTPN2"
    ):
        run_constrain(
            plan, Fitted(draws.filter(pl.col("parameter") != "k_PTPN2"), scales), None, tmp_path, FACTS
        )


def test_draws_of_the_whole_network_serve_one_without_some_modules(plan, fitted, tmp_path):
    draws, scales = fitted
    elsewhere = pl.DataFrame(
        [(draw, "k_elsewhere", 1.0) for draw in range(2)], schema=DRAWS.dtypes(), orient="row"
    )
    more = Fitted(pl.concat([draws, elsewhere]), scales)
    held = replace(plan, steps=0)
    with pytest.raises(ScreenError, match="k_elsewhere"):
        run_constrain(held, more, None, tmp_path, FACTS)
    whole = (*plan.tables.model.parameters, "k_elsewhere")
    run_constrain(replace(held, tables=replace(plan.tables, whole=whole)), more, None, tmp_path, FACTS)
    kept = read_table(tmp_path / "draws.parquet", DRAWS).sort("draw", "parameter")
    assert kept["value"].to_numpy() == pytest.approx(more.draws.sort("draw", "parameter")["value"].to_numpy())
