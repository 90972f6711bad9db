"""Say what there is: a cell's switches, a drug's targets at a dose, the targets, the observables.

Example: python -m screen describe cell hepg2
Example: python -m screen describe drug ruxolitinib --dose 100
Example: python -m screen describe targets
Example: python -m screen describe observables --all
"""

import argparse
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from screen.cli.drugs import read_drugs
from screen.cli.options import add_shared, refuse_own_network, tell
from screen.errors import ScreenError, printable
from screen.settings import Settings, load_settings

if TYPE_CHECKING:
    from screen.scenarios import Context, ContextTables, DrugTables

INPUT = "input"
"""Mark of a parameter that a cell, a scenario or a hypothesis sets: a switch."""

NOT_OF_A_CELL = ("_dose", "load_", "_washout")
"""Parts of names of parameters that say what is given, not what the cell is."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    add_shared(parser)
    parser.add_argument("what", choices=TABLES, help="what to describe")
    parser.add_argument("name", nargs="?", default=None, help="which cell or drug; without it: their names")
    parser.add_argument(
        "--dose", type=float, default=1000.0, metavar="NM",
        help="free concentration of a drug [nM] (default: %(default)g)",
    )  # fmt: skip
    parser.add_argument(
        "--all", action="store_true", help="also what no table describes, and switches left as they are"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print a table."""
    settings = load_settings(arguments.config)
    refuse_own_network(settings)
    if not 0 <= arguments.dose < float("inf"):
        raise ScreenError(f"--dose: must be a finite number of at least 0 nM, found {arguments.dose:g}")
    if arguments.name is not None and arguments.what not in ("cell", "drug"):
        raise ScreenError(f"describe {arguments.what}: must be without a name, found {arguments.name}")
    TABLES[arguments.what](settings, arguments)
    return 0


def _cell(settings: Settings, arguments: argparse.Namespace) -> None:
    """What a context sets and what it leaves, with defaults and sources."""
    from screen.network import read_parameters
    from screen.scenarios import read_context_tables

    tables = read_context_tables(settings.tables.contexts, settings.tables.hypotheses)
    if arguments.name is None:
        _print(
            [("cell", "organism", "stimulus")], [_summary(context) for context in tables.contexts.values()]
        )
        return
    context = tables.contexts.get(arguments.name)
    if context is None:
        raise ScreenError(
            f"describe cell: must be one of {', '.join(tables.contexts)}, found {arguments.name}"
        )
    known = {
        row["parameter"]: row
        for row in read_parameters(settings.network.folder / "parameters.tsv").iter_rows(named=True)
    }
    _head(context, tables, read_drugs(settings))
    header = [("set", "value", "unit", "sd", "default", "meaning", "source")]
    _print(header, [
        (s.parameter, f"{s.value:g}", s.unit or "", f"{s.sd:g}" if s.sd else "exact",
         f"{known[s.parameter]['value']:g}" if s.parameter in known else "",
         known[s.parameter]["description"] if s.parameter in known else "", s.source or "")
        for s in (*context.totals, *context.stimulus)
    ])  # fmt: skip
    said = {setting.parameter for setting in (*context.totals, *context.stimulus)}
    if arguments.all:
        tell()
        _print([("left as it is", "value", "unit", "meaning", "what sets it")], [
            (name, f"{row['value']:g}", row["unit"], row["description"], row["source"])
            for name, row in known.items()
            if row["mark"] == INPUT and name not in said and not any(part in name for part in NOT_OF_A_CELL)
        ])  # fmt: skip
    else:
        tell("\n--all lists the switches that it leaves as they are")


def _summary(context: "Context") -> tuple[str, str, str]:
    doses = ", ".join(f"{s.parameter} {s.value:g} {s.unit or ''}".strip() for s in context.stimulus)
    return context.name, context.organism, doses or "none"


def _head(context: "Context", tables: "ContextTables", drugs: "DrugTables") -> None:
    from screen.scenarios import carried, wild_type_constants

    tell(
        f"{context.name}: {context.organism}, drug {context.preincubation_minutes:g} min before the stimulus"
    )
    if context.left_out:
        tell(f"modules left out: {', '.join(context.left_out)}")
    if variants := carried(context, drugs):
        tell(f"variants carried: {', '.join(f'{name} at {at}' for at, name in variants.items())}")
    for line in wild_type_constants([context], drugs):
        tell(line)
    for name, weight in context.hypotheses.items():
        tell(f"hypothesis {name} of {tables.options[name].switch}, weight {weight:g}")
    tell()


def _drug(settings: Settings, arguments: argparse.Namespace) -> None:
    """Where a drug acts at a dose, by which measurement."""
    import polars as pl

    from screen.experiments import cell_constant, loads
    from screen.scenarios import AFFINITIES
    from screen.tables import read_tables

    tables = read_drugs(settings)
    if arguments.name is None:
        _print([("drug", "class", "mode", "screened")], [
            (drug.name, drug.drug_class, drug.mode, "yes" if drug.screened else "no") for drug in tables.drugs.values()
        ])  # fmt: skip
        return
    drug = tables.drugs.get(arguments.name)
    if drug is None:
        raise ScreenError(f"describe drug: must be one of {', '.join(tables.drugs)}, found {arguments.name}")
    tell(
        f"{drug.name}: {drug.drug_class}, {drug.mode}, binds the protein of {drug.species} species. {drug.notes}"
    )
    if not drug.screened:
        tell("not screened")
    load = loads({drug.name: arguments.dose}, tables)
    in_cells: dict[str, float] = {}
    if tables.potency is not None:
        in_cells = dict(
            zip(tables.targets, tables.potency.middle([drug.name])[0, : len(tables.targets)], strict=True)
        )
    measured = read_tables(settings.tables.affinities, AFFINITIES).filter(
        pl.col("used") & (pl.col("drug") == drug.name)
    )
    tell(f"at {arguments.dose:g} nM free:\n")
    rows = []
    for row in measured.sort(pl.col("target").replace_strict(load, default=0.0), descending=True).iter_rows(
        named=True
    ):
        target = tables.targets[row["target"]]
        value = row["value_nM"] if row["relation"] == "=" else math.inf
        constant = in_cells.get(target.name, cell_constant(value, row["atp"], target.atp_shift))
        bound = constant < math.inf
        rows.append((
            target.name, row["gene"], f"{row['type']} {row['relation']} {row['value_nM']:g} nM",
            f"{constant:.3g} nM" if bound else "", f"{1 / (1 + load[target.name]):.3g}" if bound else "1",
            row["citation"],
        ))  # fmt: skip
    _print([("target", "gene", "measured", "in the cell", "activity left", "citation")], rows)


def _targets(settings: Settings, arguments: argparse.Namespace) -> None:
    """Places of the network where drugs act."""
    from screen.scenarios import read_drug_tables

    tables = read_drug_tables(settings.tables.drugs, settings.tables.affinities, settings.tables.targets)
    hit = {name: {b.drug for b in tables.bindings if b.target == name} for name in tables.targets}
    _print([("target", "genes", "ATP shift", "drugs that bind")], [
        (target.name, ", ".join(target.genes), f"{target.atp_shift:g}", str(len(hit[target.name])))
        for target in tables.targets.values()
    ])  # fmt: skip


def _observables(settings: Settings, arguments: argparse.Namespace) -> None:
    """What a read-out can be taken of."""
    from screen.network import compose_network, read_observables

    folder = settings.network.folder
    table = read_observables(folder, compose_network(folder))
    rows = [
        (name, unit, description or "")
        for name, unit, description in table.iter_rows()
        if description or arguments.all
    ]
    _print([("observable", "unit", "meaning")], rows)


TABLES = {"cell": _cell, "drug": _drug, "targets": _targets, "observables": _observables}
"""What can be described -> what prints it."""


def _print(header: Sequence[Sequence[str]], rows: Sequence[Sequence[str]]) -> None:
    lines = [[printable(cell) for cell in line] for line in (*header, *rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(header[0]))]
    for line in lines:
        tell("  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip())
