"""The reference engine: diffrax's Kvaerno5 on every device, differentiable, slower than the kernel.

A lane is integrated stretch by stretch in a scan; each stretch is one `diffeqsolve` whose outputs are
those requested times that fall into it; it steps onto them, because Kvaerno5 comes with a dense output of
order 3 only. Lanes go through in blocks of fixed width, so that the answer of
a lane never depends on how many others there are, and a lane that fails is frozen while its neighbours
go on.

diffrax 0.7.2 with optimistix 0.1.0 calls an implicit stage diverged when it has not converged after two
iterations, and cuts the step; `ChordIteration` ends such an iteration only when it grows.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import diffrax
import jax
import jax.numpy as jnp
import optimistix
from jax import Array

from screen.kernel.engines.blocks import in_blocks
from screen.kernel.engines.stretches import edges, hoisted, inside
from screen.kernel.solution import Solution, Status
from screen.kernel.symbolic.analysis import System
from screen.kernel.symbolic.evaluate import run, stack

BLOCK = {"cpu": 8, "gpu": 2048}
"""Lanes integrated side by side, per kind of device; the rest of a batch waits its turn."""


class ChordIteration(diffrax.VeryChord):
    """`diffrax.VeryChord` that calls an iteration diverged when it grows, not when it is unfinished."""

    def terminate(self, fn, y, args, options, state, tags):  # type: ignore[no-untyped-def]
        """Whether to stop, and as what; the signature is optimistix's."""
        rate = state.diffsize / state.diffsize_prev
        remaining = state.diffsize * rate / (1 - rate)
        converged = (state.diffsize < 1e-2 * self.kappa) | (state.step >= 2) & (rate < 1) & (
            remaining < self.kappa
        )
        growing = (state.step >= 2) & ~(rate < 1) | (state.step == 1) & ~jnp.isfinite(state.diffsize)
        failed = growing & ~converged
        outcome = optimistix.RESULTS.where(
            failed, optimistix.RESULTS.nonlinear_divergence, optimistix.RESULTS.successful
        )
        return converged | failed, outcome


class _Steps(diffrax.PIDController):
    """PI control that gives up where the step no longer moves the time: a blow-up, not patience, ends a lane."""

    def adapt_step_size(self, *arguments):  # type: ignore[no-untyped-def]
        """As the parent; a step below the spacing of floats at the time reached counts as too small."""
        keep, start, end, jump, state, result = super().adapt_step_size(*arguments)
        stuck = (end - start <= 4e-16 * jnp.abs(start)) & (result == diffrax.RESULTS.successful)
        return (
            keep,
            start,
            end,
            jump,
            state,
            diffrax.RESULTS.where(stuck, diffrax.RESULTS.dt_min_reached, result),
        )


class _Progress(NamedTuple):
    """Where a lane stands between two stretches."""

    state: Array
    status: Array
    accepted: Array
    rejected: Array
    reached: Array
    outputs: Array


def diffrax_engine(
    system: System,
    *,
    root_finder: type[optimistix.AbstractRootFinder] = ChordIteration,
    onto_outputs: bool = True,
) -> Callable[..., Solution]:
    """The reference engine for one system: a jitted function with the arguments of `solve`.

    `engine(parameters, state, switches, times, rtol=, atol=, max_steps=)`; max_steps counts the steps of
    one stretch. Reverse-mode differentiable in parameters and state; a failed lane has gradient 0. Without
    `onto_outputs` outputs are interpolated, which is faster and less accurate: the benchmark wants both.
    """
    solver = diffrax.Kvaerno5(root_finder=diffrax.with_stepsize_controller_tols(root_finder)())
    lane = partial(_lane, system, solver, onto_outputs)

    @partial(jax.jit, static_argnames="max_steps")
    def engine(parameters, state, switches, times, *, rtol=1e-6, atol=1e-9, max_steps=100_000):  # type: ignore[no-untyped-def]
        one = _zero_gradient_where_failed(partial(lane, max_steps))
        rows = jax.vmap(one, in_axes=(0, 0, 0, 0, None, None))
        return in_blocks(lambda lanes: rows(*lanes, rtol, atol), (parameters, state, switches, times), BLOCK)

    return engine


def _lane(system, solver, onto_outputs, max_steps, parameters, state, switches, times, rtol, atol):  # type: ignore[no-untyped-def]
    """One lane through all its stretches: parameters [phases, parameters], state [species]."""
    bounds = edges(system, parameters, switches, times[-1])
    cuts = (bounds.shape[0] - 1) // switches.shape[0]

    def field(time: Array, state: Array, inputs: Any) -> Array:
        fixed, start, end = inputs
        return stack(
            run(system.derivative, {"state": state, "hoisted": fixed, "time": inside(time, start, end)})
        )

    def stretch(progress: _Progress, span: Any) -> tuple[_Progress, None]:
        start, end, fixed = span
        fine = jnp.all(jnp.isfinite(field(start, progress.state, (fixed, start, end))))
        goes = (progress.status == Status.OK) & (start < end)
        end = jnp.where(goes & fine, end, start)
        asked = jnp.clip(times, start, end)
        steps = _Steps(
            rtol,
            atol * jnp.array(system.scale),
            pcoeff=0.3,
            icoeff=0.4,
            dtmin=1e-22 * (end - start),
            force_dtmin=False,
        )
        solution = diffrax.diffeqsolve(
            diffrax.ODETerm(field),  # type: ignore[arg-type]
            solver, start, end, None, progress.state, (fixed, start, end),
            saveat=diffrax.SaveAt(subs=[diffrax.SubSaveAt(ts=asked), diffrax.SubSaveAt(t1=True)]),
            stepsize_controller=diffrax.ClipStepSizeController(steps, step_ts=asked) if onto_outputs else steps,
            max_steps=max_steps, throw=False,
        )  # fmt: skip
        here = (times > start) & (times <= end)
        status = jnp.where(goes & ~fine, jnp.int32(Status.NON_FINITE), _status(solution.result))
        return _Progress(
            state=solution.ys[1][0],
            status=jnp.where(goes, status, progress.status),
            accepted=progress.accepted + solution.stats["num_accepted_steps"].astype(jnp.int32),
            rejected=progress.rejected + solution.stats["num_rejected_steps"].astype(jnp.int32),
            reached=jnp.where(goes, solution.ts[1][0], progress.reached),
            outputs=jnp.where(here[:, None], solution.ys[0], progress.outputs),
        ), None

    none = jnp.int32(0)
    start = _Progress(
        state, none, none, none, switches[0], jnp.broadcast_to(state, (*times.shape, *state.shape))
    )
    spans = (bounds[:-1], bounds[1:], jnp.repeat(hoisted(system, parameters).T, cuts, axis=0))
    last, _ = jax.lax.scan(stretch, start, spans)
    states = jnp.where((times <= last.reached)[:, None], last.outputs, jnp.nan)
    return Solution(states, last.status, last.accepted, last.rejected, last.reached)


def _status(result: Any) -> Array:
    gave_up = jnp.where(result == diffrax.RESULTS.max_steps_reached, Status.MAX_STEPS, Status.STEP_UNDERFLOW)
    return jnp.where(result == diffrax.RESULTS.successful, Status.OK, gave_up).astype(jnp.int32)


def _zero_gradient_where_failed(lane: Callable[..., Solution]) -> Callable[..., Solution]:
    """The same lane, with gradient 0 (not NaN) where it fails, so that it cannot spoil a shared sum.

    Gradients are those of the parameters and the state; times and tolerances have none.
    """

    def forward(parameters: Array, state: Array, *others: Array) -> tuple[Solution, Any]:
        solution, backward = jax.vjp(lambda *inputs: lane(*inputs, *others), parameters, state)
        return solution, (backward, solution.status, others)

    def backward(kept: Any, cotangent: Solution) -> tuple[Any, ...]:
        pull, status, others = kept
        gradients = (jnp.where(status == Status.OK, gradient, 0.0) for gradient in pull(cotangent))
        return (*gradients, *(jnp.zeros_like(other) for other in others))

    guarded = jax.custom_vjp(lane)
    guarded.defvjp(forward, backward)
    return guarded
