"""Rest states: by long integration with any engine, and by Newton's method with the compiled kernel.

The kernel integrates as long as any engine, but a hundred times less exactly, which decides to which of its stable
states a cell goes, and lets Newton's method end there. Where that does not end close by, or ends where an odd number
of modes grow (between two stable states lies such a point), the lane is integrated to its tolerance. What a rest
state depends on follows from the implicit function: one linear system per cotangent, nothing is walked back.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from screen.kernel.engines.compiled import Build, compiled_solve
from screen.kernel.engines.rows import rows_back
from screen.kernel.model import Model
from screen.kernel.solution import ROUNDING, Runs, Solution, Status, Stepping

LOOSENED = 100.0
"""By how much the tolerances of the integration before Newton's method are above those asked for."""


class Cells(NamedTuple):
    """What comes to rest: parameters [lanes, parameters] and the state [lanes, species] to start from."""

    parameters: Array
    state: Array


class Until(NamedTuple):
    """What counts as rest: every species changes by less than `tolerance` of itself in the second `horizon`."""

    horizon: Array | float = 1e6
    """In the time of the model."""
    tolerance: float = 1e-3


UNTIL = Until()
"""As long as it takes between two stable states."""


class Rest(NamedTuple):
    """state [lanes, species], status [lanes] and steps [lanes] of a rest."""

    state: Array
    status: Array
    steps: Array


def integrated_rest(
    run: Callable[[Model, Runs, Stepping], Solution],
    model: Model,
    cells: Cells,
    until: Until,
    stepping: Stepping,
) -> Rest:
    """Twice the horizon (one, or one per lane), with the engine `run`."""
    parameters, state = cells
    lanes = len(parameters)
    times = jnp.broadcast_to(jnp.asarray(until.horizon), (lanes,))[:, None] * jnp.array([1.0, 2.0])
    solution = run(model, Runs(parameters[:, None], state, jnp.zeros((lanes, 1)), times), stepping)
    before, end = solution.states[:, 0], solution.states[:, 1]
    lost = ROUNDING * jnp.max(jnp.abs(end), axis=1, keepdims=True, initial=0.0)
    allowed = until.tolerance * (jnp.abs(end) + 1e3 * stepping.atol * jnp.array(model.system.scale)) + lost
    moving = jnp.any(jnp.abs(end - before) > allowed, axis=1)
    unrested = (solution.status == Status.OK) & jax.lax.stop_gradient(moving)
    status = jnp.where(unrested, jnp.int32(Status.NO_REST_STATE), solution.status)
    return Rest(end, status, solution.accepted + solution.rejected)


def compiled_rest(
    build: Build, model: Model, cells: Cells, copy_of: np.ndarray, until: Until, stepping: Stepping
) -> Rest:
    """Rest states, those of copies found once; each lane has adjoints of its own."""
    name, run_lanes = build.register(model), partial(compiled_solve, build)
    newton = (
        ("atol", np.float64(stepping.atol)),
        ("rate", np.float64(1 / until.horizon)),
        ("threads", np.int64(build.threads(stepping.threads))),
        ("time", np.float64(2 * until.horizon)),
        ("tolerance", np.float64(until.tolerance)),
    )
    loose = stepping._replace(rtol=LOOSENED * stepping.rtol, atol=LOOSENED * stepping.atol)
    first, lane = np.unique(copy_of, return_inverse=True)

    def settle(parameters: Array, found: Rest) -> tuple[Array, Array]:
        outputs = (
            jax.ShapeDtypeStruct(found.state.shape, found.state.dtype),
            jax.ShapeDtypeStruct(found.status.shape, jnp.int32),
        )
        call = jax.ffi.ffi_call(f"{name}_settle", outputs, vmap_method="broadcast_all")
        settled, at_rest = call(parameters, found.state, **dict(newton))
        return settled, (at_rest == 1) & (found.status == Status.OK)

    def find(parameters: Array, state: Array) -> Rest:
        cells = Cells(parameters, state)
        loosely = integrated_rest(run_lanes, model, cells, until, loose)
        settled, good = settle(parameters, loosely)
        lost = loosely.status == Status.MAX_STEPS  # it oscillates: to tolerance it would take yet more steps
        done = good | lost
        near = jnp.where(good[:, None], settled, loosely.state)
        left = until._replace(horizon=jnp.where(done, 0.0, until.horizon))
        exactly = integrated_rest(run_lanes, model, cells, left, stepping)
        again, _ = settle(parameters, exactly._replace(state=jnp.where(done[:, None], near, exactly.state)))
        return Rest(
            jnp.where(done[:, None], near, again),
            jnp.where(done, loosely.status, exactly.status),
            loosely.steps + exactly.steps,
        )

    def forward(*arrays: Array) -> tuple[Rest, tuple[Array, ...]]:
        lanes = tuple(each[first] for each in arrays)
        found = find(*lanes)
        return Rest(*(each[lane] for each in found)), (*lanes, found.state)

    def backward(kept: tuple[Array, ...], cotangents: Any) -> tuple[Array, Array]:
        parameters, start, end = kept
        back = rows_back(f"{build.register_adjoints(model)}_settle_gradient", newton, 2)
        by_parameters, by_state = back(parameters, end, jnp.asarray(lane, dtype=jnp.int32), cotangents[0])
        # totals are of amounts: a volume changes them where a protein has gone from one compartment to another
        _, pull = jax.vjp(lambda each: jnp.log(model.per_amount(each)), parameters[lane])
        return by_parameters + pull(by_state * (end - start)[lane])[0], by_state

    run = jax.custom_vjp(lambda *arrays: forward(*arrays)[0])
    run.defvjp(forward, backward)
    return run(*cells)
