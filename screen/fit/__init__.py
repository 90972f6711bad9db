"""The fit: a calibration problem in, the best parameters and an ensemble of draws out."""

from screen.fit.checkpoint import QUIET, Log
from screen.fit.curvature import curvature, prior_precision
from screen.fit.ensemble import draw_ensemble
from screen.fit.estimates import FITTED, STARTS
from screen.fit.evaluator import Evaluator, Polished, make_evaluator, polish
from screen.fit.figures import draw_profiles
from screen.fit.fitted import most_narrowed, read_best
from screen.fit.gauss_newton import UNSOUND_COST, Box, Descent, Objective, Pace, descend, gram, rows_of
from screen.fit.hierarchical import (
    Hierarchical,
    make_hierarchical,
    make_hierarchical_objective,
    make_hierarchical_predictor,
)
from screen.fit.normal import normal_approximation
from screen.fit.objective import Predicted, make_objective, make_predictor
from screen.fit.search import (
    Optimum,
    Schedule,
    Target,
    draw_starts,
    schedule_between_wide_bounds,
    search,
)
from screen.fit.sensitivity import make_sensitivity
from screen.fit.stage import (
    Plan,
    choose_fit_engine,
    run_fit,
    search_problem,
    write_prior_draws,
)
from screen.fit.variable_projection import make_projected_target

__all__ = [
    "FITTED",
    "QUIET",
    "STARTS",
    "UNSOUND_COST",
    "Box",
    "Descent",
    "Evaluator",
    "Hierarchical",
    "Log",
    "Objective",
    "Optimum",
    "Pace",
    "Plan",
    "Polished",
    "Predicted",
    "Schedule",
    "Target",
    "choose_fit_engine",
    "curvature",
    "descend",
    "draw_ensemble",
    "draw_profiles",
    "draw_starts",
    "gram",
    "make_evaluator",
    "make_hierarchical",
    "make_hierarchical_objective",
    "make_hierarchical_predictor",
    "make_objective",
    "make_predictor",
    "make_projected_target",
    "make_sensitivity",
    "most_narrowed",
    "normal_approximation",
    "polish",
    "prior_precision",
    "read_best",
    "rows_of",
    "run_fit",
    "schedule_between_wide_bounds",
    "search",
    "search_problem",
    "write_prior_draws",
]
