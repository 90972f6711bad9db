"""The parameter table of PEtab 2 in the form of PEtab 1: scales, bounds and priors.

PEtab 2 has no scales: a parameter whose bounds are positive is searched on a logarithmic one, on which its prior, of
linear values, is the same. Priors end at the bounds, so that their density is that within them. A bound at infinity,
which only a parameter with a prior may have, lies where nearly nothing of the prior is left beyond it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import petab.v2 as petab

from screen.calibration.priors import DISTRIBUTIONS, Prior, must_hold, two_numbers
from screen.errors import FitError

PRIORS = {
    "cauchy": "cauchy",
    "chisquare": "chiSquare",
    "exponential": "exponential",
    "gamma": "gamma",
    "laplace": "laplace",
    "log-laplace": "logLaplace",
    "log-normal": "logNormal",
    "log-uniform": "logUniform",
    "normal": "normal",
    "rayleigh": "rayleigh",
    "uniform": "uniform",
}
"""Name in PEtab 2 -> distribution of `screen.calibration.priors`."""

ONE_NUMBER = ("chiSquare", "exponential", "rayleigh")
"""Distributions of one number; all others have two."""

BEYOND = 1e-6
"""Share of a prior that lies beyond a bound that stands for infinity."""


def prior_problem(parameter: petab.Parameter) -> str:
    """What is wrong with the numbers of a prior as they stand in the file; empty where they are sound."""
    kind, numbers = PRIORS.get(str(parameter.prior_distribution)), parameter.prior_parameters
    if kind is None or not parameter.estimate:
        return ""
    found = ";".join(f"{number:g}" for number in numbers) or "nothing"
    if len(numbers) != (1 if kind in ONE_NUMBER else 2):
        many = "one number" if kind in ONE_NUMBER else "two numbers with ; between them"
        return f"priorParameters must be {many}, found {found}"
    first, second = (*numbers, 1.0)[:2]
    if not np.isfinite(numbers).all():
        return f"priorParameters must be finite numbers, found {found}"
    if broken := must_hold(kind, first, second):
        return f"priorParameters must {broken}, found {found}"
    low, high = Prior(kind, first, second, "lin").ends
    if not parameter.lb < parameter.ub:
        return f"lowerBound must lie below upperBound, found {parameter.lb:g} and {parameter.ub:g}"
    if not max(low, parameter.lb) < min(high, parameter.ub):
        rule = "priorParameters must overlap the range from lowerBound to upperBound"
        return f"{rule}, found {found} and {parameter.lb:g} to {parameter.ub:g}"
    return ""


def parameter_table(parameters: Sequence[petab.Parameter], where: Mapping[str, str]) -> pd.DataFrame:
    """The parameters by name; FitError for bounds that are none."""
    problems: list[str] = []
    rows = {each.id: _row(each, where[each.id], problems) for each in parameters}
    if problems:
        raise FitError(problems)
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("parameterId")


def _row(parameter: petab.Parameter, where: str, problems: list[str]) -> dict[str, Any]:
    value = np.nan if parameter.nominal_value is None else parameter.nominal_value
    if not parameter.estimate:
        if not np.isfinite(value):
            problems.append(f"{where}: nominalValue must be a finite number, found {value}")
        return {"estimate": 0, "nominalValue": value, "parameterScale": "lin"}
    prior = parameter.prior_dist
    lower, upper = _bounds(parameter, prior)
    if not (np.isfinite(lower) and np.isfinite(upper) and lower < upper):
        rule = "lowerBound and upperBound must be numbers, the lower first, finite where there is no prior"
        problems.append(f"{where}: {rule}, found {parameter.lb} and {parameter.ub}")
    if np.isinf(value):
        problems.append(f"{where}: nominalValue must be a finite number, found {value}")
    row = {
        "estimate": 1,
        "nominalValue": value,
        "lowerBound": lower,
        "upperBound": upper,
        "parameterScale": "log10" if lower > 0 and not value <= 0 else "lin",
    }
    if prior is not None:
        kind = str(parameter.prior_distribution)
        numbers = _numbers(parameter, kind)
        row |= {
            "objectivePriorType": PRIORS[kind],
            "objectivePriorParameters": numbers,
            "objectivePriorMass": _mass(prior, kind, numbers),
        }
    return row


def _bounds(parameter: petab.Parameter, prior: Any) -> tuple[float, float]:
    lower, upper = parameter.lb, parameter.ub
    if prior is None:
        return lower, upper
    value = parameter.nominal_value
    if np.isinf(lower):
        lower = min(float(prior.ppf(BEYOND)), np.inf if value is None else value)
    if np.isinf(upper):
        upper = max(float(prior.ppf(1 - BEYOND)), -np.inf if value is None else value)
    return lower, upper


def _numbers(parameter: petab.Parameter, kind: str) -> str:
    numbers = list(parameter.prior_parameters)
    if kind == "uniform":
        numbers = [max(numbers[0], parameter.lb), min(numbers[1], parameter.ub)]
    return ";".join(map(repr, numbers))


def _mass(prior: Any, kind: str, numbers: str) -> float:
    """The share of a prior that lies within its bounds, from its density there."""
    middle = float(prior.ppf(0.5))
    whole = float(DISTRIBUTIONS[PRIORS[kind]].cost(middle, *two_numbers(numbers)))
    return float(np.exp(-whole) / prior.pdf(middle))
