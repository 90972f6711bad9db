"""The stage: a calibration problem in, the best fit, an ensemble of draws and figures out."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from screen.calibration.cut import cut_problem
from screen.calibration.derive import BOUND, find_stale
from screen.calibration.load import load_problem
from screen.calibration.problem import Problem
from screen.errors import FitError
from screen.files import json_text
from screen.fit.checkpoint import QUIET, Log, silent
from screen.fit.estimates import FITTED, STARTS, summarise, tabulate_fit, tabulate_starts, undefined
from screen.fit.evaluator import Evaluator, make_evaluator
from screen.fit.figures import draw_fit, draw_waterfall
from screen.fit.hierarchical import make_hierarchical, make_hierarchical_predictor
from screen.fit.objective import make_objective, make_predictor
from screen.fit.posterior import Drawing, draw_posterior
from screen.fit.prior_draws import draw_priors
from screen.fit.search import Optimum, Schedule, Target, draw_starts, search
from screen.fit.variable_projection import make_projected_target
from screen.kernel import DIFFERENTIABLE, Model, choose_engine, has_gradient
from screen.network import read_parameters
from screen.scenarios import normal_stream
from screen.simulate import Integration
from screen.tables import DRAWS, provenance, write_table, write_text_atomic


@dataclass(frozen=True)
class Plan:
    """What to fit and how hard to try."""

    problem: Path
    sbml: Path | None
    """Stands in for the model that the problem names; None: the problem's own."""
    network: Path | None
    """Table of the network's parameters: what a draw must name. None: all that is estimated."""
    schedule: Schedule
    solver: Integration
    draws: int
    draw_steps: int
    seed: int

    @property
    def inputs(self) -> list[Path]:
        """The files that it names."""
        return [path for path in (self.problem, self.sbml, self.network) if path is not None]


def choose_fit_engine(wanted: str = "auto", models: Iterable[Model] = ()) -> str:
    """The engine of a fit: that of a screen, so jax where these models cannot be compiled and are not in the cache.

    jax has no gradient, so that the search is Gauss-Newton steps by differences only; diffrax has one,
    but takes minutes for each on a network of the shipped size.
    """
    return choose_engine(wanted, models)[0]


def run_fit(
    plan: Plan,
    folder: Path,
    report: Callable[[str], None] = silent,
    checkpoint_seconds: float = 120.0,
) -> Mapping[str, Any]:
    """Fit, draw and write everything a fit leaves behind; returns what `summary.json` holds.

    `folder` gets parameters.tsv, starts.tsv, draws.parquet, scales.parquet, fit.svg, waterfall.svg,
    summary.json and, for a run that is cut off, checkpoints that the next one resumes from. FitError: an
    unsound problem, tables that no longer follow from the network, or an optimum that does not integrate or at
    which an observable has no value.
    """
    derived = plan.network is not None and (plan.problem.parent / "experiments.tsv").is_file()
    if derived and (stale := find_stale(plan.problem.parent.parent)):
        raise FitError(stale)
    problem, schedule = load_problem(plan.problem, plan.sbml), plan.schedule
    if plan.sbml is not None:
        problem = cut_problem(problem, plan.sbml)
    solver = replace(plan.solver, engine=choose_fit_engine(plan.solver.engine, [problem.model]))
    key = repr((problem.digest, asdict(replace(solver, threads=None)), asdict(schedule)))
    log = Log(report, folder=folder, key=key, seconds=checkpoint_seconds)
    log.say(
        f"{len(problem.estimated.names)} parameters, {len(problem.measurements.frame)} measurements, "
        f"{problem.lanes} lanes and {len(problem.rests.names)} rest states, engine {solver.engine}"
    )
    if not has_gradient(solver.engine, problem.model, len(problem.phases)):
        what = (
            "an event that states set off" if solver.engine in DIFFERENTIABLE else f"engine {solver.engine}"
        )
        log.say(f"{what} has no gradient; Gauss-Newton steps by differences only")
        schedule = replace(schedule, adam=0)
    folder.mkdir(parents=True, exist_ok=True)
    evaluator = make_evaluator(problem, solver, plan.draws)
    nominal = evaluator.predict(problem.estimated.nominal[None])
    likelihood = float(nominal.log_likelihood[0])
    found = f"{nominal.failed[0]} lanes fail" if nominal.failed[0] else f"log likelihood {likelihood:.8g}"
    log.say(f"nominal values: {found}")
    optimum = search_problem(evaluator, solver, schedule, log)
    log.say(agreement(optimum, schedule))
    if problems := undefined(problem, evaluator.predict(optimum.scaled[:1])):
        raise FitError(problems)
    drawing = Drawing(schedule.polish, schedule.tolerance, plan.draws, plan.draw_steps, plan.seed)
    posterior = draw_posterior(evaluator, optimum.scaled[0], drawing, log)
    best, drawn = evaluator.predict(posterior.polished.scaled[None]), posterior.ensemble.scaled
    summary = summarise(problem, optimum, posterior, best) | {
        "nominal_log_likelihood": likelihood if np.isfinite(likelihood) and not nominal.failed[0] else None,
        "engine": solver.engine,
    }
    _write_draws(plan, problem, drawn, folder)
    write_table(tabulate_fit(problem, posterior.normal), folder / "parameters.tsv", FITTED)
    write_table(tabulate_starts(evaluator, optimum), folder / "starts.tsv", STARTS)
    draw_fit(problem, best, evaluator.predict(drawn), folder / "fit.svg")
    draw_waterfall(optimum.first_cost, optimum.cost, folder / "waterfall.svg")
    write_text_atomic(folder / "summary.json", json_text(summary))
    log.clear()
    return summary


def agreement(optimum: Optimum, schedule: Schedule) -> str:
    """How many starts ended where the best did; where few did, which settings search on.

    Where starts share, also how many came there before that.
    """
    near, starts = int(np.sum(optimum.cost < optimum.cost[0] + 1)), len(optimum.cost)
    said = f"{near} of {starts} starts end within 1 of the best"
    if schedule.sharing and schedule.kicks:
        said += f", {int(np.sum(optimum.first_end < optimum.cost[0] + 1))} of them before they shared what they found"
    if 2 * near > starts or schedule.kicks:
        return said
    more = "petab.kicks: 10 searches" if schedule.inside else "fit.kicks: 20 and fit.polish: 60 search"
    return f"{said}; where there are many minima, {more} on"


def search_problem(
    evaluator: Evaluator, solver: Integration, schedule: Schedule, log: Log = QUIET
) -> Optimum:
    """The optimum in scaled vectors [starts, estimated] of the whole problem.

    Scales, offsets and sigmas of blots that have no prior are solved inside the objective, so that the search has
    the other parameters alone.
    """
    problem, hierarchical = evaluator.problem, make_hierarchical(evaluator.problem)
    drawn = schedule.starts, schedule.seed, schedule.tried
    if not hierarchical.solves:
        target = Target(
            problem.estimated, evaluator.cost, evaluator.linearise,
            lambda vectors: make_objective(problem, solver, vectors),
        )  # fmt: skip
        return search(target, draw_starts(target, *drawn), schedule, log)
    target = make_projected_target(hierarchical, solver)
    optimum = search(target, draw_starts(target, *drawn), schedule, log)
    found = make_hierarchical_predictor(hierarchical, solver, schedule.starts)(optimum.scaled)
    return optimum._replace(scaled=hierarchical.complete(optimum.scaled, found.solved))


def write_prior_draws(plan: Plan, folder: Path) -> None:
    """Write draws.parquet and scales.parquet from the priors alone, as many as a fit would draw.

    FitError where vectors keep failing to integrate.
    """
    problem = load_problem(plan.problem, plan.sbml)
    solver = replace(plan.solver, engine=choose_fit_engine(plan.solver.engine, [problem.model]))
    predictor = make_predictor(problem, solver, plan.draws)
    scaled = draw_priors(problem, predictor, plan.draws, plan.seed)
    folder.mkdir(parents=True, exist_ok=True)
    _write_draws(plan, problem, scaled, folder, prior=True)


def _write_draws(plan: Plan, problem: Problem, scaled: np.ndarray, folder: Path, **facts: bool) -> None:
    """Draws of the network's parameters, and those of scales where there are any beside them."""
    known = provenance("fit", plan.inputs, problem=problem.digest, seed=plan.seed, **facts)
    if plan.network is None:
        number, linear = np.arange(len(scaled)), np.asarray(problem.estimated.linear(scaled))
        draws = _long(dict(zip(problem.estimated.names, linear.T, strict=True)), number)
    else:
        draws = tabulate_draws(problem, scaled, read_parameters(plan.network), plan.seed)
        write_table(tabulate_scales(problem, scaled, draws), folder / "scales.parquet", DRAWS, known)
    write_table(draws, folder / "draws.parquet", DRAWS, known)


def tabulate_draws(problem: Problem, scaled: np.ndarray, network: pl.DataFrame, seed: int) -> pl.DataFrame:
    """DRAWS of scaled vectors [draws, estimated]: every network parameter that has a prior.

    `network` is the table of network parameters. What the calibration does not estimate is drawn from its prior,
    within `BOUND` standard deviations, by its name. The residuals of drugs are no matter of the fit: whoever reads
    the draws takes them by the name of the drug (`screen.experiments.drug_residuals`).
    """
    number = np.arange(len(scaled))
    linear = np.asarray(problem.estimated.linear(scaled))
    place = {name: at for at, name in enumerate(problem.estimated.names)}
    columns = {
        row["parameter"]: linear[:, place[row["parameter"]]]
        if row["parameter"] in place
        else _from_prior(row, normal_stream(seed, "parameter", row["parameter"], number))
        for row in network.filter(pl.col("prior") != "fixed").iter_rows(named=True)
    }
    return _long(columns, number)


def tabulate_scales(problem: Problem, scaled: np.ndarray, draws: pl.DataFrame) -> pl.DataFrame:
    """DRAWS of what the problem estimates and the network does not know: scales, offsets, sigmas of blots."""
    known = set(draws["parameter"].unique())
    linear = np.asarray(problem.estimated.linear(scaled))
    own = {name: linear[:, at] for at, name in enumerate(problem.estimated.names) if name not in known}
    return _long(own, np.arange(len(linear)))


def _long(columns: Mapping[str, np.ndarray], number: np.ndarray) -> pl.DataFrame:
    """DRAWS of columns [draws] by name."""
    parts = [
        pl.DataFrame({"draw": number, "parameter": [name] * len(number), "value": values})
        for name, values in columns.items()
    ]
    empty = pl.DataFrame(schema=DRAWS.dtypes())
    return pl.concat([empty, *parts]).sort("draw", maintain_order=True)


def _from_prior(row: Mapping[str, Any], normal: np.ndarray) -> np.ndarray:
    deviation = row["prior_sd"] * np.clip(normal, -BOUND, BOUND)
    return row["value"] * 10.0**deviation if row["prior"] == "log10_normal" else row["value"] + deviation
