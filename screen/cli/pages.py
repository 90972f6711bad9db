"""Write the pages of the documentation that follow from the network: maps of its modules, and its genes.

Example: python -m screen pages --maps docs/network --genes docs/genes.md
"""

import argparse
from pathlib import Path

from screen.cli.options import add_shared, prepare_folder, read_shared, say
from screen.errors import ScreenError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    add_shared(parser)
    parser.add_argument(
        "--maps", type=Path, metavar="FOLDER",
        help="draw every module into this folder and write the page FOLDER.md that shows them",
    )  # fmt: skip
    parser.add_argument(
        "--genes", type=Path, metavar="FILE", help="write the page of all genes and what carries them"
    )


def run(arguments: argparse.Namespace) -> int:
    """Write the pages that are asked for."""
    settings, _ = read_shared(arguments)
    folder, maps, genes = settings.network.folder, arguments.maps, arguments.genes
    if maps is None and genes is None:
        raise ScreenError("pages: --maps or --genes must be given, found neither")
    try:
        from screen.maps import genes_page, module_maps, write_maps
    except ModuleNotFoundError as error:
        raise ScreenError(
            f"pages: the package igraph must be installed, found that {error.name} is not; `make env`"
        ) from error
    from screen.network import compose_network, read_genes, read_sbml
    from screen.tables import write_text_atomic

    text = compose_network(folder)
    if maps is not None:
        prepare_folder(maps)
        say(f"pages: maps in {write_maps(module_maps(text, folder), maps)}")
    if genes is not None:
        network = read_sbml(text)
        known = {*network.species, *network.parameters, *network.observables}
        prepare_folder(genes.parent)
        write_text_atomic(genes, genes_page(read_genes(folder, known)))
        say(f"pages: genes in {genes}")
    return 0
