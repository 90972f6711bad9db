"""Trust-region steps that stay inside a box, for many vectors at once: for wide bounds and curved valleys.

A valley that bends is followed slowly by Gauss-Newton steps: their matrix knows nothing of the residuals' own second
derivatives. What it lacks is learned from how the gradient changed along each step (Dennis, Gay and Welsch 1981, doi
10.1145/355958.355965), and of the two models that one is used which foretold the last step better.

As in `screen.fit.gauss_newton`, one engine call looks at the proposals of all vectors, none of them waits for another
or knows of it, and the state of all goes into the checkpoint.
"""

from typing import NamedTuple

import numpy as np

from screen.fit.checkpoint import QUIET, Log
from screen.fit.gauss_newton import Box, Objective, Pace
from screen.fit.progress import Progress
from screen.fit.trust_region import Room, Step, trust_region_step

FIRST, LEAST = 1.0, 1e-9
"""The first radius, and the one below which a vector has arrived."""

POOR, GOOD, NARROWER, WIDER = 0.25, 0.75, 0.25, 2.0
"""Shares of what was promised up to and from which the radius changes, and its factors (Nocedal and Wright 2006)."""

EDGE = 1e-6
"""How far inside the box a walk begins, as a share of the range."""

BARELY = 1e-12
"""How far inside the box it stays."""


class Walk(NamedTuple):
    """Where the vectors are, and what the next step of each needs; leading axis [vectors], the first apart."""

    step: np.ndarray
    scaled: np.ndarray
    cost: np.ndarray
    radius: np.ndarray
    idle: np.ndarray
    """Steps in a row that brought less than the tolerance."""
    steps: np.ndarray
    """Steps that each has tried."""
    arrived: np.ndarray
    gradient: np.ndarray
    """[vectors, unknowns], per unit; the next two as well."""
    matrix: np.ndarray
    """Gauss-Newton matrices [vectors, unknowns, unknowns]."""
    lacking: np.ndarray
    """What these lack, as far as it is known [vectors, unknowns, unknowns]."""
    counts: np.ndarray
    """Whether what is lacking is added."""
    move: np.ndarray
    """The last step that was taken [vectors, unknowns], in units."""
    moved: np.ndarray
    """Whether the gradient is that of an earlier place."""


def descend_inside(
    objective: Objective, start: np.ndarray, box: Box, pace: Pace, name: str, log: Log = QUIET
) -> Walk:
    """From scaled vectors [vectors, unknowns] to where they end; of the pace, `reach` is not read.

    A vector has arrived when `patience` steps in a row bring less than the tolerance, or where its gradient is
    nothing or no number. `name` is that of the checkpoint and stands in the lines of progress.
    """
    checkpoint = log.checkpoint(name, start, tuple(box), tuple(vars(pace).values()))
    span = box.upper - box.lower
    begin = np.clip(start, box.lower + EDGE * span, box.upper - EDGE * span)
    state = checkpoint.read(_initial(begin, np.zeros(len(begin))))
    if state is None:
        state = _initial(begin, objective.look(np.arange(len(begin)), begin)[0])
    else:
        log.say(f"{name} resumed at step {int(state.step)}")
    progress = Progress(pace.steps, int(state.step))
    while (step := int(state.step)) < pace.steps and not state.arrived.all():
        state = _learn(objective, state, box)
        chosen = np.flatnonzero(~state.arrived)
        if not len(chosen):
            break
        steps = [_step_of(state, int(at), box) for at in chosen]
        aimed = state.scaled[chosen] + np.array([each.move for each in steps]) * box.unit
        proposed = np.clip(aimed, box.lower + BARELY * span, box.upper - BARELY * span)
        cost, _ = objective.look(chosen, proposed)
        state = _judge(state, chosen, steps, (proposed, cost), (box, pace))
        checkpoint.write(state)
        log.say(
            f"{name} {step + 1}/{pace.steps}, cost {np.min(state.cost):.2f} at best and "
            f"{np.median(state.cost):.2f} in the median, {int(state.arrived.sum())} of {len(state.cost)} arrived, "
            f"{progress.line(step + 1)}"
        )
    checkpoint.write(state, last=True)
    return state


def _initial(scaled: np.ndarray, cost: np.ndarray) -> Walk:
    vectors, unknowns = scaled.shape
    none, zeros = np.zeros(vectors, bool), np.zeros(vectors, int)
    line, square = np.zeros((vectors, unknowns)), np.zeros((vectors, unknowns, unknowns))
    return Walk(
        np.array(0), scaled, np.asarray(cost, float), np.full(vectors, FIRST), zeros, zeros, none,
        line, square, square, none, line, ~none,
    )  # fmt: skip


def _learn(objective: Objective, state: Walk, box: Box) -> Walk:
    """The state with gradients and matrices of where the vectors are, and what the last steps say of these."""
    chosen = np.flatnonzero(state.moved & ~state.arrived)
    if not len(chosen):
        return state
    gradients, matrices = objective.linearise(chosen, state.scaled[chosen], None)
    gradients, matrices = gradients * box.unit, matrices * box.unit * box.unit[:, None]
    after = state._replace(
        gradient=state.gradient.copy(), matrix=state.matrix.copy(), lacking=state.lacking.copy(),
        moved=np.zeros(len(state.cost), bool), arrived=state.arrived.copy(),
    )  # fmt: skip
    for at, gradient, matrix in zip(chosen, gradients, matrices, strict=True):
        sound = bool(np.isfinite(gradient).all() and np.isfinite(matrix).all())
        if sound and (move := state.move[at]).any():
            change = gradient - state.gradient[at]
            after.lacking[at] = updated(state.lacking[at], move, change, change - matrix @ move)
        after.gradient[at], after.matrix[at] = (gradient, matrix) if sound else (0.0, 0.0)
        after.arrived[at] = not after.gradient[at].any()
    return after


def updated(lacking: np.ndarray, move: np.ndarray, change: np.ndarray, missed: np.ndarray) -> np.ndarray:
    """What a Gauss-Newton matrix lacks, so that lacking @ move == missed, else as it was but for its size.

    `change` is that of the gradient along `move` [unknowns], `missed` what of it the matrix did not foretell. As it
    was where the cost does not bend upwards along the move.
    """
    bent = float(move @ change)
    if bent <= 1e-10 * np.linalg.norm(move) * np.linalg.norm(change):
        return lacking
    held = float(move @ lacking @ move)
    if held != 0:
        lacking = lacking * min(1.0, abs(float(move @ missed)) / abs(held))
    wrong = missed - lacking @ move
    pair = np.outer(wrong, change)
    return lacking + (pair + pair.T) / bent - (wrong @ move) * np.outer(change, change) / bent**2


def _step_of(state: Walk, at: int, box: Box) -> Step:
    room = Room(*(each / box.unit for each in (state.scaled[at], box.lower, box.upper)))
    bend = state.matrix[at] + state.lacking[at] if state.counts[at] else state.matrix[at]
    return trust_region_step(room, state.gradient[at], bend, float(state.radius[at]))


def _judge(
    state: Walk,
    chosen: np.ndarray,
    steps: list[Step],
    there: tuple[np.ndarray, np.ndarray],
    given: tuple[Box, Pace],
) -> Walk:
    """The state after a look at the places that the steps of the chosen vectors lead to, and their costs."""
    (proposed, cost), (box, pace) = there, given
    after = Walk(state.step + 1, *(part.copy() for part in state[1:]))
    after.steps[chosen] += 1
    for at, step, place, found in zip(chosen, steps, proposed, cost, strict=True):
        gain = float(state.cost[at] - found)
        share = (gain - step.charged) / step.promised if step.promised > 0 else 0.0
        if share < GOOD or not state.counts[at]:
            after.counts[at] = _foretells(state, at, step.move, gain)
        if share >= GOOD and step.length >= 0.9 * state.radius[at]:
            after.radius[at] *= WIDER
        elif share <= POOR:
            after.radius[at] = NARROWER * min(state.radius[at], step.length)
        if taken := gain > 0 and share > 0:
            after.move[at] = (place - state.scaled[at]) / box.unit
            after.scaled[at], after.cost[at], after.moved[at] = place, found, True
        if taken and gain >= pace.tolerance:
            after.idle[at] = 0
        elif taken or step.promised < pace.tolerance:
            after.idle[at] += 1
        after.arrived[at] = after.idle[at] >= pace.patience or after.radius[at] < LEAST
    return after


def _foretells(state: Walk, at: int, move: np.ndarray, gain: float) -> bool:
    """Whether the model with what the matrix lacks foretold a gain better than the one without."""
    without = -float(state.gradient[at] @ move + 0.5 * move @ state.matrix[at] @ move)
    with_it = without - 0.5 * float(move @ state.lacking[at] @ move)
    return abs(with_it - gain) < abs(without - gain)
