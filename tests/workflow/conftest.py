"""A whole screen made by quick stand-ins, once, and the planner that says what a change would run again."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from tests.workflow.running import STAND_IN, Planner, copy_project, planner, snakemake

SHARDS = 2


class Screened(NamedTuple):
    """A folder in which every stage has run, and its planner."""

    folder: Path
    plan: Planner
    before: dict[str, Any]
    """What the planner says while nothing has changed."""


@pytest.fixture
def copy(root, tmp_path) -> Path:
    """A copy of the project to change and run in."""
    return copy_project(root, tmp_path)


@pytest.fixture(scope="session")
def made(root, tmp_path_factory) -> Iterator[Screened]:
    """The screen that `screened` lends; two shards a round, on two cores, pairs stop after 16 draws."""
    folder = copy_project(root, tmp_path_factory.mktemp("screened"))
    config = folder / "config/config.yaml"
    settings = yaml.safe_load(config.read_text())
    settings["simulate"]["shards"], settings["race"]["draws"] = SHARDS, 16
    settings["scenarios"]["pairs"] = [["ruxolitinib", "trametinib"], ["tofacitinib", "alectinib"]]
    config.write_text(yaml.safe_dump(settings))
    (folder / "screen/__main__.py").write_text(STAND_IN)
    done = snakemake(folder)
    assert done.returncode == 0, done.stdout
    with planner(folder) as plan:
        yield Screened(folder, plan, plan())


@pytest.fixture
def apart(made, tmp_path) -> Iterator[Screened]:
    """A screen that is done, of its own, to run in."""
    folder = tmp_path / "apart"
    shutil.copytree(made.folder, folder)
    with planner(folder) as plan:
        yield Screened(folder, plan, plan())


@pytest.fixture
def screened(made) -> Iterator[Screened]:
    """A screen that is done; what a test changes in its tables and results is put back after it."""
    kept = {
        file: (file.read_bytes(), file.stat())
        for part in ("config", "results")
        for file in (made.folder / part).rglob("*")
        if file.is_file()
    }
    yield made
    for file, (content, stat) in kept.items():
        if not file.exists() or file.read_bytes() != content or file.stat().st_mtime_ns != stat.st_mtime_ns:
            file.write_bytes(content)
            os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
