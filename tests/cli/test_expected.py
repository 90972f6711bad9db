"""What a screen should take: counts of its work, times costs that a benchmark measured."""

import json

import pytest

from screen.cli.expected import COSTS, MEASURED, Cost, expect
from screen.cli.plan import read_plan
from screen.cli.work import count_work
from screen.settings import load_settings


@pytest.fixture
def measured(root):
    return json.loads((root / MEASURED).read_text())


def work(settings):
    return count_work(settings, read_plan(settings))


def test_a_stage_takes_its_fixed_part_and_what_it_counts():
    costs = {"fit": Cost(10.0, {"steps": 0.5, "gradients": 0.25}, 0.2), "rank": Cost(3.0, {}, 1.0)}
    fit, rank = expect({"fit": {"steps": 100, "gradients": 40}, "rank": {}}, costs, cores=4)
    assert (fit.stage, fit.cpu_seconds) == ("fit", 70.0)
    assert fit.seconds == pytest.approx(70 * (0.2 + 0.8 / 4))
    assert (rank.seconds, rank.cpu_seconds) == (3.0, 3.0)


def test_costs_are_those_of_the_benchmark(measured):
    assert COSTS.keys() == measured["costs"].keys()
    for stage, known in measured["costs"].items():
        fixed, each, one_core = COSTS[stage]
        assert [fixed, one_core] == pytest.approx([known["fixed"], known["one_core"]], rel=0.01, abs=0.01), (
            stage
        )
        assert each == pytest.approx(known["each"], rel=0.01), stage


def test_the_screen_that_was_measured_should_take_what_it_took(measured):
    """By what it counts: each stage within 30 % of its CPU-seconds."""
    for one in expect(measured["counts"], COSTS, measured["machine"]["cores"]):
        took = measured["stages"][one.stage]
        assert one.cpu_seconds == pytest.approx(took["cpu_seconds"], rel=0.3), one.stage


def test_every_count_of_a_screen_has_its_cost(root, monkeypatch, measured):
    monkeypatch.chdir(root)
    for slices in (True, False):
        settings = load_settings(root / "config/config.yaml")
        simulate = settings.simulate.model_copy(update={"slices": slices})
        counts = work(settings.model_copy(update={"simulate": simulate}))
        found = list(expect(counts, COSTS, cores=2))
        assert [one.stage for one in found] == [
            "network", "scenarios", "fit", "constrain", "simulate", "race", "validate", "rank", "report"
        ]  # fmt: skip
        assert all(one.seconds > 0 for one in found)
        (lanes,) = (number for name, number in counts["simulate"].items() if name.endswith("trajectories"))
        assert lanes == pytest.approx(measured["trajectories"], rel=0.02)  # as many pairs go on as did
