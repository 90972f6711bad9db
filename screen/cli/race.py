"""Tell which pairs need no more draws, from the responses under the first (`race.draws`).

A pair stops in a context where it cannot be among the first of any ranking there, with a stated error.
Example: python -m screen race
"""

import argparse

from screen.cli.identity import check_shards
from screen.cli.options import add_shared, prepare_folder, read_shared, say
from screen.cli.plan import read_aim, read_bases
from screen.cli.rounds import is_raced
from screen.errors import ScreenError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    add_shared(parser)


def run(arguments: argparse.Namespace) -> int:
    """Write results/race.csv."""
    settings, results = read_shared(arguments, any_network=True)
    wanted = settings.race
    if not is_raced(settings):
        raise ScreenError(
            f"race.draws: must be fewer draws than there are, in a screen with pairs, found {wanted.draws or 'null'}"
        )
    prepare_folder(results.folder)
    from screen.rank import Rules, gather_responses, run_race
    from screen.tables import RACE, SCENARIOS, provenance, read_table, write_table

    shards = results.shards(settings.simulate.shards)
    check_shards(settings, results, first_round=True)
    found = gather_responses(shards, read_table(results.scenarios, SCENARIOS))
    rules = Rules(wanted.keep, wanted.share, wanted.error)
    race = run_race(found, read_aim(settings), read_bases(settings), rules)
    write_table(race, results.race, RACE, provenance("race", (results.scenarios, *shards)))
    stopped = race["stopped"].sum()
    say(
        f"race: {stopped} of {race.height} pairs of a context stop after {len(found.draws)} draws: {results.race}"
    )
    return 0
