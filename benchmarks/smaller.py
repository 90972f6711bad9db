"""How much faster the network is without some of its modules: size, operations of a step, lanes a second.

    python benchmarks/smaller.py                     # about a minute
    python benchmarks/smaller.py --without m07,m11 m12,m14

One core; the networks take turns and the best of the turns counts, so that other work on the machine
weighs on all alike. `relative_*` is against the whole network.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

if __name__ == "__main__":  # else `import petab` finds a file of this folder
    sys.path[0] = str(Path(__file__).resolve().parents[1])

import jax

from benchmarks.cases import ROOT, Case, shipped_case
from benchmarks.rows import write_rows
from screen.kernel import configure, solve
from screen.kernel.symbolic.analysis import System
from screen.kernel.tableau import STAGES
from screen.network import network_name, read_sbml

LANES, TURNS = 4096, 5
RESULTS = ROOT / "benchmarks/results/smaller.csv"
SETS = ("m12,m14", "m07,m11,m12,m14,m15", "m06,m07,m08,m11,m12,m14,m15")


class Row(NamedTuple):
    """One network."""

    network: str
    states: int
    reactions: int
    step_operations: int
    lanes_per_second: float
    relative_operations: float
    relative_speed: float


def step_operations(system: System) -> int:
    """Operations of one solver step: the slopes, one factorisation, and for each stage a derivative and a solve."""
    factor, triangular = system.reduction.elimination.operations
    return len(system.linearisation.code) + factor + STAGES * (len(system.derivative.code) + triangular)


def measure(cases: Sequence[Case]) -> list[float]:
    """Lanes a second of each case, on one thread."""
    runs = [
        jax.jit(lambda *arrays, model=case.model: solve(model, *arrays, engine="kernel", threads=1))
        for case in cases
    ]
    batches = [case.batch(LANES) for case in cases]
    best = [float("inf")] * len(cases)
    for turn in range(TURNS + 1):
        for index, (run, arrays) in enumerate(zip(runs, batches, strict=True)):
            started = time.perf_counter()
            jax.block_until_ready(run(*arrays))
            if turn:
                best[index] = min(best[index], time.perf_counter() - started)
    return [LANES / seconds for seconds in best]


def main() -> None:
    """Measure, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--without", nargs="+", default=SETS, metavar="MODULES")
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    configure()
    left_out = [(), *(tuple(names.split(",")) for names in arguments.without)]
    cases = [shipped_case(LANES, names) for names in left_out]
    speeds = measure(cases)
    operations = [step_operations(case.model.system) for case in cases]
    rows = [
        Row(
            network_name(names), len(case.model.species), len(read_sbml(case.sbml).reactions), count, speed,
            count / operations[0], speed / speeds[0],
        )
        for names, case, count, speed in zip(left_out, cases, operations, speeds, strict=True)
    ]  # fmt: skip
    for row in rows:
        print("  ".join(f"{name} {value}" for name, value in row._asdict().items()), flush=True)
    write_rows(arguments.out, rows)


if __name__ == "__main__":
    main()
