"""Hand the model, or the doses and effects of a screen, to other tools.

    sbml            the network with identifiers of UniProt, HGNC and ChEBI and terms of the Systems Biology Ontology
    petab           the calibration in plain PEtab v1, with the network
    sedml           one arm of the screen in SED-ML, with the network: rest, treatment, stimulus, read-outs
    combine         all of these in one COMBINE archive
    synergyfinder   treated/vehicle in one read-out, its median over draws, in the columns that the tool documents;
    gdr, thunor     so too; they need the results of a screen

Example: python -m screen export --to sbml
"""

import argparse

from screen.cli.identity import check_shards
from screen.cli.options import Results, add_shared, prepare_folder, read_shared
from screen.cli.plan import read_aim
from screen.cli.standards import ARCHIVE, SHIPPED_ARM, STANDARDS, Wanted
from screen.errors import ScreenError
from screen.settings import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    add_shared(parser)
    parser.add_argument("--to", required=True, metavar="TOOL", help="one of those above")
    parser.add_argument(
        "--arm", default=SHIPPED_ARM, metavar="SCENARIO",
        help="which arm, as the table of scenarios names it (default: %(default)s); sedml, combine",
    )  # fmt: skip
    parser.add_argument(
        "--readout", default=None, metavar="NAME",
        help="which read-out of the doses and effects (default: the first that is ranked)",
    )  # fmt: skip


def run(arguments: argparse.Namespace) -> int:
    """Write it into results/export, an archive into results, and say where it lies."""
    settings, results = read_shared(arguments)
    from screen.rank import TARGETS

    known = (*STANDARDS, *TARGETS)
    if arguments.to not in known:
        raise ScreenError(f"--to: must be one of {', '.join(known)}, found {arguments.to}")
    if arguments.to in TARGETS:
        _write_effects(arguments, settings, results)
        return 0
    folder = results.folder if arguments.to == ARCHIVE else results.export / arguments.to
    prepare_folder(folder)
    print(STANDARDS[arguments.to](Wanted(settings, folder, arguments.arm)))
    return 0


def _write_effects(arguments: argparse.Namespace, settings: Settings, results: Results) -> None:
    """The doses and effects of a screen, as <tool>.csv or .tsv."""
    from screen.rank import TARGETS, dose_points, export_table, gather_responses
    from screen.scenarios import DRUGS
    from screen.tables import SCENARIOS, provenance, read_table, read_tables, write_table

    target = TARGETS[arguments.to]
    prepare_folder(results.export)
    shards = results.shards(settings.simulate.shards)
    check_shards(settings, results)
    found = gather_responses(shards, read_table(results.scenarios, SCENARIOS))
    drugs = read_tables(settings.tables.drugs, DRUGS)
    handed = dose_points(found, read_aim(settings), arguments.readout, drugs)
    table = export_table(handed, arguments.to)
    path = results.export / f"{arguments.to}{target.suffix}"
    inputs = (results.scenarios, *settings.tables.drugs, *shards)
    write_table(table, path, target.schema, provenance("export", inputs, readout=handed.readout))
    print(f"{path}: {table.height} rows of {handed.readout}; {target.reader}")
