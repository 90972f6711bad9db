"""Expressions of a network as instructions, with what depends on parameters alone moved out."""

from collections.abc import Callable, Iterable
from functools import reduce

from screen.kernel.symbolic.program import Builder, Program
from screen.network.algebra import ONE, Expression, free_symbols, mul, topological
from screen.network.network import Network

TIME = "time"


class Translator:
    """Turns expressions into instructions; whatever depends on parameters alone is moved out."""

    def __init__(self, network: Network, hoist: bool = True):
        self.builder, self.hoisting = Builder(), Builder()
        self.hoisted: list[int] = []
        self._hoist = hoist
        self._state = {name: i for i, name in enumerate(network.species)}
        self._parameter = {name: i for i, name in enumerate(network.parameters)}
        self._moving = frozenset((*network.species, TIME))
        self._known: dict[Expression, int] = {}
        self._split: dict[Expression, tuple[Expression, int]] = {}
        self._moved: dict[Expression, int] = {}
        self._place: dict[int, int] = {}

    def translate(self, expression: Expression) -> int:
        """The instruction that holds the value of an expression."""
        stack = [(expression, False)]
        while stack:
            node, ready = stack.pop()
            if node in self._split:
                continue
            if ready or self._fixed(node) or not node.args:
                self._split[node] = self._separate(node)
            else:
                stack.append((node, True))
                stack.extend((arg, False) for arg in reversed(node.args))
        return self._get(expression)

    def _fixed(self, node: Expression) -> bool:
        return self._hoist and node.op != "constant" and not (free_symbols(node) & self._moving)

    def _separate(self, node: Expression) -> tuple[Expression, int]:
        """A node as what depends on parameters alone, from however deep inside its factors, and an instruction."""
        b = self.builder
        if self._fixed(node) or node.op == "constant":
            return node, b.constant(1.0)
        if self._hoist and node.op in ("mul", "div"):
            fixed, moving = zip(*(self._split[arg] for arg in node.args), strict=True)
            if node.op == "mul":
                return mul(*fixed), reduce(b.mul, moving)
            return fixed[0] / fixed[1], b.mul(moving[0], b.reciprocal(moving[1]))
        return ONE, self._emit(b, node, self._get)

    def _get(self, node: Expression) -> int:
        if node not in self._known:
            fixed, moving = self._split[node]
            factor = self._lift(fixed) if self._fixed(fixed) else self.builder.constant(fixed.value)
            self._known[node] = self.builder.mul(factor, moving)
        return self._known[node]

    def _lift(self, node: Expression) -> int:
        """Compute the node once per phase; here it is an input."""
        for part in topological([node]):
            if part not in self._moved:
                self._moved[part] = self._emit(self.hoisting, part, self._moved.__getitem__)
        value = self._moved[node]
        if self.hoisting.value(value) is not None:
            return self.builder.constant(self.hoisting.code[value][1])
        if value not in self._place:
            self._place[value] = len(self.hoisted)
            self.hoisted.append(value)
        return self.builder.emit("hoisted", self._place[value])

    def _emit(self, builder: Builder, node: Expression, get: Callable[[Expression], int]) -> int:
        args = [get(arg) for arg in node.args]
        match node.op:
            case "constant":
                return builder.constant(node.value)
            case "symbol" if node.name == TIME:
                return builder.emit("time")
            case "symbol" if node.name in self._state:
                return builder.emit("state", self._state[node.name])
            case "symbol":
                return builder.emit("parameter", self._parameter[node.name])
            case "add":
                return _sum(builder, args)
            case "mul":
                result = args[0]
                for arg in args[1:]:
                    result = builder.mul(result, arg)
                return result
            case "div":
                return builder.mul(args[0], builder.reciprocal(args[1]))
            case "pow":
                return builder.power(*args)
            case "where":
                return builder.where(*args)
            case "and" | "or" | "min" | "max":
                return reduce(lambda a, b: builder.emit(node.op, a, b), args)
        return builder.emit(node.op, *args)


def plain_program(network: Network, expressions: Iterable[Expression]) -> Program:
    """A program on parameters directly, with nothing moved out of it."""
    translator = Translator(network, hoist=False)
    return translator.builder.program([translator.translate(e) for e in expressions])


def _sum(builder: Builder, args: list[int]) -> int:
    """Positive terms first, so that a difference is one instruction."""
    positive = [a for a in args if builder.code[a][0] != "neg"]
    ordered = positive + [a for a in args if builder.code[a][0] == "neg"]
    result = ordered[0]
    for arg in ordered[1:]:
        result = builder.add(result, arg)
    return result
