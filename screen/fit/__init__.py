"""The fit: a calibration problem in, the best parameters and an ensemble of draws out."""

from screen.fit.descent import UNSOUND_COST, Descent, Pace, Trail, descend
from screen.fit.ensemble import Ensemble, draw_ensemble
from screen.fit.figures import draw_profiles
from screen.fit.fitted import most_narrowed, read_best
from screen.fit.hierarchical import (
    Hierarchical,
    make_hierarchical,
    make_hierarchical_objective,
    make_hierarchical_predictor,
)
from screen.fit.levenberg import Effort, Ended, levenberg
from screen.fit.newton import Curvature, Polished, curvature, polish, prior_precision
from screen.fit.normal import Normal, normal_approximation
from screen.fit.objective import Evaluation, Predicted, make_objective, make_predictor
from screen.fit.optimise import Optimum, Schedule, optimise
from screen.fit.sensitivity import Sensitivity, make_sensitivity
from screen.fit.stage import FITTED, STARTS, Plan, choose_fit_engine, run_fit, write_prior_draws

__all__ = [
    "FITTED",
    "STARTS",
    "UNSOUND_COST",
    "Curvature",
    "Descent",
    "Effort",
    "Ended",
    "Ensemble",
    "Evaluation",
    "Hierarchical",
    "Normal",
    "Optimum",
    "Pace",
    "Plan",
    "Polished",
    "Predicted",
    "Schedule",
    "Sensitivity",
    "Trail",
    "choose_fit_engine",
    "curvature",
    "descend",
    "draw_ensemble",
    "draw_profiles",
    "levenberg",
    "make_hierarchical",
    "make_hierarchical_objective",
    "make_hierarchical_predictor",
    "make_objective",
    "make_predictor",
    "make_sensitivity",
    "most_narrowed",
    "normal_approximation",
    "optimise",
    "polish",
    "prior_precision",
    "read_best",
    "run_fit",
    "write_prior_draws",
]
