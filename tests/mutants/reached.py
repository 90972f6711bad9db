"""Which tests run which functions of the project, and for how long: tests that meet a fault come first.

Each file of tests runs once without a fault, in a process of its own. A file in which the function of a fault was never
called, nor its module imported, cannot notice the fault and is left out; one that starts other programs is kept.
"""

import ast
import builtins
import hashlib
import json
import sys
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.mutants.apart import forked, passed
from tests.mutants.faults import Fault

LONGEST = 900
"""Seconds that one file of tests may take."""

SHARED = ("screen/**/*", "workflow/**/*", "config/**/*", "tests/*.py", "tests/*/[!t]*.py", "pyproject.toml")
"""What, beside a file of tests, decides what it reaches."""


class Reached(NamedTuple):
    """Of one file of tests: its seconds, whether it starts programs, the tests that call each `file:line`."""

    seconds: float
    starts: bool
    calls: dict[str, list[str]]


class _Watch:
    """A plugin that notes which functions of the copy each test calls ("" before the first).

    Each function of the copy begins with a call of this as it is compiled: tracing all calls, those inside JAX too,
    would take three times as long as the tests.
    """

    def __init__(self, copy: Path) -> None:
        self.copy = copy
        self.test, self.starts = "", False
        self.calls: defaultdict[str, dict[str, None]] = defaultdict(dict)

    def called(self, place: str) -> None:
        """The function at `file:line` was called, or the module at line 0 imported."""
        self.calls[place][self.test] = None

    def begin(self) -> None:
        """From here on modules of the copy are compiled with their calls, and programs that are started are seen."""
        compiled, stats, inside = (
            builtins.compile,
            SourceFileLoader.path_stats,
            str(self.copy / "screen") + "/",
        )

        def compile_watched(source, filename, mode, flags=0, *rest, **named):
            if mode == "exec" and not flags & ast.PyCF_ONLY_AST and str(filename).startswith(inside):
                tree = source if isinstance(source, ast.AST) else ast.parse(source)
                source = _watched(tree, str(Path(filename).relative_to(self.copy)))
            return compiled(source, filename, mode, flags, *rest, **named)

        def no_bytecode(loader: SourceFileLoader, path: str) -> Mapping[str, Any]:
            if path.startswith(inside):
                raise OSError
            return stats(loader, path)

        builtins.compile, SourceFileLoader.path_stats = compile_watched, no_bytecode
        builtins.screen_called = self.called
        sys.addaudithook(self._started)

    def _started(self, event: str, arguments: tuple) -> None:
        """Other Pythons are not watched; compilers have no fault of ours."""
        if event in ("subprocess.Popen", "os.posix_spawn") and "python" in str(arguments).lower():
            self.starts = True

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> None:
        self.test = item.nodeid


def _watched(tree: ast.Module, file: str) -> ast.Module:
    """A module of which every function, and the module itself, begins by saying that it is called."""
    for node in list(ast.walk(tree)):
        if isinstance(node, ast.FunctionDef | ast.Module):
            line = getattr(node, "lineno", 0)
            (call,) = ast.parse(f"screen_called({f'{file}:{line}'!r})").body
            for part in ast.walk(call):
                ast.copy_location(part, node.body[0])
            place = 0 if ast.get_docstring(node, clean=False) is None else 1
            while place < len(node.body) and isinstance(node.body[place], ast.ImportFrom) and not line:
                place += 1
            node.body.insert(place, call)
    return tree


def digest_of(test: str, copy: Path) -> str:
    """Of a file of tests and of all else in the copy that decides what it reaches; what was compiled names the copy."""
    found = (path for folder in SHARED for path in sorted(copy.glob(folder)))
    shared = [path for path in found if path.is_file() and "__pycache__" not in path.parts]
    each = (f"{path.relative_to(copy)}\0".encode() + path.read_bytes() for path in (copy / test, *shared))
    return hashlib.sha256(b"\0".join(each)).hexdigest()


def reached(test: str, copy: Path, kept: Path) -> Reached | None:
    """What one file of tests reaches in the copy; None if it fails without a fault.

    It is kept in a folder under the digest of that file, of the project and of what tests share.
    """
    file = kept / f"{digest_of(test, copy)}.json"
    if file.is_file():
        return Reached(*json.loads(file.read_text()))

    def work() -> tuple[float, bool, dict[str, list[str]]] | None:
        watch, begun = _Watch(copy), time.monotonic()
        watch.begin()
        fine = passed([test], [watch])
        calls = {place: list(tests) for place, tests in watch.calls.items()}
        return (time.monotonic() - begun, watch.starts, calls) if fine else None

    found = forked(work, copy, LONGEST)
    if found:
        kept.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(found))
    return found and Reached(*found)


def function_of(fault: Fault) -> int:
    """The line at which the function that holds a fault begins; 0 for what runs on import."""
    if fault.path.suffix != ".py":
        return 0
    text = fault.path.read_text()
    line = text.count("\n", 0, fault.start) + 1
    return max(
        (node.lineno for node in ast.walk(ast.parse(text))
         if isinstance(node, ast.FunctionDef) and node.body[0].lineno <= line <= (node.end_lineno or 0)),
        default=0,
    )  # fmt: skip


def nearest(fault: Fault, root: Path, known: dict[str, Reached]) -> tuple[list[str], set[str]]:
    """The files that can meet a fault, the quickest that call its function first, and the tests that call it."""
    path = fault.path.relative_to(root)
    place = f"{path}:{function_of(fault)}"
    calling = {test: set(of.calls.get(place, ())) for test, of in known.items()}
    meet = [test for test, of in known.items() if calling[test] or of.starts or path.suffix != ".py"]
    files = sorted(meet or known, key=lambda test: (not calling[test], known[test].seconds))
    return files, set().union(*calling.values())


class First:
    """A plugin that runs some tests of each file before the others of that file."""

    def __init__(self, tests: set[str]) -> None:
        self.tests = tests

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        files = list(dict.fromkeys(item.path for item in items))
        items.sort(key=lambda item: (files.index(item.path), item.nodeid not in self.tests))


def seconds_of(files: Sequence[str], known: dict[str, Reached]) -> float:
    """How long some files took."""
    return sum(known[test].seconds for test in files)
