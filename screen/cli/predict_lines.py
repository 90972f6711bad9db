"""Predict inhibitors in cell lines of which only the course without them is known, beside what was measured.

For each breast line of the mass cytometry (Tognetti 2021) that is no context (43 of 46: draws have seen the others), a
few totals are set by its own course under EGF and by how the lines differ; then inhibitors of EGFR, MEK, PKC, PI3K and
mTOR are predicted. Writes lines.tsv and lines.json into `heldout` of the results. Needs the public data, found as
`import-data` finds them.
Example: python -m screen predict-lines --like breast_mcf10a
"""

import argparse
from pathlib import Path

from screen.cli.bench import add_draws, choose_draws, panel_tables
from screen.cli.courses import COURSE_DRAWS, read_few_draws
from screen.cli.drugs import read_drugs
from screen.cli.integration import read_integration
from screen.cli.options import (
    add_count,
    add_json,
    add_shared,
    add_threads,
    prepare_folder,
    read_shared,
    say,
    write_json,
)
from screen.errors import ScenarioError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    add_shared(parser)
    add_threads(parser)
    add_draws(parser)
    parser.add_argument("--data", type=Path, default=None, metavar="FOLDER", help="folder of the public data")
    parser.add_argument(
        "--like",
        default="breast_mcf10a",
        metavar="CONTEXT",
        help="the cell that lines are like (default: %(default)s)",
    )
    add_count(parser, "--course-draws", COURSE_DRAWS, "parameter draws that are used")
    add_json(parser, "the scores")


def run(arguments: argparse.Namespace) -> int:
    """Write the effects and the scores; a line for each inhibitor says how it went."""
    settings, results = read_shared(arguments)
    from screen.courses import StartCell, usual_totals
    from screen.experiments import Arm, Exposure
    from screen.fit import Log
    from screen.judge.lines import LINES, judge_lines
    from screen.kernel import choose_engine, configure
    from screen.scenarios import read_context_tables
    from screen.sources import BREAST_LINES, find_data, read_breast_lines
    from screen.tables import provenance, write_table

    configure()
    data = find_data(arguments.data or settings.fit.data)
    readings, lines = read_breast_lines(data), BREAST_LINES
    contexts = read_context_tables(settings.tables.contexts, settings.tables.hypotheses)
    if arguments.like not in contexts.contexts:
        raise ScenarioError(
            f"--like: must be a context ({', '.join(contexts.contexts)}), found {arguments.like}"
        )
    left_out = contexts.contexts[arguments.like].left_out
    tables = panel_tables(settings, contexts, read_drugs(settings), left_out)
    source = choose_draws(arguments, settings, results)
    draws = read_few_draws(arguments, settings, tables, source)
    engine, reason = choose_engine(settings.simulate.engine, [tables.model])
    say(f"predict-lines: engine {engine}: {reason}")
    arm = Arm(arguments.like, stimulus=Exposure(lines.stimulus), pretreatment=lines.inhibited_before)
    totals = usual_totals(tables, arguments.like)
    cell = StartCell(
        tables, arm, totals, lines.readouts, read_integration(settings, engine, arguments.threads)
    )
    log = Log(say, "predict-lines")
    table, scores = judge_lines(cell, readings, lines, draws, log)
    folder = results.folder / "heldout"
    prepare_folder(folder)
    inputs = [settings.network.folder, *settings.lane_tables(), *([source] if source else [])]
    facts = provenance("predict-lines", inputs, engine=engine, seed=settings.seed, like=arguments.like)
    write_table(table, folder / "lines.tsv", LINES, facts)
    write_json(scores, str(folder / "lines.json"))
    write_json(scores, arguments.json)
    for name, found in scores["groups"].items():
        say(f"predict-lines: {name}: {_sentence(found)}")
    return 0


def _sentence(found: dict) -> str:
    beyond = found["beyond_noise"]
    signs = f"; of {beyond} beyond noise {found['signs']:.2f} in direction" if beyond else ""
    return (
        f"{found['effects']} effects, rmse {found['rmse']:.3f} (no effect {found['no_effect']:.3f}, mean of the other "
        f"lines {found['others']:.3f}, totals not set {found['like']:.3f}){signs}"
    )
