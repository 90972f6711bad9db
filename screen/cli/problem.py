"""What the commands around the fit share: the calibration problem and how it is solved."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from screen.cli.integration import read_integration
from screen.cli.options import Results, read_shared
from screen.settings import Settings

if TYPE_CHECKING:
    from screen.calibration import Problem
    from screen.simulate import Integration


def add_petab(parser: argparse._ActionsContainer) -> None:
    """The option of commands that take a problem of any model."""
    parser.add_argument(
        "--petab", type=Path, default=None, metavar="FILE",
        help="PEtab problem of its own model; results in a folder of theirs, named after that of the problem",
    )  # fmt: skip


def read_results(arguments: argparse.Namespace, own: Path | None = None) -> tuple[Settings, Results]:
    """Settings and results folder; those of a problem of its own model apart, where no folder is named."""
    settings, results = read_shared(arguments, any_network=own is not None)
    if own is not None and arguments.results is None:
        results = Results(results.folder / own.resolve().parent.name)
    return settings, results


def read_problem(
    arguments: argparse.Namespace, own: Path | None = None
) -> "tuple[Settings, Results, Problem, Integration]":
    """Settings, where results lie, the calibration problem as arrays and the solver of the fit; configures JAX.

    `own` is a problem of its own model.
    """
    settings, results = read_results(arguments, own)
    from screen.calibration import load_problem
    from screen.fit import choose_fit_engine
    from screen.kernel import configure

    configure()
    problem = load_problem(own) if own else load_problem(settings.fit.problem, results.network)
    engine = choose_fit_engine(settings.simulate.engine, [problem.model])
    return settings, results, problem, read_integration(settings, engine, arguments.threads)
