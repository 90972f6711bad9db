"""The cuda engine: the kernel's text compiled for a GPU, one lane a thread, called by XLA through jax.ffi.

NVRTC compiles it (no compiler and no CUDA toolkit is needed), for the kind of GPU that is there; the machine code is
kept in the kernel cache. What XLA calls is written here: it takes from the call where the arrays are on the GPU, gives
every thread that runs at a time memory of its own, beside what JAX has reserved, and launches the kernel. A thread
takes the next lane when its lane ends, so a call may have any number of lanes.

Tested against the C kernel with a driver and a compiler that run the same text on the host (tests/engines/host_cuda);
benchmarks/results/gpu.json says what it does on a GPU.
"""

import ctypes
import math
from collections.abc import Callable, Iterable
from ctypes import Structure, c_double, c_int64, c_void_p
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from screen.errors import KernelError
from screen.kernel.cache import digest_of
from screen.kernel.engines.compiled import Build, model_key
from screen.kernel.model import Model
from screen.kernel.native.driver import WARP, Driver, find_driver
from screen.kernel.native.emit import THREAD, emit
from screen.kernel.native.frame import Buffer, Frame, make_handler
from screen.kernel.native.nvrtc import cached_cubin, find_nvrtc, options_for
from screen.kernel.solution import Solution

PLATFORM = "CUDA"
SINGLE = 1e-6
"""Relative tolerance from which on a solve keeps the entries of its matrices in single precision. On an H200 that
moves states of the shipped network by a twenty-fifth of it at most, and gives 7 to 15 % more lanes a second."""
SHARE = 0.5
"""Of the memory that is free, how much threads may take, and then how much tapes."""

_POINTERS = (
    "parameters", "state", "switches", "times", "stored", "states", "status", "accepted", "rejected", "reached",
    "cotangent", "row_lane", "row_output", "parameters_bar", "state_bar", "sorted", "rows_begin", "order",
    "taped",
)  # fmt: skip
_COUNTS = (
    "lanes", "phases", "outputs", "columns", "max_steps", "threads", "rows", "span", "walked", "kept", "room",
)  # fmt: skip
_NUMBERS = ("rtol", "atol", "first_step", "rate", "time", "tolerance")


class Job(Structure):
    """`Job` of native/lanes.h."""

    _fields_ = (
        *((name, c_void_p) for name in _POINTERS), *((name, c_int64) for name in _COUNTS),
        *((name, c_double) for name in _NUMBERS), ("next", c_void_p),
    )  # fmt: skip


class Launch(Structure):
    """`Launch` of native/kernels.cuh."""

    _fields_ = (
        ("job", Job), ("memory", c_void_p), ("tapes", c_void_p), ("room", c_int64), ("given", c_void_p),
        ("incomplete", c_void_p),
    )  # fmt: skip


class Kernel(NamedTuple):
    """A kernel on one GPU."""

    module: int
    function: int
    resident: int
    """How many warps a multiprocessor holds."""
    processors: int
    memory: int
    """Bytes for the threads of a warp."""
    row: int
    """Bytes of a row of a tape."""


class Call(NamedTuple):
    """A call of XLA, in the context of its GPU."""

    driver: Driver
    stream: int | None
    kernel: Kernel
    frame: Frame


def cuda_ready(models: Iterable[Model] = ()) -> str:
    """How the engine compiles here, in one line; KernelError where it cannot run."""
    driver = find_driver()
    architecture = driver.architecture()
    version = ".".join(map(str, find_nvrtc(driver.version()).version))
    if (found := jax.default_backend()) != "gpu":
        raise KernelError(
            f"engine cuda: JAX must compute on a GPU, found {found}; install the extra gpu and unset JAX_PLATFORMS"
        )
    return f"compiled with NVRTC {version} for {architecture}, one lane a thread"


@cache
def register(model: Model) -> str:
    """Compile what solves a model and finds its rest; the name under which XLA knows it.

    Gradients, and what keeps matrices in double precision, are compiled when called.
    """
    architecture = find_driver().architecture()
    compile_entry(model, "solve", architecture, single=True)
    compile_entry(model, "settle", architecture)
    name = f"screen_cuda_{digest_of(model_key(model))}"
    for entry, task in TASKS.items():
        handler = _handler(model, entry, task)
        _HANDLERS.append(handler)
        jax.ffi.register_ffi_target(f"{name}_{entry}", jax.ffi.pycapsule(handler), platform=PLATFORM)
    return name


_HANDLERS: list[Any] = []
"""What XLA may still call must not be freed."""

GRAPHICS = Build(register, register, lambda wanted: 0, events=False, keeps=0)
"""Cores are not what limits the threads."""


def compile_entry(model: Model, entry: str, architecture: str, single: bool = False) -> Path:
    """Machine code of an entry of `TASKS`, from the cache or compiled into it; `single` as in `SINGLE`."""
    nvrtc = find_nvrtc(find_driver().version())
    options = options_for(entry, architecture, single)
    return cached_cubin(
        nvrtc, lambda: emit(model.system, THREAD), model.name, model_key(model), model.cache, options
    )


@cache
def _kernel(model: Model, entry: str, single: bool, context: int) -> Kernel:
    """A kernel in a context, which is the current one."""
    driver = find_driver()
    code = compile_entry(model, entry, driver.architecture(driver.device()), single).read_bytes()
    module = driver.load(code)
    launch, memory, row = driver.constants(module, "screen_sizes", c_int64 * 3)
    if launch != ctypes.sizeof(Launch):
        raise KernelError(
            "engine cuda: kernels.cuh and cuda.py must agree on Launch: this is a fault of the program"
        )
    function = driver.function(module, f"screen_{entry}")
    return Kernel(module, function, driver.warps(function), driver.processors(driver.device()), memory, row)


def _handler(model: Model, entry: str, task: Callable[[Call], None]) -> Any:
    def run(frame: Frame) -> None:
        driver = find_driver()
        single = entry == "solve" and frame.attributes["rtol"] >= SINGLE
        with driver.context(frame.stream) as context:
            task(Call(driver, frame.stream, _kernel(model, entry, single, context), frame))

    return make_handler(run)


def _job(frame: Frame, names: tuple[str, ...], results: tuple[str, ...], **counts: int) -> Job:
    """A job whose arrays are those of the call, in their order."""
    arrays = zip((*names, *results), (*frame.arguments, *frame.results), strict=True)
    return Job(**frame.attributes, **{name: buffer.address for name, buffer in arrays}, **counts)


def _launch(call: Call, job: Job, items: int, lengths: np.ndarray | None = None) -> None:
    """Run the kernel with as many warps as there is work and memory for; `lengths` [lanes] are those of the tapes."""
    if not items:
        return
    driver, stream, kernel, _ = call
    free = driver.free_memory()
    most = kernel.resident * kernel.processors
    warps = max(1, min(-(-items // WARP), most, int(SHARE * free) // kernel.memory))
    room = 0
    if lengths is not None:
        wanted, least = int(lengths[: warps * WARP].sum()), int(lengths[0])
        room = max(least, min(wanted, int(SHARE * (free - warps * kernel.memory)) // kernel.row))
    with driver.memory(stream, warps * kernel.memory, room * kernel.row, 24) as (memory, tapes, counters):
        driver.clear(stream, counters, 24)
        job.next = counters
        launch = Launch(job, memory, tapes, room, counters + 8, counters + 16)
        driver.launch(stream, kernel.function, warps, launch)
        if lengths is not None:
            incomplete = np.zeros(1, np.int32)
            driver.to_host(stream, incomplete, counters + 16)
            if incomplete[0]:
                raise KernelError(
                    "engine cuda: a gradient must take the steps of its solve, found more steps"
                )


_SOLVED = ("parameters", "state", "switches", "times")
_BARS = ("parameters_bar", "state_bar")


def _solved(arguments: tuple[Buffer, ...]) -> dict[str, int]:
    """Counts of a solve from its arrays, whose leading axes are lanes."""
    parameters, _, _, times = arguments[:4]
    return {"lanes": math.prod(times.shape[:-1]), "phases": parameters.shape[-2], "outputs": times.shape[-1]}


def _solve(call: Call) -> None:
    arguments = call.frame.arguments
    counts = _solved(arguments) | {"columns": arguments[4].shape[-1]}
    job = _job(call.frame, (*_SOLVED, "stored"), Solution._fields, **counts)
    _launch(call, job, job.lanes)


def _settle(call: Call) -> None:
    state = call.frame.arguments[1]
    job = _job(
        call.frame, ("parameters", "state"), ("states", "status"), lanes=math.prod(state.shape[:-1]), phases=1
    )
    _launch(call, job, job.lanes)


def _settle_gradient(call: Call) -> None:
    arguments = call.frame.arguments
    rows = arguments[-1].shape[0]
    job = _job(call.frame, ("parameters", "state", "row_lane", "cotangent"), _BARS, rows=rows, phases=1)
    _clear_results(call)
    _launch(call, job, rows)


def _gradient(call: Call) -> None:
    driver, stream, kernel, frame = call
    counts, (rows, span, _) = _solved(frame.arguments), frame.arguments[-1].shape
    names = (*_SOLVED, "accepted", "row_lane", "row_output", "cotangent")
    job = _job(frame, names, _BARS, rows=rows, span=span, **counts)
    _clear_results(call)
    if not rows:
        return
    table, accepted = np.empty((rows, 3), np.int64), np.empty(job.lanes, np.int32)
    with driver.memory(stream, table.nbytes, 8 * (job.lanes + 1), 8 * job.lanes) as (place, begin, order):
        job.sorted, job.rows_begin, job.order = place, begin, order
        last = driver.function(kernel.module, "screen_last")
        driver.launch(stream, last, min(-(-rows // WARP), 1 << 16), Launch(job))
        driver.to_host(stream, table, place)
        driver.to_host(stream, accepted, job.accepted)
        sorted_rows, rows_begin, walked = _sorted(table, accepted)
        for address, array in ((place, sorted_rows), (begin, rows_begin), (order, walked)):
            driver.to_device(stream, address, array)
        job.walked = len(walked)
        steps = accepted[walked].astype(np.int64)
        _launch(call, job, len(walked), steps + steps // 8 + 16)  # tape_length of lanes.h


def _sorted(table: np.ndarray, accepted: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows (lane, row, last output) that are not 0, by lane, those that end last first; where each lane's begin; the
    lanes that have any, those of most steps first."""
    table = table[table[:, 2] >= 0]
    in_order = np.lexsort((-table[:, 2], table[:, 0]))  # equal ones stay as they are
    table = np.ascontiguousarray(table[in_order])
    counts = np.bincount(table[:, 0], minlength=len(accepted))
    walked = np.flatnonzero(counts)
    walked = walked[np.argsort(-accepted[walked], kind="stable")]
    return table, np.concatenate([[0], np.cumsum(counts)]), walked


def _clear_results(call: Call) -> None:
    for buffer in call.frame.results:
        call.driver.clear(call.stream, buffer.address, 8 * math.prod(buffer.shape))


TASKS: dict[str, Callable[[Call], None]] = {
    "solve": _solve, "gradient": _gradient, "settle": _settle, "settle_gradient": _settle_gradient,
}  # fmt: skip
"""What XLA can call -> how it is launched."""
