"""PEtab files in, a checked `petab` problem out; every fault as a sentence with file and row.

What a person most often gets wrong is checked here with the row it stands in; after that the validator
of the `petab` library has the last word.
"""

import logging
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import petab.v1 as petab
from petab.v1.models.sbml_model import SbmlModel

from screen.errors import FitError
from screen.files import MOST_TABLE, check_regular, read_yaml

FIRST_LINE = 2
"""Line of the file in which the first row of a table stands."""

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


def read_petab(path: Path, sbml: Path | None = None) -> PetabFiles:
    """The PEtab problem of a YAML file; `sbml` stands in for the model file it names. FitError if unsound."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"petab\.")  # what petab itself does that pandas will drop
        return _read(Path(path), sbml)


def _read(path: Path, sbml: Path | None) -> PetabFiles:
    layout = _read_layout(path)
    entry = layout["problems"][0]
    folder = path.parent
    model = sbml if sbml is not None else folder / _one(entry["sbml_files"], path)
    if not model.is_file():
        raise FitError(f"{path}: the model must be a file, found nothing at {model}")
    frames = {kind: _read_frames(entry.get(kind, ()), folder, read) for kind, read in _READERS.items()}
    parameter_names = layout["parameter_file"]
    parameters = _read_frames(
        [parameter_names] if isinstance(parameter_names, str) else parameter_names,
        folder,
        petab.get_parameter_df,
    )
    _raise_if(_find_problems(frames, parameters))
    problem = petab.Problem(
        model=SbmlModel.from_file(model),
        condition_df=_joined(frames["condition_files"]),
        observable_df=_joined(frames["observable_files"]),
        measurement_df=_joined(frames["measurement_files"]),
        parameter_df=_joined(parameters),
    )
    _raise_if(_lint(problem, path))
    read = [name for kind in frames.values() for name in kind]
    return PetabFiles(problem, model, (path, *read, *parameters, model))


def _read_layout(path: Path) -> dict:
    layout = read_yaml(path, FitError, "PEtab file")
    if not isinstance(layout, dict) or not layout.get("problems") or "parameter_file" not in layout:
        raise FitError(f"{path}: must name `parameter_file` and `problems`, found something else")
    missing = [key for key in ("sbml_files", *_READERS) if not layout["problems"][0].get(key)]
    _raise_if(f"{path}: `problems` must name `{key}`, found none" for key in missing)
    return layout


def _read_frames(names: Iterable[str], folder: Path, read: Callable) -> dict[Path, pd.DataFrame]:
    frames = {}
    for name in names:
        path = folder / name
        if path.exists():
            check_regular(path, FitError, "PEtab table", MOST_TABLE)
        try:
            frames[path] = read(str(path))
        except FileNotFoundError:
            raise FitError(f"{path}: must be a file, found nothing there") from None
        except (OSError, KeyError, ValueError, pd.errors.ParserError) as problem:
            raise FitError(f"{path}: must be a PEtab table, found {problem}") from None
    return frames


def _joined(frames: dict[Path, pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(frames.values())


def _one(names: list[str], path: Path) -> str:
    if len(names) != 1:
        raise FitError(f"{path}: must name one model, found {len(names)}")
    return names[0]


def _find_problems(
    frames: dict[str, dict[Path, pd.DataFrame]], parameters: dict[Path, pd.DataFrame]
) -> list[str]:
    tables = [*frames["condition_files"].items(), *frames["observable_files"].items()]
    tables += [*frames["measurement_files"].items(), *parameters.items()]
    problems = [f"{path}: must hold at least one row, found none" for path, frame in tables if frame.empty]
    observables = {name for frame in frames["observable_files"].values() for name in frame.index}
    conditions = {name for frame in frames["condition_files"].values() for name in frame.index}
    for path, frame in frames["measurement_files"].items():
        problems += _unknown(
            path, frame, "observableId", observables, "an observable of the observable table"
        )
        problems += _unknown(
            path, frame, "simulationConditionId", conditions, "a condition of the condition table"
        )
        for column in ("preequilibrationConditionId", "pretreatmentConditionId"):
            if column in frame:
                problems += _unknown(
                    path, frame, column, conditions, "a condition of the condition table or empty"
                )
        problems += _not_numbers(path, frame, "measurement") + _not_numbers(path, frame, "time")
    for path, frame in parameters.items():
        for column in ("lowerBound", "upperBound", "nominalValue"):
            problems += _not_numbers(path, frame, column)
    return problems


def _unknown(path: Path, frame: pd.DataFrame, column: str, known: set[str], what: str) -> list[str]:
    if column not in frame:
        return [f"{path}: column `{column}` must be there, found only {', '.join(map(str, frame.columns))}"]
    optional = what.endswith("or empty")
    return [
        f"{path} row {row + FIRST_LINE}: {column} must be {what}, found {value}"
        for row, value in enumerate(frame[column])
        if value not in known and not (optional and (pd.isna(value) or value == ""))
    ]


def _not_numbers(path: Path, frame: pd.DataFrame, column: str) -> list[str]:
    if column not in frame:
        return [f"{path}: column `{column}` must be there, found only {', '.join(map(str, frame.columns))}"]
    numbers = pd.to_numeric(frame[column], errors="coerce")
    return [
        f"{path} row {row + FIRST_LINE}: {column} must be a number, found {'nothing' if pd.isna(value) else value}"
        for row, (value, number) in enumerate(zip(frame[column], numbers, strict=True))
        if pd.isna(number)
    ]


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
    except (AssertionError, ValueError, KeyError, TypeError) as fault:
        collector.messages.append(str(fault))
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
