"""What a PEtab 2 problem says, in the tables of PEtab 1: experiments, observables, measurements."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import petab.v2 as petab
import sympy
from petab.v1.math import petab_math_str

from screen.calibration.arms import Arm, Arms, Cells
from screen.errors import FitError

LOGARITHMIC = "log-"
"""How the name of a noise distribution on the scale of natural logarithms begins."""

UNCHANGED = ""
"""The condition, and the experiment, in which the model is as it is."""


def arms_of(problem: petab.Problem, cells: Cells) -> Arms:
    """The experiments that are measured; conditions that begin together are one, with all that they set.

    `cells` says where each condition sets what.
    """
    experiments = {each.id: each for each in problem.experiments}
    names = [each.experiment_id or UNCHANGED for each in problem.measurements]
    arms: dict[str, Arm] = {}
    settings: dict[str, dict[str, float | str]] = {UNCHANGED: {}}
    own: dict[tuple[str, str], tuple[str, Any]] = {}
    for name in dict.fromkeys(names):
        periods = experiments[name].sorted_periods if name else []
        keys = {}
        for period in periods:
            keys[period.time] = "+".join(period.condition_ids)
            changes = problem.get_changes_for_period(period)
            settings[keys[period.time]] = {each.target_id: _cell(each.target_value) for each in changes}
            own |= {
                (keys[period.time], target): cell
                for (condition, target), cell in cells.items()
                if condition in period.condition_ids
            }
        finite = [time for time in keys if np.isfinite(time)]
        arms[name] = Arm(
            name,
            keys.get(-np.inf),
            tuple(keys[time] for time in finite) or (UNCHANGED,),
            tuple(finite) or (0.0,),
        )
    place = {name: number for number, name in enumerate(arms)}
    return Arms(tuple(arms.values()), np.array([place[name] for name in names]), settings, True, own)


def _cell(value: sympy.Expr) -> float | str:
    return float(value) if value.is_number else petab_math_str(value)


def condition_table(problem: petab.Problem) -> pd.DataFrame:
    """The experiments by name, as figures have conditions."""
    names = [UNCHANGED, *(each.id for each in problem.experiments)]
    return pd.DataFrame({"conditionName": names}, index=pd.Index(names, name="conditionId"))


def measurement_table(frame: pd.DataFrame) -> pd.DataFrame:
    """The measurements, with their experiments where PEtab 1 has the condition."""
    own = frame.drop(columns="simulationConditionId", errors="ignore")
    found = own.rename(columns={"experimentId": "simulationConditionId"})
    names = found.get("simulationConditionId", pd.Series(index=found.index, dtype=object))
    return found.assign(simulationConditionId=names.astype(object).where(names.notna(), UNCHANGED))


def observable_table(observables: Sequence[petab.Observable]) -> pd.DataFrame:
    """The observables: placeholders have the names of PEtab 1, in its noise an observable stands as its formula."""
    rows = {}
    for each in observables:
        formula, noise = (_renamed(each, text) for text in (each.formula, each.noise_formula))
        itself, distribution = sympy.Symbol(each.id, real=True), str(each.noise_distribution.value)
        if itself in formula.free_symbols:
            raise FitError(f"observable {each.id}: its formula must not name itself, found {formula}")
        rows[each.id] = {
            "observableFormula": petab_math_str(formula),
            "noiseFormula": petab_math_str(noise.xreplace({itself: formula})),
            "observableTransformation": "log" if distribution.startswith(LOGARITHMIC) else "lin",
            "noiseDistribution": distribution.removeprefix(LOGARITHMIC),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("observableId")


def _renamed(observable: petab.Observable, formula: sympy.Expr) -> sympy.Expr:
    kinds = {"observable": observable.observable_placeholders, "noise": observable.noise_placeholders}
    return formula.xreplace(
        {
            placeholder: sympy.Symbol(f"{kind}Parameter{number}_{observable.id}", real=True)
            for kind, placeholders in kinds.items()
            for number, placeholder in enumerate(placeholders, 1)
        }
    )
