"""Lay out which trajectories to run: contexts x drugs, pairs and triples x doses, and genetic changes.

Hypotheses that cannot act in a cell get no weight there, and each drug its kind of route to what is ranked.
Example: python -m screen scenarios --dry-run    says how many that is and roughly how long they take
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from screen.cli.expected import COSTS, MEASURED, expect
from screen.cli.options import Results, add_shared, prepare_folder, read_shared, say, tell
from screen.cli.plan import (
    ScreenInputs,
    check_cells,
    check_genetic_changes,
    check_hypotheses,
    idle_pairs,
    read_plan,
    read_rankable_plan,
)
from screen.cli.rounds import is_raced
from screen.cli.work import GOES_ON, count_work, expected_trajectories
from screen.errors import ScreenError
from screen.settings import Settings

if TYPE_CHECKING:
    from screen.experiments import Networks


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    add_shared(parser)
    parser.add_argument("--dry-run", action="store_true", help="count, estimate the time, write nothing")


def run(arguments: argparse.Namespace) -> int:
    """Write results/scenarios: scenarios.parquet and routes.parquet; or only say what there would be."""
    settings, results = read_shared(arguments, any_network=True)
    if arguments.dry_run:
        plan = read_rankable_plan(settings)
        tell("\n".join(announce(plan, settings)))
        _warn(settings, plan)
        return 0
    prepare_folder(results.scenarios.parent)
    from screen.experiments import scenario_routes, weigh_hypotheses
    from screen.scenarios import ROUTED
    from screen.tables import SCENARIOS, provenance, write_table

    plan = read_plan(settings)
    check_hypotheses(settings, plan)
    files, networks = read_networks(plan, results)
    observable = settings.rank.observable
    if settings.scenarios.genetic:
        cells = plan.scenarios["context"].unique()
        check_genetic_changes(settings, plan, [networks(name) for name in cells])
    check_cells(settings, plan, networks)
    weighed = weigh_hypotheses(plan.scenarios, plan.contexts, networks, observable)
    routes = scenario_routes(weighed, plan.contexts, plan.drugs, networks, observable)
    made_from = provenance("scenarios", (*files, *settings.lane_tables()))
    write_table(weighed, results.scenarios, SCENARIOS, made_from)
    write_table(routes, results.routes, ROUTED, made_from)
    say(f"scenarios: {describe(plan)}")
    _warn(settings, plan)
    return 0


def _warn(settings: Settings, plan: ScreenInputs) -> None:
    for line in idle_pairs(settings, plan.drugs):
        say(f"scenarios: warning: {line}")


def read_networks(plan: ScreenInputs, results: Results) -> "tuple[list[Path], Networks]":
    """The networks that the contexts of a plan run on: their files, and the network of a context by its name."""
    from screen.network import network_name, read_sbml

    known = plan.contexts.contexts
    screened = {known[name].left_out for name in plan.scenarios["context"].unique()}
    files = {left_out: results.network_named(network_name(left_out)) for left_out in sorted(screened)}
    missing = [path for path in files.values() if not path.is_file()]
    if missing:
        cure = "`python -m screen network` makes it"
        raise ScreenError([f"{path}: must exist, found no such file; {cure}" for path in missing])
    networks = {left_out: read_sbml(path) for left_out, path in files.items()}
    return list(files.values()), lambda name: networks[known[name].left_out]


def announce(plan: ScreenInputs, settings: Settings) -> list[str]:
    """What a screen holds and roughly how long it takes, a line each."""
    lines = [describe(plan), *_tell_race(plan, settings), *estimate(plan, settings)]
    return [f"scenarios: {line}" for line in lines]


def _tell_race(plan: ScreenInputs, settings: Settings) -> list[str]:
    """What may stop, and how many trajectories that leaves."""
    if not is_raced(settings):
        return []
    race = settings.race
    return [
        f"after {race.draws} draws pairs that are not among the first {race.keep} of any ranking stop: about "
        f"{expected_trajectories(settings, plan)} trajectories where {GOES_ON:.0%} of the pairs go on"
    ]


def describe(plan: ScreenInputs) -> str:
    """How many trajectories, and what they are made of."""
    frame = plan.scenarios
    contexts = frame["context"].n_unique()
    cells = frame.select("context", "hypothesis").n_unique()
    singles = frame.filter(role="single")
    pairs, triples = (frame.filter(role=role)["intervention"].n_unique() for role in ("pair", "triple"))
    third = f", {triples} triples" if triples else ""
    genetic = frame.filter(role="genetic")["intervention"].n_unique()
    third += f", {genetic} genetic change{'s' * (genetic > 1)}" if genetic else ""
    return (
        f"{plan.counts.trajectories} trajectories = {plan.counts.scenarios} scenarios x {plan.draws} draws "
        f"({contexts} contexts, {cells} with their hypotheses, {singles['intervention'].n_unique()} drugs at "
        f"{singles['dose_a_nM'].n_unique()} doses, {pairs} pairs{third})"
    )


def estimate(plan: ScreenInputs, settings: Settings) -> list[str]:
    """Roughly how long each stage takes here, and what that assumes."""
    from screen.kernel import ENGINES, available_cores, choose_engine

    name, _ = choose_engine(settings.simulate.engine)
    cores, speed, work = available_cores(), ENGINES[name].speed, count_work(settings, plan)
    if speed is not None:
        lanes = expected_trajectories(settings, plan)
        alone = lanes / speed / (cores if "cpu" in ENGINES[name].devices else 1)
        what = f"{speed:g} trajectories a second of engine {name}; the other stages are not counted"
        return [f"about {length(alone)} for simulate, assuming {what}"]
    found = list(expect(work, COSTS, cores))
    each = ", ".join(f"{one.stage} {length(one.seconds)}" for one in found)
    lane = COSTS["simulate"].each["trajectories" if work["simulate"]["slices"] else "whole_trajectories"]
    return [
        f"about {length(sum(one.seconds for one in found))} on {cores} cores with engine {name}: {each}",
        f"counted with costs measured on one machine, {1e6 * lane:.0f} us of CPU a trajectory among them ({MEASURED})",
    ]


def length(seconds: float) -> str:
    """A time in words."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds <= 7200 else f"{seconds / 3600:.1f} h"
