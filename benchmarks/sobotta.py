"""The published fit of Sobotta 2017 through the engine, the objective and the search of this project.

    python benchmarks/sobotta.py --json -                 # its chi2 at the published parameters
    python benchmarks/sobotta.py --starts 10 --json -     # and where ten random starts end
    python benchmarks/sobotta.py --starts 10 --widest     # drawn from the whole published bounds

The published fit maximises a likelihood in which the standard deviation of every blot is fitted too and every
squared residual is multiplied by points/(points - other parameters). At any such optimum chi2 is the number of
points, whatever the fit is like; what tells fits apart is -2 log L. A start counts as having reached the
published fit where its -2 log L is within `WITHIN` of the published one; `chi2` of a start is with the
published standard deviations, so that it can be compared with the published 2219.99 as well.

Scales, offsets and standard deviations are solved blot by blot inside the objective (`screen.fit.hierarchical`);
the 23 parameters of the network are searched as `run_fit` searches them, by Gauss-Newton steps and kicks
(`screen.fit.search`), without Adam.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

if __name__ == "__main__":  # else `import petab` finds a file of this folder
    sys.path[0] = str(Path(__file__).resolve().parents[1])

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd

from benchmarks.cases import ROOT
from benchmarks.results import machine
from benchmarks.sobotta_problem import CORRECTION, DRAWN, write_problem
from screen.calibration import load_problem
from screen.errors import ScreenError
from screen.fit import (
    Hierarchical,
    Log,
    Optimum,
    Schedule,
    draw_starts,
    make_hierarchical,
    make_hierarchical_objective,
    make_hierarchical_predictor,
    make_predictor,
    make_projected_target,
    search,
)
from screen.fit.figures import draw_waterfall
from screen.kernel import configure
from screen.simulate import Integration

DATA = Path(os.environ.get("SCREEN_DATA", ROOT.parent / "shared" / "data")) / "sobotta2017"
PUBLISHED_CHI2, PUBLISHED = 2219.98993, -1346.75391686
"""chi2 and -2 log L of the published fit."""

WITHIN = 2.0
"""How near -2 log L must come."""

EXACT = Integration(rtol=1e-8, atol=1e-12, max_steps=100_000, rest_minutes=1e6)
SEARCH = Integration(rtol=1e-6, atol=1e-14, max_steps=3_000, rest_minutes=1e6, rest_tolerance=np.inf)
"""In the search a start from which rest is not reached in 2 years of cell time begins where it then is."""

SCHEDULE = Schedule(adam=0, polish=100, kicks=2)
"""How long a start is followed."""


def published(hierarchical: Hierarchical) -> dict[str, Any]:
    """The published fit at its published parameters: chi2, -2 log L and how far the curves are from the published."""
    problem = hierarchical.problem
    frame = problem.measurements.frame
    found = make_predictor(problem, EXACT, 1)(problem.estimated.nominal[None])
    distance = (found.compared[0] - hierarchical.measured) / found.sigma[0]
    squares = CORRECTION * distance**2
    off = np.abs(found.compared[0] - frame["publishedModel"].to_numpy())
    is_log = (frame["observableId"] != "pSTAT3_ms").to_numpy()
    return {
        "points": len(frame),
        "failed_points": int(np.sum(~found.ok)),
        "chi2": float(np.sum(squares)),
        "published_chi2": PUBLISHED_CHI2,
        "minus_2_log_likelihood": float(np.sum(squares + np.log(2 * np.pi * found.sigma[0] ** 2))),
        "published_minus_2_log_likelihood": PUBLISHED,
        "largest_difference_log10": float(off[is_log].max()),
        "largest_difference_percent": float(off[~is_log].max()),
    }


def seconds_per_gradient(hierarchical: Hierarchical) -> float:
    """Wall time of one gradient of the solved objective, compilation apart [s]."""
    objective = make_hierarchical_objective(hierarchical, SEARCH, 1)
    at = jnp.asarray(hierarchical.outer.estimated.nominal[None])
    jax.block_until_ready(objective(at))
    began = time.perf_counter()
    jax.block_until_ready(objective(at))
    return time.perf_counter() - began


def _drawn_from(hierarchical: Hierarchical, widest: bool) -> list[float]:
    """The least and the largest log10 value that a start may be drawn from."""
    estimated = hierarchical.outer.estimated
    return [float(estimated.lower.min()), float(estimated.upper.max())] if widest else list(DRAWN)


def run_search(
    hierarchical: Hierarchical, schedule: Schedule, widest: bool = False
) -> tuple[pd.DataFrame, Optimum]:
    """One row per start, and where each ended, best first."""
    target = make_projected_target(hierarchical, SEARCH)
    estimated = target.estimated
    drawn = draw_starts(target, schedule.starts + 1, schedule.seed, tried=1)[1:]
    if widest:
        rng = np.random.default_rng(schedule.seed)
        drawn = rng.uniform(estimated.lower, estimated.upper, size=drawn.shape)
    began = time.perf_counter()

    def report(line: str) -> None:
        print(f"{line}, {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)

    ended = search(target, drawn, schedule, Log(report, "sobotta"))
    found = make_hierarchical_predictor(hierarchical, EXACT, 1)(ended.scaled)
    sigma = hierarchical.problem.measurements.frame["publishedSigma"].to_numpy()
    distance = (found.predicted.compared - hierarchical.measured) / sigma
    value = 2 * (found.predicted.cost.sum(axis=1) - hierarchical.constant)
    table = pd.DataFrame(
        {
            "start": ended.start + 1,
            "first": 2 * (ended.first_cost - hierarchical.constant),
            "first_end": 2 * (ended.first_end - hierarchical.constant),
            "minus_2_log_likelihood": value,
            "chi2": CORRECTION * np.sum(distance**2, axis=1),
            "gradient_norm": ended.gradient_norm,
            "steps": ended.steps,
            "reached": value < PUBLISHED + WITHIN,
        }
    )
    return table, ended


def write(table: pd.DataFrame, ended: Optimum, folder: Path, name: str) -> None:
    """The table and the waterfall of the starts."""
    folder.mkdir(parents=True, exist_ok=True)
    table.to_csv(folder / f"{name}.csv", index=False, float_format="%.9g", lineterminator="\n")
    draw_waterfall(ended.first_cost, ended.cost, folder / f"{name}.svg")


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the published tables")
    parser.add_argument("--starts", type=int, default=0, help="random starts of the search")
    parser.add_argument("--seed", type=int, default=1, help="seed of the starts and the kicks")
    parser.add_argument(
        "--kicks", type=int, default=SCHEDULE.kicks, help="steps after kicks, in units of 100"
    )
    parser.add_argument("--widest", action="store_true", help="draw from the whole published bounds")
    parser.add_argument(
        "--out", type=Path, default=ROOT / "benchmarks" / "results", help="where the table goes"
    )
    parser.add_argument("--json", help="where the summary goes; - for the standard output")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure what was asked for and write it; 2 where the published tables are not there."""
    asked = arguments(argv)
    configure()
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = write_problem(asked.data, Path(folder))
            hierarchical = make_hierarchical(load_problem(path), CORRECTION)
    except ScreenError as problem:
        print(*problem.problems, sep="\n", file=sys.stderr)
        return 2
    name = "sobotta_widest" if asked.widest else "sobotta"
    summary = published(hierarchical)
    summary |= {
        "searched_parameters": len(hierarchical.outer.estimated.names),
        "solved_parameters": len(hierarchical.problem.estimated.names)
        - len(hierarchical.outer.estimated.names),
        "seconds_per_gradient": seconds_per_gradient(hierarchical),
    }
    if asked.starts:
        began = time.perf_counter()
        schedule = replace(SCHEDULE, starts=asked.starts, seed=asked.seed, kicks=asked.kicks)
        table, ended = run_search(hierarchical, schedule, asked.widest)
        write(table, ended, asked.out, name)
        summary |= {
            "seed": asked.seed,
            "drawn_log10": _drawn_from(hierarchical, asked.widest),
            "seconds_per_start": (time.perf_counter() - began) / asked.starts,
            "reached": int(table["reached"].sum()),
            "reached_before_a_kick": int((table["first_end"] < PUBLISHED + WITHIN).sum()),
            "starts": table.to_dict("records"),
        }
    summary["machine"] = machine()
    text = json.dumps(summary, indent=2)
    if asked.starts:
        (asked.out / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    if asked.json == "-":
        print(text)
    else:
        print(f"chi2 {summary['chi2']:.4f} (published {PUBLISHED_CHI2})")
        if asked.json:
            Path(asked.json).write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
