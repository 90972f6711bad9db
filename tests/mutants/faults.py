"""Single faults as people make them, in the code that computes: another sign, comparison, number or order, a term less.

A fault is a place in a file and the text that stands there instead. Messages, documentation and annotations are left
alone: they decide nothing.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple


class Fault(NamedTuple):
    """`old` at the place `start` of a file, and what is put there."""

    path: Path
    start: int
    old: str
    new: str

    @property
    def said(self) -> str:
        """File, line and change, in one line."""
        line = self.path.read_text().count("\n", 0, self.start) + 1
        return f"{self.path} line {line}: {' '.join(self.old.split())} -> {' '.join(self.new.split())}"

    def text(self) -> str:
        """The file with the fault in it."""
        whole = self.path.read_text()
        return whole[: self.start] + self.new + whole[self.start + len(self.old) :]


COMPARED = {ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">", ast.Eq: "!=", ast.NotEq: "=="}
COMPUTED = {
    ast.Add: "-",
    ast.Sub: "+",
    ast.Mult: "/",
    ast.Div: "*",
    ast.Pow: "*",
    ast.BitAnd: "|",
    ast.BitOr: "&",
}
NAMED = {"min": "max", "max": "min", "minimum": "maximum", "maximum": "minimum", "any": "all", "all": "any",
         "sum": "mean", "log10": "log", "argmax": "argmin", "argmin": "argmax", "first": "last", "last": "first",
         "lower": "upper", "upper": "lower"}  # fmt: skip
PASSED_OVER = (ast.Raise, ast.JoinedStr, ast.Assert, ast.Import, ast.ImportFrom)


def faults_of(path: Path) -> list[Fault]:
    """Every fault of a file, in the order of the file: of Python by its syntax, of a rule by its lines."""
    found = _in_rules(path) if path.suffix == ".smk" else _in_python(path)
    return sorted(found, key=lambda fault: (fault.start, fault.new))


def _in_python(path: Path) -> Iterator[Fault]:
    text = path.read_text()
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    ascii_only = text.isascii()

    def at(line: int, column: int) -> int:
        row = text[starts[line - 1] : starts[line]]
        return starts[line - 1] + (column if ascii_only else len(row.encode()[:column].decode()))

    def span(node: ast.expr) -> tuple[int, int]:
        assert node.end_lineno is not None and node.end_col_offset is not None
        return at(node.lineno, node.col_offset), at(node.end_lineno, node.end_col_offset)

    def source(node: ast.expr) -> str:
        start, stop = span(node)
        return text[start:stop]

    for node in _computing(ast.parse(text)):
        start, stop = span(node)
        yield from (Fault(path, start, text[start:stop], new) for new in _changed(node, source))


def _computing(node: ast.AST) -> Iterator[ast.expr]:
    """The expressions of a file, but for those of messages, annotations and defaults."""
    if isinstance(node, ast.FunctionDef):
        inner: list[ast.AST] = list(node.body)
    elif isinstance(node, ast.AnnAssign):
        inner = [node.value] if node.value else []
    else:
        inner = list(ast.iter_child_nodes(node))
    for child in inner:
        if isinstance(child, PASSED_OVER) or _is_said(child) or _draws(child):
            continue
        if isinstance(child, ast.expr):
            yield child
        yield from _computing(child)


def _is_said(node: ast.AST) -> bool:
    """Whether it is a docstring."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _draws(node: ast.AST) -> bool:
    """Whether it is a function that draws: a line that is a little thicker is no fault."""
    names = (part.id for part in ast.walk(node) if isinstance(part, ast.Name))
    return isinstance(node, ast.FunctionDef) and not {"Axes", "drawing"}.isdisjoint(names)


def _changed(node: ast.expr, source) -> Iterator[str]:
    """What may stand in place of an expression."""
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in COMPARED:
        yield f"({source(node.left)} {COMPARED[type(node.ops[0])]} {source(node.comparators[0])})"
    if isinstance(node, ast.BinOp) and type(node.op) in COMPUTED and not _is_text(node):
        left, right = source(node.left), source(node.right)
        yield f"(({left}) {COMPUTED[type(node.op)]} ({right}))"
        yield f"({left})"
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Not | ast.Invert):
        yield f"({source(node.operand)})"
    if isinstance(node, ast.BoolOp):
        other = " or " if isinstance(node.op, ast.And) else " and "
        yield f"({other.join(f'({source(value)})' for value in node.values)})"
    if isinstance(node, ast.IfExp):
        yield f"({source(node.orelse)} if {source(node.test)} else {source(node.body)})"
    if isinstance(node, ast.Constant) and type(node.value) is int:
        yield str(node.value + 1)
    if isinstance(node, ast.Constant) and type(node.value) is float:
        yield str(2 * node.value + (node.value == 0))
    if isinstance(node, ast.Call):
        called = source(node.func)
        name = called.rpartition(".")[2]
        if name in NAMED and not node.keywords:
            yield source(node)[: len(called) - len(name)] + NAMED[name] + source(node)[len(called) :]
        if name == "where" and len(node.args) == 3:
            yield f"{called}({source(node.args[0])}, {source(node.args[2])}, {source(node.args[1])})"


def _is_text(node: ast.BinOp) -> bool:
    parts = (node.left, node.right)
    return any(
        isinstance(part, ast.JoinedStr | ast.List | ast.Tuple | ast.Dict) or _is_word(part) for part in parts
    )


def _is_word(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


DECIDES = re.compile(r"^            \"[\w.]+\",\n|^        (?!config=)(?:f?\"|\w).*,\n", re.MULTILINE)
"""A line that names a setting, an input or what else decides that a rule runs again."""


def _in_rules(path: Path) -> Iterator[Fault]:
    """An input that is not named, a setting that decides nothing."""
    text = path.read_text()
    for part in re.finditer(r"^    (input|params):\n((?:        .*\n)+)", text, re.MULTILINE):
        for line in DECIDES.finditer(part[2]):
            yield Fault(path, part.start(2) + line.start(), line[0], "")
