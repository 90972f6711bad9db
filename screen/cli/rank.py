"""Rank interventions from the responses of all shards, and score single drugs and pairs over their doses.

Example: python -m screen rank
"""

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING

from screen.cli.identity import check_shards
from screen.cli.options import Results, add_shared, prepare_folder, read_shared, say
from screen.cli.plan import read_aim, read_bases
from screen.cli.rounds import all_shards, read_race

if TYPE_CHECKING:
    import polars as pl


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    add_shared(parser)


def run(arguments: argparse.Namespace) -> int:
    """Write results/ranked.csv, curves.csv, combinations.csv, isoboles.csv, sets.csv, failures.csv, endings.csv,
    responses.parquet and, of pairs that stopped, stopped."""
    settings, results = read_shared(arguments, any_network=True)
    prepare_folder(results.folder)
    from screen.rank import (
        COMBINATIONS,
        CURVES,
        DOSE_RESPONSES,
        ENDINGS,
        FAILURES,
        ISOBOLES,
        Asked,
        Doubt,
        count_endings,
        effects_beside,
        find_failures,
        find_silent,
        gather_responses,
        rank_sets,
        ranked_schema,
        sets_schema,
    )
    from screen.scenarios import DRUGS, ROUTED, read_discrepancy
    from screen.tables import SCENARIOS, provenance, read_table, read_tables, write_table
    from screen.threads import side_by_side

    shards, aim, table = all_shards(settings, results), read_aim(settings), settings.rank.discrepancy
    check_shards(settings, results)
    doubt = Doubt(
        read_table(results.routes, ROUTED),
        read_discrepancy(table, aim.observable) if table else None,
        settings.seed,
    )
    scenarios = read_table(results.scenarios, SCENARIOS)
    race = read_race(settings, results)
    drugs, bases = read_tables(settings.tables.drugs, DRUGS), read_bases(settings)
    asked = Asked(settings.rank.sets, settings.seed)
    with effects_beside(scenarios) as begin:
        found = gather_responses(shards, scenarios, race)
        failures = find_failures(found)
        scored = begin(found, aim)
        ranked, together = rank_sets(found, drugs, asked, aim=aim, dose_bases=bases, doubt=doubt)
        effects = scored()
    made = (results.network, results.scenarios, results.routes, results.draws)
    raced = [] if race is None else [results.race]
    inputs = (*made, *settings.tables.drugs, *filter(None, [table]), *raced, *shards)
    left_out = [*_find_left_out(results, scenarios), *find_silent(found, aim)]
    facts = provenance("rank", inputs, seed=settings.seed, left_out=left_out)
    kept = ranked.filter(race="all")
    tables = [
        (kept, results.ranked, ranked_schema(aim)),
        (effects.curves, results.curves, CURVES),
        (effects.isoboles, results.isoboles, ISOBOLES),
        (effects.responses, results.responses, DOSE_RESPONSES),
        (count_endings(found), results.endings, ENDINGS),
        (together, results.sets, sets_schema(aim)),
        (failures, results.failures, FAILURES),
    ]
    if race is None:
        for earlier in results.of_race:  # of a screen in which pairs could stop
            earlier.unlink(missing_ok=True)
        tables.append((effects.combinations, results.combinations, COMBINATIONS))
    else:
        prepare_folder(results.stopped)
        of_ranked, of_combinations = results.stopped_tables
        out = race.filter("stopped").select("context", "intervention")
        both = [effects.combinations.join(out, on=out.columns, how=how) for how in ("anti", "semi")]
        schema = replace(ranked_schema(aim), may_be_empty=True)
        tables += [
            (both[0], results.combinations, COMBINATIONS),
            (both[1], of_combinations, COMBINATIONS),
            (ranked.filter(race="stopped"), of_ranked, schema),
        ]
    for _ in side_by_side(lambda table: write_table(*table, facts), tables):
        pass
    for what in left_out:
        say(f"rank: left out: {what}")
    if failures.height:
        say(f"rank: {failures['failed'].sum()} trajectories failed: {results.failures}")
    if kept.height < ranked.height:
        say(f"rank: {ranked.height - kept.height} rows of pairs that stopped in {results.stopped}")
    say(f"rank: {kept.height} rows in {results.ranked}")
    return 0


def _find_left_out(results: Results, scenarios: "pl.DataFrame") -> list[str]:
    """What a whole screen has and this one does not."""
    from screen.tables import read_provenance

    found: list[str] = read_provenance(results.draws).get("left_out", [])
    return [*found, *([] if "pair" in scenarios["role"] else ["pairs of drugs"])]
