"""Many starts at once: Adam with warm restarts of its rate, then L-BFGS, all starts in one engine call an iteration.

The optimiser walks in free coordinates: one unit is about one prior standard deviation near the nominal
value, and a logistic curve keeps every parameter inside its bounds. A start never waits for another: in
the L-BFGS phase each evaluation either accepts a start's trial step or shortens it.

What a phase needs for its next step is its state, and the whole state goes into the checkpoint, so that
a resumed run takes exactly the steps that an uninterrupted one takes.
"""

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from screen.calibration.priors import precisions
from screen.calibration.problem import Estimated, Problem
from screen.fit.checkpoint import read_checkpoint, write_checkpoint
from screen.fit.objective import Evaluation, Predicted, make_objective, posterior_cost
from screen.fit.progress import Progress
from screen.simulate import Integration

ARMIJO = 1e-4
"""Share of the decrease promised by the slope that a step must bring."""

SHORTEN = 0.3
"""What a rejected step is multiplied by."""

SHORTEST = 1e-7
"""Step length at which a start is taken to have converged."""

LEAST_RATE = 0.02
"""Rate of Adam at the end of a cycle, as a share of that at its beginning."""

INSET = 1e-3
"""How far inside its bounds a start begins, as a share of the range."""


@dataclass(frozen=True)
class Schedule:
    """How long and how carefully to search."""

    starts: int = 8
    adam: int = 150
    lbfgs: int = 100
    polish: int = 10
    """Most Gauss-Newton steps that the best start takes at the end."""
    rate: float = 0.1
    """First step of Adam in each cycle, in free coordinates."""
    restarts: int = 2
    """Times the rate of Adam goes up again after it has fallen to nearly nothing (Loshchilov 2017)."""
    tolerance: float = 0.02
    """An L-BFGS start has converged when `patience` accepted steps together bring less than this; Adam ends
    where a cycle brings no start as much."""
    patience: int = 5
    seed: int = 1


class Coordinates(NamedTuple):
    """The map between free coordinates and scaled values; every field [estimated]."""

    lower: np.ndarray
    upper: np.ndarray
    centre: np.ndarray
    unit: np.ndarray

    def scaled(self, free: jax.Array) -> jax.Array:
        """Scaled values inside the bounds; differentiable."""
        return self.lower + (self.upper - self.lower) * jax.nn.sigmoid(self.centre + self.unit * free)

    def free(self, scaled: np.ndarray) -> np.ndarray:
        """Free coordinates of scaled values, which are moved off their bounds."""
        share = np.clip((scaled - self.lower) / (self.upper - self.lower), 1e-9, 1 - 1e-9)
        return (np.log(share / (1 - share)) - self.centre) / self.unit


class State(NamedTuple):
    """What the next step of either phase needs; leading axis [starts] throughout, the first three apart."""

    step: jax.Array
    """Place in the schedule; Adam may end early, and then it jumps."""
    done: jax.Array
    """Iterations made."""
    failures: jax.Array
    """Lanes that failed in any of them."""
    free: jax.Array
    cost: jax.Array
    gradient: jax.Array
    """In free coordinates."""
    failed: jax.Array
    best: jax.Array
    """Free coordinates of the lowest cost so far."""
    best_cost: jax.Array
    direction: jax.Array
    length: jax.Array
    reference: jax.Array
    """Cost when the current stretch of accepted steps, or cycle of Adam, began."""
    accepted: jax.Array
    converged: jax.Array
    memory: Any
    """State of the optax transformation of the phase."""


@dataclass(frozen=True)
class Optimum:
    """Where the starts ended, best first."""

    start: np.ndarray
    """Number of the start; 0 began at the nominal values."""
    scaled: np.ndarray
    """Scaled values [starts, estimated]."""
    cost: np.ndarray
    first_cost: np.ndarray
    gradient_norm: np.ndarray
    """Length of the gradient in free coordinates."""
    failed: np.ndarray
    """Failed lanes at the end."""
    failures: int
    """Lanes that failed on the way, over all starts and iterations."""
    iterations: int


def make_coordinates(estimated: Estimated) -> Coordinates:
    """Free coordinates in which one unit near the nominal value is one prior standard deviation."""
    span = estimated.upper - estimated.lower
    share = np.clip((estimated.nominal - estimated.lower) / span, INSET, 1 - INSET)
    precision = precisions(estimated.priors, estimated.nominal)
    width = np.where(precision > 0, 1 / np.sqrt(np.maximum(precision, 1e-12)), span / 8)
    return Coordinates(
        estimated.lower, estimated.upper, np.log(share / (1 - share)), np.minimum(width, span / 2) * 4 / span
    )


def draw_starts(estimated: Estimated, starts: int, seed: int) -> np.ndarray:
    """Scaled starting values [starts, estimated]: the nominal ones, then draws from the start priors."""
    rng = np.random.default_rng(seed)
    span = estimated.upper - estimated.lower
    rows = [estimated.nominal]
    for _ in range(starts - 1):
        drawn = np.array([prior.sample(rng) for prior in estimated.starts])
        rows.append(np.clip(drawn, estimated.lower + INSET * span, estimated.upper - INSET * span))
    return np.array(rows)


def optimise(
    problem: Problem,
    solver: Integration,
    schedule: Schedule,
    checkpoint: Path | None = None,
    checkpoint_seconds: float = 120.0,
    report: Callable[[str], None] = lambda line: None,
    objective: Callable[[int], Callable[[jax.Array], Evaluation]] | None = None,
) -> Optimum:
    """Search from every start; with `checkpoint`, resumes from that file if it is of this very search.

    `objective` makes what is minimised for so many vectors, where it is not the posterior of `problem`
    itself (see `screen.fit.hierarchical`).
    """
    coordinates = make_coordinates(problem.estimated)
    make = objective or (lambda vectors: make_objective(problem, solver, vectors))
    evaluate = _in_free_coordinates(make(schedule.starts), coordinates)
    first = jnp.asarray(coordinates.free(draw_starts(problem.estimated, schedule.starts, schedule.seed)))
    what = problem.digest, asdict(replace(solver, threads=None)), asdict(schedule)
    key = hashlib.sha256(repr(what).encode()).hexdigest()
    adam, lbfgs = _adam(schedule), _lbfgs(schedule)
    state = _initial(evaluate(first), first, {"adam": adam.memory(first), "lbfgs": lbfgs.memory(first)})
    first_cost = state.cost
    stored = read_checkpoint(checkpoint, key, (state, first_cost)) if checkpoint is not None else None
    if stored is not None:
        state, first_cost = stored
        report(f"fit: resumed at iteration {int(state.step)} from {checkpoint}")
    ends, total = cycle_ends(schedule), schedule.adam + schedule.lbfgs
    progress = Progress(total, int(state.step), checkpoint_seconds)
    while (step := int(state.step)) < total and not bool(jnp.all(state.converged)):
        phase = adam if step < schedule.adam else lbfgs
        if step == schedule.adam:
            state = lbfgs.begin(state, evaluate(state.best))
        trial, memory = phase.propose(state)
        found = evaluate(trial)
        state = phase.absorb(state, trial, memory, found)
        state = state._replace(done=state.done + 1, failures=state.failures + jnp.sum(found.failed))
        if int(state.step) in ends:
            state = _end_cycle(state, schedule)
        if checkpoint is not None and progress.is_due():
            write_checkpoint(checkpoint, key, (state, first_cost))
        report(_line(phase.name, state, total, progress))
    if checkpoint is not None:
        write_checkpoint(checkpoint, key, (state, first_cost))
    return _finish(evaluate(state.best), coordinates, state, np.asarray(first_cost))


def rank_starts(
    problem: Problem, predictor: Callable[[np.ndarray], Predicted], schedule: Schedule
) -> Optimum:
    """The starts as they are, best first: what is left of the search where an engine has no gradient."""
    scaled = draw_starts(problem.estimated, schedule.starts, schedule.seed)
    predicted = predictor(scaled)
    cost = posterior_cost(problem, scaled, predicted)
    order = np.argsort(cost, kind="stable")
    unknown = np.full(len(order), np.nan)
    failed = predicted.failed[order]
    return Optimum(order, scaled[order], cost[order], cost[order], unknown, failed, int(failed.sum()), 0)


class _Phase(NamedTuple):
    """A way to take steps: where to look next, and what to make of what was found there."""

    name: str
    memory: Callable[[jax.Array], Any]
    begin: Callable[[State, Evaluation], State]
    propose: Callable[[State], tuple[jax.Array, Any]]
    absorb: Callable[[State, jax.Array, Any, Evaluation], State]


def _in_free_coordinates(objective: Callable[[jax.Array], Evaluation], coordinates: Coordinates):
    """The objective as a function of free coordinates, gradient included."""
    pull = jax.jit(lambda free, gradient: jax.vjp(coordinates.scaled, free)[1](gradient)[0])

    def evaluate(free: jax.Array) -> Evaluation:
        found = objective(coordinates.scaled(free))
        return found._replace(gradient=pull(free, found.gradient))

    return evaluate


def cycle_ends(schedule: Schedule) -> tuple[int, ...]:
    """Steps after which the rate of Adam goes up again, and its last one; each cycle is twice the one before."""
    shares = (2 ** np.arange(1, schedule.restarts + 2) - 1) / (2 ** (schedule.restarts + 1) - 1)
    return tuple(sorted({round(schedule.adam * share) for share in shares} - {0}))


def _adam(schedule: Schedule) -> _Phase:
    ends = cycle_ends(schedule) or (1,)
    lengths = np.diff([0, *ends])
    cycles = [optax.cosine_decay_schedule(schedule.rate, int(length), LEAST_RATE) for length in lengths]
    transform = optax.adam(optax.join_schedules(cycles, list(ends[:-1])))

    def propose(state: State) -> tuple[jax.Array, Any]:
        update, memory = transform.update(state.gradient, state.memory["adam"], state.free)
        return state.free + update, {**state.memory, "adam": memory}

    def absorb(state: State, trial: jax.Array, memory: Any, found: Evaluation) -> State:
        return _keep_best(_moved(state, trial, found)._replace(step=state.step + 1, memory=memory))

    return _Phase("adam", transform.init, lambda state, found: state, jax.jit(propose), jax.jit(absorb))


def _end_cycle(state: State, schedule: Schedule) -> State:
    """Go on to L-BFGS where a whole cycle of Adam brought no start more than the tolerance."""
    idle = bool(jnp.all(state.reference - state.best_cost < schedule.tolerance))
    step = jnp.asarray(schedule.adam) if idle else state.step
    return state._replace(step=step, reference=state.best_cost)


def _lbfgs(schedule: Schedule) -> _Phase:
    transform = optax.scale_by_lbfgs(memory_size=15)
    initialise, update = jax.vmap(transform.init), jax.vmap(transform.update)

    def turn(state: State, chosen: jax.Array) -> State:
        """New directions for the chosen starts, from the gradient where each of them stands."""
        step, memory = update(state.gradient, state.memory["lbfgs"], state.free)
        uphill = jnp.sum(step * state.gradient, axis=1) <= 0
        norm = jnp.maximum(jnp.linalg.norm(state.gradient, axis=1), 1.0)
        direction = jnp.where(uphill[:, None], -state.gradient / norm[:, None], -step)
        memory = _choose(uphill, initialise(state.free), memory)
        return state._replace(
            direction=jnp.where(chosen[:, None], direction, state.direction),
            length=jnp.where(chosen, 1.0, state.length),
            memory={**state.memory, "lbfgs": _choose(chosen, memory, state.memory["lbfgs"])},
        )

    def begin(state: State, found: Evaluation) -> State:
        state = _moved(state, state.best, found)._replace(reference=found.cost)
        return turn(state, jnp.ones_like(state.converged))

    def propose(state: State) -> tuple[jax.Array, Any]:
        return state.free + state.length[:, None] * state.direction, state.memory

    def absorb(state: State, trial: jax.Array, memory: Any, found: Evaluation) -> State:
        slope = jnp.sum(state.gradient * state.direction, axis=1)
        good = (found.cost <= state.cost + ARMIJO * state.length * slope) & (found.failed <= state.failed)
        good &= ~state.converged
        moved = _moved(state, trial, found)
        kept = {name: _choose(good, getattr(moved, name), getattr(state, name)) for name in _WHERE_IT_STANDS}
        shorter = jnp.where(good, state.length, state.length * SHORTEN)
        state = turn(state._replace(step=state.step + 1, length=shorter, **kept), good)
        accepted = state.accepted + good
        full = accepted >= schedule.patience
        settled = full & (state.reference - state.cost < schedule.tolerance)
        state = state._replace(
            accepted=jnp.where(full, 0, accepted),
            reference=jnp.where(full, state.cost, state.reference),
            converged=state.converged | settled | (state.length < SHORTEST),
        )
        return _keep_best(state)

    return _Phase("l-bfgs", initialise, jax.jit(begin), jax.jit(propose), jax.jit(absorb))


_WHERE_IT_STANDS = ("free", "cost", "gradient", "failed")


def _choose(mask: jax.Array, yes: Any, no: Any) -> Any:
    """Leaf by leaf, `yes` for the starts in the mask and `no` for the others."""

    def pick(first: jax.Array, second: jax.Array) -> jax.Array:
        return jnp.where(mask.reshape(mask.shape + (1,) * (first.ndim - 1)), first, second)

    return jax.tree.map(pick, yes, no)


def _moved(state: State, free: jax.Array, found: Evaluation) -> State:
    return state._replace(free=free, cost=found.cost, gradient=found.gradient, failed=found.failed)


def _keep_best(state: State) -> State:
    better = state.cost < state.best_cost
    return state._replace(
        best=jnp.where(better[:, None], state.free, state.best),
        best_cost=jnp.where(better, state.cost, state.best_cost),
    )


def _initial(found: Evaluation, free: jax.Array, memory: dict[str, Any]) -> State:
    starts = len(free)
    return State(
        step=jnp.asarray(0),
        done=jnp.asarray(0),
        failures=jnp.sum(found.failed),
        free=free,
        cost=found.cost,
        gradient=found.gradient,
        failed=found.failed,
        best=free,
        best_cost=found.cost,
        direction=jnp.zeros_like(free),
        length=jnp.ones(starts),
        reference=found.cost,
        accepted=jnp.zeros(starts, int),
        converged=jnp.zeros(starts, bool),
        memory=memory,
    )


def _finish(found: Evaluation, coordinates: Coordinates, state: State, first_cost: np.ndarray) -> Optimum:
    order = np.argsort(np.asarray(found.cost), kind="stable")
    return Optimum(
        start=order,
        scaled=np.asarray(coordinates.scaled(state.best))[order],
        cost=np.asarray(found.cost)[order],
        first_cost=first_cost[order],
        gradient_norm=np.linalg.norm(np.asarray(found.gradient), axis=1)[order],
        failed=np.asarray(found.failed)[order],
        failures=int(state.failures),
        iterations=int(state.done),
    )


def _line(phase: str, state: State, total: int, progress: Progress) -> str:
    step, best, failed = int(state.step), float(jnp.min(state.best_cost)), int(jnp.sum(state.failed))
    return (
        f"fit: {phase} {step}/{total}, best {best:.4f}, {failed} failed lanes, {int(jnp.sum(state.converged))} "
        f"of {len(state.cost)} starts converged, {progress.line(step)}"
    )
