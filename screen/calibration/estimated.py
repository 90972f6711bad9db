"""The parameter table of a PEtab problem: what is estimated, between which bounds, under which priors."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from screen.calibration.cells import missing
from screen.calibration.priors import DISTRIBUTIONS, Prior, must_hold, two_numbers
from screen.calibration.problem import Estimated
from screen.calibration.scale import SCALES
from screen.errors import FitError


def read_parameters(table: pd.DataFrame, where: Mapping[str, str]) -> tuple[Estimated, dict[str, float]]:
    """What is estimated, and the linear values of what is not; `where` says file and row of each.

    An estimated parameter without a nominal value has the middle of its bounds, on its scale. A nominal value may lie
    outside of them: to PEtab bounds are where an optimiser searches, and a start is clipped to them. So may 0 on a
    logarithmic scale, where it is -inf. A level prior narrows the bounds to where it has density.
    """
    estimated = table[table["estimate"].astype(int) == 1]
    if estimated.empty:
        raise FitError("parameter table: at least one parameter must be estimated, found none")
    scales = tuple(estimated["parameterScale"].astype(str))
    names = tuple(map(str, estimated.index))
    lower, upper = (_scaled(estimated[column], scales) for column in ("lowerBound", "upperBound"))
    problems: list[str] = []
    bounds = dict(zip(names, zip(lower, upper, strict=True), strict=True))
    priors, starts = (
        [_prior(row, kind, bounds[name], f"{where[name]}: {kind}", problems) for name, (_, row) in rows]
        for kind, rows in (
            (kind, list(zip(names, estimated.iterrows(), strict=True)))
            for kind in ("objectivePrior", "initializationPrior")
        )
    )
    lower, upper = _narrowed(estimated, bounds, priors, where, problems)
    named = "nominalValue" in estimated
    nominal = _scaled(estimated["nominalValue"], scales) if named else np.full(len(names), np.nan)
    empty = estimated["nominalValue"].isna().to_numpy() if named else np.full(len(names), True)
    nominal = np.where(empty, 0.5 * (lower + upper), nominal)
    problems += [
        f"{where[name]}: nominalValue of {name} must not be below 0, as its scale is {scale}, found it below"
        for name, scale, value in zip(names, scales, nominal, strict=True)
        if np.isnan(value)
    ]
    if problems:
        raise FitError(problems)
    drawn_from = tuple(
        start or prior or Prior("parameterScaleUniform", *bounds[name], scale)
        for name, prior, start, scale in zip(names, priors, starts, scales, strict=True)
    )
    fixed = {str(name): float(row["nominalValue"]) for name, row in table.drop(estimated.index).iterrows()}
    return Estimated(names, scales, lower, upper, nominal, tuple(priors), drawn_from), fixed


def _narrowed(
    rows: pd.DataFrame,
    bounds: Mapping[str, tuple[float, float]],
    priors: Sequence[Prior | None],
    where: Mapping[str, str],
    problems: list[str],
) -> tuple[np.ndarray, np.ndarray]:
    """Scaled bounds, each within the ends of its prior."""
    ends = np.array(
        [bounds[name] if prior is None else prior.ends for name, prior in zip(bounds, priors, strict=True)]
    )
    given = np.array(list(bounds.values()))
    lower, upper = np.maximum(given[:, 0], ends[:, 0]), np.minimum(given[:, 1], ends[:, 1])
    for (name, row), low, high in zip(rows.iterrows(), lower, upper, strict=True):
        if not low < high:
            rule = "objectivePriorParameters must overlap the range from lowerBound to upperBound"
            found = f"{row.get('objectivePriorParameters')} and {row['lowerBound']} to {row['upperBound']}"
            problems.append(f"{where[str(name)]}: {rule}, found {found}")
    return lower, upper


def outside_bounds(estimated: Estimated) -> list[str]:
    """Names of those whose nominal value lies outside of their bounds."""
    inside = (estimated.lower <= estimated.nominal) & (estimated.nominal <= estimated.upper)
    return [name for name, good in zip(estimated.names, inside, strict=True) if not good]


def _scaled(values: pd.Series, scales: tuple[str, ...]) -> np.ndarray:
    with np.errstate(all="ignore"):
        return np.array(
            [SCALES[scale].scaled(float(value)) for scale, value in zip(scales, values, strict=True)]
        )


def _prior(
    row: pd.Series, kind: str, bounds: tuple[float, float], where: str, problems: list[str]
) -> Prior | None:
    """The prior of a row; its numbers are the bounds where the row gives none, as PEtab has it."""
    family, numbers = row.get(f"{kind}Type"), row.get(f"{kind}Parameters")
    if missing(family):
        return None
    if family not in DISTRIBUTIONS:
        problems.append(f"{where}Type must be one of {', '.join(DISTRIBUTIONS)}, found {family}")
        return None
    first, second = bounds if missing(numbers) else two_numbers(str(numbers))
    if broken := must_hold(str(family), first, second):
        problems.append(f"{where}Parameters must {broken}, found {numbers}")
        return None
    mass = row.get(f"{kind}Mass", 1.0)
    return Prior(str(family), first, second, str(row["parameterScale"]), mass)
