"""The kernel engine: the compiled network, called by XLA, with its adjoint as the reverse mode.

The library is compiled at the first solve of a model and loaded once per process. Inside `jit` a solve is
one custom call; `vmap` over it adds lanes. Lanes are spread over threads, each of which takes the next
lane nobody has taken yet, and no result depends on who took it.
"""

import ctypes
import os
from collections.abc import Iterable
from functools import cache, partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from screen.errors import KernelError
from screen.kernel.cache import generator_version
from screen.kernel.model import Model
from screen.kernel.native.compiler import compile_library, find_compiler, kept_library
from screen.kernel.native.emit import emit
from screen.kernel.solution import Solution


def kernel_engine(
    model: Model, parameters: Array, state: Array, switches: Array, times: Array, *,
    rtol: float, atol: float, max_steps: int, threads: int | None, first_step: float | None,
) -> Solution:  # fmt: skip
    """Integrate with the compiled kernel; arguments as `solve`. KernelError where there is no compiler."""
    options = (
        ("atol", np.float64(atol)),
        ("first_step", np.float64(first_step or 0.0)),
        ("max_steps", np.int64(max_steps)),
        ("rtol", np.float64(rtol)),
        ("threads", np.int64(threads or available_cores())),
    )
    return Solution(*_solve(_register(model), options, parameters, state, switches, times))


def available_cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def _register(model: Model) -> str:
    """Compile and load the library of a model; the name under which XLA knows it."""
    library = _library(model)
    try:
        functions = ctypes.CDLL(str(library))
    except OSError as error:
        raise KernelError(f"{library}: must be a library that can be loaded here, found {error}") from None
    name = f"screen_{library.stem}"
    for target in ("solve", "gradient"):
        handler = getattr(functions, f"screen_{target}")
        jax.ffi.register_ffi_target(f"{name}_{target}", jax.ffi.pycapsule(handler), platform="cpu")
    return name


def kernel_problem(models: Iterable[Model]) -> str | None:
    """Why these models cannot run as compiled kernels, in one line; nothing where they can.

    Without a compiler those can that the cache has compiled for this kind of machine.
    """
    try:
        find_compiler()
    except KernelError as error:
        wanted = list(models)
        if wanted and all(kept_library(_key(model), model.cache) for model in wanted):
            return None
        return error.problems[0]
    return None


def _key(model: Model) -> str:
    return f"{model.digest} {generator_version()}"


def _library(model: Model) -> Path:
    try:
        compiler = find_compiler()
    except KernelError:
        library = kept_library(_key(model), model.cache)
        if library is None:
            raise
        return library
    return compile_library(
        compiler, lambda: emit(model.system, compiler.width), model.name, _key(model), model.cache
    )


@partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def _solve(name: str, options: tuple, parameters: Array, state: Array, switches: Array, times: Array) -> Any:
    lanes, species = state.shape
    outputs = (
        jax.ShapeDtypeStruct((lanes, times.shape[-1], species), jnp.float64),
        *(jax.ShapeDtypeStruct((lanes,), jnp.int32) for _ in range(3)),
        jax.ShapeDtypeStruct((lanes,), jnp.float64),
    )
    call = jax.ffi.ffi_call(f"{name}_solve", outputs, vmap_method="broadcast_all")
    return call(parameters, state, switches, times, **dict(options))


def _forward(name: str, options: tuple, *arrays: Array) -> tuple[Any, tuple[Array, ...]]:
    return _solve(name, options, *arrays), arrays


def _backward(name: str, options: tuple, arrays: tuple[Array, ...], cotangents: Any) -> tuple[Array, ...]:
    """Adjoint of the steps taken; switches and output times are held (their cotangents are 0)."""
    parameters, state, switches, times = arrays
    outputs = tuple(jax.ShapeDtypeStruct(array.shape, array.dtype) for array in (parameters, state))
    call = jax.ffi.ffi_call(f"{name}_gradient", outputs, vmap_method="broadcast_all")
    gradient = call(*arrays, cotangents[0], **dict(options))
    return *gradient, jnp.zeros_like(switches), jnp.zeros_like(times)


_solve.defvjp(_forward, _backward)
