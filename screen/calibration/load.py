"""From checked PEtab tables to the arrays of a `Problem`."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import petab.v1 as petab

from screen.calibration.formulas import parse_formula
from screen.calibration.petab_files import FIRST_LINE, read_petab
from screen.calibration.priors import DISTRIBUTIONS, Prior
from screen.calibration.problem import (
    Estimated,
    Experiments,
    Measurements,
    Observable,
    Problem,
    Values,
    output_times,
)
from screen.calibration.scale import SCALES
from screen.errors import FitError
from screen.kernel import Model, load_model
from screen.tables import digest_files

TRANSFORMATIONS = ("lin", "log", "log10")
PETAB_NOISE = ("normal", "laplace")
CENSORING = ("none", "left")
"""`left`: the reading is at the background of its instrument, the value no more than an upper limit."""


def load_problem(path: Path, sbml: Path | None = None, cache: Path | None = None) -> Problem:
    """The PEtab problem of a YAML file, as arrays.

    `sbml` stands in for the model the file names; `cache` is where compiled models are kept. FitError
    lists everything that is wrong, with file and row.
    """
    files = read_petab(Path(path), None if sbml is None else Path(sbml))
    model = load_model(files.model, cache)
    tables = files.problem
    frame = tables.measurement_df.reset_index(drop=True)
    estimated, fixed = _read_parameters(tables.parameter_df, Path(path))
    filler = _Filler(model, estimated, fixed)
    for row, value in enumerate(frame.get("censoring", ())):
        _one_of(value, CENSORING, f"{path} measurement {row + FIRST_LINE}: censoring")
    paired = _pair_conditions(frame, Path(path))
    time = frame["time"].to_numpy(float)
    _check_times(time, Path(path))
    times, time_index = output_times(time, paired.lane, len(paired.lanes))
    rests, pretreatments, lanes = (
        filler.experiments(names, tables.condition_df)
        for names in (paired.rests, paired.pretreatments, paired.lanes)
    )
    _check_states(lanes, paired.pretreated, Path(path))
    return Problem(
        name=Path(path).parent.name,
        digest=digest_files(files.files),
        model=model,
        estimated=estimated,
        fixed=fixed,
        rests=rests,
        pretreatments=pretreatments,
        pretreated=paired.pretreated,
        lanes=lanes,
        rest_of_lane=paired.rest_of_lane,
        times=times,
        observables=filler.observables(tables.observable_df, frame, Path(path)),
        measurements=Measurements(paired.lane, time_index, frame),
        conditions=tables.condition_df,
        observable_table=tables.observable_df,
    )


def _read_parameters(table: pd.DataFrame, path: Path) -> tuple[Estimated, dict[str, float]]:
    estimated = table[table["estimate"].astype(int) == 1]
    if estimated.empty:
        raise FitError(f"{path}: at least one parameter must be estimated, found none")
    problems: list[str] = []
    scales = tuple(estimated["parameterScale"].astype(str))

    def scaled(column: str) -> np.ndarray:
        return np.array(
            [SCALES[scale].scaled(float(v)) for scale, v in zip(scales, estimated[column], strict=True)]
        )

    lower, upper, nominal = scaled("lowerBound"), scaled("upperBound"), scaled("nominalValue")
    for name, low, value, high in zip(estimated.index, lower, nominal, upper, strict=True):
        if not low <= value <= high:
            problems.append(f"{path}: nominalValue of {name} must lie within its bounds, found it outside")
    priors = [_read_prior(row, "objectivePrior", name, path, problems) for name, row in estimated.iterrows()]
    starts = [
        _read_prior(row, "initializationPrior", name, path, problems) for name, row in estimated.iterrows()
    ]
    if problems:
        raise FitError(problems)
    bounds = zip(priors, starts, scales, lower, upper, strict=True)
    drawn_from = tuple(
        start or prior or Prior("parameterScaleUniform", low, high, scale)
        for prior, start, scale, low, high in bounds
    )
    fixed = {str(name): float(row["nominalValue"]) for name, row in table.drop(estimated.index).iterrows()}
    names = tuple(str(name) for name in estimated.index)
    return Estimated(names, scales, lower, upper, nominal, tuple(priors), drawn_from), fixed


def _read_prior(row: pd.Series, kind: str, name: Any, path: Path, problems: list[str]) -> Prior | None:
    family, numbers = row.get(f"{kind}Type"), row.get(f"{kind}Parameters")
    if _missing(family):
        return None
    if family not in DISTRIBUTIONS:
        problems.append(
            f"{path}: {kind}Type of {name} must be one of {', '.join(DISTRIBUTIONS)}, found {family}"
        )
        return None
    parts = [float(part) for part in str(numbers).split(";")]
    return Prior(str(family), parts[0], parts[1], str(row["parameterScale"]))


def _cell(value: Any) -> Any:
    """What a cell holds; None where it is empty."""
    return None if _missing(value) else value


def _missing(value: Any) -> bool:
    return value is None or value == "" or (not isinstance(value, str) and bool(pd.isna(value)))


class _Paired(NamedTuple):
    """Conditions by name, and which belong together."""

    rests: list[str]
    pretreatments: list[str]
    """Of each lane; its own condition where it has none."""
    pretreated: np.ndarray
    """For how long [lanes]."""
    lanes: list[str]
    rest_of_lane: np.ndarray
    lane: np.ndarray
    """Of each measurement."""


def _pair_conditions(frame: pd.DataFrame, path: Path) -> _Paired:
    """The lanes of a measurement table: what differs in condition, rest or pretreatment."""
    empty = pd.Series([None] * len(frame))
    columns = ("preequilibrationConditionId", "pretreatmentConditionId", "pretreatmentTime")
    cells = (frame["simulationConditionId"], *(frame.get(name, empty) for name in columns))
    rows = [
        (str(own), _cell(rest), _cell(condition), _cell(time))
        for own, rest, condition, time in zip(*cells, strict=True)
    ]
    for row, (_, _, condition, time) in enumerate(rows):
        where = f"{path} measurement {row + FIRST_LINE}"
        if (condition is None) != (time is None):
            raise FitError(f"{where}: pretreatmentConditionId and pretreatmentTime must stand together")
        if time is not None:
            _positive(time, f"{where}: pretreatmentTime")
    lanes = list(dict.fromkeys(rows))
    rests = list(dict.fromkeys(str(rest) for _, rest, _, _ in lanes if rest is not None))
    place = {row: index for index, row in enumerate(lanes)}
    return _Paired(
        rests,
        [own if condition is None else str(condition) for own, _, condition, _ in lanes],
        np.array([0.0 if time is None else float(time) for *_, time in lanes]),
        [own for own, *_ in lanes],
        np.array([-1 if rest is None else rests.index(str(rest)) for _, rest, _, _ in lanes]),
        np.array([place[row] for row in rows]),
    )


def _check_states(lanes: Experiments, pretreated: np.ndarray, path: Path) -> None:
    sets = lanes.states.given.any(axis=1)
    wrong = [lanes.names[lane] for lane in np.flatnonzero(sets & (pretreated > 0))]
    if wrong:
        raise FitError(
            f"{path}: a condition after a pretreatment must set no species, found {', '.join(wrong)}"
        )


def _check_times(time: np.ndarray, path: Path) -> None:
    wrong = [
        f"{path}: time of measurement {row + FIRST_LINE} must be finite and not negative, found {value}"
        for row, value in enumerate(time)
        if not np.isfinite(value) or value < 0
    ]
    if wrong:
        raise FitError(wrong)


class _Filler:
    """Turns names into numbers or places, for conditions and for the overrides of measurements."""

    def __init__(self, model: Model, estimated: Estimated, fixed: dict[str, float]):
        self.model = model
        self.place = {name: index for index, name in enumerate(estimated.names)}
        self.fixed = fixed

    def resolve(self, value: Any) -> tuple[float, int]:
        """(number, -1) or (NaN, place) of a cell that holds a number or the name of a parameter."""
        if isinstance(value, str) and value in self.place:
            return np.nan, self.place[value]
        if isinstance(value, str) and value in self.fixed:
            return self.fixed[value], -1
        return float(value), -1

    def experiments(self, names: Sequence[str], conditions: pd.DataFrame) -> Experiments:
        """Parameters and states of the named conditions."""
        shape = (len(names), len(self.model.parameters))
        parameters = Values(
            np.tile(np.asarray(self.model.values, float), (len(names), 1)), np.full(shape, -1)
        )
        for column, name in enumerate(self.model.parameters):
            if name in self.place or name in self.fixed:
                parameters.constant[:, column], parameters.source[:, column] = self.resolve(name)
        shape = (len(names), len(self.model.species))
        states = Values(np.full(shape, np.nan), np.full(shape, -1))
        tables = {name: (parameters, index) for index, name in enumerate(self.model.parameters)}
        tables |= {name: (states, index) for index, name in enumerate(self.model.species)}
        for row, condition in enumerate(names):
            for entity, value in conditions.loc[condition].items():
                if entity in tables and not _missing(value):
                    table, column = tables[entity]
                    table.constant[row, column], table.source[row, column] = self.resolve(value)
        return Experiments(tuple(names), parameters, states)

    def observables(self, table: pd.DataFrame, frame: pd.DataFrame, path: Path) -> tuple[Observable, ...]:
        """Every observable that is measured, with its formulas."""
        return tuple(
            self._observable(str(name), table.loc[name], frame, path)
            for name in table.index
            if (frame["observableId"] == name).any()
        )

    def _observable(self, name: str, row: pd.Series, frame: pd.DataFrame, path: Path) -> Observable:
        where = f"{path}: observable {name}"
        texts = str(row["observableFormula"]), str(row["noiseFormula"])
        pattern = rf"\b(?:observable|noise)Parameter\d+_{re.escape(name)}\b"
        placeholders = tuple(sorted({match for text in texts for match in re.findall(pattern, text)}))
        known = [
            *self.model.species,
            *self.model.parameters,
            *self.model.observables,
            *self.place,
            *self.fixed,
        ]
        value, noise = (parse_formula(text, [*known, "time", *placeholders], where) for text in texts)
        rows = np.flatnonzero(frame["observableId"] == name)
        distribution = _one_of(row.get("noiseDistribution"), PETAB_NOISE, where)
        degrees = row.get("degreesOfFreedom")
        if is_student := not _missing(degrees):
            degrees = _positive(degrees, f"{where}: degreesOfFreedom")
        return Observable(
            name=name,
            value=value,
            noise=noise,
            transformation=_one_of(row.get("observableTransformation"), TRANSFORMATIONS, where),
            distribution="student" if is_student else distribution,
            degrees=float(degrees) if is_student else np.inf,
            rows=rows,
            placeholders=placeholders,
            overrides=self._overrides(placeholders, rows, frame, path),
        )

    def _overrides(
        self, placeholders: Sequence[str], rows: np.ndarray, frame: pd.DataFrame, path: Path
    ) -> Values:
        shape = (len(rows), len(placeholders))
        overrides = Values(np.full(shape, np.nan), np.full(shape, -1))
        problems = []
        for line, row in enumerate(rows):
            given = dict(_given(frame.loc[row]))
            for column, placeholder in enumerate(placeholders):
                try:
                    resolved = self.resolve(given[placeholder])
                except (KeyError, ValueError):
                    found = given.get(placeholder, "nothing")
                    rule = f"{placeholder} must be given a number or a parameter of the parameter table"
                    problems.append(f"{path} measurement {row + FIRST_LINE}: {rule}, found {found}")
                else:
                    overrides.constant[line, column], overrides.source[line, column] = resolved
        if problems:
            raise FitError(problems)
        return overrides


def _given(measurement: pd.Series) -> Iterable[tuple[str, Any]]:
    """What a measurement puts in place of each placeholder of its observable."""
    for kind in ("observable", "noise"):
        parts = petab.split_parameter_replacement_list(measurement.get(f"{kind}Parameters"))
        for number, part in enumerate(parts, 1):
            yield f"{kind}Parameter{number}_{measurement['observableId']}", part


def _one_of(value: Any, choices: Sequence[str], where: str) -> str:
    """A word of a column that may be left empty, in which case the first choice holds."""
    if _missing(value):
        return choices[0]
    if value not in choices:
        raise FitError(f"{where}: must be one of {', '.join(choices)}, found {value}")
    return str(value)


def _positive(value: Any, where: str) -> float:
    try:
        found = float(value)
    except ValueError:
        found = np.nan
    if not found > 0:
        raise FitError(f"{where}: must be a positive number, found {value}")
    return found
