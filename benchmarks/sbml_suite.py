"""All semantic cases of the SBML Test Suite on the kernel at -O0: right, or refused by name; never anything else.

    SBML_TEST_SUITE=folder make test-sbml
    SBML_TEST_SUITE=folder make test-sbml ARGS="--cases 1-100"

The suite is not part of the project; `folder` holds its cases (00001 ...), each with a model in several versions of
SBML, `settings.txt` and `results.csv`. A run of all cases writes to benchmarks/results how many with each tag ended
how, and every case that did not pass.
"""

import argparse
import os
import re
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import libsbml
import numpy as np

from benchmarks.rows import write_rows
from screen.errors import ScreenError
from screen.kernel import configure, load_model, solve
from screen.network import Network, read_sbml
from screen.network.algebra import evaluate_all

VERSIONS = ("l3v2", "l3v1", "l2v5", "l2v4", "l2v3", "l2v2", "l2v1", "l1v2")
RESULTS = Path(__file__).resolve().parent / "results"
GOOD = ("passed", "refused")
OUTCOMES = (*GOOD, "wrong", "traceback", "hang")
ALL = "all cases"
CORE = "core cases"
"""Those that need no package of SBML: their tags name none."""

PATIENCE = 60
"""Seconds of processor time after which a case counts as hanging: a busy machine is none of its faults."""

RANGE = re.compile(r"(\d+)(?:-(\d+))?")

SOLVER = {"rtol": 1e-8, "atol": 1e-11, "max_steps": 200_000, "threads": 1}


class Case:
    """One case: its files read, and nothing computed yet."""

    def __init__(self, folder: Path):
        name = folder.name
        lines = (folder / f"{name}-settings.txt").read_text().splitlines()
        self.settings = {
            key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)
        }
        self.wanted = _names(self.settings["variables"])
        files = (folder / f"{name}-sbml-{version}.xml" for version in VERSIONS)
        self.sbml = next(file for file in files if file.is_file()).read_text(encoding="utf-8")
        head, *rows = (folder / f"{name}-results.csv").read_text().strip().splitlines()
        self.table = np.array([[float(cell) for cell in row.split(",")] for row in rows if row.strip()])
        columns = [cell.strip() for cell in head.split(",")]
        self.expected = {column: self.table[:, place] for place, column in enumerate(columns) if place}
        tags = re.findall(
            r"(?:componentTags|testTags):(.*)", (folder / f"{name}-model.m").read_text("utf-8", "replace")
        )
        self.tags = sorted({tag.strip() for line in tags for tag in line.split(",") if tag.strip()})

    def problems(self, cache: Path) -> list[str]:
        """What the kernel's answer has wrong, one sentence each."""
        found = _simulate(read_sbml(self.sbml), self.sbml, self.table[:, 0], cache)
        document = libsbml.readSBMLFromString(self.sbml)
        species = {item.getId(): item for item in document.getModel().getListOfSpecies()}
        absolute, relative = float(self.settings["absolute"]), float(self.settings["relative"])
        wrong = []
        for name in self.wanted:
            value, want = found["time_" if name == "time" else name], self.expected[name]
            if name in species:
                volume, is_amount = (
                    found[species[name].getCompartment()],
                    species[name].getHasOnlySubstanceUnits(),
                )
                if name in _names(self.settings.get("amount", "")) and not is_amount:
                    value = value * volume
                elif name in _names(self.settings.get("concentration", "")) and is_amount:
                    value = value / volume
            good = np.isclose(value, want, rtol=relative, atol=absolute, equal_nan=True)
            wrong += [f"{name} is {value[at]} instead of {want[at]}" for at in np.flatnonzero(~good)[:1]]
        return wrong


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _simulate(network: Network, sbml: str, times: np.ndarray, cache: Path) -> dict[str, np.ndarray]:
    """Every quantity of the model at the times, by name."""
    states = np.zeros((len(times), 0))
    values = dict(zip(network.parameters, network.values, strict=True))
    if network.species:
        model = load_model(sbml, cache)
        parameters = np.array(network.values)[None]
        solution = solve(
            model, parameters[:, None], model.initial(parameters), times[None, :1], times[None], **SOLVER
        )
        states = np.asarray(solution.states[0])
    known = {**values, **dict(zip(network.species, states.T, strict=True)), "time": times}
    names = [*network.observables, *network.reactions]
    formulas = [*network.observable_rules, *network.rates]
    known |= dict(zip(names, evaluate_all(formulas, known), strict=True))
    return {name: np.broadcast_to(np.asarray(value, float), times.shape) for name, value in known.items()}


class _HangError(Exception):
    """A case takes too long."""


@contextmanager
def _patience() -> Iterator[None]:
    def stop(*_: object) -> None:
        raise _HangError

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, PATIENCE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


class Found(NamedTuple):
    """How a case ended (one of OUTCOMES), what was found, and its tags."""

    case: str
    outcome: str
    what: str
    tags: Sequence[str]


def run_case(folder: Path, cache: Path) -> Found:
    """How a case ends."""
    case = Case(folder)
    try:
        with _patience(), np.errstate(all="ignore"):
            problems = case.problems(cache)
    except ScreenError as refusal:
        outcome, what = "refused", refusal.problems[0]
    except _HangError:
        outcome, what = "hang", f"more than {PATIENCE} s"
    except Exception as fault:
        last = traceback.extract_tb(fault.__traceback__)[-1]
        place = f"{Path(last.filename).name}:{last.lineno}"
        outcome, what = "traceback", f"{type(fault).__name__}: {fault} ({place})"
    else:
        outcome, what = "wrong" if problems else "passed", "; ".join(problems)
    return Found(folder.name, outcome, what, case.tags)


class Counted(NamedTuple):
    """How many cases with a tag there are, and how many ended how."""

    tag: str
    cases: int
    passed: int
    refused: int
    wrong: int
    traceback: int
    hang: int


def count_by_tag(found: Iterable[Found]) -> list[Counted]:
    """A row for all cases, one for those of the core, then one for each tag."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for each in found:
        core = () if any(":" in tag for tag in each.tags) else (CORE,)
        for tag in (ALL, *core, *each.tags):
            counts[tag][each.outcome] += 1
    tags = sorted(counts, key=lambda tag: (tag != ALL, tag != CORE, tag))
    return [Counted(tag, counts[tag].total(), *(counts[tag][each] for each in OUTCOMES)) for tag in tags]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the cases; 0 where each is right or refused by name."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cases", default="0-99999", metavar="FIRST-LAST", help="only these (default: all)")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only each N-th of them")
    parser.add_argument("--cores", type=int, default=os.cpu_count(), metavar="N")
    wanted = parser.parse_args(arguments)
    if not (between := RANGE.fullmatch(wanted.cases)):
        parser.error(f"--cases must be a number or FIRST-LAST, found {wanted.cases}")
    for option, value in (("--every", wanted.every), ("--cores", wanted.cores)):
        if value < 1:
            parser.error(f"{option} must be at least 1, found {value}")
    named = os.environ.get("SBML_TEST_SUITE")
    if not named or not Path(named).is_dir():
        print(f"test-sbml: $SBML_TEST_SUITE must be the folder of the cases, found {named or 'it not set'}")
        return 2
    every = sorted(each for each in Path(named).iterdir() if each.is_dir() and each.name.isdigit())
    first, last = int(between[1]), int(between[2] or between[1])
    cases = [case for case in every if first <= int(case.name) <= last][:: wanted.every]
    if not cases:
        print(f"test-sbml: must hold cases (00001, 00002, ...) of {wanted.cases}, found none in {named}")
        return 2
    os.environ["CC"] = "cc -O0 -fno-fast-math"  # before the processes that run the cases start
    before = time.time()
    with (
        tempfile.TemporaryDirectory() as cache,
        ProcessPoolExecutor(wanted.cores, get_context("spawn"), configure) as pool,
    ):
        found = list(pool.map(partial(run_case, cache=Path(cache)), cases, chunksize=4))
    rows = count_by_tag(found)
    rest = [each for each in found if each.outcome != "passed"]
    for each in rest:
        print(f"{each.case}: {each.outcome}: {each.what}")
    for tag, *counts in (Counted._fields, *rows):
        print(f"{tag:36}" + "".join(f"{count:>10}" for count in counts))
    print(f"{len(cases)} of {len(every)} cases in {time.time() - before:.0f} s")
    if cases == every:
        write_rows(RESULTS / "sbml_suite.csv", rows)
        listed = [each._replace(tags=", ".join(each.tags)) for each in rest]
        (RESULTS / "sbml_suite_not_passed.csv").unlink(missing_ok=True)
        if listed:
            write_rows(RESULTS / "sbml_suite_not_passed.csv", listed)
    return int(any(each.outcome not in GOOD for each in found))


if __name__ == "__main__":
    sys.exit(main())
