"""Write the report: tables and figures in one HTML file.

Example: python -m screen report
"""

import argparse

from screen.cli.options import add_shared, prepare_folder, read_shared


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    add_shared(parser)


def run(arguments: argparse.Namespace) -> int:
    """Write results/report.html."""
    settings, results = read_shared(arguments)
    prepare_folder(results.folder)
    raise NotImplementedError
