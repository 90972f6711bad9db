"""From checked PEtab tables to the arrays of a `Problem`."""

import re
from collections.abc import Iterable, Mapping, Sequence, Set
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import petab.v1 as petab

from screen.calibration.cells import cell, missing, one_of, positive
from screen.calibration.estimated import read_parameters
from screen.calibration.formulas import Formula, parse_formula
from screen.calibration.petab_files import read_petab
from screen.calibration.problem import (
    Estimated,
    Experiments,
    Measurements,
    Observable,
    Problem,
    Values,
    output_times,
)
from screen.errors import FitError
from screen.kernel import Model, load_model
from screen.network import has_events, initially_assigned, read_sbml, sbml_text, without_initial_assignments
from screen.tables import digest_files

TRANSFORMATIONS = ("lin", "log", "log10")
PETAB_NOISE = ("normal", "laplace")
PLAIN_COLUMNS = ("conditionName",)
"""Columns of the condition table that set nothing."""

CENSORING = ("none", "left")
"""`left`: the reading is at the background of its instrument, the value no more than an upper limit."""


def load_problem(path: Path, sbml: Path | None = None, cache: Path | None = None) -> Problem:
    """The PEtab problem of a YAML file, as arrays.

    `sbml` stands in for the model the file names; `cache` is where compiled models are kept. FitError
    lists everything that is wrong, with file and row.
    """
    files = read_petab(Path(path), None if sbml is None else Path(sbml))
    tables, where = files.problem, files.measured_in
    frame = tables.measurement_df.reset_index(drop=True)
    paired = _pair_conditions(frame, where)
    estimated, fixed = read_parameters(tables.parameter_df, files.parameters_in)
    used = tables.condition_df.loc[list(dict.fromkeys((*paired.rests, *paired.pretreatments, *paired.lanes)))]
    text = sbml_text(files.model)
    if paired.rests and has_events(text):
        rule = "a model with events must have no preequilibration, in which it is open whether they happen"
        raise FitError(f"{path}: {rule}, found {', '.join(paired.rests)}")
    assigned = initially_assigned(text) & {*tables.parameter_df.index, *used.columns}
    assigned -= set(read_sbml(text).species) if assigned else set()
    model = load_model(without_initial_assignments(text, assigned), cache)
    _check_conditions(used, model, assigned, Path(path))
    _refuse_states(files.parameters_in, model)
    filler = _Filler(model, estimated, fixed)
    for row, value in enumerate(frame.get("censoring", ())):
        one_of(value, CENSORING, f"{where[row]}: censoring")
    time = frame["time"].to_numpy(float)
    _check_times(time, where)
    times, time_index = output_times(time, paired.lane, len(paired.lanes))
    rests, pretreatments, lanes = (
        filler.experiments(names, tables.condition_df)
        for names in (paired.rests, paired.pretreatments, paired.lanes)
    )
    _check_values(lanes, model, files.model)
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
        observables=filler.observables(tables.observable_df, frame, Path(path), where),
        measurements=Measurements(paired.lane, time_index, frame),
        conditions=tables.condition_df,
        observable_table=tables.observable_df,
    )


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


def _pair_conditions(frame: pd.DataFrame, where: Sequence[str]) -> _Paired:
    """The lanes of a measurement table: what differs in condition, rest or pretreatment."""
    empty = pd.Series([None] * len(frame))
    columns = ("preequilibrationConditionId", "pretreatmentConditionId", "pretreatmentTime")
    cells = (frame["simulationConditionId"], *(frame.get(name, empty) for name in columns))
    rows = [
        (str(own), cell(rest), cell(condition), cell(time))
        for own, rest, condition, time in zip(*cells, strict=True)
    ]
    for row, (_, _, condition, time) in enumerate(rows):
        if (condition is None) != (time is None):
            raise FitError(f"{where[row]}: pretreatmentConditionId and pretreatmentTime must stand together")
        if time is not None:
            positive(time, f"{where[row]}: pretreatmentTime")
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


def _check_values(lanes: Experiments, model: Model, path: Path) -> None:
    """Every constant has a value, from the model, the parameter table or the conditions."""
    bare = np.flatnonzero((~lanes.parameters.given).any(axis=0))
    if bare.size:
        names = ", ".join(model.parameters[place] for place in bare)
        raise FitError(f"{path}: constants must have a value here or in the tables, found none for {names}")


def _check_states(lanes: Experiments, pretreated: np.ndarray, path: Path) -> None:
    sets = lanes.states.given.any(axis=1)
    wrong = [lanes.names[lane] for lane in np.flatnonzero(sets & (pretreated > 0))]
    if wrong:
        raise FitError(
            f"{path}: a condition after a pretreatment must set no species, found {', '.join(wrong)}"
        )


def _check_conditions(conditions: pd.DataFrame, model: Model, assigned: Set[str], path: Path) -> None:
    """Every column must be something that a condition can set; what has an initial assignment, in all or none."""
    known = {*model.parameters, *model.species}
    problems = []
    for name in (name for name in conditions.columns if name not in PLAIN_COLUMNS):
        empty = conditions[name].isna()
        if not empty.all() and name not in known:
            problems.append(f"{path}: conditions must set constants or states of the model, found {name}")
        elif name in assigned and empty.any():
            rule = f"{name} has an initial assignment and must be set by every condition or by none"
            problems.append(f"{path}: {rule}, found it empty in {conditions.index[empty][0]}")
    if problems:
        raise FitError(problems)


def _refuse_states(parameters_in: Mapping[str, str], model: Model) -> None:
    """What events or rates change is a state, and a parameter table cannot say when it has its value."""
    rule = "must be constant in the model or not be in it, found that an event or a rate changes it"
    wrong = [f"{where}: {name} {rule}" for name, where in parameters_in.items() if name in model.species]
    if wrong:
        raise FitError(wrong)


def _check_times(time: np.ndarray, where: Sequence[str]) -> None:
    wrong = [
        f"{where[row]}: time must be finite and not negative, found {value}"
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
        self.nominal = fixed | dict(
            zip(estimated.names, estimated.linear(estimated.nominal).tolist(), strict=True)
        )

    def resolve(self, value: Any, where: str) -> tuple[float, int]:
        """(number, -1) or (NaN, place) of a cell that holds a number or the name of a parameter."""
        if isinstance(value, str) and value in self.place:
            return np.nan, self.place[value]
        if isinstance(value, str) and value in self.fixed:
            return self.fixed[value], -1
        try:
            number = float(value)
        except ValueError:
            number = np.nan
        if not np.isfinite(number):
            rule = "must be a finite number or a parameter of the parameter table"
            raise FitError(f"{where}: {rule}, found {value}")
        return number, -1

    def experiments(self, names: Sequence[str], conditions: pd.DataFrame) -> Experiments:
        """Parameters and states of the named conditions."""
        shape = (len(names), len(self.model.parameters))
        parameters = Values(
            np.tile(np.asarray(self.model.values, float), (len(names), 1)), np.full(shape, -1)
        )
        for column, name in enumerate(self.model.parameters):
            if name in self.place or name in self.fixed:
                parameters.constant[:, column], parameters.source[:, column] = self.resolve(name, name)
        shape = (len(names), len(self.model.species))
        states = Values(np.full(shape, np.nan), np.full(shape, -1))
        tables = {name: (parameters, index) for index, name in enumerate(self.model.parameters)}
        tables |= {name: (states, index) for index, name in enumerate(self.model.species)}
        for row, condition in enumerate(names):
            for entity, value in conditions.loc[condition].items():
                if entity in tables and not missing(value):
                    table, column = tables[entity]
                    where = f"condition table: {entity} of {condition}"
                    table.constant[row, column], table.source[row, column] = self.resolve(value, where)
        return Experiments(tuple(names), parameters, states)

    def observables(
        self, table: pd.DataFrame, frame: pd.DataFrame, path: Path, rows: Sequence[str]
    ) -> tuple[Observable, ...]:
        """Every observable that is measured, with its formulas; `rows` says where each measurement stands."""
        return tuple(
            self._observable(str(name), table.loc[name], frame, path, rows)
            for name in table.index
            if (frame["observableId"] == name).any()
        )

    def _observable(
        self, name: str, row: pd.Series, frame: pd.DataFrame, path: Path, stands: Sequence[str]
    ) -> Observable:
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
        distribution = one_of(row.get("noiseDistribution"), PETAB_NOISE, where)
        degrees = row.get("degreesOfFreedom")
        if is_student := not missing(degrees):
            degrees = positive(degrees, f"{where}: degreesOfFreedom")
        transformation = one_of(row.get("observableTransformation"), TRANSFORMATIONS, where)
        overrides = self._overrides(placeholders, rows, frame, stands)
        problems = self._noise_problems(noise, placeholders, overrides, [stands[int(row)] for row in rows])
        if problems:
            raise FitError(problems)
        return Observable(
            name=name,
            value=value,
            noise=noise,
            transformation=transformation,
            distribution="student" if is_student else distribution,
            degrees=float(degrees) if is_student else np.inf,
            rows=rows,
            placeholders=placeholders,
            overrides=overrides,
        )

    def _noise_problems(
        self, noise: Formula, placeholders: Sequence[str], overrides: Values, stands: Sequence[str]
    ) -> list[str]:
        """Measurements whose noise is no positive number at the nominal parameters; none where it depends on states."""
        if not set(noise.names) <= {*placeholders, *self.nominal}:
            return []
        nominal = np.array([*self.nominal.values(), np.nan])
        chosen = np.where(
            overrides.source >= 0, np.asarray(overrides.source) + len(self.fixed), len(self.nominal)
        )
        filled = np.where(overrides.source >= 0, nominal[chosen], overrides.constant)
        given = dict(zip(placeholders, filled.T, strict=True))
        sigma = np.broadcast_to(noise({**self.nominal, **given}), len(stands))
        return [
            f"{stands[int(line)]}: noise must be a positive number, found {sigma[line]:g} from {noise.text}"
            for line in np.flatnonzero(~((sigma > 0) & (sigma < np.inf)))
        ]

    def _overrides(
        self, placeholders: Sequence[str], rows: np.ndarray, frame: pd.DataFrame, stands: Sequence[str]
    ) -> Values:
        shape = (len(rows), len(placeholders))
        overrides = Values(np.full(shape, np.nan), np.full(shape, -1))
        problems: list[str] = []
        for line, row in enumerate(rows):
            given = dict(_given(frame.loc[row]))
            for column, placeholder in enumerate(placeholders):
                where = f"{stands[int(row)]}: {placeholder}"
                try:
                    resolved = self.resolve(given.get(placeholder, "nothing"), where)
                except FitError as fault:
                    problems.extend(fault.problems)
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
