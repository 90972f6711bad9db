"""A copy of the project whose stages are quick stand-ins, and Snakemake asked again and again in one process."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.forks import forked

SNAKEMAKE = "import snakemake.cli; snakemake.cli.main()"
BIN = Path(sys.executable).parent

STAND_IN = '''
"""Writes what a stage writes, without computing it; shards and the ranking with their true provenance."""

import json
import sys
from pathlib import Path

WRITES = {
    "scenarios": ["scenarios/scenarios.parquet", "scenarios/routes.parquet"],
    "fit": ["fit/" + name for name in ("draws.parquet", "scales.parquet", "parameters.tsv", "starts.tsv",
                                       "summary.json", "fit.svg", "waterfall.svg")],
    "constrain": ["constrain/draws.parquet", "constrain/summary.json"],
    "validate": ["validation.csv", "validation.csv.provenance.json", "validation.svg"],
    "race": ["race.csv", "race.csv.provenance.json"],
    "rank": [f"{name}.csv{end}" for name in ("ranked", "curves", "combinations", "isoboles", "sets", "failures",
                                                 "endings")
             for end in ("", ".provenance.json")]
            + ["responses.parquet", "stopped/ranked.parquet", "stopped/combinations.parquet"],
    "report": ["report.html", "provenance.json", "figures/ranked.svg", "figures/heatmap.svg"],
}


def shard(index):
    import polars as pl

    rows = {"scenario": ["s"], "draw": [0], "readout": ["r"], "value": [float(index)], "status": ["ok"], "steps": [1]}
    path = results.shard(index)
    facts = shard_facts(settings, results, index) | {"engine": "kernel"}
    write_table(pl.DataFrame(rows, schema=RESPONSES.dtypes()), path, RESPONSES, facts)


command, *arguments = sys.argv[1:]
option = dict(zip(arguments[::2], arguments[1::2]))
with open("calls.jsonl", "a") as calls:
    calls.write(json.dumps([command, option]) + "\\n")
if command in ("simulate", "race", "rank"):
    from screen.cli.identity import shard_facts, shard_problems
    from screen.cli.options import Results
    from screen.cli.rounds import all_shards
    from screen.settings import load_settings
    from screen.tables import RESPONSES, digest_files, write_table

    results, settings = Results(Path("results")), load_settings(option["--config"])
if command == "simulate":
    shard(int(option["--shard"]))
elif command == "network":
    Path("results/network", option["--only"] + ".xml").write_text("network\\n")
elif command == "rank" and shard_problems(settings, results):
    sys.exit(2)
elif command == "race" and shard_problems(settings, results, first_round=True):
    sys.exit(2)
for name in WRITES.get(command, ()):
    Path("results", name).parent.mkdir(parents=True, exist_ok=True)
    Path("results", name).write_text(command + "\\n")
if command == "rank":
    shards = all_shards(settings, results)
    text = json.dumps({"inputs": {path.name: digest_files([path]) for path in shards}})
    Path("results", WRITES[command][1]).write_text(text)
'''

PLANNER = """
import json, os, sys
from pathlib import Path
from snakemake.api import SnakemakeApi
from snakemake.settings.types import ConfigSettings, OutputSettings, Quietness, ResourceSettings

answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
for line in sys.stdin:
    asked = json.loads(line)
    with SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api:
        workflow = api.workflow(
            resource_settings=ResourceSettings(cores=asked["cores"]),
            config_settings=ConfigSettings(configfiles=[Path("config/config.yaml")], config=asked["config"]),
            snakefile=Path("Snakefile"),
        )
        workflow.dag().execute_workflow(executor="dryrun")
        dag, rules = workflow._workflow.dag, workflow._workflow.rules
        found = {
            "planned": sorted(job.rule.name for job in dag._needrun if job.rule.name != "all"),
            "threads": {job.rule.name: job.threads for job in dag.jobs},
            "inputs": {rule.name: sorted(set(map(str, rule.input))) for rule in rules},
            "settings": {rule.name: dict(rule.params.items()).get("settings") for rule in rules},
            "outputs": sorted([str(file), job.rule.name] for job in dag.jobs for file in job.output),
            "params": {rule.name: sorted(rule.params.keys()) for rule in rules},
        }
    print(json.dumps(found), file=answers, flush=True)
"""


def copy_project(root: Path, folder: Path) -> Path:
    """What the workflow needs of the project, to change and run in."""
    for name in ("Snakefile", "workflow", "profiles", "config", "screen"):
        source = root / name
        if source.is_dir():
            shutil.copytree(source, folder / name)
        else:
            shutil.copy(source, folder / name)
    return folder


def snakemake(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `snakemake` in a folder on two cores."""
    return forked(SNAKEMAKE, folder, dict(os.environ), "--cores", "2", *arguments)


class Planner:
    """Answers what a dry run would do; Snakemake starts once. Code of `screen` is what it was at the start."""

    def __init__(self, process: "subprocess.Popen[str]"):
        self.process = process

    def __call__(self, config: Mapping[str, Any] | None = None, cores: int = 2) -> dict[str, Any]:
        """What PLANNER finds for settings laid over those of config/config.yaml."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps({"config": config or {}, "cores": cores}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, "the dry run failed"
        found: dict[str, Any] = json.loads(line)
        return found

    def planned(self, config: Mapping[str, Any] | None = None) -> list[str]:
        """Rules that would run, in alphabetical order, once a job."""
        found: list[str] = self(config)["planned"]
        return found


@contextmanager
def planner(folder: Path) -> Iterator[Planner]:
    """A planner of the workflow in a folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", PLANNER],
        cwd=folder,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield Planner(process)
    finally:
        process.kill()
        process.communicate()
