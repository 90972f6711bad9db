"""Hand the doses and effects of a screen to another tool: SynergyFinder, gDR or Thunor.

What is written is treated/vehicle in one read-out, its median over draws, in the columns that the tool documents.
Example: python -m screen export --to synergyfinder
"""

import argparse

from screen.cli.identity import check_shards
from screen.cli.options import add_shared, prepare_folder, read_shared
from screen.cli.plan import read_aim
from screen.errors import ScreenError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    add_shared(parser)
    parser.add_argument("--to", required=True, metavar="TOOL", help="synergyfinder, gdr or thunor")
    parser.add_argument(
        "--readout", default=None, metavar="NAME", help="which read-out (default: the first that is ranked)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Write results/export/<tool>.csv or .tsv."""
    settings, results = read_shared(arguments)
    from screen.rank import TARGETS, dose_points, export_table, gather_responses
    from screen.scenarios import DRUGS
    from screen.tables import SCENARIOS, provenance, read_table, read_tables, write_table

    if arguments.to not in TARGETS:
        raise ScreenError(f"--to: must be one of {', '.join(TARGETS)}, found {arguments.to}")
    target = TARGETS[arguments.to]
    folder = results.folder / "export"
    prepare_folder(folder)
    shards = results.shards(settings.simulate.shards)
    check_shards(settings, results)
    found = gather_responses(shards, read_table(results.scenarios, SCENARIOS))
    drugs = read_tables(settings.tables.drugs, DRUGS)
    handed = dose_points(found, read_aim(settings), arguments.readout, drugs)
    table = export_table(handed, arguments.to)
    path = folder / f"{arguments.to}{target.suffix}"
    inputs = (results.scenarios, *settings.tables.drugs, *shards)
    write_table(table, path, target.schema, provenance("export", inputs, readout=handed.readout))
    print(f"{path}: {table.height} rows of {handed.readout}; {target.reader}")
    return 0
