"""The fit: a PEtab problem in, the best parameters and an ensemble of draws out."""

from screen.fit.calibration import derive_tables, find_stale, write_calibration
from screen.fit.ensemble import Ensemble, Normal, draw_ensemble, jacobian, normal_approximation
from screen.fit.load import load_problem
from screen.fit.objective import Evaluation, Prediction, Solver, log_likelihood, make_objective
from screen.fit.optimise import Optimum, Schedule, optimise
from screen.fit.petab_files import read_petab
from screen.fit.problem import Problem
from screen.fit.stage import FITTED, STARTS, Plan, run_fit

__all__ = [
    "FITTED",
    "STARTS",
    "Ensemble",
    "Evaluation",
    "Normal",
    "Optimum",
    "Plan",
    "Prediction",
    "Problem",
    "Schedule",
    "Solver",
    "derive_tables",
    "draw_ensemble",
    "find_stale",
    "jacobian",
    "load_problem",
    "log_likelihood",
    "make_objective",
    "normal_approximation",
    "optimise",
    "read_petab",
    "run_fit",
    "write_calibration",
]
