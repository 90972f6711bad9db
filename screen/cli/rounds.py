"""The rounds of a screen: all under the first draws, then what has not stopped under the others.

Shards of the second round are numbered on from those of the first.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from screen.cli.options import Results
from screen.settings import Settings

if TYPE_CHECKING:
    import polars as pl


def count_draws(settings: Settings) -> int:
    """Draws that trajectories are simulated under: of shipped ones not more than there are."""
    from screen.tables import DRAWS, read_table

    wanted = settings.fit
    if wanted.draws_from == "nominal":
        return 1
    if wanted.draws_from == "measurements":
        return wanted.draws
    return min(wanted.draws, read_table(settings.panel.ensemble, DRAWS)["draw"].n_unique())


def is_raced(settings: Settings) -> bool:
    """Whether there is a second round: pairs that may stop, and draws that are left for the others."""
    after = settings.race.draws
    return after is not None and settings.scenarios.pairs != [] and after < count_draws(settings)


def count_shards(settings: Settings) -> int:
    """Shards of all rounds."""
    return settings.simulate.shards * (2 if is_raced(settings) else 1)


def all_shards(settings: Settings, results: Results) -> list[Path]:
    """Responses of every shard of every round, in their order."""
    return results.shards(count_shards(settings))


def read_race(settings: Settings, results: Results) -> "pl.DataFrame | None":
    """RACE of a screen; None where nothing can stop."""
    if not is_raced(settings):
        return None
    from screen.tables import RACE, read_table

    return read_table(results.race, RACE)
