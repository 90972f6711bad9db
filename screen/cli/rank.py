"""Rank interventions from the responses of all shards.

Example: python -m screen rank
"""

import argparse

from screen.cli.identity import check_shards
from screen.cli.options import add_shared, prepare_folder, read_shared, say
from screen.cli.plan import read_bases


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    add_shared(parser)


def run(arguments: argparse.Namespace) -> int:
    """Write results/ranked.csv."""
    settings, results = read_shared(arguments)
    prepare_folder(results.folder)
    from screen.rank import Doubt, rank, write_ranked
    from screen.scenarios import DRUGS, ROUTED, read_discrepancy
    from screen.tables import SCENARIOS, provenance, read_table, read_tables

    shards = results.shards(settings.simulate.shards)
    check_shards(settings, results)
    ranked = rank(
        shards,
        read_table(results.scenarios, SCENARIOS),
        read_tables(settings.tables.drugs, DRUGS),
        readouts=settings.readouts,
        dose_bases=read_bases(settings),
        doubt=Doubt(
            read_table(results.routes, ROUTED), read_discrepancy(settings.rank.discrepancy), settings.seed
        ),
    )
    made = (results.network, results.scenarios, results.routes, results.draws)
    inputs = (*made, *settings.tables.drugs, settings.rank.discrepancy, *shards)
    write_ranked(ranked, results.ranked, provenance("rank", inputs, seed=settings.seed))
    say(f"rank: {ranked.height} rows in {results.ranked}")
    return 0
