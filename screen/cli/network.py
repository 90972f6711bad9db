"""Join the Antimony modules and their parameters into one SBML file.

Example: python -m screen network
"""

import argparse

from screen.cli.options import add_shared, prepare_folder, read_shared, say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    add_shared(parser)


def run(arguments: argparse.Namespace) -> int:
    """Write results/network/stat3.xml."""
    settings, results = read_shared(arguments)
    prepare_folder(results.network.parent)
    from screen.network import compose_network, read_sbml
    from screen.tables import write_text_atomic

    modules = None if settings.network.modules == "all" else settings.network.modules
    text = compose_network(settings.network.folder, modules)
    network = read_sbml(text)
    write_text_atomic(results.network, text)
    say(
        f"network: {len(network.species)} states, {len(network.reactions)} reactions, "
        f"{len(network.parameters)} parameters in {results.network}"
    )
    return 0
