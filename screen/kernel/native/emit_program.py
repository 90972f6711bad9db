"""A program as a C function: one statement an instruction.

A function longer than `PIECE` instructions is cut, because compilers take more than linear time; values that cross a
cut go through scratch memory.
"""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from screen.kernel.native.ahead import Ahead
from screen.kernel.native.emit_algebra import braces
from screen.kernel.symbolic.program import INPUTS, Instruction, Program, operands

PIECE = 1500

_INFIX = {"add": "+", "sub": "-", "mul": "*"}


class Scratch:
    """How much memory the cut functions need at most."""

    size = 0


class Kernel(NamedTuple):
    """How a program becomes a C function."""

    name: str
    signature: str
    call: str
    """Names of the arguments, to pass them on to the pieces."""
    loads: dict[str, str]
    """Format of each kind of input, e.g. {"state": "y[{}]"}."""
    prefix: str = "s"
    """Of the functions it calls."""
    vector: bool = True
    hoisted: int = 0
    """Of how many hoisted values it is told which come next (`Ahead`)."""


def function(
    kernel: Kernel, program: Program, stores: Sequence[tuple[str, str]], scratch: Scratch, first: str = ""
) -> Iterator[str]:
    """One C function per piece, then the function that calls them."""
    body = _Body(kernel, program, stores)
    pieces = body.pieces()
    if not kernel.vector and len(pieces) > 1:
        pieces = [[line for piece in pieces for line in piece]]
    scratch.size = max(scratch.size, body.crossing if kernel.vector else 0)
    if len(pieces) == 1:
        lines = [first, *pieces[0]] if first else pieces[0]
        yield braces(f"CODE {kernel.name}({kernel.signature})", lines)
        return
    for number, lines in enumerate(pieces):
        yield braces(f"CODE {kernel.name}_{number}({kernel.signature})", lines)
    calls = [f"{kernel.name}_{number}({kernel.call});" for number in range(len(pieces))]
    yield braces(f"CODE {kernel.name}({kernel.signature})", [first, *calls] if first else calls)


class _Body:
    """The statements of a program, cut into pieces."""

    def __init__(self, kernel: Kernel, program: Program, stores: Sequence[tuple[str, str]]):
        self.kernel, self.program = kernel, program
        self.stores: dict[int, list[tuple[str, str]]] = {}
        for output, store in zip(program.outputs, stores, strict=True):
            self.stores.setdefault(output, []).append(store)
        self.crossing = 0

    def pieces(self) -> list[list[str]]:
        """Lists of statements; values used in a later piece pass through x[]."""
        code = self.program.code
        size = PIECE if self.kernel.vector else len(code) + 1
        computed = [n for n, ins in enumerate(code) if operands(ins)]
        piece = {n: position // size for position, n in enumerate(computed)}
        place: dict[int, int] = {}
        for n in computed:
            for a in operands(code[n]):
                if a in piece and piece[a] != piece[n]:
                    place.setdefault(a, len(place))
        self.crossing = len(place)
        lines: list[list[str]] = [[] for _ in range(max(piece.values(), default=0) + 1)]
        loaded: list[set[int]] = [set() for _ in lines]
        ahead = [Ahead("c", self.kernel.hoisted) for _ in lines]
        kind = "const V" if self.kernel.vector else "const double"
        for n, instruction in enumerate(code):
            here = piece.get(n, 0)
            if n in piece:
                for a in operands(instruction):
                    if a in place and piece[a] != here and a not in loaded[here]:
                        loaded[here].add(a)
                        lines[here].append(f"{kind} t{a} = x[{place[a]}];")
                hoisted = (code[a][1] for a in operands(instruction) if code[a][0] == "hoisted")
                lines[here].extend(ahead[here].of(hoisted))
                lines[here].append(f"{kind} t{n} = {self._formula(instruction)};")
                if n in place:
                    lines[here].append(f"x[{place[n]}] = t{n};")
            for store, label in self.stores.get(n, ()):
                value = f"t{n}" if n in piece else self._stored(instruction)
                lines[here].append(f"{store} {value};" + (f" /* {label} */" if label else ""))
        return lines

    def _stored(self, instruction: Instruction) -> str:
        value = self._input(instruction)
        return f"all({value})" if self.kernel.vector and instruction[0] == "constant" else value

    def _input(self, instruction: Instruction) -> str:
        if instruction[0] == "constant":
            return _literal(instruction[1])
        return self.kernel.loads[instruction[0]].format(*instruction[1:])

    def _operand(self, n: int, spread: bool) -> str:
        instruction = self.program.code[n]
        if instruction[0] in INPUTS or instruction[0] == "constant":
            return self._stored(instruction) if spread else self._input(instruction)
        return f"t{n}"

    def _formula(self, instruction: Instruction) -> str:
        op, *args = instruction
        alone = all(self.program.code[a][0] == "constant" for a in args)  # numbers only would make a number
        if op in _INFIX:
            return f" {_INFIX[op]} ".join(self._operand(a, alone) for a in args)
        if op == "neg":
            return "-" + self._operand(args[0], alone)
        if op == "reciprocal":
            return "1.0 / " + self._operand(args[0], alone)
        return f"{self.kernel.prefix}_{op}({', '.join(self._operand(a, True) for a in args)})"


def _literal(value: float) -> str:
    """A number as C writes it; infinities and NaN have no digits."""
    if math.isnan(value):
        return "NAN"
    digits = "INFINITY" if math.isinf(value) else repr(abs(value))
    return f"(-{digits})" if value < 0 else digits
