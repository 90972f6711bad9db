"""Rounds of a screen: whether there is a second, how many draws and shards, and what that comes to in work."""

import polars as pl
import pytest

from screen.cli.identity import check_shards, shard_facts, shard_problems
from screen.cli.options import Results
from screen.cli.origins import gather_origins
from screen.cli.plan import read_plan
from screen.cli.rounds import all_shards, count_draws, count_shards, is_raced, read_race
from screen.cli.simulate import _of_round
from screen.cli.work import count_work, expected_trajectories
from screen.errors import RankError
from screen.settings import Settings, load_settings
from screen.tables import DRAWS, write_table

PAIRS = {"pairs": [["ruxolitinib", "trametinib"], ["alectinib", "trametinib"]], "pair_doses_nM": [100, 300]}


@pytest.fixture
def settings(small, tmp_path):
    """settings(...): those of a small screen, whose shipped ensemble has twenty draws."""
    twenty = pl.DataFrame({"draw": range(20), "parameter": ["k"] * 20, "value": [1.0] * 20})
    write_table(twenty, tmp_path / "twenty.parquet", DRAWS)

    def of(**sections) -> Settings:
        return load_settings(small(**sections, panel={"ensemble": "twenty.parquet", "steps": 7}))

    return of


@pytest.mark.parametrize(
    ("source", "asked", "there"),
    [("nominal", 30, 1), ("measurements", 30, 30), ("shipped", 30, 20), ("shipped", 3, 3)],
)
def test_draws_are_as_many_as_asked_for_and_of_shipped_ones_no_more_than_there_are(
    settings, source, asked, there
):
    assert count_draws(settings(fit={"draws_from": source, "draws": asked})) == there


@pytest.mark.parametrize(
    ("first", "pairs", "raced"),
    [(12, PAIRS, True), (15, PAIRS, False), (None, PAIRS, False), (12, {"pairs": []}, False)],
)
def test_a_screen_is_raced_where_pairs_can_stop_and_draws_are_left(settings, first, pairs, raced):
    found = settings(race={"draws": first}, scenarios=pairs, fit={"draws": 15}, simulate={"shards": 3})
    assert is_raced(found) == raced
    assert count_shards(found) == (6 if raced else 3)
    results = Results(found.results)
    assert all_shards(found, results) == [results.shard(index) for index in range(6 if raced else 3)]
    if not raced:
        assert read_race(found, results) is None


def test_work_of_a_race_is_that_of_the_first_draws_and_of_what_goes_on(settings):
    """Of eight pairs and nineteen other scenarios two pairs go on: 0.26 of 8 is 2.08."""
    found = settings(
        race={"draws": 12}, scenarios=PAIRS | {"pair_layout": "matrix"}, simulate={"shards": 3},
        fit={"draws": 18, "starts": 3, "adam": 11, "kicks": 2, "polish": 5, "draw_steps": 6},
    )  # fmt: skip
    plan = read_plan(found)
    assert plan.scenarios.group_by("role").len().sort("role").rows() == [
        ("pair", 8),
        ("single", 18),
        ("vehicle", 1),
    ]
    lanes = 12 * 27 + 6 * (19 + 2)
    assert expected_trajectories(found, plan) == lanes
    work = count_work(found, plan)
    assert work["simulate"] == {"shards": 6, "slices": 1, "trajectories": lanes}
    assert work["race"] == work["scenarios"] == {"scenarios": 27}
    assert work["fit"] == {"gradients": 33, "steps": (3 * 3 + 1) * 5 + 18 * 6}
    assert work["constrain"] == {"steps": 126} and work["validate"] == {"draws": 18}
    assert work["report"] == work["rank"] == {"responses": lanes * len(found.readouts)}
    alone = settings(race={"draws": None}, scenarios=PAIRS | {"pair_layout": "matrix"}, fit={"draws": 18})
    assert expected_trajectories(alone, plan) == 18 * 27 and "race" not in count_work(alone, plan)


def test_nothing_is_held_to_a_panel_of_no_facts_and_another_network_has_neither_panel_nor_slices(
    settings, tmp_path
):
    plan = read_plan(settings())
    unheld = settings()
    unheld = unheld.model_copy(update={"panel": unheld.panel.model_copy(update={"constrain": []})})
    assert "constrain" not in count_work(unheld, plan) and "fit" in count_work(unheld, plan)
    other = unheld.model_copy(
        update={"network": unheld.network.model_copy(update={"sbml": tmp_path / "x.xml"})}
    )
    work = count_work(other, plan)
    assert "validate" not in work and work["simulate"]["slices"] == 0
    assert set(work["simulate"]) == {"shards", "slices", "whole_trajectories"}


def test_origins_are_of_the_first_shard_of_each_round_and_of_tables_that_are_there(settings, tmp_path):
    """What has no word of its origin is left out, as is what a screen without a race has left of an earlier one."""
    raced = settings(race={"draws": 12}, scenarios=PAIRS, fit={"draws": 15}, simulate={"shards": 3})
    results = Results(tmp_path / "results")
    frame = pl.DataFrame({"draw": [0], "parameter": ["k"], "value": [1.0]})
    for index in range(6):
        write_table(frame, results.shard(index), DRAWS, {"stage": "simulate", "shard": f"{index} of 6"})
    for path in (results.draws, results.race.with_suffix(".parquet")):
        write_table(frame, path, DRAWS, {"stage": path.stem})
    found = gather_origins(raced, results)
    assert list(found) == ["constrain/draws.parquet", "simulate/shard-0.parquet", "simulate/shard-3.parquet"]
    assert (
        found["constrain/draws.parquet"]["stage"] == "draws"
        and "shard" not in found["constrain/draws.parquet"]
    )
    assert {told["shard"] for told in found.values() if "shard" in told} == {"each of 6"}
    alone = settings(race={"draws": None}, scenarios=PAIRS, fit={"draws": 15}, simulate={"shards": 3})
    assert list(gather_origins(alone, results)) == ["constrain/draws.parquet", "simulate/shard-0.parquet"]
    frame.write_parquet(results.scenarios.parent.mkdir(parents=True) or results.scenarios)
    assert "scenarios/scenarios.parquet" not in gather_origins(alone, results)


def test_shards_of_the_first_round_are_looked_at_alone_where_the_second_is_not_there_yet(settings):
    """What an earlier screen has left of the second is none of it; a race has an input more than what it follows."""
    raced = settings(race={"draws": 12}, scenarios=PAIRS, fit={"draws": 15}, simulate={"shards": 2})
    results = Results(raced.results)
    frame = pl.DataFrame({"draw": [0], "parameter": ["k"], "value": [1.0]})
    for index in range(4):
        write_table(frame, results.shard(index), DRAWS, {"stage": "simulate"})
    shards = [results.shard(index) for index in range(4)]
    assert list(shard_problems(raced, results, first_round=True)) == shards[:2]
    assert list(shard_problems(raced, results)) == shards
    results.shard(0).unlink()
    assert list(shard_problems(raced, results)) == shards[1:]
    with pytest.raises(RankError) as refused:
        check_shards(raced, results)
    assert len(refused.value.problems) == 3
    read = [results.race.name in shard_facts(raced, results, index)["inputs"] for index in range(4)]
    assert read == [False, False, True, True]
    assert [shard_facts(raced, results, index)["shard"] for index in (0, 3)] == ["0 of 4", "3 of 4"]


def test_the_first_round_runs_the_first_draws_and_the_second_the_others_without_what_has_stopped(
    settings, tmp_path, monkeypatch
):
    """`a` is paired with `b` in two cells and stops in one of them, where it stands at two doses."""
    raced = settings(race={"draws": 12}, scenarios=PAIRS, fit={"draws": 15})
    scenarios = pl.DataFrame(
        {
            "scenario": [3, 4, 5, 6, 7],
            "context": ["x", "x", "y", "y", "x"],
            "intervention": ["a+b"] * 4 + ["a"],
        }
    )
    race = pl.DataFrame({"context": ["x", "y"], "intervention": ["a+b"] * 2, "stopped": [True, False]})
    monkeypatch.setattr("screen.simulate.in_round", lambda *given: given)
    monkeypatch.setattr("screen.cli.simulate.read_race", lambda settings, results: race)
    parts, results = ["one", "two"], Results(tmp_path)
    assert _of_round(parts, scenarios, raced, results, second=False) == (parts, slice(12))
    second = _of_round(parts, scenarios, raced, results, second=True)
    assert second == (parts, slice(12, None), frozenset({3, 4}))
