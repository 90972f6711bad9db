"""Damped Gauss-Newton steps inside a box, for many vectors at once, each with a cost of its own.

Predictions are nearly linear in the parameters close to an optimum, and priors bound every direction that the
data leave open: Levenberg and Marquardt's damping then reaches in a dozen steps what gradient descent needs
hundreds for. A step is the lowest point of its parabola inside the box: clipping it component by component would
turn it, near a bound so far that it may lead uphill. What sits on a side of the box and is pushed out stays there,
and the others make up for it (projected Newton steps, Bertsekas 1982, doi 10.1137/0320018).

Why not a library: on the shipped problem, from its nominal values, SciPy's `least_squares(method="trf")` is at cost
582.53 after eight Jacobians and 32 s of CPU, optimistix' Levenberg-Marquardt at 582.55 after thirteen and 30 s, these
steps at 582.58 after ten and 22 s, 13 of them compilation. They are as good, but go with one vector: draws and starts
cannot share an engine call, and nothing can be kept for a run that is cut off; optimistix' knows no bounds.

One engine call looks at the proposals of all vectors. No vector waits for another or knows of it, so that it goes
the same way alone and in company; the state of all goes into the checkpoint.
"""

from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from typing import Any, NamedTuple

import jax
import numpy as np
from scipy.linalg import cho_factor, cho_solve

from screen.fit.checkpoint import QUIET, Log
from screen.fit.progress import Progress

UNSOUND_COST = 1e6
"""What a vector costs that cannot be integrated."""

FIRST, EASED, TIGHTENED, LEAST, MOST = 1.0, 0.2, 6.0, 1e-8, 1e6
"""The first damping, what it is multiplied by after a step that was taken, or not, and its bounds."""

ROUNDS, HALVINGS = 20, 12
"""Most Newton steps to the lowest point in the box, and most times one of them is halved."""

ENOUGH = 1e-6
"""The lowest point is reached where a step brings less than this share of what all have brought."""


@dataclass(frozen=True)
class Pace:
    """How far vectors are followed."""

    steps: int
    """Most steps of a vector."""
    tolerance: float
    """A vector has arrived when a step promises, or `patience` in a row bring, less than this."""
    patience: int = 3
    reach: float = 1.5
    """Furthest that an unknown moves in one step, in units."""


class Box(NamedTuple):
    """Where vectors may go. An unknown whose bounds are equal is held there."""

    lower: np.ndarray
    """[unknowns], or [vectors, unknowns] where each vector has a box of its own; `upper` too."""
    upper: np.ndarray
    unit: np.ndarray
    """What the damping and the reach count in [unknowns]."""


class Objective(NamedTuple):
    """What vectors cost and how that cost bends. `places` [chosen] are the numbers of the vectors asked for."""

    look: Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, Any]]
    """(places, scaled [chosen, unknowns]) -> costs [chosen], `UNSOUND_COST` for a vector that cannot be
    integrated, and what else is seen there: a tree of arrays whose first axis is the vector, or None."""
    linearise: Callable[[np.ndarray, np.ndarray, Any], tuple[np.ndarray, np.ndarray]]
    """(places, scaled, what is seen there) -> gradients [chosen, unknowns] and Gauss-Newton matrices
    [chosen, unknowns, unknowns] of the costs."""
    describe: Callable[[Any], str] = lambda seen: ""
    """What the lines of progress say of what is seen."""


class Descent(NamedTuple):
    """Where the vectors are: scaled, their costs, dampings, idle steps, steps and whether each has arrived."""

    step: np.ndarray
    scaled: np.ndarray
    cost: np.ndarray
    damping: np.ndarray
    idle: np.ndarray
    steps: np.ndarray
    """Steps that each has tried."""
    arrived: np.ndarray


def rows_of(tree: Any, chosen: np.ndarray | int) -> Any:
    """Of these vectors (or this one) only: every leaf of the tree has them as its first axis."""
    return jax.tree.map(lambda leaf: leaf[chosen], tree)


def with_rows(tree: Any, chosen: np.ndarray, other: Any) -> Any:
    """A copy of the tree in which the entries of these vectors are those of another."""

    def replaced(leaf: np.ndarray, new: np.ndarray) -> np.ndarray:
        leaf = leaf.copy()
        leaf[chosen] = new
        return leaf

    return jax.tree.map(replaced, tree, other)


def descend(
    objective: Objective, starts: Sequence[np.ndarray], box: Box, pace: Pace, name: str, log: Log = QUIET
) -> tuple[Descent, Any]:
    """From scaled vectors [vectors, unknowns] to where they end, and what is seen there.

    Each vector begins at that of its `starts` which costs least. `name` is that of the checkpoint and stands in
    the lines of progress.
    """
    checkpoint = log.checkpoint(name, list(starts), tuple(box), astuple(pace))
    every = np.arange(len(starts[0]))
    state = checkpoint.read(_initial(starts[0], np.full(len(every), np.inf)))
    if state is not None:
        log.say(f"{name} resumed at step {int(state.step)}")
        _, seen = objective.look(every, state.scaled)
    else:
        scaled, cost, seen = _cheapest(objective, starts)
        state = _initial(scaled, cost)
        log.say(f"{name} 0/{pace.steps}, {_describe(state)}{objective.describe(seen)}")
    lower, upper = (np.broadcast_to(side, state.scaled.shape) for side in (box.lower, box.upper))
    box = Box(lower, upper, box.unit)
    progress = Progress(pace.steps, int(state.step))
    vectors, unknowns = state.scaled.shape
    gradient, matrix = np.zeros((vectors, unknowns)), np.zeros((vectors, unknowns, unknowns))
    moved = np.ones(vectors, bool)
    while (step := int(state.step)) < pace.steps and not state.arrived.all():
        if len(chosen := np.flatnonzero(moved & ~state.arrived)):
            found = objective.linearise(chosen, state.scaled[chosen], rows_of(seen, chosen))
            gradient[chosen], matrix[chosen] = found
        state, proposed = _propose(gradient, matrix, state, box, pace)
        if not len(chosen := np.flatnonzero(~state.arrived)):
            break
        cost, there = objective.look(chosen, proposed[chosen])
        state, moved = _absorb(state, chosen, proposed[chosen], cost, pace)
        seen = with_rows(seen, np.flatnonzero(moved), rows_of(there, np.flatnonzero(moved[chosen])))
        checkpoint.write(state)
        log.say(
            f"{name} {step + 1}/{pace.steps}, {_describe(state)}{objective.describe(seen)}, "
            f"{progress.line(step + 1)}"
        )
    checkpoint.write(state, last=True)
    return state, seen


def _initial(scaled: np.ndarray, cost: np.ndarray) -> Descent:
    count = len(scaled)
    idle, steps, arrived = np.zeros(count, int), np.zeros(count, int), np.zeros(count, bool)
    return Descent(np.array(0), scaled, cost, np.full(count, FIRST), idle, steps, arrived)


def _cheapest(objective: Objective, starts: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray, Any]:
    """Each vector at that of its starts which costs least, the first of several; its cost and what is seen."""
    every = np.arange(len(starts[0]))
    best = starts[0], *objective.look(every, starts[0])
    for start in starts[1:]:
        found = start, *objective.look(every, start)
        better = np.flatnonzero(found[1] < best[1])
        best = with_rows(best, better, rows_of(found, better))
    return best


def _propose(
    gradient: np.ndarray, matrix: np.ndarray, state: Descent, box: Box, pace: Pace
) -> tuple[Descent, np.ndarray]:
    """The next place of each vector; one has arrived where little is promised that damping does not hold back."""
    proposed, promised = state.scaled.copy(), np.full(len(state.scaled), np.inf)
    for at in np.flatnonzero(~state.arrived):
        slope, bend = gradient[at], matrix[at]
        own, damping = Box(box.lower[at], box.upper[at], box.unit), float(state.damping[at])
        proposed[at] = damped_step(state.scaled[at], slope, bend, own, damping, pace.reach)
        move = proposed[at] - state.scaled[at]
        promised[at] = -(slope @ move) - 0.5 * move @ bend @ move
    ended = (promised < pace.tolerance) & (state.damping <= FIRST) | (state.damping > MOST)
    return state._replace(arrived=state.arrived | ended), proposed


def _absorb(
    state: Descent, chosen: np.ndarray, proposed: np.ndarray, cost: np.ndarray, pace: Pace
) -> tuple[Descent, np.ndarray]:
    """The state after a look at the proposals of the chosen ones, and which vectors have moved."""
    gain = state.cost[chosen] - cost
    better = gain > 0
    taken = chosen[better]
    after = Descent(state.step + 1, *(part.copy() for part in state[1:]))
    after.scaled[taken], after.cost[taken] = proposed[better], cost[better]
    after.damping[chosen] *= np.where(better, EASED, TIGHTENED)
    after.damping[taken] = np.maximum(after.damping[taken], LEAST)
    after.idle[taken] = np.where(gain[better] >= pace.tolerance, 0, after.idle[taken] + 1)
    after.steps[chosen] += 1
    after.arrived[chosen] = after.idle[chosen] >= pace.patience
    moved = np.zeros(len(state.cost), bool)
    moved[taken] = True
    return after, moved


def _describe(state: Descent) -> str:
    return (
        f"cost {np.min(state.cost):.2f} at best and {np.median(state.cost):.2f} in the median, "
        f"{int(state.arrived.sum())} of {len(state.cost)} arrived"
    )


def free_of(scaled: np.ndarray, gradient: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """Which unknowns are neither held nor pushed against a bound that they sit on; any leading axes."""
    pushed = ((scaled <= lower) & (gradient > 0)) | ((scaled >= upper) & (gradient < 0))
    return ~pushed & (lower < upper)


def gradient_norm(scaled: np.ndarray, gradient: np.ndarray, box: Box) -> np.ndarray:
    """Length of the gradient per unit of each unknown, over those that are free [...]."""
    return np.linalg.norm(gradient * box.unit * free_of(scaled, gradient, box.lower, box.upper), axis=-1)


def gram(slopes: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The Gauss-Newton matrix [unknowns, unknowns] of slopes [values, unknowns] with weights >= 0 [values]."""
    root = np.sqrt(weight)[:, None] * slopes
    return root.T @ root


def damped_step(
    scaled: np.ndarray, gradient: np.ndarray, matrix: np.ndarray, box: Box, damping: float, reach: float
) -> np.ndarray:
    """Where the step leads from a scaled vector [unknowns]; `matrix` [unknowns, unknowns] is the curvature.

    The damping counts per unit of each unknown, and none moves further than `reach` units.
    """
    low = np.maximum(box.lower - scaled, -reach * box.unit)
    high = np.minimum(box.upper - scaled, reach * box.unit)
    damped = matrix + np.diag(damping / box.unit**2)
    return np.clip(scaled + lowest_point(gradient, damped, low, high), box.lower, box.upper)


def _solved(matrix: np.ndarray, slope: np.ndarray) -> np.ndarray:
    """The solution for a matrix that is positive definite but for rounding, which may spoil its factors."""
    try:
        return cho_solve(cho_factor(matrix), slope)
    except np.linalg.LinAlgError:
        return np.linalg.solve(matrix, slope)


def lowest_point(gradient: np.ndarray, matrix: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Where gradient @ move + move @ matrix @ move / 2 is least [unknowns], low <= move <= high around 0."""
    move, fallen = np.zeros_like(gradient), 0.0
    reached = np.zeros(len(gradient), bool)
    for _ in range(ROUNDS):
        slope = gradient + matrix @ move
        free = free_of(move, slope, low, high)
        if np.array_equal(free, reached):  # the last step went to the lowest point over these
            return move
        step = np.zeros_like(move)
        step[free] = -_solved(matrix[np.ix_(free, free)], slope[free])
        share = 1.0
        for _ in range(HALVINGS):
            aimed = move + share * step
            landed = np.clip(aimed, low, high)
            there = landed - move
            gain = -(slope @ there) - 0.5 * there @ matrix @ there
            if gain > 0:
                break
            share *= 0.5
        else:
            return move
        reached = free & (share == 1.0 and np.array_equal(landed, aimed))
        move, fallen = landed, fallen + gain
        if gain < ENOUGH * fallen:
            return move
    return move
