"""SBML formulas (libSBML's syntax trees) as expressions.

SBML's clock becomes the symbol `time`; a quantity that a model calls `time` becomes `time_`. `rateOf`
becomes a symbol as well, with a space in its name, which no SBML identifier has.
"""

import math
from collections.abc import Callable
from functools import reduce
from itertools import pairwise

import libsbml

from screen.errors import NetworkError
from screen.network.algebra import (
    ONE,
    ZERO,
    Expression,
    add,
    apply,
    constant,
    delayed,
    div,
    mul,
    power,
    substitute,
    symbol,
    topological,
    where,
)

AVOGADRO = 6.02214179e23
"""As SBML Level 3 defines its csymbol [1/mol]."""

CLOCK = "time"
CONDITIONS = frozenset(("lt", "le", "gt", "ge", "eq", "ne", "and", "or", "not"))
"""Operations whose value is 1 or 0."""

LARGEST = 100_000
"""Terms and factors in one formula, functions put in place."""

LARGEST_FACTORIAL = 170
"""The factorial of a larger number is beyond the largest of 64 bits."""

Arguments = list[Expression]
Operation = Callable[[Arguments], Expression]


def own_name(identifier: str) -> str:
    """The name of an SBML identifier in a Network: itself, unless it is that of the clock."""
    return f"{identifier}_" if identifier == CLOCK else identifier


def rate_of(name: str) -> Expression:
    """The symbol that stands for the rate of change of a quantity."""
    return symbol(f"rateOf {name}")


def _chain(op: str) -> Operation:
    """a < b < c holds where every neighbouring pair does; fewer than two are in order."""
    hold = _logic("and", ONE)
    return lambda args: hold([apply(op, a, b) for a, b in pairwise(args)])


def _fold(op: str) -> Operation:
    return lambda args: reduce(lambda a, b: apply(op, a, b), args)


def _truth(value: Expression) -> Expression:
    """1 or 0; what is either already stays as it is."""
    return value if value.op in CONDITIONS else apply("ne", value, ZERO)


def _logic(op: str, none: Expression) -> Operation:
    """and, or, xor of any number of conditions; without one the answer is `none`."""
    return lambda args: reduce(lambda a, b: apply(op, a, b), map(_truth, args)) if args else none


def _piecewise(args: Arguments) -> Expression:
    otherwise = args[-1] if len(args) % 2 else constant(math.nan)
    pairs = list(zip(args[0::2], args[1::2], strict=False))
    return reduce(lambda rest, pair: where(pair[1], pair[0], rest), reversed(pairs), otherwise)


def _minus(args: Arguments) -> Expression:
    return -args[0] if len(args) == 1 else args[0] - args[1]


def _root(args: Arguments) -> Expression:
    if len(args) == 1 or args[0] == constant(2):
        return apply("sqrt", args[-1])
    return power(args[1], ONE / args[0])


def _log(args: Arguments) -> Expression:
    base = constant(10) if len(args) == 1 else args[0]
    return apply("log", args[-1]) / apply("log", base)


def _one(op: str) -> Operation:
    def operation(args: Arguments) -> Expression:
        (x,) = args
        return apply(op, x)

    return operation


def _inverse(op: Operation) -> Operation:
    """1 / function(x): secant and its like."""
    return lambda args: ONE / op(args)


def _of_inverse(op: Operation) -> Operation:
    """function(1 / x): arcsecant and its like."""
    return lambda args: op([ONE / args[0]])


def _arcsinh(args: Arguments) -> Expression:
    x = args[0]
    size = apply("log", apply("abs", x) + apply("sqrt", x * x + 1))
    return where(apply("lt", x, ZERO), -size, size)


def _arccosh(args: Arguments) -> Expression:
    return apply("log", args[0] + apply("sqrt", args[0] * args[0] - 1))


def _arctanh(args: Arguments) -> Expression:
    return constant(0.5) * apply("log", (ONE + args[0]) / (ONE - args[0]))


def _quotient(args: Arguments) -> Expression:
    ratio = args[0] / args[1]
    return where(apply("lt", ratio, ZERO), apply("ceil", ratio), apply("floor", ratio))


def _factorial(args: Arguments) -> Expression:
    """Of a whole number; NaN of any other."""
    whole = where(apply("ge", args[0], ZERO), apply("eq", args[0], apply("floor", args[0])), ZERO)
    known = ((n, constant(math.factorial(n))) for n in range(LARGEST_FACTORIAL + 1))
    found = reduce(
        lambda rest, each: where(apply("eq", args[0], constant(each[0])), each[1], rest),
        known,
        constant(math.inf),
    )
    return where(whole, found, constant(math.nan))


_UNARY: dict[str, Operation] = {
    **{name: _one(op) for name, op in {
        "SIN": "sin", "COS": "cos", "TAN": "tan", "SINH": "sinh", "COSH": "cosh", "TANH": "tanh",
        "ARCSIN": "asin", "ARCCOS": "acos", "ARCTAN": "atan", "EXP": "exp", "LN": "log", "ABS": "abs",
        "FLOOR": "floor", "CEILING": "ceil"}.items()},
    "ARCSINH": _arcsinh, "ARCCOSH": _arccosh, "ARCTANH": _arctanh,
}  # fmt: skip
_INVERSES = {"SEC": "COS", "CSC": "SIN", "COT": "TAN", "SECH": "COSH", "CSCH": "SINH", "COTH": "TANH"}

OPERATIONS: dict[int, Operation] = {
    libsbml.AST_PLUS: lambda args: add(*args),
    libsbml.AST_TIMES: lambda args: mul(*args),
    libsbml.AST_MINUS: _minus,
    libsbml.AST_DIVIDE: lambda args: div(*args),
    libsbml.AST_POWER: lambda args: power(*args),
    libsbml.AST_FUNCTION_POWER: lambda args: power(*args),
    libsbml.AST_FUNCTION_ROOT: _root,
    libsbml.AST_FUNCTION_LOG: _log,
    **{getattr(libsbml, f"AST_FUNCTION_{name}"): op for name, op in _UNARY.items()},
    **{getattr(libsbml, f"AST_FUNCTION_{name}"): _inverse(_UNARY[of]) for name, of in _INVERSES.items()},
    **{getattr(libsbml, f"AST_FUNCTION_ARC{name}"): _of_inverse(_UNARY[f"ARC{of}"]) for name, of in _INVERSES.items()},
    libsbml.AST_FUNCTION_MIN: _fold("min"),
    libsbml.AST_FUNCTION_MAX: _fold("max"),
    libsbml.AST_FUNCTION_QUOTIENT: _quotient,
    libsbml.AST_FUNCTION_REM: lambda args: args[0] - args[1] * _quotient(args),
    libsbml.AST_FUNCTION_FACTORIAL: _factorial,
    libsbml.AST_FUNCTION_DELAY: lambda args: delayed(*args),
    libsbml.AST_FUNCTION_PIECEWISE: _piecewise,
    libsbml.AST_RELATIONAL_LT: _chain("lt"),
    libsbml.AST_RELATIONAL_LEQ: _chain("le"),
    libsbml.AST_RELATIONAL_GT: _chain("gt"),
    libsbml.AST_RELATIONAL_GEQ: _chain("ge"),
    libsbml.AST_RELATIONAL_EQ: _chain("eq"),
    libsbml.AST_RELATIONAL_NEQ: lambda args: apply("ne", *args),
    libsbml.AST_LOGICAL_AND: _logic("and", ONE),
    libsbml.AST_LOGICAL_OR: _logic("or", ZERO),
    libsbml.AST_LOGICAL_XOR: _logic("ne", ZERO),
    libsbml.AST_LOGICAL_NOT: _one("not"),
    libsbml.AST_LOGICAL_IMPLIES: lambda args: apply("or", apply("not", args[0]), _truth(args[1])),
}  # fmt: skip

CONSTANTS: dict[int, float] = {
    libsbml.AST_CONSTANT_E: math.e,
    libsbml.AST_CONSTANT_PI: math.pi,
    libsbml.AST_CONSTANT_TRUE: 1.0,
    libsbml.AST_CONSTANT_FALSE: 0.0,
    libsbml.AST_NAME_AVOGADRO: AVOGADRO,
}


class Formulas:
    """Reads the formulas of one model, its functions put in place."""

    def __init__(self, model: libsbml.Model):
        self._definitions = {each.getId(): each for each in model.getListOfFunctionDefinitions()}
        self._bodies: dict[str, tuple[list[str], Expression]] = {}
        self._open: list[str] = []

    def read(self, math: libsbml.ASTNode, where_found: str) -> Expression:
        """The expression of a formula; NetworkError names what it uses that is not read, or that it is too long."""
        done: list[Expression] = []
        stack = [(math, False)]
        while stack:
            node, ready = stack.pop()
            count = node.getNumChildren()
            if count and not ready and node.getType() != libsbml.AST_FUNCTION_RATE_OF:
                stack.append((node, True))
                stack.extend((node.getChild(i), False) for i in reversed(range(count)))
                continue
            first = len(done) - count if ready else len(done)
            done[first:] = [self._value(node, done[first:], where_found)]
        if sum(len(node.args) for node in topological(done)) > LARGEST:
            raise NetworkError(f"{where_found}: formula must have at most {LARGEST} terms, found more")
        return done[0]

    def _value(self, node: libsbml.ASTNode, args: Arguments, where_found: str) -> Expression:
        kind = node.getType()
        if node.isNumber():
            return constant(node.getValue())
        if kind == libsbml.AST_NAME_TIME:
            return symbol(CLOCK)
        if kind == libsbml.AST_NAME:
            return symbol(own_name(node.getName()))
        if kind == libsbml.AST_FUNCTION_RATE_OF:
            return rate_of(own_name(node.getChild(0).getName()))
        if kind in CONSTANTS:
            return constant(CONSTANTS[kind])
        if kind == libsbml.AST_FUNCTION and node.getName() in self._definitions:
            return self._call(node.getName(), args, where_found)
        try:
            return OPERATIONS[kind](args)
        except KeyError:
            found = node.getName() or kind
        except (IndexError, TypeError, ValueError):
            found = f"{node.getName() or kind} with {len(args)} arguments"
        raise NetworkError(f"{where_found}: formula must use SBML functions this reader knows, found {found}")

    def _call(self, name: str, args: Arguments, where_found: str) -> Expression:
        if name in self._open:
            raise NetworkError(f"SBML: a function must not call itself, found {name}")
        if name not in self._bodies:
            self._open.append(name)
            definition = self._definitions[name]
            names = [
                own_name(definition.getArgument(i).getName()) for i in range(definition.getNumArguments())
            ]
            body = definition.getBody()
            if body is None:
                raise NetworkError(f"SBML: a function must have a formula, found none for {name}")
            self._bodies[name] = names, self.read(body, f"function {name}")
            self._open.pop()
        names, value = self._bodies[name]
        if len(args) != len(names):
            raise NetworkError(f"{where_found}: {name} must have {len(names)} arguments, found {len(args)}")
        return substitute(value, dict(zip(names, args, strict=True)))
