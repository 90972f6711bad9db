"""The search for the best fit: many starts, each first by Adam, then by Gauss-Newton steps, then kicked.

Between wide bounds steps of a trust region that stays inside them take their place (`screen.fit.interior`). Where steps
end, a vector can be kicked and go down again; the lowest end is kept (iterated local search).
What is fixed is the number of steps, not of kicks: most kicks fall back in a few steps, and where a new minimum is
rare, thousands are needed. Where each start ends depends on the seed and its own number alone, unless starts share.

Starts that share mix their ends: every other kick gives an end some parameters of another start's (scatter search,
Egea, Marti and Banga 2010, doi 10.1016/j.cor.2009.05.003). In models of many steps each start is right about some of
them, and a draw from the priors rarely sets several right at once. That many starts end in one place then says less of
whether there is a lower one; how many came there before any kick is told beside it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import NamedTuple

import jax
import numpy as np

from screen.calibration.problem import Estimated
from screen.fit.adam import Cycles, walk_by_adam
from screen.fit.checkpoint import QUIET, Log
from screen.fit.curvature import box_of
from screen.fit.evaluator import minimise
from screen.fit.gauss_newton import Descent, Pace, descend, gradient_norm
from screen.fit.interior import Walk, descend_inside
from screen.fit.objective import Evaluation

INSET = 1e-3
"""How far inside its bounds a start begins, as a share of the range."""

TRIED = 15
"""Draws of which the one with the lowest cost is a start, and kicks of which that one is gone on from: between wide
bounds most places cannot be integrated, or lie where nothing that is measured moves."""

SHARED = 0.5
"""Share of kicks that mix the ends of two starts, where starts share."""

LAST_STEPS, LAST_TOLERANCE, LAST_PATIENCE = 3, 0.01, 5
"""Of the last steps: how many there are at most in units of `polish`, the share of `tolerance` and the multiple of
`patience` by which they end."""


@dataclass(frozen=True)
class Schedule:
    """How long and how carefully to search."""

    starts: int = 8
    adam: int = 150
    polish: int = 30
    """Most Gauss-Newton steps of each start."""
    kicks: int = 0
    """Steps after kicks, in units of `polish`: the best end so far of each start is kicked until they are used up."""
    rate: float = 0.1
    """First step of Adam in each cycle, in units of the parameters."""
    restarts: int = 2
    """Times the rate of Adam goes up again after it has fallen to nearly nothing."""
    tolerance: float = 0.02
    """A start has ended when `patience` steps in a row each bring less than this; Adam where a cycle does."""
    patience: int = 3
    reach: float = 2.0
    """Furthest that a parameter moves in one step, in its units (`Estimated.units`)."""
    tried: int = TRIED
    """Draws of which a start is the cheapest, and kicks of which that one is gone on from."""
    sharing: bool = False
    """Whether kicks take parameters from the ends of other starts too."""
    last: int = 0
    """Most steps by which the end of each start is followed on when its kicks are over."""
    inside: bool = False
    """Whether steps are those of a trust region that stays inside the bounds."""
    seed: int = 1


class Target(NamedTuple):
    """What a search minimises."""

    estimated: Estimated
    cost: Callable[[np.ndarray], np.ndarray]
    """Scaled vectors [vectors, estimated] -> costs."""
    linearise: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
    """The same -> gradients [vectors, estimated] and Gauss-Newton matrices [vectors, estimated, estimated]."""
    objective: Callable[[int], Callable[[jax.Array], Evaluation]]
    """Number of vectors -> the compiled cost with its gradient, for Adam."""


class Optimum(NamedTuple):
    """Where the starts ended, best first; leading axis [starts], the last two apart."""

    start: np.ndarray
    """Number of the start; 0 began at the nominal values."""
    scaled: np.ndarray
    """Scaled values [starts, estimated]."""
    cost: np.ndarray
    first_cost: np.ndarray
    first_end: np.ndarray
    """Cost where a start ended before it was ever kicked."""
    gradient_norm: np.ndarray
    """Length of the gradient over what is not held at a bound, per unit of each parameter."""
    steps: np.ndarray
    """Steps, those after kicks and the last included; a kick counts as one at least."""
    failures: int
    """Lanes that failed under Adam, over all starts and iterations."""
    iterations: int
    """Iterations of Adam."""


def draw_starts(target: Target, starts: int, seed: int, tried: int = TRIED) -> np.ndarray:
    """Scaled starting values [starts, estimated]: the nominal ones, then each the best of draws from start priors."""
    rng, estimated = np.random.default_rng(seed), target.estimated
    inset = INSET * (estimated.upper - estimated.lower)
    rows = [estimated.within]
    for _ in range(starts - 1):
        drawn = np.array([_draw(estimated, rng) for _ in range(tried)])
        rows.append(_cheapest(target, np.clip(drawn, estimated.lower + inset, estimated.upper - inset)))
    return np.array(rows)


def schedule_between_wide_bounds(starts: int, polish: int, kicks: int, seed: int) -> Schedule:
    """How a problem of the field is searched, of which nothing is known but bounds many decades apart.

    One draw a start: the cheapest of several has the greatest noise, and lies on a plateau of it. No Adam, which
    leads onto these too; steps inside the bounds; and of these the last until nothing is left to gain.
    """
    return Schedule(
        starts=starts, adam=0, polish=polish, kicks=kicks, tolerance=0.01, patience=4, seed=seed, tried=1,
        sharing=True, last=LAST_STEPS * polish, inside=True,
    )  # fmt: skip


def search(target: Target, starts: np.ndarray, schedule: Schedule, log: Log = QUIET) -> Optimum:
    """From scaled starts [starts, estimated] to where they end; resumes a run of the same log that was cut off."""
    estimated, first_cost = target.estimated, target.cost(starts)
    scaled, failures, iterations = starts, 0, 0
    if schedule.adam:
        cycles = Cycles(schedule.adam, schedule.rate, schedule.restarts, schedule.tolerance)
        scaled, failures, iterations = walk_by_adam(
            target.objective(len(starts)), estimated, starts, cycles, log
        )
    objective, box = minimise(target.cost, target.linearise), box_of(estimated)
    pace = Pace(schedule.polish, schedule.tolerance, schedule.patience, schedule.reach)
    rngs = [np.random.default_rng([schedule.seed, number]) for number in range(len(starts))]

    def follow(begin: np.ndarray, name: str, pace: Pace = pace) -> Descent | Walk:
        if schedule.inside:
            return descend_inside(objective, begin, box, pace, name, log)
        return descend(objective, (begin,), box, pace, name, log)[0]

    best = follow(scaled, "gauss-newton")
    scaled, cost, used = best.scaled.copy(), best.cost.copy(), np.zeros(len(starts), int)
    for kick in count(1):
        if not len(chosen := np.flatnonzero(used < schedule.kicks * schedule.polish)):
            break
        kicked = np.array([_kick(target, scaled, int(at), rngs[at], schedule) for at in chosen])
        found = follow(kicked, f"kick {kick}")
        better = found.cost < cost[chosen]
        scaled[chosen[better]], cost[chosen[better]] = found.scaled[better], found.cost[better]
        used[chosen] += np.maximum(found.steps, 1)
    if schedule.last:
        closely = Pace(
            schedule.last,
            LAST_TOLERANCE * schedule.tolerance,
            LAST_PATIENCE * schedule.patience,
            schedule.reach,
        )
        found = follow(scaled, "last steps", closely)
        better = found.cost < cost
        scaled[better], cost[better] = found.scaled[better], found.cost[better]
        used += found.steps
    norm = gradient_norm(scaled, target.linearise(scaled)[0], box)
    order = np.argsort(cost, kind="stable")
    return Optimum(
        start=order,
        scaled=scaled[order],
        cost=cost[order],
        first_cost=first_cost[order],
        first_end=best.cost[order],
        gradient_norm=norm[order],
        steps=(best.steps + used)[order],
        failures=failures,
        iterations=iterations,
    )


def _kick(
    target: Target, ends: np.ndarray, at: int, rng: np.random.Generator, schedule: Schedule
) -> np.ndarray:
    """The best of so many places in which some parameters of an end, at least one, are others.

    They are drawn anew from the start priors or, every other time where starts share, those of another start's end
    [starts, estimated]. How many is drawn for each kick: some minima lie near, others far.
    """
    estimated, own, other = target.estimated, ends[at], None
    if schedule.sharing and len(ends) > 1 and rng.random() < SHARED:
        other = ends[(at + rng.integers(1, len(ends))) % len(ends)]
    share, kicked = rng.random(), []
    for _ in range(schedule.tried):
        changed = rng.random(len(own)) < share
        changed[rng.integers(len(own))] = True
        kicked.append(np.where(changed, _draw(estimated, rng) if other is None else other, own))
    return _cheapest(target, np.clip(kicked, estimated.lower, estimated.upper))


def _draw(estimated: Estimated, rng: np.random.Generator) -> np.ndarray:
    """A scaled vector [estimated] from the start priors, within the bounds or not."""
    return np.array([prior.sample(rng) for prior in estimated.starts])


def _cheapest(target: Target, vectors: np.ndarray) -> np.ndarray:
    """The one of some scaled vectors [vectors, estimated] that costs least."""
    return vectors[int(np.argmin(target.cost(vectors)))]
