"""PEtab 1: the tables of a problem, checked; every fault as a sentence with file and row.

What a person most often gets wrong is checked here with the row it stands in; after that the validator
of the `petab` library has the last word.
"""

import logging
import os
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import petab.v1 as petab

from screen.calibration.arms import Cells, arms_of_tables
from screen.calibration.petab_checks import find_problems
from screen.calibration.petab_tables import (
    LINT_FAULTS,
    PetabFiles,
    Table,
    emptied,
    file_names,
    joined,
    lint_fault,
    located,
    raise_if,
    read_frame,
    read_model,
    rows_of,
)
from screen.errors import FitError

LAYOUT = """\
format_version: 1
parameter_file: parameters.tsv
problems:
  - sbml_files: [{model}]
    condition_files: [conditions.tsv]
    observable_files: [observables.tsv]
    measurement_files: [measurements.tsv]
"""
"""A problem of one file of each kind, as we write it; `model` is the name of its SBML file."""

OPTIONAL = ("preequilibrationConditionId", "pretreatmentConditionId")
"""Conditions that a measurement may have."""

OURS = ("objectivePriorMass", "initializationPriorMass")
"""Columns of the parameter table that only what is read of PEtab 2 has; in a file they say nothing."""

_READERS: dict[str, Callable] = {
    "condition_files": petab.get_condition_df,
    "observable_files": petab.get_observable_df,
    "measurement_files": petab.get_measurement_df,
    "parameter_file": petab.get_parameter_df,
}


def read_version_1(path: Path, layout: dict[str, Any], sbml: Path | None) -> PetabFiles:
    """The problem of a YAML file; `sbml` stands in for the model file it names. FitError if unsound."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"petab\.")  # what petab itself does that pandas will drop
        return _read(path, _layout_files(path, layout), sbml)


def _read(path: Path, names: dict[str, list[str]], sbml: Path | None) -> PetabFiles:
    folder = path.parent
    model = sbml if sbml is not None else folder / names["sbml_files"][0]
    if not os.path.isfile(model):  # Path.is_file raises what a name too long for any file meets
        raise FitError(f"{path}: the model must be a file, found nothing at {model}")
    tables = {
        kind: [read_frame(folder / name, read) for name in names[kind]] for kind, read in _READERS.items()
    }
    conditions = {str(name) for table in tables["condition_files"] for name in table.frame.index}
    tables["measurement_files"] = [
        emptied(table, OPTIONAL, conditions) for table in tables["measurement_files"]
    ]
    raise_if(find_problems(tables))
    frames = {kind: joined(of_kind) for kind, of_kind in tables.items()}
    problem = petab.Problem(
        model=read_model(model),
        condition_df=frames["condition_files"],
        observable_df=frames["observable_files"],
        measurement_df=frames["measurement_files"],
        parameter_df=frames["parameter_file"],
    )
    raise_if(_lint(problem, path, [table for of_kind in tables.values() for table in of_kind]))
    measured = tuple(
        table.where(row) for table in tables["measurement_files"] for row in range(len(table.frame))
    )
    measurements = frames["measurement_files"].reset_index(drop=True)
    return PetabFiles(
        model=model,
        parameters=frames["parameter_file"].drop(columns=[*OURS], errors="ignore"),
        observables=frames["observable_files"],
        measurements=measurements,
        conditions=frames["condition_files"],
        arms=arms_of_tables(
            frames["condition_files"], measurements, measured, _cells(tables["condition_files"])
        ),
        files=(path, *(table.path for of_kind in tables.values() for table in of_kind), model),
        measured_in=measured,
        parameters_in=rows_of(tables["parameter_file"]),
        observables_in=rows_of(tables["observable_files"]),
    )


def _cells(tables: Sequence[Table]) -> Cells:
    return {
        (str(name), str(target)): (f"{table.where(row)}: {target}", value)
        for table in tables
        for row, (name, cells) in enumerate(table.frame.iterrows())
        for target, value in cells.items()
    }


def _layout_files(path: Path, layout: dict[str, Any]) -> dict[str, list[str]]:
    """The files of the one problem, by kind."""
    if "problems" not in layout or "parameter_file" not in layout:
        raise FitError(f"{path}: must name `parameter_file` and `problems`, found something else")
    problems = layout["problems"]
    if not isinstance(problems, list) or len(problems) != 1 or not isinstance(problems[0], dict):
        found = f"{len(problems)} entries" if isinstance(problems, list) else type(problems).__name__
        raise FitError(f"{path}: `problems` must be a list of one problem with its files, found {found}")
    given = {**problems[0], "parameter_file": layout["parameter_file"]}
    names = {kind: file_names(given.get(kind)) for kind in ("sbml_files", *_READERS)}
    raise_if(f"{path}: `{key}` must name files, found none" for key, files in names.items() if not files)
    if len(names["sbml_files"]) != 1:
        raise FitError(f"{path}: must name one model, found {len(names['sbml_files'])}")
    return names


class _Collector(logging.Handler):
    """Keeps the errors that the validator logs."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(" ".join(record.getMessage().split()))


def _lint(problem: petab.Problem, path: Path, tables: Sequence[Table]) -> list[str]:
    """What the validator of the `petab` library finds, one sentence each."""
    logger = logging.getLogger("petab.v1")
    collector = _Collector()
    logger.addHandler(collector)
    propagate, logger.propagate = logger.propagate, False
    try:
        failed = petab.lint_problem(problem)
    except LINT_FAULTS as fault:
        collector.messages.append(lint_fault(fault))
        failed = True
    finally:
        logger.removeHandler(collector)
        logger.propagate = propagate
    if not failed:
        return []
    found = [message for message in collector.messages if message != "Not OK"] or ["an unspecified fault"]
    return [sentence for message in found for sentence in located(message, tables, path)]
