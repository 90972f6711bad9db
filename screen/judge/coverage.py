"""Whether the ensemble is as wide as it should be: how often 90 % intervals hold the truth on simulated data.

True parameters are drawn from the priors, the measurements are simulated from them with their noise, and
the fit starts where a real one does, at the nominal values. Its ensemble comes from the very code that
draws the real one. Some experiments are simulated but not shown to the fit, so that what it says of
conditions nobody measured is judged as well. Where priors and noise are those that made the data, an
interval that is right holds the truth in 90 % of the cases, on average over truths.

A 5-95 % interval of a finite ensemble is taken at the expected quantiles (Weibull's places), so that the
number of draws does not make it too narrow. The predictions of one replica err together; the interval of a
coverage is therefore that of as many independent cases as the spread between replicas says there were.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import polars as pl

from screen.calibration.noise import NOISE
from screen.calibration.problem import Problem
from screen.calibration.scale import SCALES
from screen.calibration.subset import hide
from screen.errors import FitError
from screen.fit.curvature import prior_precision
from screen.fit.evaluator import Evaluator, make_evaluator
from screen.fit.posterior import Drawing, draw_posterior
from screen.fit.prior_draws import draw_priors
from screen.simulate import Integration
from screen.tables import Column, Schema

LOW, HIGH = 0.05, 0.95
"""Ends of the interval."""

INFORMED = 0.8
"""A parameter whose posterior sd is below this share of its prior sd counts as informed by the data."""

NORMAL_95 = 1.959964
"""Quantile of the normal distribution for the interval of a share."""

COVERAGE = Schema(
    "coverage",
    (
        Column("of", pl.String, "what the intervals are of"),
        Column("intervals", pl.Int64, "intervals that were looked at", minimum=0),
        Column("coverage", pl.Float64, "share of them that hold the truth", minimum=0, maximum=1),
        Column("low", pl.Float64, "lower end of the 95 % interval of that share", minimum=0, maximum=1),
        Column("high", pl.Float64, "upper end of it", minimum=0, maximum=1),
        Column("replicas", pl.Int64, "simulated data sets that were fitted", minimum=1),
        Column("failed", pl.Int64, "simulated data sets whose ensemble could not be drawn", minimum=0),
    ),
    key=("of",),
)


@dataclass(frozen=True)
class CoveragePlan(Drawing):
    """How much to simulate.

    A draw takes as many steps as one of the fit. There are fewer draws: an interval of few is as right as one of
    many. More Gauss-Newton steps stand in for the fit's search: one start, and no more of them than it needs.
    """

    polish: int = 40
    tolerance: float = 0.02
    draws: int = 32
    draw_steps: int = 20
    seed: int = 1
    replicas: int = 20
    leave_out: int = 4
    """One in so many experiments is not shown to the fit; 0 shows all."""


class Replica(NamedTuple):
    """Whether each interval of one simulated data set held the truth; arrays of True and False."""

    measured: np.ndarray
    unmeasured: np.ndarray
    informed: np.ndarray
    parameters: np.ndarray
    arrived: float


def measure_coverage(
    problem: Problem,
    solver: Integration,
    plan: CoveragePlan,
    report: Callable[[str], None] = lambda line: None,
) -> pl.DataFrame:
    """COVERAGE of predictions and parameters over simulated data sets; the same seed gives the same table.

    FitError where truths keep failing to integrate or no ensemble could be drawn.
    """
    evaluator, shown = make_evaluator(problem, solver, plan.draws), choose_shown(problem, plan.leave_out)
    truths = draw_priors(problem, evaluator.predict, plan.replicas, plan.seed)
    found, failed = [], 0
    for number, truth in enumerate(truths):
        try:
            replica = fit_replica(evaluator, shown, truth, plan, number)
        except FitError as problem_found:
            failed += 1
            report(f"coverage: replica {number + 1} failed: {problem_found}")
            continue
        found.append(replica)
        shares = ", ".join(f"{name} {np.mean(held):.2f}" for name, held in _kinds(replica) if held.size)
        report(f"coverage: {number + 1}/{len(truths)}, {shares}, {replica.arrived:.0%} of draws arrived")
    if not found:
        raise FitError(f"coverage: at least one ensemble must be drawn, found {failed} that failed")
    return tabulate_coverage(found, failed)


def choose_shown(problem: Problem, leave_out: int) -> np.ndarray:
    """Whether the fit sees each measurement [measurements]: one in `leave_out` experiments is kept back."""
    lane = problem.measurements.lane
    return lane % leave_out != leave_out - 1 if leave_out else np.ones(len(lane), bool)


def simulate_measurements(
    problem: Problem, compared: np.ndarray, sigma: np.ndarray, rng: np.random.Generator
) -> Problem:
    """The problem with measurements made from predictions [measurements] and the noise of each observable.

    What is simulated is seen: a limit of detection in the real table does not censor it.
    """
    value = np.empty(len(compared))
    for each in problem.observables:
        drawn = NOISE[each.distribution].draw(rng, len(each.rows), each.degrees)
        noisy = compared[each.rows] + sigma[each.rows] * drawn
        value[each.rows] = SCALES[each.transformation].linear(noisy)
    frame = problem.measurements.frame.assign(measurement=value).drop(columns="censoring", errors="ignore")
    return replace(problem, measurements=replace(problem.measurements, frame=frame))


def fit_replica(
    evaluator: Evaluator, shown: np.ndarray, truth: np.ndarray, plan: CoveragePlan, number: int
) -> Replica:
    """Simulate, fit and draw once, and look which intervals hold the truth."""
    problem, true = evaluator.problem, evaluator.predict(truth[None])
    rng = np.random.default_rng([plan.seed, 1, number])
    data = hide(simulate_measurements(problem, true.compared[0], true.sigma[0], rng), ~shown)
    own = replace(plan, seed=plan.seed + number)
    _, normal, ensemble = draw_posterior(evaluator.judged_by(data), data.estimated.nominal, own)
    predicted = evaluator.predict(ensemble.scaled)
    held = _holds(predicted.compared, true.compared[0])
    once = _first_of_each(problem)
    narrowed = normal.sd < INFORMED / np.sqrt(prior_precision(problem, problem.estimated.nominal))
    by_parameter = _holds(ensemble.scaled, truth)
    return Replica(
        held[once & shown],
        held[once & ~shown],
        by_parameter[narrowed],
        by_parameter,
        float(ensemble.arrived.mean()),
    )


def _holds(draws: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Whether the interval of the draws [draws, quantities] holds the truth [quantities]."""
    low, high = np.quantile(draws, [LOW, HIGH], axis=0, method="weibull")
    return (low <= truth) & (truth <= high)


def _first_of_each(problem: Problem) -> np.ndarray:
    """Whether each measurement is the first of its replicates, which all have one prediction [measurements]."""
    frame = problem.measurements.frame
    what = [
        "observableId",
        "preequilibrationConditionId",
        "simulationConditionId",
        "time",
        "observableParameters",
    ]
    return ~frame.duplicated([name for name in what if name in frame]).to_numpy()


def _kinds(replica: Replica) -> tuple[tuple[str, np.ndarray], ...]:
    return (
        ("measured predictions", replica.measured),
        ("unmeasured predictions", replica.unmeasured),
        ("informed parameters", replica.informed),
        ("all parameters", replica.parameters),
    )


def tabulate_coverage(replicas: list[Replica], failed: int) -> pl.DataFrame:
    """COVERAGE of what the replicas found."""
    rows = []
    for place, (name, _) in enumerate(_kinds(replicas[0])):
        held = [_kinds(replica)[place][1] for replica in replicas]
        held = [each for each in held if each.size]
        if not held:
            continue
        inside_share = float(np.mean(np.concatenate(held)))
        low, high = share_interval(inside_share, independent_cases(held))
        rows.append((name, sum(map(len, held)), inside_share, low, high, len(replicas) + failed, failed))
    return pl.DataFrame(rows, schema=COVERAGE.dtypes(), orient="row")


def independent_cases(held: list[np.ndarray]) -> float:
    """As many independent cases as give shares per replica the spread that they have.

    At least one a replica, at most as many as there are.
    """
    shares, total = np.array([each.mean() for each in held]), sum(map(len, held))
    share = float(np.mean(np.concatenate(held)))
    if len(held) == 1:
        return 1.0
    variance = float(np.var(shares, ddof=1)) / len(held)
    wanted = share * (1 - share) / variance if variance > 0 else total
    return float(np.clip(wanted, len(held), total))


def share_interval(share: float, cases: float) -> tuple[float, float]:
    """95 % interval of a share among so many cases (Wilson 1927)."""
    z2 = NORMAL_95**2 / cases
    middle = (share + z2 / 2) / (1 + z2)
    half = np.sqrt(z2 * (share * (1 - share) + z2 / 4)) / (1 + z2)
    return max(float(middle - half), 0.0), min(float(middle + half), 1.0)
