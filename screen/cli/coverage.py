"""Check on simulated data that the ensemble's 90 % intervals hold the truth in 90 % of the cases.

Parameters are drawn from the priors, measurements are simulated from them, fitted and drawn from as the real
ones are. It takes about a minute for each simulated data set.
Example: python -m screen coverage --replicas 10
"""

import argparse

from screen.cli.options import (
    add_count,
    add_json,
    add_shared,
    add_threads,
    prepare_folder,
    read_shared,
    say,
    write_json,
)
from screen.cli.problem import read_problem


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    add_shared(parser)
    add_threads(parser)
    add_count(parser, "--replicas", 20, "data sets to simulate and fit")
    add_count(parser, "--draws", 32, "draws of each ensemble; an interval of few is as right as one of many")
    parser.add_argument(
        "--conditions", default="hep_*", metavar="PATTERN",
        help="measurements of which conditions to simulate, with * and ? (default: %(default)s)",
    )  # fmt: skip
    add_json(parser, "the table")


def run(arguments: argparse.Namespace) -> int:
    """Write results/fit/coverage.tsv."""
    prepare_folder(read_shared(arguments)[1].fit)
    settings, results, problem, solver = read_problem(arguments)
    from screen.calibration import keep_conditions
    from screen.judge import COVERAGE, CoveragePlan, measure_coverage
    from screen.tables import write_table

    wanted = settings.fit
    plan = CoveragePlan(
        replicas=arguments.replicas,
        draws=arguments.draws,
        draw_steps=wanted.draw_steps,
        seed=settings.seed,
    )
    table = measure_coverage(keep_conditions(problem, arguments.conditions), solver, plan, say)
    write_table(table, results.fit / "coverage.tsv", COVERAGE)
    for row in table.iter_rows(named=True):
        say(f"coverage: {row['of']} {row['coverage']:.3f} ({row['low']:.3f} to {row['high']:.3f})")
    write_json(table.to_dicts(), arguments.json)
    return 0
