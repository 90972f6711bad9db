"""Effects scored by another process, beside the ranking, are those that are scored in this one."""

from contextlib import nullcontext
from dataclasses import replace
from multiprocessing import active_children

import polars as pl
import pytest

from screen.errors import RankError
from screen.rank import dose_effects, effects_beside, gather_responses, score_doses
from tests.rank.worlds import AIM, hill, responses, scenarios

HALF = hill({"a": 10.0, "b": 300.0})


@pytest.fixture(autouse=True)
def many(monkeypatch):
    """A few scenarios are many, on two cores."""
    monkeypatch.setattr(dose_effects, "MANY", 1)
    monkeypatch.setattr(dose_effects.pl, "thread_pool_size", lambda: 2)


def test_effects_of_another_process_are_the_same_and_so_is_what_it_refuses():
    table = scenarios("ab", [("a", "b", 10.0, 100.0)], [("liver", "default"), ("lung", "x"), ("lung", "y")])
    found = gather_responses(responses(table, HALF), table)
    with effects_beside(table) as begin:
        assert len(active_children()) == 1
        effects, refused = begin(found, AIM), begin(_without_b_alone(found), AIM)
        for there, here in zip(effects(), score_doses(found, AIM), strict=True):
            assert there.equals(here)
            assert there.schema == here.schema
        with pytest.raises(RankError, match="must be run alone too, found b of"):
            refused()
    assert not active_children()


def test_a_process_that_is_ended_from_outside_is_said():
    table = scenarios("ab")
    found = gather_responses(responses(table, HALF), table)

    def score_after_a_kill():
        with effects_beside(table) as begin:
            for process in active_children():
                process.kill()
            begin(found, AIM)()

    with pytest.raises(RankError, match="the process that scores them must end by itself"):
        score_after_a_kill()


@pytest.mark.parametrize(("most", "cores"), [(10_000, 2), (1, 1)])
def test_few_scenarios_or_one_core_need_no_other_process(monkeypatch, most, cores):
    monkeypatch.setattr(dose_effects, "MANY", most)
    monkeypatch.setattr(dose_effects.pl, "thread_pool_size", lambda: cores)
    table = scenarios("ab")
    found = gather_responses(responses(table, HALF), table)
    with effects_beside(table) as begin:
        assert not active_children()
        assert begin(found, AIM)().curves.equals(score_doses(found, AIM).curves)


def _without_b_alone(found):
    kept = (found.scenarios["intervention"] != "b").to_numpy()
    return replace(
        found,
        scenarios=found.scenarios.filter(pl.Series(kept)),
        values=found.values[kept],
        run=found.run[kept],
    )


@pytest.mark.parametrize(("most", "another"), [(9, ["screen.rank.dose_effects"]), (10, [None])])
def test_as_many_scenarios_as_are_many_are_scored_beside(monkeypatch, most, another):
    """Two drugs at four doses and a vehicle."""
    asked = []

    def recorded(name, ended):
        asked.append(name)
        return nullcontext()

    monkeypatch.setattr(dose_effects, "MANY", most)
    monkeypatch.setattr(dose_effects, "another_process", recorded)
    with effects_beside(scenarios("ab")):
        assert asked == another


def test_readouts_are_read_in_the_order_that_is_asked_for():
    table = scenarios("a")
    found = gather_responses(responses(table, HALF), table)
    assert found.read(found.readouts) is found
    turned = found.read(found.readouts[::-1])
    assert turned.readouts == found.readouts[::-1]
    assert (turned.values == found.values[:, ::-1]).all() and (
        found.values[:, 0] != found.values[:, -1]
    ).any()
