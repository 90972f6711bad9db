"""PEtab 2: the tables of a problem, checked by the classes of the `petab` library, row by row, and by its validator.

What has another form than in PEtab 1 is brought into that one (`petab_v2_tables`), so that one way leads on from here.
"""

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import petab.v2 as petab
from petab.v2.lint import ValidationIssueSeverity
from pydantic import BaseModel, ValidationError

from screen.calibration.arms import Cells
from screen.calibration.cells import missing
from screen.calibration.formulas import FORMULA_FAULTS, LONGEST
from screen.calibration.petab_checks import IDENTIFIER
from screen.calibration.petab_tables import (
    LINT_FAULTS,
    PetabFiles,
    Table,
    file_names,
    joined,
    lint_fault,
    located,
    raise_if,
    read_frame,
    read_model,
)
from screen.calibration.petab_v2_priors import parameter_table, prior_problem
from screen.calibration.petab_v2_tables import arms_of, condition_table, measurement_table, observable_table
from screen.errors import FitError

KINDS: dict[str, type[BaseModel]] = {
    "parameter_files": petab.Parameter,
    "observable_files": petab.Observable,
    "measurement_files": petab.Measurement,
    "condition_files": petab.Change,
    "experiment_files": petab.ExperimentPeriod,
    "mapping_files": petab.Mapping,
}
"""Files -> what a row of them is."""

NEEDED = ("parameter_files", "observable_files", "measurement_files")
FURTHER = ("format_version", "id", "model_files", "extensions")
NAMED = {"condition_files": "conditionId", "experiment_files": "experimentId"}
"""Tables of which several rows make one thing, and the column that says which."""


@dataclass(frozen=True)
class Rows:
    """All rows of a kind: their tables, what they are and where they stand."""

    tables: Sequence[Table]
    elements: tuple[Any, ...]
    where: tuple[str, ...]

    def column(self, name: str) -> list[Any]:
        """The cells of a column, None where empty."""
        cells = [cell for table in self.tables for cell in table.frame.get(name, [None] * len(table.frame))]
        return [None if missing(cell) else cell for cell in cells]

    def named(self) -> dict[str, str]:
        """File and row of each, by its name."""
        return {each.id: where for each, where in zip(self.elements, self.where, strict=True)}


def read_version_2(path: Path, layout: dict[str, Any], sbml: Path | None) -> PetabFiles:
    """The problem of a YAML file; `sbml` stands in for the model file it names. FitError if unsound."""
    names, name, location = _layout_files(path, layout)
    model = sbml if sbml is not None else path.parent / location
    if not os.path.isfile(model):  # Path.is_file raises what a name too long for any file meets
        raise FitError(f"{path}: the model must be a file, found nothing at {model}")
    rows = {kind: _read_rows(path.parent, names[kind], kind) for kind in KINDS}
    raise_if(_find_problems(rows))
    problem = petab.Problem(
        models=[read_model(model, name)],
        condition_tables=[petab.ConditionTable(_conditions(rows["condition_files"]))],
        experiment_tables=[petab.ExperimentTable(_experiments(rows["experiment_files"]))],
        observable_tables=[petab.ObservableTable(list(rows["observable_files"].elements))],
        measurement_tables=[petab.MeasurementTable(list(rows["measurement_files"].elements))],
        parameter_tables=[petab.ParameterTable(list(rows["parameter_files"].elements))],
        mapping_tables=[petab.MappingTable(list(rows["mapping_files"].elements))],
    )
    raise_if(_lint(problem, path, [table for each in rows.values() for table in each.tables]))
    measured, known, observed = (rows[f"{kind}_files"] for kind in ("measurement", "parameter", "observable"))
    where = known.named()
    return PetabFiles(
        model=model,
        parameters=parameter_table(known.elements, where),
        observables=observable_table(observed.elements),
        measurements=measurement_table(joined(measured.tables)),
        conditions=condition_table(problem),
        arms=arms_of(problem, _cells(rows["condition_files"])),
        files=(path, *(table.path for each in rows.values() for table in each.tables), model),
        measured_in=measured.where,
        parameters_in=where,
        observables_in=observed.named(),
    )


def _layout_files(path: Path, layout: dict[str, Any]) -> tuple[dict[str, list[str]], str, str]:
    """The tables by kind, and name and file of the one model."""
    unknown = [str(key) for key in layout if key not in (*KINDS, *FURTHER)]
    if unknown:
        known = ", ".join((*FURTHER, *KINDS))
        raise FitError(f"{path}: keys must be of {known} in PEtab 2, found {', '.join(unknown)}")
    names = {kind: file_names(layout.get(kind) or []) for kind in KINDS}
    raise_if(f"{path}: `{kind}` must name files, found none" for kind in NEEDED if not names[kind])
    wrong = [kind for kind in KINDS if layout.get(kind) and not names[kind]]
    raise_if(f"{path}: `{kind}` must name files, found {layout[kind]}" for kind in wrong)
    models = layout.get("model_files")
    if not isinstance(models, dict) or len(models) != 1:
        found = f"{len(models)}" if isinstance(models, dict) else "no table of models"
        raise FitError(f"{path}: `model_files` must name one model, found {found}")
    name, model = next(iter(models.items()))
    given = model if isinstance(model, dict) else {}
    if given.get("language") != "sbml" or not isinstance(given.get("location"), str):
        raise FitError(f"{path}: the model must be a `location` in `language: sbml`, found {model}")
    return names, str(name), given["location"]


def _read_rows(folder: Path, names: Sequence[str], kind: str) -> Rows:
    tables = [read_frame(folder / name, lambda frame: frame) for name in names]
    raise_if(problem for table in tables for problem in _absent_columns(table, kind))
    elements, problems = [], []
    for table in tables:
        for row, cells in enumerate(table.frame.to_dict("records")):
            longest = max((len(cell) for cell in cells.values() if isinstance(cell, str)), default=0)
            if longest > LONGEST:
                problems.append(
                    f"{table.where(row)}: cells must have at most {LONGEST} characters, found {longest}"
                )
                continue
            try:
                elements.append(_element(kind, cells))
            except ValidationError as fault:
                problems += [f"{table.where(row)}: {_sentence(each)}" for each in fault.errors()]
            except (*FORMULA_FAULTS, AttributeError) as fault:
                found = str(fault) or type(fault).__name__
                problems.append(f"{table.where(row)}: formulas must be readable, found {found}")
    raise_if(problems)
    where = tuple(table.where(row) for table in tables for row in range(len(table.frame)))
    return Rows(tables, tuple(elements), where)


def _absent_columns(table: Table, kind: str) -> Iterable[str]:
    fields = KINDS[kind].model_fields
    needed = [each.alias for each in fields.values() if each.alias and each.is_required()]
    if kind == "observable_files":
        needed += ["observableFormula", "noiseFormula"]
    needed += [NAMED[kind]] if kind in NAMED else []
    found = ", ".join(map(str, table.frame.columns))
    for name in needed:
        if name not in table.frame:
            yield f"{table.path}: column `{name}` must be there, found only {found}"


def _element(kind: str, cells: dict[Any, Any]) -> Any:
    given = {name: value for name, value in cells.items() if not missing(value)}
    if kind == "experiment_files":
        condition = given.pop("conditionId", None)
        given["condition_ids"] = [] if condition is None else [str(condition)]
    return KINDS[kind](**given)


def _sentence(fault: Any) -> str:
    column = ".".join(map(str, fault["loc"])) or "the row"
    if fault["type"] == "missing":
        return f"{column} must be given, found nothing"
    message = fault["msg"].removeprefix("Value error, ")
    found = message if isinstance(fault["input"], dict) else f"{str(fault['input'])[:60]} ({message})"
    return f"{column} must be as PEtab 2 has it, found {found}"


def _conditions(rows: Rows) -> list[petab.Condition]:
    changes: dict[str, list[petab.Change]] = {}
    for name, change in zip(rows.column("conditionId"), rows.elements, strict=True):
        changes.setdefault(str(name), []).append(change)
    return [petab.Condition(id=name, changes=each) for name, each in changes.items()]


def _cells(rows: Rows) -> Cells:
    columns = zip(*(rows.column(name) for name in ("conditionId", "targetId", "targetValue")), strict=True)
    return {
        (str(name), str(target)): (f"{where}: targetValue", value)
        for (name, target, value), where in zip(columns, rows.where, strict=True)
    }


def _experiments(rows: Rows) -> list[petab.Experiment]:
    periods: dict[str, dict[float, list[str]]] = {}
    for name, period in zip(rows.column("experimentId"), rows.elements, strict=True):
        periods.setdefault(str(name), {}).setdefault(period.time, []).extend(period.condition_ids)
    return [
        petab.Experiment(
            id=name,
            periods=[
                petab.ExperimentPeriod(time=time, condition_ids=ids) for time, ids in sorted(each.items())
            ],
        )
        for name, each in periods.items()
    ]


def _find_problems(rows: dict[str, Rows]) -> list[str]:
    """What the classes of the library let pass, with the row it stands in."""
    problems = [
        f"{table.path}: must hold at least one row, found none"
        for kind in NEEDED
        for table in rows[kind].tables
        if not len(table.frame)
    ]
    keys = {
        "condition_files": ("conditionId", "targetId"),
        "experiment_files": ("experimentId", "time", "conditionId"),
        "observable_files": ("observableId",),
        "parameter_files": ("parameterId",),
    }
    for kind, columns in keys.items():
        found = list(zip(*(rows[kind].column(name) for name in columns), strict=True))
        counts = Counter(found)
        problems += [
            f"{where}: {' and '.join(columns)} must name a row alone, found {', '.join(map(str, key))} again"
            for key, where in zip(found, rows[kind].where, strict=True)
            if counts[key] > 1
        ]
    problems += [
        f"{where}: {NAMED[kind]} must be letters, digits and _, first no digit, found {name or 'nothing'}"
        for kind in NAMED
        for name, where in zip(rows[kind].column(NAMED[kind]), rows[kind].where, strict=True)
        if not IDENTIFIER.fullmatch(str(name or ""))
    ]
    problems += [
        f"{where}: modelEntityId must be empty or the name itself, found {each.model_id}"
        for each, where in zip(rows["mapping_files"].elements, rows["mapping_files"].where, strict=True)
        if each.model_id not in (None, each.petab_id)
    ]
    problems += [
        f"{where}: {column} must be a formula, found nothing"
        for each, where in zip(rows["observable_files"].elements, rows["observable_files"].where, strict=True)
        for column, formula in (("observableFormula", each.formula), ("noiseFormula", each.noise_formula))
        if formula is None
    ]
    problems += [
        f"{where}: {problem}"
        for each, where in zip(rows["parameter_files"].elements, rows["parameter_files"].where, strict=True)
        if (problem := prior_problem(each))
    ]
    experiments, conditions = rows["experiment_files"], set(rows["condition_files"].column("conditionId"))
    problems += [
        f"{where}: conditionId must be empty or in the condition table, found {name}"
        for name, where in zip(experiments.column("conditionId"), experiments.where, strict=True)
        if name not in {None, *conditions}
    ]
    return [*problems, *_measurement_problems(rows)]


def _measurement_problems(rows: dict[str, Rows]) -> Iterable[str]:
    observables = {each.id: each for each in rows["observable_files"].elements}
    experiments = {str(name) for name in rows["experiment_files"].column("experimentId")}
    measured = rows["measurement_files"]
    for each, where in zip(measured.elements, measured.where, strict=True):
        if each.observable_id not in observables:
            yield f"{where}: observableId must be an observable of the observable table, found {each.observable_id}"
            continue
        observable = observables[each.observable_id]
        if each.experiment_id is not None and each.experiment_id not in experiments:
            yield f"{where}: experimentId must be empty or in the experiment table, found {each.experiment_id}"
        if not np.isfinite(each.measurement):
            yield f"{where}: measurement must be a finite number, found {each.measurement}"
        if observable.noise_distribution.startswith("log-") and each.measurement <= 0:
            rule = "measurement must be positive, as its noise is on a logarithmic scale"
            yield f"{where}: {rule}, found {each.measurement}"
        for kind in ("observable", "noise"):
            wanted = len(getattr(observable, f"{kind}_placeholders"))
            found = len(getattr(each, f"{kind}_parameters"))
            if found != wanted:
                rule = f"{kind}Parameters must have as many entries as {observable.id} has placeholders"
                yield f"{where}: {rule}, found {found} of {wanted}"


def _lint(problem: petab.Problem, path: Path, tables: Sequence[Table]) -> list[str]:
    """What the validator of the `petab` library finds, one sentence each."""
    try:
        issues = problem.validate()
    except LINT_FAULTS as fault:
        return [f"{path}: must be a valid PEtab problem, found {lint_fault(fault)}"]
    return [
        sentence
        for issue in issues
        if issue.level >= ValidationIssueSeverity.ERROR
        for sentence in located(" ".join(issue.message.split()), tables, path)
    ]
