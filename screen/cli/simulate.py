"""Integrate one shard of the trajectories and read them out.

Shards can run apart, on different machines; the answer does not depend on how many there are. With `race.draws` they
are numbered on for a second round, of the pairs that have not stopped and of single drugs under the other draws.
Example: python -m screen simulate --shard 0
"""

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING

from screen.cli.drugs import read_drugs
from screen.cli.identity import shard_facts
from screen.cli.integration import read_integration, screen_readouts
from screen.cli.network import is_sliced
from screen.cli.options import Results, add_shared, add_threads, prepare_folder, read_shared, say
from screen.cli.rounds import count_shards, is_raced, read_race
from screen.errors import ScreenError
from screen.settings import Settings

if TYPE_CHECKING:
    import polars as pl

    from screen.simulate import Part


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    add_shared(parser)
    add_threads(parser)
    parser.add_argument("--shard", type=int, required=True, metavar="I", help="which shard, counted from 0")


def run(arguments: argparse.Namespace) -> int:
    """Write results/simulate/shard-<i>.parquet."""
    settings, results = read_shared(arguments, any_network=True)
    shards = count_shards(settings)
    if not 0 <= arguments.shard < shards:
        raise ScreenError(f"--shard: must be from 0 to {shards - 1}, found {arguments.shard}")
    path = results.shard(arguments.shard)
    prepare_folder(path.parent)
    from screen.kernel import choose_engine, configure, load_model
    from screen.network import check_draws, read_parameters
    from screen.scenarios import read_context_tables
    from screen.simulate import ScreenTables, Shard, read_parts, simulate_shard
    from screen.tables import DRAWS, RESPONSES, SCENARIOS, read_table
    from screen.tables.blocks import write_blocks

    configure()
    wanted, tables = settings.simulate, settings.tables
    facts = shard_facts(settings, results, arguments.shard)
    draws = read_table(results.draws, DRAWS)
    if settings.network.sbml is None:
        table = read_parameters(settings.network.folder / "parameters.tsv")
        check_draws(draws, table, load_model(results.network).parameters, str(results.draws))
    screened = ScreenTables(
        read_table(results.scenarios, SCENARIOS),
        read_context_tables(tables.contexts, tables.hypotheses),
        read_drugs(settings),
        draws,
        settings.seed,
    )
    readouts = screen_readouts(settings)
    parts = read_parts(screened, results.network_named, readouts, is_sliced(settings))
    if is_raced(settings):
        parts = _of_round(parts, screened.scenarios, settings, results, arguments.shard >= wanted.shards)
    engine, reason = choose_engine(wanted.engine, (part.model for part in parts))
    say(f"simulate: engine {engine}: {reason}")
    responses = simulate_shard(
        parts,
        readouts,
        replace(
            read_integration(settings, engine, arguments.threads),
            rtol=wanted.screen_rtol,
            from_rest=settings.network.start == "rest",
            unit_minutes=settings.network.minutes,
        ),
        Shard(arguments.shard % wanted.shards, wanted.shards),
        say,
    )
    write_blocks(responses, path, RESPONSES, {**facts, "engine": engine, "device": device()})
    return 0


def _of_round(
    parts: "list[Part]", scenarios: "pl.DataFrame", settings: Settings, results: Results, second: bool
) -> "list[Part]":
    """What of the parts runs in the first round, or in the second."""
    from screen.simulate import in_round

    first = settings.race.draws
    if not second:
        return in_round(parts, slice(first))
    race = read_race(settings, results)
    assert race is not None  # there is no second round without
    stopped = scenarios.join(race.filter("stopped"), on=["context", "intervention"], how="semi")
    return in_round(parts, slice(first, None), frozenset(stopped["scenario"]))


def device() -> str:
    """What JAX computes on: cpu, or the platform and name of the first accelerator."""
    import jax

    found = jax.devices()[0]
    return found.platform if found.platform == "cpu" else f"{found.platform}: {found.device_kind}"
