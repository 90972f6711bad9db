"""What a fit asks of a calibration problem: costs and their curvature, compiled once; and the fit from one start."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from screen.calibration.problem import Problem
from screen.fit.checkpoint import QUIET, Log
from screen.fit.curvature import Curvature, box_of, curvature
from screen.fit.gauss_newton import Objective, Pace, descend, gradient_norm, rows_of
from screen.fit.objective import Predicted, cost_of_measurements, make_predictor, posterior_cost
from screen.fit.sensitivity import Sensitivity, make_sensitivity
from screen.simulate import Integration

PATIENCE, REACH = 2, 2.0
"""A fit has arrived when so many steps in a row bring less than its tolerance; no parameter moves further in a
step than so many units."""


class Polished(NamedTuple):
    """Where the steps ended: a scaled vector, its cost and what the cost looks like around it."""

    scaled: np.ndarray
    cost: float
    gradient_norm: float
    """Length of the gradient over what is not held at a bound, per unit of each parameter."""
    curvature: Curvature
    steps: int


@dataclass(frozen=True)
class Evaluator:
    """A calibration problem, what predicts its measurements, and how these predictions move."""

    problem: Problem
    predict: Callable[..., Predicted]
    """Scaled vectors [vectors, estimated] -> Predicted."""
    sensitivity: Callable[..., Sensitivity]
    """One scaled vector [estimated], or several [vectors, estimated] -> Sensitivity."""

    def judged_by(self, problem: Problem) -> "Evaluator":
        """With the measurements of another problem, which differs in their values and in what is hidden alone.

        What was compiled once serves every table of measured values.
        """

        def judged(vectors: np.ndarray) -> Predicted:
            found = self.predict(vectors)
            return found._replace(cost=cost_of_measurements(problem, found))

        return replace(self, problem=problem, predict=judged)

    def cost(self, scaled: np.ndarray) -> np.ndarray:
        """Minus the log posterior [vectors] of scaled vectors [vectors, estimated]."""
        return posterior_cost(self.problem, scaled, self.predict(scaled))

    def curvature(self, scaled: np.ndarray, touching: bool = False) -> Curvature:
        """`curvature` at one scaled vector [estimated]."""
        return curvature(self.problem, scaled, self.sensitivity(scaled), touching)

    def linearise(self, scaled: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Gradients [vectors, estimated] and Gauss-Newton matrices [vectors, estimated, estimated] of the cost."""
        found = self.sensitivity(scaled)
        curved = [
            curvature(self.problem, one, rows_of(found, place), touching=True)
            for place, one in enumerate(scaled)
        ]
        gradients, matrices = zip(*curved, strict=True)
        return np.array(gradients), np.array(matrices)


def make_evaluator(problem: Problem, solver: Integration, width: int) -> Evaluator:
    """The evaluator of a problem, which integrates at most `width` vectors at a time; compiled once and kept."""
    return Evaluator(problem, make_predictor(problem, solver, width), make_sensitivity(problem, solver))


def minimise(cost: Callable, linearise: Callable) -> Objective:
    """The objective of vectors that have one cost in common."""
    return Objective(lambda places, at: (cost(at), None), lambda places, at, seen: linearise(at))


def polish(
    evaluator: Evaluator, start: np.ndarray, steps: int, tolerance: float, log: Log = QUIET
) -> Polished:
    """At most so many steps from a scaled vector [estimated]; ends when two in a row bring < tolerance."""
    objective, box = minimise(evaluator.cost, evaluator.linearise), box_of(evaluator.problem.estimated)
    pace = Pace(steps, tolerance, PATIENCE, REACH)
    state, _ = descend(objective, (start[None],), box, pace, "polish", log)
    at = state.scaled[0]
    found = evaluator.curvature(at)
    norm = gradient_norm(at, found.gradient, box)
    return Polished(at, float(state.cost[0]), float(norm), found, int(state.step))
