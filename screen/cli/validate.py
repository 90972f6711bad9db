"""Check the published facts of the panel under every parameter draw.

Exit code 0 when it ran, whatever the verdict; with --strict 1 where a gate does not hold.
Example: python -m screen validate --json -
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from screen.cli.bench import read_bench
from screen.cli.integration import read_integration
from screen.cli.options import (
    STDOUT,
    Results,
    add_json,
    add_shared,
    add_threads,
    prepare_folder,
    read_shared,
    say,
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
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--draws", type=Path, default=None, metavar="FILE",
        help="parameter draws (default: those of the results, else the shipped ensemble)",
    )  # fmt: skip
    source.add_argument(
        "--nominal", action="store_true", help="one draw: the parameters as the tables have them"
    )
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

    draws = None if arguments.nominal else _draws(arguments.draws, settings, results)
    say(f"validate: draws of {draws}" if draws else "validate: nominal parameters")
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


def _draws(wanted: Path | None, settings: Settings, results: Results) -> Path:
    """The file named, else the draws of this results folder where there are any, else the shipped ensemble."""
    if wanted is not None:
        return wanted
    return results.draws if results.draws.exists() else settings.panel.ensemble


def _validate(
    settings: Settings, draws: Path | None, arguments: argparse.Namespace
) -> tuple["pl.DataFrame", dict[str, Any]]:
    """The table of the verdict, and with what it was computed."""
    from screen.kernel import choose_engine, configure
    from screen.network import check_draws, read_parameters
    from screen.panel import Bench, find, validation_table
    from screen.tables import DRAWS, read_table

    configure()
    tables, facts = read_bench(settings, arguments.facts, "validate")
    ensemble = None
    if draws is not None:
        ensemble = read_table(draws, DRAWS)
        parameters = read_parameters(settings.network.folder / "parameters.tsv")
        check_draws(ensemble, parameters, tables.model.parameters, draws.name)
    engine, reason = choose_engine(settings.simulate.engine, [tables.model])
    say(f"validate: engine {engine}: {reason}")
    checks = [check for fact in facts for check in fact.checks]
    bench = Bench(checks, tables, read_integration(settings, engine, arguments.threads))
    findings = find(bench, checks, bench(bench.draws(ensemble, settings.seed), say))
    return validation_table(facts, findings), {"engine": engine, "network": tables.model.digest}
