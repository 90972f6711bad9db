"""Every draw goes to the nearest place where the facts hold; nearness is what its own posterior says.

For a draw x_i the descent minimises, with f the predictions of the calibration and p_k the probability of a fact,

    1/2 |(x - x_i) / sd|^2 + 1/2 |(f(x) - f(x_i)) / sigma|^2 - sum_k log p_k(x)

The first two terms are the posterior around that draw: the fit left it at the minimum of its own data and priors
(`screen.fit.ensemble`), and what the measurements decided stays decided. A draw in which every fact holds with
room to spare hardly moves.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from screen.constrain.demands import Met
from screen.fit import QUIET, UNSOUND_COST, Box, Descent, Log, Objective, Pace, descend, gram


class Sight(NamedTuple):
    """What some vectors predict; the draw is the first axis of every array."""

    met: Met
    """Demands [draws, checks]."""
    predicted: np.ndarray
    """Calibration [draws, measurements], over sigma."""
    sound: np.ndarray
    """Whether every lane of the calibration integrates [draws]."""
    trail: Any
    """What `Linearise` needs of the same vectors besides: a tree of arrays."""


Look = Callable[[np.ndarray], Sight]
"""Scaled vectors [draws, unknowns] -> Sight."""

Linearise = Callable[[np.ndarray, Sight], tuple[np.ndarray, np.ndarray]]
"""(vectors, what is seen there) -> slopes of demands [checks, draws, unknowns] and of predictions
[draws, measurements, unknowns]."""


class View(NamedTuple):
    """What can be seen of vectors, and how it moves with them."""

    look: Look
    linearise: Linearise


class Held(NamedTuple):
    """Where the draws ended, what is seen there, and what was seen where they began."""

    state: Descent
    before: Sight
    after: Sight


def hold(
    view: View,
    start: np.ndarray,
    box: Box,
    pace: Pace,
    guess: np.ndarray | None = None,
    log: Log = QUIET,
) -> Held:
    """From scaled vectors [draws, unknowns] to where the facts hold; each draw goes its own way.

    The unit of the box is the standard deviation of each unknown. A draw begins where `guess` [draws, unknowns] has
    it if that costs less.
    """
    (look, linearise), sd = view, box.unit
    before = look(start)
    log.say(f"as fitted {_describe(before)}")

    def priced(draws: np.ndarray, scaled: np.ndarray) -> tuple[np.ndarray, Sight]:
        sight = before if scaled is start else look(scaled)
        near = 0.5 * np.sum(((scaled - start[draws]) / sd) ** 2, axis=1)
        kept = 0.5 * np.sum((sight.predicted - before.predicted[draws]) ** 2, axis=1)
        cost = near + kept + sight.met.cost.sum(axis=1)
        return np.where(sight.sound, cost, UNSOUND_COST), sight

    def bend(draws: np.ndarray, scaled: np.ndarray, sight: Sight) -> tuple[np.ndarray, np.ndarray]:
        of_demands, of_predictions = linearise(scaled, sight)
        gradients = (scaled - start[draws]) / sd**2
        matrices = np.tile(np.diag(1 / sd**2), (len(draws), 1, 1))
        for place, draw in enumerate(draws):
            demand, prediction = of_demands[:, place], of_predictions[place]
            gradients[place] += prediction.T @ (sight.predicted[place] - before.predicted[draw])
            gradients[place] += demand.T @ sight.met.slope[place]
            matrices[place] += prediction.T @ prediction
            matrices[place] += gram(demand, sight.met.curvature[place])
        return gradients, matrices

    objective = Objective(priced, bend, lambda sight: f", {_describe(sight)}")
    starts = [start] if guess is None else [start, guess]
    state, seen = descend(objective, starts, box, pace, "draws", log)
    return Held(state, before, seen)


def _describe(sight: Sight) -> str:
    holds = sight.met.holds
    return f"{holds.mean():.1%} of demands met, all of them in {int(holds.all(axis=1).sum())} of {len(holds)} draws"
