"""The semantic cases of the SBML Test Suite: what a case asks for, and whether the kernel's answer is right.

The suite is not part of the project; its cases stand in a folder <number> each, with a model in several
versions of SBML, `settings.txt` and `results.csv`.
"""

import re
import signal
import traceback
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import libsbml
import numpy as np

from screen.errors import ScreenError
from screen.kernel import load_model, solve
from screen.network import Network, read_sbml
from screen.network.algebra import evaluate_all

VERSIONS = ("l3v2", "l3v1", "l2v5", "l2v4", "l2v3", "l2v2", "l2v1", "l1v2")
OUTCOMES = ("passed", "refused", "WRONG", "traceback", "hang")
PATIENCE = 60
"""Seconds after which a case counts as hanging."""

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

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(PATIENCE)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def run_case(folder: Path, cache: Path) -> tuple[str, str, list[str]]:
    """(outcome, what was found, tags) of a case."""
    case = Case(folder)
    try:
        with _patience(), np.errstate(all="ignore"):
            problems = case.problems(cache)
    except ScreenError as refusal:
        return "refused", refusal.problems[0], case.tags
    except _HangError:
        return "hang", f"more than {PATIENCE} s", case.tags
    except Exception as fault:
        last = traceback.extract_tb(fault.__traceback__)[-1]
        return (
            "traceback",
            f"{type(fault).__name__}: {fault} ({Path(last.filename).name}:{last.lineno})",
            case.tags,
        )
    return ("WRONG", "; ".join(problems), case.tags) if problems else ("passed", "", case.tags)


def table_by_tag(found: list[tuple[str, str, list[str]]]) -> str:
    """How many cases with each tag ended how, as text."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for outcome, _, tags in found:
        for tag in (*tags, "all cases"):
            counts[tag][outcome] += 1
    rows = [f"{tag:36}" + "".join(f"{counts[tag][each]:10}" for each in OUTCOMES) for tag in sorted(counts)]
    return "\n".join([f"{'tag':36}" + "".join(f"{each:>10}" for each in OUTCOMES), *rows])
