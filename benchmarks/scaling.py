"""Cost and memory of the kernel from a thousand to a million lanes, streamed in batches, on all cores.

    python benchmarks/scaling.py                   # about two minutes on two cores
    python benchmarks/scaling.py --lanes 1000 10000

Every batch is another set of parameters of the shipped network and goes through one compiled function, as in
a screen. `cores_used` is processor time over wall time and cores; other work on the machine lowers it.
"""

import argparse
import os
import resource
import sys
import time
from pathlib import Path
from typing import NamedTuple

if __name__ == "__main__":  # else `import petab` finds a file of this folder
    sys.path[0] = str(Path(__file__).resolve().parents[1])

import jax
import numpy as np

from benchmarks.cases import ROOT, Case, shipped_case
from benchmarks.rows import write_rows
from screen.kernel import Status, configure, solve

BATCH = 4096
RESULTS = ROOT / "benchmarks/results/scaling.csv"


class Row(NamedTuple):
    """One size: lanes a second, processor microseconds a lane, share of all cores used, peak memory."""

    lanes: int
    lanes_per_second: float
    microseconds_per_lane: float
    cores_used: float
    peak_memory_MB: float
    failed: int


def measure(case: Case, lanes: int, cores: int) -> Row:
    """Stream so many lanes; only the last output of a batch is looked at, then the batch is forgotten."""
    run = jax.jit(lambda *arrays: solve(case.model, *arrays, engine="kernel", threads=cores))
    width = min(BATCH, lanes)
    arrays = case.batch(width)
    jax.block_until_ready(run(*arrays))
    failed, wall, spent = 0, time.perf_counter(), time.process_time()
    for first in range(0, lanes, width):
        turned = (np.roll(arrays[0], first % 97, axis=0), *arrays[1:])
        found = jax.block_until_ready(run(*turned))
        failed += int(np.sum(np.asarray(found.status)[: lanes - first] != Status.OK))
    wall, spent = time.perf_counter() - wall, time.process_time() - spent
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    return Row(lanes, lanes / wall, 1e6 * spent / lanes, spent / wall / cores, peak, failed)


def main() -> None:
    """Measure, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--lanes", type=int, nargs="+", default=[1_000, 10_000, 100_000, 1_000_000])
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    configure()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    case, rows = shipped_case(BATCH), []
    for lanes in arguments.lanes:
        rows.append(measure(case, lanes, cores))
        print("  ".join(f"{name} {value:,.3g}" for name, value in rows[-1]._asdict().items()), flush=True)
    write_rows(arguments.out, rows)


if __name__ == "__main__":
    main()
