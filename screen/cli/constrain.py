"""Hold the draws of the fit to the published facts of the panel, each moved as little as makes them hold.

Which facts count is `panel.constrain`. A run that was cut off goes on where it stood. With `fit.draws_from: shipped`
the first shipped draws, fitted and held before, are taken as they are.
Example: python -m screen constrain --threads 2
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from screen.cli.bench import first_draws, read_bench
from screen.cli.drugs import read_drugs
from screen.cli.integration import read_integration
from screen.cli.memory import give_back_freed
from screen.cli.options import Results, add_shared, add_threads, prepare_folder, read_shared, say
from screen.errors import ScreenError
from screen.settings import Settings

if TYPE_CHECKING:
    import polars as pl


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    add_shared(parser)
    add_threads(parser)
    parser.add_argument(
        "--without", nargs="+", default=[], metavar="ID",
        help="facts that do not count, such as V01 V02, to see what the others say of them; starts afresh",
    )  # fmt: skip
    parser.add_argument(
        "--afresh", action="store_true", help="do not look at the shipped ensemble for where a draw may end"
    )


def run(arguments: argparse.Namespace) -> int:
    """Write results/constrain: draws.parquet, summary.json and, of a fit, scales.parquet."""
    settings, results = read_shared(arguments, any_network=True)
    prepare_folder(results.constrain)
    source = settings.fit.draws_from
    if source != "measurements":
        if arguments.without or arguments.afresh:
            raise ScreenError(
                f"fit.draws_from: must be measurements for --without and --afresh, found {source}"
            )
        return _take_shipped(settings, results) if source == "shipped" else _take_nominal(settings, results)
    import polars as pl

    from screen.constrain import Fitted, Plan, run_constrain
    from screen.kernel import choose_engine, configure
    from screen.network import read_parameters
    from screen.tables import DRAWS, provenance, read_table

    give_back_freed()
    configure()
    tables, known = read_bench(settings, [], "constrain")
    unknown = set(arguments.without) - {fact.id for fact in known}
    if unknown:
        raise ScreenError(f"--without: must be of the panel, found {min(unknown)}")
    facts = [
        fact for fact in known if fact.tier in settings.panel.constrain and fact.id not in arguments.without
    ]
    engine, reason = choose_engine(settings.simulate.engine, [tables.model])
    say(f"constrain: engine {engine}: {reason}")
    ensemble = settings.panel.ensemble
    shipped = (ensemble, ensemble.with_suffix(".scales.parquet"))
    afresh = arguments.afresh or arguments.without
    guess = [] if afresh else [path for path in shipped if path.is_file()]
    plan = Plan(
        checks=[check for fact in facts for check in fact.checks],
        tables=tables,
        integration=read_integration(settings, engine, arguments.threads),
        problem=settings.fit.problem,
        sbml=results.network,
        network=read_parameters(settings.network.folder / "parameters.tsv"),
        steps=settings.panel.steps,
        seed=settings.seed,
    )
    inputs = [
        results.network, results.fitted, results.scales, settings.panel.table, settings.fit.problem,
        *settings.lane_tables(), *guess,
    ]  # fmt: skip
    found = run_constrain(
        plan,
        Fitted(read_table(results.fitted, DRAWS), read_table(results.scales, DRAWS)),
        pl.concat(read_table(path, DRAWS) for path in guess) if guess else None,
        results.constrain,
        provenance("constrain", inputs, engine=engine, without=sorted(arguments.without)),
        say,
    )
    say(f"constrain: {found['met']:.1%} of {found['demands']} demands met; draws in {results.draws}")
    return 0


def _take_shipped(settings: Settings, results: Results) -> int:
    """The first draws of the shipped ensemble, as the draws of this run."""
    from screen.tables import DRAWS, provenance, read_table, write_table

    ensemble = settings.panel.ensemble
    draws = read_table(ensemble, DRAWS)
    if settings.network.sbml:
        draws = _of_network(draws, results, ensemble)
    first = first_draws(draws, settings.fit.draws)
    kept = first["draw"].n_unique()
    left_out = f"the fit: draws are the first {kept} of {draws['draw'].n_unique()} in {ensemble.name}"
    facts = provenance("constrain", [ensemble], left_out=[left_out])
    write_table(first, results.draws, DRAWS, facts)
    return _held_to_nothing(results, kept, left_out)


def _of_network(draws: "pl.DataFrame", results: Results, ensemble: Path) -> "pl.DataFrame":
    """What draws of a PEtab problem say of the network, without noise and scales of its measurements."""
    from screen.network import drawn_of, read_sbml

    known = drawn_of(draws, read_sbml(results.network).parameters, str(ensemble))
    others = draws.filter(~known)["parameter"].unique().sort()
    if len(others):
        say(f"constrain: passed over, since the network has none of these: {', '.join(others)}")
    return draws.filter(known)


def _take_nominal(settings: Settings, results: Results) -> int:
    """One draw: the values of the network, and of drugs as they were measured."""
    import math

    import polars as pl

    from screen.experiments import residual_name
    from screen.network import read_sbml
    from screen.tables import DRAWS, provenance, write_table

    network = read_sbml(results.network)
    known = [pair for pair in zip(network.parameters, network.values, strict=True) if math.isfinite(pair[1])]
    known += [(residual_name(name), 1.0) for name in read_drugs(settings).drugs]
    draws = pl.DataFrame([(0, *pair) for pair in known], schema=DRAWS.dtypes(), orient="row")
    left_out = "the spread of parameters: one draw, the values of the network"
    write_table(
        draws,
        results.draws,
        DRAWS,
        provenance("constrain", [results.network, *settings.lane_tables()], left_out=[left_out]),
    )
    return _held_to_nothing(results, 1, left_out)


def _held_to_nothing(results: Results, draws: int, left_out: str) -> int:
    from screen.files import json_text
    from screen.tables import write_text_atomic

    summary = {"draws": draws, "demands": 0, "met": 1.0}
    write_text_atomic(results.held, json_text(summary))
    say(f"constrain: left out: {left_out}")
    return 0
