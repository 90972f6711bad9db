"""Profile likelihood of chosen parameters: does the data bound them, and how far.

Needs the results of `python -m screen fit`.
Example: python -m screen profile --parameter K_SOCS3 k_gp130_turnover
"""

import argparse

from screen.cli.options import add_count, add_shared, add_threads, say
from screen.cli.problem import add_petab, read_problem


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    add_shared(parser)
    add_threads(parser)
    add_petab(parser)
    parser.add_argument(
        "--parameter", nargs="+", default=[], metavar="NAME",
        help="parameters to move (default: those that the fit narrowed most, no scales)",
    )  # fmt: skip
    add_count(parser, "--most", 6, "how many where none are named")


def run(arguments: argparse.Namespace) -> int:
    """Write results/fit: profiles.tsv, identified.tsv and profiles.svg."""
    _, results, problem, solver = read_problem(arguments, arguments.petab)
    from screen.fit import FITTED, draw_profiles, most_narrowed, read_best
    from screen.judge import IDENTIFIED, PROFILE_RISE, PROFILES, ProfilePlan, identify, profile
    from screen.tables import read_table, write_table

    path = results.fit / "parameters.tsv"
    fitted = read_table(path, FITTED)
    if arguments.petab is None:
        fitted = fitted.filter(fitted["parameter"].is_in(problem.model.parameters))
    names = arguments.parameter or most_narrowed(fitted, arguments.most)
    table = profile(problem, solver, read_best(problem, path), ProfilePlan(names), say)
    found = identify(table)
    write_table(table, results.fit / "profiles.tsv", PROFILES)
    write_table(found, results.fit / "identified.tsv", IDENTIFIED)
    draw_profiles(table, found, PROFILE_RISE, results.fit / "profiles.svg")
    for row in found.iter_rows(named=True):
        ends = ["open" if row[end] is None else format(row[end], ".3g") for end in ("low", "high")]
        say(f"profile: {row['parameter']} {row['verdict']}, 95 % interval {ends[0]} to {ends[1]}")
    return 0
