"""Join the Antimony modules and their parameters into SBML: the whole network, and those that contexts ask for.

Example: python -m screen network
         python -m screen network --only stat3-without-m07
"""

import argparse
from collections.abc import Iterable
from typing import TYPE_CHECKING

from screen.cli.options import add_shared, prepare_folder, read_shared, say
from screen.settings import Settings

if TYPE_CHECKING:
    from screen.network import Network
    from screen.scenarios import ContextTables


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    add_shared(parser)
    parser.add_argument(
        "--only", metavar="NAME",
        help="only this one: stat3 is whole, stat3-without-m07-m12 lacks two modules",
    )  # fmt: skip


def run(arguments: argparse.Namespace) -> int:
    """Write results/network/stat3.xml, and one file for each set of modules that contexts leave out."""
    settings, results = read_shared(arguments, any_network=True)
    prepare_folder(results.network.parent)
    from screen.network import left_out_of, network_name, read_sbml
    from screen.tables import write_text_atomic

    for left_out in [left_out_of(arguments.only)] if arguments.only else wanted_networks(settings):
        text = write_network(settings, left_out)
        network = read_sbml(text)
        path = results.network_named(network_name(left_out))
        write_text_atomic(path, text)
        say(
            f"network: {len(network.species)} states, {len(network.reactions)} reactions, "
            f"{len(network.parameters)} parameters in {path}"
        )
    return 0


def write_network(settings: Settings, left_out: tuple[str, ...] = ()) -> str:
    """The SBML text of the network of the settings without some modules.

    NetworkError, TableError; ScenarioError: a target that says where it acts in a network of modules, or the other way.
    """
    from screen.errors import ScenarioError
    from screen.network import compose_without, sbml_text, with_drugs
    from screen.scenarios import read_targets

    wanted, targets = settings.network, read_targets(settings.tables.targets).values()
    if wanted.sbml is None:
        placed = [target.name for target in targets if target.site is not None]
        if placed:
            must = "`acts_on` must be empty without `network.sbml`: modules say where a target acts"
            raise ScenarioError(f"targets, {placed[0]}: {must}, found it given")
        return compose_without(wanted.folder, wanted.chosen, left_out)
    if left_out:
        raise ScenarioError(
            f"contexts: `module` must be of the modules, found {left_out[0]} with `network.sbml`"
        )
    lost = [target.name for target in targets if target.site is None]
    if lost:
        raise ScenarioError(f"targets, {lost[0]}: `acts_on` must be given with `network.sbml`, found nothing")
    return with_drugs(sbml_text(wanted.sbml), [target.site for target in targets if target.site is not None])


def read_without(settings: Settings, without: Iterable[str]) -> "Network":
    """The network of the settings without some modules, as formulas."""
    from screen.network import compose_without, read_sbml

    return read_sbml(compose_without(settings.network.folder, settings.network.chosen, tuple(without)))


def wanted_networks(settings: Settings) -> list[tuple[str, ...]]:
    """The sets of modules to leave out that the settings mean: none, and those of the contexts screened.

    ScenarioError: a module that is not there or is part of every network.
    """
    from screen.scenarios import read_context_tables, smaller_networks

    tables = read_context_tables(settings.tables.contexts, settings.tables.hypotheses)
    return sorted({(), *smaller_networks(cells_of(settings, tables).contexts.values())})


def is_sliced(settings: Settings) -> bool:
    """Whether cells are run on what moves and matters in them; another network is run whole."""
    return settings.simulate.slices and settings.network.sbml is None


def cells_of(settings: Settings, contexts: "ContextTables") -> "ContextTables":
    """The contexts that the settings screen. ScenarioError: one that is not there, or leaves out what cannot be."""
    from screen.network import removable
    from screen.scenarios import check_left_out, screened

    chosen = screened(contexts, settings.scenarios.contexts)
    check_left_out(chosen, () if settings.network.sbml else removable(settings.network.folder))
    return chosen
