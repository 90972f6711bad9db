"""A cell of your own: write the rows of a context from a table of protein abundances.

The table has a column of gene symbols (of human genes) or UniProt accessions and one of numbers whose header says
the unit: copies (a cell), nM, ppm, TPM, RPKM, or log2_ratio to the cell it is like; a further column `sd` (of log10)
says how uncertain each is, else that is assumed from the unit. What the table lacks stays as in the cell it is like.

Instead of it, or with it, --courses names time courses of read-outs after the stimulus, without inhibitors: columns
readout, minutes, value (a signal in any unit), and, if you like, course and sd (of log10). A few totals are then set so
that the cell does under its stimulus what was measured, each with the spread that the courses leave it.
Example: python -m screen cell abundances.csv --name du145 --like breast_bt20 --stimulus IL6=25ng/mL
         python -m screen cell --courses egf.csv --name mine --like breast_mcf10a --stimulus EGF=100ng/mL@6.2kDa OSM=0
"""

import argparse
import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from screen.cli.bench import add_draws
from screen.cli.courses import add_course_options, set_totals
from screen.cli.network import is_sliced, read_without
from screen.cli.options import (
    add_shared,
    add_threads,
    check_words,
    name_it,
    refuse_own_network,
    say,
    tell,
    without,
)
from screen.errors import ScenarioError
from screen.settings import Settings, load_settings

if TYPE_CHECKING:
    from screen.scenarios import Abundances, Context, Mapped


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    add_shared(parser)
    add_threads(parser)
    parser.add_argument(
        "abundances", type=Path, nargs="?", default=None, metavar="FILE",
        help="table of abundances, .csv, .tsv or .xlsx; may be left out where there are --courses",
    )  # fmt: skip
    add_course_options(parser)
    add_draws(parser)
    parser.add_argument("--name", required=True, help="name of the new context")
    parser.add_argument(
        "--like", required=True, metavar="CONTEXT", help="the context that holds for the rest"
    )
    parser.add_argument(
        "--stimulus", nargs="+", default=[], metavar="LIGAND=DOSE",
        help="such as IL6=25ng/mL or EGF=100ng/mL@6.2kDa; IL6=0 takes one of the other cell away",
    )  # fmt: skip
    parser.add_argument(
        "--unit", default=None, help="which column of numbers is meant, where several could be"
    )
    parser.add_argument(
        "--cytosol", type=float, default=None, metavar="PL", help="volume of the cytosol [pL]"
    )
    parser.add_argument(
        "--to", type=Path, default=Path("my/contexts.tsv"), metavar="FILE",
        help="where the rows go, in place of older ones of that name (default: %(default)s)",
    )  # fmt: skip


def run(arguments: argparse.Namespace) -> int:
    """Write the rows and say what was used, what was not and what stays."""
    settings = load_settings(arguments.config)
    refuse_own_network(settings)
    import polars as pl

    from screen.archive import read_accessions
    from screen.files import restored
    from screen.network import read_parameters, read_totals
    from screen.scenarios import (
        CONTEXTS,
        Abundances,
        implausible,
        like_cell,
        map_abundances,
        read_abundances,
        read_context_tables,
    )
    from screen.tables import replace_rows

    check_words({"--name": arguments.name}, {})
    tables, to = settings.tables, arguments.to
    others = without(tables.contexts, to)
    known = read_context_tables([*others, *([to] if to.exists() else [])], tables.hypotheses).contexts
    theirs = read_context_tables(others, tables.hypotheses).contexts
    _check_names(arguments, known, theirs)
    parameters = read_parameters(settings.network.folder / "parameters.tsv")
    units = dict(parameters.select("parameter", "unit").iter_rows())
    own = [_stimulus(text, units) for text in arguments.stimulus]
    twice = [parameter for parameter, count in Counter(row[1] for row in own).items() if count > 1]
    if twice:
        raise ScenarioError(
            f"--stimulus: must give each ligand once, found {name.removesuffix('_dose')} again"
            for name in twice
        )
    own += [("total", "cytosol", arguments.cytosol, "pL")] if arguments.cytosol is not None else []
    if arguments.abundances:
        found = read_abundances(
            arguments.abundances, arguments.unit, read_accessions(settings.network.folder)
        )
    else:
        found = Abundances(
            pl.DataFrame(schema={"gene": pl.String, "value": pl.Float64, "sd": pl.Float64}), "nM", {}
        )
    mapped = map_abundances(
        found.frame,
        found.unit,
        like_cell(known[arguments.like], parameters, arguments.cytosol),
        read_totals(settings.network.folder, units),
        arguments.name,
    )
    if arguments.abundances and not mapped.used:
        raise ScenarioError(
            f"{arguments.abundances}: must hold a gene that {settings.network.folder}/totals.tsv names, found none"
        )
    _check_zeros(arguments, settings, known[arguments.like], mapped)
    given = [(arguments.name, *row, "input", "given with the command", None) for row in own]
    rows = pl.concat([mapped.rows, pl.DataFrame(given, schema=mapped.rows.schema, orient="row")])
    with restored(to):
        replace_rows(rows, to, CONTEXTS, "context")
        written = read_context_tables([*others, to], tables.hypotheses)
        if arguments.courses:
            set_here = set_totals(arguments, settings, written, units)
            rows = pl.concat([rows.filter(~pl.col("parameter").is_in(set_here["parameter"])), set_here])
            replace_rows(rows, to, CONTEXTS, "context")
            written = read_context_tables([*others, to], tables.hypotheses)
    mine = replace(written, contexts={arguments.name: written.contexts[arguments.name]}, options={})
    if arguments.abundances:
        _tell(arguments, found, mapped)
    for setting in mine.contexts[arguments.name].stimulus:
        say(f"cell: stimulus {setting.parameter} {setting.value:g} {setting.unit}")
    for line in implausible(mine, parameters):
        say(f"cell: warning: {line}")
    say(f"cell: {rows.height} rows in {to}{name_it('contexts', tables.contexts, to)}")
    return 0


def _check_names(
    arguments: argparse.Namespace, known: Mapping[str, object], theirs: Mapping[str, object]
) -> None:
    from screen.scenarios.contexts import value_rule

    problems = []
    if arguments.like not in known:
        problems.append(f"--like: must be a context ({', '.join(known)}), found {arguments.like}")
    if arguments.name in theirs:
        problems.append(f"--name: must be new, found {arguments.name} in a table of others")
    if arguments.name == arguments.like:
        problems.append(f"--name: must not be that of the cell it is like, found {arguments.name}")
    volume = arguments.cytosol
    if volume is not None and (not volume > 0 or value_rule("cytosol", volume)):
        problems.append(f"--cytosol: must be a volume in pL, found {arguments.cytosol:g}")
    if arguments.totals and arguments.courses is None:
        problems.append("--totals: must go with --courses, found none")
    if arguments.unit and arguments.abundances is None:
        problems.append("--unit: must go with a table of abundances, found none")
    if arguments.abundances is None and arguments.courses is None:
        problems.append("cell: must be given a table of abundances, --courses or both, found neither")
    if problems:
        raise ScenarioError(problems)


def _check_zeros(
    arguments: argparse.Namespace, settings: Settings, like: "Context", mapped: "Mapped"
) -> None:
    """ScenarioError where an abundance of 0 leaves a read-out or a rate of the network without a value."""
    from screen.scenarios import Genotype, lost_values

    totals = dict(mapped.rows.filter(kind="total").select("parameter", "value").iter_rows())
    zeros = [name for name, value in totals.items() if value == 0]
    if not zeros:
        return
    network, read = read_without(settings, like.left_out), [each.observable for each in settings.readouts]
    own = {each.parameter: each.value for each in like.totals} | totals
    problems = []
    for name in zeros:
        others = {other: value for other, value in own.items() if other != name}
        change = Genotype(((name, 0.0),))
        problems += [
            f"{arguments.abundances}: must leave every {what} to have none, such as 0/0, under {name}=0, of "
            f"{'+'.join(mapped.used[name])}"
            for what in lost_values(network, read, others, change, own if is_sliced(settings) else None)
        ]
    if problems:
        raise ScenarioError(problems)


def _stimulus(text: str, units: Mapping[str, str]) -> tuple[str, str, float, str]:
    """Kind, parameter, value and unit of `IL6=25ng/mL`; 0 needs no unit."""
    from screen.scenarios.contexts import value_rule
    from screen.tables import QUANTITY, in_standard_units

    found = re.fullmatch(r"(?P<ligand>\w+)=" + QUANTITY, text)
    if found is None:
        raise ScenarioError(f"--stimulus: must be such as IL6=25ng/mL, found {text}")
    parameter = f"{found['ligand']}_dose"
    if parameter not in units:
        ligands = ", ".join(name.removesuffix("_dose") for name in units if name.endswith("_dose"))
        raise ScenarioError(
            f"--stimulus: must be a ligand of the network ({ligands}), found {found['ligand']}"
        )
    given = float(found["value"])
    if math.isinf(given):
        raise ScenarioError(f"--stimulus: must be a finite dose, found {text}")
    value, unit = in_standard_units(given, found["unit"])
    if value == 0:
        unit = units[parameter]
    if in_standard_units(1.0, found["unit"])[1] == units[parameter] and (
        unit != units[parameter] or value_rule(parameter, value)
    ):
        raise ScenarioError(f"--stimulus: must be a number in {units[parameter]}, found {text}")
    if unit != units[parameter]:
        other = "ng/mL" if units[parameter] == "nM" else "nM"
        raise ScenarioError(
            f"--stimulus: must be in {units[parameter]}, or with the ligand's mass ({found['ligand']}=1{other}@20kDa), "
            f"found {text}"
        )
    return "stimulus", parameter, value, unit


def _tell(arguments: argparse.Namespace, found: "Abundances", mapped: "Mapped") -> None:
    """What was used, what could not be and why, and what stays."""
    import polars as pl

    totals = mapped.rows.filter(pl.col("kind") == "total")
    for row in totals.iter_rows(named=True):
        lacking = ", ".join(mapped.missing.get(row["parameter"], ()))
        tell(
            f"{row['parameter']} {row['value']:g} nM (sd of log10 {row['sd']:g}) from "
            f"{'+'.join(mapped.used[row['parameter']])}"
            + (f"; not in the table: {lacking}" if lacking else "")
        )
    for gene, reason in {**found.left_out, **mapped.unused}.items():
        tell(f"{gene} not used: {reason}")
    tell(f"as in {arguments.like}: {', '.join(mapped.kept) or 'no total'}")
