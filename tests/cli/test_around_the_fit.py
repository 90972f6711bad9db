"""Coverage, profile and model comparison as commands, on the shipped network and a fit of few steps."""

import json

import pytest

from screen.judge import COVERAGE, EVIDENCE, FACTS, IDENTIFIED, PROFILES, SETTLING
from screen.tables import read_table

NEED_A_FIT = {"profile": [], "compare-models": ["--switch", "H_ALK"]}


@pytest.mark.slow
def test_commands_around_the_fit(run, small, tmp_path):
    config = small(
        fit={"starts": 1, "adam": 1, "polish": 1, "draws": 2, "draw_steps": 1},
        scenarios={"contexts": ["npm1_alk_lymphoma"]},
        panel={"constrain": []},
    )
    assert run("network", "--config", config).code == 0
    assert run("fit", "--config", config).code == 0
    assert run("constrain", "--config", config).code == 0
    folder = tmp_path / "results/fit"

    assert run("profile", "--config", config, "--most", 1).code == 0
    assert read_table(folder / "profiles.tsv", PROFILES).height > 1
    assert read_table(folder / "identified.tsv", IDENTIFIED).height == 1

    ran = run("compare-models", "--config", config, "--switch", "H_ALK", "--draws", 2, "--steps", 1)
    assert ran.code == 0
    assert set(read_table(folder / "evidence.tsv", EVIDENCE)["switch"]) == {"H_ALK"}
    assert read_table(folder / "facts.tsv", FACTS).height > 0
    best = read_table(folder / "settling.tsv", SETTLING).filter(first="alk_direct", second="alk_jak3")
    assert "alk" in best["context"][0]
    assert (
        "The measurements are most probable under"
        in json.loads((folder / "models.json").read_text())["H_ALK"][0]
    )
    assert ran.out.startswith("H_ALK")

    ran = run("coverage", "--config", config, "--replicas", 1, "--conditions", "npm1_*", "--json", "-")
    assert ran.code == 0
    assert [row["of"] for row in json.loads(ran.out)] == read_table(folder / "coverage.tsv", COVERAGE)[
        "of"
    ].to_list()


def test_an_unknown_context_is_refused_before_hours_of_fits(run, small):
    assert run("network", "--config", small()).code == 0
    ran = run("compare-models", "--config", small(scenarios={"contexts": ["mars"]}))
    assert ran.problems == ["screen: scenarios.contexts: must be of the table, found mars"]
    assert ran.code == 2


@pytest.mark.parametrize("command", NEED_A_FIT)
def test_without_a_fit_it_says_so(run, small, command):
    assert run("network", "--config", small()).code == 0
    ran = run(command, "--config", small(), *NEED_A_FIT[command])
    assert ran.code == 2
    assert len(ran.problems) == 1
    assert "parameters.tsv: must exist, found no such file" in ran.problems[0]
