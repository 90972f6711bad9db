"""What the commands around the fit share: the calibration problem and how it is solved."""

import argparse
from typing import TYPE_CHECKING

from screen.cli.integration import read_integration
from screen.cli.options import Results, read_shared
from screen.settings import Settings

if TYPE_CHECKING:
    from screen.calibration import Problem
    from screen.simulate import Integration


def read_problem(arguments: argparse.Namespace) -> "tuple[Settings, Results, Problem, Integration]":
    """Settings, where results lie, the calibration problem as arrays and the solver of the fit; configures JAX."""
    settings, results = read_shared(arguments)
    from screen.calibration import load_problem
    from screen.fit import choose_fit_engine
    from screen.kernel import configure

    configure()
    problem = load_problem(settings.fit.problem, results.network)
    engine = choose_fit_engine(settings.simulate.engine, [problem.model])
    return settings, results, problem, read_integration(settings, engine, arguments.threads)
