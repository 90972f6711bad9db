"""Observables of a calibration problem: their formulas, and what each measurement puts in place of placeholders."""

import re
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from screen.calibration.cells import missing, one_of, positive
from screen.calibration.filler import Filler
from screen.calibration.formulas import Formula, parse_formula
from screen.calibration.problem import Observable, Values
from screen.errors import FitError

TRANSFORMATIONS = ("lin", "log", "log10")
PETAB_NOISE = ("normal", "laplace")


def read_observables(
    filler: Filler, table: pd.DataFrame, where: Mapping[str, str], frame: pd.DataFrame, stands: Sequence[str]
) -> tuple[Observable, ...]:
    """Every observable that is measured, with its formulas.

    `where` and `stands` say file and row of each observable and of each measurement.
    """
    return tuple(
        _observable(filler, table.loc[name], where[str(name)], frame, stands)
        for name in table.index
        if (frame["observableId"] == name).any()
    )


def _observable(
    filler: Filler, row: pd.Series, where: str, frame: pd.DataFrame, stands: Sequence[str]
) -> Observable:
    name, columns = str(row.name), ("observableFormula", "noiseFormula")
    texts = [str(row[column]) for column in columns]
    pattern = rf"\b(?:observable|noise)Parameter\d+_{re.escape(name)}\b"
    placeholders = tuple(sorted({match for text in texts for match in re.findall(pattern, text)}))
    model = filler.model
    known = [*model.species, *model.parameters, *model.observables, *filler.place, *filler.fixed]
    value, noise = (
        parse_formula(text, [*known, "time", *placeholders], f"{where}: {column}")
        for text, column in zip(texts, columns, strict=True)
    )
    rows = np.flatnonzero(frame["observableId"] == name)
    of_rows = [stands[int(each)] for each in rows]
    if "time" in (*value.names, *noise.names):
        _refuse_endless(frame["time"].to_numpy(float)[rows], of_rows)
    distribution, degrees = _noise_of(row, where)
    transformation = one_of(
        row.get("observableTransformation"), TRANSFORMATIONS, f"{where}: observableTransformation"
    )
    overrides = _overrides(filler, placeholders, frame.iloc[rows], of_rows)
    problems = _noise_problems(filler, noise, placeholders, overrides, of_rows)
    if problems:
        raise FitError(problems)
    return Observable(
        name=name,
        value=value,
        noise=noise,
        transformation=transformation,
        distribution=distribution,
        degrees=degrees,
        rows=rows,
        placeholders=placeholders,
        overrides=overrides,
    )


def _noise_of(row: pd.Series, where: str) -> tuple[str, float]:
    """Distribution of the noise, and its degrees of freedom: normal noise that has them is Student's t."""
    distribution = one_of(row.get("noiseDistribution"), PETAB_NOISE, f"{where}: noiseDistribution")
    degrees = row.get("degreesOfFreedom")
    if missing(degrees):
        return distribution, np.inf
    if distribution != "normal":
        rule = f"degreesOfFreedom must be empty where noiseDistribution is {distribution}"
        raise FitError(f"{where}: {rule}, found {degrees}")
    return "student", positive(degrees, f"{where}: degreesOfFreedom")


def _refuse_endless(time: np.ndarray, stands: Sequence[str]) -> None:
    wrong = [
        f"{where}: a formula with time must be measured at a finite time, found inf"
        for each, where in zip(time, stands, strict=True)
        if np.isinf(each)
    ]
    if wrong:
        raise FitError(wrong)


def _noise_problems(
    filler: Filler, noise: Formula, placeholders: Sequence[str], overrides: Values, stands: Sequence[str]
) -> list[str]:
    """Measurements whose noise is no positive number at the nominal parameters; none where it depends on states."""
    estimated = filler.estimated
    nominal = dict(
        zip(estimated.names, np.asarray(estimated.linear(estimated.nominal)).tolist(), strict=True)
    )
    if not set(noise.names) <= {*placeholders, *filler.fixed, *nominal}:
        return []
    vector = [*nominal.values(), *(float(each(nominal)) for each in filler.derived.values()), np.nan]
    filled = np.where(overrides.source >= 0, np.array(vector)[overrides.source], overrides.constant)
    given = dict(zip(placeholders, filled.T, strict=True))
    sigma = np.broadcast_to(noise({**filler.fixed, **nominal, **given}), len(stands))
    return [
        f"{stands[int(line)]}: noise must be a positive number, found {sigma[line]:g} from {noise.text}"
        for line in np.flatnonzero(~((sigma > 0) & (sigma < np.inf)))
    ]


def _overrides(
    filler: Filler, placeholders: Sequence[str], frame: pd.DataFrame, stands: Sequence[str]
) -> Values:
    shape = (len(frame), len(placeholders))
    overrides = Values(np.full(shape, np.nan), np.full(shape, -1))
    problems: list[str] = []
    for line, (where, (_, row)) in enumerate(zip(stands, frame.iterrows(), strict=True)):
        given = dict(_given(row)) if placeholders else {}
        for column, placeholder in enumerate(placeholders):
            try:
                resolved = filler.resolve(given.get(placeholder, "nothing"), f"{where}: {placeholder}")
            except FitError as fault:
                problems.extend(fault.problems)
            else:
                overrides.constant[line, column], overrides.source[line, column] = resolved
    if problems:
        raise FitError(problems)
    return overrides


def _given(measurement: pd.Series) -> Iterable[tuple[str, str]]:
    """What a measurement puts in place of each placeholder of its observable."""
    for kind in ("observable", "noise"):
        given = measurement.get(f"{kind}Parameters")
        for number, part in enumerate([] if missing(given) else str(given).split(";"), 1):
            yield f"{kind}Parameter{number}_{measurement['observableId']}", part.strip()
