"""Time and memory of rank and report over ever more draws of the default screen; responses are made up.

    python benchmarks/ranking.py                   # a million responses and ten millions, each in a process of its own
    python benchmarks/ranking.py --draws 5

Scenarios are those of the default screen; a drug has one IC50 a draw, and every route is direct.
"""

import argparse
import json
import resource
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

from benchmarks.cases import ROOT
from benchmarks.rows import write_rows
from screen.cli.plan import read_aim, read_bases, read_plan
from screen.rank import Doubt, as_lowering, gather_responses, rank, score_doses
from screen.report import Findings, read_labels, write_figures, write_report
from screen.scenarios import DRUGS, read_discrepancy
from screen.settings import Settings, load_settings
from screen.tables import RESPONSES, SCENARIOS, read_table, read_tables, write_table

SHARDS = 4
RESULTS = ROOT / "benchmarks/results/ranking.csv"


class Row(NamedTuple):
    """One size: responses, seconds of processor in all, for reading (which report does too), ranking, the tables by
    dose, figures and page, peak memory."""

    responses: int
    cpu_seconds: float
    read_cpu_seconds: float
    rank_cpu_seconds: float
    doses_cpu_seconds: float
    report_cpu_seconds: float
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


def measure(folder: Path, settings: Settings) -> Row:
    """Rank what lies in a folder and report it, as the stages do."""
    scenarios = read_table(folder / "scenarios.parquet", SCENARIOS)
    routes = scenarios.select(
        "scenario", route=pl.lit("direct"), targets=pl.lit("JAK1"), unmeasured=pl.lit(None, pl.String)
    )
    aim, spent = read_aim(settings), [time.process_time()]
    found = gather_responses(sorted(folder.glob("shard-*.parquet")), scenarios)
    spent.append(time.process_time())
    drugs = read_tables(settings.tables.drugs, DRUGS)
    assert settings.rank.discrepancy is not None
    doubt = Doubt(routes, read_discrepancy(settings.rank.discrepancy, aim.observable), settings.seed)
    ranked = rank(found, scenarios, drugs, aim=aim, dose_bases=read_bases(settings), doubt=doubt)
    spent.append(time.process_time())
    pairs = score_doses(found, aim).combinations
    spent.append(time.process_time())
    assert settings.report.labels is not None
    labels = read_labels(settings.report.labels)
    findings = Findings(as_lowering(ranked, aim), found, aim, labels=labels, combinations=pairs)
    write_figures(findings, folder)
    write_report(findings, folder / "report.html")
    spent.append(time.process_time())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    return Row(found.values.size, spent[-1] - spent[0], *np.diff(spent).tolist(), peak)


def main() -> None:
    """Measure each size in a process of its own, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--draws", type=int, nargs="+", default=[5, 46])
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument(
        "--measure", type=Path, metavar="FOLDER", help="measure what lies there, and nothing else"
    )
    arguments = parser.parse_args()
    settings, rows = load_settings(ROOT / "config/config.yaml"), []
    if arguments.measure:
        print(json.dumps(measure(arguments.measure, settings)))
        return
    scenarios = read_plan(settings).scenarios
    for draws in arguments.draws:
        with tempfile.TemporaryDirectory() as folder:
            write_table(scenarios, Path(folder) / "scenarios.parquet", SCENARIOS, {})
            write_shards(Path(folder), settings, scenarios, draws)
            again = [sys.executable, __file__, "--measure", folder]
            rows.append(Row(*json.loads(subprocess.check_output(again, text=True))))
        print("  ".join(f"{name} {value:,.3g}" for name, value in rows[-1]._asdict().items()), flush=True)
    write_rows(arguments.out, rows)


if __name__ == "__main__":
    main()
