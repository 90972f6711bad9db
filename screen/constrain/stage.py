"""The stage: the draws of a fit and a panel in, the draws held to the panel out."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from screen.calibration import Problem, load_problem
from screen.constrain.demands import Demands, make_demands, meet
from screen.constrain.hold import Held, Sight, View, hold
from screen.constrain.slopes import make_slopes
from screen.constrain.unknowns import Residual, Unknowns, gather_unknowns, residual_sds
from screen.errors import FitError
from screen.experiments import add_residuals, drawn_constants, residual_name
from screen.files import json_text
from screen.fit import Box, Log, Pace, make_predictor, make_sensitivity, rows_of
from screen.kernel import DIFFERENTIABLE, filled, filled_size
from screen.panel import Bench, Check, PanelTables, courses_of, find
from screen.simulate import Integration
from screen.tables import DRAWS, NUMBER_OF_DRAW, draws_in_rows, write_table, write_text_atomic

MOVED_MOST, RARELY = 20, 0.9
"""Unknowns named in the summary, and the share of draws below which a demand is named as not met."""

WORTH = (1.0, 2)
"""A draw has arrived when a step promises, or so many in a row bring, less cost than this."""

SEARCHED_STEPS = 20_000
"""Steps after which a trajectory of the search has failed: the longest rest under the shipped draws takes 10 600."""

WEAK = 0.02
"""Demands that cost less than this are well met, and are not linearised."""


@dataclass(frozen=True)
class Plan:
    """What to hold the draws to, and with what."""

    checks: Sequence[Check]
    tables: PanelTables
    integration: Integration
    problem: Path
    sbml: Path
    network: pl.DataFrame
    """Table of the network's parameters."""
    steps: int
    """Most steps of a draw; 0 keeps the draws where they are."""
    seed: int
    """Of the residuals of drugs, where the draws do not hold them."""


class Fitted(NamedTuple):
    """What a fit left: DRAWS of parameters and of scales."""

    draws: pl.DataFrame
    scales: pl.DataFrame


def run_constrain(
    plan: Plan,
    fitted: Fitted,
    guess: pl.DataFrame | None,
    folder: Path,
    facts: Mapping[str, Any],
    report: Callable[[str], None] = lambda line: None,
) -> Mapping[str, Any]:
    """Write draws.parquet, scales.parquet and summary.json into `folder`; returns what the summary holds.

    `guess` is where an earlier run left both, of which each draw takes its own as the place to begin where that is
    better; `facts` is the provenance. Without checks the draws stay as they are; an engine without gradient takes no
    step, so that it needs a guess. FitError: it has none, or draws of another fit.
    """
    draws, scales = fitted
    folder.mkdir(parents=True, exist_ok=True)
    if not plan.checks:
        report("constrain: no facts to hold the draws to; they stay as the fit left them")
        return _write(
            folder, draws, scales, facts, {"draws": draws["draw"].n_unique(), "demands": 0, "met": 1.0}
        )
    steps = _possible_steps(plan, guess, report)
    problem = load_problem(plan.problem, plan.sbml)
    demands = make_demands(plan.checks)
    bench = Bench(demands.checks, plan.tables, searched(plan.integration))
    drugs = plan.tables.drugs
    draws = add_residuals(draws, bench.drugs, plan.seed, drugs)
    bench.draws(draws, plan.seed)  # refuses draws of another network
    most = int(draws["draw"].max()) + 1  # type: ignore[arg-type]
    constants = drawn_constants(drugs, bench.drugs, most, plan.seed)
    residuals = residual_sds(bench.drugs, drugs, constants)
    draws = _with_ones(draws, residuals)
    unknowns, start = gather_unknowns(problem, plan.network, residuals, draws, scales, constants)
    report(
        f"constrain: {len(start)} draws of {len(unknowns.names)} unknowns, {len(demands.checks)} demands, "
        f"{len(problem.measurements.frame)} measurements"
    )
    view = _make_view(problem, demands, unknowns, bench, len(start))
    tables, solver = plan.tables, asdict(replace(plan.integration, threads=None))
    key = repr((problem.digest, tables.model.digest, demands, tables.contexts, drugs, solver, plan.seed))
    log = Log(report, "constrain", folder, key)
    box = Box(unknowns.lower, unknowns.upper, unknowns.sd)
    held = hold(view, start, box, Pace(steps, *WORTH), _place(unknowns, guess, draws, start), log)
    moved, rescaled = (tabulate(table, unknowns, held.state.scaled) for table in (draws, scales))
    summary = _write(folder, moved, rescaled, facts, _summary(demands, unknowns, start, held))
    log.clear()
    return summary


def searched(integration: Integration) -> Integration:
    """How a step that is tried is integrated: where it ends in oscillations, all cells of a draw would go as far as is
    allowed, in every try."""
    return replace(integration, max_steps=min(integration.max_steps, SEARCHED_STEPS))


def _with_ones(draws: pl.DataFrame, residuals: Iterable[Residual]) -> pl.DataFrame:
    """DRAWS in which residuals that they do not hold are 1; these come last in a draw."""
    held = set(draws["parameter"].unique())
    names = [name for each in residuals if (name := residual_name(*each)) not in held]
    added = draws.select(pl.col("draw").unique()).join(pl.DataFrame({"parameter": names}), how="cross")
    return pl.concat([draws, added.with_columns(value=1.0)]).sort("draw", maintain_order=True)


def _possible_steps(plan: Plan, guess: pl.DataFrame | None, report: Callable[[str], None]) -> int:
    """The steps wanted, or none where the engine has no gradient but there is a guess."""
    engine = plan.integration.engine
    if engine in DIFFERENTIABLE:
        return plan.steps
    if guess is None:
        raise FitError(
            f"engine: must have a gradient to hold draws to the panel ({' or '.join(DIFFERENTIABLE)}), found {engine}; "
            "install a C compiler, or set `panel.constrain: []`"
        )
    report(
        f"constrain: engine {engine} has no gradient; draws go where the shipped ones are, if that is better"
    )
    return 0


def _write(
    folder: Path, draws: pl.DataFrame, scales: pl.DataFrame, facts: Mapping[str, Any], summary: dict[str, Any]
) -> dict[str, Any]:
    write_table(draws, folder / "draws.parquet", DRAWS, facts)
    write_table(scales, folder / "scales.parquet", DRAWS, facts)
    write_text_atomic(folder / "summary.json", json_text(summary))
    return summary


def _place(
    unknowns: Unknowns, guess: pl.DataFrame | None, draws: pl.DataFrame, start: np.ndarray
) -> np.ndarray | None:
    """Scaled vectors of the guess in the order of the draws, where it has the draw and the unknown; else the start."""
    if guess is None:
        return None
    wide = draws.select(pl.col("draw").unique().sort().alias(NUMBER_OF_DRAW)).join(
        draws_in_rows(guess), on=NUMBER_OF_DRAW, how="left", maintain_order="left"
    )
    linear = unknowns.linear(start)
    columns = [
        wide[name].to_numpy().astype(float) if name in wide.columns else np.full(len(start), np.nan)
        for name in unknowns.names
    ]
    found = np.stack(columns, axis=1)
    scaled = unknowns.scaled(np.where(np.isfinite(found), found, linear))
    return np.clip(scaled, unknowns.lower, unknowns.upper)


def _make_view(problem: Problem, demands: Demands, unknowns: Unknowns, bench: Bench, draws: int) -> View:
    predictor = make_predictor(problem, bench.integration, draws)
    sensitivity = make_sensitivity(problem, bench.integration)
    slopes = make_slopes(bench, demands, unknowns, draws)
    model, drugs = bench.tables.model, bench.tables.drugs
    network = dict(zip(model.parameters, model.values, strict=True))

    def look(scaled: np.ndarray) -> Sight:
        """Filled up with copies to a power of two, so that little is compiled."""
        count = len(scaled)
        scaled = filled(scaled, filled_size(count, draws))
        traces = bench(unknowns.draws(scaled, network, drugs))
        met = meet(demands, find(bench, demands.checks, traces))
        courses = [courses_of(bench, check, traces) for check in demands.checks]
        found = predictor(scaled[:, unknowns.of_calibration])
        predicted = np.where(found.ok, found.compared / found.sigma, 0.0)
        return rows_of(Sight(met, predicted, found.failed == 0, courses), np.arange(count))

    def linearise(scaled: np.ndarray, seen: Sight) -> tuple[np.ndarray, np.ndarray]:
        of_demands = slopes(scaled, seen.trail, seen.met.cost.T > WEAK)
        of_predictions = np.zeros((*seen.predicted.shape, len(unknowns.names)))
        measured = sensitivity(scaled[:, unknowns.of_calibration])
        of_predictions[..., unknowns.of_calibration] = measured.by_value
        return of_demands, of_predictions

    return View(look, linearise)


def tabulate(draws: pl.DataFrame, unknowns: Unknowns, scaled: np.ndarray) -> pl.DataFrame:
    """DRAWS with the unknowns at their new values, the residuals of drugs last; everything else as it was."""
    numbers = draws["draw"].unique().sort()
    linear = unknowns.linear(scaled)
    moved = pl.concat(
        pl.DataFrame({"draw": numbers, "parameter": [name] * len(numbers), "new": linear[:, place]})
        for place, name in enumerate(unknowns.names)
    )
    joined = draws.join(moved, on=("draw", "parameter"), how="left", maintain_order="left")
    return joined.select("draw", "parameter", value=pl.coalesce("new", "value"))


def _summary(demands: Demands, unknowns: Unknowns, start: np.ndarray, held: Held) -> dict[str, Any]:
    shift = (held.state.scaled - start) / unknowns.sd
    furthest = np.argsort(-np.abs(shift.mean(axis=0)))[:MOVED_MOST]
    before, after = held.before.met.holds, held.after.met.holds
    kept = 0.5 * np.sum((held.after.predicted - held.before.predicted) ** 2, axis=1)
    return {
        "draws": len(start),
        "demands": len(demands.checks),
        "steps": int(held.state.step),
        "arrived": int(held.state.arrived.sum()),
        "met_before": float(before.mean()),
        "met": float(after.mean()),
        "all_met_before": int(before.all(axis=1).sum()),
        "all_met": int(after.all(axis=1).sum()),
        "cost_of_moving": float(np.median(0.5 * np.sum(shift**2, axis=1))),
        "cost_to_measurements": float(np.median(kept)),
        "moved_most": {unknowns.names[place]: float(shift.mean(axis=0)[place]) for place in furthest},
        "not_met": {
            f"{check.fact}{check.name}": float(1 - share)
            for check, share in zip(demands.checks, after.mean(axis=0), strict=True)
            if share < RARELY
        },
    }
