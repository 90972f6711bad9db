"""SBML formulas (libSBML's syntax trees) as expressions."""

import math
from collections.abc import Callable
from functools import reduce
from itertools import pairwise

import libsbml

from screen.errors import NetworkError
from screen.network.algebra import ONE, ZERO, Expression, add, apply, constant, mul, power, symbol, where

AVOGADRO = 6.02214179e23
"""As SBML Level 3 defines its csymbol [1/mol]."""


def _chain(op: str, args: list[Expression]) -> Expression:
    """a < b < c holds where every neighbouring pair does."""
    return reduce(lambda a, b: apply("and", a, b), (apply(op, a, b) for a, b in pairwise(args)))


def _fold(op: str) -> Callable[[list[Expression]], Expression]:
    return lambda args: reduce(lambda a, b: apply(op, a, b), args)


def _xor(args: list[Expression]) -> Expression:
    return reduce(lambda a, b: apply("ne", apply("ne", a, ZERO), apply("ne", b, ZERO)), args)


def _piecewise(args: list[Expression]) -> Expression:
    otherwise = args[-1] if len(args) % 2 else constant(math.nan)
    pairs = list(zip(args[0::2], args[1::2], strict=False))
    return reduce(lambda rest, pair: where(pair[1], pair[0], rest), reversed(pairs), otherwise)


def _minus(args: list[Expression]) -> Expression:
    return -args[0] if len(args) == 1 else args[0] - args[1]


def _root(args: list[Expression]) -> Expression:
    if len(args) == 1 or args[0] == constant(2):
        return apply("sqrt", args[-1])
    return power(args[1], ONE / args[0])


def _log(args: list[Expression]) -> Expression:
    return (
        apply("log", args[0]) / apply("log", constant(10))
        if len(args) == 1
        else apply("log", args[1]) / apply("log", args[0])
    )


def _unary(op: str) -> Callable[[list[Expression]], Expression]:
    return lambda args: apply(op, args[0])


OPERATIONS: dict[int, Callable[[list[Expression]], Expression]] = {
    libsbml.AST_PLUS: lambda args: add(*args),
    libsbml.AST_TIMES: lambda args: mul(*args),
    libsbml.AST_MINUS: _minus,
    libsbml.AST_DIVIDE: lambda args: args[0] / args[1],
    libsbml.AST_POWER: lambda args: power(args[0], args[1]),
    libsbml.AST_FUNCTION_POWER: lambda args: power(args[0], args[1]),
    libsbml.AST_FUNCTION_ROOT: _root,
    libsbml.AST_FUNCTION_EXP: _unary("exp"),
    libsbml.AST_FUNCTION_LN: _unary("log"),
    libsbml.AST_FUNCTION_LOG: _log,
    libsbml.AST_FUNCTION_ABS: _unary("abs"),
    libsbml.AST_FUNCTION_FLOOR: _unary("floor"),
    libsbml.AST_FUNCTION_CEILING: _unary("ceil"),
    libsbml.AST_FUNCTION_SIN: _unary("sin"),
    libsbml.AST_FUNCTION_COS: _unary("cos"),
    libsbml.AST_FUNCTION_TAN: _unary("tan"),
    libsbml.AST_FUNCTION_ARCSIN: _unary("asin"),
    libsbml.AST_FUNCTION_ARCCOS: _unary("acos"),
    libsbml.AST_FUNCTION_ARCTAN: _unary("atan"),
    libsbml.AST_FUNCTION_SINH: _unary("sinh"),
    libsbml.AST_FUNCTION_COSH: _unary("cosh"),
    libsbml.AST_FUNCTION_TANH: _unary("tanh"),
    libsbml.AST_FUNCTION_MIN: _fold("min"),
    libsbml.AST_FUNCTION_MAX: _fold("max"),
    libsbml.AST_FUNCTION_PIECEWISE: _piecewise,
    libsbml.AST_RELATIONAL_LT: lambda args: _chain("lt", args),
    libsbml.AST_RELATIONAL_LEQ: lambda args: _chain("le", args),
    libsbml.AST_RELATIONAL_GT: lambda args: _chain("gt", args),
    libsbml.AST_RELATIONAL_GEQ: lambda args: _chain("ge", args),
    libsbml.AST_RELATIONAL_EQ: lambda args: _chain("eq", args),
    libsbml.AST_RELATIONAL_NEQ: lambda args: apply("ne", *args),
    libsbml.AST_LOGICAL_AND: _fold("and"),
    libsbml.AST_LOGICAL_OR: _fold("or"),
    libsbml.AST_LOGICAL_NOT: _unary("not"),
    libsbml.AST_LOGICAL_XOR: _xor,
}

CONSTANTS: dict[int, float] = {
    libsbml.AST_CONSTANT_E: math.e,
    libsbml.AST_CONSTANT_PI: math.pi,
    libsbml.AST_CONSTANT_TRUE: 1.0,
    libsbml.AST_CONSTANT_FALSE: 0.0,
    libsbml.AST_NAME_AVOGADRO: AVOGADRO,
}


def formula(node: libsbml.ASTNode, where_found: str) -> Expression:
    """The expression of a formula; symbols keep their SBML identifiers, SBML's clock is `time`."""
    kind = node.getType()
    if node.isNumber():
        return constant(node.getValue())
    if kind == libsbml.AST_NAME_TIME:
        return symbol("time")
    if kind == libsbml.AST_NAME:
        return symbol(node.getName())
    if kind in CONSTANTS:
        return constant(CONSTANTS[kind])
    if kind not in OPERATIONS:
        found = node.getName() or kind
        raise NetworkError(f"{where_found}: formula must use SBML functions this reader knows, found {found}")
    args = [formula(node.getChild(i), where_found) for i in range(node.getNumChildren())]
    if not args:
        return ZERO if kind == libsbml.AST_PLUS else ONE
    return OPERATIONS[kind](args)
