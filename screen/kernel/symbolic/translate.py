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
        self._moved: dict[Expression, int] = {}
        self._place: dict[int, int] = {}

    def translate(self, expression: Expression) -> int:
        """The instruction that holds the value of an expression."""
        for node in topological([expression]):
            if node in self._known or (self._fixed(node) and node is not expression):
                continue
            self._known[node] = self._lift(node) if self._fixed(node) else self._instruction(node)
        return self._known[expression]

    def _fixed(self, node: Expression) -> bool:
        return self._hoist and node.op != "constant" and not (free_symbols(node) & self._moving)

    def _get(self, node: Expression) -> int:
        if node not in self._known:
            self._known[node] = self._lift(node)
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

    def _instruction(self, node: Expression) -> int:
        if node.op == "mul" and self._hoist:
            fixed = [arg for arg in node.args if arg.op == "constant" or self._fixed(arg)]
            moving = [arg for arg in node.args if arg not in fixed]
            factor = (
                self._get(mul(*fixed))
                if any(map(self._fixed, fixed))
                else self.builder.constant(fixed[0].value if fixed else 1.0)
            )
            return self._product([self._get(arg) for arg in moving], factor)
        if node.op == "div" and self._fixed(node.args[1]):
            return self.builder.mul(self._get(node.args[0]), self._get(ONE / node.args[1]))
        return self._emit(self.builder, node, self._get)

    def _product(self, parts: list[int], factor: int) -> int:
        result = parts[0]
        for part in parts[1:]:
            result = self.builder.mul(result, part)
        return self.builder.mul(factor, result)

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
