"""Which tests run which functions of the project, and for how long: tests that meet a fault come first.

Each file of tests runs once without a fault, in a process of its own. A file in which the function of a fault was never
called, nor its module imported, cannot notice the fault and is left out; one that starts other programs is kept.
"""

import ast
import hashlib
import json
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

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
    """A plugin that notes which functions of the copy each test calls ("" before the first)."""

    def __init__(self, copy: Path) -> None:
        self.inside = tuple(str(copy / folder) + "/" for folder in ("screen", "workflow"))
        self.test, self.starts = "", False
        self.calls: defaultdict[str, dict[str, None]] = defaultdict(dict)

    def __call__(self, frame, event, argument) -> None:
        code = frame.f_code
        if code.co_filename.startswith(self.inside):
            self.calls[f"{code.co_filename}:{code.co_firstlineno}"][self.test] = None

    def started(self, event: str, arguments: tuple) -> None:
        """Other Pythons are not watched; compilers have no fault of ours."""
        if event in ("subprocess.Popen", "os.posix_spawn") and "python" in str(arguments).lower():
            self.starts = True

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> None:
        self.test = item.nodeid


def reached(test: str, copy: Path, kept: Path) -> Reached | None:
    """What one file of tests reaches in the copy; None if it fails without a fault.

    It is kept in a folder under the digest of that file, of the project and of what tests share.
    """
    shared = (path for folder in SHARED for path in sorted(copy.glob(folder)) if path.is_file())
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in (copy / test, *shared)))
    file = kept / f"{digest.hexdigest()}.json"
    if file.is_file():
        return Reached(*json.loads(file.read_text()))

    def work() -> tuple[float, bool, dict[str, list[str]]] | None:
        watch, begun = _Watch(copy), time.monotonic()
        sys.addaudithook(watch.started)
        threading.settrace(watch)
        sys.settrace(watch)
        fine = passed([test], [watch])
        sys.settrace(None)
        calls = {place.removeprefix(f"{copy}/"): list(tests) for place, tests in watch.calls.items()}
        return (time.monotonic() - begun, watch.starts, calls) if fine else None

    found = forked(work, copy, LONGEST)
    if found:
        kept.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(found))
    return found and Reached(*found)


def function_of(fault: Fault) -> range:
    """The lines among which the function that holds a fault begins; line 0 and 1 for what runs on import."""
    lines = range(2)
    if fault.path.suffix != ".py":
        return lines
    text = fault.path.read_text()
    line = text.count("\n", 0, fault.start) + 1
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef) and node.body[0].lineno <= line <= (node.end_lineno or 0):
            first = min(part.lineno for part in (node, *node.decorator_list))
            lines = max(lines, range(first, node.body[0].lineno + 1), key=lambda each: each.start)
    return lines


def nearest(fault: Fault, root: Path, known: dict[str, Reached]) -> tuple[list[str], set[str]]:
    """The files that can meet a fault, the quickest that call its function first, and the tests that call it."""
    path = fault.path.relative_to(root)
    keys = [f"{path}:{line}" for line in function_of(fault)]
    calling = {test: {name for key in keys for name in of.calls.get(key, ())} for test, of in known.items()}
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
