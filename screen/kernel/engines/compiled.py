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
from screen.kernel.engines.rows import flattened, rows_back
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
    keeps: int
    """Bytes that a solve may keep of its steps for a gradient, which takes those of other lanes again; 0 keeps none."""


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
        found, steps = _kept_solve(build, model, options, None, lanes)
        return read_off(found), (*lanes, *steps)

    def read_off(found: Sequence[Array]) -> tuple[Array, Array]:
        return found[0][lane, output], found[1][lane]

    def backward(lanes: tuple[Array, ...], cotangents: Any) -> tuple[Array | None, ...]:
        places = (jnp.asarray(each, dtype=jnp.int32) for each in (lane, output))
        back = rows_back(f"{build.register_adjoints(model)}_gradient", options, 5, len(lanes) - 5)
        return *back(*lanes, *places, cotangents[0][:, None]), None, None

    read = jax.custom_vjp(
        lambda *arrays: read_off(_solve(build, model, options, None, Runs(*(each[first] for each in arrays))))
    )
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
    return _register(_library(model), ("solve", "settle"))


@cache
def register_adjoints(model: Model) -> str:
    """The same of the library for adjoints, which takes longer to compile; they go by the name of the other."""
    solves, adjoints = _library(model), _library(model, (ADJOINT,))
    again = ctypes.cast(_loaded(solves).screen_integrate, ctypes.c_void_p)
    _loaded(adjoints).screen_integrate_by(again)
    return _register(adjoints, ("gradient", "settle_gradient"))


_OFFERED: set[str] = set()
"""The names of what XLA knows."""


def _register(library: Path, targets: Iterable[str]) -> str:
    """Tell XLA of a library; not of its copy in another cache, which does the same and has the same name."""
    name = f"screen_{library.stem.partition('-')[0]}"
    for target in targets:
        offered = f"{name}_{target}"
        if offered not in _OFFERED:
            handler = getattr(_loaded(library), f"screen_{target}")
            jax.ffi.register_ffi_target(offered, jax.ffi.pycapsule(handler), platform="cpu")
            _OFFERED.add(offered)
    return name


def _loaded(library: Path) -> ctypes.CDLL:
    try:
        return ctypes.CDLL(str(library))
    except OSError as error:
        raise KernelError(f"{library}: must be a library that can be loaded here, found {error}") from None


KEPT = 1 << 28
"""Enough for a batch of the fit on slices. What no step comes to is not taken from the system."""

PROCESSOR = Build(
    register, register_adjoints, lambda wanted: wanted or available_cores(), events=True, keeps=KEPT
)


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
    columns = _columns(stored, runs)
    call = jax.ffi.ffi_call(
        f"{build.register(model)}_solve", _solved(runs, len(columns)), vmap_method="broadcast_all"
    )
    return call(*runs, columns, **dict(options))


def _columns(stored: tuple[int, ...] | None, runs: Runs) -> np.ndarray:
    return np.arange(runs.state.shape[1], dtype=np.int32) if stored is None else np.array(stored, np.int32)


def _solved(runs: Runs, columns: int) -> tuple[jax.ShapeDtypeStruct, ...]:
    lanes, outputs = runs.times.shape
    return (
        jax.ShapeDtypeStruct((lanes, outputs, columns), jnp.float64),
        *(jax.ShapeDtypeStruct((lanes,), jnp.int32) for _ in range(3)),
        jax.ShapeDtypeStruct((lanes,), jnp.float64),
    )


ROOM, AT_HAND, HEAD = 256, 1 << 24, 7
"""Steps of a lane that there is room for, else they are taken again; room for more where that is so many bytes in all,
which a process has again from call to call; numbers of a step before its state (lanes.h)."""


def _kept_solve(
    build: Build, model: Model, options: tuple, stored: tuple[int, ...] | None, runs: Runs
) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
    """A solve, and what its gradient needs: how many steps were accepted and, where the build keeps them, these.

    They are [kept, room, numbers] of the first lanes, as many as there is room for; under `vmap` of all lanes together.
    """
    if not build.keeps:
        found = _solve(build, model, options, stored, runs)
        return found, (found[2],)
    columns = _columns(stored, runs)
    target = f"{build.register(model)}_solve"

    @jax.custom_batching.custom_vmap
    def keeping(*arrays: Array) -> tuple[Array, ...]:
        each = Runs(*arrays)
        lanes, row = len(each.times), HEAD + each.state.shape[1]
        room = max(ROOM, min(build.keeps, AT_HAND) // (8 * row * max(lanes, 1)))
        kept = min(lanes, build.keeps // (8 * row * room))
        steps = jax.ShapeDtypeStruct((kept, room, row), jnp.float64)
        return tuple(
            jax.ffi.ffi_call(target, (*_solved(each, len(columns)), steps))(*arrays, columns, **dict(options))
        )

    @keeping.def_vmap
    def _(size: int, batched: Sequence[bool], *arrays: Array) -> tuple[tuple[Array, ...], tuple[bool, ...]]:
        *found, steps = keeping(*flattened(size, batched, arrays))
        apart = (each.reshape(size, -1, *each.shape[1:]) for each in found)
        return (*apart, steps), (*(True for _ in found), False)

    *found, steps = keeping(*runs)
    return tuple(found), (found[2], steps)


def _forward(
    build: Build, model: Model, options: tuple, stored: tuple[int, ...] | None, runs: Runs
) -> tuple[Any, tuple[Runs, tuple[Array, ...]]]:
    found, kept = _kept_solve(build, model, options, stored, runs)
    return found, (runs, kept)


def _backward(
    build: Build,
    model: Model,
    options: tuple,
    stored: tuple[int, ...] | None,
    kept: tuple[Runs, tuple[Array, ...]],
    cotangents: Any,
) -> tuple[Runs]:
    """Adjoint of the steps taken; switches and output times are held (their cotangents are 0)."""
    runs, of_steps = kept
    lanes = jnp.arange(len(runs.times), dtype=jnp.int32)
    states = cotangents[0]
    if stored is not None:
        whole = jnp.zeros((*states.shape[:2], runs.state.shape[1]))
        states = whole.at[..., np.array(stored, int)].add(states)
    back = rows_back(f"{build.register_adjoints(model)}_gradient", options, 5, len(of_steps) - 1)
    return (_gradient(runs, *back(*runs, *of_steps, lanes, jnp.zeros_like(lanes), states)),)


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
