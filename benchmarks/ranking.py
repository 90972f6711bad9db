"""Time and memory of rank and report over ever more draws of the default screen; responses are made up.

    python benchmarks/ranking.py                   # a million responses and ten millions
    python benchmarks/ranking.py --draws 5

Scenarios are those of the default screen; a drug has one IC50 a draw, and every route is direct.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

if __name__ == "__main__":  # else `import petab` finds a file of this folder
    sys.path[0] = str(Path(__file__).resolve().parents[1])

import numpy as np
import polars as pl

from benchmarks.rows import write_rows
from screen.cli.plan import read_aim, read_bases, read_plan
from screen.rank import (
    COMBINATIONS,
    CURVES,
    DOSE_RESPONSES,
    ENDINGS,
    Doubt,
    as_lowering,
    count_endings,
    effects_beside,
    gather_responses,
    rank,
    ranked_schema,
)
from screen.report import Findings, figures_beside, read_labels, write_report
from screen.scenarios import DRUGS, read_discrepancy
from screen.settings import Settings, load_settings
from screen.tables import RESPONSES, SCENARIOS, read_table, read_tables, write_table
from screen.threads import side_by_side

ROOT = Path(__file__).resolve().parents[1]
SHARDS = 4
RESULTS = ROOT / "benchmarks/results/ranking.csv"


class Row(NamedTuple):
    """One size: responses; seconds and seconds of processor of both stages, each a process of its own; seconds of each;
    the larger peak of their memory, which is that of all processes of a stage together."""

    responses: int
    seconds: float
    cpu_seconds: float
    rank_seconds: float
    report_seconds: float
    peak_memory_MB: float


def write_shards(folder: Path, settings: Settings, scenarios: pl.DataFrame, draws: int) -> None:
    """The responses to all scenarios under so many draws, in as many files as a screen has shards."""
    names = [readout.id for readout in settings.readouts]
    drugs = scenarios["drug_a"].fill_null("")
    codes = drugs.rank("dense").to_numpy()
    log10_half = 2.5 + np.random.default_rng(0).normal(size=(int(codes.max()) + 1, draws))
    dose = scenarios["dose_a_nM"].fill_null(0.0).to_numpy() + scenarios["dose_b_nM"].fill_null(0.0).to_numpy()
    value = 0.5 / (1.0 + dose[:, None] / 10.0 ** log10_half[codes])
    for shard in range(SHARDS):
        own = slice(scenarios.height * shard // SHARDS, scenarios.height * (shard + 1) // SHARDS)
        number = own.stop - own.start
        frame = pl.DataFrame(
            {
                "scenario": scenarios["scenario"][own].to_numpy().repeat(draws * len(names)),
                "draw": np.tile(np.arange(draws).repeat(len(names)), number),
                "readout": np.tile(names, number * draws),
                "value": value[own].ravel().repeat(len(names)),
                "status": np.full(number * draws * len(names), "ok"),
                "steps": np.full(number * draws * len(names), 100),
            },
            schema=RESPONSES.dtypes(),
        )
        write_table(frame, folder / f"shard-{shard}.parquet", RESPONSES, {})


def rank_stage(folder: Path, settings: Settings) -> None:
    """Rank what lies in a folder, as the stage does."""
    scenarios = read_table(folder / "scenarios.parquet", SCENARIOS)
    routes = scenarios.select(
        "scenario", route=pl.lit("direct"), targets=pl.lit("JAK1"), unmeasured=pl.lit(None, pl.String)
    )
    aim, drugs = read_aim(settings), read_tables(settings.tables.drugs, DRUGS)
    assert settings.rank.discrepancy is not None
    doubt = Doubt(routes, read_discrepancy(settings.rank.discrepancy, aim.observable), settings.seed)
    with effects_beside(scenarios) as begin:
        found = gather_responses(sorted(folder.glob("shard-*.parquet")), scenarios)
        scored = begin(found, aim)
        ranked = rank(found, scenarios, drugs, aim=aim, dose_bases=read_bases(settings), doubt=doubt)
        effects = scored()
    tables = (
        (ranked, "ranked.csv", ranked_schema(aim)),
        (effects.curves, "curves.csv", CURVES),
        (effects.combinations, "combinations.csv", COMBINATIONS),
        (effects.responses, "responses.parquet", DOSE_RESPONSES),
        (count_endings(found), "endings.csv", ENDINGS),
    )
    for _ in side_by_side(lambda table: write_table(table[0], folder / table[1], table[2], {}), tables):
        pass


def report_stage(folder: Path, settings: Settings) -> None:
    """Report what was ranked there, as the stage does."""
    aim, labels = read_aim(settings), settings.report.labels
    assert labels is not None
    of_ranking = (
        ("ranked.csv", ranked_schema(aim)), ("combinations.csv", COMBINATIONS), ("responses.parquet", DOSE_RESPONSES)
    )  # fmt: skip
    with figures_beside(folder / "ranked.csv") as write_figures:
        ranked, combinations, responses = side_by_side(
            lambda table: read_table(folder / table[0], table[1]), of_ranking
        )
        findings = Findings(
            ranked=as_lowering(ranked, aim),
            responses=responses,
            endings=read_table(folder / "endings.csv", ENDINGS),
            aim=aim,
            labels=read_labels(labels),
            combinations=combinations,
        )
        write_figures(findings, folder)
        write_report(findings, folder / "report.html")


STAGES = {"rank": rank_stage, "report": report_stage}


def run_stage(stage: str, folder: str) -> tuple[float, float, float]:
    """A stage in a process of its own: seconds, seconds of processor, peak memory [MB]."""
    began, peak, ended = time.perf_counter(), 0.0, 0
    child = subprocess.Popen([sys.executable, __file__, "--stage", stage, folder])
    while not ended:
        peak = max(peak, held_memory(child.pid))
        time.sleep(0.05)
        ended, status, used = os.wait4(child.pid, os.WNOHANG)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{stage} must complete, found exit code {child.returncode}")
    peak = max(peak, used.ru_maxrss * 1024 / 1e6)
    return time.perf_counter() - began, used.ru_utime + used.ru_stime, peak


def held_memory(process: int) -> float:
    """Memory that a process and those that it started hold now [MB], where the system tells (Linux); what they share
    counts for each."""
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
        threads = list(Path(f"/proc/{process}/task").glob("*/children"))
        started = {int(word) for thread in threads for word in thread.read_text().split()}
    except OSError:  # it ended meanwhile
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6 + sum(map(held_memory, started))


def main() -> None:
    """Measure each size, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--draws", type=int, nargs="+", default=[2, 13])
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument(
        "--stage", nargs=2, metavar=("STAGE", "FOLDER"), help="run a stage there, and nothing else"
    )
    arguments = parser.parse_args()
    settings, rows = load_settings(ROOT / "config/config.yaml"), []
    if arguments.stage:
        stage, where = arguments.stage
        STAGES[stage](Path(where), settings)
        return
    scenarios = read_plan(settings).scenarios
    for draws in arguments.draws:
        with tempfile.TemporaryDirectory() as folder:
            write_table(scenarios, Path(folder) / "scenarios.parquet", SCENARIOS, {})
            write_shards(Path(folder), settings, scenarios, draws)
            (ranking, *cost), (reporting, *more) = (run_stage(stage, folder) for stage in STAGES)
        responses = scenarios.height * draws * len(settings.readouts)
        cpu, memory = cost[0] + more[0], max(cost[1], more[1])
        rows.append(Row(responses, ranking + reporting, cpu, ranking, reporting, memory))
        print("  ".join(f"{name} {value:,.3g}" for name, value in rows[-1]._asdict().items()), flush=True)
    write_rows(arguments.out, rows)


if __name__ == "__main__":
    main()
