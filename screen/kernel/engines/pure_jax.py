"""The portable engine: the kernel's method in pure JAX, for machines without a compiler.

Arrays are [species, lane]. Rates, Jacobian, sparse factorisation and triangular solves are straight-line
code on [lane] vectors; no LAPACK, no matrix. A block of lanes walks together, each with its own time,
step, phase and status, until the last one is through. Three things keep XLA's work small: the stages are
a loop, so that one solve is compiled and not eight; values that several others need are kept, so that it
does not compute them again inside each (see `_keep`); and a block is narrow enough to stay in cache.

One lane's arithmetic never looks at another lane, so a lane that fails leaves its neighbours exact.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from screen.errors import KernelError
from screen.kernel import tableau
from screen.kernel.engines.blocks import in_blocks
from screen.kernel.engines.stretches import edges, hoisted, inside
from screen.kernel.solution import Runs, Solution, Status, Stepping
from screen.kernel.symbolic.analysis import System
from screen.kernel.symbolic.elimination import Scale
from screen.kernel.symbolic.evaluate import OPERATIONS, run
from screen.kernel.symbolic.program import INPUTS, Program, operands

BLOCK = {"cpu": 64, "gpu": 4096}
"""Lanes integrated side by side, per kind of device; on a CPU more of them leave the cache."""

SAFETY, SHRINK, GROW = 0.9, 0.2, 6.0
"""Step control: fraction of the step that would meet the tolerance, and bounds of one change."""

REPEAT = 3
"""Operations that may be done again in order not to store a value."""

_A = [[*row, *[0.0] * (tableau.STAGES - len(row))] for row in tableau.A]
_C = [[*row, *[0.0] * (tableau.STAGES - len(row))] for row in tableau.C]


class _Walk(NamedTuple):
    """A block on its way: [species, lane], [hoisted, lane], [lane] ... and outputs [times, species, lane]."""

    state: Array
    fixed: Array
    time: Array
    step: Array
    stretch: Array
    status: Array
    fresh: Array
    """Whether the lane has yet to enter its next stretch."""
    running: Array
    accepted: Array
    rejected: Array
    outputs: Array


class _Stretches(NamedTuple):
    """Stretches of a block: their edges [edges, lane], how many a phase has, and [hoisted, phases, lane]."""

    bounds: Array
    cuts: int
    inputs: Array


def jax_engine(system: System) -> Callable[[Runs, Stepping], Solution]:
    """The pure-JAX engine for one system, jitted; max_steps counts the steps of a lane.

    Not differentiable: asking for a gradient raises KernelError, which names the engines that are.
    """

    @jax.custom_vjp
    def solve(runs: Runs, stepping: Stepping) -> Solution:
        return in_blocks(partial(_block, system, stepping), runs, BLOCK)

    def refuse(*_: Any) -> Any:
        raise KernelError(
            "engine jax: must not be differentiated; use engine kernel or diffrax for gradients"
        )

    solve.defvjp(refuse, refuse)
    return jax.jit(solve)


def _block(system: System, stepping: Stepping, runs: Runs) -> Solution:
    """One block of lanes."""
    parameters, state, switches, times = runs
    rtol, atol, max_steps, *_ = stepping
    bounds = edges(system, parameters, switches, times[:, -1]).T
    cuts = (bounds.shape[0] - 1) // switches.shape[1]
    inputs = jnp.swapaxes(hoisted(system, parameters), 1, 2)
    least = atol * jnp.array(system.scale)[:, None]
    asked = times.T

    def go_on(walk: _Walk) -> Array:
        return jnp.any(walk.running)

    def advance(walk: _Walk) -> _Walk:
        walk = jax.lax.cond(
            jnp.any(walk.fresh),
            partial(_enter, system, _Stretches(bounds, cuts, inputs), stepping),
            _same,
            walk,
        )
        start = _pick(bounds, walk.stretch)
        end = _pick(bounds, walk.stretch + 1)
        left = end - walk.time
        last = walk.step * (1 + 1e-6) >= left
        step = jnp.where(walk.running, jnp.where(last, left, walk.step), 1.0)
        stages = _stages(system, walk, step, start, end, one)
        new = walk.state + _combine(_A[-1], stages) + stages[-1]
        scale = least + rtol * jnp.maximum(jnp.abs(walk.state), jnp.abs(new))
        error = jnp.sqrt(jnp.mean((stages[-1] / scale) ** 2, axis=0))
        accept = walk.running & (error <= 1)
        reject = walk.running & ~accept
        reached = jnp.where(accept, jnp.where(last, end, walk.time + step), walk.time)
        outputs = _write(walk, asked, reached, step, new, stages)
        factor = SAFETY * jnp.where(jnp.isfinite(error), error, jnp.inf) ** (-1 / tableau.ORDER)
        following = step * jnp.clip(factor, SHRINK, GROW)
        accepted, rejected = (
            walk.accepted + accept.astype(jnp.int32),
            walk.rejected + reject.astype(jnp.int32),
        )
        status = walk.status
        smallest = 4e-16 * jnp.abs(walk.time) + 1e-22 * (end - start)  # a step that no longer moves the time
        gave_up = jnp.where(jnp.isfinite(error), Status.STEP_UNDERFLOW, Status.NON_FINITE)
        status = jnp.where(reject & (following <= smallest), gave_up, status)
        through = accept & last & (end >= bounds[-1])
        tired = walk.running & ~through & (accepted + rejected >= max_steps) & (status == Status.OK)
        status = jnp.where(tired, Status.MAX_STEPS, status).astype(jnp.int32)
        return _Walk(
            state=jnp.where(accept, new, walk.state),
            fixed=walk.fixed,
            time=reached,
            step=following,
            stretch=walk.stretch,
            status=status,
            fresh=accept & last & ~through,
            running=walk.running & ~through & (status == Status.OK),
            accepted=accepted,
            rejected=rejected,
            outputs=outputs,
        )

    lanes = state.shape[0]
    one = jnp.where(jnp.isnan(times[:, -1]), 2.0, 1.0)
    none = jnp.zeros(lanes, jnp.int32)
    usable = jnp.all(jnp.isfinite(bounds), axis=0) & jnp.all(jnp.isfinite(state), axis=1)
    running = usable & (bounds[0] < bounds[-1])
    walk = _Walk(
        state=state.T,
        fixed=inputs[:, 0],
        time=bounds[0],
        step=jnp.ones(lanes),
        stretch=none,
        status=jnp.where(usable, none, jnp.int32(Status.NON_FINITE)),
        fresh=running,
        running=running,
        accepted=none,
        rejected=none,
        outputs=jnp.broadcast_to(state.T, (times.shape[1], *state.T.shape)),
    )
    walk = jax.lax.while_loop(go_on, advance, walk)
    states = jnp.where((asked <= walk.time)[:, None], walk.outputs, jnp.nan)
    return Solution(jnp.moveaxis(states, -1, 0), walk.status, walk.accepted, walk.rejected, walk.time)


def _same(walk: _Walk) -> _Walk:
    return walk


def _pick(rows: Array, index: Array) -> Array:
    """Each lane's entry of [rows, lane]."""
    return jnp.take_along_axis(rows, index[None], axis=0).squeeze(0)


def _enter(system: System, stretches: _Stretches, stepping: Stepping, walk: _Walk) -> _Walk:
    """Put every fresh lane at the start of its next stretch that is not empty, with a first step."""
    bounds, cuts, inputs = stretches
    behind = jnp.sum(bounds <= walk.time, axis=0).astype(jnp.int32) - 1
    stretch = jnp.where(walk.fresh, behind, walk.stretch)
    fixed = jnp.take_along_axis(inputs, (stretch // cuts)[None, None], axis=1).squeeze(1)
    start, end = _pick(bounds, stretch), _pick(bounds, stretch + 1)
    slope = _rows(run(system.derivative, _named(walk.state, fixed, inside(start, start, end))), walk.time)
    scale = stepping.atol * jnp.array(system.scale)[:, None] + stepping.rtol * jnp.abs(walk.state)
    size, speed = (jnp.sqrt(jnp.mean((x / scale) ** 2, axis=0)) for x in (walk.state, slope))
    first = jnp.where((size < 1e-5) | (speed < 1e-5), 1e-6 * (end - start), 0.01 * size / speed)
    broken = walk.fresh & ~jnp.isfinite(speed)
    return walk._replace(
        fixed=fixed,
        step=jnp.where(walk.fresh, jnp.minimum(first, end - start), walk.step),
        stretch=stretch,
        status=jnp.where(broken, jnp.int32(Status.NON_FINITE), walk.status),
        running=walk.running & ~broken,
        fresh=jnp.zeros_like(walk.fresh),
    )


def _named(state: Array, fixed: Array, time: Array) -> dict[str, Any]:
    return {"state": state, "hoisted": fixed, "time": time}


def _rows(values: list[Any], like: Array) -> Array:
    """Values of a program, one row each."""
    return jnp.stack([jnp.broadcast_to(jnp.asarray(value, like.dtype), like.shape) for value in values])


def _stages(system: System, walk: _Walk, step: Array, start: Array, end: Array, one: Array) -> Array:
    """The stage increments k [stage, species, lane] of one Rosenbrock step."""
    state, fixed = walk.state, walk.fixed
    species = len(system.species)
    time = inside(walk.time, start, end)
    known = _run_keeping(system.linearisation, _named(state, fixed, time), one)[species:]
    jacobian, push = known[: len(system.pattern)], known[len(system.pattern) :]
    factors = _factorise(system, jacobian, 1 / (tableau.GAMMA * step), one)
    matrices = jnp.array(_A), jnp.array(_C)
    nodes, pushes = jnp.array(tableau.NODES), jnp.array(tableau.TIME)
    inverse = 1 / step

    def stage(number: Array, stages: Array) -> Array:
        weights, memory = (matrix[number] for matrix in matrices)
        point = state + _combine(weights, stages)
        right = inverse * _combine(memory, stages)
        when = inside(walk.time + nodes[number] * step, start, end)
        slope = _run_keeping(system.derivative, _named(point, fixed, when), one)
        for species, value in zip(system.driven, push, strict=True):
            slope[species] = slope[species] + pushes[number] * step * value
        return stages.at[number].set(_solve(system, factors, right + _rows(slope, step), one))

    return jax.lax.fori_loop(0, tableau.STAGES, stage, jnp.zeros((tableau.STAGES, *state.shape)))


def _keep(value: Array, one: Array) -> Array:
    """The value, computed once and stored.

    XLA on CPUs fuses a value into each of its users and computes it again there, which for a chain of
    substitutions grows without bound; it does not look at barriers when it does so. It never repeats a
    division. `one` is 1 in every lane, but not to the compiler.
    """
    return value / one


def _run_keeping(program: Program, inputs: dict[str, Any], one: Array) -> list[Any]:
    """The results of a program, with every value that is dear and needed more than once kept."""
    uses = Counter(operand for instruction in program.code for operand in operands(instruction))
    uses.update(program.outputs)
    values: list[Any] = []
    costs: list[int] = []
    for number, (op, *args) in enumerate(program.code):
        cost = 0
        if op == "constant":
            value = args[0]
        elif op in INPUTS:
            value = inputs["time"] if op == "time" else inputs[op][args[0]]
        else:
            value = OPERATIONS[op](jnp, *(values[arg] for arg in args))
            cost = 1 + sum(costs[arg] for arg in args)
            if cost * (uses[number] - 1) > REPEAT:
                value, cost = _keep(value, one), 0
        values.append(value)
        costs.append(cost)
    return [values[output] for output in program.outputs]


def _combine(weights: Any, stages: Array) -> Array:
    """Sum of weight * stage."""
    return jnp.tensordot(jnp.asarray(weights), stages, 1)


def _factorise(system: System, jacobian: Sequence[Any], shift: Array, one: Array) -> Array:
    """Factors of shift I - jacobian, one row per slot; the diagonal holds reciprocals."""
    plan = system.elimination
    entries = [-jacobian[source] * one if source >= 0 else jnp.zeros_like(shift) for source in plan.source]
    for slot in plan.diagonal:
        entries[slot] = entries[slot] + shift
    right_of = {p: [k for k, (i, j) in enumerate(plan.slots) if i == p < j] for p in range(len(plan.order))}
    for operation in plan.factor:
        if isinstance(operation, Scale):
            factor = _keep(entries[operation.target] * entries[operation.diagonal], one)
            entries[operation.target] = factor
            for a, b in operation.updates:
                entries[a] = entries[a] - factor * entries[b]
        else:
            entries[operation.diagonal] = 1 / entries[operation.diagonal]
            for slot in right_of[plan.slots[operation.diagonal][0]]:
                entries[slot] = _keep(entries[slot], one)
    return jnp.stack(entries)


def _solve(system: System, factors: Array, right: Array, one: Array) -> Array:
    """Solution of the factorised system, [species, lane]."""
    plan = system.elimination
    values: list[Array] = [right[unknown] for unknown in plan.order]
    for row in plan.forward:
        for slot, position in row.terms:
            values[row.position] = values[row.position] - factors[slot] * values[position]
        if row.terms:
            values[row.position] = _keep(values[row.position], one)
    for row in plan.backward:
        for slot, position in row.terms:
            values[row.position] = values[row.position] - factors[slot] * values[position]
        values[row.position] = _keep(values[row.position] * factors[plan.diagonal[row.position]], one)
    place = {unknown: position for position, unknown in enumerate(plan.order)}
    return jnp.stack([values[place[unknown]] for unknown in range(len(plan.order))])


def _write(walk: _Walk, asked: Array, reached: Array, step: Array, new: Array, stages: Array) -> Array:
    """Outputs [times, species, lane] with those filled in that lie in the step just taken."""
    here = (asked > walk.time) & (asked <= reached)
    wanted = jnp.any(here, axis=1)
    numbers = jnp.arange(asked.shape[0])
    stop = jnp.max(jnp.where(wanted, numbers + 1, 0))
    dense = jnp.array(tableau.DENSE)

    def one(carry: Any) -> Any:
        number, outputs = carry
        place = jnp.clip((asked[number] - walk.time) / step, 0, 1)
        place = jnp.where(asked[number] == reached, 1.0, place)
        bend = place * (1 - place)
        weights = bend * (dense[0][:, None] + place * (dense[1][:, None] + place * dense[2][:, None]))
        value = (1 - place) * walk.state + place * new
        for stage in range(tableau.STAGES):
            value = value + weights[stage] * stages[stage]
        value = jnp.where(here[number], value, outputs[number])
        following = jnp.argmax(wanted & (numbers > number))
        return jnp.where(following > number, following, stop), outputs.at[number].set(value)

    return jax.lax.while_loop(lambda carry: carry[0] < stop, one, (jnp.argmax(wanted), walk.outputs))[1]
