"""The answer of a cell says no more than its rows: co-leaders where nobody is first, routes and flags as they are."""

import polars as pl

from screen.report.answers import answers
from screen.report.words import GOALS, Words

ROW = {
    "context": "cell", "hypothesis": "default", "readout": "pY705_20min", "dose_basis": "clinical",
    "suppression_p05": 0.8, "suppression_p50": 0.9, "suppression_p95": 0.95, "rank_p05": 1.0, "rank_p95": 3.0,
    "route": "direct", "acts_through": "JAK1 JAK2", "mechanism": "direct", "dose_flag": "tested", "ic50_flag": "inside",
    "unmeasured_variants": None, "first_place": "undecided", "expected_regret": 0.03,
    "ic50_nM": 40.0, "ic50_p05_nM": 20.0, "ic50_p95_nM": 80.0, "pS727_change_p50": 0.01, "pERK_change_p50": -1.26,
    "pAKT_change_p50": None, "excess_single_p50": None, "excess_bliss_p50": None, "excess_bliss_p05": None,
    "excess_bliss_p95": None, "excess_pair_p50": None,
}  # fmt: skip


def say(*rows: dict, own: tuple[str, ...] = ()) -> list[str]:
    """Lead, routes and the rest, with common blanks."""
    table = pl.DataFrame(
        [ROW | {"rank": at} | row for at, row in enumerate(rows, 1)], infer_schema_length=None
    )
    (found,) = answers(table, Words("pY705", GOALS["lower"]), ("pS727", "pERK", "pAKT"), own).values()
    return [text.replace("\u00a0", " ") for text in (found.lead, found.through, *found.more)]


def test_one_who_is_first_in_nine_draws_of_ten_leads():
    lead, through, half, others = say(
        {"intervention": "a", "p_best": 0.93}, {"intervention": "b", "p_best": 0.07, "first_place": "no"}
    )
    assert lead == "a takes pY705 down most, by 90 % (80 to 95 %): first in 93 % of the draws."
    assert through == "a acts through JAK1, JAK2."
    assert half == "Half suppression: a 40 nM (20 nM to 80 nM)."
    assert others == "What else a does, log2 of vehicle: pS727 0, pERK −1.3."


def test_where_the_draws_do_not_decide_the_likeliest_is_named_first_whatever_its_rank():
    lead, _, safest, *_ = say(
        {"intervention": "a", "p_best": 0.23, "expected_regret": 0.02},
        {"intervention": "b", "p_best": 0.7, "suppression_p50": 0.85},
    )
    assert lead == "Undecided: b (first in 70 % of the draws) or a (23 %); pY705 down by 85 to 90 %."
    assert safest == "a is the safest choice of them: on average the best does 2 % more."


def test_co_leaders_beyond_three_are_counted():
    lead, *_ = say(*({"intervention": name, "p_best": 0.2} for name in "abcde"))
    assert (
        lead == "Undecided: a (first in 20 % of the draws), b (20 %), c (20 %) or 2 more; pY705 down by 90 %."
    )


def test_where_pairs_lead_the_best_drug_alone_is_named():
    pair = {"ic50_flag": "none", "ic50_nM": None, "excess_single_p50": 0.01, "excess_bliss_p50": 0.0}
    bounds = {"excess_bliss_p05": -0.01, "excess_bliss_p95": 0.02}
    *_, alone, safest, half, _, best = say(
        {"intervention": "a+b", "p_best": 0.4, **pair, **bounds},
        {"intervention": "b+c", "p_best": 0.4, **pair, **bounds},
        {"intervention": "b", "p_best": 0.1, "first_place": "no", "suppression_p50": 0.89},
        {"intervention": "c", "p_best": 0.1, "first_place": "no", "suppression_p50": 0.7},
    )
    assert alone == "Best drug alone: b, pY705 down by 89 % (80 to 95 %), rank 3."
    assert safest.startswith("a + b is the safest choice")
    assert half == "Half suppression: b 40 nM (20 nM to 80 nM)."
    assert best.startswith("Best pair: a + b, 90 %, rank 1; +1 points against its better drug alone")


def test_the_best_triple_is_held_against_the_best_pair_in_it():
    """A pair, a worse pair and a worse triple get no sentence of their own."""
    far = {"ic50_flag": "none", "ic50_nM": None, "first_place": "no", "excess_single_p50": 0.2}
    bliss = {"excess_bliss_p05": -0.03, "excess_bliss_p50": -0.01, "excess_bliss_p95": 0.02}
    triple = far | bliss | {"p_best": 0.1, "excess_pair_p50": 0.04}
    said = say(
        {"intervention": "a", "p_best": 0.9},
        {"intervention": "a+b", "p_best": 0.1} | far | bliss,
        {"intervention": "b+c", "p_best": 0.1} | far | bliss,
        {"intervention": "a+b+c", "suppression_p50": 0.8} | triple,
        {"intervention": "b+c+d", "suppression_p50": 0.7} | triple,
        {"intervention": "d", "p_best": None, "rank": None, "dose_flag": "above_tested"} | far,
        {"intervention": "e", "p_best": None, "rank": None} | far,
    )
    together = [text for text in said if " + " in text]
    assert [text.split(",")[0] for text in together] == ["Best pair: a + b", "Best triple: a + b + c"]
    assert together[1] == (
        "Best triple: a + b + c, 80 %, rank 4; +4 points against the best pair in it, −1 against Bliss (−3 to +2)."
    )
    assert said[-2:] == [
        "Without a rank, since their dose is unknown or was not tested: 1.",
        "Without a rank, since more than half of their draws were lost: 1.",
    ]


def test_routes_and_flags_are_said():
    _, through, *_ = say(
        {
            "intervention": "a+b",
            "p_best": 0.4,
            "route": "indirect",
            "acts_through": "MEK",
            "ic50_flag": "none",
        },
        {
            "intervention": "c",
            "p_best": 0.3,
            "route": "none",
            "acts_through": None,
            "dose_flag": "interpolated",
        },
        {
            "intervention": "d",
            "p_best": 0.3,
            "mechanism": "direct+indirect",
            "unmeasured_variants": "EGFR_T790M ALK_G1202R",
            "route": None,
            "acts_through": None,
        },
    )
    assert through == (
        "a + b acts through MEK, indirectly; c has no route to pY705 in this network and is read between tested doses; "
        "d is known by reporters, growth or distant readings alone and was not measured on EGFR_T790M, ALK_G1202R."
    )


def test_small_effects_and_nothing_are_no_answer():
    small = {"suppression_p05": -0.1, "suppression_p50": 0.04, "suppression_p95": 0.1, "p_best": 1.0}
    lead, through, mine = say({"intervention": "a"} | small, own=("a",))
    assert lead == "Nothing tested takes pY705 down by more than 4 %; the order is one of small numbers."
    assert through == ""
    assert mine == "Your a: rank 1 (1 to 3), pY705 down by 4 % (−10 to 10 %), first in 100 %."
    assert say({"intervention": "a", "rank": None, "p_best": None})[0].startswith(
        "Nothing could be ranked here"
    )
