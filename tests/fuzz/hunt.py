"""Watch over children that read spoilt files, for some seconds; what should not have happened is a failure."""

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

LONGEST = 10.0
"""Seconds that a reader may take."""

START = 120.0
"""Seconds that a child may take to begin."""


class Failure(NamedTuple):
    """A case, told by its seed and number, and how it ended."""

    number: int
    reader: str
    file: str
    ended: str


def hunt(folder: Path, seconds: float, seed: str, first: int = 0) -> tuple[int, list[Failure]]:
    """How many cases were run, and those that ended in neither an answer nor a refusal."""
    failures: list[Failure] = []
    end, start = None, first
    while end is None or time.monotonic() < end:
        child = subprocess.Popen(
            [sys.executable, "-m", "tests.fuzz.child", str(folder), seed, str(first)],
            cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env={**os.environ, "JAX_PLATFORMS": "cpu"},
        )  # fmt: skip
        try:
            for case, ended in _watched(child):
                end = end or time.monotonic() + seconds
                first = case["number"] + 1
                if ended:
                    failures.append(Failure(case["number"], case["reader"], case["file"], ended))
                if time.monotonic() > end:
                    break
        finally:
            child.kill()
            child.communicate()
    return first - start, failures


def _watched(child: "subprocess.Popen[bytes]") -> Iterator[tuple[dict[str, Any], str | None]]:
    """Each case with how it ended; the last one where the child hangs or ends itself."""
    case, patience = None, START
    while True:
        line = _line(child, patience)
        if line is None or not line:
            if case is None:
                raise RuntimeError("the readers must read the good files, found that they do not")
            yield case, f"hung for {LONGEST:g} s" if line is None else f"ended the process: {child.wait()}"
            return
        found = json.loads(line)
        if "reader" in found:
            case, patience = found, LONGEST
        else:
            yield case, found["ended"]


def _line(child: "subprocess.Popen[bytes]", patience: float) -> bytes | None:
    """The next line of the child; nothing where it takes too long."""
    assert child.stdout
    ready, _, _ = select.select([child.stdout], [], [], patience)
    return child.stdout.readline() if ready else None
