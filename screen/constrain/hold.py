"""Every draw goes to the nearest place where the facts hold; nearness is what its own posterior says.

For a draw x_i the descent minimises, with f the predictions of the calibration and p_k the probability of a fact,

    1/2 |(x - x_i) / sd|^2 + 1/2 |(f(x) - f(x_i)) / sigma|^2 - sum_k log p_k(x)

The first two terms are the posterior around that draw: the fit left it at the minimum of its own data and priors
(`screen.fit.ensemble`), and what the measurements decided stays decided. A draw in which every fact holds with
room to spare hardly moves.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from screen.constrain.demands import Met
from screen.fit import UNSOUND_COST, Descent, Pace, Trail, descend


class Sight(NamedTuple):
    """What some vectors predict: demands met [checks, draws], calibration [draws, measurements] over sigma."""

    met: Met
    predicted: np.ndarray
    sound: np.ndarray
    """Whether every lane of the calibration integrates [draws]."""
    trail: Trail
    """What `Linearise` needs of the same vectors besides."""

    def take(self, draws: np.ndarray) -> "Sight":
        """Of these draws only."""
        met = Met(*(part[:, draws] for part in self.met))
        return Sight(met, self.predicted[draws], self.sound[draws], self.trail.take(draws))

    def put(self, draws: np.ndarray, other: "Sight") -> "Sight":
        """With the entries of these draws replaced."""
        met = Met(*(part.copy() for part in self.met))
        for part, new in zip(met, other.met, strict=True):
            part[:, draws] = new
        predicted, sound = self.predicted.copy(), self.sound.copy()
        predicted[draws], sound[draws] = other.predicted, other.sound
        return Sight(met, predicted, sound, self.trail.put(draws, other.trail))


Look = Callable[[np.ndarray], Sight]
"""Scaled vectors [draws, unknowns] -> Sight."""

Linearise = Callable[[np.ndarray, Sight], tuple[np.ndarray, np.ndarray]]
"""(vectors, what is seen there) -> slopes of demands [checks, draws, unknowns] and of predictions
[draws, measurements, unknowns]."""


class Held(NamedTuple):
    """Where the draws ended, what is seen there, and what was seen where they began."""

    state: Descent
    before: Sight
    after: Sight


class _Priced(NamedTuple):
    """What is seen at some draws and what it costs: a `Seen` of the descent."""

    cost: np.ndarray
    sight: Sight

    def take(self, chosen: np.ndarray) -> "_Priced":
        """Of these draws only."""
        return _Priced(self.cost[chosen], self.sight.take(chosen))

    def put(self, chosen: np.ndarray, other: "_Priced") -> "_Priced":
        """With these draws replaced."""
        cost = self.cost.copy()
        cost[chosen] = other.cost
        return _Priced(cost, self.sight.put(chosen, other.sight))


def hold(
    look: Look,
    linearise: Linearise,
    start: np.ndarray,
    sd: np.ndarray,
    bounds: tuple[np.ndarray, np.ndarray],
    pace: Pace,
    guess: np.ndarray | None = None,
    key: str = "",
    checkpoint: Path | None = None,
    report: Callable[[str], None] = lambda line: None,
) -> Held:
    """From scaled vectors [draws, unknowns] to where the facts hold; each draw goes its own way.

    A draw begins where `guess` [draws, unknowns] has it if that costs less. With `checkpoint`, goes on from
    that file if it is of this very task (`key` names what is looked at).
    """
    before = look(start)
    report(f"constrain: as fitted {_describe(before)}")

    def priced(draws: np.ndarray, scaled: np.ndarray) -> _Priced:
        sight = before if scaled is start else look(scaled)
        near = 0.5 * np.sum(((scaled - start[draws]) / sd) ** 2, axis=1)
        kept = 0.5 * np.sum((sight.predicted - before.predicted[draws]) ** 2, axis=1)
        cost = near + kept + sight.met.cost.sum(axis=0)
        return _Priced(np.where(sight.sound, cost, UNSOUND_COST), sight)

    def bend(draws: np.ndarray, scaled: np.ndarray, seen: _Priced) -> tuple[np.ndarray, np.ndarray]:
        sight = seen.sight
        of_demands, of_predictions = linearise(scaled, sight)
        gradients = (scaled - start[draws]) / sd**2
        matrices = np.tile(np.diag(1 / sd**2), (len(draws), 1, 1))
        for place, draw in enumerate(draws):
            demand, prediction = of_demands[:, place], of_predictions[place]
            gradients[place] += prediction.T @ (sight.predicted[place] - before.predicted[draw])
            gradients[place] += demand.T @ sight.met.slope[:, place]
            matrices[place] += prediction.T @ prediction
            matrices[place] += demand.T @ (sight.met.curvature[:, place, None] * demand)
        return gradients, matrices

    state, seen = descend(
        priced, bend, (start,) if guess is None else (start, guess), sd, bounds, pace,
        name="constrain", key=key, checkpoint=checkpoint,
        describe=lambda seen: f", {_describe(seen.sight)}", report=report,
    )  # fmt: skip
    return Held(state, before, seen.sight)


def _describe(sight: Sight) -> str:
    holds = sight.met.holds
    return (
        f"{holds.mean():.1%} of demands met, all of them in {int(holds.all(axis=0).sum())} of "
        f"{holds.shape[1]} draws"
    )
