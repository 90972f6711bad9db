"""Compare the answers to open questions (switches of hypotheses.tsv) by how probable they make the measurements.

Each option is set in every experiment of the calibration and the parameters are fitted anew from the best fit.
Then every cell is simulated under each option with every drug: what parts them most is the experiment to do.
Needs the results of `python -m screen fit`.
Example: python -m screen compare-models --switch H_ALK
"""

import argparse
from typing import TYPE_CHECKING

from screen.cli.drugs import read_drugs
from screen.cli.integration import read_integration, screen_readouts
from screen.cli.options import Results, add_count, add_shared, add_threads, say, tell
from screen.cli.problem import read_problem
from screen.errors import ScreenError
from screen.settings import Settings

if TYPE_CHECKING:
    from screen.judge import Screen
    from screen.scenarios import ContextTables


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    add_shared(parser)
    add_threads(parser)
    parser.add_argument(
        "--switch", nargs="+", default=[], metavar="NAME", help="switches to compare (default: all)"
    )
    add_count(parser, "--steps", 30, "most Gauss-Newton steps under each option")
    add_count(parser, "--draws", 16, "parameter draws under which experiments are simulated")


def run(arguments: argparse.Namespace) -> int:
    """Write results/fit: evidence.tsv, facts.tsv, settling.tsv and models.json, which the report shows."""
    settings, results, problem, solver = read_problem(arguments)
    import polars as pl

    from screen.files import json_text
    from screen.fit import read_best
    from screen.judge import (
        EVIDENCE,
        FACTS,
        SETTLING,
        EvidencePlan,
        compare_options,
        describe_models,
        propose_experiments,
    )
    from screen.scenarios import read_context_tables, screened
    from screen.tables import write_table, write_text_atomic

    tables = read_context_tables(settings.tables.contexts, settings.tables.hypotheses)
    contexts = screened(tables, settings.scenarios.contexts)
    known = list(dict.fromkeys(option.switch for option in contexts.options.values()))
    unknown = [name for name in arguments.switch if name not in known]
    if unknown:
        raise ScreenError(f"--switch: must be of hypotheses.tsv ({', '.join(known)}), found {unknown[0]}")
    switches = arguments.switch or known
    options = {name: option for name, option in contexts.options.items() if option.switch in switches}
    best = read_best(problem, results.fit / "parameters.tsv")
    screen = _screen(settings, results, contexts, solver.engine, arguments)
    evidence, facts = compare_options(problem, solver, best, options, EvidencePlan(arguments.steps), say)
    settling = pl.concat(propose_experiments(screen, switch, report=say) for switch in switches)
    write_table(evidence, results.fit / "evidence.tsv", EVIDENCE)
    write_table(facts, results.fit / "facts.tsv", FACTS)
    write_table(settling, results.fit / "settling.tsv", SETTLING)
    said = describe_models(evidence, facts, settling)
    write_text_atomic(results.fit / "models.json", json_text(said))
    tell("\n\n".join("\n".join((switch, *lines)) for switch, lines in said.items()))
    return 0


def _screen(
    settings: Settings,
    results: Results,
    contexts: "ContextTables",
    engine: str,
    arguments: argparse.Namespace,
) -> "Screen":
    import polars as pl

    from screen.judge import Screen
    from screen.tables import DRAWS, read_table

    return Screen(
        contexts=contexts,
        drugs=read_drugs(settings),
        draws=read_table(results.draws, DRAWS).filter(pl.col("draw") < arguments.draws),
        seed=settings.seed,
        readouts=screen_readouts(settings),
        network=results.network_named,
        names=settings.scenarios.drugs,
        integration=read_integration(settings, engine, arguments.threads),
    )
