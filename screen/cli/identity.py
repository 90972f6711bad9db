"""What the output of a stage follows from, as digests: its code, its settings, and what makes shards one screen."""

import hashlib
from collections.abc import Iterable
from functools import cache, reduce
from pathlib import Path
from statistics import mode
from typing import Any

from screen.cli.network import wanted_networks
from screen.cli.options import Results
from screen.cli.rounds import count_shards
from screen.errors import RankError, TableError
from screen.settings import Settings

DISPATCHER = "screen.cli.main"
"""Names every command and runs one: what it imports is no part of a stage."""

SIMULATED = (
    "seed", "scenarios.constants", "simulate", "race.draws", "readouts", "network.start", "network.minutes"
)  # fmt: skip
"""Settings that the simulate stage reads, beside those that name files: its rule takes them from here."""

ALIKE = {
    "stage": "another stage",
    "shard": "another part of the screen",
    "code": "other code",
    "settings": "other settings",
}
"""Fact of a shard that must be as it would be written now -> what it is."""


@cache
def stage_code(stage: str) -> str:
    """Digest of the code that a stage executes."""
    from screen.tables import code_digest

    return code_digest(f"screen.cli.{stage}", unfollowed=(DISPATCHER,))[:16]


def settings_digest(settings: Settings, names: Iterable[str]) -> str:
    """Digest of sections, or of single keys named as `section.key`."""
    found = {name: reduce(getattr, name.split("."), settings) for name in names}
    return hashlib.sha256(repr(found).encode()).hexdigest()[:16]


def shard_facts(settings: Settings, results: Results, index: int) -> dict[str, Any]:
    """Provenance of a shard, as it would be written now; equal in all shards of a screen but for `shard`.

    A file that is not there counts as empty.
    """
    from screen.network import network_name
    from screen.tables import provenance

    own = settings.network.sbml
    parameters = settings.network.folder / "parameters.tsv" if own is None else own
    networks = [results.network_named(network_name(left_out)) for left_out in wanted_networks(settings)]
    race = [results.race] if index >= settings.simulate.shards else []
    inputs = (*networks, results.scenarios, results.draws, *race, parameters, *settings.lane_tables())
    return provenance(
        "simulate",
        inputs,
        shard=f"{index} of {count_shards(settings)}",
        code=stage_code("simulate"),
        settings=settings_digest(settings, SIMULATED),
    )


def shard_problems(settings: Settings, results: Results, first_round: bool = False) -> dict[Path, str]:
    """What is wrong with each shard of a screen that cannot be ranked with the others, by its file.

    The values are verified when a shard is read. A shard that is missing is left out here, with `first_round` those of
    the second too.
    """
    from screen.tables import read_provenance

    each, count = settings.simulate.shards, count_shards(settings)
    of_rounds = [shard_facts(settings, results, first) for first in range(0, count, each)]
    problems: dict[Path, str] = {}
    engines: dict[Path, str] = {}
    for index, path in enumerate(results.shards(each if first_round else count)):
        if not path.exists():
            continue
        try:
            found = read_provenance(path)
        except TableError as error:
            problems[path] = error.problems[0]
            continue
        wanted = of_rounds[index // each] | {"shard": f"{index} of {count}"}
        problem = _difference(found, wanted)
        if problem:
            problems[path] = f"{path}: must belong to this screen, found {problem}; {_cure(index)}"
        else:
            engines[path] = found.get("engine", "none")
    usual = mode(engines.values()) if engines else None
    for path, engine in engines.items():
        if engine != usual:
            problems[path] = f"{path}: must be of engine {usual} like the others, found {engine}"
    return problems


def check_shards(settings: Settings, results: Results, first_round: bool = False) -> None:
    """RankError names each shard that does not belong to this screen, and what differs."""
    problems = shard_problems(settings, results, first_round)
    if problems:
        raise RankError(problems.values())


def _difference(found: dict[str, Any], wanted: dict[str, Any]) -> str | None:
    for fact, what in ALIKE.items():
        if found.get(fact) != wanted[fact]:
            return what
    inputs = found.get("inputs", {})
    names = [
        name for name in {**wanted["inputs"], **inputs} if inputs.get(name) != wanted["inputs"].get(name)
    ]
    return f"another {min(names)}" if names else None


def _cure(index: int) -> str:
    return f"`python -m screen simulate --shard {index}` makes it again, as the workflow does"
