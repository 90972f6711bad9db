"""Cells together: the weighted mean of their effects in every draw, worked by hand."""

import numpy as np
import polars as pl
import pytest
from scipy.stats import norm

from screen.errors import RankError
from screen.network import ROUTES
from screen.rank import (
    Asked,
    DoseBasis,
    Doubt,
    check_request,
    gather_responses,
    rank,
    rank_sets,
    sets_schema,
)
from screen.scenarios import Discrepancy, normal_stream
from screen.tables import check_table
from tests.rank.worlds import AIM, drug_table, hill, responses, scenarios

BASES = [DoseBasis("equal_concentration", 1000.0)]
HALF = {"liver": {"a": 100.0, "b": 1000.0, "c": 3000.0}, "skin": {"a": 1e9, "b": 1000.0, "c": 300.0}}
CELLS = (("liver", "default"), ("skin", "default"))


def in_cells(scenario: dict, draw: int, readout: str) -> float:
    return hill(HALF[scenario["context"]])(scenario, draw, readout)


def effect(context: str, drug: str) -> float:
    return 1000.0 / (1000.0 + HALF[context][drug])


def ranked_sets(sets, value=in_cells, cells=CELLS, draws=4, weights=None):
    table = scenarios("abc", contexts=cells, doses=(10.0, 1000.0), weights=weights or {})
    found = gather_responses(responses(table, value, draws), table)
    _, made = rank_sets(found, drug_table("abc"), Asked(sets, seed=1), aim=AIM, dose_bases=BASES)
    check_table(made, sets_schema(AIM), "sets")
    return made.filter(readout="pY705_20min")


def test_a_set_is_ranked_by_the_weighted_mean_of_its_cells():
    found = ranked_sets({"both": {"liver": 1.0, "skin": 3.0}})
    means = {drug: (effect("liver", drug) + 3.0 * effect("skin", drug)) / 4.0 for drug in "abc"}
    assert dict(found.select("intervention", "suppression_p50").iter_rows()) == pytest.approx(means)
    assert found["intervention"].to_list() == sorted(means, key=lambda drug: -means[drug])
    assert found["rank"].to_list() == [1, 2, 3]
    assert found["first_place"].to_list() == ["decided", "no", "no"]
    assert found["expected_regret"].to_list() == pytest.approx(
        [max(means.values()) - means[d] for d in found["intervention"]]
    )
    least = {row["intervention"]: (row["least_in"], row["least_p50"]) for row in found.iter_rows(named=True)}
    assert least["a"] == ("skin", pytest.approx(effect("skin", "a")))
    assert least["c"] == ("liver", pytest.approx(effect("liver", "c")))


def test_what_moves_where_it_should_not_counts_against_an_intervention():
    """Drug a spares the skin; b does not, and c less so. What is raised there is no gain."""
    selective = {"selective": {"liver": 1.0, "skin": -1.0}}
    found = ranked_sets(selective)
    assert found["intervention"].to_list() == ["a", "b", "c"]
    assert found.row(0, named=True)["suppression_p50"] == pytest.approx(
        (effect("liver", "a") - effect("skin", "a")) / 2
    )

    def raised(scenario, draw, readout):
        up = scenario["context"] == "skin" and scenario["drug_a"] == "a" and readout.startswith("pY705")
        return 4.0 * in_cells(scenario, draw, readout) if up else in_cells(scenario, draw, readout)

    assert ranked_sets(selective, raised)["intervention"].to_list()[-1] == "a"


def test_a_set_of_one_cell_is_that_cell():
    def uncertain(scenario, draw, readout):
        half = {drug: 300.0 * 10.0 ** (0.3 * np.sin(7 * draw + at)) for at, drug in enumerate("abc")}
        return hill(half)(scenario, draw, readout)

    found = ranked_sets({"one": {"liver": 2.0}}, uncertain, draws=9)
    table = scenarios("abc", contexts=CELLS, doses=(10.0, 1000.0))
    alone = rank(responses(table, uncertain, 9), table, drug_table("abc"), aim=AIM, dose_bases=BASES)
    alone = alone.filter(context="liver", readout="pY705_20min")
    shared = [name for name in found.columns if name in alone.columns]
    assert found.select(shared).equals(alone.select(shared)) and len(shared) > 10


def test_cells_with_one_question_have_one_answer_in_a_draw():
    """Under `one` drug a takes all in both cells, under `two` nothing: half of it only where the answers differ."""
    cells = tuple((context, label) for context in ("liver", "skin") for label in ("one", "two"))
    weights = {cell: 0.6 if cell[1] == "one" else 0.4 for cell in cells}

    def value(scenario, draw, readout):
        half = {"a": 1e-3 if scenario["hypothesis"] == "one" else 1e9, "b": 1e9, "c": 1e9}
        return hill(half)(scenario, draw, readout)

    sets = {"both": {"liver": 1.0, "skin": 1.0}}
    first = ranked_sets(sets, value, cells, 200, weights).filter(intervention="a").row(0, named=True)
    assert first["p_best"] == pytest.approx(
        0.6 + 0.4 / 3, abs=0.06
    )  # level with the others where it does nothing
    spread = [first[f"suppression_{end}"] for end in ("p05", "p50", "p95")]
    assert spread == pytest.approx([0.0, 1.0, 1.0], abs=1e-5)


def test_what_has_no_rank_in_a_cell_is_left_out():
    def value(scenario, draw, readout):
        lost = scenario["context"] == "skin" and scenario["drug_a"] == "b"
        return None if lost else in_cells(scenario, draw, readout)

    found = ranked_sets({"both": {"liver": 1.0, "skin": 1.0}, "liver": {"liver": 1.0}}, value)
    names = {name: set(rows["intervention"]) for (name,), rows in found.group_by("set")}
    assert names == {"both": {"a", "c"}, "liver": {"a", "b", "c"}}


def test_a_set_of_a_cell_that_is_not_screened_is_refused():
    table = scenarios("abc", contexts=CELLS, doses=(1000.0,))
    with pytest.raises(RankError, match=r"rank.sets: both must be of contexts that are screened, found lung"):
        check_request(table, AIM, BASES, {"both": {"liver": 1.0, "lung": 1.0}})


def test_without_sets_the_table_is_empty():
    table = scenarios("a", doses=(1000.0,))
    found = gather_responses(responses(table, hill({"a": 10.0})), table)
    _, made = rank_sets(found, drug_table("a"), Asked({}, seed=1), aim=AIM, dose_bases=BASES)
    assert made.is_empty() and isinstance(made, pl.DataFrame)
    check_table(made, sets_schema(AIM), "sets")


def test_the_least_is_by_the_median_and_not_by_the_best_draw():
    """In the skin a takes nothing, half and four fifths in three draws, in the liver always ten elevenths."""

    def value(scenario, draw, readout):
        half = (1e12, 1000.0, 250.0)[draw] if scenario["context"] == "skin" else 100.0
        return hill({"a": half, "b": 1e9, "c": 1e9})(scenario, draw, readout)

    found = ranked_sets({"both": {"liver": 1.0, "skin": 1.0}}, value, draws=3).filter(intervention="a")
    assert found.select("least_in", "least_p50").row(0) == ("skin", pytest.approx(0.5))


def test_what_has_no_rank_in_one_of_three_cells_is_left_out():
    def value(scenario, draw, readout):
        lost = scenario["context"] == "skin" and scenario["drug_a"] == "b"
        return None if lost else hill(HALF["liver"])(scenario, draw, readout)

    cells = tuple((context, "default") for context in ("liver", "lung", "skin"))
    found = ranked_sets({"all": dict.fromkeys(("liver", "lung", "skin"), 1.0)}, value, cells)
    assert found["intervention"].to_list() == ["a", "c"]


def test_a_hypothesis_without_weight_is_no_answer_and_alike_ones_are_one():
    """An odd number of draws under two hypotheses that agree, and a third that counts nothing."""
    cells = tuple(("liver", label) for label in ("one", "three", "two"))
    weights = dict(zip(cells, (0.6, 0.0, 0.4), strict=True))

    def value(scenario, draw, readout):
        a = 1e9 if scenario["hypothesis"] == "three" else 1000.0
        return hill({"a": a, "b": 1e9, "c": 1e9})(scenario, draw, readout)

    found = ranked_sets({"one": {"liver": 1.0}}, value, cells, 5, weights).filter(intervention="a")
    ends = found.select(f"suppression_{end}" for end in ("p05", "p50", "p95")).row(0)
    assert ends == pytest.approx((0.5, 0.5, 0.5)) and found["p_best"].item() == 1.0


def test_each_of_three_hypotheses_is_the_answer_by_its_weight():
    """Drug a takes nothing, half and all under them, in one draw of five, in three and in one."""
    effects = {"one": 1e12, "three": 1000.0, "two": 1e-6}
    cells = tuple(("liver", label) for label in effects)
    weights = dict(zip(cells, (0.2, 0.6, 0.2), strict=True))

    def value(scenario, draw, readout):
        return hill({"a": effects[scenario["hypothesis"]], "b": 1e12, "c": 1e12})(scenario, draw, readout)

    found = ranked_sets({"one": {"liver": 1.0}}, value, cells, 40, weights).filter(intervention="a")
    ends = found.select(f"suppression_{end}" for end in ("p05", "p50", "p95")).row(0)
    assert ends == pytest.approx((0.0, 0.5, 1.0), abs=1e-5)


@pytest.mark.parametrize("repeats", [1, 8])
def test_each_error_of_a_draw_has_an_answer_of_its_own(repeats):
    """Those of draw d are numbered 8 d, 8 d + 1, ...: without errors only the first of them is drawn."""
    cells, draws = (("liver", "one"), ("liver", "two")), 9
    table = scenarios(
        "ab", contexts=cells, doses=(1000.0,), weights=dict(zip(cells, (0.6, 0.4), strict=True))
    )

    def value(scenario, draw, readout):
        return hill({"a": 1e-6 if scenario["hypothesis"] == "one" else 1e12, "b": 1e12})(
            scenario, draw, readout
        )

    treated = table.filter(pl.col("role") != "vehicle").select("scenario")
    routes = treated.with_columns(route=pl.lit("none"), targets=pl.lit(""), unmeasured=pl.lit(""))
    doubt = Doubt(routes, Discrepancy(dict.fromkeys(ROUTES, 0.0)), 1) if repeats > 1 else None
    found = gather_responses(responses(table, value, draws), table)
    asked = Asked({"one": {"liver": 1.0}}, seed=1)
    _, made = rank_sets(found, drug_table("ab"), asked, aim=AIM, dose_bases=BASES, doubt=doubt)
    number = (8 * np.arange(draws)[:, None] + np.arange(repeats)).ravel()
    first = np.mean(norm.cdf(normal_stream(1, "hypothesis", "one\0two", number)) <= 0.6)
    a = made.filter(readout="pY705_20min", intervention="a")
    assert a["p_best"].item() == pytest.approx(first + (1.0 - first) / 2.0)
