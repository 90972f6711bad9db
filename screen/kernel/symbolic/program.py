"""Straight-line programs: what stands between the algebra of a network and an engine.

A program is a list of instructions, each an operation on earlier instructions, and the list of those
that are its results. It has no names, no branches and no loops, so it can be printed as C, run on NumPy
or JAX arrays, differentiated in reverse and stored as JSON, each in a page of code.

    ("constant", 2.0)  ("state", i)  ("hoisted", i)  ("parameter", i)  ("time",)  ("cotangent", i)
    ("add", a, b)  ("sub", a, b)  ("mul", a, b)  ("neg", a)  ("reciprocal", a)  ("pow", a, b)
    ("where", condition, a, b)  ("lt", a, b) ...  ("exp", a) ...       conditions are 1.0 or 0.0
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

INPUTS = ("state", "hoisted", "parameter", "time", "cotangent")
UNARY = ("exp", "log", "sqrt", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "abs",
         "floor", "ceil", "not")  # fmt: skip
BINARY = ("min", "max", "lt", "le", "gt", "ge", "eq", "ne", "and", "or")
LARGEST_UNROLLED_POWER = 8

Instruction = tuple[Any, ...]


class Program(NamedTuple):
    """Instructions in order, and the numbers of those that are results."""

    code: tuple[Instruction, ...]
    outputs: tuple[int, ...]

    def only(self, outputs: Iterable[int]) -> "Program":
        """The program of some of the results (by position), without what only the others need."""
        builder = Builder()
        builder.code = list(self.code)
        return builder.program(self.outputs[position] for position in outputs)

    @classmethod
    def from_json(cls, data: Sequence) -> "Program":
        """The program written by json.dumps(program)."""
        code, outputs = data
        return cls(tuple(tuple(instruction) for instruction in code), tuple(outputs))


class Builder:
    """Writes a program, each value once; 0, 1 and -1 are folded where they meet an operation."""

    def __init__(self) -> None:
        self.code: list[Instruction] = []
        self._known: dict[Instruction, int] = {}

    def emit(self, op: str, *operands: Any) -> int:
        """The number of this instruction, an old one if the value exists already."""
        key = (op, *operands)
        if key not in self._known:
            self._known[key] = len(self.code)
            self.code.append(key)
        return self._known[key]

    def program(self, outputs: Iterable[int]) -> Program:
        """The instructions that these results need, arguments before users, near their first user."""
        outputs = list(outputs)
        number: dict[int, int] = {}
        code: list[Instruction] = []
        for wanted in outputs:
            stack = [(wanted, False)]
            while stack:
                node, ready = stack.pop()
                if node in number:
                    continue
                args = operands(self.code[node])
                if ready or not args:
                    instruction = self.code[node]
                    if args:
                        instruction = (instruction[0], *(number[a] for a in args))
                    number[node] = len(code)
                    code.append(instruction)
                else:
                    stack.append((node, True))
                    stack.extend((a, False) for a in reversed(args))
        return Program(tuple(code), tuple(number[o] for o in outputs))

    def constant(self, value: float) -> int:
        """A number."""
        return self.emit("constant", float(value))

    def value(self, node: int) -> float | None:
        """The number a node holds, None if it is not constant."""
        return self.code[node][1] if self.code[node][0] == "constant" else None

    def add(self, a: int, b: int) -> int:
        """a + b."""
        if self.value(a) == 0.0:
            return b
        if self.value(b) == 0.0:
            return a
        if self.code[b][0] == "neg":
            return self.sub(a, self.code[b][1])
        if self.code[a][0] == "neg":
            return self.sub(b, self.code[a][1])
        return self.emit("add", *sorted((a, b)))

    def sub(self, a: int, b: int) -> int:
        """a - b."""
        if self.value(b) == 0.0:
            return a
        if self.value(a) == 0.0:
            return self.neg(b)
        if self.code[b][0] == "neg":
            return self.add(a, self.code[b][1])
        return self.emit("sub", a, b)

    def neg(self, a: int) -> int:
        """-a."""
        known = self.value(a)
        if known is not None:
            return self.constant(-known)
        return self.code[a][1] if self.code[a][0] == "neg" else self.emit("neg", a)

    def mul(self, a: int, b: int) -> int:
        """a * b."""
        for one, other in ((a, b), (b, a)):
            known = self.value(one)
            if known == 0.0:
                return self.constant(0.0)
            if known == 1.0:
                return other
            if known == -1.0:
                return self.neg(other)
            if self.code[one][0] == "neg":
                return self.neg(self.mul(self.code[one][1], other))
        left, right = self.value(a), self.value(b)
        if left is not None and right is not None:
            return self.constant(left * right)
        return self.emit("mul", *sorted((a, b)))

    def reciprocal(self, a: int) -> int:
        """1 / a."""
        known = self.value(a)
        return self.constant(1.0 / known) if known else self.emit("reciprocal", a)

    def total(self, terms: Sequence[tuple[float, int]]) -> int:
        """Sum of factor * value; terms with the same factor (but for its sign) are summed first."""
        groups: dict[float, list[tuple[float, int]]] = defaultdict(list)
        for factor, node in terms:
            groups[abs(factor)].append((factor, node))
        result = self.constant(0.0)
        for size, members in groups.items():
            members.sort(key=lambda member: -member[0])
            first, part = members[0]
            for factor, node in members[1:]:
                part = self.sub(part, node) if factor < first else self.add(part, node)
            part = self.mul(self.constant(size), part)
            result = self.sub(result, part) if first < 0 else self.add(result, part)
        return result

    def power(self, base: int, exponent: int) -> int:
        """base ** exponent, as products for small whole exponents."""
        known = self.value(exponent)
        if known is not None and 0 < abs(known) <= LARGEST_UNROLLED_POWER and known == int(known):
            result = self._product(base, int(abs(known)))
            return result if known > 0 else self.reciprocal(result)
        if known == 0.5:
            return self.emit("sqrt", base)
        return self.emit("pow", base, exponent)

    def _product(self, base: int, count: int) -> int:
        if count == 1:
            return base
        half = self._product(base, count // 2)
        square = self.mul(half, half)
        return self.mul(square, base) if count % 2 else square

    def where(self, condition: int, then: int, otherwise: int) -> int:
        """then where the condition is not 0, otherwise elsewhere."""
        return then if then == otherwise else self.emit("where", condition, then, otherwise)


def operands(instruction: Instruction) -> tuple[int, ...]:
    """Numbers of the instructions this one reads."""
    return () if instruction[0] in INPUTS or instruction[0] == "constant" else instruction[1:]


def reverse(builder: Builder, cotangents: Mapping[int, int]) -> dict[int, int]:
    """Reverse accumulation: the adjoint of every input the values in `cotangents` depend on.

    `cotangents` maps a value to its adjoint; both are instructions of the builder, and so are the
    results. One pass over the program, so the cost does not grow with the number of inputs.
    """
    waiting: dict[int, list[int]] = defaultdict(list)
    for node, adjoint in cotangents.items():
        waiting[node].append(adjoint)
    results: dict[int, int] = {}
    for node in reversed(range(len(builder.code))):
        if node not in waiting:
            continue
        adjoint = builder.total([(1.0, part) for part in waiting.pop(node)])
        if builder.value(adjoint) == 0.0:
            continue
        instruction = builder.code[node]
        if instruction[0] in INPUTS:
            results[node] = adjoint
        else:
            for argument, part in _pull(builder, node, instruction, adjoint):
                waiting[argument].append(part)
    return results


def _pull(b: Builder, node: int, instruction: Instruction, g: int) -> list[tuple[int, int]]:
    """(argument, its share of the adjoint g) for one instruction."""
    op, *args = instruction
    match op:
        case "add":
            return [(args[0], g), (args[1], g)]
        case "sub":
            return [(args[0], g), (args[1], b.neg(g))]
        case "neg":
            return [(args[0], b.neg(g))]
        case "mul":
            return [(args[0], b.mul(g, args[1])), (args[1], b.mul(g, args[0]))]
        case "reciprocal":
            return [(args[0], b.neg(b.mul(g, b.mul(node, node))))]
        case "pow":
            return _pull_power(b, node, args[0], args[1], g)
        case "where":
            zero = b.constant(0.0)
            return [(args[1], b.where(args[0], g, zero)), (args[2], b.where(args[0], zero, g))]
        case "min" | "max":
            first, zero = b.emit("le" if op == "min" else "ge", *args), b.constant(0.0)
            return [(args[0], b.where(first, g, zero)), (args[1], b.where(first, zero, g))]
        case _ if op in CHAIN:
            return [(args[0], b.mul(g, CHAIN[op](b, node, args[0])))]
    return []  # constants, comparisons, logic, floor and ceil: flat where they are differentiable


def _pull_power(b: Builder, node: int, base: int, exponent: int, g: int) -> list[tuple[int, int]]:
    slope = b.mul(exponent, b.power(base, b.sub(exponent, b.constant(1.0))))
    known = b.value(exponent)
    if known is not None:
        slope = b.mul(exponent, b.power(base, b.constant(known - 1.0)))
    one, zero = b.constant(1.0), b.constant(0.0)
    positive = b.emit("gt", base, zero)
    log = b.where(positive, b.emit("log", b.where(positive, base, one)), zero)
    return [(base, b.mul(g, slope)), (exponent, b.mul(g, b.mul(node, log)))]


def _inverse_root(b: Builder, x: int, sign: float) -> int:
    """1 / sqrt(1 - x^2) or 1 / sqrt(1 + x^2)."""
    return b.reciprocal(b.emit("sqrt", b.add(b.constant(1.0), b.mul(b.constant(sign), b.mul(x, x)))))


CHAIN: dict[str, Callable[[Builder, int, int], int]] = {
    "exp": lambda b, y, x: y,
    "log": lambda b, y, x: b.reciprocal(x),
    "sqrt": lambda b, y, x: b.mul(b.constant(0.5), b.reciprocal(y)),
    "sin": lambda b, y, x: b.emit("cos", x),
    "cos": lambda b, y, x: b.neg(b.emit("sin", x)),
    "tan": lambda b, y, x: b.add(b.constant(1.0), b.mul(y, y)),
    "asin": lambda b, y, x: _inverse_root(b, x, -1.0),
    "acos": lambda b, y, x: b.neg(_inverse_root(b, x, -1.0)),
    "atan": lambda b, y, x: b.reciprocal(b.add(b.constant(1.0), b.mul(x, x))),
    "sinh": lambda b, y, x: b.emit("cosh", x),
    "cosh": lambda b, y, x: b.emit("sinh", x),
    "tanh": lambda b, y, x: b.sub(b.constant(1.0), b.mul(y, y)),
    "abs": lambda b, y, x: b.where(b.emit("ge", x, b.constant(0.0)), b.constant(1.0), b.constant(-1.0)),
}
"""Slope of y = function(x), written with y and x."""
