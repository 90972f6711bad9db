"""From readings to the tables of a PEtab problem: conditions, observables, measurements, parameters.

What was done becomes experiments, and these become conditions by the same rules as the shipped
calibration. A reading whose context, drug or parameter the configuration lacks is left out and counted, so
that a smaller network can still be fitted. PEtab v1 has neither Student's t, nor censored readings, nor
anything between a rest and a simulation: the further columns `degreesOfFreedom`, `censoring`,
`pretreatmentConditionId` and `pretreatmentTime`, which other tools pass over, say them.
"""

from collections import Counter
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import polars as pl

from screen.calibration import LAYOUT
from screen.calibration.derive import (
    EXPERIMENTS,
    START_SHARE,
    derive_conditions,
    derive_parameters,
    names_used,
)
from screen.calibration.formulas import names_in
from screen.errors import FitError
from screen.network import read_parameters
from screen.potency import read_potent_drugs
from screen.scenarios import ContextTables, DrugTables, read_context_tables
from screen.sources.readings import Condition, Imported, ObservedAs, Reading, Source
from screen.tables import read_table, write_text_atomic

SCALE_SD, OFFSET_SD = 1.0, 0.7
"""Prior sd of log10 of a scale and of an offset that the search has to find."""

WIDE = 1e6
"""How far the bounds of a scale, an offset or a sigma lie from what is expected."""

PARAMETER_COLUMNS = (
    "parameterId",
    "parameterScale",
    "lowerBound",
    "upperBound",
    "nominalValue",
    "estimate",
    "objectivePriorType",
    "objectivePriorParameters",
    "initializationPriorType",
    "initializationPriorParameters",
)

ORIGIN = "# Calibration problem in PEtab v1, written by `python -m screen import-data` from public data.\n"


@dataclass(frozen=True)
class Known:
    """What the configuration holds that a reading may name."""

    contexts: ContextTables
    drugs: DrugTables
    network: pl.DataFrame
    entities: frozenset[str]
    """Species, parameters and observables of the network."""


@dataclass(frozen=True)
class Tables:
    """A PEtab problem as tables, and what did not get into it: source -> reason -> readings."""

    experiments: pl.DataFrame
    conditions: pl.DataFrame
    observables: pl.DataFrame
    measurements: pl.DataFrame
    parameters: pl.DataFrame
    readings: tuple[Reading, ...]
    """One a row of the measurements; figures of the shipped calibration come after them."""
    left_out: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


def read_known(
    network: Path,
    contexts: Sequence[Path],
    hypotheses: Sequence[Path],
    drugs: tuple[Sequence[Path], Sequence[Path], Sequence[Path], Path],
    entities: frozenset[str],
) -> Known:
    """The configuration: table of network parameters, contexts, hypotheses; drugs, affinities, targets, potencies."""
    return Known(
        read_context_tables(contexts, hypotheses),
        read_potent_drugs(*drugs),
        read_parameters(network),
        entities,
    )


def assemble(
    found: Sequence[tuple[Source, Imported]], known: Known, literature: Path | None = None
) -> Tables:
    """The tables of a problem. FitError if nothing is left that the configuration knows.

    `literature` is the folder of the shipped calibration, whose figures join the readings unless one of the
    sources holds what they were taken from.
    """
    kept: list[Reading] = []
    left_out: dict[str, Mapping[str, int]] = {}
    observables = {each.name: each for source, _ in found for each in source.observables}
    citations: dict[str, Source] = {}
    for source, imported in found:
        gone = Counter(imported.left_out)
        for reading in imported.readings:
            missing = _missing(reading, observables[reading.observable], known)
            if missing:
                gone[f"{missing}: not in the configuration"] += 1
            else:
                kept.append(reading)
                for arm in reading.arm.stages():
                    citations.setdefault(arm.name, source)
        left_out[source.name] = dict(gone)
    if not kept:
        raise FitError(
            f"import-data: at least one reading must be usable, found none of {', '.join(left_out)}"
        )
    sources = [source for source, _ in found]
    shipped = _read_shipped(literature, sources, known) if literature else {}

    def joined(name: str, frame: pl.DataFrame) -> pl.DataFrame:
        return pl.concat([frame, shipped[name]], how="diagonal_relaxed") if shipped else frame

    experiments = joined("experiments", _experiments(kept, citations))
    defaults = dict(zip(known.network["parameter"], known.network["value"], strict=True))
    conditions = derive_conditions(experiments, known.contexts, known.drugs, defaults)
    observed = joined("observables", _observables(kept, observables))
    measurements = joined("measurements", _measurements(kept, observables))
    own = joined("parameters", _own_parameters(kept, observables, sources))
    return Tables(
        experiments,
        conditions,
        observed,
        measurements,
        derive_parameters(known.network, conditions, own, names_used(observed, measurements)),
        tuple(kept),
        left_out,
    )


def _read_shipped(folder: Path, sources: Sequence[Source], known: Known) -> dict[str, pl.DataFrame]:
    """The tables of the shipped calibration without what the sources hold themselves."""
    tables = {
        name: pl.read_csv(folder / f"{name}.tsv", separator="\t", infer_schema_length=0)
        for name in ("observables", "measurements", "parameters")
    }
    held = [start for source in sources for start in source.supersedes]
    citation = pl.col("citation").fill_null("")
    rows = tables["measurements"].filter(~pl.any_horizontal(*map(citation.str.starts_with, held)))
    own = ~pl.col("parameterId").is_in(known.network["parameter"].to_list())
    observables = tables["observables"].filter(pl.col("observableId").is_in(rows["observableId"].to_list()))
    named = names_used(observables, rows)
    conditions = {*rows["simulationConditionId"], *rows["preequilibrationConditionId"].drop_nulls()}
    return {
        "experiments": read_table(folder / "experiments.tsv", EXPERIMENTS).filter(
            pl.col("conditionId").is_in(conditions)
        ),
        "observables": observables,
        "measurements": rows.with_columns(pl.col("measurement", "time").cast(pl.Float64)),
        "parameters": tables["parameters"].filter(own & pl.col("parameterId").is_in(sorted(named))),
    }


def _missing(reading: Reading, observed: ObservedAs, known: Known) -> str | None:
    """The first name in a reading that the configuration lacks."""
    arm = reading.arm
    parameters = set(known.network["parameter"])
    names: list[tuple[str, Container[str]]] = [(arm.context, known.contexts.contexts)]
    names += [(name, parameters) for name, _ in arm.stimulus]
    names += [(name, known.drugs.drugs) for name, _ in arm.drugs]
    names += [(name, known.drugs.targets) for name in arm.blocked]
    names += [(name, known.entities) for name in names_in(observed.quantity)]
    return next((name for name, table in names if name not in table), None)


def _experiments(readings: Sequence[Reading], citations: Mapping[str, Source]) -> pl.DataFrame:
    arms = dict.fromkeys(
        replace(arm, inhibited_before=None) for each in readings for arm in each.arm.stages()
    )
    rows = [
        {
            "conditionId": arm.name,
            "conditionName": arm.words,
            "context": arm.context,
            "hypothesis": "default",
            "stimulus": _joined(arm.stimulus),
            "drugs": _joined(arm.drugs),
            "blocked": " ".join(arm.blocked) or None,
            "mark": "assumed",
            "source": f"{citations[arm.name].citation}; {citations[arm.name].assumed}",
        }
        for arm in arms
    ]
    return pl.DataFrame(rows, schema=EXPERIMENTS.dtypes())


def _joined(settings: Sequence[tuple[str, float]]) -> str | None:
    return " ".join(f"{name}={value:g}" for name, value in settings) or None


def _observables(readings: Sequence[Reading], observables: Mapping[str, ObservedAs]) -> pl.DataFrame:
    used = [observables[name] for name in dict.fromkeys(each.observable for each in readings)]
    rows = [
        {
            "observableId": each.name,
            "observableFormula": _formula(each),
            "noiseFormula": f"noiseParameter1_{each.name}",
            "observableTransformation": each.transformation,
            "noiseDistribution": "normal",
            "degreesOfFreedom": each.degrees,
        }
        for each in used
    ]
    return pl.DataFrame(rows, schema_overrides={"degreesOfFreedom": pl.Float64})


def _formula(each: ObservedAs) -> str:
    if not each.scaled:
        return each.quantity
    return f"observableParameter1_{each.name}*({each.quantity}) + observableParameter2_{each.name}"


def _measurements(readings: Sequence[Reading], observables: Mapping[str, ObservedAs]) -> pl.DataFrame:
    rows = [
        {
            "observableId": each.observable,
            "preequilibrationConditionId": each.arm.at_rest().name,
            **_pretreatment(each.arm),
            "simulationConditionId": each.arm.name,
            "measurement": each.value,
            "time": each.time,
            "observableParameters": ";".join(_batch_parameters(each, observables)),
            "noiseParameters": each.sigma if isinstance(each.sigma, str) else format(each.sigma, ".8g"),
            "datasetId": each.dataset,
            "censoring": "left" if each.censored else None,
        }
        for each in readings
    ]
    texts = dict.fromkeys(("censoring", "pretreatmentConditionId"), pl.String)
    return pl.DataFrame(rows, schema_overrides={**texts, "pretreatmentTime": pl.Float64})


def _pretreatment(arm: Condition) -> dict[str, str | float | None]:
    """What PEtab has no word for: an inhibitor that came some time before the stimulus."""
    condition = None if arm.inhibited_before is None else arm.without_stimulus().name
    return {"pretreatmentConditionId": condition, "pretreatmentTime": arm.inhibited_before}


def _batch_parameters(reading: Reading, observables: Mapping[str, ObservedAs]) -> tuple[str, ...]:
    is_scaled = observables[reading.observable].scaled
    return (f"scale_{reading.batch}", f"offset_{reading.batch}") if is_scaled else ()


def _own_parameters(
    readings: Sequence[Reading], observables: Mapping[str, ObservedAs], sources: Sequence[Source]
) -> pl.DataFrame:
    """Scales and offsets of the batches, expected where the highest and lowest readings put them."""
    batches: dict[str, list[Reading]] = {}
    for each in readings:
        if observables[each.observable].scaled:
            batches.setdefault(each.batch, []).append(each)
    rows = []
    for batch, members in batches.items():
        values = [each.value for each in members]
        is_solved = all(
            observables[each.observable].degrees is None and not each.censored for each in members
        )
        rows.append(_log_row(f"scale_{batch}", 2.0 * max(values), None if is_solved else SCALE_SD))
        rows.append(_log_row(f"offset_{batch}", 0.5 * min(values), None if is_solved else OFFSET_SD))
    used = {each.sigma for each in readings}
    rows += [
        _log_row(name, expected, sd)
        for source in sources
        for name, (expected, sd) in source.noise.items()
        if name in used
    ]
    return pl.DataFrame(rows, schema=dict.fromkeys(PARAMETER_COLUMNS, pl.String))


def _log_row(name: str, expected: float, sd: float | None) -> dict[str, str | None]:
    """A positive parameter; without sd it has no prior, so that the objective can solve it."""
    centre = float(np.log10(expected))
    prior = {
        "objectivePriorType": "parameterScaleNormal",
        "objectivePriorParameters": f"{centre:.8g};{sd}",
    }
    spread = START_SHARE * (SCALE_SD if sd is None else sd)
    return {
        "parameterId": name,
        "parameterScale": "log10",
        "lowerBound": format(expected / WIDE, ".6g"),
        "upperBound": format(expected * WIDE, ".6g"),
        "nominalValue": format(expected, ".8g"),
        "estimate": "1",
        **(prior if sd is not None else {}),
        "initializationPriorType": "parameterScaleNormal",
        "initializationPriorParameters": f"{centre:.8g};{spread:g}",
    }


def write_tables(tables: Tables, folder: Path, model: str) -> Path:
    """Write the problem into a folder, `model` being the path of its SBML from there; returns its YAML file."""
    frames = {
        "imported_experiments": tables.experiments,
        "conditions": tables.conditions,
        "observables": tables.observables,
        "measurements": tables.measurements,
        "parameters": tables.parameters,
    }
    for name, frame in frames.items():
        write_text_atomic(folder / f"{name}.tsv", frame.write_csv(separator="\t"))
    write_text_atomic(folder / "problem.yaml", ORIGIN + LAYOUT.format(model=model))
    return folder / "problem.yaml"
