"""From where a search ended to draws: the last steps, the normal approximation there and the ensemble.

The fit goes this way once, from its best start; the coverage test goes it for every simulated data set.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from screen.calibration.problem import Problem
from screen.fit.checkpoint import read_checkpoint, write_checkpoint
from screen.fit.ensemble import Ensemble, draw_ensemble
from screen.fit.newton import Curvature, Polished, polish
from screen.fit.normal import Normal, normal_approximation
from screen.fit.objective import Predicted
from screen.fit.sensitivity import Sensitivity

POLISHED, DRAWN = "polished.npz", "drawn.npz"
"""What a run that is cut off leaves behind, for the polish and the draws."""


@dataclass(frozen=True)
class Drawing:
    """How long to polish and what to draw."""

    polish: int
    tolerance: float
    draws: int
    steps: int
    """Most steps of a draw to its own minimum."""
    seed: int


@dataclass(frozen=True)
class Checkpoints:
    """Where a run that is cut off leaves what it has, and whose it is."""

    folder: Path
    settings: tuple[Any, ...]
    """What ties the polish to this run, beside the problem and the start."""


class Posterior(NamedTuple):
    """The best fit, the normal distribution around it and the draws."""

    polished: Polished
    normal: Normal
    ensemble: Ensemble


def draw_posterior(
    problem: Problem,
    predictor: Callable[[np.ndarray], Predicted],
    sensitivity: Callable[[np.ndarray], Sensitivity],
    start: np.ndarray,
    drawing: Drawing,
    report: Callable[[str], None] = lambda line: None,
    checkpoints: Checkpoints | None = None,
) -> Posterior:
    """Polish a scaled vector and draw around where it ends; the same seed gives the same draws.

    With `checkpoints`, goes on from what an earlier run that was cut off left there. FitError where not
    even the optimum integrates.
    """

    def polish_start() -> Polished:
        steps, tolerance = drawing.polish, drawing.tolerance
        return polish(problem, predictor, sensitivity, start, steps, tolerance, report)

    if checkpoints is None:
        polished = polish_start()
    else:
        polished = _polish_once(problem, start, polish_start, checkpoints, report)
    normal = normal_approximation(polished.scaled, polished.curvature.precision)
    stored = None if checkpoints is None else checkpoints.folder / DRAWN
    draws, steps, seed = drawing.draws, drawing.steps, drawing.seed
    ensemble = draw_ensemble(problem, predictor, sensitivity, polished, draws, steps, seed, report, stored)
    return Posterior(polished, normal, ensemble)


def _polish_once(
    problem: Problem,
    start: np.ndarray,
    polish_start: Callable[[], Polished],
    checkpoints: Checkpoints,
    report: Callable[[str], None],
) -> Polished:
    """The start polished, or what an earlier run that was cut off later has left of that."""
    path = checkpoints.folder / POLISHED
    what = problem.digest, *checkpoints.settings, start.tobytes()
    key = hashlib.sha256(repr(what).encode()).hexdigest()
    size = len(start)
    shapes = Curvature(np.empty(size), np.empty((size, size)))
    stored = read_checkpoint(path, key, Polished(start, 0.0, 0.0, shapes, 0))
    if stored is not None:
        report(f"fit: polished before; read from {path}")
        curved = Curvature(*(np.asarray(part) for part in stored.curvature))
        cost, norm, steps = float(stored.cost), float(stored.gradient_norm), int(stored.steps)
        return Polished(np.asarray(stored.scaled), cost, norm, curved, steps)
    polished = polish_start()
    write_checkpoint(path, key, polished)
    return polished
