"""PEtab files in, a checked `petab` problem out; every fault as a sentence with file and row.

What a person most often gets wrong is checked here with the row it stands in; after that the validator
of the `petab` library has the last word.
"""

import logging
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import petab.v1 as petab
from petab.v1.models.sbml_model import SbmlModel

from screen.calibration.petab_checks import find_problems
from screen.calibration.petab_tables import Table, read_frame
from screen.errors import FitError, NetworkError
from screen.files import read_yaml
from screen.network import read_document, sbml_text

VERSION = "1"
"""The format that is read; PEtab 2 has other columns and another meaning."""

LINT_FAULTS = (
    ArithmeticError, AssertionError, AttributeError, LookupError, RecursionError, TypeError, ValueError,
)  # fmt: skip
"""What the validator raises where it meets what it does not expect."""

_READERS: dict[str, Callable] = {
    "condition_files": petab.get_condition_df,
    "observable_files": petab.get_observable_df,
    "measurement_files": petab.get_measurement_df,
}


@dataclass(frozen=True)
class PetabFiles:
    """A checked problem and where it came from."""

    problem: petab.Problem
    model: Path
    files: tuple[Path, ...]
    """Everything read: the YAML file, its tables and the model."""
    measured_in: tuple[str, ...]
    """File and row of each measurement."""
    parameters_in: dict[str, str]
    """File and row of each row of the parameter table."""


def read_petab(path: Path, sbml: Path | None = None) -> PetabFiles:
    """The PEtab problem of a YAML file; `sbml` stands in for the model file it names. FitError if unsound."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"petab\.")  # what petab itself does that pandas will drop
        return _read(Path(path), sbml)


def _read(path: Path, sbml: Path | None) -> PetabFiles:
    names = _read_layout(path)
    folder = path.parent
    model = sbml if sbml is not None else folder / names["sbml_files"][0]
    if not model.is_file():
        raise FitError(f"{path}: the model must be a file, found nothing at {model}")
    readers = {**_READERS, "parameter_file": petab.get_parameter_df}
    tables = {
        kind: [read_frame(folder / name, read) for name in names[kind]] for kind, read in readers.items()
    }
    _raise_if(find_problems(tables))
    problem = petab.Problem(
        model=_read_model(model),
        condition_df=_joined(tables["condition_files"]),
        observable_df=_joined(tables["observable_files"]),
        measurement_df=_joined(tables["measurement_files"]),
        parameter_df=_joined(tables["parameter_file"]),
    )
    _raise_if(_lint(problem, path))
    files = (table.path for kind in tables.values() for table in kind)
    rows = [
        (name, table.where(row))
        for table in tables["parameter_file"]
        for row, name in enumerate(map(str, table.frame.index))
    ]
    measured = (table.where(row) for table in tables["measurement_files"] for row in range(len(table.frame)))
    return PetabFiles(problem, model, (path, *files, model), tuple(measured), dict(rows))


def _read_model(path: Path) -> SbmlModel:
    """The model of an SBML file; FitError names it where libSBML cannot read it."""
    text = sbml_text(path)
    try:
        read_document(text)
    except NetworkError as error:
        raise FitError(f"{path}: {problem}" for problem in error.problems) from None
    return SbmlModel.from_string(text)


def _read_layout(path: Path) -> dict[str, list[str]]:
    """The files of the one problem, by kind."""
    layout = read_yaml(path, FitError, "PEtab file")
    if not isinstance(layout, dict) or "problems" not in layout or "parameter_file" not in layout:
        raise FitError(f"{path}: must name `parameter_file` and `problems`, found something else")
    version = layout.get("format_version", VERSION)
    if not isinstance(version, str | int | float) or str(version).split(".")[0] != VERSION:
        raise FitError(
            f"{path}: format_version must be {VERSION} (PEtab 2 is not read), found {str(version)[:40]}"
        )
    extensions = layout.get("extensions")
    needed = [
        str(name)
        for name, entry in (extensions.items() if isinstance(extensions, dict) else ())
        if not isinstance(entry, dict) or entry.get("required", True)
    ]
    if needed:
        raise FitError(f"{path}: extensions must not be required, found {', '.join(needed)}")
    problems = layout["problems"]
    if not isinstance(problems, list) or len(problems) != 1 or not isinstance(problems[0], dict):
        found = f"{len(problems)} entries" if isinstance(problems, list) else type(problems).__name__
        raise FitError(f"{path}: `problems` must be a list of one problem with its files, found {found}")
    given = {**problems[0], "parameter_file": layout["parameter_file"]}
    names = {kind: _names(given.get(kind)) for kind in ("sbml_files", *_READERS, "parameter_file")}
    _raise_if(f"{path}: `{key}` must name files, found none" for key, files in names.items() if not files)
    if len(names["sbml_files"]) != 1:
        raise FitError(f"{path}: must name one model, found {len(names['sbml_files'])}")
    return names


def _names(entry: Any) -> list[str]:
    """Names of files from a name or a list of them; none from anything else."""
    entries = entry if isinstance(entry, list) else [entry]
    return [str(name) for name in entries] if all(isinstance(name, str) and name for name in entries) else []


def _joined(tables: list[Table]) -> pd.DataFrame:
    return pd.concat([table.frame for table in tables])


class _Collector(logging.Handler):
    """Keeps the errors that the validator logs."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(" ".join(record.getMessage().split()))


def _lint(problem: petab.Problem, path: Path) -> list[str]:
    """What the validator of the `petab` library finds, one sentence each."""
    logger = logging.getLogger("petab.v1")
    collector = _Collector()
    logger.addHandler(collector)
    propagate, logger.propagate = logger.propagate, False
    try:
        failed = petab.lint_problem(problem)
    except LINT_FAULTS as fault:
        collector.messages.append(str(fault) or f"what it calls {type(fault).__name__}")
        failed = True
    finally:
        logger.removeHandler(collector)
        logger.propagate = propagate
    if not failed:
        return []
    found = [message for message in collector.messages if message != "Not OK"] or ["an unspecified fault"]
    return [f"{path}: must be a valid PEtab problem, found {message}" for message in found]


def _raise_if(problems: Iterable[str]) -> None:
    found = list(problems)
    if found:
        raise FitError(found)
