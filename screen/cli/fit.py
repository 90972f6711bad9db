"""Fit the parameters to the PEtab problem and draw an ensemble of them.

A fit that was cut off goes on where it stood.
Example: python -m screen fit --threads 2
         python -m screen fit --petab Boehm/Boehm.yaml    (its own model; in results/Boehm/fit)
"""

import argparse
from pathlib import Path

from screen.cli.integration import read_integration
from screen.cli.options import add_shared, add_threads, prepare_folder, say
from screen.cli.problem import add_petab, read_results


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    add_shared(parser)
    add_threads(parser)
    parser.add_argument(
        "--prior", action="store_true", help="no fit: draws from the priors alone, to see what data add"
    )
    problem = parser.add_mutually_exclusive_group()
    problem.add_argument(
        "--problem", type=Path, default=None, metavar="FILE",
        help="PEtab problem of the network of the settings (default: `fit.problem` of the settings)",
    )  # fmt: skip
    add_petab(problem)


def run(arguments: argparse.Namespace) -> int:
    """Write results/fit: draws.parquet, scales.parquet, parameters.tsv, starts.tsv, summary.json and figures."""
    own = arguments.petab
    settings, results = read_results(arguments, own)
    prepare_folder(results.fit)
    from screen.fit import Plan, Schedule, run_fit, schedule_between_wide_bounds, write_prior_draws
    from screen.kernel import configure

    configure()
    wanted, seed = settings.fit, settings.seed
    if own is None:
        schedule = Schedule(wanted.starts, wanted.adam, wanted.polish, wanted.kicks, seed=seed)
    else:
        schedule = schedule_between_wide_bounds(**settings.petab.model_dump(), seed=seed)
    plan = Plan(
        problem=own or arguments.problem or wanted.problem,
        sbml=results.network if own is None else None,
        network=settings.network.folder / "parameters.tsv" if own is None else None,
        schedule=schedule,
        solver=read_integration(settings, settings.simulate.engine, arguments.threads),
        draws=wanted.draws,
        draw_steps=wanted.draw_steps,
        seed=seed,
    )
    if arguments.prior:
        write_prior_draws(plan, results.fit)
        say(f"fit: {plan.draws} draws from the priors in {results.fitted}")
        return 0
    found = run_fit(plan, results.fit, say)
    say(f"fit: chi2 {found['chi2']:.1f} over {found['measurements']} measurements; draws in {results.fitted}")
    return 0
