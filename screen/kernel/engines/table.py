"""The engines behind one interface: a table, and the functions that look into it."""

from collections.abc import Callable, Iterable
from functools import lru_cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float

from screen.errors import KernelError
from screen.kernel.configure import find_devices
from screen.kernel.engines.compiled import (
    PROCESSOR,
    Build,
    compiled_readings,
    compiled_solve,
    kernel_ready,
    only_stored,
)
from screen.kernel.engines.cuda import GRAPHICS, cuda_ready
from screen.kernel.engines.pure_jax import jax_engine
from screen.kernel.engines.resting import UNTIL, Cells, Rest, Until, compiled_rest, integrated_rest
from screen.kernel.engines.timed import timed_solve, without_events
from screen.kernel.model import Model
from screen.kernel.solution import Runs, Solution, Stepping
from screen.kernel.symbolic.analysis import System
from screen.shapes import (
    LANES_PARAMETERS,
    LANES_PHASES,
    LANES_PHASES_PARAMETERS,
    LANES_SPECIES,
    LANES_TIMES,
    AnyArray,
)


class Engine(NamedTuple):
    """An engine: how it integrates, what it can do, where, and how fast."""

    solve: Callable[[Model, Runs, Stepping], Solution]
    differentiable: bool
    """Whether a solve has a gradient in reverse mode."""
    devices: tuple[str, ...]
    """JAX backends it runs on."""
    speed: float | None
    """Trajectories a second, of a core or a GPU, that an estimate assumes for the shipped network; None where all
    stages have measured costs with it."""
    readings: Callable[..., tuple[Array, Array]] | None = None
    """How it integrates copies once; where it cannot, each is a lane."""
    rest: Callable[..., Rest] | None = None
    """How it finds rest states, where it has a better way than to integrate."""
    batch: int = 2048
    """Lanes at a time that keep it busy without much memory."""
    ready: Callable[[Iterable[Model]], str] = lambda models: "needs nothing but JAX"
    """Why it can run these models here, in one line; KernelError where it cannot."""
    prepare: Callable[[Model], object] | None = None
    """What it does once for a model, where that takes time."""


def _of_system(
    make: Callable[[System], Callable[[Runs, Stepping], Solution]],
) -> Callable[[Model, Runs, Stepping], Solution]:
    """An engine that is built per system and has no use for threads and a first step."""
    built = lru_cache(maxsize=None)(lambda model: make(model.system))

    def run(model: Model, runs: Runs, stepping: Stepping) -> Solution:
        own = stepping._replace(threads=None, first_step=None, stored=None)
        if model.system.events:
            between = built(without_events(model))
            found = timed_solve(lambda piece: between(piece, own), model, "engine jax or diffrax", runs)
        else:
            found = built(model)(runs, own)
        return only_stored(found, stepping)

    return run


def _compiled(
    build: Build, device: str, speed: float | None, batch: int, ready: Callable[[Iterable[Model]], str]
) -> Engine:
    """An engine that runs the compiled network."""
    readings, rest = partial(compiled_readings, build), partial(compiled_rest, build)

    def prepare(model: Model) -> None:
        build.register(model if build.events else without_events(model))

    return Engine(
        partial(compiled_solve, build), True, (device,), speed, readings, rest, batch, ready, prepare
    )


def _diffrax(system: System) -> Callable[[Runs, Stepping], Solution]:
    """diffrax, which takes a second to import, is imported where it is asked for."""
    from screen.kernel.engines.reference import diffrax_engine

    return diffrax_engine(system)


ENGINES: dict[str, Engine] = {
    "kernel": _compiled(PROCESSOR, "cpu", None, 2048, kernel_ready),
    "cuda": _compiled(
        GRAPHICS, "gpu", 73_000.0, 1 << 17, cuda_ready
    ),  # of an H200, benchmarks/results/gpu.json
    "jax": Engine(_of_system(jax_engine), differentiable=False, devices=("cpu", "gpu"), speed=400.0),
    "diffrax": Engine(_of_system(_diffrax), differentiable=True, devices=("cpu", "gpu"), speed=10.0),
}
"""Name -> engine, the preferred first. A new one is a line here; the conformance tests run over this table."""

DIFFERENTIABLE = tuple(name for name, engine in ENGINES.items() if engine.differentiable)
"""Engines with a gradient."""


def has_gradient(engine: str, model: Model, phases: int = 1) -> bool:
    """Whether a solve of a model in lanes of so many phases has a gradient, of engine and events.

    Events must have times that no state moves, in lanes of one phase.

    >>> has_gradient("diffrax", model), has_gradient("jax", model)
    (True, False)
    """
    events = model.system.events
    return engine in DIFFERENTIABLE and (events is None or (phases == 1 and bool(events.times.outputs)))


def available_engines(models: Iterable[Model] = ()) -> tuple[str, ...]:
    """Engines that run these models on this machine, the preferred first.

    >>> "jax" in available_engines()
    True
    """
    wanted = list(models)
    return tuple(name for name, engine in ENGINES.items() if _can(engine, wanted))


def _can(engine: Engine, models: Iterable[Model]) -> bool:
    try:
        engine.ready(models)
    except KernelError:
        return False
    return True


def choose_engine(wanted: str = "auto", models: Iterable[Model] = ()) -> tuple[str, str]:
    """(engine, reason in one line); "auto" takes the compiled one of the device: on a GPU cuda, else the kernel.

    Without a compiler "auto" takes jax; not so on a GPU, where XLA makes thousands of small kernels a step of it and
    compiles them for minutes. `models` are what will run: the kernel needs no compiler for those in the cache.
    KernelError where JAX finds no device of the kind that it is told to use.

    >>> choose_engine("diffrax")
    ('diffrax', 'as asked')
    """
    if wanted != "auto":
        _look_up(wanted).ready(models)
        return wanted, "as asked"
    find_devices()
    device = jax.default_backend()
    if device == "gpu":
        try:
            return "cuda", ENGINES["cuda"].ready(models)
        except KernelError as error:
            raise KernelError(
                f"{error.problems[0]}; or compute on the processor: JAX_PLATFORMS=cpu"
            ) from None
    if device not in ENGINES["kernel"].devices:
        return "jax", f"JAX computes on {device}, the kernel on cpu or gpu"
    try:
        return "kernel", ENGINES["kernel"].ready(models)
    except KernelError as error:
        return "jax", error.problems[0]


def _look_up(name: str) -> Engine:
    if name not in ENGINES:
        raise KernelError(f"engine: must be one of {', '.join(('auto', *ENGINES))}, found {name}")
    return ENGINES[name]


def solve(
    model: Model, parameters: Float[AnyArray, LANES_PHASES_PARAMETERS], state: Float[AnyArray, LANES_SPECIES],
    switches: Float[AnyArray, LANES_PHASES], times: Float[AnyArray, LANES_TIMES], *, engine: str = "kernel",
    **stepping: Any,
) -> Solution:  # fmt: skip
    """Integrate a batch of lanes.

    parameters [lanes, phases, parameters]; state [lanes, species] at the first switch; switches
    [lanes, phases], the start of each phase, ascending (a phase may be empty); times [lanes, times],
    ascending, repeats allowed. `stepping` are fields of `Stepping`: rtol, atol, max_steps, threads, first_step, stored.
    Differentiable in reverse mode for parameters and state with engines kernel, cuda and diffrax. KernelError for
    shapes that do not fit or an engine that is not there.

    >>> switches, times = np.zeros((2, 1)), np.full((2, 1), 5.0)
    >>> found = solve(model, parameters[:, None], model.initial(parameters), switches, times, engine="auto")
    >>> bool(np.allclose(found.states[:, 0, 0], np.exp([-0.5, -1.0]), rtol=1e-5))
    True
    """
    runs, options = _checked(model, Runs(parameters, state, switches, times)), Stepping(**stepping)
    if absent := [place for place in options.stored or () if not 0 <= place < len(model.species)]:
        raise KernelError(
            f"solve: stored must be places of species, from 0 to {len(model.species) - 1}, found {absent[0]}"
        )
    return _chosen(engine, model).solve(model, runs, options)


def solve_readings(
    model: Model,
    runs: Runs,
    output: np.ndarray,
    copy_of: np.ndarray,
    *,
    engine: str = "kernel",
    **stepping: Any,
) -> tuple[Array, Array]:
    """One reading a row: the state [rows, species] of a lane at one of its times, and its status [rows].

    `runs` have a lane for each reading; `output` [rows] says which of a row's times is read. Rows with equal
    `copy_of` [rows], which names the first of them, must be equal in every array: with engine kernel they are one
    trajectory. In reverse mode each row has adjoints of its own, and those of copies walk back together over one
    record, so the Jacobian of many readings costs little more than the gradient of one. `stepping` as of `solve`.

    >>> runs = Runs(parameters[:, None], model.initial(parameters), np.zeros((2, 1)), np.full((2, 1), 5.0))
    >>> state, status = solve_readings(model, runs, np.zeros(2, int), np.arange(2), engine="auto")
    >>> bool(np.allclose(state[:, 0], np.exp([-0.5, -1.0]), rtol=1e-5))
    True
    """
    runs = _checked(model, runs)
    output, copy_of = np.asarray(output), np.asarray(copy_of)
    rows, outputs = runs.times.shape
    if not output.shape == copy_of.shape == (rows,) or output.min() < 0 or output.max() >= outputs:
        raise KernelError(f"solve_readings: there must be one of {outputs} outputs for each of {rows} rows")
    if np.any(copy_of[copy_of] != copy_of) or np.any(copy_of > np.arange(rows)):
        raise KernelError("solve_readings: copy_of must name the first row of each copy, found another")
    chosen, options = _chosen(engine, model), Stepping(**stepping)
    if chosen.readings is not None and not model.system.events:
        return chosen.readings(model, runs, output, copy_of, options)
    solution = chosen.solve(model, runs, options)
    return solution.states[np.arange(rows), output], solution.status


def prepare(model: Model, engine: str = "kernel") -> None:
    """Do now what an engine does once for a model, such as to compile it; several threads may.

    >>> prepare(model, "jax")
    """
    ready = _chosen(engine, model).prepare
    if ready is not None:
        ready(model)


def _chosen(engine: str, model: Model) -> Engine:
    return _look_up(choose_engine(engine, [model])[0] if engine == "auto" else engine)


def _checked(model: Model, runs: Runs) -> Runs:
    if not jax.config.read("jax_enable_x64"):
        raise KernelError(
            "solve: JAX must use double precision, found single; call screen.kernel.configure() first"
        )
    checked = Runs(*(jnp.asarray(array, dtype=jnp.float64) for array in runs))
    _check_shapes(model, checked)
    return checked


def _check_shapes(model: Model, runs: Runs) -> None:
    parameters, state, switches, times = runs
    lanes, phases = state.shape[0] if state.ndim else 0, switches.shape[-1] if switches.ndim else 0
    wanted = {
        "parameters": (parameters.shape, (lanes, phases, len(model.parameters))),
        "state": (state.shape, (lanes, len(model.species))),
        "switches": (switches.shape, (lanes, phases)),
        "times": (times.shape, (lanes, times.shape[-1] if times.ndim else 0)),
    }
    problems = [
        f"solve: {name} must have shape {list(need)}, found {list(have)}"
        for name, (have, need) in wanted.items() if have != need
    ]  # fmt: skip
    if not phases or not times.ndim or not times.shape[-1]:
        problems.append("solve: there must be at least one phase and one output time, found none")
    if problems:
        raise KernelError(problems)


def rest(
    model: Model, parameters: Float[AnyArray, LANES_PARAMETERS], state: Float[AnyArray, LANES_SPECIES],
    copy_of: np.ndarray | None = None, *, engine: str = "kernel", until: Until = UNTIL, **stepping: Any,
) -> Rest:  # fmt: skip
    """Integrate until nothing changes: parameters [lanes, parameters], state [lanes, species] to start from.

    A lane is at rest after twice the horizon of `until` where every species has changed by less than its tolerance of
    itself (or of 1e3 atol) in the second half; otherwise its status is NO_REST_STATE. Lanes with equal `copy_of`
    [lanes] are copies, as in `solve_readings`. Engine kernel goes the last way by Newton's method, and its derivatives
    are those of the implicit function; they are NaN where a mode is slower than 1 / horizon. `stepping` as of `solve`.

    >>> found = rest(model, parameters, model.initial(parameters), engine="auto")
    >>> bool(np.allclose(found.state, 0.0, atol=1e-6)), found.status.tolist() == [Status.OK, Status.OK]
    (True, True)
    """
    phases, nothing = jnp.asarray(parameters)[:, None], jnp.zeros((len(state), 1))
    checked = _checked(model, Runs(phases, state, nothing, nothing))
    cells = Cells(checked.parameters.squeeze(1), checked.state)
    chosen, options = _chosen(engine, model), Stepping(**stepping)
    if chosen.rest is not None and model.system.per_amount.outputs and not model.system.events:
        copies = np.arange(len(cells.state)) if copy_of is None else copy_of
        return chosen.rest(model, cells, copies, until, options)
    return integrated_rest(chosen.solve, model, cells, until, options)
