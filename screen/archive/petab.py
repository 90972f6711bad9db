"""A calibration problem in nothing but the columns of PEtab v1, for every tool that reads that.

What our further columns change cannot be said there: a treatment between rest and time 0, a reading at the background,
Student's noise. Measurements under them are left out; the likelihood of the others is the same. A table beside the
problem, which it does not need, has every measurement with its further columns, and why it was left out.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from petab.v1 import C
from petab.v1.models.sbml_model import SbmlModel
from petab.v1.parameters import get_valid_parameters_for_parameter_table

from screen.calibration import LAYOUT, read_petab
from screen.errors import FitError

MEASUREMENTS, NOTES, PROBLEM = "measurements.tsv", "measurement_notes.tsv", "problem.yaml"

LEFT_OUT = "left_out"


class Standard(NamedTuple):
    """The texts of a problem by file name, and how many measurements each reason leaves out."""

    files: Mapping[str, str]
    left_out: Mapping[str, int]


def standard_problem(path: Path, sbml: Path) -> Standard:
    """The problem of a YAML file for the model in `sbml`, which lies beside its files; FitError where it is unsound."""
    tables = read_petab(path, sbml)
    if tables.arms.carried:
        raise FitError(f"{path}: must be a problem of PEtab v1, found one of PEtab 2")
    frame, model = tables.measurements, SbmlModel.from_file(tables.model)
    reasons = _reasons(frame, tables.observables)
    kept = frame[reasons == ""]
    if kept.empty:
        raise FitError(
            f"{path}: must hold a measurement that PEtab v1 can say, found {', '.join(reasons.unique())}"
        )
    observables = tables.observables.loc[tables.observables.index.isin(kept[C.OBSERVABLE_ID])]
    needed = get_valid_parameters_for_parameter_table(model, tables.conditions, observables, kept)
    parameters = tables.parameters[tables.parameters.index.isin(needed)]
    further = [name for name in frame if name not in C.MEASUREMENT_DF_COLS]
    identifying = [name for name in frame if name in (*C.MEASUREMENT_DF_REQUIRED_COLS, *further)]
    return Standard(
        {
            PROBLEM: LAYOUT.format(model=sbml.name),
            "conditions.tsv": _text(tables.conditions),
            "observables.tsv": _text(_standard(observables, C.OBSERVABLE_DF_COLS)),
            MEASUREMENTS: _text(_standard(kept, C.MEASUREMENT_DF_COLS), index=False),
            "parameters.tsv": _text(_standard(parameters, C.PARAMETER_DF_COLS)),
            NOTES: _text(frame[identifying].assign(**{LEFT_OUT: reasons}), index=False),
        },
        reasons[reasons != ""].value_counts().to_dict(),
    )


def _reasons(frame: pd.DataFrame, observables: pd.DataFrame) -> pd.Series:
    """Why each measurement cannot be said in PEtab v1; empty where it can."""
    student = observables.index[_column(observables, "degreesOfFreedom").notna()]
    reasons = pd.Series("", frame.index)
    for reason, holds in {
        "pretreatment": _column(frame, "pretreatmentTime").notna(),
        "censoring": _column(frame, "censoring") == "left",
        "degreesOfFreedom": frame[C.OBSERVABLE_ID].isin(student),
    }.items():
        reasons[(reasons == "") & holds] = reason
    return reasons


def _column(table: pd.DataFrame, name: str) -> pd.Series:
    return table.get(name, pd.Series(None, table.index, dtype=object))


def _standard(table: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    return table[[name for name in table if name in columns]]


def _text(table: pd.DataFrame, index: bool = True) -> str:
    return str(table.to_csv(sep="\t", index=index))
