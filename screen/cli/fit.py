"""Fit the parameters to the PEtab problem and draw an ensemble of them.

Example: python -m screen fit --threads 2
"""

import argparse

from screen.cli.options import add_shared, add_threads, prepare_folder, read_shared


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    add_shared(parser)
    add_threads(parser)


def run(arguments: argparse.Namespace) -> int:
    """Write results/fit: best fit, draws and figures."""
    settings, results = read_shared(arguments)
    prepare_folder(results.fit)
    raise NotImplementedError
