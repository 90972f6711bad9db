"""What conditions mean for a model: everything that would be open, or silently another thing, is refused by name."""

from collections.abc import Iterable, Mapping, Sequence, Set
from pathlib import Path

import numpy as np

from screen.calibration.arms import Arm, Arms
from screen.calibration.problem import Experiments
from screen.kernel import Model


def unknown_targets(arms: Arms, model: Model, path: Path) -> list[str]:
    """Conditions that set something else than constants and states."""
    known = {*model.parameters, *model.species}
    rule = "conditions must set constants or states of the model"
    return [f"{path}: {rule}, found {name}" for name in dict.fromkeys(_targets(arms)) if name not in known]


def _targets(arms: Arms) -> Iterable[str]:
    return (target for condition in arms.used for target in arms.settings[condition])


def partly_set(arms: Arms, replaced: Set[str], path: Path) -> list[str]:
    """Quantities whose initial assignments conditions replace, but not all of those that begin with it."""
    conditions = dict.fromkeys(_first(arm) for arm in arms.arms) if arms.carried else arms.used
    rule = "has an initial assignment and must be set by every condition or by none"
    return [
        f"{path}: {name} {rule}, found it empty in {condition}"
        for name in sorted(replaced)
        for condition in conditions
        if name not in arms.settings[condition]
    ][:1]


def open_starts(arms: Arms, assigned: Mapping[str, Set[str]], model: Model, path: Path) -> list[str]:
    """Initial assignments that read what conditions set, where it is open whether they see it.

    Of constants the engine knows one value in each phase, so that what an initial assignment makes of them would
    move with them; PEtab 2 has it happen once.
    """
    problems = []
    for first in dict.fromkeys(_first(arm) for arm in arms.arms):
        states = arms.settings[first].keys() & set(model.species)
        rule = "must not use a state that a condition sets"
        problems += [
            f"{path}: the initial assignment of {name} {rule}, found {state} in {first}"
            for name, reads in assigned.items()
            for state in sorted(states & reads)
            if name not in arms.settings[first]
        ]
    if arms.carried:
        kept = {read: name for name, reads in assigned.items() if name not in model.species for read in reads}
        later = dict.fromkeys(each for arm in arms.arms for each in _later(arm))
        rule = "must not change within an experiment, as the initial assignment of"
        problems += [
            f"{path}: {target} {rule} {kept[target]} uses it, found {condition}"
            for condition in later
            for target in sorted(arms.settings[condition].keys() & kept.keys())
        ]
    return problems


def _first(arm: Arm) -> str:
    return arm.conditions[0] if arm.rest is None else arm.rest


def _later(arm: Arm) -> tuple[str, ...]:
    return arm.conditions[1:] if arm.rest is None else arm.conditions


def wrong_times(time: np.ndarray, begins: np.ndarray, model: Model, where: Sequence[str]) -> list[str]:
    """Measurements before their experiment, and steady states of a model that moves with time."""
    problems = [
        f"{where[row]}: time must not be before the experiment begins at {begins[row]:g}, found {value:g}"
        for row, value in enumerate(time)
        if not value >= begins[row]
    ]
    if model.moves_with_time or model.system.events:
        rule = "time must be finite, as the rates of the model change with time or events, and steady states are none"
        problems += [
            f"{where[row]}: {rule}, found inf" for row, value in enumerate(time) if np.isposinf(value)
        ]
    return problems


def bare_constants(tables: Iterable[Experiments], model: Model, path: Path) -> list[str]:
    """Every constant has a value, from the model, the parameter table or the conditions."""
    bare = np.any([np.any(~each.parameters.given, axis=0) for each in tables], axis=0)
    if not bare.any():
        return []
    names = ", ".join(model.parameters[place] for place in np.flatnonzero(bare))
    return [f"{path}: constants must have a value here or in the tables, found none for {names}"]
