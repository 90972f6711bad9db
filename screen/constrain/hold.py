"""Every draw walks to the nearest place where the facts hold; nearness is what its own posterior says.

For a draw x_i the walk minimises, with f the predictions of the calibration and p_k the probability of a fact,

    1/2 |(x - x_i) / sd|^2 + 1/2 |(f(x) - f(x_i)) / sigma|^2 - sum_k log p_k(x)

by damped Gauss-Newton steps. The first two terms are the posterior of the fit around that draw: x_i is their
minimum, and what the measurements decided stays decided. This is randomised maximum likelihood (Oliver, He
and Reynolds 1996; as randomise-then-optimise, Bardsley et al. 2014, doi 10.1137/140964023), exact where
predictions are linear and demands are soft. A draw in which every fact holds with room to spare hardly moves.
"""

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol, Self

import numpy as np

from screen.constrain.demands import Met
from screen.fit.checkpoint import read_checkpoint, write_checkpoint
from screen.fit.progress import Progress

FAILED_COST = 1e6
"""What a vector costs under which the calibration cannot be integrated."""


@dataclass(frozen=True)
class Effort:
    """How far draws are followed."""

    steps: int = 12
    """Most steps of a draw."""
    tolerance: float = 0.5
    """A draw has arrived when a step promises, or `patience` in a row bring, less than this."""
    patience: int = 3
    reach: float = 1.5
    """Furthest that an unknown moves in one step, in prior standard deviations."""


class Trail(Protocol):
    """What was seen on the way to some draws, one entry a draw."""

    def take(self, draws: np.ndarray) -> Self:
        """Of these draws only."""
        ...

    def put(self, draws: np.ndarray, other: Any) -> Self:
        """With the entries of these draws replaced."""
        ...


class Seen(NamedTuple):
    """What some vectors predict: demands met [checks, draws], calibration [draws, measurements] over sigma."""

    met: Met
    predicted: np.ndarray
    sound: np.ndarray
    """Whether every lane of the calibration integrates [draws]."""
    trail: Trail
    """What `Linearise` needs of the same vectors besides."""


Look = Callable[[np.ndarray], Seen]
"""Scaled vectors [draws, unknowns] -> Seen."""

Linearise = Callable[[np.ndarray, Seen], tuple[np.ndarray, np.ndarray]]
"""(vectors, what is seen there) -> slopes of demands [checks, draws, unknowns] and of predictions
[draws, measurements, unknowns]."""


class State(NamedTuple):
    """Where the draws are: scaled vectors, costs, dampings, idle steps and whether each has arrived."""

    step: np.ndarray
    scaled: np.ndarray
    cost: np.ndarray
    damping: np.ndarray
    idle: np.ndarray
    arrived: np.ndarray


class Walked(NamedTuple):
    """Where the draws ended, what is seen there, and what was seen where they began."""

    state: State
    before: Seen
    after: Seen


def walk(
    look: Look,
    linearise: Linearise,
    start: np.ndarray,
    sd: np.ndarray,
    bounds: tuple[np.ndarray, np.ndarray],
    effort: Effort,
    guess: np.ndarray | None = None,
    key: str = "",
    checkpoint: Path | None = None,
    report: Callable[[str], None] = lambda line: None,
) -> Walked:
    """From scaled vectors [draws, unknowns] to where they end; each draw goes its own way.

    A draw begins where `guess` [draws, unknowns] has it if that costs less. With `checkpoint`, goes on from
    that file if it is of this very walk (`key` names what was looked at).
    """
    draws = len(start)
    before = look(start)
    anchor = before.predicted
    cost = _cost(before, start, start, sd, anchor)
    state = State(np.array(0), start, cost, np.ones(draws), np.zeros(draws, int), np.zeros(draws, bool))
    what = key, start.tobytes(), sd.tobytes(), asdict(effort), None if guess is None else guess.tobytes()
    digest = hashlib.sha256(repr(what).encode()).hexdigest()
    stored = None if checkpoint is None else read_checkpoint(checkpoint, digest, state)
    if stored is not None:
        state = State(*(np.asarray(part) for part in stored))
        report(f"constrain: resumed at step {int(state.step)} from {checkpoint}")
        here = look(state.scaled)
    else:
        report(f"constrain: as fitted {_describe(before, state)}")
        here = before
        if guess is not None:
            here, state = _begin(look, before, state, start, guess, sd)
            report(f"constrain: as guessed {_describe(here, state)}")
    progress = Progress(effort.steps, int(state.step))
    moves, fresh = _Steps(draws, start.shape[1]), np.ones(draws, bool)
    while (step := int(state.step)) < effort.steps and not state.arrived.all():
        _renew(moves, linearise, here, state, fresh & ~state.arrived, start, sd, anchor)
        proposed, promised = _propose(moves, state, sd, bounds, effort)
        arrived = state.arrived | (promised < effort.tolerance)
        if arrived.all():
            state = state._replace(arrived=arrived)
            break
        seen = look(proposed)
        gain = np.where(arrived, 0.0, state.cost - _cost(seen, proposed, start, sd, anchor))
        better = gain > 0
        here = _merged(here, seen, better)
        idle = np.where(gain >= effort.tolerance, 0, state.idle + 1)
        state = State(
            state.step + 1,
            np.where(better[:, None], proposed, state.scaled),
            state.cost - np.where(better, gain, 0.0),
            np.where(better, np.maximum(state.damping / 5, 1e-3), state.damping * 6),
            idle,
            arrived | (idle >= effort.patience),
        )
        fresh = better
        if checkpoint is not None:
            write_checkpoint(checkpoint, digest, state)
        report(
            f"constrain: step {step + 1}/{effort.steps}, {_describe(here, state)}, {progress.line(step + 1)}"
        )
    return Walked(state, before, here)


def _begin(
    look: Look, before: Seen, state: State, start: np.ndarray, guess: np.ndarray, sd: np.ndarray
) -> tuple[Seen, State]:
    """Each draw where it costs less: at its start or at its guess."""
    seen = look(guess)
    cost = _cost(seen, guess, start, sd, before.predicted)
    better = cost < state.cost
    here = _merged(before, seen, better)
    scaled, cost = np.where(better[:, None], guess, start), np.where(better, cost, state.cost)
    return here, state._replace(scaled=scaled, cost=cost)


def _cost(
    seen: Seen, scaled: np.ndarray, start: np.ndarray, sd: np.ndarray, anchor: np.ndarray
) -> np.ndarray:
    """What each vector costs [draws]."""
    near = 0.5 * np.sum(((scaled - start) / sd) ** 2, axis=1)
    kept = 0.5 * np.sum((seen.predicted - anchor) ** 2, axis=1)
    return np.where(seen.sound, near + kept + seen.met.cost.sum(axis=0), FAILED_COST)


def _describe(seen: Seen, state: State) -> str:
    holds = seen.met.holds
    return (
        f"{holds.mean():.1%} of demands met, all of them in {int(holds.all(axis=0).sum())} of "
        f"{holds.shape[1]} draws, median cost {np.median(state.cost):.1f}, {int(state.arrived.sum())} arrived"
    )


class _Steps:
    """Gradient and Gauss-Newton matrix of each draw, kept until it moves."""

    def __init__(self, draws: int, unknowns: int):
        self.gradient = np.zeros((draws, unknowns))
        self.matrix = np.zeros((draws, unknowns, unknowns))


def _renew(
    moves: _Steps,
    linearise: Linearise,
    here: Seen,
    state: State,
    asked: np.ndarray,
    start: np.ndarray,
    sd: np.ndarray,
    anchor: np.ndarray,
) -> None:
    """Linearise anew where a draw has moved."""
    chosen = np.flatnonzero(asked)
    if not len(chosen):
        return
    seen = _taken(here, chosen)
    of_demands, of_predictions = linearise(state.scaled[chosen], seen)
    for place, draw in enumerate(chosen):
        demand, prediction = of_demands[:, place], of_predictions[place]
        gradient = (state.scaled[draw] - start[draw]) / sd**2
        gradient += (
            prediction.T @ (seen.predicted[place] - anchor[draw]) + demand.T @ seen.met.slope[:, place]
        )
        matrix = prediction.T @ prediction + demand.T @ (seen.met.curvature[:, place, None] * demand)
        matrix[np.diag_indices_from(matrix)] += 1 / sd**2
        moves.gradient[draw], moves.matrix[draw] = gradient, matrix


def _propose(
    moves: _Steps, state: State, sd: np.ndarray, bounds: tuple[np.ndarray, np.ndarray], effort: Effort
) -> tuple[np.ndarray, np.ndarray]:
    """The next vector of each draw, and how much the linearisation promises."""
    proposed, promised = state.scaled.copy(), np.zeros(len(state.scaled))
    for draw in np.flatnonzero(~state.arrived):
        gradient, matrix = moves.gradient[draw], moves.matrix[draw]
        move = -np.linalg.solve(matrix + state.damping[draw] * np.diag(1 / sd**2), gradient)
        move *= min(1.0, effort.reach / max(float(np.max(np.abs(move) / sd)), 1e-12))
        proposed[draw] = np.clip(state.scaled[draw] + move, *bounds)
        move = proposed[draw] - state.scaled[draw]
        promised[draw] = -(gradient @ move) - 0.5 * move @ matrix @ move
    return proposed, promised


def _taken(seen: Seen, draws: np.ndarray) -> Seen:
    return seen._replace(
        met=Met(*(part[:, draws] for part in seen.met)),
        predicted=seen.predicted[draws],
        sound=seen.sound[draws],
        trail=seen.trail.take(draws),
    )


def _merged(here: Seen, seen: Seen, moved: np.ndarray) -> Seen:
    """What is seen where the draws are now: from `seen` where a draw moved, else as before."""
    draws = np.flatnonzero(moved)
    parts = zip(here.met, seen.met, strict=True)
    return Seen(
        Met(*(np.where(moved, new, old) for old, new in parts)),
        np.where(moved[:, None], seen.predicted, here.predicted),
        np.where(moved, seen.sound, here.sound),
        here.trail.put(draws, seen.trail.take(draws)),
    )
