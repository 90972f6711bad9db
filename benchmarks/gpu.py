"""Lanes a second of engine cuda on a GPU, beside the C kernel on all cores of the same machine.

    python -m benchmarks.gpu_cases cases.npz
    python benchmarks/gpu.py --cases cases.npz --json benchmarks/results/gpu.json      # three minutes

The second runs on a bare machine too, one that has JAX with CUDA but not what reads networks. Lanes are cells of every
context with parameters of their own, from rest through 4 hours of their stimulus, three output times, at the usual
tolerance; beside them the slice of one context. Arrays are where the engine computes. A figure is printed and the file
written as soon as it is measured, the most telling first, so a run that is cut off has said something. What would pass
`--seconds` is left out and named.
"""

import argparse
import json
import os
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

if __name__ == "__main__":  # else `import petab` finds a file of this folder
    sys.path[0] = str(Path(__file__).resolve().parents[1])
os.environ.setdefault("XLA_PYTHON_CLIENT_MEM_FRACTION", "0.6")

from benchmarks.absent import stand_in

if __name__ == "__main__":
    stand_in()

import jax
import jax.numpy as jnp
import numpy as np

from screen.errors import KernelError
from screen.kernel import Model, Status, cache_folder, configure, solve
from screen.kernel.engines import cuda
from screen.kernel.native.driver import find_driver
from screen.kernel.symbolic.serialise import from_json

BATCH = 1 << 20
"""Most lanes in one call, if they take no more of JAX's memory than `SHARE`: more go through in several."""
SHARE = 0.3
TIMES = (20.0, 60.0, 240.0)
COMPARED = 512


class Lanes(NamedTuple):
    """A model and its lanes: parameters [lanes, parameters], state [lanes, species]."""

    name: str
    model: Model
    parameters: np.ndarray
    state: np.ndarray

    def batch(self, lanes: int) -> tuple[Any, ...]:
        """Arguments of `solve`, the lanes repeated where there are fewer; where JAX computes by default."""
        rows = jnp.arange(lanes) % len(self.parameters)
        parameters, state = jnp.asarray(self.parameters)[rows, None], jnp.asarray(self.state)[rows]
        return parameters, state, jnp.zeros((lanes, 1)), jnp.tile(jnp.asarray(TIMES), (lanes, 1))


def read_pack(path: Path) -> list[Lanes]:
    """What `benchmarks.gpu_cases` wrote."""
    with np.load(path) as content:
        return [
            Lanes(
                name, Model(from_json(json.loads(str(content[f"{name}.system"]))), cache_folder()),
                content[f"{name}.parameters"], content[f"{name}.state"],
            )
            for name in ("shipped", "slice")
        ]  # fmt: skip


class Bench:
    """What was measured so far, and how much time is left."""

    def __init__(self, out: Path, seconds: float, head: dict[str, Any]):
        self.out, self.end = out, time.monotonic() + seconds
        self.found: dict[str, Any] = {**head, "results": [], "left_out": []}

    def note(self, what: str, **figures: Any) -> None:
        """Print and write a figure."""
        row = {"what": what, **figures}
        self.found["results"].append(row)
        print(
            "  ".join(
                f"{key} {value:.5g}" if isinstance(value, float) else f"{key} {value}"
                for key, value in row.items()
            ),
            flush=True,
        )
        self.write()

    def write(self) -> None:
        """Everything so far."""
        self.out.parent.mkdir(parents=True, exist_ok=True)
        self.out.write_text(json.dumps(self.found, indent=1) + "\n", encoding="utf-8")

    def try_to(self, name: str, measure: Callable[[], None], seconds: float) -> None:
        """Measure where there is time for it; a failure is noted and the next goes on."""
        left = self.end - time.monotonic()
        if left < seconds:
            self.found["left_out"].append(f"{name}: {seconds:.0f} s, {left:.0f} s left")
        else:
            try:
                measure()
            except Exception as error:
                self.found["left_out"].append(f"{name}: {(str(error) or repr(error)).splitlines()[0]}")
        if self.found["left_out"] and self.found["left_out"][-1].startswith(f"{name}: "):
            print("left out:", self.found["left_out"][-1], flush=True)
        self.write()


def widest(case: Lanes) -> int:
    """Most lanes of one call, a power of two."""
    limit = jax.devices()[0].memory_stats()["bytes_limit"]
    row = 8 * (2 * case.parameters.shape[1] + case.state.shape[1] * (2 + 2 * len(TIMES)))
    return min(BATCH, 1 << int(SHARE * limit / row).bit_length() - 1)


def timed(run: Callable[..., Any], *arrays: Any, turns: int = 2) -> tuple[float, Any]:
    """Least seconds of some turns after a first, and what came out."""
    found, best = jax.block_until_ready(run(*arrays)), float("inf")
    for _ in range(turns):
        start = time.perf_counter()
        found = jax.block_until_ready(run(*arrays))
        best = min(best, time.perf_counter() - start)
    return best, found


def solver(case: Lanes, engine: str, cores: int | None = None) -> Any:
    """A compiled solve."""
    return jax.jit(lambda *arrays: solve(case.model, *arrays, engine=engine, threads=cores))


def gradient(case: Lanes, engine: str) -> Callable[..., Any]:
    """A compiled gradient of the last output by all parameters."""

    def loss(parameters: Any, *others: Any) -> Any:
        found = solve(case.model, parameters, *others, engine=engine)
        return jnp.sum(jnp.where((found.status == Status.OK)[:, None], found.states[:, -1], 0.0))

    return jax.jit(jax.grad(loss))


def speed(seconds: float, lanes: int, steps: Any = None) -> dict[str, float]:
    """Lanes, and steps of lanes, a second."""
    rates = {"seconds": seconds, "lanes_per_second": lanes / seconds}
    if steps is not None:
        rates["lane_steps_per_second"] = float(jnp.sum(steps)) / seconds
    return rates


def measure_cuda(bench: Bench, case: Lanes, lanes: int) -> None:
    """So many lanes on the GPU, in as few calls as memory allows."""
    calls = -(-lanes // widest(case))
    width = -(-lanes // calls)
    arrays = case.batch(width)
    run = solver(case, "cuda").lower(*arrays).compile()
    jax.block_until_ready(run(*arrays) if lanes < 100_000 else arrays)
    start = time.perf_counter()
    found = jax.block_until_ready([run(*arrays) for _ in range(calls)][-1])
    seconds = time.perf_counter() - start
    bench.note(
        "solve",
        case=case.name,
        engine="cuda",
        lanes=calls * width,
        calls=calls,
        failed=calls * int(jnp.sum(found.status != Status.OK)),
        **speed(seconds, calls * width, calls * (found.accepted + found.rejected)),
    )


def measure_order(bench: Bench, case: Lanes, lanes: int) -> None:
    """What lanes in order of their steps, the longest first, gain."""
    arrays = case.batch(lanes)
    run = solver(case, "cuda")
    seconds, found = timed(run, *arrays)
    order = jnp.argsort(-(found.accepted + found.rejected))
    best, _ = timed(run, *(each[order] for each in arrays))
    bench.note("longest first", case=case.name, engine="cuda", lanes=lanes, seconds=best, gain=seconds / best)


def measure_kernel(bench: Bench, case: Lanes, lanes: int, cores: int) -> None:
    """The C kernel on some of the cores."""
    with jax.default_device(jax.devices("cpu")[0]):
        seconds, found = timed(solver(case, "kernel", cores), *case.batch(lanes))
        steps = found.accepted + found.rejected
        figures = speed(seconds, lanes, steps)
        bench.note("solve", case=case.name, engine="kernel", cores=cores, lanes=lanes, **figures)


def measure_gradient(bench: Bench, case: Lanes, engine: str, lanes: int) -> None:
    """Gradients on the GPU, or on all cores."""
    with jax.default_device(jax.devices(None if engine == "cuda" else "cpu")[0]):
        seconds, _ = timed(gradient(case, engine), *case.batch(lanes), turns=1)
    bench.note("gradient", case=case.name, engine=engine, **speed(seconds, lanes), lanes=lanes)


def compare(bench: Bench, case: Lanes, what: Callable[[Lanes, str], Callable[..., Any]], name: str) -> None:
    """Differences to the processor, in units of the largest value of a lane; and what a change of all parameters by
    1e-13 does there, which may end a step elsewhere.
    """
    arrays = case.batch(COMPARED)
    on_gpu = what(case, "cuda")(*arrays)
    with jax.default_device(jax.devices("cpu")[0]):
        run, (parameters, *others) = what(case, "kernel"), case.batch(COMPARED)
        on_cpu, moved = run(parameters, *others), run(parameters * (1 + 1e-13), *others)
    found, known, beside = (
        np.asarray(getattr(each, "states", each)).reshape(COMPARED, -1) for each in (on_gpu, on_cpu, moved)
    )
    good = np.isfinite(known).all(axis=1)
    scale = np.maximum(np.abs(known[good]).max(axis=1), 1e-300)
    for label, other in ((f"difference of {name}", found), (f"{name} after a change of 1e-13", beside)):
        worst = np.abs(other[good] - known[good]).max(axis=1) / scale
        median, most, largest = (float(each) for each in np.percentile(worst, (50, 90, 100)))
        bench.note(label, case=case.name, median=median, of_nine_in_ten=most, worst=largest, lanes=len(worst))


def compile_beside(bench: Bench, lanes: list[Lanes]) -> threading.Thread:
    """Compile what is needed later while the first figures are measured."""

    def work() -> None:
        for case in lanes:
            try:
                cuda.compile_entry(case.model, "gradient", find_driver().architecture())
            except KernelError as error:
                bench.found["left_out"].append(f"gradient of {case.name}: {error.problems[0]}")

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def run_all(bench: Bench, lanes: list[Lanes]) -> None:
    """Everything, the most telling first."""
    every = os.cpu_count() or 1
    bench.try_to("first solve", partial(measure_cuda, bench, lanes[0], 10_000), 30)
    compiling = compile_beside(bench, lanes)
    for case in lanes:
        name = case.name
        for size in (100_000, 1_000_000):
            bench.try_to(f"{size} lanes of {name}", partial(measure_cuda, bench, case, size), size / 3e4)
        for cores in (2, every):
            run = partial(measure_kernel, bench, case, 1000 * cores, cores)
            bench.try_to(f"{name} on {cores} cores", run, 40)
        bench.try_to(f"difference of {name}", partial(compare, bench, case, solver, "states"), 10)
        bench.try_to(f"longest first, {name}", partial(measure_order, bench, case, 1 << 18), 20)
    compiling.join(max(0.0, bench.end - time.monotonic() - 60))
    for case, size in zip(reversed(lanes), (1 << 16, 1 << 14), strict=True):
        for engine, count in (("cuda", size), ("kernel", 4096)):
            run = partial(measure_gradient, bench, case, engine, count)
            bench.try_to(f"gradient of {case.name}, {engine}", run, 30)
    bench.try_to("difference of gradients", partial(compare, bench, lanes[0], gradient, "gradients"), 20)


def main() -> int:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--json", type=Path, required=True, help="where the figures go")
    parser.add_argument("--cases", type=Path, required=True, help="what benchmarks.gpu_cases wrote")
    parser.add_argument("--seconds", type=float, default=300.0, help="time for all of it")
    arguments = parser.parse_args()
    configure()
    try:
        how = cuda.cuda_ready()
    except KernelError as error:
        print(f"gpu: {error.problems[0]}", file=sys.stderr)
        return 2
    device = jax.devices()[0]
    head = {
        "device": device.device_kind, "engine": how, "jax": jax.__version__, "cores": os.cpu_count(),
        "python": sys.version.split()[0],
    }  # fmt: skip
    print(head, flush=True)
    run_all(Bench(arguments.json, arguments.seconds, head), read_pack(arguments.cases))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
