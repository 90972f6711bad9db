"""Turn public raw data into a PEtab problem that `fit --problem` takes.

The data folder is the one named, else `fit.data` of the settings, else $SCREEN_DATA, else ../shared/data.
Example: python -m screen import-data --source sobotta2017 --folder results/data-problem
"""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from screen.cli.options import Results, add_shared, prepare_folder, read_shared, say
from screen.settings import Settings

if TYPE_CHECKING:
    from screen.sources import Known


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    add_shared(parser)
    parser.add_argument("--data", type=Path, default=None, metavar="FOLDER", help="folder of the public data")
    parser.add_argument(
        "--folder", type=Path, default=None, metavar="FOLDER",
        help="where the problem is written (default: data-problem in the results)",
    )  # fmt: skip
    parser.add_argument(
        "--source", action="append", default=[], metavar="NAME",
        help="source to import, may be given again (default: all that are there)",
    )  # fmt: skip
    parser.add_argument(
        "--literature", action="store_true",
        help="add the figures of `fit.problem` that are not from these sources",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print counts as JSON on standard output")


def run(arguments: argparse.Namespace) -> int:
    """Write the problem and say how many readings it holds and what was left out."""
    settings, results = read_shared(arguments)
    folder = arguments.folder or results.folder / "data-problem"
    from screen.sources import choose_sources, describe, find_data, import_data

    data = find_data(arguments.data or settings.fit.data)
    sources = choose_sources(arguments.source, data)
    prepare_folder(folder)
    literature = settings.fit.problem.parent if arguments.literature else None
    known = read_configuration(settings, results)
    written = import_data(sources, data, known, folder, results.network, literature)
    if arguments.json:
        print(json.dumps(describe(written.tables), indent=1))
    for name, reasons in written.tables.left_out.items():
        for reason, readings in reasons.items():
            say(f"import-data: {name}: {readings} readings left out, {reason}")
    found = written.tables
    say(
        f"import-data: {found.measurements.height} readings under {found.conditions.height} conditions, "
        f"{found.parameters.height} parameters in {written.problem}"
    )
    return 0


def read_configuration(settings: Settings, results: Results) -> "Known":
    """What readings may name: contexts, drugs, parameters and entities of the composed network."""
    from screen.network import read_sbml
    from screen.sources import read_known

    network, tables = read_sbml(results.network), settings.tables
    return read_known(
        settings.network.folder / "parameters.tsv",
        tables.contexts,
        tables.hypotheses,
        (tables.drugs, tables.affinities, tables.targets, tables.potency),
        frozenset((*network.species, *network.parameters, *network.observables)),
    )
