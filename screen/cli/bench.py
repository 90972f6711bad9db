"""What commands that run arms need: networks, tables and the panel, checked against each other; and the draws."""

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from screen.cli.drugs import read_drugs
from screen.cli.options import Results, say
from screen.settings import Settings

if TYPE_CHECKING:
    import polars as pl

    from screen.kernel import Model
    from screen.network import Network
    from screen.panel import Fact, PanelTables
    from screen.scenarios import ContextTables, DrugTables


def read_bench(settings: Settings, wanted: list[str], stage: str) -> tuple["PanelTables", tuple["Fact", ...]]:
    """The tables, and the facts named, all where none is; facts whose modules are left out are said and dropped."""
    from screen.panel import PanelTables, check_panel, choose_facts, facts_within, read_panel
    from screen.scenarios import read_context_tables

    tables = settings.tables
    contexts = read_context_tables(tables.contexts, tables.hypotheses)
    drugs = read_drugs(settings)
    model, whole = read_networks(settings, ())
    facts = choose_facts(read_panel(settings.panel.table), wanted)
    names = whole.parameters, (*whole.observables, *whole.species)
    check_panel(facts, contexts, drugs, *names, settings.panel.table.name)
    if settings.network.chosen is not None:
        kept = facts_within(facts, contexts, drugs, model.parameters, (*model.observables, *model.species))
        say(f"{stage}: {len(facts) - len(kept)} of {len(facts)} facts need modules that are left out")
        facts = kept
    return PanelTables(model, contexts, drugs, tuple(whole.parameters)), facts


def read_networks(settings: Settings, without: Iterable[str]) -> "tuple[Model, Model | Network]":
    """The network of the settings without some modules, to run, and the whole one."""
    from screen.kernel import load_model
    from screen.network import compose_network, compose_without, read_sbml

    folder, chosen, absent = settings.network.folder, settings.network.chosen, tuple(without)
    model = load_model(compose_without(folder, chosen, absent))
    return model, model if chosen is None and not absent else read_sbml(compose_network(folder))


def panel_tables(
    settings: Settings, contexts: "ContextTables", drugs: "DrugTables", without: Iterable[str]
) -> "PanelTables":
    """The tables for arms on the network of the settings without some modules."""
    from screen.panel import PanelTables

    model, whole = read_networks(settings, without)
    return PanelTables(model, contexts, drugs, tuple(whole.parameters))


def add_draws(parser: argparse.ArgumentParser) -> None:
    """Options that say under which draws."""
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--draws", type=Path, default=None, metavar="FILE",
        help="parameter draws (default: those of the results, else the shipped ensemble)",
    )  # fmt: skip
    source.add_argument(
        "--nominal", action="store_true", help="one draw: the parameters as the tables have them"
    )


def choose_draws(arguments: argparse.Namespace, settings: Settings, results: Results) -> Path | None:
    """The file named, else the draws of this results folder where there are any, else the shipped ensemble; said."""
    if arguments.nominal:
        say(f"{arguments.command}: nominal parameters")
        return None
    found: Path = arguments.draws or (results.draws if results.draws.exists() else settings.panel.ensemble)
    say(f"{arguments.command}: draws of {found}")
    return found


def read_ensemble(draws: Path, settings: Settings, models: "Iterable[Model]") -> "pl.DataFrame":
    """DRAWS of a file, which must fit the networks."""
    from screen.network import check_draws, read_parameters
    from screen.tables import DRAWS, read_table

    ensemble = read_table(draws, DRAWS)
    table = read_parameters(settings.network.folder / "parameters.tsv")
    for model in models:
        check_draws(ensemble, table, model.parameters, draws.name)
    return ensemble


def first_draws(draws: "pl.DataFrame", most: int) -> "pl.DataFrame":
    """DRAWS of the lowest numbers, whatever they begin with."""
    import polars as pl

    return draws.filter(pl.col("draw").is_in(draws["draw"].unique().sort()[:most].implode()))
