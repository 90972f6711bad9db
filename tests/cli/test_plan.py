"""What a plan asks to be laid out, of the settings alone: drugs and pairs; what it refuses before a network."""

from types import SimpleNamespace

import polars as pl
import pytest

from screen.cli import plan
from screen.cli.plan import read_plan
from screen.errors import ScenarioError
from screen.settings import load_settings


@pytest.fixture
def laid_out(small, monkeypatch):
    """laid_out(minutes, settings): the request of a plan whose two cells have drugs 0 and so many minutes before."""
    drugs = SimpleNamespace(
        screened=lambda: ["a", "b", "c"], of_classes=lambda among, classes: [*among, *(classes or ())]
    )

    def of(minutes: float = 60.0, **sections) -> SimpleNamespace:
        cells = {
            name: SimpleNamespace(name=name, preincubation_minutes=before)
            for name, before in (("late", 0.0), ("early", minutes))
        }
        asked = []
        for name, stub in {
            "read_context_tables": lambda *files: SimpleNamespace(contexts=cells), "count_trajectories": lambda *of: 0,
            "Request": lambda **wanted: SimpleNamespace(**wanted),
            "pairs_among": lambda names, tables, classes: [(names, classes)],
            "plan_scenarios": lambda contexts, drugs, request: (
                asked.append(request) or pl.DataFrame({"context": list(cells)})
            ),
        }.items():  # fmt: skip
            monkeypatch.setattr(f"screen.scenarios.{name}", stub)
        monkeypatch.setattr(plan, "read_drugs", lambda settings: drugs)
        monkeypatch.setattr(plan, "cells_of", lambda settings, contexts: contexts)
        read_plan(load_settings(small(**sections)))
        return asked[0]

    return of


@pytest.mark.parametrize(
    ("pairs", "listed"),
    [
        ({"of_classes": ["JAK"]}, [(["a", "c", "JAK"], "any")]),
        ({"among": ["b"], "of_classes": ["MEK"]}, [(["b", "MEK"], "any")]),
        ([["a", "b"]], [("a", "b")]),
    ],
)
def test_pairs_are_listed_or_of_the_drugs_that_are_named_else_of_those_screened(laid_out, pairs, listed):
    found = laid_out(scenarios={"drugs": ["a", "c"], "pairs": pairs})
    assert [(names, classes or None) for names, classes in found.pairs] == listed and found.drugs == [
        "a",
        "c",
    ]


def test_all_drugs_are_those_that_are_screened(laid_out):
    found = laid_out(scenarios={"drugs": "all", "pairs": "all"})
    assert found.pairs[0][0][:3] == ["a", "b", "c"] and found.drugs == "all"


def test_where_a_network_starts_as_it_is_written_no_drug_comes_before(laid_out, tmp_path):
    (tmp_path / "other.xml").write_text("<sbml/>")
    settings = {
        "network": {"sbml": "other.xml", "start": "initial"}, "fit": {"draws_from": "nominal"},
        "scenarios": {"constants": "assay"}, "rank": {"discrepancy": None},
    }  # fmt: skip
    assert laid_out(minutes=0.0, **settings).contexts == ["hepg2"]
    with pytest.raises(ScenarioError, match=r"contexts, early: preincubation_min must be 0 .*, found 0\.5"):
        laid_out(minutes=0.5, **settings)


NO_PAIR = "scenarios.pairs: should come to at least one pair, found no two such drugs among those screened"


@pytest.mark.parametrize(
    ("pairs", "lines"),
    [
        ({"among": ["ruxolitinib"]}, [NO_PAIR]),
        ({"of_classes": ["IKK"]}, [NO_PAIR]),
        ({"classes": "within"}, [NO_PAIR]),
        ({"of_classes": ["JAK", "MEK"]}, []),
        ("all", []),
        ([], []),
        ([["ruxolitinib", "trametinib"]], []),
    ],
)
def test_pairs_that_come_to_none_are_told(small, pairs, lines):
    settings = load_settings(small(scenarios={"pairs": pairs}))
    assert plan.idle_pairs(settings, plan.read_drugs(settings)) == lines


def test_check_and_scenarios_tell_that_there_are_no_pairs_once(run, small):
    config = small(scenarios={"pairs": {"among": ["ruxolitinib"]}})
    for command in (("check",), ("scenarios", "--dry-run")):
        ran = run(*command, "--config", config)
        assert ran.code == 0
        assert [line.partition("warning: ")[2] for line in ran.problems if "scenarios.pairs" in line] == [
            NO_PAIR
        ]
