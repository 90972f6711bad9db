"""Everything a person can get wrong, through the command line: one sentence, exit code 2, no traceback.

A case copies the shipped configuration, spoils one cell, line or setting, and runs one command.
"""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from screen.settings import Settings

Spoil = Callable[[Path], None]


class Case(NamedTuple):
    """What is spoilt, the command that must notice, and the words it must use."""

    spoil: Spoil
    command: str
    expected: str


def cell(file: str, row: int, column: str, value: str) -> Spoil:
    """Another value in one cell; row 1 is the first after the header."""

    def spoil(config: Path) -> None:
        path = config / file
        lines = path.read_text(encoding="utf-8").splitlines()
        cells = lines[row].split("\t")
        cells[lines[0].split("\t").index(column)] = value
        lines[row] = "\t".join(cells)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")

    return spoil


def repeat(file: str, row: int) -> Spoil:
    """One row a second time, at the end."""

    def spoil(config: Path) -> None:
        lines = (config / file).read_text(encoding="utf-8").splitlines()
        (config / file).write_text("\n".join([*lines, lines[row]]) + "\n", encoding="utf-8")

    return spoil


def header_only(file: str) -> Spoil:
    def spoil(config: Path) -> None:
        header = (config / file).read_text(encoding="utf-8").splitlines()[0]
        (config / file).write_text(header + "\n", encoding="utf-8")

    return spoil


def setting(section: str, **values: object) -> Spoil:
    """Other values in one section of config.yaml."""

    def spoil(config: Path) -> None:
        path = config / "config.yaml"
        settings = yaml.safe_load(path.read_text())
        settings[section] |= values
        path.write_text(yaml.safe_dump(settings))

    return spoil


def readout(observable: str) -> Spoil:
    def spoil(config: Path) -> None:
        path = config / "config.yaml"
        settings = yaml.safe_load(path.read_text())
        settings["readouts"][0]["observable"] = observable
        path.write_text(yaml.safe_dump(settings))

    return spoil


CASES = {
    "unknown drug": Case(
        setting("scenarios", drugs=["ruxolitinibb"]),
        "scenarios",
        "scenarios.drugs: must be of drugs.tsv, found ruxolitinibb",
    ),
    "unknown drug of an affinity": Case(
        cell("affinities.tsv", 1, "drug", "nosuch"),
        "scenarios",
        "affinities.tsv row 2, nosuch on JAK1: `drug` must be in the table of drugs",
    ),
    "unknown target": Case(
        cell("affinities.tsv", 1, "target", "JAK9"),
        "scenarios",
        "affinities.tsv row 2, tofacitinib on JAK1: `target` must be one of JAK1, JAK2",
    ),
    "unknown context": Case(
        setting("scenarios", contexts=["mars"]),
        "scenarios",
        "scenarios.contexts: must be of the table, found mars",
    ),
    "unknown read-out": Case(readout("pY706"), "check", "pY706"),
    "negative dose": Case(
        setting("scenarios", doses_nM=[-10]),
        "scenarios",
        "`scenarios.doses_nM[1]` must be more than 0, found -10",
    ),
    "missing dose": Case(setting("scenarios", doses_nM=[]), "scenarios", "`scenarios.doses_nM`"),
    "dose that is no number": Case(
        setting("scenarios", doses_nM=["much"]),
        "scenarios",
        "`scenarios.doses_nM[1]` must be a number, found much",
    ),
    "negative affinity": Case(
        cell("affinities.tsv", 1, "value_nM", "-3"),
        "scenarios",
        "affinities.tsv row 2: `value_nM` must be positive, found -3.0",
    ),
    "missing affinity": Case(
        cell("affinities.tsv", 1, "value_nM", ""),
        "scenarios",
        "affinities.tsv row 2: `value_nM` must not be empty, found nothing",
    ),
    "affinity that is no number": Case(
        cell("affinities.tsv", 1, "value_nM", "strong"),
        "scenarios",
        "affinities.tsv row 2: `value_nM` must be a number, found strong",
    ),
    "unit of a context that does not fit": Case(
        cell("contexts.tsv", 1, "unit", "nM"), "check", "contexts.tsv"
    ),
    "unit of a parameter that does not fit": Case(
        cell("network/parameters.tsv", 60, "unit", "pL"), "network", "unit"
    ),
    "duplicated drug": Case(
        repeat("drugs.tsv", 1), "scenarios", "(drug) must be unique, found (tofacitinib) again"
    ),
    "duplicated parameter": Case(repeat("network/parameters.tsv", 1), "network", "must be unique"),
    "empty drugs": Case(
        header_only("drugs.tsv"), "scenarios", "drugs.tsv: must hold at least one row, found none"
    ),
    "empty contexts": Case(
        header_only("contexts.tsv"), "scenarios", "contexts.tsv: must hold at least one row, found none"
    ),
    "misspelt key": Case(
        setting("scenarios", dosse_nM=[1.0]),
        "scenarios",
        "`scenarios.dosse_nM` is not a setting; did you mean",
    ),
    "measurement of no observable": Case(
        cell("calibration/measurements.tsv", 1, "observableId", "pY706"), "check", "pY706"
    ),
    "measurement that is no number": Case(
        cell("calibration/measurements.tsv", 1, "measurement", "high"), "check", "measurements.tsv"
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_it_is_refused_in_one_sentence(case: Case, run, root, tmp_path, monkeypatch):
    shutil.copytree(root / "config", tmp_path / "config")
    monkeypatch.chdir(tmp_path)
    case.spoil(tmp_path / "config")
    ran = run(case.command, "--config", "config/config.yaml")
    said = ran.out + ran.err
    assert ran.code == 2, said
    assert case.expected in said
    assert "Traceback" not in said
    assert not (tmp_path / "results/scenarios/scenarios.parquet").exists()


@pytest.mark.parametrize(
    ("folder", "held"),
    [
        ("config", "config/contexts.tsv"),
        ("config/network", "config/network"),
        ("config/panel", "config/panel/panel.tsv"),
        ("config/calibration", "config/calibration/problem.yaml"),
    ],
)
@pytest.mark.parametrize("command", ["network", "mine"])
def test_results_among_inputs_are_refused(folder, held, command, run, root, monkeypatch):
    monkeypatch.chdir(root)
    ran = run(command, "--results", folder)
    assert ran.code == 2
    assert ran.problems[-1].endswith(
        f"--results: must be a folder without inputs, found {folder}, which holds {held}"
    )


def test_results_may_lie_above_a_problem_that_was_imported(root, monkeypatch):
    monkeypatch.chdir(root)
    own = Settings.model_validate({"fit": {"problem": "results/data-problem/problem.yaml"}})
    assert own.input_in(Path("results")) is None
    assert own.input_in(Path("results/data-problem")) == own.fit.problem
