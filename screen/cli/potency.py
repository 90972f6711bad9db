"""Tell how potent every drug is at every target in cells, before and after its potencies in cells.

What drugs share is an input (config/potency/estimates.tsv), so that a new drug changes no other; --estimate finds it
anew from all drugs, --responses asks the network anew which load halves each read-out.
Example: python -m screen potency --leave-out results/potency_left_out.json
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from screen.cli.integration import read_integration
from screen.cli.options import (
    Results,
    add_count,
    add_shared,
    add_threads,
    prepare_folder,
    read_shared,
    say,
    say_as,
)
from screen.settings import Settings

if TYPE_CHECKING:
    from screen.potency import Tables

RESPONSE_DRAWS = 16
SWEEPS = 3000
LEFT_OUT_SWEEPS = 300

SCORED = {
    "JAK drugs": ("JAK",),
    "ALK, EGFR, MEK, RAF, mTOR, PI3K, AKT, SRC and FGFR drugs": (
        "ALK", "EGFR", "MEK", "RAF", "mTOR", "PI3K", "PI3K/mTOR", "AKT", "SRC/ABL", "FGFR",
    ),
}  # fmt: skip
"""Groups of drugs whose potencies in studies left out are scored, by class."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    add_shared(parser)
    add_threads(parser)
    parser.add_argument(
        "--responses",
        action="store_true",
        help="first ask the network for the loads at half effect (minutes)",
    )
    parser.add_argument(
        "--estimate", action="store_true", help="first estimate what drugs share from all of them (a minute)"
    )
    parser.add_argument(
        "--leave-out",
        type=Path,
        metavar="FILE",
        help="also foretell each study in cells from the others, as JSON",
    )
    add_count(parser, "--response-draws", RESPONSE_DRAWS, "draws of the network that --responses asks")


def run(arguments: argparse.Namespace) -> int:
    """Write results/potency.tsv and potency.svg."""
    settings, results = read_shared(arguments)
    prepare_folder(results.folder)
    from screen.potency import POTENCY, potency_table, read_estimates, read_potency_tables
    from screen.report import write_potency_figure
    from screen.scenarios import DRUGS, read_drug_tables
    from screen.tables import provenance, read_tables, write_table

    named, folder = settings.tables, settings.tables.potency
    read_drug_tables(named.drugs, named.affinities, named.targets)
    files = folder, named.drugs, named.affinities, named.targets
    tables = read_potency_tables(*files)
    if arguments.responses:
        _ask_network(settings, tables, arguments, results)
        tables = read_potency_tables(*files)
    if arguments.estimate:
        _estimate(settings, tables)
    estimates = read_estimates(folder / "estimates.tsv", tables)
    drugs = read_tables(named.drugs, DRUGS)
    table = potency_table(tables, estimates, tuple(drugs["drug"]), settings.seed)
    inputs = [folder, *named.drugs, *named.affinities, *named.targets]
    write_table(table, results.potency, POTENCY, provenance("potency", inputs, seed=settings.seed))
    write_potency_figure(table, results.potency.with_suffix(".svg"))
    say(f"potency: {table.height} constants of {table['drug'].n_unique()} drugs in {results.potency}")
    if arguments.leave_out:
        _leave_out(settings, tables, arguments.leave_out)
    return 0


def _ask_network(
    settings: Settings, tables: "Tables", arguments: argparse.Namespace, results: Results
) -> None:
    """Write config/potency/responses.tsv, around the constants as they are known now."""
    import polars as pl

    from screen.kernel import choose_engine, configure, load_model
    from screen.network import compose_network
    from screen.panel import PanelTables, find_responses
    from screen.potency import RESPONSES, draw_constants, read_estimates, read_potent_drugs
    from screen.scenarios import read_context_tables
    from screen.tables import DRAWS, provenance, read_table, write_table

    configure()
    named = settings.tables
    drugs = read_potent_drugs(named.drugs, named.affinities, named.targets, named.potency)
    contexts = read_context_tables(named.contexts, named.hypotheses)
    model = load_model(compose_network(settings.network.folder, None))
    source = results.draws if results.draws.exists() else settings.panel.ensemble
    draws = read_table(source, DRAWS).filter(pl.col("draw") < arguments.response_draws)
    estimates = read_estimates(named.potency / "estimates.tsv", tables)
    constants = draw_constants(tables, estimates, drugs.drugs, 200, settings.seed)
    engine, reason = choose_engine(settings.simulate.engine)
    say(f"potency: engine {engine}: {reason}")
    integration = read_integration(settings, engine, arguments.threads)
    network = PanelTables(model, contexts, drugs)
    frame, silent = find_responses(network, tables, constants, draws, integration, say_as("potency"))
    for line in silent:
        say(f"potency: {line}")
    facts = provenance("potency", [settings.network.folder, source, named.potency / "cell_potencies.tsv"])
    write_table(frame, named.potency / "responses.tsv", RESPONSES, facts)


def _estimate(settings: Settings, tables: "Tables") -> None:
    import polars as pl

    from screen.potency import ESTIMATES, estimate_distances, estimate_shared
    from screen.tables import provenance, write_table

    named, folder = settings.tables, settings.tables.potency
    shared = estimate_shared(tables, settings.seed, SWEEPS)
    distances = estimate_distances(tables, settings.seed, SWEEPS)
    frame = pl.concat([shared, distances])
    inputs = [*named.affinities, *named.targets, *named.drugs]
    inputs += [path for path in named.potency_files() if path.name != "estimates.tsv"]
    facts = provenance("potency", inputs, seed=settings.seed, sweeps=SWEEPS)
    write_table(frame, folder / "estimates.tsv", ESTIMATES, facts)
    say(f"potency: {frame.height} estimates in {folder / 'estimates.tsv'}")


def _leave_out(settings: Settings, tables: "Tables", path: Path) -> None:
    from screen.files import json_text
    from screen.potency import leave_studies_out
    from screen.scenarios import DRUGS
    from screen.tables import read_tables, write_text_atomic

    classes: dict[str, str] = dict(
        read_tables(settings.tables.drugs, DRUGS).select("drug", "class").iter_rows()
    )
    groups = [
        (name, frozenset(drug for drug, found in classes.items() if found in wanted))
        for name, wanted in SCORED.items()
    ]
    frame, errors = leave_studies_out(tables, groups, settings.seed, LEFT_OUT_SWEEPS, say)
    write_text_atomic(path, json_text({"errors": errors, "rows": frame.to_dicts()}))
    for name, found in errors.items():
        say(
            f"potency: {name}: median |error| of log10 IC50 {found['ic50']} over {found['rows']} rows "
            f"({found['ic50_read']} over the {found['read']} that were read), "
            f"of ratios {found['ratio']} over {found['ratios']}; {found['in_90']} of rows in 90 % intervals"
        )
