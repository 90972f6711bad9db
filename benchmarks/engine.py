"""Work against precision of every engine and peer, each on one core: a table, a figure and a summary.

    python benchmarks/engine.py                          # the shipped network and Bachmann 2011
    python benchmarks/engine.py --models shipped --json out.json --seconds 2
    python benchmarks/engine.py --sbml FILE              # any SBML file instead

Throughput is compared where the largest relative error of the outputs is near 1e-5, read off the measured
curve of each contender. The error is taken against libRoadRunner at a relative tolerance of 1e-11, where a
species is at least a thousandth of its own largest value.
"""

import os

CORE = max(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
if CORE is not None:
    os.sched_setaffinity(0, {CORE})
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --xla_cpu_multi_thread_eigen=false"

import argparse  # noqa: E402
import json  # noqa: E402
import subprocess  # noqa: E402
import sys  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any, NamedTuple  # noqa: E402

if __name__ == "__main__":  # else `import petab` finds a file of this folder
    sys.path[0] = str(Path(__file__).resolve().parents[1])

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402

from benchmarks.cases import ROOT, Case, file_case, shipped_case  # noqa: E402
from benchmarks.contenders import ABSOLUTE, CONTENDERS, LANES, roadrunner_contender  # noqa: E402
from benchmarks.results import machine, write_figure, write_table  # noqa: E402
from benchmarks.yardstick import kernel_operations, microseconds_per_step, operations  # noqa: E402
from screen.kernel import configure, solve  # noqa: E402

TOLERANCES = (1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8)
EQUAL_ERROR = 1e-5
DEFAULT_TOLERANCE = 1e-6
COMPARED = LANES["libroadrunner"]
DATA = Path(os.environ.get("SCREEN_DATA", ROOT.parent / "shared" / "data"))
BACHMANN = DATA / "petab/Bachmann_MSB2011/model_Bachmann_MSB2011.xml"
GRADIENT_LANES = 64


class Point(NamedTuple):
    """One measurement: a contender at a tolerance."""

    model: str
    contender: str
    rtol: float
    error: float
    trajectories_per_second: float
    steps: float


def measure(case: Case, names: list[str], seconds: float) -> list[Point]:
    """All points of a case; a contender that fails at a tolerance has no point there."""
    reference = roadrunner_contender(case)(1e-11).states
    floor = 1e-3 * np.abs(reference).max(axis=1, keepdims=True) + 1e-12
    points = []
    for name in names:
        run = CONTENDERS[name](case)
        for rtol in TOLERANCES:
            best = run(rtol)
            spent = best.seconds
            while spent < seconds:
                again = run(rtol)
                spent += again.seconds
                best = min(best, again, key=lambda r: r.seconds)
            found = best.states[:COMPARED]
            error = float(np.max(np.abs(found - reference) / np.maximum(np.abs(reference), floor)))
            points.append(Point(case.name, name, rtol, error, len(best.states) / best.seconds, best.steps))
            print(
                f"  {name:21} rtol {rtol:.0e}  error {error:8.1e}  {points[-1].trajectories_per_second:10.1f}/s",
                flush=True,
            )
    return [point for point in points if np.isfinite(point.error)]


def at_equal_error(points: list[Point]) -> float | None:
    """Trajectories per second at EQUAL_ERROR, on the curve of the best; its nearest end outside of it.

    None for a contender that never comes within ten times that error.
    """
    if not points or min(point.error for point in points) > 10 * EQUAL_ERROR:
        return None
    efficient = [p for p in points if not any(
        q.error <= p.error and q.trajectories_per_second > p.trajectories_per_second for q in points)]  # fmt: skip
    efficient.sort(key=lambda point: point.error)
    logs = np.log([[point.error, point.trajectories_per_second] for point in efficient])
    return float(np.exp(np.interp(np.log(EQUAL_ERROR), logs[:, 0], logs[:, 1])))


def gradient_over_forward(case: Case, seconds: float) -> float:
    """Time of the gradient of a sum of squares over the outputs, in forward solves."""
    parameters, state, switches, times = map(jnp.asarray, case.batch(GRADIENT_LANES))
    options: dict[str, Any] = {
        "engine": "kernel",
        "rtol": DEFAULT_TOLERANCE,
        "atol": ABSOLUTE * DEFAULT_TOLERANCE,
        "threads": 1,
    }

    def squares(parameters: jax.Array, state: jax.Array) -> jax.Array:
        return jnp.sum(solve(case.model, parameters, state, switches, times, **options).states ** 2)

    return best_seconds(
        jax.jit(jax.grad(squares, argnums=(0, 1))), (parameters, state), seconds
    ) / best_seconds(jax.jit(squares), (parameters, state), seconds)


def best_seconds(function: Any, arguments: tuple, seconds: float) -> float:
    """The best of several calls after the first, in processor time."""
    jax.block_until_ready(function(*arguments))
    best, until = float("inf"), time.process_time() + seconds
    while time.process_time() < until or best == float("inf"):
        start = time.process_time()
        jax.block_until_ready(function(*arguments))
        best = min(best, time.process_time() - start)
    return best


FIRST = """
import sys, numpy as np
from screen.kernel import configure, load_model, solve
configure()
model = load_model(sys.stdin.read())
state = np.asarray(model.initial(model.values))[None]
print(solve(model, model.values[None, None], state, np.zeros((1, 1)), np.ones((1, 1))).states.sum())
"""


def first_calls(case: Case) -> tuple[float, float]:
    """Seconds to the first result with an empty cache, then of a later process; start of Python included."""
    with tempfile.TemporaryDirectory() as folder:
        took = []
        for _ in range(2):
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", FIRST], input=case.sbml, text=True, check=True, cwd=ROOT,
                           env={**os.environ, "SCREEN_CACHE": folder}, capture_output=True)  # fmt: skip
            took.append(time.perf_counter() - start)
    return took[0], took[1]


def over_yardstick(case: Case, points: list[Point]) -> float:
    """Time per step and operation of the kernel over that of the bare step."""
    kernel = next(p for p in points if p.contender == "kernel" and p.rtol == DEFAULT_TOLERANCE)
    step = 1e6 / (kernel.trajectories_per_second * kernel.steps)
    system = case.model.system
    bare = operations((system.linearisation, system.derivative), system.elimination, len(system.species))
    return (step / kernel_operations(system)) / (microseconds_per_step(case) / bare)


def summary(case: Case, points: list[Point], seconds: float) -> dict[str, float | None]:
    """One entry of the JSON file: trajectories per second and core at equal error, and the ratios."""

    def of(*names: str) -> float | None:
        speeds = [at_equal_error([p for p in points if p.contender == name]) for name in names]
        return max((speed for speed in speeds if speed is not None), default=None)

    first, later = first_calls(case)
    at_default = [p.error for p in points if p.contender == "kernel" and p.rtol == DEFAULT_TOLERANCE]
    return {
        "kernel": of("kernel"),
        "jax": of("jax"),
        "libroadrunner": of("libroadrunner"),
        "diffrax": of("diffrax", "diffrax_interpolated"),
        "amici": of("amici"),
        "gradient_over_forward": gradient_over_forward(case, seconds),
        "us_per_step_over_yardstick": over_yardstick(case, points),
        "max_relative_error": max(at_default, default=None),
        "first_call_s": first,
        "later_process_s": later,
    }


def arguments() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--models", nargs="+", default=["shipped", "bachmann"], choices=["shipped", "bachmann"]
    )
    parser.add_argument("--sbml", type=Path, help="measure this file instead")
    parser.add_argument("--engines", nargs="+", default=list(CONTENDERS), choices=list(CONTENDERS))
    parser.add_argument("--seconds", type=float, default=1.0, help="least time of one measurement")
    parser.add_argument("--json", type=Path, help="write the summary here")
    parser.add_argument(
        "--out", type=Path, default=ROOT / "benchmarks/results", help="folder of table and figure"
    )
    return parser.parse_args()


def main() -> None:
    """Measure what was asked for and write it."""
    asked = arguments()
    if "kernel" not in asked.engines:
        asked.engines.insert(0, "kernel")
    configure()
    lanes = max(LANES.values())
    makers = {
        "shipped": lambda: shipped_case(lanes),
        "bachmann": lambda: file_case("bachmann", BACHMANN, lanes),
    }
    cases = (
        [file_case(asked.sbml.stem, asked.sbml, lanes)]
        if asked.sbml
        else [makers[name]() for name in asked.models]
    )
    points: list[Point] = []
    found: dict[str, Any] = {}
    for case in cases:
        print(
            f"{case.name}: {len(case.model.species)} species, {len(case.model.parameters)} parameters",
            flush=True,
        )
        these = measure(case, asked.engines, asked.seconds)
        points += these
        found[case.name] = summary(case, these, asked.seconds)
        print(json.dumps(found[case.name], indent=2), flush=True)
    write_table(asked.out / "engines.csv", points)
    write_figure(asked.out / "engines.png", points, EQUAL_ERROR)
    report = json.dumps({**found, "machine": machine()}, indent=2) + "\n"
    for path in (asked.out / "engines.json", asked.json):
        if path is not None:
            path.write_text(report, encoding="utf-8")


if __name__ == "__main__":
    main()
