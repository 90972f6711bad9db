"""The settings that a stage reads while it runs are those whose change runs it again."""

from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from pydantic import BaseModel

from screen.kernel import Model
from screen.settings import Settings, load_settings
from screen.settings.model import Section
from screen.tables import DRAWS, write_table
from tests.workflow.test_reruns import OF_ANOTHER_NETWORK, READ

ALSO = {
    "scenarios": {"fit.draws", "fit.draws_from", "network.folder", "simulate.slices"},
    "simulate": {"scenarios.contexts", "scenarios.pairs"},
}
"""Stage -> settings that it reads without its results depending on them: for a message, for what it refuses, for the
names of networks, for whether there are pairs that may stop (which they are says the table of scenarios).
Those of another network the workflow refuses."""


class EnoughError(Exception):
    """The stage has read its settings and begins to compute."""


def enough(*arguments, **options):
    raise EnoughError


class Nowhere(Model):
    """A network of nothing."""

    def __init__(self) -> None:
        self.parameters, self.observables, self.species, self.values, self.digest = (
            (),
            (),
            (),
            np.zeros(0),
            "",
        )


NOWHERE = Nowhere()

INSTEAD = {
    "fit": {"screen.fit.run_fit": enough},
    "constrain": {"screen.constrain.run_constrain": enough},
    "validate": {
        "screen.panel.Bench": lambda *arguments: SimpleNamespace(draws=enough),
        "screen.network.check_draws": lambda *arguments: None,
    },
    "simulate": {
        "screen.simulate.read_parts": lambda *arguments: [],
        "screen.simulate.simulate_shard": enough,
        "screen.network.check_draws": lambda *arguments: None,
    },
}
"""Stage -> what is too slow here."""

EVERYWHERE = {
    "screen.kernel.load_model": lambda *arguments: NOWHERE,
    "screen.network.compose_without": lambda *arguments: "",
    "screen.panel.check_panel": lambda *arguments: None,
}


@pytest.fixture
def seen(monkeypatch) -> set[str]:
    """The settings read since they were loaded, as `section.key`."""
    read: set[str] = set()
    sections = {
        field.annotation: name
        for name, field in Settings.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
    }
    plain = Section.__getattribute__

    def note(self, name):
        kind = type(self)
        if kind in sections:
            read.update(f"{sections[kind]}.{key}" for key in kind.model_fields if name in (key, "model_dump"))
        elif kind is Settings and name in kind.model_fields and name not in sections.values():
            read.add(name)
        return plain(self, name)

    def load(path):
        found = load_settings(path)
        read.clear()
        return found

    monkeypatch.setattr(Section, "__getattribute__", note)
    monkeypatch.setattr("screen.cli.options.load_settings", load)
    return read


@pytest.fixture
def draws(tmp_path):
    """Draws and scales where the fit and the panel leave them."""
    frame = pl.DataFrame({"draw": [0], "parameter": ["k"], "value": [1.0]})
    for name in ("fit/draws", "fit/scales", "constrain/draws"):
        write_table(frame, tmp_path / f"results/{name}.parquet", DRAWS)


@pytest.mark.parametrize("stage", ["scenarios", "fit", "constrain", "simulate", "validate"])
def test_a_stage_reads_the_settings_that_its_rule_names(run, small, draws, seen, monkeypatch, stage):
    config = small()
    for before in {"scenarios": ["network"], "simulate": ["network", "scenarios"]}.get(stage, []):
        assert run(before, "--config", config).code == 0
    for name, stand_in in (EVERYWHERE | INSTEAD.get(stage, {})).items():
        monkeypatch.setattr(name, stand_in)
    arguments = (stage, "--config", config, *(("--shard", 0) if stage == "simulate" else ()))
    if stage in INSTEAD:
        with pytest.raises(EnoughError):
            run(*arguments)
    else:
        assert run(*arguments).code == 0
    named = {setting for setting, stages in READ.items() if stage in stages}
    assert seen - OF_ANOTHER_NETWORK == named | ALSO.get(stage, set()) | {"results"}
