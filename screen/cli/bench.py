"""The panel, the network and the tables that commands on the panel need, read and checked against each other."""

from typing import TYPE_CHECKING

from screen.cli.drugs import read_drugs
from screen.cli.options import say
from screen.settings import Settings

if TYPE_CHECKING:
    from screen.panel import Fact, PanelTables


def read_bench(settings: Settings, wanted: list[str], stage: str) -> tuple["PanelTables", tuple["Fact", ...]]:
    """The tables, and the facts named, all where none is; facts whose modules are left out are said and dropped."""
    from screen.kernel import load_model
    from screen.network import compose_network, read_sbml
    from screen.panel import PanelTables, check_panel, choose_facts, facts_within, read_panel
    from screen.scenarios import read_context_tables

    tables, folder = settings.tables, settings.network.folder
    contexts = read_context_tables(tables.contexts, tables.hypotheses)
    drugs = read_drugs(settings)
    model = load_model(compose_network(folder, settings.network.chosen))
    whole = model if settings.network.chosen is None else read_sbml(compose_network(folder))
    facts = choose_facts(read_panel(settings.panel.table), wanted)
    names = whole.parameters, (*whole.observables, *whole.species)
    check_panel(facts, contexts, drugs, *names, settings.panel.table.name)
    if settings.network.chosen is not None:
        kept = facts_within(facts, contexts, drugs, model.parameters, (*model.observables, *model.species))
        say(f"{stage}: {len(facts) - len(kept)} of {len(facts)} facts need modules that are left out")
        facts = kept
    return PanelTables(model, contexts, drugs, tuple(whole.parameters)), facts
