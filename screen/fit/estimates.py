"""What a fit found: of each parameter and from each start, as tables, and in sum."""

import numpy as np
import polars as pl

from screen.calibration.problem import Problem, measured_values
from screen.fit.curvature import prior_precision
from screen.fit.evaluator import Evaluator
from screen.fit.normal import Normal
from screen.fit.objective import Predicted
from screen.fit.posterior import Posterior
from screen.fit.search import Optimum
from screen.tables import Column, Schema

DECIDED_SHARE = 0.5
"""A parameter is decided by the measurements where they leave less than this share of its prior sd."""

AT_BOUND = 1e-3
"""Share of its range within which a parameter counts as sitting on a bound."""

MOST_ROWS = 3
"""Rows that are named of an observable without a value."""

FITTED = Schema(
    "fitted",
    (
        Column("parameter", pl.String, "estimated parameter"),
        Column("scale", pl.String, "scale of the standard deviations", choices=("lin", "log", "log10")),
        Column("nominal", pl.Float64, "value before the fit, linear"),
        Column("best", pl.Float64, "value of the best fit, linear"),
        Column("prior_sd", pl.Float64, "standard deviation before the data, on the scale", positive=True),
        Column("posterior_sd", pl.Float64, "standard deviation given the data, on the scale", positive=True),
        Column(
            "shift", pl.Float64, "best fit minus nominal (within the bounds), in prior standard deviations"
        ),
        Column("at_bound", pl.Boolean, "whether the best fit sits on a bound"),
    ),
    key=("parameter",),
)

STARTS = Schema(
    "starts",
    (
        Column("start", pl.Int64, "number of the start; 0 began at the nominal values", minimum=0),
        Column("first_cost", pl.Float64, "minus the log posterior at the beginning"),
        Column("cost", pl.Float64, "minus the log posterior at the end"),
        Column(
            "gradient_norm",
            pl.Float64,
            "length of the gradient at the end over what is not at a bound, per unit of each parameter",
        ),
        Column("at_bound", pl.Int64, "parameters that sit on a bound at the end", minimum=0),
        Column("failed", pl.Int64, "lanes that failed at the end", minimum=0),
    ),
    key=("start",),
)


def tabulate_fit(problem: Problem, normal: Normal) -> pl.DataFrame:
    """FITTED: the best fit beside what was believed before."""
    estimated, best = problem.estimated, normal.mean
    prior_sd = 1 / np.sqrt(prior_precision(problem, estimated.within))
    return pl.DataFrame(
        {
            "parameter": estimated.names,
            "scale": estimated.scales,
            "nominal": np.asarray(estimated.linear(estimated.nominal)),
            "best": np.asarray(estimated.linear(best)),
            "prior_sd": prior_sd,
            "posterior_sd": normal.sd,
            "shift": (best - estimated.within) / prior_sd,
            "at_bound": at_bound(problem, best),
        }
    )


def at_bound(problem: Problem, scaled: np.ndarray) -> np.ndarray:
    """Whether each parameter sits on a bound [..., estimated]."""
    lower, upper = problem.estimated.lower, problem.estimated.upper
    return np.minimum(scaled - lower, upper - scaled) < AT_BOUND * (upper - lower)


def tabulate_starts(evaluator: Evaluator, optimum: Optimum) -> pl.DataFrame:
    """STARTS: where each start began and ended, best first."""
    return pl.DataFrame(
        {
            "start": optimum.start,
            "first_cost": optimum.first_cost,
            "cost": optimum.cost,
            "gradient_norm": optimum.gradient_norm,
            "at_bound": at_bound(evaluator.problem, optimum.scaled).sum(axis=1),
            "failed": evaluator.predict(optimum.scaled).failed.astype(np.int64),
        }
    )


def undefined(problem: Problem, best: Predicted) -> list[str]:
    """One sentence for each observable that has no finite value or likelihood at the best fit, with its rows.

    Of lanes that fail, the draws say so.
    """
    data = problem.measurements
    integrated = best.lane_ok[0][data.lane]
    with np.errstate(over="ignore"):
        finite = np.isfinite(best.cost[0] + residuals(problem, best)[0] ** 2)
    wrong = integrated & ~(best.ok[0] & finite)
    problems = []
    for each in problem.observables:
        rows = each.rows[wrong[each.rows]]
        if len(rows):
            places = ", ".join(data.where[row] for row in rows[:MOST_ROWS]) if data.where else "the table"
            more = f" and {len(rows) - MOST_ROWS} more" if len(rows) > MOST_ROWS else ""
            rule = f"observable {each.name}: must have a finite value, positive on a logarithmic scale, and noise"
            problems.append(f"{rule} at the best fit, found none at {places}{more}")
    return problems


def summarise(problem: Problem, optimum: Optimum, posterior: Posterior, best: Predicted) -> dict:
    polished, normal, ensemble = posterior
    frame = problem.measurements.frame
    names = frame["datasetId"].astype(str) if "datasetId" in frame else frame["observableId"].astype(str)
    chi2 = pl.DataFrame({"dataset": list(names), "chi2": residuals(problem, best)[0] ** 2})
    by_dataset = chi2.group_by("dataset", maintain_order=True).agg(pl.len(), pl.col("chi2").sum())
    return {
        "problem": problem.digest,
        "measurements": len(frame),
        "estimated": len(problem.estimated.names),
        "decided": decided(problem, normal),
        "at_bound": [
            name
            for name, edge in zip(problem.estimated.names, at_bound(problem, normal.mean), strict=True)
            if edge
        ],
        "cost": polished.cost,
        "gradient_norm": polished.gradient_norm,
        "log_likelihood": float(best.log_likelihood[0]),
        "chi2": float(chi2["chi2"].sum()),
        "chi2_by_dataset": {
            row[0]: {"measurements": row[1], "chi2": row[2]} for row in by_dataset.iter_rows()
        },
        "iterations": optimum.iterations,
        "failures": optimum.failures,
        "gauss_newton_steps": int(optimum.steps.sum()) + polished.steps,
        "starts": len(optimum.cost),
        "failed_lanes": int(best.failed[0]),
        "draws": len(ensemble.scaled),
        "arrived": int(ensemble.arrived.sum()),
    }


def decided(problem: Problem, normal: Normal) -> dict:
    """The parameters that the measurements decide, the most narrowed first, and their share."""
    narrowed = normal.sd * np.sqrt(prior_precision(problem, problem.estimated.within))
    chosen = [int(place) for place in np.argsort(narrowed) if narrowed[place] < DECIDED_SHARE]
    return {
        "share": len(chosen) / len(narrowed),
        "parameters": [problem.estimated.names[place] for place in chosen],
    }


def residuals(problem: Problem, predicted: Predicted) -> np.ndarray:
    """(prediction - measurement) / sigma [vectors, measurements] on the compared scale; NaN where it failed.

    Of a censored reading only what lies above it counts.
    """
    distance = predicted.compared - measured_values(problem)
    distance = np.where(problem.measurements.censored, np.maximum(distance, 0.0), distance)
    return np.where(predicted.ok, distance / predicted.sigma, np.nan)
