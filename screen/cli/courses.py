"""Totals of a cell of one's own from its time courses: options and work of `cell --courses`."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from screen.cli.bench import choose_draws, first_draws, panel_tables, read_ensemble
from screen.cli.drugs import read_drugs
from screen.cli.integration import read_integration
from screen.cli.options import Results, add_count, results_folder, say, tell
from screen.settings import Settings

if TYPE_CHECKING:
    import polars as pl

    from screen.experiments import Draws
    from screen.panel import PanelTables
    from screen.scenarios import ContextTables

COURSE_DRAWS = 16


def add_course_options(parser: argparse.ArgumentParser) -> None:
    """Options that say which courses, and what they set."""
    parser.add_argument(
        "--courses", type=Path, default=None, metavar="FILE",
        help="time courses without inhibitors, .csv, .tsv or .xlsx, that set a few totals (a minute)",
    )  # fmt: skip
    parser.add_argument(
        "--totals", nargs="+", default=[], metavar="NAME",
        help="totals that the courses set, such as EGFR_total (default: eight between the receptor and pS6K)",
    )  # fmt: skip
    add_count(parser, "--course-draws", COURSE_DRAWS, "parameter draws under which the courses are looked at")


def read_few_draws(
    arguments: argparse.Namespace, settings: Settings, tables: "PanelTables", source: Path | None
) -> "Draws":
    """The first `--course-draws` draws of a file, of no drug; the nominal values where there is none."""
    from screen.experiments import read_draws

    model = tables.model
    ensemble = read_ensemble(source, settings, [model]) if source else None
    few = None if ensemble is None else first_draws(ensemble, arguments.course_draws)
    network = dict(zip(model.parameters, model.values, strict=True))
    return read_draws(few, network, (), tables.drugs, settings.seed, tables.absent)


def set_totals(
    arguments: argparse.Namespace, settings: Settings, contexts: "ContextTables", units: dict[str, str]
) -> "pl.DataFrame":
    """Rows of CONTEXTS for the totals that the courses set, each with what it was; says how they changed."""
    import numpy as np
    import polars as pl

    from screen.courses import StartCell, fit_lines, read_courses, usual_totals
    from screen.experiments import Arm, Exposure
    from screen.fit import Log
    from screen.kernel import choose_engine, configure
    from screen.scenarios import CONTEXTS

    configure()
    name = arguments.name
    tables = panel_tables(settings, contexts, read_drugs(settings), contexts.contexts[name].left_out)
    model = tables.model
    totals = arguments.totals or usual_totals(tables, name)
    courses = read_courses(arguments.courses, [*model.observables, *model.species])
    source = choose_draws(arguments, settings, Results(results_folder(arguments, settings)))
    draws = read_few_draws(arguments, settings, tables, source)
    engine, reason = choose_engine(settings.simulate.engine, [model])
    say(f"cell: engine {engine}: {reason}")
    cell = StartCell(
        tables, Arm(name, stimulus=Exposure(own=True)), totals, courses.names,
        read_integration(settings, engine, arguments.threads),
    )  # fmt: skip
    found = fit_lines(cell, [courses], draws, Log(say, "cell"))
    say(
        f"cell: the courses cost {np.median(found.started):.1f} as in {arguments.like}, {np.median(found.ended):.1f} "
        f"with these totals ({len(courses.signal)} readings, medians over {len(draws.number)} draws)"
    )
    rows, start = [], cell.starts(draws)
    for total, before, after, sd in zip(
        totals,
        np.median(start, axis=0),
        np.median(start * 10.0 ** found.totals[0], axis=0),
        found.sd[0],
        strict=True,
    ):
        value = float(f"{after:.4g}")
        said = f"{arguments.courses.name}; {before:g} before"
        tell(f"{total} {value:g} {units[total]} (sd of log10 {sd:.3g}) from {said}")
        rows.append(
            (name, "total", total, value, units[total], "input", f"set by {said}", float(f"{sd:.3g}"))
        )
    return pl.DataFrame(rows, schema=CONTEXTS.dtypes(), orient="row")
