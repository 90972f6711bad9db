"""What decides the top of each ranking: which numbers move the leader's margin over the runner-up, and where it flips.

For the first two of a ranking: the slope of their margin in every parameter, constant of a drug, amount of the cell and
stimulus, and the value at which their order flips, found by simulation. Reads ranked.csv and the draws of the results.
Example: python -m screen decisive --contexts hepg2 --readout pY705_20min
"""

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING

from screen.cli.bench import first_draws, panel_tables, read_ensemble
from screen.cli.drugs import read_drugs
from screen.cli.integration import read_integration, screen_readouts
from screen.cli.options import add_count, add_shared, add_threads, read_shared, say, say_as, tell
from screen.cli.plan import read_aim
from screen.errors import RankError

if TYPE_CHECKING:
    import polars as pl

    from screen.judge import Contest
    from screen.simulate import Readout


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    add_shared(parser)
    add_threads(parser)
    parser.add_argument(
        "--contexts", nargs="+", default=[], metavar="NAME", help="cells (default: all ranked)"
    )
    parser.add_argument(
        "--readout", default=None, metavar="ID", help="read-out ranked by (default: the first)"
    )
    parser.add_argument("--basis", default=None, metavar="NAME", help="dose basis (default: the first)")
    add_count(parser, "--draws", 16, "parameter draws, the first of them")
    add_count(parser, "--most", 10, "numbers to name for each ranking")


def run(arguments: argparse.Namespace) -> int:
    """Write results/decisive.csv; say for each ranking what moves it most."""
    settings, results = read_shared(arguments)
    from screen.judge import Judges, find_decisive
    from screen.kernel import choose_engine, configure
    from screen.panel import left_out
    from screen.rank import ranked_schema
    from screen.scenarios import read_context_tables
    from screen.tables import DECISIVE, provenance, read_table, write_table

    configure()
    aim = read_aim(settings)
    contests = _contests(read_table(results.ranked, ranked_schema(aim)), arguments, screen_readouts(settings))
    if aim.goal == "raise":
        contests = [replace(contest, arms=contest.arms[::-1]) for contest in contests]
    contexts = read_context_tables(settings.tables.contexts, settings.tables.hypotheses)
    drugs = read_drugs(settings)
    tables = {
        without: panel_tables(settings, contexts, drugs, without)
        for without in sorted({left_out(contest.arms[0], contexts) for contest in contests})
    }
    models = [there.model for there in tables.values()]
    draws = first_draws(read_ensemble(results.draws, settings, models), arguments.draws)
    engine, reason = choose_engine(settings.simulate.engine, models)
    count = draws["draw"].n_unique()
    say(
        f"decisive: {len(contests)} rankings under {count} draws of {results.draws}; engine {engine}: {reason}"
    )
    integration = read_integration(settings, engine, arguments.threads)
    judges = Judges(tables, integration, draws, settings.seed, arguments.most)
    found = find_decisive(contests, judges, say_as("decisive"))
    inputs = [results.ranked, results.draws, settings.network.folder, *settings.lane_tables()]
    facts = provenance("decisive", inputs, engine=engine, seed=settings.seed)
    write_table(found, results.decisive, DECISIVE, facts)
    for _, rows in found.group_by("context", "hypothesis", maintain_order=True):
        tell(_told(rows))
    tell(str(results.decisive))
    return 0


def _contests(
    ranked: "pl.DataFrame", arguments: argparse.Namespace, readouts: "list[Readout]"
) -> "list[Contest]":
    """The first two of each ranking that is asked for."""
    import polars as pl

    from screen.experiments import scenario_arms
    from screen.judge import Contest
    from screen.scenarios import GENETIC, MIXTURE

    of_id = {readout.id: readout for readout in readouts}
    rows = ranked.filter(
        pl.col("rank").is_not_null(), pl.col("hypothesis") != MIXTURE, pl.col("readout").is_in(of_id.keys())
    )
    if rows.is_empty():
        raise RankError("ranked.csv: must rank by a read-out of the settings, found no such row")
    options: tuple[tuple[str, str, list[str]], ...] = (
        ("--contexts", "context", arguments.contexts or rows["context"].unique().to_list()),
        ("--readout", "readout", [arguments.readout or rows["readout"][0]]),
        ("--basis", "dose_basis", [arguments.basis or rows["dose_basis"][0]]),
    )
    problems = [
        f"{option}: must be one of ranked.csv ({', '.join(rows[column].unique().sort())}), found {name}"
        for option, column, wanted in options
        for name in wanted
        if name not in rows[column]
    ]
    if problems:
        raise RankError(problems)
    chosen = rows.filter(*(pl.col(column).is_in(wanted) for _, column, wanted in options))
    if GENETIC in chosen["dose_basis"]:  # both arms of a contest start from one cell at rest
        raise RankError("--basis: must be one of drugs, found genetic, where the cells themselves differ")
    names = pl.col("intervention").str.split("+")
    two = (
        chosen.sort("rank", "intervention")
        .with_columns(
            *(names.list.get(at, null_on_oob=True).alias(f"drug_{which}") for at, which in enumerate("abc")),
            role=pl.lit("treated"),
        )
        .group_by("context", "hypothesis", maintain_order=True)
        .head(2)
        .sort("context", "hypothesis", maintain_order=True)
    )
    contests = []
    for (context, label), first_two in two.group_by("context", "hypothesis", maintain_order=True):
        if first_two.height < 2:
            continue
        others = two.filter(pl.col("context") == context)["hypothesis"].unique(maintain_order=True)
        leader, runner_up = first_two["intervention"]
        arms = scenario_arms(first_two)
        readout, basis = first_two.select("readout", "dose_basis").row(0)
        labels = tuple(name for name in others if name != label)
        contests.append(Contest(of_id[readout], basis, (leader, runner_up), (arms[0], arms[1]), labels))
    if not contests:
        raise RankError("ranked.csv: must hold a ranking of at least two interventions, found none")
    return contests


def _told(rows: "pl.DataFrame") -> str:
    """A ranking in a line: by how much the leader leads and what moves that most."""
    row = rows.row(0, named=True)
    led = (
        f"{row['context']}, {row['hypothesis']}: {row['leader']} is {2.0 ** row['margin']:.3g}-fold ahead of "
        f"{row['runner_up']}, ahead in {row['p_leader']:.0%} of draws"
    )
    if row["value"] is None:
        return led
    flip = (
        "no flip within a hundredfold"
        if row["flip_value"] is None
        else f"order flips at {row['flip_value']:.3g}"
    )
    widest = rows.sort("swing", descending=True, nulls_last=True).row(0, named=True)
    return (
        f"{led}; {row['name']} ({row['value']:.3g}) moves that most: {flip}; to measure next: {widest['name']}, "
        f"whose draws move it {2.0 ** widest['swing']:.3g}-fold"
    )
