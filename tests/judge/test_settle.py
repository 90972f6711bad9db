"""The experiment that settles a question is found where it was put, and the sentences say what the tables hold."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from screen.judge import EVIDENCE, FACTS, SETTLING, describe_models, find_settling, settle
from screen.judge.settle import ERROR, _odds
from screen.scenarios import Context, ContextTables, Option
from screen.simulate import Integration
from screen.tables import RESPONSES, SCENARIOS, check_table

OPTIONS = ("yes", "no", "both")
DRAWS = 40
LEVELS = {
    # (context, drug, dose): treated/vehicle under each option
    ("cell", "telling", 100.0): (0.5, 1.0, 0.7),
    ("cell", "telling", 1000.0): (0.1, 0.8, 0.4),
    ("cell", "silent", 100.0): (0.9, 0.9, 0.9),
    ("cell", "silent", 1000.0): (0.6, 0.6, 0.6),
    ("other", "telling", 100.0): (1.0, 1.0, 1.0),
}
NOISY = 2.0
"""Spread over draws [log2] of the read-out `late`, which is moved ten times as far."""


def rows():
    rng = np.random.default_rng(1)
    scenarios, responses = [], []
    for place, option in enumerate(OPTIONS):
        for context in ("cell", "other"):
            name = f"{context}|{option}|vehicle"
            scenarios.append((name, context, option, 1 / 3, "vehicle", "vehicle", *[None] * 6))
            responses += [(name, d, r, 0.4, "ok", 1) for d in range(DRAWS) for r in ("early", "late")]
        for (context, drug, dose), levels in LEVELS.items():
            name = f"{context}|{option}|{drug}@{dose:g}"
            scenarios.append((name, context, option, 1 / 3, drug, "single", drug, dose, *[None] * 4))
            for draw in range(DRAWS):
                spread = 2.0 ** (NOISY * rng.standard_normal())
                early, late = 0.4 * levels[place], 0.4 * levels[place] ** 2 * spread
                responses += [(name, draw, "early", early, "ok", 1), (name, draw, "late", late, "ok", 1)]
    name = "cell|yes|telling@1000"
    responses = [(*row[:3], None, "max_steps", 1) if row[:2] == (name, 0) else row for row in responses]
    return (
        pl.DataFrame(scenarios, schema=SCENARIOS.dtypes(), orient="row"),
        pl.DataFrame(responses, schema=RESPONSES.dtypes(), orient="row"),
    )


@pytest.fixture(scope="module")
def settling():
    scenarios, responses = rows()
    check_table(scenarios, SCENARIOS, "scenarios")
    check_table(responses, RESPONSES, "responses")
    found = find_settling(scenarios, responses, "H_question", OPTIONS, 2)
    check_table(found, SETTLING, "settling")
    return found


def test_the_drug_dose_and_readout_that_part_two_options_come_first(settling):
    assert settling.group_by("first", "second").len()["len"].to_list() == [2, 2, 2]
    best = settling.filter(first="yes", second="no").row(0, named=True)
    assert (best["context"], best["intervention"], best["dose_nM"], best["readout"]) == (
        "cell",
        "telling",
        1000.0,
        "early",
    )
    assert best["first_log2"] == pytest.approx(np.log2(0.1))
    assert best["second_log2"] == pytest.approx(np.log2(0.8))
    assert best["separation"] == pytest.approx(3 / (np.sqrt(2) * ERROR))


def test_spread_under_both_answers_and_the_error_of_both_measurements_count():
    """Effects of -1 and -3 under one answer, of 0 and 1 under the other: sd sqrt(2) and sqrt(1/2), and 0.3 twice."""
    scenarios, responses = [], []
    for option, effects in (("yes", (-1.0, -3.0)), ("no", (0.0, 1.0))):
        for drug, moved in ((None, (0.0, 0.0)), ("telling", effects)):
            name = f"cell|{option}|{drug}"
            kind = ("vehicle", "vehicle", None, None) if drug is None else (drug, "single", drug, 10.0)
            scenarios.append((name, "cell", option, 0.5, *kind, *[None] * 4))
            responses += [(name, draw, "early", 0.4 * 2.0**log2, "ok", 1) for draw, log2 in enumerate(moved)]
    (found,) = find_settling(
        pl.DataFrame(scenarios, schema=SCENARIOS.dtypes(), orient="row"),
        pl.DataFrame(responses, schema=RESPONSES.dtypes(), orient="row"),
        "H_question", ("yes", "no"), 1,
    ).to_dicts()  # fmt: skip
    assert (found["first_log2"], found["second_log2"]) == pytest.approx((-2.0, 0.5))
    assert found["separation"] == pytest.approx(2.5 / np.sqrt(2 + 0.5 + 2 * 0.3**2))


def test_a_level_below_the_floor_is_read_as_the_floor_and_one_draw_has_no_spread():
    """Half a thousandth of a vehicle at 4 thousandths is read as a quarter; unchanged under the other answer."""
    scenarios, responses = [], []
    for option, level in (("yes", 0.0005), ("no", 0.004)):
        for kind, value in ((("vehicle", "vehicle", None, None), 0.004), (("a", "single", "a", 10.0), level)):
            name = f"cell|{option}|{kind[0]}"
            scenarios.append((name, "cell", option, 0.5, *kind, *[None] * 4))
            responses.append((name, 0, "early", value, "ok", 1))
    (found,) = find_settling(
        pl.DataFrame(scenarios, schema=SCENARIOS.dtypes(), orient="row"),
        pl.DataFrame(responses, schema=RESPONSES.dtypes(), orient="row"),
        "H_question", ("yes", "no"), 1,
    ).to_dicts()  # fmt: skip
    assert (found["first_log2"], found["second_log2"]) == pytest.approx((-2.0, 0.0))
    assert found["separation"] == pytest.approx(2.0 / (np.sqrt(2) * 0.3))


def test_experiments_are_of_all_lanes_of_the_options_of_the_switch_alone(monkeypatch):
    """The screen that is run is made by hand: what was asked of it, and what becomes of its answer."""
    asked = {}

    def plan(contexts, drugs, request):
        asked["request"], asked["contexts"] = request, contexts
        return rows()[0]

    def simulate(parts, readouts, integration, shard, report):
        asked["shard"] = shard
        return [rows()[1]]

    monkeypatch.setattr(settle, "plan_scenarios", plan)
    monkeypatch.setattr(settle, "ScreenTables", lambda *given: given)
    monkeypatch.setattr(settle, "read_parts", lambda *given: ())
    monkeypatch.setattr(settle, "simulate_shard", simulate)
    options = {name: Option("H_question", 0.5, {}) for name in OPTIONS[:2]} | {
        "else": Option("H_other", 1.0, {})
    }
    cell = Context("cell", "human", (), (), {"else": 1.0}, 0.0)
    screen = settle.Screen(
        ContextTables({"cell": cell}, options), None, rows()[1], 1, (), Path, Integration(), ("telling",)
    )
    found = settle.propose_experiments(screen, "H_question", 1)
    assert found.select("switch", "first", "second").rows() == [("H_question", "yes", "no")]
    assert (asked["shard"].index, asked["shard"].count) == (0, 1)
    assert asked["request"].switches == ["H_question"] and asked["request"].drugs == ("telling",)
    assert asked["request"].doses_nM == (100.0, 1000.0)
    assert dict(asked["contexts"].contexts["cell"].hypotheses) == {}


@pytest.mark.parametrize(
    ("log_factor", "said"),
    [
        (0.99, "is hardly told from it"),
        (1.0, "makes them 3 times less probable"),
        (9.9, "makes them 19,930 times less probable"),
        (10.0, "makes them 10^4 times less probable"),
        (10.5, "makes them 10^5 times less probable"),
        (23.03, "makes them 10^10 times less probable"),
    ],
)
def test_a_log_factor_in_words(log_factor, said):
    assert _odds(log_factor) == said


def test_a_drug_is_there_once_a_context(settling):
    for _, rows in settling.group_by("first", "second"):
        assert rows.select("context", "intervention").is_unique().all()


def test_sentences_say_what_the_tables_hold(settling):
    evidence = pl.DataFrame(
        {
            "switch": ["H_question"] * 3,
            "option": list(OPTIONS),
            "prior_weight": [0.5, 0.25, 0.25],
            "log_evidence": [-10.0, -13.0, -10.5],
            "log_bayes_factor": [0.0, -3.0, -0.5],
            "posterior_weight": [0.75, 0.02, 0.23],
            "cost": [1.0, 2.0, 3.0],
            "gradient_norm": [0.0] * 3,
            "failed": [0] * 3,
        },
        schema=EVIDENCE.dtypes(),
    )
    facts = pl.DataFrame(
        {
            "switch": ["H_question"] * 3,
            "fact": ["V01"] * 3,
            "option": list(OPTIONS),
            "measurements": [6] * 3,
            "cost": [1.0, 4.0, 1.2],
            "difference": [0.0, 3.0, 0.2],
        },
        schema=FACTS.dtypes(),
    )
    said = "\n".join(describe_models(evidence, facts, settling)["H_question"])
    assert "most probable under yes; both is hardly told from it (log Bayes factor -0.5)" in said
    assert "no makes them 20 times less probable" in said
    assert "yes 0.50 to 0.75" in said
    assert "V01 (3.0 worse under no)" in said
    assert "To tell yes from no: telling 1000 nM in cell, early: log2 change -3.32 against -0.32" in said
    half = facts.with_columns(difference=pl.Series([0.0, 0.5, 0.2]))
    assert "No fact is fitted clearly worse" in describe_models(evidence, half, settling)["H_question"][2]
    nothing = describe_models(evidence, facts.clear(), settling.clear())["H_question"]
    assert "No fact is fitted clearly worse" in nothing[-1]
