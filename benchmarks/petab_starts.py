"""How many random starts of `fit --petab` end where the published parameters are, or better.

    python benchmarks/petab_starts.py Benchmark-Models/Boehm_JProteomeRes2014/*.yaml
    python benchmarks/petab_starts.py --starts 20 --seed 2 --json - Benchmark-Models/Weber_BMC2015/*.yaml

Each problem is copied and the nominal values of what is estimated are taken out, so that no start knows them; then the
command fits it with shipped settings. Starts share parts of what they found, so that one that gets there helps others.

Per problem: `published`, the cost (minus the log of the posterior) at the nominal values; `costs`, where the starts
ended, less that; `reached`, how many of them end within 1 of it or lower; `cpu_seconds` of the whole command, its
compiler included. A file of results keeps what it says of other problems and seeds.
"""

import argparse
import csv
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

if __name__ == "__main__":  # else `import petab` finds a file of this folder
    sys.path[0] = str(Path(__file__).resolve().parents[1])

import petab.v1 as petab
import polars as pl

from benchmarks.results import read_problems, write_problems
from screen.calibration import load_problem
from screen.fit import make_objective
from screen.kernel import configure
from screen.simulate import Integration

ROOT = Path(__file__).resolve().parents[1]
RESULTS = Path(__file__).resolve().parent / "results" / "petab_starts.json"
NEAR = 1.0
"""Difference of costs within which an end is the published optimum."""


def measure(path: Path, starts: int, seed: int) -> dict[str, Any]:
    """What is found of one problem (version 1, in one folder)."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        copied = without_nominal_values(path, folder / path.resolve().parent.name)
        settings = folder / "settings.yaml"
        settings.write_text(
            f"seed: {seed}\npetab: {{starts: {starts}}}\nfit: {{draws: 1, draw_steps: 1}}\n", encoding="utf-8"
        )
        command = [sys.executable, "-m", "screen", "fit", "--petab", copied, "--config", settings]
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        subprocess.run([*command, "--results", folder / "results", "--threads", "1"], cwd=ROOT, check=True)
        spent = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
        ended = pl.read_csv(folder / "results" / "fit" / "starts.tsv", separator="\t")["cost"].to_list()
        published = published_cost(path, folder)
    costs = sorted(cost - published for cost in ended)
    return {
        "starts": starts,
        "published": published,
        "reached": sum(cost < NEAR for cost in costs),
        "costs": [round(cost, 3) for cost in costs],
        "cpu_seconds": round(spent, 1),
    }


def published_cost(path: Path, cache: Path) -> float:
    """The cost at the nominal values, by the objective that the command searches."""
    problem = load_problem(path, cache=cache)
    solver = Integration(engine="kernel", rtol=1e-8, atol=1e-12, threads=1)
    cost, *_ = make_objective(problem, solver, 1)(problem.estimated.nominal[None])
    return float(cost[0])


def without_nominal_values(path: Path, folder: Path) -> Path:
    """The copy of a problem in `folder`, its parameters' table without the values that were found by a search."""
    shutil.copytree(path.parent, folder)
    tables = petab.problem.yaml.load_yaml(path)["parameter_file"]
    for name in [tables] if isinstance(tables, str) else tables:
        with (folder / name).open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t"))
        for row in rows:
            row["nominalValue"] = "" if float(row["estimate"]) else row["nominalValue"]
        with (folder / name).open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), delimiter="\t")
            writer.writeheader()
            writer.writerows(rows)
    return folder / path.name


def main(argv: Sequence[str] | None = None) -> int:
    """Measure all problems and write what was found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("problems", nargs="+", type=Path, metavar="problem.yaml")
    parser.add_argument("--starts", type=int, default=20, metavar="N")
    parser.add_argument("--seed", type=int, default=1, metavar="N")
    parser.add_argument(
        "--json", default=RESULTS, help="where results go, beside those of others; - for standard output"
    )
    asked = parser.parse_args(argv)
    for option, value, least in (("--starts", asked.starts, 1), ("--seed", asked.seed, 0)):
        if value < least:
            parser.error(f"{option} must be at least {least}, found {value}")
    for path in asked.problems:
        if not path.is_file() or "parameter_file" not in petab.problem.yaml.load_yaml(path):
            parser.error(f"problem.yaml must be a file of a PEtab problem of version 1, found {path}")
    configure()
    file = None if str(asked.json) == "-" else Path(asked.json)
    found = read_problems(file)
    for path in asked.problems:
        name = path.resolve().parent.name
        found.setdefault(name, {})[f"seed {asked.seed}"] = measure(path, asked.starts, asked.seed)
        if file:  # what is there, should the next one fail
            write_problems(found, file)
    if not file:
        write_problems(found, None)
    return 0


if __name__ == "__main__":
    sys.exit(main())
