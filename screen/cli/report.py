"""Write the report from the tables of the ranking: one HTML file, and its figures beside it.

Example: python -m screen report
"""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from screen.cli.identity import check_shards
from screen.cli.options import Results, add_shared, prepare_folder, read_shared, say
from screen.cli.origins import write_origins
from screen.cli.plan import read_aim
from screen.errors import ReportError

if TYPE_CHECKING:
    import polars as pl

    from screen.tables import Schema


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    add_shared(parser)


def run(arguments: argparse.Namespace) -> int:
    """Write results/report.html, results/figures and results/provenance.json."""
    settings, results = read_shared(arguments, any_network=True)
    prepare_folder(results.figures)
    check_shards(settings, results)
    from screen.network import read_parameters
    from screen.potency import CELL_POTENCIES
    from screen.rank import (
        COMBINATIONS,
        DOSE_RESPONSES,
        ENDINGS,
        ISOBOLES,
        as_lowering,
        ranked_schema,
        sets_schema,
    )
    from screen.report import NO_LABELS, Findings, figures_beside, read_labels, write_report
    from screen.scenarios import AFFINITIES, CONTEXTS, DRUGS, read_contexts, read_options
    from screen.tables import VALIDATION, read_provenance, read_table, read_tables
    from screen.threads import side_by_side

    tables, wanted, aim = settings.tables, settings.report, read_aim(settings)
    measured = tables.potency / "cell_potencies.tsv"
    of_ranking = (
        (results.ranked, ranked_schema(aim)),
        (results.combinations, COMBINATIONS),
        (results.responses, DOSE_RESPONSES),
    )
    with figures_beside(results.ranked) as write_figures:
        ranked, combinations, responses = side_by_side(lambda table: read_table(*table), of_ranking)
        findings = Findings(
            ranked=as_lowering(ranked, aim),
            responses=responses,
            endings=read_table(results.endings, ENDINGS),
            aim=aim,
            contexts=read_contexts(tables.contexts, read_options(tables.hypotheses)),
            parameters=None
            if settings.network.sbml
            else read_parameters(settings.network.folder / "parameters.tsv"),
            affinities=read_tables(tables.affinities, AFFINITIES),
            fit=results.fit if settings.fit.draws_from == "measurements" else None,
            provenance=read_provenance(results.ranked),
            validation=read_table(results.validation, VALIDATION) if results.validation.exists() else None,
            held=read_held(results.held) if results.held.exists() else None,
            labels=read_labels(wanted.labels) if wanted.labels else NO_LABELS,
            top=wanted.top,
            own=_added(tables.contexts, CONTEXTS, "context") | _added(tables.drugs, DRUGS, "drug"),
            measured=read_table(measured, CELL_POTENCIES) if measured in settings.lane_tables() else None,
            combinations=combinations,
            isoboles=read_table(results.isoboles, ISOBOLES),
            decisive=_read_decisive(results),
            sets=as_lowering(read_table(results.sets, sets_schema(aim)), aim),
        )
        write_figures(findings, results.figures)
        write_report(findings, results.report, title=wanted.title)
    write_origins(settings, results)
    say(f"report: {results.report}")
    return 0


def _read_decisive(results: Results) -> "pl.DataFrame | None":
    """What decides the first places, where that was asked of this very ranking."""
    from screen.tables import DECISIVE, digest_files, read_provenance, read_table

    path, ranked = results.decisive, results.ranked
    if not path.exists():
        return None
    if read_provenance(path).get("inputs", {}).get(ranked.name) == digest_files([ranked]):
        return read_table(path, DECISIVE)
    say(f"report: {path} is of another ranking and left out; `python -m screen decisive` makes it anew")
    return None


def _added(files: list[Path], schema: "Schema", column: str) -> frozenset[str]:
    """Names in a table that are the reader's own: those of every file after the first."""
    from screen.tables import read_tables

    own = files[1:]
    return frozenset(read_tables(own, replace(schema, may_be_empty=True))[column]) if own else frozenset()


def read_held(path: Path) -> dict[str, Any]:
    """What holding the draws to the panel came to. ReportError: a summary that is damaged."""
    from screen.files import read_json
    from screen.report import HELD

    cure = "run `python -m screen constrain` again"
    found = read_json(path, ReportError, cure)
    needed = HELD if found.get("demands") != 0 else ()
    wrong = [name for name in needed if not isinstance(found.get(name), int | float)]
    if wrong:
        raise ReportError(f"{path}: must have a number for `{wrong[0]}`, found none; {cure}")
    return found
