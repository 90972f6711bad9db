"""Three drugs together, by hand: held against the best of them, the best two of them, and Bliss of all three."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from screen.errors import RankError
from screen.rank import (
    COMBINATIONS,
    DOSE_RESPONSES,
    FAILURES,
    TARGETS,
    DoseBasis,
    Doubt,
    Rules,
    annotate_effects,
    check_request,
    dose_points,
    export_table,
    find_cells,
    find_failures,
    gather_responses,
    rank,
    run_race,
    score_doses,
    unranked_pairs,
)
from screen.scenarios import Discrepancy
from screen.tables import check_table
from tests.rank.worlds import AIM, RANKED, drug_table, hill, responses, scenarios

LEFT = {"a": 0.8, "b": 0.6, "c": 0.5, "a+b": 0.5, "a+c": 0.35, "b+c": 0.4, "a+b+c": 0.2}
"""treated/vehicle; that of Bliss for all three is 0.24."""

PAIRS = [("a", "b", 300.0, 300.0), ("c", "a", 300.0, 300.0), ("b", "c", 300.0, 300.0)]
TRIPLE = ("a", "b", "c", 300.0, 300.0, 300.0)
BASES = (DoseBasis("equal_concentration", 300.0),)


def left(scenario, draw, readout):
    """A vehicle that doubles from draw to draw; what is left of it grows by a tenth, but for the triple."""
    vehicle = 0.1 * 2.0**draw if readout.startswith("pY705") else 0.4
    name = "+".join(sorted(scenario["intervention"].split("+")))
    if not readout.startswith("pY705") or name == "vehicle":
        return vehicle
    return vehicle * LEFT[name] * (1.0 if name == "a+b+c" else 1.0 + 0.1 * draw)


def ranked(together=(*PAIRS, TRIPLE), value=left, aim=AIM, bases=BASES, doses=(300.0, 900.0), **more):
    table = scenarios("abc", together, doses=doses)
    found = rank(responses(table, value, 3), table, drug_table("abc"), aim=aim, dose_bases=bases, **more)
    return found.filter(readout="pY705_20min")


def row(found, name="a+b+c"):
    return found.filter(intervention=name).row(0, named=True)


def test_a_triple_is_held_against_its_best_drug_its_best_pair_and_bliss_of_three():
    """In the second of three draws, which is the median of each: all but the triple leave a tenth more."""
    found = ranked()
    check_table(found, RANKED, "ranked")
    line = row(found)
    assert (line["dose_a_nM"], line["dose_b_nM"], line["dose_c_nM"]) == (300.0, 300.0, 300.0)
    assert (line["drug_classes"], line["dose_flag"], line["rank"]) == ("JAK+JAK+JAK", "tested", 1)
    assert line["suppression_p50"] == pytest.approx(0.8)
    assert line["excess_single_p50"] == pytest.approx(0.5 * 1.1 - 0.2)
    assert line["excess_pair_p50"] == pytest.approx(0.35 * 1.1 - 0.2)
    assert line["excess_bliss_p50"] == pytest.approx(0.24 * 1.1**3 - 0.2)
    pair = row(found, "c+a")
    assert pair["excess_bliss_p50"] == pytest.approx(0.4 * 1.1**2 - 0.35 * 1.1)
    assert pair["excess_single_p50"] == pytest.approx(0.15 * 1.1)
    assert pair["excess_pair_p50"] is pair["dose_c_nM"] is row(found, "a")["excess_single_p50"] is None


def test_what_is_to_rise_counts_the_other_way():
    line = row(ranked(aim=replace(AIM, goal="raise")))
    assert line["rise_p50"] == pytest.approx(-0.8)
    assert line["excess_single_p50"] == pytest.approx(0.2 - 0.8 * 1.1)
    assert line["excess_pair_p50"] == pytest.approx(0.2 - 0.5 * 1.1)
    assert line["excess_bliss_p50"] == pytest.approx(0.2 - 0.24 * 1.1**3)


def test_an_excess_rests_on_nothing_that_was_not_run():
    without = row(ranked((*PAIRS[1:], TRIPLE)))
    assert without["excess_pair_p50"] is None and without["excess_bliss_p50"] is not None
    other = ("a", "b", "c", 300.0, 300.0, 400.0)
    line = row(ranked((*PAIRS, other), bases=(DoseBasis("equal_burden", 1000.0),), doses=(300.0, 1000.0)))
    assert (line["dose_c_nM"], line["excess_bliss_p50"], line["excess_pair_p50"]) == (400.0, None, None)


def test_a_triple_stands_where_its_doses_add_up_at_the_most_even_split():
    uneven = ("a", "b", "c", 100.0, 300.0, 500.0)
    line = row(ranked((TRIPLE, uneven), bases=(DoseBasis("equal_burden", 900.0),)))
    assert [line[f"dose_{which}_nM"] for which in "abc"] == [300.0] * 3
    cells = find_cells(scenarios("abc", (TRIPLE,), doses=(300.0,)))
    assert unranked_pairs(BASES, cells) == []
    assert unranked_pairs((DoseBasis("equal_burden", 300.0),), cells) == ["a+b+c"]


def test_hypotheses_are_mixed_for_triples_too():
    contexts = [("liver", "one"), ("liver", "two")]
    table = scenarios("abc", (*PAIRS, TRIPLE), contexts, (300.0,))

    def value(scenario, draw, readout):
        stronger = scenario["hypothesis"] == "two" and scenario["intervention"] == "a+b+c"
        return left(scenario, draw, readout) * (0.5 if stronger and readout.startswith("pY705") else 1.0)

    found = rank(responses(table, value, 3), table, drug_table("abc"), aim=AIM, dose_bases=BASES)
    of = {h: row(found.filter(readout="pY705_20min", hypothesis=h)) for h in ("one", "two", "mixture")}
    assert of["one"]["excess_pair_p50"] == pytest.approx(0.385 - 0.2)
    assert of["two"]["excess_pair_p50"] == pytest.approx(0.385 - 0.1)
    middle = np.median([0.35 * (1 + 0.1 * draw) - each for draw in range(3) for each in (0.2, 0.1)])
    assert of["mixture"]["excess_pair_p50"] == pytest.approx(middle)


def test_what_the_network_gets_wrong_about_a_triple_is_made_of_its_three_drugs():
    """Errors are products of two normal numbers; the mean of three of them over the root of 3 is of the same sd."""
    table = scenarios("abc", (*PAIRS, TRIPLE), doses=(300.0,))
    routes = table.filter(pl.col("role") != "vehicle").select(
        "scenario", route=pl.lit("indirect"), targets=pl.lit("JAK1"), unmeasured=pl.lit(None, pl.String)
    )
    sd = 0.3
    doubt = Doubt(routes, Discrepancy({"direct": 0.0, "indirect": 0.0, "none": sd}), seed=1)
    found = gather_responses(responses(table, hill({"a": 300.0, "b": 300.0, "c": 300.0}), 400), table)
    line = row(
        rank(found, table, drug_table("abc"), aim=AIM, dose_bases=BASES, doubt=doubt).filter(
            readout="pY705_20min"
        )
    )
    assert line["suppression_p05_bare"] == pytest.approx(line["suppression_p95_bare"]) == pytest.approx(0.75)
    normal = np.random.default_rng(2).standard_normal((2, 3, 100_000))
    tail = np.quantile(normal.prod(axis=0).sum(axis=0) / np.sqrt(3.0), 0.95)
    for end, sign in (("p05", 1.0), ("p95", -1.0)):
        error = np.log2(1.0 - line[f"suppression_{end}"]) - np.log2(0.25)
        assert error == pytest.approx(sign * tail * sd, rel=0.1)


def test_triples_and_pairs_in_them_run_in_all_draws_and_count_among_the_first():
    alone = [("a", "d", 300.0, 300.0), ("b", "d", 300.0, 300.0)]
    table = scenarios("abcd", (*PAIRS, *alone, TRIPLE), doses=(300.0,))
    value = hill({"a": 100.0, "b": 300.0, "c": 1000.0, "d": 1e6})
    found = gather_responses(responses(table, value, 16), table)
    race = run_race(found, AIM, BASES, Rules(keep=1, share=0.25, error=0.05))
    assert set(race["intervention"]) == {"a+b", "c+a", "b+c", "a+d", "b+d"}
    assert set(race.filter("stopped")["intervention"]) == {"a+d", "b+d"}
    told = race.filter(pl.col("p_value").is_not_null())
    assert set(told["intervention"]) == {"a+d", "b+d"}


def test_tables_of_doses_name_all_three_drugs():
    table = scenarios("abc", (*PAIRS, TRIPLE), doses=(300.0,))

    def value(scenario, draw, readout):
        lost = scenario["intervention"] == "a+b+c" and draw == 0
        return None if lost else left(scenario, draw, readout)

    found = gather_responses(responses(table, value, 3), table)
    effects = score_doses(found, AIM)
    check_table(effects.responses, DOSE_RESPONSES, "responses")
    line = effects.responses.filter(intervention="a+b+c", readout="pY705_20min").row(0, named=True)
    assert (line["drug_c"], line["dose_c_nM"], line["draws"]) == ("c", 300.0, 2)
    assert set(effects.combinations["intervention"]) == {"a+b", "c+a", "b+c", "a+b+c"}
    failures = find_failures(found)
    check_table(failures, FAILURES, "failures")
    assert failures.select("intervention", "dose_c_nM", "failed").row(0) == ("a+b+c", 300.0, 1)
    given = annotate_effects(found, AIM, drug_table("abc")).given
    assert given.row(-1)[1:] == ("a", "JAK", 300.0, "b", "JAK", 300.0, "c", "JAK", 300.0)


def test_tools_that_take_two_drugs_are_given_no_triple():
    table = scenarios("abc", (*PAIRS, TRIPLE), doses=(300.0,))
    handed = dose_points(gather_responses(responses(table, left, 3), table), AIM, None, drug_table("abc"))
    table = export_table(handed, "gdr")
    assert table.height == 1 + 3 + 3 + 1
    three = table.filter(pl.col("Gnumber_3") != "vehicle")
    assert three.select("Gnumber", "Gnumber_2", "Gnumber_3").row(0) == ("a", "b", "c")
    assert three["Concentration_3"].item() == pytest.approx(0.3)
    assert three["ReadoutValue"].item() == pytest.approx(LEFT["a+b+c"])
    assert "drug3" not in export_table(handed, "thunor").columns and TARGETS["thunor"].no_triples
    pairs = replace(handed, triples={})
    assert "Gnumber_3" not in export_table(pairs, "gdr").columns


def test_a_triple_without_its_third_dose_or_given_twice_is_refused():
    table = scenarios("abc", (TRIPLE,), doses=(300.0,))
    lost = pl.when(pl.col("role") == "triple").then(None).otherwise(pl.col("dose_c_nM"))
    with pytest.raises(RankError, match=r"a triple must have `dose_c_nM`, found nothing in"):
        check_request(table.with_columns(dose_c_nM=lost), AIM, BASES)
    again = table.filter(role="triple").with_columns(scenario=pl.lit("again"))
    with pytest.raises(RankError, match=r"a drug must have each dose once, found"):
        check_request(pl.concat([table, again]), AIM, BASES)
    fewer = scenarios("ab", (TRIPLE,), doses=(300.0,))
    found = gather_responses(responses(fewer, left, 3), fewer)
    with pytest.raises(RankError, match=r"a drug of a pair must be run alone too, found c of a\+b\+c only"):
        score_doses(found, AIM)


def test_triples_stand_among_combinations_with_what_only_they_have():
    """The second of three draws is the median: all but the triple leave a tenth more."""
    table = scenarios("abc", (*PAIRS, TRIPLE), doses=(300.0, 900.0))
    found = score_doses(gather_responses(responses(table, left, 3), table), AIM).combinations
    check_table(found, COMBINATIONS, "combinations")
    here = found.filter(readout="pY705_20min")
    pairs, line = here.filter(pl.col("drug_c").is_null()), row(here)
    assert pairs.height == 3 and here.height == 4
    assert pairs.select("dose_c_nM", "suppression_c_p50", "excess_pair_p50").null_count().row(0) == (3, 3, 3)
    assert pairs["excess_loewe_p50"].null_count() == 0
    assert (line["drug_a"], line["drug_b"], line["drug_c"], line["dose_c_nM"]) == ("a", "b", "c", 300.0)
    alone = [1.0 - 1.1 * LEFT[name] for name in "abc"]
    assert [line[f"suppression_{name}_p50"] for name in "abc"] == pytest.approx(alone)
    assert line["suppression_p50"] == pytest.approx(0.8)
    assert line["excess_hsa_p50"] == pytest.approx(0.5 * 1.1 - 0.2)
    assert line["excess_bliss_p50"] == pytest.approx(0.24 * 1.1**3 - 0.2)
    assert line["excess_pair_p50"] == pytest.approx(0.35 * 1.1 - 0.2)
    assert line["excess_loewe_p50"] is line["excess_zip_p50"] is line["loewe_untested"] is None
    ranking = row(ranked())
    assert line["excess_bliss_p50"] == pytest.approx(ranking["excess_bliss_p50"])


def test_a_triple_without_its_pairs_has_no_excess_over_them():
    table = scenarios("abc", (TRIPLE,), doses=(300.0, 900.0))
    found = score_doses(gather_responses(responses(table, left, 3), table), AIM).combinations
    line = row(found.filter(readout="pY705_20min"))
    assert line["excess_pair_p50"] is None and line["excess_bliss_p50"] == pytest.approx(0.24 * 1.1**3 - 0.2)


def test_the_best_pair_in_a_triple_may_be_any_of_them(monkeypatch):
    for name in ("a+b", "a+c", "b+c"):
        monkeypatch.setitem(LEFT, name, 0.3)
        table = scenarios("abc", (*PAIRS, TRIPLE), doses=(300.0,))
        found = score_doses(gather_responses(responses(table, left, 3), table), AIM).combinations
        wanted = pytest.approx(0.3 * 1.1 - 0.2)
        assert row(found.filter(readout="pY705_20min"))["excess_pair_p50"] == wanted
        assert row(ranked())["excess_pair_p50"] == wanted
        monkeypatch.undo()
