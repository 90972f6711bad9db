"""Observable and noise formulas of a calibration problem, as functions of arrays.

PEtab writes them as text over entities of the model and placeholders that each measurement fills in.
They are parsed by the `petab` library and turned into JAX once, so that they run on whole columns of
measurements and have gradients.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import sympy
from petab.v1.math import sympify_petab

from screen.errors import FitError

LONGEST = 10_000
"""Characters of a formula; the parser of the `petab` library takes minutes for much more."""

FORMULA_FAULTS = (ValueError, SyntaxError, TypeError, ArithmeticError, RecursionError)
"""What the parser of the `petab` library raises at a text that is no formula."""


@dataclass(frozen=True)
class Formula:
    """A formula and the names it reads, in the order in which `function` wants them."""

    text: str
    names: tuple[str, ...]
    function: Callable[..., Any]

    def __call__(self, values: Mapping[str, Any]) -> jax.Array:
        """Value of the formula from arrays by name, broadcast against each other."""
        return self.function(*(values[name] for name in self.names))


def parse_formula(text: str, known: Sequence[str], where: str) -> Formula:
    """A formula whose symbols must all be in `known`; FitError names the ones that are not."""
    try:
        expression = sympy.sympify(sympify_petab(text))
    except FORMULA_FAULTS as problem:
        raise FitError(f"{where}: must be a formula, found {text!r} ({problem})") from None
    if expression.has(sympy.zoo, sympy.nan):
        raise FitError(f"{where}: formula must have a value, found {text!r}")
    unknown = sorted({str(symbol) for symbol in expression.free_symbols} - set(known))
    if unknown:
        raise FitError(
            [f"{where}: must use entities of the model, found {name!r} in {text!r}" for name in unknown]
        )
    return formula_of(expression, text)


def formula_of(expression: sympy.Expr, text: str) -> Formula:
    """The formula of an expression, written as `text`."""
    by_name = {str(symbol): symbol for symbol in expression.free_symbols}
    names = tuple(sorted(by_name))
    function = sympy.lambdify([by_name[name] for name in names], expression, modules="jax", cse=True)
    return Formula(text, names, function)


def names_in(text: str) -> tuple[str, ...]:
    """The names that a formula uses, sorted."""
    return tuple(sorted(str(symbol) for symbol in sympify_petab(text).free_symbols))
