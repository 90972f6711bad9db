"""A command run in this process, and a folder with a small configuration."""

from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from screen.cli import main


class Ran(NamedTuple):
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def problems(self) -> list[str]:
        """The lines on standard error, each of which must be a problem."""
        return self.err.splitlines()


@pytest.fixture
def run(capsys):
    """Run `python -m screen` with these arguments."""

    def command(*arguments: object) -> Ran:
        code = main([str(argument) for argument in arguments])
        return Ran(code, *capsys.readouterr())

    return command


@pytest.fixture
def small(tmp_path: Path, root: Path, monkeypatch):
    """A folder with the shipped tables and a configuration of three drugs, to change and run in."""
    (tmp_path / "config").symlink_to(root / "config")
    settings = yaml.safe_load((root / "config/config.yaml").read_text())
    settings["scenarios"] |= {
        "contexts": ["hepg2"],
        "drugs": ["ruxolitinib", "trametinib", "alectinib"],
        "doses_nM": [100, 1000],
        "pairs": [],
    }
    settings["fit"]["draws"] = 2
    settings["simulate"]["shards"] = 2
    monkeypatch.chdir(tmp_path)

    def write(**sections) -> Path:
        path = tmp_path / "small.yaml"
        merged = {
            name: value | sections.get(name, {}) if isinstance(value, dict) else sections.get(name, value)
            for name, value in settings.items()
        }
        path.write_text(yaml.safe_dump(merged))
        return path

    return write
