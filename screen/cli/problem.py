"""What the commands around the fit share: the calibration problem and how it is solved."""

import argparse
from typing import TYPE_CHECKING

from screen.cli.options import Results, read_shared
from screen.settings import Settings

if TYPE_CHECKING:
    from screen.calibration import Problem
    from screen.fit import Solver


def read_problem(arguments: argparse.Namespace) -> "tuple[Settings, Results, Problem, Solver]":
    """Settings, where results lie, the calibration problem as arrays and the solver of the fit; configures JAX."""
    settings, results = read_shared(arguments)
    from screen.calibration import load_problem
    from screen.fit import Solver, choose_fit_engine
    from screen.kernel import configure

    configure()
    wanted = settings.simulate
    engine = choose_fit_engine(wanted.engine)
    problem = load_problem(settings.fit.problem, results.network)
    return settings, results, problem, Solver(engine, wanted.rtol, wanted.atol, threads=arguments.threads)
