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
from screen.kernel.solution import Runs, Solution, Status, Stepping
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


class _Method(NamedTuple):
    """How a stretch is integrated."""

    solver: diffrax.AbstractSolver
    onto_outputs: bool
    """Whether steps end where outputs are wanted."""
    max_steps: int


def diffrax_engine(
    system: System,
    *,
    root_finder: type[optimistix.AbstractRootFinder] = ChordIteration,
    onto_outputs: bool = True,
) -> Callable[[Runs, Stepping], Solution]:
    """The reference engine for one system, jitted; max_steps counts the steps of one stretch.

    Reverse-mode differentiable in parameters and state; a failed lane has gradient 0. Without `onto_outputs` outputs
    are interpolated, which is faster and less accurate: the benchmark wants both.
    """
    solver = diffrax.Kvaerno5(root_finder=diffrax.with_stepsize_controller_tols(root_finder)())

    @partial(jax.jit, static_argnames="max_steps")
    def integrate(runs: Runs, tolerances: tuple[Any, Any], max_steps: int) -> Solution:
        method = _Method(solver, onto_outputs, max_steps)
        one = _zero_gradient_where_failed(partial(_lane, system, method))
        rows = jax.vmap(one, in_axes=(0, None))
        return in_blocks(lambda lanes: rows(lanes, tolerances), runs, BLOCK)

    return lambda runs, stepping: integrate(runs, (stepping.rtol, stepping.atol), stepping.max_steps)


def _lane(system: System, method: _Method, runs: Runs, tolerances: tuple[Array, Array]) -> Solution:
    """One lane through all its stretches: parameters [phases, parameters], state [species], and so on."""
    parameters, state, switches, times = runs
    rtol, atol = tolerances
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
            method.solver, start, end, None, progress.state, (fixed, start, end),
            saveat=diffrax.SaveAt(subs=[diffrax.SubSaveAt(ts=asked), diffrax.SubSaveAt(t1=True)]),
            stepsize_controller=diffrax.ClipStepSizeController(steps, step_ts=asked) if method.onto_outputs else steps,
            max_steps=method.max_steps, throw=False,
        )  # fmt: skip
        here = times > start  # what lies behind the end is written again, or not reached
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


def _zero_gradient_where_failed(
    lane: Callable[[Runs, tuple[Array, Array]], Solution],
) -> Callable[[Runs, tuple[Array, Array]], Solution]:
    """The same lane, with gradient 0 (not NaN) where it fails, so that it cannot spoil a shared sum.

    Gradients are those of the parameters and the state; times and tolerances have none.
    """

    def forward(runs: Runs, tolerances: tuple[Array, Array]) -> tuple[Solution, Any]:
        def moved(parameters: Array, state: Array) -> Solution:
            return lane(runs._replace(parameters=parameters, state=state), tolerances)

        solution, backward = jax.vjp(moved, runs.parameters, runs.state)
        return solution, (backward, solution.status, runs, tolerances)

    def backward(kept: Any, cotangent: Solution) -> tuple[Runs, tuple[Array, Array]]:
        pull, status, runs, tolerances = kept
        nothing = jax.tree.map(jnp.zeros_like, (runs, tolerances))
        by_parameters, by_state = (jnp.where(status == Status.OK, each, 0.0) for each in pull(cotangent))
        return nothing[0]._replace(parameters=by_parameters, state=by_state), nothing[1]

    guarded = jax.custom_vjp(lane)
    guarded.defvjp(forward, backward)
    return guarded
