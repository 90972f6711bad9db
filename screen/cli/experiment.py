"""Run experiments of your own: time courses of arms that a table describes, and what each makes of its reference.

An arm is a row: a cell, what differs in it, what it is given and when, what is read.

    arm,context,genotype,stimulus,treatment,pretreatment,reference,readout,minutes
    control,hepg2,,IL6_dose=10,,,,pY705_level,0-240
    ruxolitinib,hepg2,,IL6_dose=10,ruxolitinib=300,60,control,pY705_level,0-240
    wash-out,hepg2,,IL6_dose=10,ruxolitinib=300 until=60,60,control,pY705_level,0-240
    no JAK1,hepg2,JAK1_total=0,IL6_dose=10,,,control,pY705_level pSTAT1,0-240
    half of JAK1,hepg2,JAK1_total=50%,IL6_dose=10,,,control,pY705_level,0-240
    trametinib first,hepg2,,IL6_dose=10,trametinib=30 ruxolitinib=300:from=60,60,control,pY705_level,0-240
    twice a day,hepg2,,IL6_dose=10,ruxolitinib=300:from=0:every=720:half_life=180,,control,pY705_level,0-2880
    dose response,hepg2,,IL6_dose=10,"ruxolitinib=10,100,1000",60,control,pY705_level,20

context       a cell of contexts.tsv (`describe cell`); its stimulus only where `stimulus` says `context`
genotype      network parameters that differ from the start: 0 is a knock-out, less a knock-down, more
              overexpression (`describe cell hepg2 --all` has what they are there); 30% is a share of that;
              several by blanks
stimulus      network parameters set at minute 0, such as IL6_dose=10 (`describe cell NAME --all`)
treatment     drug=free nM (`describe drug`), load:MEK=1000 for an inhibitor without a name, or a network
              parameter; several by blanks; one series of doses by commas; `until=60` ends all of it then.
              Each may have its own times behind colons: `from=60` (minutes from the stimulus on; -30 is before
              it); `until=120`; `every=480` gives it again and again; `half_life=90` (what is left adds up).
              A pulse of the stimulus: IL6_dose=10:until=15. Doses and amounts may have units of their own:
              ruxolitinib=0.3uM, "ruxolitinib=10,100,1000nM", IL6_dose=1nM@21kDa
pretreatment  minutes of treatment before the stimulus; empty: as the cell has it
reference     the arm that this one is compared with
readout       observables (`describe observables`) or species, several by blanks
minutes       after the stimulus: 20, or 10 20 60, or a window 0-240
hypothesis    an answer to contested biology, of hypotheses.tsv; may be left out, as may empty columns

Tabs, commas or semicolons; .tsv, .csv, or .xlsx, of which the first sheet is read. Beside semicolons drug=1,5 is
refused, since it may be a decimal comma: 1.5, or 1.0,5.0 for two doses. Writes time_courses.csv,
contrasts.csv, dynamics.csv (when half of an effect is there, for how long, and a rebound) and time_courses.svg into
experiment/<name of the table> of the results, with 5, 50 and 95 % over the parameter draws.
Example: python -m screen experiment arms.csv
"""

import argparse
from functools import cache
from pathlib import Path

from screen.cli.bench import add_draws, choose_draws, panel_tables, read_ensemble
from screen.cli.drugs import read_drugs
from screen.cli.integration import read_integration
from screen.cli.network import read_without
from screen.cli.options import add_shared, add_threads, prepare_folder, read_shared, say, say_as, tell


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("arms", type=Path, metavar="ARMS", help="table of arms, .tsv, .csv or .xlsx")
    add_shared(parser)
    add_threads(parser)
    add_draws(parser)


def run(arguments: argparse.Namespace) -> int:
    """Write courses, contrasts, dynamics and the figure; print each contrast at the last of its times."""
    settings, results = read_shared(arguments)
    import polars as pl

    from screen.kernel import choose_engine, configure
    from screen.network import read_parameters
    from screen.panel import (
        CONTRASTS,
        DYNAMICS,
        TIME_COURSES,
        check_arms_fit,
        check_arms_run,
        check_completed,
        implausible_arms,
        left_out,
        read_arms,
        run_planned,
    )
    from screen.report import write_courses_figure
    from screen.scenarios import check_options, read_context_tables
    from screen.tables import NANOMOLAR, provenance, write_table

    configure()
    drugs = read_drugs(settings)
    parameters = read_parameters(settings.network.folder / "parameters.tsv")
    units = dict(parameters.select("parameter", "unit").iter_rows())
    planned = read_arms(arguments.arms, units | dict.fromkeys(drugs.drugs, NANOMOLAR))
    contexts = read_context_tables(settings.tables.contexts, settings.tables.hypotheses)
    check_options(contexts, parameters)
    tables = {
        without: panel_tables(settings, contexts, drugs, without)
        for without in sorted({left_out(wanted.arm, contexts) for each in planned for wanted in each.asked})
    }
    check_arms_fit(planned, tables)
    check_arms_run(planned, contexts, cache(lambda without: read_without(settings, without)))
    for line in implausible_arms(planned, contexts, parameters):
        say(f"experiment: warning: {line}")
    folder = results.experiment(arguments.arms)
    prepare_folder(folder)
    draws = choose_draws(arguments, settings, results)
    models = [there.model for there in tables.values()]
    ensemble = read_ensemble(draws, settings, models) if draws else None
    engine, reason = choose_engine(settings.simulate.engine, models)
    say(f"experiment: engine {engine}: {reason}")
    integration = read_integration(settings, engine, arguments.threads)
    ran = run_planned(planned, tables, integration, ensemble, settings.seed, say_as("experiment"))
    check_completed(planned, ran.courses)
    inputs = [arguments.arms, settings.network.folder, *settings.lane_tables(), *([draws] if draws else [])]
    facts = provenance("experiment", inputs, engine=engine, seed=settings.seed)
    write_table(ran.courses, folder / "time_courses.csv", TIME_COURSES, facts)
    write_table(ran.contrasts, folder / "contrasts.csv", CONTRASTS, facts)
    write_table(ran.dynamics, folder / "dynamics.csv", DYNAMICS, facts)
    if left := write_courses_figure(ran.courses, folder / "time_courses.svg"):
        say(f"experiment: time_courses.svg has no room for {left} of the courses; time_courses.csv has all")
    last = pl.col("minutes") == pl.col("minutes").max().over("arm", "readout")
    for row in ran.contrasts.filter(last).iter_rows(named=True):
        tell(_told(row))
    tell(f"{folder}: time_courses.csv, contrasts.csv, dynamics.csv, time_courses.svg")
    return 0


def _told(row: dict) -> str:
    """A contrast in a line."""
    low, middle, high = (row[f"ratio_{part}"] for part in ("p05", "p50", "p95"))
    dose = "" if row["dose"] is None else f" at {row['dose']:g}"
    found = (
        "no number" if middle is None else f"{middle:.3g} ({low:.3g} to {high:.3g}) times {row['reference']}"
    )
    lost = "" if row["status"] == "ok" else f"; {row['failed']} draws failed: {row['status']}"
    return f"{row['arm']}{dose}, {row['readout']} at {row['minutes']:g} min: {found}{lost}"
