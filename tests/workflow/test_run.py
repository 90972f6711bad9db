"""The whole workflow on a small configuration: it completes, is then done, and a killed run goes on."""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from screen.tables import DRAWS, read_table
from tests.rank.worlds import RANKED

pytestmark = pytest.mark.slow

SMALL = """
scenarios: {contexts: [hepatocyte_mouse], drugs: [ruxolitinib, trametinib, alectinib], doses_nM: [100, 1000], pairs: []}
simulate: {shards: 2}
fit: {starts: 1, adam: 1, polish: 1, draws: 2, draw_steps: 1}
panel: {constrain: []}
"""

AFTER_FIT = (
    "results/simulate",
    "results/ranked.csv",
    "results/ranked.csv.provenance.json",
    "results/report.html",
)


@pytest.fixture(scope="module")
def folder(root, tmp_path_factory) -> Path:
    """A copy of the project in which `make screen` uses the environment of these tests."""
    copy = tmp_path_factory.mktemp("project")
    names = ("Snakefile", "workflow", "profiles", "config", "screen")
    for name in names:
        source = root / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, copy / name)
    (copy / "small.yaml").write_text(SMALL)
    # The recipe of `make screen`, without setting up an environment that these tests run in already.
    recipe = (root / "Makefile").read_text().replace("screen: env", "screen:")
    (copy / "Makefile").write_text(
        recipe.replace("VENV := .venv", f"VENV := {Path(sys.executable).parents[1]}")
    )
    for lock in root.glob("requirements*.lock"):
        shutil.copy(lock, copy / lock.name)
    return copy


def command(folder: Path) -> dict:
    return {
        "args": ["make", "screen", "ARGS=--configfile small.yaml"],
        "cwd": folder,
        "text": True,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.STDOUT,
    }


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_screen_completes_is_then_done_and_survives_being_killed(folder):
    done = subprocess.run(**command(folder), check=False)
    assert done.returncode == 0, done.stdout
    assert "14 trajectories = 7 scenarios x 2 draws" in done.stdout and "scenarios: about " in done.stdout
    ranked = folder / "results/ranked.csv"
    assert read_table(ranked, RANKED)["draws"].max() == 2
    assert read_table(folder / "results/fit/draws.parquet", DRAWS)["draw"].n_unique() == 2
    assert (folder / "results/report.html").stat().st_size > 10_000
    first = digest(ranked)

    done = subprocess.run(**command(folder), check=False)
    assert done.returncode == 0
    assert "Nothing to be done" in done.stdout

    for name in AFTER_FIT:
        path = folder / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    killed = subprocess.Popen(**command(folder), start_new_session=True)
    log = folder / "results/logs/simulate-0.log"
    log.unlink()
    end = time.monotonic() + 120
    while not log.exists() and time.monotonic() < end:
        time.sleep(0.1)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.communicate()
    assert not ranked.exists()

    done = subprocess.run(**command(folder), check=False)
    assert done.returncode == 0, done.stdout
    assert digest(ranked) == first


def test_snakemake_makes_its_report(folder):
    done = subprocess.run(
        [
            Path(sys.executable).parent / "snakemake",
            "--cores",
            "1",
            "--configfile",
            "small.yaml",
            "--report",
            "report.zip",
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (folder / "report.zip").stat().st_size > 100_000
