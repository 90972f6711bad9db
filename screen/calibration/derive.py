"""Keeps the calibration tables in line with the network, the contexts and the drugs.

`experiments.tsv` says in a line what was done: context, stimulus, drugs, blocked targets. From it follow
the PEtab conditions; from the network's parameter table follow the nominal values and priors of PEtab's
parameter table. Both files are kept in the repository, so that any PEtab tool can read the problem, and
`python -m screen.calibration` writes them anew after a change of the network or the drugs. Rows of
`parameters.tsv` that are not of the network but used by a measurement or an observable (scales, offsets)
and all bounds are left as they are; rows that are neither, such as what the network no longer has, go.
"""

import re
from collections.abc import Mapping, Set
from pathlib import Path

import numpy as np
import polars as pl

from screen.errors import FitError, ScenarioError
from screen.experiments import LOAD, Arm, cell_settings, loads
from screen.network import read_parameters
from screen.potency import read_potent_drugs
from screen.scenarios import ContextTables, DrugTables, carried, read_context_tables
from screen.tables import Column, Schema, read_table, write_text_atomic

BLOCKED_LOAD = 1000.0
"""Load at a target that an inhibitor without a name blocks: a thousandth is left, as in the panel (assumed)."""

START_SHARE = 0.5
"""Starts of the optimiser are drawn this share of a prior standard deviation around the nominal values."""

NAME = re.compile(r"\b[A-Za-z_]\w*")
"""A name in a formula or in a list of parameters."""

BOUND = 4.0
"""Bounds of a new row lie this many prior standard deviations from the nominal value."""

EXPERIMENTS = Schema(
    "experiments",
    (
        Column("conditionId", pl.String, "identifier of the PEtab condition"),
        Column("conditionName", pl.String, "the condition in words"),
        Column("context", pl.String, "cell, of contexts.tsv; its totals hold, its own stimulus does not"),
        Column("hypothesis", pl.String, "label of the contested biology, of hypotheses.tsv, or default"),
        Column(
            "stimulus", pl.String, "network parameters set, name=value, separated by blanks", nullable=True
        ),
        Column("drugs", pl.String, "drug=free concentration [nM], separated by blanks", nullable=True),
        Column("blocked", pl.String, "targets blocked by an inhibitor without a name", nullable=True),
        Column("mark", pl.String, "origin of what the condition assumes", choices=("read", "assumed")),
        Column("source", pl.String, "what was read and what was assumed"),
    ),
    key=("conditionId",),
)


def derive_conditions(
    experiments: pl.DataFrame,
    contexts: ContextTables,
    drugs: DrugTables,
    network: Mapping[str, float],
) -> pl.DataFrame:
    """PEtab condition table of the experiments; `network` has the default of every network parameter.

    A parameter that any condition sets is a column; the others keep its default. FitError: a name that
    is not in its table.
    """
    settings, problems = [], []
    for row in experiments.iter_rows(named=True):
        try:
            settings.append(_settings(row, contexts, drugs))
        except (KeyError, ValueError, ScenarioError) as problem:
            problems.append(
                f"experiments.tsv, {row['conditionId']}: must name what is there, found {problem}"
            )
    names = list(dict.fromkeys(name for setting in settings for name in setting))
    problems += [
        f"experiments.tsv: must set parameters of the network, found {n}" for n in names if n not in network
    ]
    if problems:
        raise FitError(problems)
    columns = {
        name: [_number(setting.get(name, network[name])) for setting in settings]
        for name in names
        if any(setting.get(name, network[name]) != network[name] for setting in settings)
    }
    return experiments.select("conditionId", "conditionName").with_columns(
        pl.Series(name, values, pl.String) for name, values in columns.items()
    )


def _settings(row: Mapping, contexts: ContextTables, drugs: DrugTables) -> dict[str, float]:
    context, doses = contexts.contexts[row["context"]], _pairs(row["drugs"])
    if unknown := [name for name in doses if name not in drugs.drugs]:
        raise KeyError(unknown[0])
    total = loads(doses, drugs, organism=context.organism, variants=carried(context, drugs))
    for target in (row["blocked"] or "").split():
        total[target] += BLOCKED_LOAD
    setting = cell_settings(Arm(row["context"], row["hypothesis"]), contexts) | _pairs(row["stimulus"])
    return setting | {f"{LOAD}{target}": load for target, load in total.items() if load > 0}


def _pairs(text: str | None) -> dict[str, float]:
    return {name: float(value) for name, value in (part.split("=") for part in (text or "").split())}


def _number(value: float) -> str:
    return format(value, ".6g")


def names_used(observables: pl.DataFrame, measurements: pl.DataFrame) -> frozenset[str]:
    """What the formulas of a PEtab problem name and what its measurements fill into them.

    Names are looked for, not parsed: a formula that is none is for whoever reads the problem to refuse.
    """
    columns = [
        frame[name]
        for frame, names in (
            (observables, ("observableFormula", "noiseFormula")),
            (measurements, ("observableParameters", "noiseParameters")),
        )
        for name in names
        if name in frame.columns
    ]
    return frozenset(
        name for column in columns for cell in column.drop_nulls() for name in NAME.findall(str(cell))
    )


def derive_parameters(
    network: pl.DataFrame, conditions: pl.DataFrame, old: pl.DataFrame, used: Set[str]
) -> pl.DataFrame:
    """PEtab parameter table: network parameters with a prior that no condition sets, then the rows of its own.

    `network` is the table of network parameters, `old` the parameter table as it is: its bounds are kept, and
    its rows that are not of the network where they are among what the problem uses (`names_used`).
    """
    bounds = {row["parameterId"]: (row["lowerBound"], row["upperBound"]) for row in old.iter_rows(named=True)}
    rows = [
        _parameter_row(row, bounds.get(row["parameter"]))
        for row in network.iter_rows(named=True)
        if row["prior"] != "fixed" and row["parameter"] not in conditions.columns
    ]
    own = old.filter(pl.col("parameterId").is_in(sorted(used - set(network["parameter"]))))
    return pl.concat([pl.DataFrame(rows, schema=old.schema), own])


def scaled_prior(row: Mapping) -> tuple[str, float, float, float]:
    """Scale, centre and both ends, on that scale, of the prior of a row of the network's parameter table."""
    is_log = row["prior"] == "log10_normal"
    centre, reach = (np.log10(row["value"]) if is_log else row["value"]), BOUND * row["prior_sd"]
    return "log10" if is_log else "lin", centre, centre - reach, centre + reach


def _parameter_row(row: Mapping, bounds: tuple[str, str] | None) -> dict[str, str]:
    (scale, centre, *ends), sd = scaled_prior(row), row["prior_sd"]
    low, high = (10**end if scale == "log10" else end for end in ends)
    if bounds is None or not float(bounds[0]) < row["value"] < float(bounds[1]):
        bounds = (_number(low), _number(high))
    return {
        "parameterId": row["parameter"],
        "parameterScale": scale,
        "lowerBound": bounds[0],
        "upperBound": bounds[1],
        "nominalValue": format(row["value"], ".15g"),
        "estimate": "1",
        "objectivePriorType": "parameterScaleNormal",
        "objectivePriorParameters": f"{centre:.10g};{sd:.10g}",
        "initializationPriorType": "parameterScaleNormal",
        "initializationPriorParameters": f"{centre:.10g};{START_SHARE * sd:.10g}",
    }


def derive_tables(config: Path) -> dict[Path, str]:
    """What `conditions.tsv` and `parameters.tsv` should hold, as text, from the tables of a config folder."""
    folder = config / "calibration"
    network = read_parameters(config / "network" / "parameters.tsv")
    conditions = derive_conditions(
        read_table(folder / "experiments.tsv", EXPERIMENTS),
        read_context_tables(config / "contexts.tsv", config / "hypotheses.tsv"),
        read_potent_drugs(
            config / "drugs.tsv", config / "affinities.tsv", config / "targets.tsv", config / "potency"
        ),
        dict(zip(network["parameter"], network["value"], strict=True)),
    )
    old, observables, measurements = (
        pl.read_csv(folder / f"{name}.tsv", separator="\t", infer_schema_length=0)
        for name in ("parameters", "observables", "measurements")
    )
    parameters = derive_parameters(network, conditions, old, names_used(observables, measurements))
    return {
        folder / "conditions.tsv": conditions.write_csv(separator="\t"),
        folder / "parameters.tsv": parameters.write_csv(separator="\t"),
    }


def find_stale(config: Path) -> list[str]:
    """One sentence for each calibration table that no longer follows from the other tables.

    Or for the list of experiments, where the tables that all follows from do not lie beside its folder.
    """
    if not (table := config / "network" / "parameters.tsv").exists():
        experiments = config / "calibration" / "experiments.tsv"
        return [
            f"{experiments}: must lie in a folder beside network/, contexts.tsv and drugs.tsv, from which the PEtab "
            f"tables follow, found no {table}; copy them too, or leave experiments.tsv out"
        ]
    cure = "`python -m screen.calibration` writes it anew"
    return [
        f"{path}: must follow from the network, contexts and drugs, found lines that do not; {cure}"
        for path, text in derive_tables(config).items()
        if not path.is_file() or path.read_text() != text
    ]


def write_calibration(config: Path) -> None:
    """Write `conditions.tsv` and `parameters.tsv` of a config folder anew."""
    for path, text in derive_tables(config).items():
        write_text_atomic(path, text)
