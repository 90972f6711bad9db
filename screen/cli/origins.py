"""Where everything in a results folder came from, in one file."""

from typing import Any

from screen.cli.options import Results, write_json
from screen.cli.rounds import all_shards, is_raced
from screen.settings import Settings


def gather_origins(settings: Settings, results: Results) -> dict[str, dict[str, Any]]:
    """The provenance of each table of a screen, by its path below the results folder, in the order of the stages.

    Shards of a round differ in nothing but their number, so that they are one entry. Left out is what is not there (a
    screen from shipped draws has no fit) or says nothing of its origin.
    """
    from screen.tables import read_provenance

    shards, each = all_shards(settings, results), settings.simulate.shards
    raced = [results.race] if is_raced(settings) else []
    stopped = results.stopped_tables if raced else ()
    alone = {
        path.relative_to(results.folder).as_posix(): read_provenance(path)
        for path in (
            results.scenarios, results.routes, results.fitted, results.scales, results.draws, shards[0], *raced,
            *shards[each : each + 1], results.ranked, results.curves, results.combinations, results.isoboles,
            results.sets, results.failures, results.endings, results.responses, *stopped, results.validation,
        )
        if path.exists()
    }  # fmt: skip
    return {name: told | _shards(told, len(shards)) for name, told in alone.items() if told}


def _shards(told: dict[str, Any], count: int) -> dict[str, str]:
    return {"shard": f"each of {count}"} if "shard" in told else {}


def write_origins(settings: Settings, results: Results) -> None:
    """Write provenance.json: versions, seeds, engine, and the digests of what each table was made from."""
    write_json(gather_origins(settings, results), str(results.origins))
