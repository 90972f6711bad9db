"""The coarse part of a search: Adam from many starts at once, all of them in one engine call an iteration.

Adam walks in units of the parameters (`Estimated.units`) and is put back on a bound that it steps over. Its rate
falls along a cosine and goes up again, each cycle twice as long as the one before (Loshchilov and Hutter 2017). A
resumed run takes exactly the steps that an uninterrupted one takes.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from screen.calibration.problem import Estimated
from screen.fit.checkpoint import QUIET, Log
from screen.fit.objective import Evaluation
from screen.fit.progress import Progress

LEAST_RATE = 0.02
"""Rate of Adam at the end of a cycle, as a share of that at its beginning."""


class Cycles(NamedTuple):
    """How long Adam walks."""

    steps: int
    rate: float
    """First step of each cycle, in units of the parameters."""
    restarts: int
    """Times the rate goes up again after it has fallen to nearly nothing."""
    tolerance: float
    """Adam ends where a cycle brings no start as much."""

    @property
    def ends(self) -> tuple[int, ...]:
        """Steps after which the rate goes up again, and the last one; each cycle is twice the one before."""
        shares = (2 ** np.arange(1, self.restarts + 2) - 1) / (2 ** (self.restarts + 1) - 1)
        return tuple(sorted({round(self.steps * share) for share in shares} - {0}))


class State(NamedTuple):
    """What the next step needs; leading axis [starts] throughout, the first two apart."""

    step: jax.Array
    failures: jax.Array
    """Lanes that failed in any iteration."""
    at: jax.Array
    """Scaled values in units."""
    gradient: jax.Array
    """In units."""
    best: jax.Array
    """Where the cost was lowest so far."""
    best_cost: jax.Array
    reference: jax.Array
    """Lowest cost when the cycle began."""
    memory: Any
    """State of the optax transformation."""


def walk_by_adam(
    objective: Callable[[jax.Array], Evaluation],
    estimated: Estimated,
    starts: np.ndarray,
    cycles: Cycles,
    log: Log = QUIET,
) -> tuple[np.ndarray, int, int]:
    """The best scaled vectors [starts, estimated] on the way, the lanes that failed on it, and the iterations."""
    unit, box = estimated.units, (estimated.lower / estimated.units, estimated.upper / estimated.units)
    ends = cycles.ends
    rates = [optax.cosine_decay_schedule(cycles.rate, int(each), LEAST_RATE) for each in np.diff([0, *ends])]
    transform = optax.adam(optax.join_schedules(rates, list(ends[:-1])))

    @jax.jit
    def propose(state: State) -> tuple[jax.Array, Any]:
        with jax.numpy_dtype_promotion("standard"):  # optax' schedules mix counts and numbers
            update, memory = transform.update(state.gradient, state.memory, state.at)
        return optax.projections.projection_box(state.at + update, *box), memory

    def evaluate(at: jax.Array) -> Evaluation:
        found = objective(at * unit)
        return found._replace(gradient=found.gradient * unit)

    first = jnp.asarray(starts / unit)
    checkpoint = log.checkpoint("adam", starts, tuple(cycles))
    zero, nothing = jnp.asarray(0), jnp.zeros(len(starts))
    state = State(zero, zero, first, first, first, nothing, nothing, transform.init(first))
    if (stored := checkpoint.read(state)) is not None:
        state = jax.tree.map(jnp.asarray, stored)
        log.say(f"adam resumed at step {int(state.step)}")
    else:
        found = evaluate(first)
        state = state._replace(
            failures=jnp.sum(found.failed),
            gradient=found.gradient,
            best_cost=found.cost,
            reference=found.cost,
        )
    progress = Progress(cycles.steps, int(state.step))
    while (step := int(state.step)) < cycles.steps:
        if step in ends and bool(jnp.all(state.reference - state.best_cost < cycles.tolerance)):
            break
        if step in ends:
            state = state._replace(reference=state.best_cost)
        at, memory = propose(state)
        found = evaluate(at)
        better = found.cost < state.best_cost
        state = State(
            state.step + 1, state.failures + jnp.sum(found.failed), at, found.gradient,
            jnp.where(better[:, None], at, state.best), jnp.where(better, found.cost, state.best_cost),
            state.reference, memory,
        )  # fmt: skip
        checkpoint.write(state)
        log.say(
            f"adam {step + 1}/{cycles.steps}, best {float(jnp.min(state.best_cost)):.4f}, "
            f"{int(jnp.sum(found.failed))} failed lanes, {progress.line(step + 1)}"
        )
    checkpoint.write(state, last=True)
    best = np.clip(state.best * unit, estimated.lower, estimated.upper)
    return best, int(state.failures), int(state.step)
