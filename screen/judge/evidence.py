"""Which answer to an open question the measurements prefer: the evidence of each option of a switch.

An option is set in every experiment of the calibration, over what the experiment's own hypothesis says of
that switch; what its label says of other switches stays. From the best fit the parameters are then fitted
anew under each option, and the evidence (the probability of the measurements under the option, all
parameters integrated out) follows from Laplace's approximation: cost at the optimum and curvature of the
posterior there. A parameter that an option sets no longer acts and adds nothing to the evidence.

Options with equal evidence are told apart by nothing that was measured; a log Bayes factor of 3 is strong
(Kass 1995, J Am Stat Assoc 90:773).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

import numpy as np
import polars as pl

from screen.calibration.problem import Experiments, Problem, Values
from screen.errors import FitError
from screen.fit.evaluator import Evaluator, Polished, make_evaluator, polish
from screen.fit.objective import Predicted
from screen.scenarios import Option
from screen.simulate import Integration
from screen.tables import Column, Schema

EVIDENCE = Schema(
    "evidence",
    (
        Column("switch", pl.String, "the open question"),
        Column("option", pl.String, "an answer to it, of hypotheses.tsv"),
        Column("prior_weight", pl.Float64, "its weight before the data", minimum=0, maximum=1),
        Column("log_evidence", pl.Float64, "log probability of the measurements under it"),
        Column("log_bayes_factor", pl.Float64, "log evidence minus that of the best option", maximum=0),
        Column("posterior_weight", pl.Float64, "its weight given the data", minimum=0, maximum=1),
        Column("cost", pl.Float64, "minus the log posterior at its best fit"),
        Column("gradient_norm", pl.Float64, "length of the gradient there, per prior sd", minimum=0),
        Column("failed", pl.Int64, "lanes that failed there", minimum=0),
    ),
    key=("switch", "option"),
)

FACTS = Schema(
    "facts",
    (
        Column("switch", pl.String, "the open question"),
        Column("fact", pl.String, "fact of the panel, or data set"),
        Column("option", pl.String, "an answer to the question"),
        Column("measurements", pl.Int64, "measurements of the fact", minimum=1),
        Column("cost", pl.Float64, "minus their log likelihood at the best fit of the option"),
        Column("difference", pl.Float64, "that cost minus the one of the option it suits best", minimum=0),
    ),
    key=("switch", "fact", "option"),
)


@dataclass(frozen=True)
class EvidencePlan:
    """How hard to fit under each option."""

    steps: int = 30
    tolerance: float = 0.02


class Fitted(NamedTuple):
    """The best fit under an option."""

    polished: Polished
    predicted: Predicted
    log_evidence: float


def impose(problem: Problem, settings: Mapping[str, float]) -> Problem:
    """The problem with network parameters set to numbers in every experiment, at rest and after it.

    FitError for a parameter that the network does not have.
    """
    unknown = [name for name in settings if name not in problem.model.parameters]
    if unknown:
        raise FitError(
            [f"hypotheses: `parameter` must be one of the network's, found {name}" for name in unknown]
        )
    columns = [problem.model.parameters.index(name) for name in settings]

    def set_columns(experiments: Experiments) -> Experiments:
        constant, source = experiments.parameters.constant.copy(), experiments.parameters.source.copy()
        constant[:, columns], source[:, columns] = list(settings.values()), -1
        return replace(experiments, parameters=Values(constant, source))

    return problem.with_tables(set_columns)


def log_evidence(problem: Problem, polished: Polished) -> float:
    """Laplace's approximation of the log probability of the measurements, at an optimum of the posterior."""
    estimated = problem.estimated
    boxes = [place for place, prior in enumerate(estimated.priors) if prior is None]
    box = float(np.sum(np.log(estimated.upper - estimated.lower)[boxes]))
    _, log_determinant = np.linalg.slogdet(polished.curvature.precision)
    return -polished.cost - box + 0.5 * (len(estimated.names) * np.log(2 * np.pi) - float(log_determinant))


def make_fit(
    problem: Problem, solver: Integration, plan: EvidencePlan
) -> Callable[[Mapping[str, float], np.ndarray], Fitted]:
    """A function from what an option sets and a scaled vector to the fit that is reached from there.

    What is set goes into the compiled functions as numbers: they are compiled once for all options.
    """
    free = make_evaluator(problem, solver, 1)

    def fit(settings: Mapping[str, float], start: np.ndarray) -> Fitted:
        imposed = impose(problem, settings)
        evaluator = Evaluator(
            imposed, partial(free.predict, under=imposed), partial(free.sensitivity, under=imposed)
        )
        polished = polish(evaluator, start, plan.steps, plan.tolerance)
        return Fitted(polished, evaluator.predict(polished.scaled[None]), log_evidence(imposed, polished))

    return fit


def compare_options(
    problem: Problem,
    solver: Integration,
    best: np.ndarray,
    options: Mapping[str, Option],
    plan: EvidencePlan,
    report: Callable[[str], None] = lambda line: None,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """EVIDENCE and FACTS of the options of one or several switches; `best` is the fit as scaled values."""
    evidence, facts, fit = [], [], make_fit(problem, solver, plan)
    for switch in dict.fromkeys(option.switch for option in options.values()):
        members = {name: option for name, option in options.items() if option.switch == switch}
        fitted = {}
        for name, option in members.items():
            fitted[name] = fit(option.settings, best)
            found = fitted[name]
            report(
                f"compare-models: {switch} {name}, log evidence {found.log_evidence:.2f}, "
                f"cost {found.polished.cost:.2f} after {found.polished.steps} steps"
            )
        evidence.append(_tabulate_evidence(switch, members, fitted))
        facts.append(_tabulate_facts(problem, switch, fitted))
    return pl.concat(evidence), pl.concat(facts)


def _tabulate_evidence(
    switch: str, options: Mapping[str, Option], fitted: Mapping[str, Fitted]
) -> pl.DataFrame:
    found = np.array([fitted[name].log_evidence for name in options])
    prior = np.array([option.weight for option in options.values()])
    weight = prior * np.exp(found - found.max())
    return pl.DataFrame(
        {
            "switch": [switch] * len(options),
            "option": list(options),
            "prior_weight": prior,
            "log_evidence": found,
            "log_bayes_factor": found - found.max(),
            "posterior_weight": weight / weight.sum(),
            "cost": [each.polished.cost for each in fitted.values()],
            "gradient_norm": [each.polished.gradient_norm for each in fitted.values()],
            "failed": [int(each.predicted.failed[0]) for each in fitted.values()],
        },
        schema=EVIDENCE.dtypes(),
    )


def _tabulate_facts(problem: Problem, switch: str, fitted: Mapping[str, Fitted]) -> pl.DataFrame:
    """What each option costs each fact, the facts that tell the options apart first."""
    names = fact_names(problem)
    rows = pl.concat(
        pl.DataFrame({"fact": names, "option": [option] * len(names), "cost": each.predicted.cost[0]})
        for option, each in fitted.items()
    )
    cost = rows.group_by("fact", "option", maintain_order=True).agg(
        pl.len().cast(pl.Int64).alias("measurements"), pl.col("cost").sum()
    )
    difference = cost.with_columns(
        pl.lit(switch).alias("switch"),
        (pl.col("cost") - pl.col("cost").min().over("fact")).alias("difference"),
    )
    ordered = difference.sort(pl.col("difference").max().over("fact"), descending=True, maintain_order=True)
    return ordered.select(column.name for column in FACTS.columns)


def fact_names(problem: Problem) -> list[str]:
    """What each measurement belongs to: fact of the panel where the table says so, else data set or observable."""
    frame = problem.measurements.frame
    column = next(name for name in ("panel", "datasetId", "observableId") if name in frame)
    return frame[column].fillna("none").astype(str).tolist()
