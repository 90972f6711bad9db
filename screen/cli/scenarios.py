"""Lay out which trajectories to run: contexts x drugs and pairs x doses.

Example: python -m screen scenarios --dry-run    says how many that is and roughly how long they take
"""

import argparse
import os

from screen.cli.options import add_shared, prepare_folder, read_shared, say
from screen.cli.plan import ScreenInputs, read_plan, read_rankable_plan


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    add_shared(parser)
    parser.add_argument("--dry-run", action="store_true", help="count, estimate the time, write nothing")


def run(arguments: argparse.Namespace) -> int:
    """Write results/scenarios/scenarios.parquet, or only say what it would hold."""
    settings, results = read_shared(arguments)
    if arguments.dry_run:
        plan = read_rankable_plan(settings)
        print(f"scenarios: {describe(plan, settings.fit.draws)}")
        print(f"scenarios: {estimate(plan.counts.trajectories, settings.simulate.engine)}")
        return 0
    prepare_folder(results.scenarios.parent)
    from screen.tables import SCENARIOS, provenance, write_table

    plan = read_plan(settings)
    inputs = settings.lane_tables()
    write_table(plan.scenarios, results.scenarios, SCENARIOS, provenance("scenarios", inputs))
    say(f"scenarios: {describe(plan, settings.fit.draws)}")
    return 0


def describe(plan: ScreenInputs, draws: int) -> str:
    """How many trajectories, and what they are made of."""
    frame = plan.scenarios
    contexts = frame["context"].n_unique()
    cells = frame.select("context", "hypothesis").n_unique()
    singles = frame.filter(role="single")
    pairs = frame.filter(role="pair")["intervention"].n_unique()
    return (
        f"{plan.counts.trajectories} trajectories = {plan.counts.scenarios} scenarios x {draws} draws "
        f"({contexts} contexts, {cells} with their hypotheses, {singles['intervention'].n_unique()} drugs at "
        f"{singles['dose_a_nM'].n_unique()} doses, {pairs} pairs)"
    )


def estimate(trajectories: int, engine: str) -> str:
    """Roughly how long that takes here, and what that assumes."""
    from screen.kernel import ENGINES, choose_engine

    name, _ = choose_engine(engine)
    speed, on_cores = ENGINES[name].speed, "cpu" in ENGINES[name].devices
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    seconds = trajectories / speed / (cores if on_cores else 1)
    length = f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
    if seconds > 7200:
        length = f"{seconds / 3600:.1f} h"
    return f"about {length}, assuming {speed:g} trajectories a second" + (
        f" and core of engine {name} on {cores} cores" if on_cores else f" of engine {name} on one GPU"
    )
