"""The mixture of hypotheses: exact at the ends, by hand in between, and never in place of the single ones."""

import polars as pl
import pytest

from screen.errors import RankError
from screen.rank import DoseBasis, rank
from tests.rank.worlds import AIM, drug_table, hill, responses, scenarios, uneven

BASES = (
    DoseBasis("equal_concentration", 1000.0),
    DoseBasis("equal_burden", 1000.0),
    DoseBasis("ic50_multiple", 2.0),
)
CELLS = (("liver", "default"), ("lymphoma", "direct"), ("lymphoma", "jak3"))
DIRECT, JAK3, MIXTURE = ("lymphoma", "direct"), ("lymphoma", "jak3"), ("lymphoma", "mixture")
PAIRS = [("a", "c", 500.0, 500.0)]


def value(scenario, draw, readout):
    """In one hypothesis a works, in the other b; how well differs from draw to draw."""
    strong = {"direct": "a", "jak3": "b", "default": "c"}[scenario["hypothesis"]]
    half = dict.fromkeys("abc", 9e3) | {strong: 30.0 * (draw + 1)}
    if scenario["drug_a"] == "c" and scenario["hypothesis"] == "jak3" and draw == 1:
        return None
    return hill(half, uneven)(scenario, draw, readout)


def ranked(weight, cells=CELLS):
    weights = {DIRECT: weight, JAK3: 1.0 - weight}
    table = scenarios("abc", PAIRS, cells, weights=weights)
    return rank(responses(table, value, draws=6), table, drug_table("abc"), aim=AIM, dose_bases=BASES)


def of(found, cell):
    return found.filter((pl.col("context") == cell[0]) & (pl.col("hypothesis") == cell[1])).drop(
        "hypothesis", "provenance"
    )


def line(found, cell, intervention):
    rows = of(found, cell).filter(
        (pl.col("intervention") == intervention)
        & (pl.col("readout") == "pY705_20min")
        & (pl.col("dose_basis") == "equal_concentration_1000nM")
    )
    return rows.row(0, named=True)


@pytest.mark.parametrize(("weight", "same"), [(1.0, DIRECT), (0.0, JAK3)])
def test_a_mixture_of_one_hypothesis_is_that_hypothesis(weight, same):
    found = ranked(weight)
    assert of(found, MIXTURE).height == 2 * (3 + 4 + 3)
    assert of(found, MIXTURE).equals(of(found, same))


def test_a_mixture_of_equals_is_what_both_are():
    table = scenarios("abc", contexts=CELLS[1:], weights={DIRECT: 0.3, JAK3: 0.7})
    same = hill({"a": 50.0, "b": 400.0, "c": 3000.0}, uneven)
    found = rank(responses(table, same), table, drug_table("abc"), aim=AIM, dose_bases=BASES)
    assert of(found, MIXTURE).drop("draws").equals(of(found, DIRECT).drop("draws"))
    assert set(of(found, MIXTURE)["draws"]) == {8}


def test_shares_of_a_mixture_are_the_weighted_shares_of_its_parts():
    found = ranked(0.75)
    a, b, c = (line(found, MIXTURE, name) for name in "abc")
    assert (a["p_best"], b["p_best"], c["p_best"]) == (0.75, 0.25, 0.0)
    assert (a["rank"], b["rank"]) == (1, 2)
    assert (a["rank_p05"], a["rank_p95"], b["rank_p05"], b["rank_p95"]) == (1.0, 3.0, 1.0, 3.0)
    assert (a["draws"], c["draws"], c["failed"]) == (12, 11, 1)
    parts = [line(found, cell, "a")["suppression_mean"] for cell in (DIRECT, JAK3)]
    assert a["suppression_mean"] == pytest.approx(0.75 * parts[0] + 0.25 * parts[1], rel=1e-6)
    assert a["suppression_p05"] < 0.2 < 0.8 < a["suppression_p95"]


def test_names_and_order_of_hypotheses_change_nothing():
    """The cells are sorted by name: renamed, they are pooled in the other order."""
    table = scenarios("abc", PAIRS, CELLS, weights={DIRECT: 0.75, JAK3: 0.25})
    answers = responses(table, value, draws=6)
    rename = pl.col("scenario").str.replace("lymphoma|direct", "lymphoma|z", literal=True)
    found = rank(
        answers.with_columns(rename),
        table.with_columns(rename, pl.col("hypothesis").replace({"direct": "z"})),
        drug_table("abc"),
        aim=AIM,
        dose_bases=BASES,
    )
    assert of(found, MIXTURE).equals(of(ranked(0.75), MIXTURE))


def test_single_hypotheses_stay_and_a_context_under_one_has_no_mixture():
    found = ranked(0.75)
    assert found.select("context", "hypothesis").unique(maintain_order=True).rows() == [
        CELLS[0], DIRECT, JAK3, MIXTURE,
    ]  # fmt: skip
    alone = ranked(0.75, cells=CELLS[:1])
    assert of(found, CELLS[0]).equals(of(alone, CELLS[0]))
    assert "mixture" not in alone["hypothesis"]
    assert of(found, DIRECT).equals(of(ranked(0.5), DIRECT))


def test_weights_that_do_not_add_up_are_refused():
    table = scenarios("abc", contexts=CELLS, weights={DIRECT: 0.5, JAK3: 0.6})
    with pytest.raises(
        RankError, match=r"of lymphoma: weights of its hypotheses must add up to 1, found 1.1"
    ):
        rank(responses(table, value), table, drug_table("abc"), aim=AIM, dose_bases=BASES)
    table = scenarios("abc", contexts=CELLS[:1])
    uneven_table = table.with_columns(weight=pl.when(pl.col("role") == "vehicle").then(1.0).otherwise(0.0))
    with pytest.raises(RankError, match=r"scenarios of liver\|default: must have one weight, found several"):
        rank(responses(table, value), uneven_table, drug_table("abc"), aim=AIM, dose_bases=BASES)


def test_hypotheses_given_different_drugs_are_refused():
    table = scenarios("abc", contexts=CELLS, weights={DIRECT: 0.5, JAK3: 0.5})
    fewer = table.filter((pl.col("hypothesis") != "jak3") | (pl.col("intervention") != "c"))
    with pytest.raises(
        RankError, match=r"all hypotheses must be given the same drugs and doses, found jak3 and"
    ):
        rank(responses(fewer, value), fewer, drug_table("abc"), aim=AIM, dose_bases=BASES)
