"""Shards that do not belong to a screen are refused by name, before anything is ranked."""

import json
import shutil

import polars as pl
import pytest

from screen.cli.identity import DISPATCHER, shard_facts
from screen.cli.options import Results
from screen.settings import load_settings
from screen.tables import (
    DRAWS,
    RESPONSES,
    SCENARIOS,
    digest_files,
    read_provenance,
    read_table,
    write_table,
)
from screen.tables.code import executed_modules
from tests.rank.worlds import RANKED


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Where the screen is kept that `screen_of_shards` makes once."""
    return tmp_path_factory.mktemp("kept") / "results"


@pytest.fixture
def screen_of_shards(run, small, tmp_path, kept):
    """Responses to the scenarios of a small screen, made up and cut into two shards with true provenance."""
    config, results = small(), Results(tmp_path / "results")
    if not kept.exists():
        make_shards(run, config, results)
        shutil.copytree(results.folder, kept)
    else:
        shutil.copytree(kept, results.folder)
    return config, results


def make_shards(run, config, results):
    for stage in ("network", "scenarios"):
        assert run(stage, "--config", config).code == 0
    settings = load_settings(config)
    draws = pl.DataFrame({"draw": [0, 1], "parameter": ["k", "k"], "value": [1.0, 2.0]})
    write_table(draws, results.draws, DRAWS)
    frame = (
        read_table(results.scenarios, SCENARIOS)
        .select("scenario")
        .join(pl.DataFrame({"draw": [0, 1]}), how="cross")
        .join(pl.DataFrame({"readout": [readout.id for readout in settings.readouts]}), how="cross")
        .with_row_index("at")
        .select(
            "scenario", "draw", "readout",
            value=1 / (1 + pl.col("at") % 17).cast(pl.Float64),
            status=pl.lit("ok"),
            steps=pl.lit(9, dtype=pl.Int64),
        )
    )  # fmt: skip
    half = frame.height // 2
    for index, part in enumerate((frame[:half], frame[half:])):
        write_shard(part, results.shard(index), shard_facts(settings, results, index) | {"engine": "kernel"})


def write_shard(frame, path, facts):
    write_table(frame, path, RESPONSES, facts)


def test_shards_of_one_screen_are_ranked_and_named_in_what_the_ranking_was_made_from(run, screen_of_shards):
    config, results = screen_of_shards
    assert run("rank", "--config", config).code == 0
    assert read_table(results.ranked, RANKED).height > 0
    inputs = read_provenance(results.ranked)["inputs"]
    assert inputs["shard-1.parquet"] == digest_files([results.shard(1)])


@pytest.mark.parametrize("command", ["rank", "report"])
@pytest.mark.parametrize(
    ("fact", "value", "said"),
    [
        ("code", "0", "found other code"),
        ("settings", "0", "found other settings"),
        ("shard", "1 of 3", "found another part of the screen"),
        ("stage", "fit", "found another stage"),
        ("engine", "jax", "must be of engine kernel like the others, found jax"),
        ("draws.parquet", "0", "found another draws.parquet"),
        ("scenarios.parquet", "0", "found another scenarios.parquet"),
        ("stat3.xml", "0", "found another stat3.xml"),
        ("drugs.tsv", "0", "found another drugs.tsv"),
    ],
)
def test_a_shard_of_another_screen_is_named_in_one_line(run, screen_of_shards, command, fact, value, said):
    config, results = screen_of_shards
    path = results.shard(1)
    facts = json.loads(json.dumps(read_provenance(path)))
    (facts["inputs"] if "." in fact else facts)[fact] = value
    write_shard(read_table(path, RESPONSES), path, facts)
    ran = run(command, "--config", config)
    assert ran.code == 2
    assert len(ran.problems) == 1
    assert "shard-1.parquet: must" in ran.problems[0]
    assert said in ran.problems[0]


def test_values_that_are_not_those_of_their_provenance_are_named(run, screen_of_shards):
    config, results = screen_of_shards
    path = results.shard(1)
    halved = read_table(path, RESPONSES).with_columns(pl.col("value") / 2)
    write_shard(halved, path, read_provenance(path))
    ran = run("rank", "--config", config)
    assert ran.code == 2
    assert len(ran.problems) == 1
    assert "shard-1.parquet: must hold the values it was written with, found others" in ran.err


def test_the_same_values_twice_are_not_two_shards(run, screen_of_shards):
    config, results = screen_of_shards
    results.shard(1).write_bytes(results.shard(0).read_bytes())
    ran = run("rank", "--config", config)
    assert ran.code == 2
    assert "shard-1.parquet: must belong to this screen, found another part of the screen" in ran.err


@pytest.mark.parametrize("command", ["rank", "report"])
def test_shards_under_other_constants_of_drugs_are_noticed(run, screen_of_shards, small, command):
    config = small(scenarios={"constants": "assay"})
    ran = run(command, "--config", config)
    assert ran.code == 2
    assert [line.count("found other settings") for line in ran.problems] == [1, 1]


def test_tables_of_potencies_that_changed_since_are_noticed(screen_of_shards):
    """They are inputs where lanes take their constants from them, and only there."""
    config, results = screen_of_shards
    settings = load_settings(config)
    assay = settings.model_copy(
        update={"scenarios": settings.scenarios.model_copy(update={"constants": "assay"})}
    )
    inputs = [shard_facts(each, results, 0)["inputs"] for each in (settings, assay)]
    assert ["estimates.tsv" in each for each in inputs] == [True, False]


def test_draws_that_changed_since_are_noticed(run, screen_of_shards):
    config, results = screen_of_shards
    draws = pl.DataFrame({"draw": [0, 1], "parameter": ["k", "k"], "value": [1.0, 2.5]})
    write_table(draws, results.draws, DRAWS)
    ran = run("rank", "--config", config)
    assert ran.code == 2
    assert [line.count("found another draws.parquet") for line in ran.problems] == [1, 1]


def test_other_code_of_the_ranking_makes_no_shard_another(root):
    """Shards take far longer than what reads them."""
    executed = executed_modules("screen.cli.simulate", unfollowed=(DISPATCHER,))
    assert {"screen.simulate.shard", "screen.cli.rounds"} <= executed
    assert not [name for name in executed if name.startswith(("screen.rank", "screen.report"))]
