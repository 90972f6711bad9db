"""What a screen costs by its size, stage by stage, from ten thousand trajectories to a million; what follows for more.

    python -m benchmarks.scale --json benchmarks/results/scale.json     # 16 minutes of processor

The scenarios are the single drugs of the default screen, under ever more of the shipped draws; stages run as commands,
each a process of its own and one shard. CPU-seconds are of the process and what it starts (compilers); the smallest
size runs twice, and what is told of it is the second time, when every kernel is there.

CPU, memory and disk of a stage are taken as `fixed + each * trajectories`, through the two largest sizes. How far
from a line a stage is, `off_line` says: the largest size beside what the two before it foretell. What a larger
screen takes follows from that: shards of as many trajectories as `MEMORY_MB` holds, but no more than were measured;
`fixed` counts once a shard.
"""

import argparse
import json
import math
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

if __name__ == "__main__":  # else `import petab` finds a file of this folder
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from benchmarks.cases import ROOT
from benchmarks.results import machine
from screen.cli.options import Results
from screen.kernel import available_cores
from screen.tables import SCENARIOS, read_table

FOLDER = Path("build/scale")
STAGES = ("network", "scenarios", "constrain", "simulate", "rank")
GROWING = ("simulate", "rank")
"""Stages whose cost is that of the trajectories."""
MEMORY_MB = 4000.0
LARGER = tuple(10**power for power in range(4, 11))


class Cost(NamedTuple):
    """What one stage took: CPU-seconds, seconds, peak memory of its largest process."""

    cpu_seconds: float
    seconds: float
    memory_MB: float


class Size(NamedTuple):
    """A screen of some size: what each stage took, and the disk of its responses."""

    trajectories: int
    stages: Mapping[str, Cost]
    disk_MB: float


class Line(NamedTuple):
    """`fixed + each * trajectories`."""

    fixed: float
    each: float

    def at(self, trajectories: float) -> float:
        """The value for so many trajectories."""
        return self.fixed + self.each * trajectories


def line(first: tuple[float, float], second: tuple[float, float]) -> Line:
    """The line through two points."""
    each = (second[1] - first[1]) / (second[0] - first[0])
    return Line(first[1] - each * first[0], each)


def run_stage(stage: str, config: Path) -> Cost:
    """A stage as its command runs it."""
    further = ["--shard", "0"] if stage == "simulate" else []
    began = time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, "-m", "screen", stage, "--config", str(config), *further], cwd=ROOT
    )
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{stage} must complete, found exit code {child.returncode}")
    return Cost(used.ru_utime + used.ru_stime, time.perf_counter() - began, used.ru_maxrss * 1024 / 1e6)


def run_size(draws: int) -> Size:
    """The single drugs of the default screen under so many draws."""
    folder = FOLDER / str(draws)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    config = folder / "settings.json"
    settings = {
        "results": str(folder), "simulate": {"shards": 1}, "scenarios": {"pairs": []},
        "fit": {"draws_from": "shipped", "draws": draws},
    }  # fmt: skip
    config.write_text(json.dumps(settings), encoding="utf-8")
    stages = {stage: run_stage(stage, config) for stage in STAGES}
    scenarios = read_table(Results(folder).scenarios, SCENARIOS).height
    disk = sum(path.stat().st_size for path in (folder / "simulate").glob("*.parquet")) / 1e6
    return Size(scenarios * draws, stages, disk)


def lines_of(sizes: Sequence[Size], stage: str, quantity: str) -> dict[str, float]:
    """How a stage's CPU or memory grows, and how far the largest size is from what the two before it foretell."""
    points = [(float(size.trajectories), float(getattr(size.stages[stage], quantity))) for size in sizes]
    found, before = line(*points[-2:]), line(*points[-3:-1])
    off = points[-1][1] / before.at(points[-1][0]) - 1
    return {"fixed": found.fixed, "each": found.each, "off_line": off}


def larger(
    trajectories: int, costs: Mapping[str, Mapping[str, Mapping[str, float]]], largest: Size
) -> dict[str, Any]:
    """What a screen of so many trajectories takes, with the arithmetic; no shard is larger than the `largest`."""
    cpu, memory = (
        {stage: Line(costs[stage][quantity]["fixed"], costs[stage][quantity]["each"]) for stage in GROWING}
        for quantity in ("cpu_seconds", "memory_MB")
    )
    growth = memory["simulate"].each
    fits = (MEMORY_MB - memory["simulate"].fixed) / growth if growth > 0 else math.inf
    shards = math.ceil(trajectories / min(fits, largest.trajectories))
    simulate = shards * cpu["simulate"].fixed + cpu["simulate"].each * trajectories
    rank = cpu["rank"].at(trajectories)
    return {
        "trajectories": trajectories,
        "shards": shards,
        "simulate_cpu_hours": simulate / 3600,
        "simulate_arithmetic": f"({shards} x {cpu['simulate'].fixed:.1f} s + {trajectories:.0e} x "
        f"{1e6 * cpu['simulate'].each:.0f} us) / 3600",
        "start_up_share": shards * cpu["simulate"].fixed / simulate,
        "rank_cpu_hours": rank / 3600,
        "rank_arithmetic": f"({cpu['rank'].fixed:.1f} s + {trajectories:.0e} x {1e6 * cpu['rank'].each:.1f} us) / 3600",
        "rank_memory_GB": memory["rank"].at(trajectories) / 1e3,
        "disk_GB": largest.disk_MB / largest.trajectories * trajectories / 1e3,
    }


def main() -> None:
    """Run every size, write what was measured and what follows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--json", type=Path, required=True, metavar="FILE")
    parser.add_argument(
        "--draws",
        type=int,
        nargs="+",
        default=[1, 6, 24, 64],
        help="rising, three or more (default: %(default)s)",
    )
    arguments = parser.parse_args()
    os.chdir(ROOT)
    first, *draws = arguments.draws
    load = os.getloadavg()[0]
    cold, *sizes = [run_size(count) for count in (first, first, *draws)]
    costs = {
        stage: {quantity: lines_of(sizes, stage, quantity) for quantity in ("cpu_seconds", "memory_MB")}
        for stage in GROWING
    }
    found = {
        "machine": machine() | {"cores": available_cores(), "load_before": load},
        "compilers_cpu_seconds": cold.stages["simulate"].cpu_seconds
        - sizes[0].stages["simulate"].cpu_seconds,
        "measured": [
            size._asdict() | {"stages": {name: cost._asdict() for name, cost in size.stages.items()}}
            for size in sizes
        ],
        "costs": costs,
        "extrapolated": [larger(count, costs, sizes[-1]) for count in LARGER],
    }
    print(text := json.dumps(found, indent=1))
    arguments.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
