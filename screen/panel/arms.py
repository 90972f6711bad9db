"""From the arms of the checks to the numbers of each lane.

A lane is one arm under one parameter draw. Lanes of an arm start from the resting state of its cell
(context, hypothesis, genotype and draw), which all arms of that cell share, and then run through phases:
with treatment before the stimulus, with both from minute 0, and without what has ended.

A parameter takes the last of: nominal value, draw, `total` of the context, hypothesis, genotype, stimulus
(from minute 0), treatment; loads of all drugs of a treatment add up.
"""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from screen.panel.table import Arm, Check, Settings, arms_of
from screen.scenarios import LOAD, ContextTables, DrugTables, cell_constants, draw_values, hypothesis_settings

LOAD_OF = "load:"
"""Starts a treatment that names a target and not a drug."""

Cell = tuple[str, str, tuple[tuple[str, float], ...]]
"""Context, hypothesis and genotype: what decides a resting state."""


@dataclass(frozen=True)
class Materials:
    """What all lanes are made from.

    column: where each parameter stands; absent: parameters of modules that were left out, which contexts may
    set to no effect; draws [draws] their numbers; base [draws, parameters]; sigma [draws, drugs], the residual
    factor of each drug of `drugs`.
    """

    column: Mapping[str, int]
    absent: Collection[str]
    draws: np.ndarray
    base: np.ndarray
    sigma: np.ndarray
    drugs: tuple[str, ...]
    contexts: ContextTables
    tables: DrugTables


def gather(
    checks: Iterable[Check],
    contexts: ContextTables,
    tables: DrugTables,
    draws: pl.DataFrame | None,
    names: Sequence[str],
    values: np.ndarray,
    whole: Sequence[str] = (),
) -> Materials:
    """Materials for some checks on the network with these parameters; without draws, the nominal values.

    Where modules were left out, `whole` are the parameters of the whole network. ScenarioError: draws with
    holes or of another network.
    """
    column = {name: index for index, name in enumerate(names)}
    arms = [arm for check in checks for arm in arms_of(check)]
    used = tuple(
        dict.fromkeys(name for arm in arms for name in arm.treatment.names() if name in tables.drugs)
    )
    absent = set(whole).difference(column)
    numbers, base, sigma = draw_values(draws, column, absent, np.asarray(values, dtype=float), used, tables)
    return Materials(column, absent, numbers, base, sigma, used, contexts, tables)


def plain(arm: Arm, contexts: ContextTables) -> Arm:
    """The arm written so that equal experiments are equal: without treatment, when it starts says nothing."""
    own = contexts.contexts[arm.context].preincubation_minutes
    minutes = own if arm.pretreatment is None else arm.pretreatment
    treated = bool(arm.treatment.values)
    given = bool(arm.stimulus.values or arm.stimulus.own)
    return replace(
        arm,
        pretreatment=minutes if treated else 0.0,
        treatment=arm.treatment if treated else Settings(),
        stimulus=arm.stimulus if given else Settings(),
    )


def cell_of(arm: Arm) -> Cell:
    """The cell whose resting state the arm starts from."""
    return arm.context, arm.hypothesis, arm.genotype.values


def resting_parameters(materials: Materials, cell: Cell) -> np.ndarray:
    """Parameters of a cell without stimulus and treatment [draws, parameters]."""
    context, hypothesis, genotype = cell
    record = materials.contexts.contexts[context]
    settings = {setting.parameter: setting.value for setting in record.totals}
    settings |= hypothesis_settings(materials.contexts.options, hypothesis)
    return _written(materials, materials.base, settings | dict(genotype))


def phases_of(arms: Iterable[Arm]) -> int:
    """Phases that the arm with the most of them has: before, after the stimulus, and after each end."""
    return max((2 + len(_ends(arm)) for arm in arms), default=2)


def arm_lanes(materials: Materials, arm: Arm, phases: int) -> tuple[np.ndarray, np.ndarray]:
    """parameters [draws, phases, parameters] and switches [draws, phases] [min] of a plain arm."""
    resting = resting_parameters(materials, cell_of(arm))
    loads = _loads(materials, arm)
    starts = (-float(arm.pretreatment or 0.0), 0.0, *_ends(arm))
    starts += (starts[-1],) * (phases - len(starts))
    given = dict(arm.stimulus.values)
    if arm.stimulus.own:
        record = materials.contexts.contexts[arm.context]
        given = {setting.parameter: setting.value for setting in record.stimulus} | given
    pretreated = {name: value for name, value in arm.treatment.values if name in materials.column}
    blocks = []
    for phase, start in enumerate(starts):
        stimulated = phase > 0 and start < arm.stimulus.until
        block = _written(materials, resting, given if stimulated else {})
        if start < arm.treatment.until:
            block = _written(materials, block, pretreated)
            for name, load in loads.items():
                block[:, materials.column[LOAD + name]] += load
        blocks.append(block)
    return np.stack(blocks, axis=1), np.tile(starts, (len(materials.draws), 1))


def _ends(arm: Arm) -> tuple[float, ...]:
    ends = {settings.until for settings in (arm.stimulus, arm.treatment) if math.isfinite(settings.until)}
    return tuple(sorted(ends))


def _written(materials: Materials, base: np.ndarray, settings: Mapping[str, float]) -> np.ndarray:
    """A copy with some parameters set in every draw."""
    block = base.copy()
    for name, value in settings.items():
        if name not in materials.absent:
            block[:, materials.column[name]] = value
    return block


def _loads(materials: Materials, arm: Arm) -> dict[str, np.ndarray]:
    """Load of each target that the treatment reaches [draws]; drugs on one target add up."""
    organism = materials.contexts.contexts[arm.context].organism
    targets, row = tuple(materials.tables.targets), {name: i for i, name in enumerate(materials.tables.drugs)}
    constants = cell_constants(materials.tables)
    total: dict[str, np.ndarray] = {}
    for name, dose in arm.treatment.values:
        if name in materials.column:
            continue
        if name.startswith(LOAD_OF):
            target = name.removeprefix(LOAD_OF)
            total[target] = total.get(target, 0.0) + np.full(len(materials.draws), dose)
            continue
        drug = materials.tables.drugs[name]
        if not drug.acts_in(organism):
            continue
        residual = materials.sigma[:, materials.drugs.index(name)] ** -drug.hill
        for target, constant in zip(targets, constants[row[name]], strict=True):
            if np.isfinite(constant):
                total[target] = total.get(target, 0.0) + residual * (dose / constant) ** drug.hill
    return total
