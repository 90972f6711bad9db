"""Which parameters of a problem only scale, shift or blur blots, and what is left when they are taken out.

Roles come from the formulas: offset + scale*signal for the value, and the noise a name alone. A parameter that
is estimated without a prior and stands in one role everywhere can be solved, if the measurements it stands in
share it as a whole: one scale with one offset, one sigma for each blot. What does not fit stays in the search.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import sympy
from petab.v1.math import sympify_petab

from screen.calibration.formulas import bounded
from screen.calibration.problem import Estimated, Experiments, Observable, Problem, Values

NEGLIGIBLE = 1e-3
"""An offset on a logarithmic scale is solved only where its lower bound is below this share of every measurement."""


@dataclass(frozen=True)
class Split:
    """The pieces of a problem in two layers; places are of the whole estimated vector, -1 for none."""

    outer: Problem
    kept: np.ndarray
    reading: np.ndarray
    """Measurement of `outer` that holds the signal of each measurement."""
    blots: tuple[np.ndarray, ...]
    """Measurements of each blot."""
    scales: np.ndarray
    """Scale of each blot."""
    offsets: np.ndarray
    """Offset of each blot."""
    noise: np.ndarray
    """Place among `sigmas` of each blot."""
    sigmas: np.ndarray


@dataclass(frozen=True)
class Roles:
    """What stands in each role of each measurement: a place, or -1; and the number where it is one."""

    scale: np.ndarray
    offset: np.ndarray
    noise: np.ndarray
    offset_number: np.ndarray
    """0 where there is no offset; NaN where it is a parameter."""


def split_problem(problem: Problem) -> Split:
    """The problem without what can be solved blot by blot."""
    roles = _demote(problem, _read_roles(problem), _elsewhere(problem))
    blots = _blots(problem, roles)
    sigmas = np.unique(roles.noise[roles.noise >= 0])
    solved = {int(p) for part in (roles.scale, roles.offset, roles.noise) for p in part if p >= 0}
    kept = np.array([p for p in range(len(problem.estimated.names)) if p not in solved], int)
    outer, reading = _outer(problem, roles, kept)
    first = np.array([rows[0] for rows in blots])
    noise = roles.noise[first]
    return Split(
        outer, kept, reading, blots, roles.scale[first], roles.offset[first],
        np.where(noise >= 0, np.searchsorted(sigmas, noise), -1), sigmas,
    )  # fmt: skip


def _placeholders_of(problem: Problem, observable: Observable) -> tuple[str | None, str | None, str | None]:
    """Names of the scale, the offset and the sigma of an observable; None where its formulas have none.

    What both of its formulas read is none of these. Least squares solve blots of normal noise without censored
    readings; of others nothing is solved.
    """
    if observable.distribution != "normal" or problem.measurements.censored[observable.rows].any():
        return None, None, None
    value, noise = (set(each.names) for each in (observable.value, observable.noise))
    own, blur = set(observable.placeholders) - (value & noise), observable.noise.text.strip()
    with bounded():
        formula = sympy.sympify(sympify_petab(observable.value.text))
    names = sorted((symbol for symbol in formula.free_symbols if str(symbol) in own), key=str)
    offset = next((s for s in names if not sympy.expand(formula - s).has(s)), None)
    rest = formula - offset if offset is not None else formula
    scale = next((s for s in names if s != offset and _is_factor(s, rest)), None)
    return (
        str(scale) if scale is not None else None,
        str(offset) if offset is not None else None,
        blur if blur in own else None,
    )


def _is_factor(symbol: sympy.Symbol, formula: sympy.Expr) -> bool:
    signal = sympy.diff(formula, symbol)
    return not signal.has(symbol) and sympy.expand(formula - symbol * signal) == 0


def _read_roles(problem: Problem) -> Roles:
    count = len(problem.measurements.lane)
    scale, offset, noise = (np.full(count, -1) for _ in range(3))
    number = np.zeros(count)
    for each in problem.observables:
        for name, target in zip(_placeholders_of(problem, each), (scale, offset, noise), strict=True):
            if name is not None:
                column = each.placeholders.index(name)
                source = np.asarray(each.overrides.source[:, column])
                target[each.rows] = np.where(source < len(problem.estimated.names), source, -1)
                if target is offset:
                    number[each.rows] = each.overrides.constant[:, column]
    return Roles(scale, offset, noise, number)


def _elsewhere(problem: Problem) -> set[int]:
    """Places that something other than a role reads, or that have a prior."""
    place = {name: index for index, name in enumerate(problem.estimated.names)}
    found = {index for index, prior in enumerate(problem.estimated.priors) if prior is not None}
    tables: list[Values] = [table for each in problem.tables for table in (each.parameters, each.states)]
    for table in tables:
        found |= {int(p) for p in np.unique(table.source) if p >= 0}
    formulas = [*problem.derived, *(each.formula for table in problem.tables for each in table.computed)]
    formulas += [formula for each in problem.observables for formula in (each.value, each.noise)]
    found |= {place[name] for formula in formulas for name in formula.names if name in place}
    for each in problem.observables:
        in_role = set(_placeholders_of(problem, each))
        for column, name in enumerate(each.placeholders):
            if name not in in_role:
                found |= {int(p) for p in each.overrides.source[:, column] if p >= 0}
    return found


def _demote(problem: Problem, roles: Roles, elsewhere: set[int]) -> Roles:
    """Roles of what can be solved; -1 for the others."""
    parts = [part.copy() for part in (roles.scale, roles.offset, roles.noise)]
    seen = [set(part[part >= 0].tolist()) for part in parts]
    barred = elsewhere | (seen[0] & seen[1]) | (seen[0] & seen[2]) | (seen[1] & seen[2])
    barred |= _unfit(problem, roles)
    parts = [_without(part, barred) for part in parts]
    scale, offset, noise = parts
    number = roles.offset_number
    while True:
        wrong = {int(p) for p in np.unique(scale[(scale >= 0) & (offset < 0) & (number != 0)])}
        blot = _numbers(problem, scale, offset)
        wrong |= _spread(scale, blot) | _spread(offset, blot)
        wrong |= {
            int(p)
            for b in np.unique(blot)
            if len(np.unique(noise[blot == b])) > 1
            for p in np.unique(noise[blot == b])
            if p >= 0
        }
        if not wrong:
            return Roles(scale, offset, noise, number)
        scale, offset, noise = (_without(part, wrong) for part in (scale, offset, noise))


def _unfit(problem: Problem, roles: Roles) -> set[int]:
    """Scales and offsets on a logarithmic scale that could be negative, and offsets whose bounds could bind."""
    lower, upper = (
        np.asarray(problem.estimated.linear(b)) for b in (problem.estimated.lower, problem.estimated.upper)
    )
    value, unfit = problem.measurements.value, set()
    for each in problem.observables:
        if each.transformation != "lin":
            places, factors = roles.offset[each.rows], roles.scale[each.rows]
            low, high = lower[places], upper[places]
            bad = (low < 0) | (low > NEGLIGIBLE * value[each.rows]) | (high < value[each.rows])
            unfit |= {int(p) for p in places[(places >= 0) & bad]}
            unfit |= {int(p) for p in factors[(factors >= 0) & (lower[factors] < 0)]}
    return unfit


def _without(part: np.ndarray, barred: set[int]) -> np.ndarray:
    return np.where(np.isin(part, list(barred)), -1, part)


def _spread(part: np.ndarray, blot: np.ndarray) -> set[int]:
    """Places that stand in more than one blot, each of which would solve them for itself."""
    return {int(p) for p in np.unique(part[part >= 0]) if len(np.unique(blot[part == p])) > 1}


def _numbers(problem: Problem, scale: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """Number of the blot of each measurement; without scale or offset, an observable and its noise are a blot."""
    kind = np.empty(len(scale), object)
    for each in problem.observables:
        kind[each.rows] = each.name
        alone = (scale[each.rows] >= 0) | (offset[each.rows] >= 0)
        kind[each.rows[alone]] = each.transformation
    return pd.factorize(pd.MultiIndex.from_arrays([scale, offset, kind]))[0]


def _blots(problem: Problem, roles: Roles) -> tuple[np.ndarray, ...]:
    blot = _numbers(problem, roles.scale, roles.offset)
    solved = (roles.scale >= 0) | (roles.offset >= 0)
    blot = pd.factorize(pd.MultiIndex.from_arrays([blot, np.where(solved, -1, roles.noise)]))[0]
    return tuple(np.flatnonzero(blot == number) for number in range(blot.max() + 1))


def _outer(problem: Problem, roles: Roles, kept: np.ndarray) -> tuple[Problem, np.ndarray]:
    """The problem of the kept parameters, in which every signal is measured once, and where each is found."""
    whole, further = len(problem.estimated.names), np.arange(len(problem.derived))
    new = np.full(whole + len(further) + 1, -1)
    new[kept], new[whole + further] = np.arange(len(kept)), len(kept) + further
    stripped = [_strip(problem, each, roles, new) for each in problem.observables]
    data = problem.measurements
    reading = np.empty(len(data.lane), int)
    chosen: list[int] = []
    observables = []
    for each in stripped:
        table = np.column_stack(
            [data.lane[each.rows], data.time[each.rows], each.overrides.source,
             np.nan_to_num(each.overrides.constant, nan=-1.0)]
        )  # fmt: skip
        _, first, place = np.unique(table, axis=0, return_index=True, return_inverse=True)
        reading[each.rows] = len(chosen) + place.ravel()
        rows = np.arange(len(chosen), len(chosen) + len(first))
        chosen += each.rows[first].tolist()
        overrides = Values(each.overrides.constant[first], each.overrides.source[first])
        observables.append(replace(each, rows=rows, overrides=overrides))
    outer = problem.with_tables(
        lambda each: _renumber(each, new),
        estimated=_take(problem.estimated, kept),
        observables=tuple(observables),
        measurements=data.taken(np.array(chosen), data.lane[chosen], data.time_index[chosen]),
    )
    return outer, reading


def _strip(problem: Problem, observable: Observable, roles: Roles, new: np.ndarray) -> Observable:
    """The observable without what is solved: scale 1, offset 0, sigma 1, on a linear scale."""
    source, constant = observable.overrides.source.copy(), observable.overrides.constant.copy()
    parts = zip(
        _placeholders_of(problem, observable),
        (roles.scale, roles.offset, roles.noise),
        (1.0, 0.0, 1.0),
        strict=True,
    )
    for name, part, neutral in parts:
        if name is not None:
            column = observable.placeholders.index(name)
            solved = part[observable.rows] >= 0
            source[solved, column], constant[solved, column] = -1, neutral
    return replace(observable, transformation="lin", overrides=Values(constant, new[source]))


def _take(estimated: Estimated, kept: np.ndarray) -> Estimated:
    def chosen(items: Iterable) -> tuple:
        every = tuple(items)
        return tuple(every[place] for place in kept)

    return Estimated(
        chosen(estimated.names), chosen(estimated.scales), estimated.lower[kept], estimated.upper[kept],
        estimated.nominal[kept], chosen(estimated.priors), chosen(estimated.starts),
    )  # fmt: skip


def _renumber(experiments: Experiments, new: np.ndarray) -> Experiments:
    tables = (experiments.parameters, experiments.states)
    parameters, states = (Values(table.constant, new[table.source]) for table in tables)
    return replace(experiments, parameters=parameters, states=states)
