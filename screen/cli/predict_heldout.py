"""Predict experiments that a fit has not seen, beside what trivial predictors would say.

The trivial ones are: no effect, the mean inhibitor, the nearest condition. Needs public raw data, found as
`import-data` finds them. What is done is not done again: the same command goes on after an interruption.
Example: python -m screen predict-heldout --task ruxolitinib --json -
"""

import argparse
from pathlib import Path
from typing import Any

from screen.cli.integration import read_integration
from screen.cli.options import (
    add_json,
    add_shared,
    add_threads,
    prepare_folder,
    read_shared,
    say,
    write_json,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    add_shared(parser)
    add_threads(parser)
    parser.add_argument("--data", type=Path, default=None, metavar="FOLDER", help="folder of the public data")
    parser.add_argument(
        "--task", action="append", default=[], metavar="NAME",
        help="task to run, may be given again (default: all whose data are there)",
    )  # fmt: skip
    add_json(parser, "the results")


def run(arguments: argparse.Namespace) -> int:
    """Write results/heldout: scores, effects, intervals, discrepancy and a file a task; lines say how it went."""
    settings, results = read_shared(arguments)
    folder = results.folder / "heldout"
    from screen.cli.import_data import read_configuration
    from screen.fit import choose_fit_engine
    from screen.judge.discrepancy import EFFECTS, INTERVALS, judge_intervals, learn, tabulate_effects
    from screen.judge.heldout import HeldoutPlan, Inputs, run_tasks
    from screen.judge.heldout_tasks import choose_tasks
    from screen.kernel import configure
    from screen.scenarios import DISCREPANCY
    from screen.sources import find_data
    from screen.tables import provenance, write_table

    configure()
    data = find_data(arguments.data or settings.fit.data)
    tasks = choose_tasks(arguments.task, data)
    prepare_folder(folder)
    engine = choose_fit_engine(settings.simulate.engine)
    solver = read_integration(settings, engine, arguments.threads)
    known = read_configuration(settings, results)
    inputs = Inputs(data, known, results.network, solver, HeldoutPlan(seed=settings.seed))
    found = run_tasks(tasks, inputs, folder, say)
    effects = tabulate_effects(found)
    judged = judge_intervals(effects)
    write_table(effects, folder / "effects.tsv", EFFECTS)
    write_table(judged, folder / "intervals.tsv", INTERVALS)
    made_from = provenance("predict_heldout", [results.network, folder / "effects.tsv"])
    write_table(learn(effects), folder / "discrepancy.tsv", DISCREPANCY, made_from)
    write_json(found, arguments.json)
    for name, result in found.items():
        say(f"predict-heldout: {name}: {_sentence(result)}")
    for row in judged.iter_rows(named=True):
        say(f"predict-heldout: {row['data_set']}: {_verdict(row)}")
    return 0


def _verdict(row: dict[str, Any]) -> str:
    """How often intervals hold effects, bare and with the discrepancy that the other data sets teach."""
    far = (
        f"; of {row['beyond_noise']} beyond noise {row['beyond_noise_inside_bare']:.2f} and "
        f"{row['beyond_noise_inside']:.2f}"
        if row["beyond_noise"]
        else ""
    )
    return (
        f"of {row['effects']} effects {row['inside_bare']:.2f} in the bare interval, {row['inside']:.2f} with the "
        f"discrepancy of the other data sets{far}"
    )


def _sentence(result: dict[str, Any]) -> str:
    model, baselines = result["model"], result["baselines"]
    others = ", ".join(f"{name} {scores['rmse']:.2f}" for name, scores in baselines.items())
    goals = "; ".join(
        f"{name} {goal['found']:.2f}, wanted {goal['wanted']:g}: {'met' if goal['met'] else 'missed'}"
        for name, goal in result["targets"].items()
    )
    return (
        f"{result['effects']} effects, rmse {model['rmse']:.2f} ({others}), signs {model['sign_accuracy']:.2f}, "
        f"coverage {model['coverage']:.2f}" + (f"; {goals}" if goals else "")
    )
