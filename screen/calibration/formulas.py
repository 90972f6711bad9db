"""Observable and noise formulas of a calibration problem, as functions of arrays.

PEtab writes them as text over entities of the model and placeholders that each measurement fills in.
They are parsed by the `petab` library and turned into JAX once, so that they run on whole columns of
measurements and have gradients.
"""

import math
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import jax
import sympy
from petab.v1.math import sympify, sympify_petab
from petab.v1.math.SympyVisitor import MathVisitorSympy

from screen.errors import FitError

LONGEST = 10_000
"""Characters of a formula; the parser of the `petab` library takes minutes for much more."""

FORMULA_FAULTS = (ValueError, SyntaxError, TypeError, ArithmeticError, AssertionError, RecursionError)
"""What the parser of the `petab` library raises at a text that is no formula."""

LARGEST_POWER = 10_000
"""Largest power of ten of a number in a formula, and what the smallest is one over."""

FRAMES = 5_000
"""Calls within calls while formulas are read: the parser takes four for each term of a sum."""

POWER = re.compile(r"[\d.]+[eE]([+-]?\d+)")
"""A number and its power of ten."""

SHOWN = 60
"""Characters that are shown of a formula that is none."""


class _Bounded(MathVisitorSympy):
    """Reads formulas whose numbers stay within bounds: SymPy works out 10^10^10^10 to its last digit."""

    def visit(self, tree: Any) -> Any:
        alone = tree.getChildCount() == 1 and tree.start is tree.stop
        power = POWER.fullmatch(tree.getText()) if alone else None
        if power and (len(power[1]) > SHOWN or abs(int(power[1])) > LARGEST_POWER):
            raise ValueError(_RULE)
        return _within(tree.accept(self))


_RULE = f"its numbers must lie between 1e-{LARGEST_POWER} and 1e{LARGEST_POWER}"


def _within(found: Any) -> Any:
    parts = (found.as_coeff_Mul()[0], found.as_coeff_Add()[0]) if isinstance(found, sympy.Expr) else ()
    for part in parts:
        if part.is_Float and part.is_finite and part and not _is_bounded(part):
            raise ValueError(_RULE)
    return found


def _is_bounded(number: sympy.Float) -> bool:
    _, _, power, bits = number._mpf_
    return abs(power + bits) <= LARGEST_POWER * math.log2(10)


@contextmanager
def bounded() -> Iterator[None]:
    """In it formulas are read, by the `petab` library too, with bounded numbers and room for long sums."""
    frames, visitor = sys.getrecursionlimit(), sympify.MathVisitorSympy
    sys.setrecursionlimit(max(frames, FRAMES))
    sympify.MathVisitorSympy = _Bounded
    try:
        yield
    finally:
        sympify.MathVisitorSympy = visitor
        sys.setrecursionlimit(frames)


def fault_in(text: str, fault: BaseException) -> str:
    """What is found in place of a formula: its beginning and what is wrong with it.

    >>> fault_in("1/0", ZeroDivisionError())
    '1/0 (ZeroDivisionError)'
    """
    begin = text if len(text) <= SHOWN else f"{text[:SHOWN]}..."
    said = str(fault) or type(fault).__name__
    if isinstance(fault, RecursionError):
        said = "it nests too deeply; a sum may have 900 terms"
    elif len(text) > SHOWN:
        said = said.replace(text, begin)
    return f"{begin} ({said})"


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
        with bounded():
            expression = sympy.sympify(sympify_petab(text))
    except FORMULA_FAULTS as problem:
        raise FitError(f"{where}: must be a formula, found {fault_in(text, problem)}") from None
    if expression.has(sympy.zoo, sympy.nan):
        raise FitError(f"{where}: formula must have a value, found {text!r}")
    unknown = sorted({str(symbol) for symbol in expression.free_symbols} - set(known))
    if unknown:
        raise FitError(
            [f"{where}: must use entities of the model, found {name!r} in {text!r}" for name in unknown]
        )
    try:
        with bounded():
            return formula_of(expression, text)
    except (SyntaxError, RecursionError, MemoryError):
        raise FitError(f"{where}: must be a formula, found {fault_in(text, RecursionError())}") from None


def formula_of(expression: sympy.Expr, text: str) -> Formula:
    """The formula of an expression, written as `text`."""
    by_name = {str(symbol): symbol for symbol in expression.free_symbols}
    names = tuple(sorted(by_name))
    function = sympy.lambdify([by_name[name] for name in names], expression, modules="jax", cse=True)
    return Formula(text, names, function)


def names_in(text: str) -> tuple[str, ...]:
    """The names that a formula uses, sorted."""
    with bounded():
        return tuple(sorted(str(symbol) for symbol in sympify_petab(text).free_symbols))
