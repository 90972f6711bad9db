"""Held-out prediction: leave out a kind of experiment, refit the rest, predict, and compare with trivial answers.

Each task hides some readings of one source, and contexts forget what they know from them. The network is refitted
from its nominal values to the readings that are left (Gauss-Newton, scales and offsets included), an ensemble is
drawn as a fit draws it, and the effects of the hidden experiments are predicted with 90 % intervals in which the
noise of the readings counts.
A task that is done is kept in its folder and not run again as long as nothing it depends on changed.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from screen.calibration.derive import BLOCKED_LOAD
from screen.calibration.load import load_problem
from screen.calibration.problem import Problem, measured_values
from screen.calibration.subset import keep_measurements
from screen.errors import FitError
from screen.experiments import LOAD_OF, Arm, Exposure, arm_routes
from screen.fit.checkpoint import Log
from screen.fit.evaluator import Evaluator, make_evaluator
from screen.fit.hierarchical import make_hierarchical, make_hierarchical_predictor
from screen.fit.objective import Predicted
from screen.fit.posterior import Drawing, draw_posterior
from screen.judge.discrepancy import EFFECTS, PHOSPHORYLATED
from screen.judge.effects import BASELINES, Effect, find_effects
from screen.judge.heldout_tasks import Task
from screen.judge.predicted import as_log10, noise_sd, signals, with_noise
from screen.judge.scores import WITHIN_NOISE, coverage, score
from screen.network import read_sbml
from screen.simulate import Integration
from screen.sources import SOURCES, Condition, Imported, Known, Reading, assemble, forget, write_tables
from screen.tables import Column, Schema, write_table, write_text_atomic

LOW, HIGH = 0.05, 0.95
"""Ends of the interval of a prediction."""


HELDOUT = Schema(
    "heldout",
    (
        Column("task", pl.String, "what was hidden"),
        Column("predictor", pl.String, "model or the baseline"),
        Column("effects", pl.Int64, "hidden effects that are scored", minimum=1),
        Column("rmse", pl.Float64, "root mean squared error", "log2", minimum=0),
        Column("rank_correlation", pl.Float64, "Spearman's", nullable=True, minimum=-1, maximum=1),
        Column("sign_accuracy", pl.Float64, "share of signs right, within noise is 0", minimum=0, maximum=1),
        Column("three_class_accuracy", pl.Float64, "down, within noise, up", minimum=0, maximum=1),
        Column("decided_sign_accuracy", pl.Float64, "beyond noise only", nullable=True, minimum=0, maximum=1),
        Column("coverage", pl.Float64, "share inside 90 % intervals", nullable=True, minimum=0, maximum=1),
    ),
    key=("task", "predictor"),
)


@dataclass(frozen=True)
class HeldoutPlan(Drawing):
    """How hard to try; the same for every task.

    A draw sets out near the optimum and goes to the minimum of its own data and priors. `draw_steps` is the least
    number of tens after which every draw of three tasks (ruxolitinib, 3 h, cytometry; 24 draws each) has arrived. How
    far its cost is then above where it ends, in the median and at 90 %: after 2 steps 23 to 51 and 75 to 98, after 5 11
    to 29 and 30 to 52, after 10 2 to 5 and 8 to 20, after 20 0.2 and 4 at most. Nine of ten arrive after 26 to 29.
    """

    polish: int = 20
    tolerance: float = 0.5
    draws: int = 24
    draw_steps: int = 40
    seed: int = 1


@dataclass(frozen=True)
class Inputs:
    """What all tasks are run with: the folder of the data, what is known of cells and drugs, the network in SBML."""

    data: Path
    known: Known
    sbml: Path
    solver: Integration
    plan: HeldoutPlan = HeldoutPlan()


@dataclass(frozen=True)
class Prepared:
    """A source made ready: its problem and its readings, one a measurement."""

    evaluator: Evaluator
    readings: tuple[Reading, ...]
    solver: Integration
    routes: Callable[[Sequence[Condition]], Sequence[str]]
    """The kind of route of what inhibits in each condition."""
    forgotten: tuple[str, ...] = ()
    """Settings of contexts that the problem does without: `context parameter`."""


def prepare(task: Task, inputs: Inputs, folder: Path) -> Prepared:
    """Import the source of a task, without what is known from hidden facts, and compile what its fits need.

    Tasks of the same source and facts can share it.
    """
    source = SOURCES[task.source]
    known, forgotten = forget(inputs.known, task.facts)
    found, solver = source.read(inputs.data), inputs.solver
    readings = tuple(each for each in found.readings if each.observable in task.observables)
    tables = assemble([(source, Imported(readings, found.left_out))], known)
    problem = load_problem(write_tables(tables, folder, str(inputs.sbml.resolve())))
    network = read_sbml(inputs.sbml)

    def routes(conditions: Sequence[Condition]) -> Sequence[str]:
        arms = [_arm(each) for each in conditions]
        found = arm_routes(arms, known.contexts, known.drugs, lambda name: network, PHOSPHORYLATED)
        return [route.kind for route in found]

    evaluator = make_evaluator(problem, solver, inputs.plan.draws)
    return Prepared(evaluator, tables.readings, solver, routes, forgotten)


def _arm(condition: Condition) -> Arm:
    blocked = ((LOAD_OF + target, BLOCKED_LOAD) for target in condition.blocked)
    return Arm(
        condition.context,
        stimulus=Exposure(condition.stimulus),
        treatment=Exposure((*condition.drugs, *blocked)),
    )


def run_task(
    task: Task, prepared: Prepared, plan: HeldoutPlan, report: Callable[[str], None] = lambda line: None
) -> dict[str, Any]:
    """Hide, refit, draw, predict and score; what comes back can be written as JSON. FitError: nothing is hidden."""
    hidden = np.array([task.hides(each) for each in prepared.readings])
    effects = find_effects(prepared.readings)
    held = [each for each in effects if hidden[list(each.inhibited)].all()]
    training = [each for each in effects if not hidden[[*each.inhibited, *each.vehicle]].any()]
    if not held or hidden.all():
        raise FitError(f"{task.name}: must hide some effects and leave some readings, found {len(held)}")
    evaluator, problem = prepared.evaluator, prepared.evaluator.problem
    shown = keep_measurements(problem, np.flatnonzero(~hidden))
    start = _start(shown, prepared.solver)
    fitted = make_evaluator(shown, prepared.solver, plan.draws)
    polished, _, ensemble = draw_posterior(fitted, start, plan, Log(report))
    best, drawn = evaluator.predict(polished.scaled[None]), evaluator.predict(ensemble.scaled)
    if failed := int(np.sum(drawn.failed > 0)):
        raise FitError(f"{task.name}: every draw must integrate what is hidden, found {failed} that do not")
    z = (best.compared[0] - measured_values(problem)) / best.sigma[0]
    found = _score(task, problem, held, training, drawn, plan.seed)
    seen = signals(problem, prepared.readings, ensemble.scaled, as_log10(problem, drawn)[0])
    routes = prepared.routes([each.arm for each in held])
    for each, effect, route in zip(found["predictions"], held, routes, strict=True):
        each |= {"route": route, **_signal(effect, *seen)}
    return {
        "question": task.question,
        "data_set": task.source,
        "source": SOURCES[task.source].citation,
        "readings": len(hidden),
        "hidden": int(hidden.sum()),
        "forgotten": list(prepared.forgotten),
        "chi2_per_point_shown": float(np.mean(z[~hidden] ** 2)),
        "chi2_per_point_hidden": float(np.mean(z[hidden] ** 2)),
        "arrived": float(ensemble.arrived.mean()),
        **found,
    }


def _start(problem: Problem, solver: Integration) -> np.ndarray:
    """The nominal values, with the scales and offsets that are best for the readings of a problem.

    For this start every batch is solved as if its noise were normal, nothing censored and no scale had a prior.
    """
    estimated = problem.estimated
    is_own = [name.startswith(("scale_", "offset_")) for name in estimated.names]
    priors = tuple(None if own else prior for own, prior in zip(is_own, estimated.priors, strict=True))
    frame = problem.measurements.frame.drop(columns="censoring", errors="ignore")
    plain = replace(
        problem,
        estimated=replace(estimated, priors=priors),
        observables=tuple(replace(each, distribution="normal") for each in problem.observables),
        measurements=replace(problem.measurements, frame=frame),
    )
    hierarchical = make_hierarchical(plain)
    outer = estimated.nominal[hierarchical.kept][None]
    found = make_hierarchical_predictor(hierarchical, solver, 1)(outer)
    return hierarchical.complete(outer, found.solved)[0]


def _score(
    task: Task,
    problem: Problem,
    held: Sequence[Effect],
    training: Sequence[Effect],
    drawn: Predicted,
    seed: int,
) -> dict[str, Any]:
    """Scores of the model and of the baselines, and every effect."""
    log10, spread = as_log10(problem, drawn)
    noisy = with_noise(problem, log10, spread, np.random.default_rng([seed, 2]))
    sigma = noise_sd(problem, np.median(spread, axis=0))
    is_scored = [task.at_rest or bool(each.arm.stimulus) for each in held]
    predictions = [
        _predict(each, log10, noisy, sigma) | {"is_scored": scored}
        for each, scored in zip(held, is_scored, strict=True)
    ]
    model, baselines = _scores(held, training, predictions, is_scored)
    apart = [not scored for scored in is_scored]
    return {
        "effects": sum(is_scored),
        "training_effects": len(training),
        "within_noise": sum(
            abs(each["observed"]) <= WITHIN_NOISE * each["noise"]
            for each, scored in zip(predictions, is_scored, strict=True)
            if scored
        ),
        "model": model,
        "baselines": baselines,
        "targets": _judge(task, model, baselines),
        "without_stimulus": dict(
            zip(("model", "baselines"), _scores(held, training, predictions, apart), strict=True)
        )
        if any(apart)
        else None,
        "predictions": predictions,
    }


def _predict(effect: Effect, log10: np.ndarray, noisy: np.ndarray, sigma: np.ndarray) -> dict[str, Any]:
    """An effect as it was observed and as the ensemble has it."""
    low, high = np.quantile(effect.of(noisy), [LOW, HIGH])
    return {
        "condition": effect.arm.words,
        "arm": effect.arm.inhibition,
        "observable": effect.observable,
        "batch": effect.batch,
        "minutes": effect.time,
        "observed": effect.observed,
        "noise": effect.noise(sigma),
        "predicted": float(np.median(effect.of(log10))),
        "low": float(low),
        "high": float(high),
    }


def _signal(effect: Effect, log10: np.ndarray, share: np.ndarray) -> dict[str, float]:
    """What the inhibitor does to the signal, and how much of the inhibited reading is signal, not offset."""
    return {
        "signal": float(np.median(effect.of(log10))),
        "seen": float(np.median(share[:, list(effect.inhibited)].mean(axis=1))),
    }


def _scores(
    held: Sequence[Effect],
    training: Sequence[Effect],
    predictions: Sequence[dict[str, Any]],
    chosen: Sequence[bool],
) -> tuple[dict[str, float | None], dict[str, dict[str, float | None]]]:
    """Scores of the model and of each baseline over the chosen effects."""
    rows = [each for each, wanted in zip(predictions, chosen, strict=True) if wanted]
    effects = [each for each, wanted in zip(held, chosen, strict=True) if wanted]
    observed, noise, predicted, low, high = (
        np.array([row[name] for row in rows]) for name in ("observed", "noise", "predicted", "low", "high")
    )
    baselines = {
        name: score(observed, np.array([predict(each, training) for each in effects]), noise)
        for name, predict in BASELINES.items()
    }
    return score(observed, predicted, noise) | {"coverage": coverage(observed, low, high)}, baselines


def _judge(task: Task, model: dict, baselines: dict) -> dict[str, dict[str, Any]]:
    """What a task should reach, what it reached, and whether that is enough."""
    best = min(each["rmse"] for each in baselines.values())
    wanted: list[tuple[str, float | None, float, bool]] = [
        ("sign_accuracy", task.sign_accuracy, model["sign_accuracy"], True),
        ("rmse_of_best_baseline", task.rmse_ratio, model["rmse"] / best, False),
        ("rmse_of_no_effect", task.no_effect_ratio, model["rmse"] / baselines["no_effect"]["rmse"], False),
        ("coverage", task.coverage, model["coverage"], True),
    ]
    return {
        name: {"wanted": goal, "found": value, "met": bool(value >= goal if is_floor else value <= goal)}
        for name, goal, value, is_floor in wanted
        if goal is not None
    }


def run_tasks(
    tasks: Sequence[Task],
    inputs: Inputs,
    folder: Path,
    report: Callable[[str], None] = lambda line: None,
) -> dict[str, dict[str, Any]]:
    """Every task's result; those that stand in the folder for the same question are read, not run."""
    found: dict[str, dict[str, Any]] = {}
    prepared: dict[tuple[str, ...], Prepared] = {}
    for task in tasks:
        key = _key(task, inputs)
        path = folder / f"{task.name}.json"
        kept = _read(path, key)
        if kept is not None:
            report(f"predict-heldout: {task.name} stands in {path}")
            found[task.name] = kept
            continue
        report(f"predict-heldout: {task.name}: {task.question}")
        shared = (task.source, *task.observables, *task.facts)
        if shared not in prepared:
            prepared[shared] = prepare(task, inputs, folder / task.name)
            if forgotten := prepared[shared].forgotten:
                report(f"predict-heldout: {task.name}: without {', '.join(forgotten)}")
        found[task.name] = run_task(task, prepared[shared], inputs.plan, report)
        write_text_atomic(path, json.dumps({"key": key, "result": found[task.name]}, indent=1) + "\n")
    write_table(tabulate(found), folder / "scores.tsv", HELDOUT)
    return found


def tabulate(found: Mapping[str, Mapping[str, Any]]) -> pl.DataFrame:
    """HELDOUT of some results: the model, then the baselines, task by task."""
    rows = [
        {"task": task, "predictor": name, "effects": result["effects"], "coverage": None, **scores}
        for task, result in found.items()
        for name, scores in {"model": result["model"], **result["baselines"]}.items()
    ]
    return pl.DataFrame(rows, schema=HELDOUT.dtypes())


def _key(task: Task, inputs: Inputs) -> str:
    known = inputs.known
    files = [inputs.data / file for file in SOURCES[task.source].files] + [inputs.sbml]
    parts: list[Any] = [hashlib.sha256(path.read_bytes()).hexdigest() for path in files]
    parts += [[column.name for column in EFFECTS.columns]]
    parts += [task.name, task.facts, known.network.rows(), repr(known.contexts), repr(known.drugs)]
    parts += [asdict(replace(inputs.solver, threads=None)), asdict(inputs.plan)]
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _read(path: Path, key: str) -> dict[str, Any] | None:
    try:
        kept = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    return kept["result"] if isinstance(kept, dict) and kept.get("key") == key else None
