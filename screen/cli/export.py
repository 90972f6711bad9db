"""Hand the model, or the doses and effects of a screen, to other tools.

    sbml            the network with identifiers of UniProt, HGNC and ChEBI and terms of the Systems Biology Ontology
    petab           the calibration in plain PEtab v1, with the network
    sedml           one arm of the screen in SED-ML, with the network: rest, treatment, stimulus, read-outs
    combine         all of these in one COMBINE archive
    synergyfinder   treated/vehicle in one read-out, its median over draws, in the columns that the tool documents;
    gdr, thunor     so too; they need the results of a screen
    anndata         all read-outs at every dose as an .h5ad file: what was given is obs, medians X, 5 and 95 % layers

Example: python -m screen export --to sbml
"""

import argparse

from screen.cli.identity import check_shards
from screen.cli.options import Results, add_shared, prepare_folder, read_shared, refuse_own_network, say
from screen.cli.plan import read_aim
from screen.cli.rounds import all_shards, read_race
from screen.cli.standards import ARCHIVE, SHIPPED_ARM, STANDARDS, WITH_ARM, Wanted
from screen.errors import ScreenError
from screen.settings import Settings

MATRIX = "anndata"
"""The tool that takes all read-outs at once."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    add_shared(parser)
    parser.add_argument("--to", required=True, metavar="TOOL", help="one of those above")
    parser.add_argument(
        "--arm", default=None, metavar="SCENARIO",
        help=f"which arm, as the table of scenarios names it (default: {SHIPPED_ARM}); sedml, combine",
    )  # fmt: skip
    parser.add_argument(
        "--readout", default=None, metavar="NAME",
        help="which read-out of the doses and effects (default: the first that is ranked); synergyfinder, gdr, thunor",
    )  # fmt: skip


def run(arguments: argparse.Namespace) -> int:
    """Write it into results/export, an archive into results, and say where it lies."""
    settings, results = read_shared(arguments, any_network=True)
    from screen.rank import TARGETS

    known = (*STANDARDS, *TARGETS, MATRIX)
    if arguments.to not in known:
        raise ScreenError(f"--to: must be one of {', '.join(known)}, found {arguments.to}")
    for option, given, takers in (
        ("--arm", arguments.arm, WITH_ARM),
        ("--readout", arguments.readout, tuple(TARGETS)),
    ):
        if given is not None and arguments.to not in takers:
            must = f"must be left out for {arguments.to} (it is for {', '.join(takers)})"
            raise ScreenError(f"{option}: {must}, found {given}")
    if arguments.to not in STANDARDS:
        _write_effects(arguments, settings, results)
        return 0
    refuse_own_network(settings)
    folder = results.folder if arguments.to == ARCHIVE else results.export / arguments.to
    prepare_folder(folder)
    print(STANDARDS[arguments.to](Wanted(settings, folder, arguments.arm or SHIPPED_ARM)))
    return 0


def _write_effects(arguments: argparse.Namespace, settings: Settings, results: Results) -> None:
    """The doses and effects of a screen, as <tool>.csv, .tsv or .h5ad."""
    from screen.rank import (
        TARGETS,
        annotate_effects,
        dose_points,
        export_table,
        gather_responses,
        write_annotated,
    )
    from screen.scenarios import DRUGS
    from screen.tables import SCENARIOS, provenance, read_table, read_tables, write_table

    prepare_folder(results.export)
    shards = all_shards(settings, results)
    check_shards(settings, results)
    scenarios = read_table(results.scenarios, SCENARIOS)
    found = gather_responses(shards, scenarios, read_race(settings, results))
    drugs = read_tables(settings.tables.drugs, DRUGS)
    inputs = (results.scenarios, *settings.tables.drugs, *shards)
    if arguments.to == MATRIX:
        matrix = annotate_effects(found, read_aim(settings), drugs)
        path = results.export / f"{MATRIX}.h5ad"
        write_annotated(matrix, path, provenance("export", inputs))
        print(
            f"{path}: {matrix.given.height} rows of {len(matrix.readouts)} read-outs; Python: anndata.read_h5ad"
        )
        return
    target = TARGETS[arguments.to]
    handed = dose_points(found, read_aim(settings), arguments.readout, drugs)
    table = export_table(handed, arguments.to)
    path = results.export / f"{arguments.to}{target.suffix}"
    write_table(table, path, target.schema, provenance("export", inputs, readout=handed.readout))
    print(f"{path}: {table.height} rows of {handed.readout}; {target.reader}")
    triples = sum(map(len, handed.triples.values()))
    if triples and target.no_triples:
        say(f"export: {triples} points of three drugs are not in it: {target.no_triples}")
