"""Read every input without running anything: sizes, warnings and problems.

A warning names a value that is far from all others of its kind. Exit code 2 where there is a problem.
Example: python -m screen check --json
"""

import argparse
import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from screen.cli.drugs import read_drugs
from screen.cli.inputs import Inputs
from screen.cli.options import add_shared, read_shared, say
from screen.cli.plan import check_cells, idle_pairs, read_bases, read_genetic, read_rankable_plan, void_shares
from screen.errors import FitError, PanelError, ScenarioError, ScreenError, SettingsError
from screen.settings import Settings

if TYPE_CHECKING:
    import polars as pl

    from screen.network import Network
    from screen.scenarios import ContextTables

FAILED = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    add_shared(parser)
    parser.add_argument("--json", action="store_true", help="as JSON, for programs")


def run(arguments: argparse.Namespace) -> int:
    """Print sizes, then problems."""
    settings, _ = read_shared(arguments, any_network=True)
    sizes: dict[str, Any] = {}
    problems: list[str] = []
    warnings: list[str] = []
    inputs = Inputs(settings)
    of_modules = (_engine, _network, _observables, _genes, _screen, _potency, _panel, _labels, _calibration)
    for look in of_modules if settings.network.sbml is None else (_engine, _own_network, _screen, _labels):
        try:
            found = look(inputs)
            warnings += found.pop("warnings", [])
            sizes |= found
        except ScreenError as error:
            problems += error.problems
    problems = list(dict.fromkeys(problems))
    if arguments.json:
        print(json.dumps({"sizes": sizes, "warnings": warnings, "problems": problems}, indent=1))
        return FAILED if problems else 0
    width = max(map(len, sizes), default=0)
    for name, value in sizes.items():
        print(f"{name:<{width}}  {value}")
    for warning in warnings:
        say(f"screen: warning: {warning}")
    for problem in problems:
        print(f"screen: {problem}", file=sys.stderr)
    if not problems:
        print("no problem found")
    return FAILED if problems else 0


def _engine(inputs: Inputs) -> dict[str, Any]:
    """The engine is one there is."""
    from screen.kernel import choose_engine

    return {"engine": choose_engine(inputs.settings.simulate.engine)[0]}


def _network(inputs: Inputs) -> dict[str, Any]:
    """The network composes, its units fit, read-outs and contexts name what it has."""
    from screen.network import read_parameters, read_totals
    from screen.scenarios import check_contexts, implausible

    settings = inputs.settings
    network = inputs.screened
    table = read_parameters(settings.network.folder / "parameters.tsv")
    units = dict.fromkeys(network.parameters) | dict(zip(table["parameter"], table["unit"], strict=True))
    _check_readouts(settings, network)
    contexts = inputs.contexts
    check_contexts(contexts, units)
    inputs.check_cells()
    read_totals(settings.network.folder, units)
    marks = table["mark"].to_list()
    sourced = sum(mark in ("read", "measured") for mark in marks)
    return {
        "warnings": implausible(contexts, table) + _implausible_changes(settings, contexts, table),
        "networks": len(inputs.networks),
        "states": len(network.species),
        "reactions": len(network.reactions),
        "observables": len(network.observables),
        "parameters": table.height,
        "parameters with source": sourced,
        "parameters assumed or from memory": sum(mark in ("assumed", "memory") for mark in marks),
        "parameters set by context or convention": sum(mark in ("input", "fixed") for mark in marks),
    }


def _implausible_changes(settings: Settings, contexts: "ContextTables", table: "pl.DataFrame") -> list[str]:
    """What genetic interventions set that is out of reach in a screened cell."""
    from screen.scenarios import genotype_amounts, implausible_amounts, parse_genotype, screened

    cells = screened(contexts, settings.scenarios.contexts).contexts.values()
    changes = [parse_genotype(text)[0] for text in read_genetic(settings)]
    found = (
        each
        for change in changes
        for cell in cells
        for each in implausible_amounts(cell, genotype_amounts(cell, change, table), table)
    )
    return list(dict.fromkeys(f"scenarios.genetic: {each}" for each in found))


def _check_readouts(settings: Settings, network: "Network") -> None:
    unknown = [
        f"readouts: `{readout.id}` must read a species or one of {', '.join(network.observables)}, "
        f"found {readout.observable}"
        for readout in settings.readouts
        if readout.observable not in network.readable
    ]
    if unknown:
        raise SettingsError(unknown)


def _own_network(inputs: Inputs) -> dict[str, Any]:
    """Another network reads, drugs act on what it has, read-outs and contexts name what it has."""
    from screen.scenarios import check_contexts

    settings, contexts, network = inputs.settings, inputs.contexts, inputs.known
    _check_readouts(settings, network)
    check_contexts(contexts, dict.fromkeys(network.parameters))
    inputs.check_cells()
    return {
        "states": len(network.species),
        "reactions": len(network.reactions),
        "observables": len(network.observables),
        "parameters": len(network.parameters),
    }


def _observables(inputs: Inputs) -> dict[str, Any]:
    """What is described can be read out of the whole network."""
    from screen.network import read_observables

    read_observables(inputs.settings.network.folder, inputs.whole)
    return {}


def _genes(inputs: Inputs) -> dict[str, Any]:
    """What carries a gene, and what is annotated, is in the whole network."""
    from screen.archive import check_annotations
    from screen.network import read_genes

    folder, network = inputs.settings.network.folder, inputs.known
    known = {*network.species, *network.parameters, *network.observables}
    return {
        "genes": read_genes(folder, known).height,
        "species annotated": check_annotations(folder, network.species),
    }


def _screen(inputs: Inputs) -> dict[str, Any]:
    """The tables agree with each other and the scenarios can be laid out."""
    from screen.rank import find_cells, unranked_pairs
    from screen.scenarios import (
        AFFINITIES,
        DRUGS,
        implausible_affinities,
        implausible_exposures,
        parameter_names,
        wild_type_constants,
    )
    from screen.tables import read_placed

    settings = inputs.settings
    plan = read_rankable_plan(settings)
    frame, tables = plan.scenarios, settings.tables
    given = {name for which in "abc" for name in frame[f"drug_{which}"].drop_nulls().unique()}
    taken = parameter_names(sorted(given), plan.drugs, inputs.known.parameters)
    if taken:
        raise ScenarioError(taken)
    check_cells(settings, plan, lambda name: inputs.networks[plan.contexts.contexts[name].left_out])
    unranked = unranked_pairs(read_bases(settings), find_cells(frame))
    warnings = implausible_affinities(read_placed(tables.affinities, AFFINITIES))
    warnings += implausible_exposures(read_placed(tables.drugs, DRUGS))
    warnings += idle_pairs(settings, plan.drugs)
    warnings += wild_type_constants(plan.contexts.contexts.values(), plan.drugs)
    warnings += [
        f"scenarios.genetic: {text} should be a share of what the cell has, found 0 in {', '.join(none)}"
        for text, none in void_shares(settings, plan, [inputs.screened]).items()
    ]
    if unranked:
        warnings.append(
            f"{len(unranked)} pairs or triples stand on no dose basis and are not ranked, such as {unranked[0]}; "
            "responses.parquet and combinations.csv have them"
        )
    return {
        "warnings": warnings,
        "drugs": len(plan.drugs.drugs),
        "drugs screened": frame.filter(role="single")["intervention"].n_unique(),
        "affinities": plan.drugs.measurements,
        "affinities in use": len(plan.drugs.bindings),
        "pairs": frame.filter(role="pair")["intervention"].n_unique(),
        "triples": frame.filter(role="triple")["intervention"].n_unique(),
        "genetic changes": frame.filter(role="genetic")["intervention"].n_unique(),
        "contexts": frame["context"].n_unique(),
        "contexts with their hypotheses": frame.select("context", "hypothesis").n_unique(),
        "scenarios": plan.counts.scenarios,
        "draws": plan.draws,
        "trajectories": plan.counts.trajectories,
    }


def _potency(inputs: Inputs) -> dict[str, Any]:
    """The tables of potencies agree with those of drugs, cells and the network; constants of assays need not that."""
    from screen.panel import check_asked
    from screen.potency import CELL_POTENCIES, left_unsaid, read_estimates, read_potency_tables
    from screen.tables import read_placed

    tables, of_assays = inputs.settings.tables, inputs.settings.scenarios.constants == "assay"
    cells = read_placed(tables.potency / "cell_potencies.tsv", CELL_POTENCIES)
    try:
        found = read_potency_tables(tables.potency, tables.drugs, tables.affinities, tables.targets)
        estimates = read_estimates(tables.potency / "estimates.tsv", found)
        check_asked(cells, inputs.contexts.contexts, inputs.known)
    except (PanelError, ScenarioError) as error:
        if of_assays:
            return {"warnings": list(error.problems)}
        raise
    return {"warnings": [] if of_assays else left_unsaid(found, estimates)}


def _panel(inputs: Inputs) -> dict[str, Any]:
    """The published facts name what the whole network and the tables have."""
    from screen.panel import check_panel, read_panel

    table, network = inputs.settings.panel.table, inputs.known
    facts = read_panel(table)
    drugs = read_drugs(inputs.settings)
    check_panel(facts, inputs.contexts, drugs, network.parameters, network.readable, table.name)
    return {"facts": len(facts)}


def _labels(inputs: Inputs) -> dict[str, Any]:
    """The names and colours of the report."""
    from screen.report import read_labels

    if inputs.settings.report.labels:
        read_labels(inputs.settings.report.labels)
    return {}


def _calibration(inputs: Inputs) -> dict[str, Any]:
    """The PEtab problem is sound and follows from the other tables."""
    from screen.calibration import find_stale, read_petab

    settings = inputs.settings
    folder = settings.fit.problem.parent
    with TemporaryDirectory() as temporary:
        sbml = Path(temporary) / "network.xml"
        sbml.write_text(inputs.network)
        found = read_petab(settings.fit.problem, sbml)
    stale = find_stale(folder.parent) if (folder / "experiments.tsv").exists() else []
    if stale:
        raise FitError(stale)
    return {
        "measurements": len(found.measurements),
        "parameters estimated": int(found.parameters["estimate"].sum()),
    }
