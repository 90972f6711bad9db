"""Conditions as tables: what each sets, as a number, a place in the vector of a problem, or a formula of states."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import sympy
from petab.v1.math import sympify_petab

from screen.calibration.arms import Arms
from screen.calibration.formulas import FORMULA_FAULTS, Formula, bounded, fault_in, formula_of
from screen.calibration.problem import Computed, Estimated, Experiments, Values
from screen.errors import FitError
from screen.kernel import Model

NUMBER = -1
"""Place of what is a number."""

Known = Callable[[str], sympy.Expr | None]
"""What a name stands for, in estimated parameters; None where it is not known."""


class _Row(NamedTuple):
    """One row of a table to be filled."""

    condition: str | None
    begins: float
    earlier: tuple[Experiments, int] | None
    """The row whose parameters hold where the condition sets nothing; None for those of the model."""


@dataclass
class _Open:
    """A table while it is filled."""

    model: Model
    rows: int
    computed: dict[tuple[int, sympy.Expr], list[int]] = field(default_factory=dict)
    """(state, formula) -> rows."""

    def __post_init__(self) -> None:
        self.parameters, self.states = (
            Values(np.full((self.rows, len(names)), np.nan), np.full((self.rows, len(names)), NUMBER))
            for names in (self.model.parameters, self.model.species)
        )

    def of_states(self) -> tuple[Computed, ...]:
        """The states that are set by formulas of states."""
        return tuple(
            Computed(state, np.array(rows), formula_of(expression, str(expression)))
            for (state, expression), rows in self.computed.items()
        )


@dataclass
class Filler:
    """Turns cells into numbers and places; what is computed from estimated parameters gets a place behind them."""

    model: Model
    estimated: Estimated
    fixed: Mapping[str, float]
    formulas: bool
    """Whether cells may hold formulas."""
    derived: dict[sympy.Expr, Formula] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.place = {name: index for index, name in enumerate(self.estimated.names)}

    def resolve(self, value: Any, where: str) -> tuple[float, int]:
        """(number, -1) or (NaN, place) of a cell: a number, a parameter of the table or a formula of these."""
        expression = self._read(value, where, lambda name: None)
        if not self._is_known(expression):
            raise FitError(f"{where} {self._rule}, found {value}")
        return self._settled(expression)

    @property
    def _rule(self) -> str:
        rule = "must be a finite number or a parameter of the parameter table"
        return f"{rule}, or a formula of these" if self.formulas else rule

    def _is_known(self, expression: sympy.Expr) -> bool:
        return _has_value(expression) and {str(each) for each in expression.free_symbols} <= self.place.keys()

    def _settled(self, expression: sympy.Expr) -> tuple[float, int]:
        if not expression.free_symbols:
            return float(expression), NUMBER
        if str(expression) in self.place:
            return np.nan, self.place[str(expression)]
        if expression not in self.derived:
            self.derived[expression] = formula_of(expression, str(expression))
        return np.nan, len(self.place) + list(self.derived).index(expression)

    def _read(self, value: Any, where: str, known: Known) -> sympy.Expr:
        """What a cell says, with what is known in place of names; estimated parameters stay."""
        if isinstance(value, str) and (value in self.place or value in self.fixed):
            expression = sympy.Symbol(value, real=True)
        else:
            try:
                expression = sympy.Float(float(value))
            except (TypeError, ValueError):
                expression = self._parsed(value, where)
        stands: dict[sympy.Expr, sympy.Expr] = {}
        for symbol in expression.free_symbols:
            name = str(symbol)
            if name not in self.place:
                found = sympy.Float(self.fixed[name]) if name in self.fixed else known(name)
                if found is not None:
                    stands[symbol] = found
        return expression.subs(stands)

    def _parsed(self, value: Any, where: str) -> sympy.Expr:
        if not self.formulas:
            raise FitError(f"{where} {self._rule}, found {value}")
        try:
            with bounded():
                return sympy.sympify(sympify_petab(value))
        except FORMULA_FAULTS as fault:
            raise FitError(f"{where} must be a formula, found {fault_in(str(value), fault)}") from None

    def tables(self, arms: Arms) -> tuple[Experiments, tuple[Experiments, ...], np.ndarray]:
        """Rests, phases of all lanes, and when these begin [lanes, phases]."""
        rests = self._table([_Row(name, -np.inf, None) for name in arms.rests], arms)
        place = {name: row for row, name in enumerate(arms.rests)}
        before = [
            (rests, place[arm.rest]) if arm.rest is not None and arms.carried else None for arm in arms.arms
        ]
        phases, begins = [], []
        for phase in range(max(len(arm.conditions) for arm in arms.arms)):
            rows = [
                _Row(arm.conditions[phase], arm.begins[phase], earlier if arms.carried else None)
                if phase < len(arm.conditions)
                else _Row(None, np.inf, earlier)
                for arm, earlier in zip(arms.arms, before, strict=True)
            ]
            table = self._table(rows, arms)
            phases.append(table)
            begins.append([row.begins for row in rows])
            before = [(table, row) for row in range(len(rows))]
        return rests, tuple(phases), np.array(begins).T

    def _table(self, rows: list[_Row], arms: Arms) -> Experiments:
        model, table = self.model, _Open(self.model, len(rows))
        plain = [self._plain(name, value) for name, value in zip(model.parameters, model.values, strict=True)]
        for number, row in enumerate(rows):
            earlier = plain if row.earlier is None else row.earlier[0].parameters.row(row.earlier[1])
            table.parameters.constant[number] = [constant for constant, _ in earlier]
            table.parameters.source[number] = [source for _, source in earlier]
            known = partial(self._known, dict(zip(model.parameters, earlier, strict=True)), row.begins)
            settings = arms.settings[row.condition] if row.condition is not None else {}
            for target, value in settings.items():
                name = str(row.condition), target
                where, written = arms.cells.get(name, (f"{target} of {row.condition}", value))
                expression = self._read(value, where, known)
                if problem := self._problem(target, expression, written):
                    raise FitError(f"{where} {problem}")
                self._set(table, number, target, expression)
        return Experiments(
            tuple(row.condition or "" for row in rows), table.parameters, table.states, table.of_states()
        )

    def _plain(self, name: str, value: float) -> tuple[float, int]:
        """What a parameter of the network is where no condition sets it."""
        return (
            self.resolve(name, name) if name in self.place or name in self.fixed else (float(value), NUMBER)
        )

    def _set(self, table: _Open, number: int, target: str, expression: sympy.Expr) -> None:
        model = self.model
        if self._is_known(expression):
            names = model.parameters if target in model.parameters else model.species
            filled = table.parameters if target in model.parameters else table.states
            place = number, names.index(target)
            filled.constant[place], filled.source[place] = self._settled(expression)
        else:
            table.computed.setdefault((model.species.index(target), expression), []).append(number)

    def _known(self, earlier: Mapping[str, tuple[float, int]], begins: float, name: str) -> sympy.Expr | None:
        """What a parameter of the network, or the time, is where a condition begins."""
        if name == "time" and np.isfinite(begins):
            return sympy.Float(begins)
        if name not in earlier:
            return None
        constant, place = earlier[name]
        if place == NUMBER:
            return sympy.Float(constant)
        names = self.estimated.names
        if place < len(names):
            return sympy.Symbol(names[place], real=True)
        return list(self.derived)[place - len(names)]

    def _problem(self, target: str, expression: sympy.Expr, written: Any) -> str:
        """What is wrong with what a condition sets; empty where nothing is."""
        if self._is_known(expression):
            return ""
        if target in self.model.parameters or not _has_value(expression):
            return f"{self._rule}, found {written}"
        known = {*self.place, *self.model.species}
        unknown = sorted(str(each) for each in expression.free_symbols if str(each) not in known)
        named = [name for name in unknown if name in str(written)]
        found = f"{', '.join(named)} in {written}" if named else written
        return f"must be a formula of parameters and states, found {found}" if unknown else ""


def _has_value(expression: sympy.Expr) -> bool:
    """Whether an expression holds no infinite and no complex number, and divides by no 0."""
    return not expression.has(sympy.oo, -sympy.oo, sympy.zoo, sympy.nan, sympy.I)
