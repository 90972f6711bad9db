"""Lanes a second of engine cuda on a GPU, beside the C kernel on all cores of the same machine.

    python -m benchmarks.gpu_cases cases.npz
    python benchmarks/gpu.py --cases cases.npz --json benchmarks/results/gpu.json      # seven minutes

The second runs on a bare machine too, one that has JAX with CUDA but not what reads networks. Lanes are cells of every
context with parameters of their own, from rest through 4 hours of their stimulus, three output times; beside them the
slice of one context. A figure is printed and the file written as soon as it is measured, the most telling first, so a
run that is cut off has said something. What would pass `--seconds` is left out and named.
"""

import argparse
import json
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
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

BATCH = 1 << 17
"""Most lanes in one call: more go through in several, as in a screen."""
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


def timed(run: Callable[..., Any], *arrays: Any, turns: int = 2) -> tuple[float, Any]:
    """Least seconds of some turns after a first, and what came out."""
    found, best = jax.block_until_ready(run(*arrays)), float("inf")
    for _ in range(turns):
        start = time.perf_counter()
        found = jax.block_until_ready(run(*arrays))
        best = min(best, time.perf_counter() - start)
    return best, found


def solver(case: Lanes, engine: str) -> Callable[..., Any]:
    """A compiled solve."""
    return jax.jit(lambda *arrays: solve(case.model, *arrays, engine=engine))


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
    """So many lanes on the GPU, in batches."""
    width = min(lanes, BATCH)
    run, arrays = solver(case, "cuda"), case.batch(width)
    turns = -(-lanes // width)

    def stream() -> Any:
        return [run(*arrays) for _ in range(turns)][-1]

    jax.block_until_ready(run(*arrays))
    start = time.perf_counter()
    found = jax.block_until_ready(stream())
    seconds = time.perf_counter() - start
    failed = int(jnp.sum(found.status != Status.OK))
    steps = turns * (found.accepted + found.rejected)
    bench.note(
        "solve",
        case=case.name,
        engine="cuda",
        lanes=turns * width,
        failed=failed,
        **speed(seconds, turns * width, steps),
    )


def measure_order(bench: Bench, case: Lanes, lanes: int) -> None:
    """What lanes in order of their steps, the longest first, gain."""
    arrays = case.batch(lanes)
    run = solver(case, "cuda")
    seconds, found = timed(run, *arrays)
    order = jnp.argsort(-(found.accepted + found.rejected))
    best, _ = timed(run, *(each[order] for each in arrays))
    bench.note("longest first", case=case.name, engine="cuda", lanes=lanes, seconds=best, gain=seconds / best)


def measure_warps(bench: Bench, case: Lanes, lanes: int, warps: int) -> None:
    """Fewer threads at a time share the caches among fewer."""
    usual, cuda.RESIDENT = cuda.RESIDENT, warps
    try:
        seconds, _ = timed(solver(case, "cuda"), *case.batch(lanes), turns=1)
    finally:
        cuda.RESIDENT = usual
    bench.note(
        "warps",
        case=case.name,
        engine="cuda",
        warps_per_processor=warps,
        lanes=lanes,
        **speed(seconds, lanes),
    )


def measure_kernel(bench: Bench, case: Lanes, lanes: int) -> None:
    """The C kernel on all cores."""
    with jax.default_device(jax.devices("cpu")[0]):
        seconds, found = timed(solver(case, "kernel"), *case.batch(lanes))
        steps = found.accepted + found.rejected
        bench.note(
            "solve",
            case=case.name,
            engine="kernel",
            cores=os.cpu_count(),
            lanes=lanes,
            **speed(seconds, lanes, steps),
        )


def measure_gradient(bench: Bench, case: Lanes, lanes: int) -> None:
    """Gradients on the GPU."""
    seconds, _ = timed(gradient(case, "cuda"), *case.batch(lanes), turns=1)
    bench.note("gradient", case=case.name, engine="cuda", **speed(seconds, lanes), lanes=lanes)


def compare(bench: Bench, case: Lanes, what: Callable[[Lanes, str], Callable[..., Any]], name: str) -> None:
    """Worst difference to the processor, in units of the largest value of a lane."""
    on_gpu = what(case, "cuda")(*case.batch(COMPARED))
    with jax.default_device(jax.devices("cpu")[0]):
        on_cpu = what(case, "kernel")(*case.batch(COMPARED))
    found, known = (
        np.asarray(getattr(each, "states", each)).reshape(COMPARED, -1) for each in (on_gpu, on_cpu)
    )
    good = np.isfinite(known).all(axis=1)
    scale = np.maximum(np.abs(known[good]).max(axis=1), 1e-300)
    worst = np.max(np.abs(found[good] - known[good]).max(axis=1) / scale)
    bench.note(f"difference of {name}", case=case.name, worst=float(worst), lanes=int(good.sum()))


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
    shipped, part = lanes
    bench.try_to("first solve", lambda: measure_cuda(bench, shipped, 10_000), 30)
    compiling = compile_beside(bench, lanes)
    bench.try_to("100 000 lanes", lambda: measure_cuda(bench, shipped, 100_000), 20)
    for warps in (1, 2, 4, 8):
        bench.try_to(f"{warps} warps", lambda warps=warps: measure_warps(bench, shipped, 1 << 16, warps), 10)
    bench.try_to("C kernel", lambda: measure_kernel(bench, shipped, 10_000), 60)
    bench.try_to("difference", lambda: compare(bench, shipped, solver, "states"), 10)
    bench.try_to("slice", lambda: measure_cuda(bench, part, 100_000), 20)
    bench.try_to("slice on C kernel", lambda: measure_kernel(bench, part, 10_000), 30)
    bench.try_to("longest first", lambda: measure_order(bench, shipped, 1 << 16), 15)
    bench.try_to("million lanes", lambda: measure_cuda(bench, shipped, 1_000_000), 30)
    bench.try_to("million lanes of the slice", lambda: measure_cuda(bench, part, 1_000_000), 20)
    compiling.join(max(0.0, bench.end - time.monotonic() - 60))
    bench.try_to("gradient", lambda: measure_gradient(bench, shipped, 10_000), 40)
    bench.try_to("gradient of the slice", lambda: measure_gradient(bench, part, 10_000), 20)
    bench.try_to("difference of gradients", lambda: compare(bench, shipped, gradient, "gradients"), 20)


def main() -> int:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--json", type=Path, required=True, help="where the figures go")
    parser.add_argument("--cases", type=Path, required=True, help="what benchmarks.gpu_cases wrote")
    parser.add_argument("--seconds", type=float, default=420.0, help="time for all of it")
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
