"""What the default screen costs, stage by stage, and what each stage takes for what it counts.

    python benchmarks/screen.py --json benchmarks/results/screen.json      # the whole screen: 25 minutes of two cores
    python benchmarks/screen.py --json other.json --configfile other.yaml  # of other settings

The screen runs as `make screen` runs it, with an empty cache, in build/screen. CPU-seconds are those of the shell of
each job, its children included (Snakemake samples them, half a minute apart); seconds, and memory, are as Snakemake
records them: longer where other work is on the machine (`load`: processes that were ready to run, before and after).
What is measured beside the stages is of one core, after a first call.

`costs` of a stage are CPU-seconds in any case (`fixed`), for each of what it counts (`screen/cli/work.py`), and the
share of them in which it uses one core alone. What it takes in any case is told from a second screen, of one cell,
which counts little; what a gradient, a step and a trajectory take is measured by itself.
"""

import argparse
import csv
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

if __name__ == "__main__":  # else `import petab` finds a file of this folder
    sys.path[0] = str(Path(__file__).resolve().parents[1])
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the stages have it

import numpy as np
from scipy.optimize import nnls

from benchmarks.cases import ROOT
from benchmarks.results import machine
from screen.calibration import cut_problem, load_problem
from screen.cli.integration import read_integration, screen_readouts
from screen.cli.options import Results
from screen.cli.plan import read_plan
from screen.cli.work import count_work
from screen.fit import make_evaluator, make_objective
from screen.kernel import available_cores, configure
from screen.rank import ENDINGS
from screen.settings import Settings, load_settings
from screen.simulate import Part, Runner, ScreenTables, distinct_cells, output_times, read_parts
from screen.tables import DRAWS, SCENARIOS, read_table

FOLDER = Path("build/screen")
SMALL = """
scenarios: {contexts: [hepatocyte_mouse], drugs: [ruxolitinib], doses_nM: [1000], pairs: []}
simulate: {shards: 1}
fit: {starts: 1, adam: 1, polish: 1, draws: 2, draw_steps: 1}
panel: {steps: 1}
"""
"""What takes hardly more than what a stage takes in any case."""

START = (
    "import screen.constrain, screen.simulate, screen.rank; from screen.kernel import configure; configure()"
)
TURNS = 5


class Job(NamedTuple):
    """One job of a screen: when it began and ended [s], its CPU and memory, kernels compiled and the time of that."""

    stage: str
    began: float
    ended: float
    cpu_seconds: float
    memory_MB: float
    kernels: int
    compiler_seconds: float


class Screen(NamedTuple):
    """A screen that ran: where, its seconds, processes ready to run before and after."""

    folder: Path
    seconds: float
    load: tuple[float, float]

    @property
    def settings(self) -> Settings:
        """Its settings."""
        return load_settings(self.folder / "settings.json")


def run_screen(folder: Path, arguments: Sequence[str]) -> Screen:
    """A screen into a folder, with an empty cache; one that is there already is made anew."""
    shutil.rmtree(folder, ignore_errors=True)
    times = folder / "times"
    times.mkdir(parents=True)
    hook = folder / "times.sh"
    hook.write_text(
        f"trap '{{ echo \"$BASH_EXECUTION_STRING\"; times; }} > {times.resolve()}/$$' EXIT\n",
        encoding="utf-8",
    )
    own = {"SCREEN_CACHE": str((folder / "cache").resolve()), "BASH_ENV": str(hook.resolve())}
    command = [str(Path(sys.executable).parent / "snakemake"), "--cores", str(available_cores()), *arguments]
    before, began = os.getloadavg()[0], time.time()
    subprocess.run([*command, "--config", f"results={folder}"], check=True, cwd=ROOT, env=os.environ | own)
    return Screen(folder, time.time() - began, (before, os.getloadavg()[0]))


def read_jobs(folder: Path) -> list[Job]:
    """The jobs of a screen, as they ended."""
    spent = {}
    for path in (folder / "times").iterdir():
        *said, own, children = path.read_text(encoding="utf-8").splitlines()
        if log := re.search(r"/logs/([\w-]+)\.log", " ".join(said)):
            parts = re.findall(r"(\d+)m([\d.]+)s", own + children)
            spent[log[1]] = sum(60 * float(minutes) + float(seconds) for minutes, seconds in parts)
    jobs = []
    for table in (folder / "benchmarks").glob("*.tsv"):
        (row,) = csv.DictReader(table.read_text(encoding="utf-8").splitlines(), delimiter="\t")
        compiled = re.findall(
            r"kernel: compiled .* in ([\d.]+) s", (folder / f"logs/{table.stem}.log").read_text()
        )
        ended = table.stat().st_mtime
        jobs.append(
            Job(
                table.stem.partition("-")[0], ended - float(row["s"]), ended, spent[table.stem],
                float(row["max_rss"]) * 2**20 / 1e6, len(compiled), sum(map(float, compiled)),
            )
        )  # fmt: skip
    return sorted(jobs, key=lambda job: job.ended)


def stages_of(screen: Screen) -> dict[str, dict[str, float]]:
    """What each stage cost: seconds from its first job's beginning to its last one's end, the rest summed up."""
    rows, jobs = {}, read_jobs(screen.folder)
    for stage in dict.fromkeys(job.stage for job in jobs):
        own = [job for job in jobs if job.stage == stage]
        rows[stage] = {
            "jobs": len(own),
            "seconds": max(job.ended for job in own) - min(job.began for job in own),
            "cpu_seconds": sum(job.cpu_seconds for job in own),
            "memory_MB": max(job.memory_MB for job in own),
            "kernels_compiled": sum(job.kernels for job in own),
            "compiler_seconds": sum(job.compiler_seconds for job in own),
        }
    return rows


def start_up() -> float:
    """CPU-seconds until a process has loaded what the stages need: the least of several."""
    spent = []
    for _ in range(TURNS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", START], check=True, cwd=ROOT)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(spent)


def least_cpu(call: Callable[[], Any], turns: int = TURNS) -> float:
    """CPU-seconds of a call: the least of several, after one that compiles."""
    call()
    spent = []
    for _ in range(turns):
        before = time.process_time()
        call()
        spent.append(time.process_time() - before)
    return min(spent)


def calibration(settings: Settings, results: Results) -> dict[str, float]:
    """Of one vector: all lanes forward, with the gradient of the cost, with the Jacobian; a step of a descent: the
    Jacobian, what it makes of the cost, and a look at where it leads. One thread."""
    problem = cut_problem(load_problem(settings.fit.problem, results.network), results.network)
    solver = read_integration(settings, "kernel", 1)
    evaluator, scaled = make_evaluator(problem, solver, 1), problem.estimated.nominal[None]
    objective = make_objective(problem, solver, 1)
    forward = least_cpu(lambda: evaluator.predict(scaled))
    gradient = least_cpu(lambda: np.asarray(objective(scaled).gradient))
    jacobian = least_cpu(lambda: evaluator.sensitivity(scaled))
    step = least_cpu(lambda: (evaluator.linearise(scaled), evaluator.cost(scaled)))
    return {
        "lanes": problem.lanes,
        "measurements": len(problem.measurements.frame),
        "estimated": len(problem.estimated.names),
        "forward_cpu_seconds": forward,
        "gradient_cpu_seconds": gradient,
        "jacobian_cpu_seconds": jacobian,
        "step_cpu_seconds": step,
        "jacobian_per_forward": jacobian / forward,
    }


def lanes(settings: Settings, parts: Sequence[Part]) -> dict[str, float]:
    """CPU of the lanes of some parts, from parameters to read-outs: a batch of each, one thread."""
    found = np.array([one_batch(settings, part) for part in parts])
    weight = np.array([part.lanes for part in parts]) / sum(part.lanes for part in parts)
    seconds, steps = weight @ found
    return {
        "networks": len(parts),
        "states": float(weight @ [len(part.model.species) for part in parts]),
        "cpu_us_per_lane": 1e6 * seconds,
        "trajectories_per_s_and_core": 1 / seconds,
        "steps_per_lane": steps,
    }


def one_batch(settings: Settings, part: Part) -> tuple[float, float]:
    """CPU-seconds and steps of a lane."""
    readouts = screen_readouts(settings)
    minutes, names = output_times(readouts), list(dict.fromkeys(each.observable for each in readouts))
    how = replace(read_integration(settings, "kernel", 1), rtol=settings.simulate.screen_rtol)
    runner = Runner(part.model, how, part.design, names)
    lane = np.linspace(0, part.lanes - 1, min(how.width, part.lanes)).astype(int)
    arm, draw = part.arm_and_draw(lane)
    row, under, cell = distinct_cells(part.design.rest[arm], draw)
    resting = runner.rest(part.draws, row, under).of(cell)
    times = np.broadcast_to(minutes, (len(lane), len(minutes)))
    steps = runner(part.draws, arm, draw, times, resting).steps.mean()
    return least_cpu(lambda: runner(part.draws, arm, draw, times, resting), 1) / len(lane), float(steps)


def counted(screen: Screen) -> dict[str, dict[str, int]]:
    """What its stages count."""
    return count_work(screen.settings, read_plan(screen.settings))


def costs(
    large: Screen, small: Screen, known: Mapping[str, Mapping[str, float]]
) -> dict[str, dict[str, Any]]:
    """The costs of each stage, from what it took in two screens; `known` is what some of its counts cost [s of CPU]."""
    counts, stages = ([read(one) for one in (large, small)] for read in (counted, stages_of))
    rows, cores = dict[str, dict[str, Any]](), available_cores()
    for stage, own in counts[0].items():
        first, each = stages[0][stage], dict(known.get(stage, {}))
        if stage not in counts[1]:  # nothing can stop in a small screen: all of it is for what it counts
            each = {name: first["cpu_seconds"] / value for name, value in own.items()}
            rows[stage] = {"fixed": 0.0, "each": each, "one_core": 1.0}
            continue
        rest = [
            took[stage]["cpu_seconds"]
            - sum(count[stage].get(name, 0) * value for name, value in each.items())
            for took, count in zip(stages, counts, strict=True)
        ]
        asked = [name for name in own if name not in each]
        columns = [[count[stage][name] for count in counts] for name in asked]
        if len(asked) < 2:
            columns.append([1, 1])
        # nothing costs less than nothing
        found = nnls(np.transpose(columns), rest)[0] if len(columns) == 2 else [max(rest[0], 0.0)]
        alone = (first["seconds"] * cores / first["cpu_seconds"] - 1) / max(cores - 1, 1)
        rows[stage] = {
            "fixed": float(found[-1]) if len(asked) < 2 else 0.0,
            "each": each | {name: float(value) for name, value in zip(asked, found, strict=False)},
            "one_core": 0.0 if first["jobs"] >= cores else float(np.clip(alone, 0, 1)),
        }
    return rows


def main() -> None:
    """Run both screens, measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--json", type=Path, required=True, metavar="FILE")
    parser.add_argument(
        "--configfile", type=Path, metavar="FILE", help="settings (default: those of the project)"
    )
    arguments = parser.parse_args()
    configure()
    os.chdir(ROOT)
    FOLDER.mkdir(parents=True, exist_ok=True)
    named = [] if arguments.configfile is None else ["--configfile", str(arguments.configfile)]
    (FOLDER / "small.yaml").write_text(SMALL, encoding="utf-8")
    small = run_screen(FOLDER / "small", ["--configfile", str(FOLDER / "small.yaml")])
    large = run_screen(FOLDER / "large", named)
    print(json.dumps(found := measure(large, small), indent=1))
    arguments.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def measure(large: Screen, small: Screen) -> dict[str, Any]:
    """Everything that is told of two screens that ran."""
    settings, results = large.settings, Results(large.folder)
    stages, start = stages_of(large), start_up()
    total = sum(stage["cpu_seconds"] for stage in stages.values())
    readouts, plan = screen_readouts(settings), read_plan(settings)
    tables = ScreenTables(
        read_table(results.scenarios, SCENARIOS),
        plan.contexts,
        plan.drugs,
        read_table(results.draws, DRAWS),
        settings.seed,
    )
    of_calibration = calibration(settings, results)
    by_network = {
        name: lanes(settings, read_parts(tables, results.network_named, readouts, sliced))
        for name, sliced in (("slices", True), ("whole", False))
    }
    fitted = {
        "gradients": of_calibration["gradient_cpu_seconds"],
        "steps": of_calibration["step_cpu_seconds"],
    }
    simulated = {
        "trajectories": by_network["slices"]["cpu_us_per_lane"] / 1e6,
        "whole_trajectories": by_network["whole"]["cpu_us_per_lane"] / 1e6,
    }
    return {
        "machine": machine() | {"cores": available_cores(), "load": large.load},
        "seconds": large.seconds,
        "cpu_seconds": total,
        "start_up_share": sum(stage["jobs"] for stage in stages.values()) * start / total,
        "compiler_share": sum(stage["compiler_seconds"] for stage in stages.values()) / total,
        "trajectories": int(read_table(results.endings, ENDINGS)["trajectories"].sum()),
        "stages": stages,
        "calibration": of_calibration,
        "lanes": by_network,
        "counts": counted(large),
        "costs": costs(large, small, {"fit": fitted, "simulate": simulated}),
    }


if __name__ == "__main__":
    main()
