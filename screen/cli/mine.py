"""A screen of your own cells and drugs under the draws that are there: no fit, nothing but what the file names.

Runs network, scenarios, constrain, simulate, rank and report one after the other into a folder of its own (`results` of
the settings; results/<name of the file> where that is left out) and says whether a fit of your own would be worthwhile.
What is asked of that screen later (`export`, `decisive`) takes settings.json of the folder as --config.
Example: python -m screen mine --config mine.yaml
"""

import argparse
from pathlib import Path
from types import ModuleType

from screen.cli import constrain, network, race, rank, report, scenarios, simulate
from screen.cli.options import (
    Results,
    add_count,
    add_shared,
    add_threads,
    check_words,
    prepare_folder,
    results_folder,
    say,
)
from screen.cli.plan import read_rankable_plan
from screen.cli.rounds import is_raced
from screen.errors import SettingsError
from screen.settings import MOST_DRAWS, Settings, load_settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    add_shared(parser)
    add_threads(parser)
    add_count(parser, "--draws", 64, "parameter draws to simulate under, at most those that are there")


def run(arguments: argparse.Namespace) -> int:
    """Write the folder: ranked.csv, report.html and all between."""
    settings = load_settings(arguments.config)
    if arguments.draws > MOST_DRAWS:
        raise SettingsError(f"--draws: must be at most {MOST_DRAWS}, found {arguments.draws}")
    folder = results_folder(arguments, settings)
    if folder == Settings().results:
        folder = folder / arguments.config.stem
    check_words({}, {"folder of results": str(folder)})
    results = Results(folder)
    alone = settings.simulate.model_copy(update={"shards": 1})
    source = "nominal" if settings.fit.draws_from == "nominal" else "shipped"
    drawn = settings.fit.model_copy(update={"draws_from": source, "draws": arguments.draws})
    merged = settings.model_copy(update={"results": folder, "simulate": alone, "fit": drawn})
    read_rankable_plan(merged)
    prepare_folder(folder)
    from screen.tables import write_text_atomic

    config = folder / "settings.json"
    write_text_atomic(config, merged.model_dump_json(indent=1) + "\n")
    _stage(network, config)
    _stage(scenarios, config)
    _stage(constrain, config)
    threads = [] if arguments.threads is None else ["--threads", str(arguments.threads)]
    _stage(simulate, config, "--shard", "0", *threads)
    if is_raced(merged):
        _stage(race, config)
        _stage(simulate, config, "--shard", "1", *threads)
    _stage(rank, config)
    _stage(report, config)
    for reason in () if settings.network.sbml else _reasons_to_fit(settings, results):
        say(f"mine: a fit of your own would be worthwhile (`make screen` does one): {reason}")
    print(f"{results.ranked}\n{results.report}")
    return 0


def _stage(module: ModuleType, config: Path, *further: str) -> None:
    """Run a stage as its command would."""
    parser = argparse.ArgumentParser()
    module.add_arguments(parser)
    module.run(parser.parse_args(["--config", str(config), *further]))


def _reasons_to_fit(settings: Settings, results: Results) -> list[str]:
    """Why the draws are not those that a fit would now give."""
    from screen.network import read_parameters
    from screen.tables import DRAWS, digest_files, read_provenance, read_table

    reasons = []
    fitted = read_provenance(settings.panel.ensemble).get("inputs", {}).get(results.network.name)
    if fitted is not None and fitted != digest_files([results.network]):
        reasons.append("the network is not the one that the draws were fitted with")
    drawn = set(read_table(results.draws, DRAWS)["parameter"])
    table = read_parameters(settings.network.folder / "parameters.tsv")
    free = set(table.filter(table["prior"] != "fixed")["parameter"]) - drawn
    if free:
        some = ", ".join(sorted(free)[:5])
        reasons.append(
            f"{len(free)} parameters with a prior are not among the draws and stay as they are ({some})"
        )
    return reasons
