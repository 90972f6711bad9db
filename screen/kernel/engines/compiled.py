"""The kernel engine: the compiled network, called by XLA, with its adjoint as the reverse mode.

What XLA is told is the same for a processor and a GPU (`cuda`); a `Build` says how a model becomes what it calls. On a
processor the library is compiled at the first solve of a model and loaded once per process. Inside `jit` a solve is
one custom call; `vmap` over it adds lanes. Lanes are spread over threads, each of which takes the next
lane nobody has taken yet, and no result depends on who took it.
"""

import ctypes
import os
from collections.abc import Callable, Iterable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from screen.errors import KernelError
from screen.kernel.cache import generator_version
from screen.kernel.engines.timed import timed_solve, without_events
from screen.kernel.model import Model
from screen.kernel.native.compiler import compile_library, find_compiler, kept_library
from screen.kernel.native.emit import ADJOINT, emit, vector
from screen.kernel.solution import Runs, Solution, Stepping


class Build(NamedTuple):
    """How a model becomes functions that XLA calls."""

    register: Callable[[Model], str]
    """Makes those that solve; gives the name under which XLA knows them."""
    register_adjoints: Callable[[Model], str]
    """Makes those for adjoints; gives that name."""
    threads: Callable[[int | None], int]
    """How many threads, given how many cores may be used."""
    events: bool
    """Whether what it makes knows events; else these are solved between."""


def compiled_solve(build: Build, model: Model, runs: Runs, stepping: Stepping) -> Solution:
    """Integrate with the compiled kernel. KernelError where it cannot be compiled."""
    options = _options(build, stepping)
    if model.system.events:
        return only_stored(Solution(*_solve_events(build, model, options, runs)), stepping)
    return Solution(*_called(build, model, options, stepping.stored, runs))


def only_stored(solution: Solution, stepping: Stepping) -> Solution:
    """A solution of all species, with those that are to be stored."""
    if stepping.stored is None:
        return solution
    return solution._replace(states=solution.states[..., np.array(stepping.stored, int)])


def compiled_readings(
    build: Build, model: Model, runs: Runs, output: np.ndarray, copy_of: np.ndarray, stepping: Stepping
) -> tuple[Array, Array]:
    """States [rows, species] and statuses [rows] of `solve_readings`; copies are integrated and recorded once."""
    options = _options(build, stepping)
    first, lane = np.unique(copy_of, return_inverse=True)

    def forward(*arrays: Array) -> tuple[tuple[Array, Array], tuple[Array, ...]]:
        lanes = Runs(*(each[first] for each in arrays))
        states, status, accepted, *_ = _solve(build, model, options, None, lanes)
        return (states[lane, output], status[lane]), (*lanes, accepted)

    def backward(lanes: tuple[Array, ...], cotangents: Any) -> tuple[Array | None, ...]:
        places = (jnp.asarray(each, dtype=jnp.int32) for each in (lane, output))
        back = rows_back(f"{build.register_adjoints(model)}_gradient", options, 5)
        return *back(*lanes, *places, cotangents[0][:, None]), None, None

    read = jax.custom_vjp(lambda *arrays: forward(*arrays)[0])
    read.defvjp(forward, backward)
    return read(*runs)


def _options(build: Build, stepping: Stepping) -> tuple[tuple[str, Any], ...]:
    return (
        ("atol", np.float64(stepping.atol)),
        ("first_step", np.float64(stepping.first_step or 0.0)),
        ("max_steps", np.int64(stepping.max_steps)),
        ("rtol", np.float64(stepping.rtol)),
        ("threads", np.int64(build.threads(stepping.threads))),
    )


def available_cores() -> int:
    """Cores this process may use.

    >>> available_cores() >= 1
    True
    """
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def register(model: Model) -> str:
    """Compile and load the library that solves a model; the name under which XLA knows it."""
    return _register(model, (), ("solve", "settle"))


@cache
def register_adjoints(model: Model) -> str:
    """The same of the library for adjoints, which takes longer to compile; they go by the name of the other."""
    return _register(model, (ADJOINT,), ("gradient", "settle_gradient"))


def _register(model: Model, macros: tuple[str, ...], targets: Iterable[str]) -> str:
    library = _library(model, macros)
    try:
        functions = ctypes.CDLL(str(library))
    except OSError as error:
        raise KernelError(f"{library}: must be a library that can be loaded here, found {error}") from None
    name = f"screen_{library.stem.partition('-')[0]}"
    for target in targets:
        handler = getattr(functions, f"screen_{target}")
        jax.ffi.register_ffi_target(f"{name}_{target}", jax.ffi.pycapsule(handler), platform="cpu")
    return name


PROCESSOR = Build(register, register_adjoints, lambda wanted: wanted or available_cores(), events=True)


def kernel_ready(models: Iterable[Model] = ()) -> str:
    """How the kernel is compiled here, in one line; KernelError where these models cannot run as compiled kernels.

    Without a compiler those can that the cache has compiled for this kind of machine.
    """
    try:
        compiler = find_compiler()
    except KernelError:
        wanted = list(models)
        if wanted and all(kept_library(model_key(model), model.cache) for model in wanted):
            return "compiled earlier, from the cache; there is no compiler now"
        raise
    return f"compiled with {compiler.command}, {compiler.widths.lanes} lanes side by side"


def model_key(model: Model) -> str:
    """What decides the text that is compiled."""
    return f"{model.digest} {generator_version()}"


def _library(model: Model, macros: tuple[str, ...] = ()) -> Path:
    try:
        compiler = find_compiler()
    except KernelError:
        library = kept_library(model_key(model), model.cache, macros)
        if library is None:
            raise
        return library
    return compile_library(
        compiler,
        lambda: emit(model.system, vector(compiler.widths)),
        model.name,
        model_key(model),
        model.cache,
        macros,
    )


@partial(jax.jit, static_argnums=(0, 1, 2, 3))
def _called(build: Build, model: Model, options: tuple, stored: tuple[int, ...] | None, runs: Runs) -> Any:
    """`_solve`, which JAX then goes through once for all arrays of a shape, not at every call."""
    return _solve(build, model, options, stored, runs)


@partial(jax.custom_vjp, nondiff_argnums=(0, 1, 2, 3))
def _solve(build: Build, model: Model, options: tuple, stored: tuple[int, ...] | None, runs: Runs) -> Any:
    lanes, species = runs.state.shape
    columns = np.arange(species, dtype=np.int32) if stored is None else np.array(stored, np.int32)
    outputs = (
        jax.ShapeDtypeStruct((lanes, runs.times.shape[-1], len(columns)), jnp.float64),
        *(jax.ShapeDtypeStruct((lanes,), jnp.int32) for _ in range(3)),
        jax.ShapeDtypeStruct((lanes,), jnp.float64),
    )
    call = jax.ffi.ffi_call(f"{build.register(model)}_solve", outputs, vmap_method="broadcast_all")
    return call(*runs, columns, **dict(options))


def _forward(
    build: Build, model: Model, options: tuple, stored: tuple[int, ...] | None, runs: Runs
) -> tuple[Any, tuple[Runs, Array]]:
    found = _solve(build, model, options, stored, runs)
    return found, (runs, found[2])


def _backward(
    build: Build,
    model: Model,
    options: tuple,
    stored: tuple[int, ...] | None,
    kept: tuple[Runs, Array],
    cotangents: Any,
) -> tuple[Runs]:
    """Adjoint of the steps taken; switches and output times are held (their cotangents are 0)."""
    runs, accepted = kept
    lanes = jnp.arange(len(runs.times), dtype=jnp.int32)
    states = cotangents[0]
    if stored is not None:
        whole = jnp.zeros((*states.shape[:-1], runs.state.shape[-1]))
        states = whole.at[..., np.array(stored, int)].add(states)
    back = rows_back(f"{build.register_adjoints(model)}_gradient", options, 5)
    return (_gradient(runs, *back(*runs, accepted, lanes, jnp.zeros_like(lanes), states)),)


def _gradient(runs: Runs, by_parameters: Array, by_state: Array) -> Runs:
    return Runs(by_parameters, by_state, jnp.zeros_like(runs.switches), jnp.zeros_like(runs.times))


_solve.defvjp(_forward, _backward)


def _solve_events(build: Build, model: Model, options: tuple, runs: Runs) -> Any:
    """A solve in which states are set at once; its gradient goes through the solves between events."""

    def between(piece: Runs) -> Solution:
        return Solution(*_solve(build, without_events(model), options, None, piece))

    if not build.events:
        return timed_solve(between, model, "engine cuda", runs)

    def backward(runs: Runs, cotangents: Any) -> tuple[Runs]:
        def moved(parameters: Array, state: Array) -> Array:
            each = runs._replace(parameters=parameters, state=state)
            return timed_solve(between, model, "gradient", each).states

        _, pull = jax.vjp(moved, runs.parameters, runs.state)
        return (_gradient(runs, *pull(cotangents[0])),)

    run = jax.custom_vjp(lambda each: _solve(build, model, options, None, each))
    run.defvjp(lambda each: (_solve(build, model, options, None, each), each), backward)
    return run(runs)


@cache
def rows_back(target: str, options: tuple, solved: int) -> Callable[..., tuple[Array, Array]]:
    """Adjoints of the first two arrays, one row a cotangent, by a handler that takes rows.

    The first `solved` arrays have one entry a lane, the others one a row: its lane, perhaps the output at which its
    cotangents begin, and these. However many rows a lane has, its steps are taken and factorised once. Under `vmap`
    of the cotangents alone there are more rows, under any other also more lanes.
    """

    @jax.custom_batching.custom_vmap
    def back(*arrays: Array) -> tuple[Array, Array]:
        rows = len(arrays[-1])
        outputs = tuple(jax.ShapeDtypeStruct((rows, *each.shape[1:]), each.dtype) for each in arrays[:2])
        by_parameters, by_state = jax.ffi.ffi_call(target, outputs)(*arrays, **dict(options))
        return by_parameters, by_state

    @back.def_vmap
    def _(
        size: int, batched: Sequence[bool], *arrays: Array
    ) -> tuple[tuple[Array, Array], tuple[bool, bool]]:
        lanes, rows = arrays[0].shape[1 if batched[0] else 0], arrays[-1].shape[1 if batched[-1] else 0]
        copied = any(batched[:solved])
        full = [
            each if is_batched else jnp.broadcast_to(each, (size, *each.shape))
            for each, is_batched in zip(arrays, batched, strict=True)
        ]
        of_lanes = (
            [each.reshape(-1, *each.shape[2:]) for each in full[:solved]] if copied else arrays[:solved]
        )
        lane, *asked = full[solved:]
        if copied:
            lane = lane + lanes * jnp.arange(size, dtype=lane.dtype)[:, None]
        found = back(*of_lanes, *(each.reshape(-1, *each.shape[2:]) for each in (lane, *asked)))
        return tuple(each.reshape(size, rows, *each.shape[1:]) for each in found), (True, True)

    return back
