"""The fit: a PEtab problem in, the best parameters and an ensemble of draws out."""

from screen.fit.calibration import BOUND, derive_tables, find_stale, scaled_prior, write_calibration
from screen.fit.coverage import COVERAGE, CoveragePlan, measure_coverage
from screen.fit.descent import UNSOUND_COST, Descent, Pace, Trail, descend
from screen.fit.ensemble import Ensemble, draw_ensemble
from screen.fit.evidence import EVIDENCE, FACTS, EvidencePlan, compare_options
from screen.fit.figures import draw_profiles
from screen.fit.fitted import most_narrowed, read_best
from screen.fit.hierarchical import (
    Hierarchical,
    make_hierarchical,
    make_hierarchical_objective,
    make_hierarchical_predictor,
)
from screen.fit.levenberg import Effort, Ended, levenberg
from screen.fit.load import load_problem
from screen.fit.newton import Curvature, Polished, curvature, polish, prior_precision
from screen.fit.normal import Normal, normal_approximation
from screen.fit.objective import Evaluation, Predicted, Solver, make_objective, make_predictor
from screen.fit.optimise import Optimum, Schedule, optimise
from screen.fit.petab_files import read_petab
from screen.fit.problem import Problem
from screen.fit.profiles import IDENTIFIED, PROFILE_RISE, PROFILES, ProfilePlan, identify, profile
from screen.fit.sensitivity import Sensitivity, make_sensitivity
from screen.fit.settle import SETTLING, Screen, describe_models, find_settling, propose_experiments
from screen.fit.stage import FITTED, SIGMA_SD, STARTS, Plan, choose_fit_engine, run_fit, write_prior_draws
from screen.fit.subset import keep_conditions, keep_measurements

__all__ = [
    "BOUND",
    "COVERAGE",
    "EVIDENCE",
    "FACTS",
    "FITTED",
    "IDENTIFIED",
    "PROFILES",
    "PROFILE_RISE",
    "SETTLING",
    "SIGMA_SD",
    "STARTS",
    "UNSOUND_COST",
    "CoveragePlan",
    "Curvature",
    "Descent",
    "Effort",
    "Ended",
    "Ensemble",
    "Evaluation",
    "EvidencePlan",
    "Hierarchical",
    "Normal",
    "Optimum",
    "Pace",
    "Plan",
    "Polished",
    "Predicted",
    "Problem",
    "ProfilePlan",
    "Schedule",
    "Screen",
    "Sensitivity",
    "Solver",
    "Trail",
    "choose_fit_engine",
    "compare_options",
    "curvature",
    "derive_tables",
    "descend",
    "describe_models",
    "draw_ensemble",
    "draw_profiles",
    "find_settling",
    "find_stale",
    "identify",
    "keep_conditions",
    "keep_measurements",
    "levenberg",
    "load_problem",
    "make_hierarchical",
    "make_hierarchical_objective",
    "make_hierarchical_predictor",
    "make_objective",
    "make_predictor",
    "make_sensitivity",
    "measure_coverage",
    "most_narrowed",
    "normal_approximation",
    "optimise",
    "polish",
    "prior_precision",
    "profile",
    "propose_experiments",
    "read_best",
    "read_petab",
    "run_fit",
    "scaled_prior",
    "write_calibration",
    "write_prior_draws",
]
