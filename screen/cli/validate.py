"""Check the published facts of the panel under every parameter draw.

Exit code 0 when it ran, whatever the verdict; with --strict 1 where a gate does not hold.
Example: python -m screen validate --json -
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from screen.cli.bench import add_draws, choose_draws, read_bench, read_ensemble
from screen.cli.integration import read_integration
from screen.cli.options import (
    STDOUT,
    add_json,
    add_shared,
    add_threads,
    prepare_folder,
    read_shared,
    say,
    say_as,
    write_json,
)
from screen.settings import Settings

if TYPE_CHECKING:
    import polars as pl

FAILED = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    add_shared(parser)
    add_threads(parser)
    add_draws(parser)
    parser.add_argument(
        "--facts", nargs="+", default=[], metavar="ID", help="facts to check (default: all), such as V01 V02"
    )
    add_json(parser, "the counts")
    parser.add_argument("--strict", action="store_true", help="exit code 1 where a gate does not hold")


def run(arguments: argparse.Namespace) -> int:
    """Write results/validation.csv and results/validation.svg, print the verdict."""
    settings, results = read_shared(arguments)
    prepare_folder(results.folder)
    from screen.panel import ENOUGH, summarise, verdict
    from screen.report import write_validation_figure
    from screen.tables import VALIDATION, provenance, write_table

    draws = choose_draws(arguments, settings, results)
    table, facts = _validate(settings, draws, arguments)
    inputs = [
        settings.panel.table, settings.network.folder, *settings.lane_tables(),
        *([draws] if draws else []),
    ]  # fmt: skip
    write_table(table, results.validation, VALIDATION, provenance("validate", inputs, **facts))
    write_validation_figure(table, results.validation_figure, ENOUGH)
    summary = summarise(table)
    (say if arguments.json == STDOUT else print)(f"validate: {verdict(table)}")
    write_json(summary, arguments.json)
    return FAILED if arguments.strict and summary["gates"]["failing"] else 0


def _validate(
    settings: Settings, draws: Path | None, arguments: argparse.Namespace
) -> tuple["pl.DataFrame", dict[str, Any]]:
    """The table of the verdict, and with what it was computed."""
    from screen.kernel import choose_engine, configure
    from screen.panel import Bench, find, validation_table

    configure()
    tables, facts = read_bench(settings, arguments.facts, "validate")
    ensemble = read_ensemble(draws, settings, [tables.model]) if draws else None
    engine, reason = choose_engine(settings.simulate.engine, [tables.model])
    say(f"validate: engine {engine}: {reason}")
    checks = [check for fact in facts for check in fact.checks]
    bench = Bench(checks, tables, read_integration(settings, engine, arguments.threads))
    findings = find(bench, checks, bench(bench.draws(ensemble, settings.seed), say_as("validate")))
    return validation_table(facts, findings), {"engine": engine, "network": tables.model.digest}
