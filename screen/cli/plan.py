"""From settings to the plan of a screen: the tables that describe it and its scenarios."""

from typing import TYPE_CHECKING, NamedTuple

from screen.cli.drugs import read_drugs
from screen.cli.network import cells_of, is_sliced, write_network
from screen.cli.rounds import count_draws
from screen.errors import ScenarioError, SettingsError
from screen.settings import PairsAmong, Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import polars as pl

    from screen.network import Network
    from screen.rank import Aim, DoseBasis
    from screen.scenarios import ContextTables, Counts, DrugTables


class ScreenInputs(NamedTuple):
    """What a screen is made of."""

    contexts: "ContextTables"
    drugs: "DrugTables"
    scenarios: "pl.DataFrame"
    draws: int
    counts: "Counts"


def read_plan(settings: Settings) -> ScreenInputs:
    """Read and check the tables, lay out the scenarios and count what they cost."""
    from screen.scenarios import Request, count_trajectories, plan_scenarios, read_context_tables

    tables, wanted = settings.tables, settings.scenarios
    contexts = read_context_tables(tables.contexts, tables.hypotheses)
    drugs = read_drugs(settings)
    scenarios = plan_scenarios(
        contexts,
        drugs,
        Request(
            doses_nM=wanted.doses_nM,
            drugs=wanted.drugs,
            pairs=_pairs(settings, drugs),
            pair_doses_nM=wanted.pair_doses_nM,
            own_pair_doses_nM=wanted.own_pair_doses_nM,
            pair_layout=wanted.pair_layout,
            triples=[(first, second, third) for first, second, third in wanted.triples],
            contexts=wanted.contexts,
            switches=wanted.hypotheses,
            genetic=read_genetic(settings),
        ),
    )
    cells = cells_of(settings, contexts).contexts.values()
    early = [cell for cell in cells if cell.preincubation_minutes > 0]
    if settings.network.start == "initial" and early:
        raise ScenarioError(
            f"contexts, {early[0].name}: preincubation_min must be 0 where `network.start` is the initial state, "
            f"found {early[0].preincubation_minutes:g}"
        )
    _check_own(settings)
    draws = count_draws(settings)
    return ScreenInputs(contexts, drugs, scenarios, draws, count_trajectories(scenarios, draws))


def _check_own(settings: Settings) -> None:
    """Another network has what its lanes begin with. SettingsError: no rest; ScreenError: no draws of it."""
    wanted, drawn = settings.network, settings.fit.draws_from == "shipped"
    if wanted.sbml is None or not (drawn or wanted.start == "rest"):
        return
    from screen.network import drawn_of
    from screen.tables import DRAWS, read_table

    network, ensemble = _network(settings), settings.panel.ensemble
    timed = network.timed() if wanted.start == "rest" else ()
    if timed:
        must = "must be initial for a network that time itself changes, which has no rest"
        raise SettingsError(f"network.start: {must}, found rest and {timed[0]} of {wanted.sbml.name}")
    if drawn:
        drawn_of(read_table(ensemble, DRAWS), network.parameters, str(ensemble))


def _network(settings: Settings) -> "Network":
    """The network of the settings, before a stage has written it."""
    from screen.network import read_sbml

    return read_sbml(write_network(settings))


def read_genetic(settings: Settings) -> list[str]:
    """The genetic changes that the settings name, every number in the unit of what it sets.

    ScenarioError: what says none.
    """
    wanted = settings.scenarios.genetic
    if not wanted or settings.network.sbml is not None:
        return list(wanted)
    from screen.network import read_parameters
    from screen.scenarios import genetic_problems, without_units

    table = read_parameters(settings.network.folder / "parameters.tsv")
    units = dict(table.select("parameter", "unit").iter_rows())
    if problems := genetic_problems(wanted, units):
        raise ScenarioError(problems)
    return [without_units(text, units) for text in wanted]


def _pairs(settings: Settings, drugs: "DrugTables") -> list[tuple[str, str]]:
    """The pairs that are listed, or that there are among drugs."""
    from screen.scenarios import pairs_among

    wanted = settings.scenarios
    pairs = PairsAmong() if wanted.pairs == "all" else wanted.pairs
    if not isinstance(pairs, PairsAmong):
        return [(first, second) for first, second in pairs]
    screened = drugs.screened() if wanted.drugs == "all" else wanted.drugs
    among = screened if pairs.among == "all" else pairs.among
    return pairs_among(drugs.of_classes(among, pairs.of_classes), drugs, pairs.classes)


def idle_pairs(settings: Settings, drugs: "DrugTables") -> list[str]:
    """That pairs were asked for and there are none."""
    if isinstance(settings.scenarios.pairs, list) or _pairs(settings, drugs):
        return []
    return ["scenarios.pairs: should come to at least one pair, found no two such drugs among those screened"]


def read_bases(settings: Settings) -> "list[DoseBasis]":
    """The dose bases that the settings name."""
    from screen.rank import DoseBasis

    return [DoseBasis(basis.kind, basis.value) for basis in settings.rank.dose_bases]


def read_aim(settings: Settings) -> "Aim":
    """What the settings want ranked."""
    from screen.rank import Aim

    wanted = settings.rank
    read = dict.fromkeys(readout.observable for readout in settings.readouts)
    others = [name for name in read if name != wanted.observable]
    side = others if wanted.side is None else wanted.side
    return Aim(settings.readouts, wanted.observable, wanted.goal, tuple(side), wanted.floor)


def read_rankable_plan(settings: Settings) -> ScreenInputs:
    """The plan, when all that ranking reads besides is sound.

    RankError where the responses to it could not be ranked as the settings want; TableError, ScenarioError.
    """
    from screen.rank import check_request
    from screen.scenarios import read_discrepancy

    plan = read_plan(settings)
    check_hypotheses(settings, plan)
    _check_genetic(settings, plan)
    check_request(plan.scenarios, read_aim(settings), read_bases(settings), settings.rank.sets)
    if settings.rank.discrepancy:
        read_discrepancy(settings.rank.discrepancy, settings.rank.observable)
    return plan


def check_hypotheses(settings: Settings, plan: ScreenInputs) -> None:
    """ScenarioError where a reading of contested biology sets a parameter to what it cannot be."""
    from screen.network import read_parameters
    from screen.scenarios import check_options

    folder = settings.network.folder
    table = read_parameters(folder / "parameters.tsv") if settings.network.sbml is None else None
    check_options(plan.contexts, table)


def check_cells(settings: Settings, plan: ScreenInputs, network_of: "Callable[[str], Network]") -> None:
    """ScenarioError where the network of a cell lacks a target of the drugs, or the cell, under a reading that it is
    run under, has a read-out or a rate without a value.
    """
    from screen.scenarios import check_taken_away, lacking_loads

    given = {name for which in "abc" for name in plan.scenarios[f"drug_{which}"].drop_nulls().unique()}
    networks = {
        network.digest: network for network in map(network_of, plan.scenarios["context"].unique().sort())
    }
    lacking = dict.fromkeys(
        problem
        for network in networks.values()
        for problem in lacking_loads(given, plan.drugs, network.parameters)
    )
    if lacking:
        raise ScenarioError(lacking)
    runs = plan.scenarios.select("context", "hypothesis").unique(maintain_order=True)
    cells: dict[str, list[str]] = {}
    for context, hypothesis in runs.iter_rows():
        cells.setdefault(context, []).append(hypothesis)
    read = [readout.observable for readout in settings.readouts]
    check_taken_away(plan.contexts, cells, network_of, read, is_sliced(settings))


def _check_genetic(settings: Settings, plan: ScreenInputs) -> None:
    """As `check_genetic_changes`, before there is a network."""
    if not settings.scenarios.genetic:
        return
    check_genetic_changes(settings, plan, [_network(settings)])


def check_genetic_changes(settings: Settings, plan: ScreenInputs, networks: "Sequence[Network]") -> None:
    """ScenarioError where a genetic change does not fit the cells, the networks or what is ranked or read."""
    from screen.network.algebra import free_symbols
    from screen.scenarios import Genotype, check_genetic, lost_values

    ranked = settings.rank.observable
    has_it = (network for network in networks if ranked in network.readable)
    counted = frozenset[str]().union(*(free_symbols(network.formula(ranked)) for network in has_it))
    parameters = {name for network in networks for name in network.parameters}
    contexts = [plan.contexts.contexts[name] for name in plan.scenarios["context"].unique().sort()]
    stimuli = {setting.parameter for context in contexts for setting in context.stimulus}
    read = dict.fromkeys(readout.observable for readout in settings.readouts)
    different = {network.digest: network for network in networks}.values()
    cells = [{setting.parameter: setting.value for setting in context.totals} for context in contexts]

    def lost(change: Genotype) -> list[str]:
        there = {name: value for name, value in change.values if value}
        every = (
            lost_values(network, read, cell, change, cell | there if is_sliced(settings) else None)
            for network in different
            for cell in cells
        )
        return sorted({what for found in every for what in found})

    check_genetic(read_genetic(settings), parameters, counted, lost, stimuli)
    problems = [
        f"scenarios.genetic: must be a share of what a cell has, found {text} of 0 in {', '.join(none)}; write its "
        "value"
        for text, none in void_shares(settings, plan, networks).items()
        if len(none) == len(contexts)
    ]
    if problems:
        raise ScenarioError(problems)


def void_shares(
    settings: Settings, plan: ScreenInputs, networks: "Sequence[Network]"
) -> dict[str, list[str]]:
    """The cells in which each share of a genetic change is of what is 0, whatever reading they are run under."""
    from screen.scenarios import hypothesis_settings, parse_genotype, shares_of_nothing

    usual = {
        name: value for each in networks for name, value in zip(each.parameters, each.values, strict=True)
    }
    runs = plan.scenarios.select("context", "hypothesis").unique().sort("context", "hypothesis")
    changes = [parse_genotype(text)[0] for text in read_genetic(settings)]
    void: dict[str, set[str]] = {}
    for context, label in runs.iter_rows():
        totals = {each.parameter: each.value for each in plan.contexts.contexts[context].totals}
        own = usual | totals | hypothesis_settings(plan.contexts.options, label)
        found = {text for change in changes for text in shares_of_nothing(own, change)}
        void[context] = void.get(context, found) & found
    every = sorted(set().union(*void.values()))
    return {text: [context for context, found in void.items() if text in found] for text in every}
