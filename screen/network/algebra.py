"""Expressions of a network: immutable and interned.

Two equal expressions are the same object, so a common subexpression exists once by construction and
every table keyed by expression is a memo. That is what makes it cheap to differentiate a network of
hundreds of rate laws and to emit it as straight-line code: the list of nodes *is* the program.

Constructors fold constants and drop zeros and ones. Terms and factors are put in the order of a digest
of their content, never of memory or of creation, so the program generated from a network is the same in
every process.
"""

import math
import struct
import threading
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache, reduce
from hashlib import blake2b
from typing import Any

import numpy as np

DEEP = 100
"""Expressions deeper than this are gone through from the inside, without a call inside a call."""

WIDE = 64
"""Factors of a product that are still taken out of it: x, x*x, (x*x)*(x*x) ... would double them each time."""

DELAY = "delay"
"""The operation that no network holds in the end."""

_interned: dict[bytes, "Expression"] = {}
_lock = threading.Lock()


class Expression:
    """One node: an operation on other nodes, a symbol or a constant. Make it with the functions below."""

    __slots__ = ("__weakref__", "args", "depth", "digest", "name", "op", "value")

    op: str
    args: tuple["Expression", ...]
    name: str
    value: float
    depth: int
    """Operations inside one another."""
    digest: bytes
    """Of operation, name, value and the digests of the arguments: the identity of the expression."""

    def __new__(cls, *_: Any, **__: Any) -> "Expression":
        raise TypeError("make expressions with symbol(), constant() and the operators")

    def __add__(self, other: "Expression | float") -> "Expression":
        return add(self, as_expression(other))

    def __radd__(self, other: float) -> "Expression":
        return add(as_expression(other), self)

    def __sub__(self, other: "Expression | float") -> "Expression":
        return add(self, mul(constant(-1), as_expression(other)))

    def __rsub__(self, other: float) -> "Expression":
        return add(as_expression(other), mul(constant(-1), self))

    def __mul__(self, other: "Expression | float") -> "Expression":
        return mul(self, as_expression(other))

    def __rmul__(self, other: float) -> "Expression":
        return mul(as_expression(other), self)

    def __truediv__(self, other: "Expression | float") -> "Expression":
        return div(self, as_expression(other))

    def __rtruediv__(self, other: float) -> "Expression":
        return div(as_expression(other), self)

    def __pow__(self, other: "Expression | float") -> "Expression":
        return power(self, as_expression(other))

    def __neg__(self) -> "Expression":
        return mul(constant(-1), self)

    def __reduce__(self) -> tuple:
        return _restore, (self.op, self.args, self.name, self.value)

    def __repr__(self) -> str:
        if self.op == "constant":
            return f"{self.value:g}"
        return self.name if self.op == "symbol" else f"{self.op}({', '.join(map(repr, self.args))})"


def _make(op: str, args: tuple[Expression, ...] = (), name: str = "", value: float = 0.0) -> Expression:
    content = b"\0".join(
        (op.encode(), name.encode(), struct.pack("<d", value), *(arg.digest for arg in args))
    )
    digest = blake2b(content, digest_size=16).digest()
    with _lock:
        node = _interned.get(digest)
        if node is None:
            node = object.__new__(Expression)
            node.op, node.args, node.name, node.value, node.digest = op, args, name, value, digest
            node.depth = 1 + max((arg.depth for arg in args), default=0)
            _interned[digest] = node
    return node


def _restore(op: str, args: tuple[Expression, ...], name: str, value: float) -> Expression:
    return _make(op, args, name, value)


def symbol(name: str) -> Expression:
    """A named quantity: a species, a parameter or `time`."""
    return _make("symbol", name=name)


def constant(value: float) -> Expression:
    """A number."""
    return _make("constant", value=float(value) + 0.0)


ZERO, ONE, MINUS_ONE = constant(0.0), constant(1.0), constant(-1.0)


def as_expression(value: "Expression | float") -> Expression:
    """The expression itself, or the constant of a number."""
    return value if isinstance(value, Expression) else constant(value)


def add(*terms: Expression) -> Expression:
    """Sum; nested sums are flattened, equal terms collected, constants folded."""
    total, counts = 0.0, {}  # type: float, dict[Expression, float]
    for term in terms:
        for part in term.args if term.op == "add" else (term,):
            if part.op == "constant":
                total += part.value
                continue
            factor, rest = _coefficient(part)
            counts[rest] = counts.get(rest, 0.0) + factor
    parts = [_scaled(rest, factor) for rest, factor in counts.items() if factor != 0.0]
    parts.sort(key=lambda node: node.digest)
    if total != 0.0 or not parts:
        parts.append(constant(total))
    return parts[0] if len(parts) == 1 else _make("add", tuple(parts))


def _coefficient(term: Expression) -> tuple[float, Expression]:
    if term.op == "mul" and term.args[0].op == "constant":
        rest = term.args[1:]
        return term.args[0].value, rest[0] if len(rest) == 1 else _make("mul", rest)
    return 1.0, term


def _scaled(term: Expression, factor: float) -> Expression:
    if factor == 1.0:
        return term
    factors = term.args if term.op == "mul" else (term,)
    return _make("mul", (constant(factor), *factors))


def mul(*factors: Expression) -> Expression:
    """Product; nested products are flattened, the numeric factor comes first."""
    number, parts = 1.0, []  # type: float, list[Expression]
    for factor in factors:
        for part in factor.args if factor.op == "mul" and len(factor.args) < WIDE else (factor,):
            if part.op == "constant":
                number *= part.value
            else:
                parts.append(part)
    if number == 0.0:
        return ZERO
    parts.sort(key=lambda node: node.digest)
    if number != 1.0 or not parts:
        parts.insert(0, constant(number))
    return parts[0] if len(parts) == 1 else _make("mul", tuple(parts))


def div(numerator: Expression, denominator: Expression) -> Expression:
    """Quotient."""
    if denominator.op == "constant" and denominator.value != 0.0:
        return mul(constant(1.0 / denominator.value), numerator)
    if numerator is ZERO:
        return ZERO
    if numerator is denominator:
        return ONE
    return _make("div", (numerator, denominator))


def power(base: Expression, exponent: Expression) -> Expression:
    """base ** exponent; small whole exponents become products when the code is emitted."""
    if exponent is ZERO:
        return ONE
    if exponent is ONE:
        return base
    if (
        base.op == "constant"
        and exponent.op == "constant"
        and (base.value > 0 or exponent.value.is_integer())
        and (base.value != 0.0 or exponent.value > 0)
    ):
        with np.errstate(all="ignore"):
            return constant(float(np.power(base.value, exponent.value)))
    return _make("pow", (base, exponent))


def where(condition: Expression, then: Expression, otherwise: Expression) -> Expression:
    """`then` where the condition holds (is not 0), else `otherwise`."""
    if condition.op == "constant":
        return then if condition.value != 0.0 else otherwise
    return then if then is otherwise else _make("where", (condition, then, otherwise))


def delayed(value: Expression, lag: Expression) -> Expression:
    """`value` as it was `lag` ago; the reader of a model puts a formula in its place (`delays`), or refuses it."""
    return value if value.op == "constant" or lag is ZERO else _make(DELAY, (value, lag))


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "exp": np.exp, "log": np.log, "sqrt": np.sqrt, "sin": np.sin, "cos": np.cos, "tan": np.tan,
    "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan, "sinh": np.sinh, "cosh": np.cosh,
    "tanh": np.tanh, "abs": np.abs, "floor": np.floor, "ceil": np.ceil,
    "min": np.minimum, "max": np.maximum,
    "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal,
    "eq": np.equal, "ne": np.not_equal,
    "and": np.logical_and, "or": np.logical_or, "not": np.logical_not,
}  # fmt: skip


def apply(op: str, *args: Expression) -> Expression:
    """A function of FUNCTIONS, folded when every argument is a number (and the result is finite)."""
    if op not in FUNCTIONS:
        raise KeyError(op)
    if all(arg.op == "constant" for arg in args):
        with np.errstate(all="ignore"):
            value = float(FUNCTIONS[op](*(arg.value for arg in args)))
        if math.isfinite(value):
            return constant(value)
    return _make(op, args)


def topological(expressions: Iterable[Expression]) -> list[Expression]:
    """Every node the expressions need, each once, arguments before their users (depth first)."""
    order: dict[Expression, None] = {}
    for wanted in expressions:
        stack = [wanted]
        while stack:
            node = stack[-1]
            waiting = [arg for arg in node.args if arg not in order]
            if waiting:
                stack.extend(reversed(waiting))
            else:
                order[node] = None
                stack.pop()
    return list(order)


def free_symbols(expression: Expression) -> frozenset[str]:
    """Names of the symbols the expression depends on."""
    found = _symbols.get(expression)
    if found is None:
        if expression.depth > DEEP and any(arg not in _symbols for arg in expression.args):
            for node in topological(expression.args):
                free_symbols(node)
        own = (expression.name,) if expression.op == "symbol" else ()
        found = frozenset(own).union(*map(free_symbols, expression.args))
        _symbols[expression] = found
    return found


_symbols: dict[Expression, frozenset[str]] = {}


def substitute(expression: Expression, values: Mapping[str, Expression]) -> Expression:
    """The expression with symbols replaced; names that are not in `values` stay."""
    return substitute_all([expression], values)[0]


def substitute_all(expressions: Iterable[Expression], values: Mapping[str, Expression]) -> list[Expression]:
    """As `substitute`, for several expressions that share parts."""
    wanted = list(expressions)
    new: dict[Expression, Expression] = {}
    for node in topological(wanted):
        if node.op == "symbol":
            new[node] = values.get(node.name, node)
        elif any(new[arg] is not arg for arg in node.args):
            new[node] = rebuild(node.op, [new[arg] for arg in node.args])
        else:
            new[node] = node
    return [new[node] for node in wanted]


def rebuild(op: str, args: list[Expression]) -> Expression:
    """The node of an operation on new arguments, through the simplifying constructors."""
    constructors: dict[str, Callable[..., Expression]] = {
        "add": add, "mul": mul, "div": div, "pow": power, "where": where,
        DELAY: delayed,
    }  # fmt: skip
    return constructors[op](*args) if op in constructors else apply(op, *args)


@lru_cache(maxsize=64)
def _in_order(expressions: tuple[Expression, ...]) -> tuple[Expression, ...]:
    """What `topological` says of expressions that are evaluated again and again, such as all rates of a network."""
    return tuple(topological(expressions))


def evaluate_all(expressions: Iterable[Expression], values: Mapping[str, Any]) -> list[Any]:
    """Numeric values of expressions; symbols may be numbers or NumPy arrays that broadcast."""
    wanted = tuple(expressions)
    done: dict[Expression, Any] = {}
    for node in _in_order(wanted):
        args = [done[arg] for arg in node.args]
        match node.op:
            case "constant":
                done[node] = node.value
            case "symbol":
                done[node] = values[node.name]
            case "add":
                done[node] = reduce(lambda a, b: a + b, args)
            case "mul":
                done[node] = reduce(lambda a, b: a * b, args)
            case "div":
                done[node] = np.divide(args[0], args[1])
            case "pow":
                done[node] = np.power(np.asarray(args[0], float), args[1])
            case "where":
                done[node] = np.where(np.asarray(args[0]) != 0, args[1], args[2])
            case op:
                done[node] = FUNCTIONS[op](*args)
    return [done[node] for node in wanted]


def evaluate(expression: Expression, values: Mapping[str, Any]) -> Any:
    """Numeric value of one expression; infinite or NaN, without a warning, where it has none."""
    with np.errstate(all="ignore"):
        return evaluate_all([expression], values)[0]
