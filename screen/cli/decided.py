"""Which rankings the measurements decide: the screen beside one whose parameters come from the priors alone.

The other screen is made by `fit --prior`, `simulate` and `rank` with a results folder of its own.
Example: python -m screen decided --prior results-prior
"""

import argparse
from pathlib import Path

from screen.cli.options import Results, add_shared, read_shared, say
from screen.cli.plan import read_aim


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    add_shared(parser)
    parser.add_argument(
        "--prior", type=Path, default=Path("results-prior"), metavar="FOLDER",
        help="results of the screen by the priors alone (default: %(default)s)",
    )  # fmt: skip


def run(arguments: argparse.Namespace) -> int:
    """Write results/decided.tsv."""
    settings, results = read_shared(arguments, any_network=True)
    from screen.rank import DECIDED, find_decided, ranked_schema
    from screen.tables import read_table, write_table

    schema = ranked_schema(read_aim(settings))
    prior = read_table(Results(arguments.prior).ranked, schema)
    found = find_decided(read_table(results.ranked, schema), prior)
    write_table(found, results.folder / "decided.tsv", DECIDED)
    counts = dict(found["first_decided_by"].value_counts().iter_rows())
    said = ", ".join(f"{name} {counts.get(name, 0)}" for name in ("measurements", "prior", "open"))
    say(f"decided: first places of {found.height} rankings: {said}; {results.folder / 'decided.tsv'}")
    return 0
