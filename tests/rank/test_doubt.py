"""Intervals with what the network gets wrong: as wide as the table says, and drawn by name."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from screen.errors import RankError
from screen.rank import DoseBasis, Doubt, rank
from screen.rank.doubt import Doubted, PoolDoubt
from screen.rank.ratios import Ratios
from screen.scenarios import Discrepancy
from tests.rank.worlds import AIM, drug_table, hill, responses, scenarios

BASES = (DoseBasis("equal_concentration", 1000.0), DoseBasis("equal_burden", 1000.0))
HALF = {"a": 100.0, "b": 1e12, "c": 1e12}
KINDS = {"a": "direct", "b": "indirect", "c": "none"}
SD = {"direct": 0.6, "indirect": 0.3, "none": 0.15}
PAIRS = [("a", "b", 500.0, 500.0)]
DRAWS = 150
TAIL = 1.5951
"""Half of a 90 % interval of the product of two standard normal numbers."""


def doubt(table, sd=SD, kinds=KINDS, seed=1):
    treated = table.filter(pl.col("role") != "vehicle")
    route = treated["drug_a"].replace_strict(kinds)
    held = route.replace_strict({"direct": "JAK2 JAK1", "indirect": "MEK", "none": ""})
    unmeasured = route.replace_strict({"direct": "JAK2_V617F", "indirect": "", "none": ""})
    routes = treated.select("scenario").with_columns(
        route.alias("route"), held.alias("targets"), unmeasured.alias("unmeasured")
    )
    return Doubt(routes, None if sd is None else Discrepancy(sd), seed)


def ranked(table, value=None, drugs="abc", draws=DRAWS, bases=BASES, **changed):
    found = responses(table, value or hill(HALF), draws)
    return rank(found, table, drug_table(drugs), aim=AIM, dose_bases=bases, doubt=doubt(table, **changed))


def line(found, intervention, basis="equal_concentration_1000nM", **match):
    rows = found.filter(
        pl.col("intervention") == intervention,
        pl.col("readout") == "pY705_20min",
        pl.col("dose_basis") == basis,
        **match,
    )
    return rows.row(0, named=True)


@pytest.fixture(scope="module")
def found():
    return ranked(scenarios("abc", PAIRS))


@pytest.mark.parametrize(("drug", "sd"), [("a", np.hypot(0.15, 0.6 * 10 / 11)), ("b", 0.15), ("c", 0.15)])
def test_intervals_are_as_wide_as_the_route_says(found, drug, sd):
    row = line(found, drug)
    assert row["route"] == KINDS[drug]
    assert row["acts_through"] == {"a": "JAK2 JAK1", "b": "MEK", "c": None}[drug]
    assert row["unmeasured_variants"] == {"a": "JAK2_V617F", "b": None, "c": None}[drug]
    middle = np.log2(1.0 - row["suppression_p50"])
    for name, sign in (("suppression_p05", 1.0), ("suppression_p95", -1.0)):
        assert np.log2(1.0 - row[name]) - middle == pytest.approx(sign * TAIL * sd, rel=0.2)
    assert row["suppression_p05_bare"] == pytest.approx(row["suppression_p50"])
    assert row["suppression_p95_bare"] == pytest.approx(row["suppression_p50"])


def test_the_network_is_nearly_right_about_most_and_wholly_wrong_about_a_few():
    """A product of two standard normal numbers has variance 1 and a fourth moment of 9, where a normal one has 3."""
    none = np.empty((0, 1), dtype=object)
    pool = PoolDoubt(none, none, none, np.arange(20000), Discrepancy(SD), seed=1)
    errors = pool._normal_of("liver a")
    assert np.mean(errors**2) == pytest.approx(1.0, rel=0.03)
    assert np.mean(errors**4) == pytest.approx(9.0, rel=0.1)


def test_what_draws_decide_is_open_where_the_network_can_be_wrong(found):
    b, c = line(found, "b"), line(found, "c")
    assert (b["rank_p05_bare"], b["rank_p95_bare"], b["rank_p05"], b["rank_p95"]) == (2.0, 3.0, 2.0, 3.0)
    assert b["p_best_bare"] == c["p_best_bare"] == 0.0
    close = ranked(
        scenarios("ab"), hill({"a": 100.0, "b": 110.0}), drugs="ab", kinds={"a": "direct", "b": "direct"}
    )
    first = line(close, "a")
    assert (first["p_best_bare"], first["rank"], first["rank_p95_bare"]) == (1.0, 1, 1.0)
    assert 0.5 < first["p_best"] < 0.7 and first["rank_p95"] == 2.0


def test_without_doubt_and_with_none_the_draws_are_all(found):
    table = scenarios("abc", PAIRS)
    bare = ranked(table, sd=None)
    sure = ranked(table, sd=dict.fromkeys(SD, 0.0))
    columns = ["context", "readout", "dose_basis", "intervention", "rank", "route", "acts_through"]
    assert bare.select(columns).equals(found.select(columns)) and bare["route"].null_count() == 0
    assert bare["provenance"][0] != sure["provenance"][0]
    for name in ("rank_p05", "rank_p95", "p_best", "p_top5", "suppression_p05", "suppression_p95"):
        assert bare[name].equals(bare[f"{name}_bare"].alias(name), null_equal=True)
        np.testing.assert_allclose(sure[name], sure[f"{name}_bare"], rtol=1e-6)
        assert found[f"{name}_bare"].equals(bare[f"{name}_bare"])


def test_an_error_belongs_to_a_name(found):
    """The same beside other drugs and cells, at other doses and times; another one under another seed."""
    table = scenarios("abcz", PAIRS, contexts=[("aaa", "default"), ("liver", "default")])
    more = ranked(table, hill(HALF | {"z": 10.0}), drugs="abcz", kinds=KINDS | {"z": "direct"})
    columns = ["suppression_p05", "suppression_p95"]
    for drug in "abc":
        before = line(found, drug)
        assert [line(more, drug, context="liver")[name] for name in columns] == [
            before[name] for name in columns
        ]
        assert line(more, drug, context="aaa")["suppression_p05"] != before["suppression_p05"]
    idle = found.filter(pl.col("intervention") == "b")
    assert idle["suppression_p05"].n_unique() == 1 and idle.height == 4
    other = ranked(scenarios("abc", PAIRS), seed=2)
    assert found["provenance"][0] != other["provenance"][0]
    assert line(other, "b")["suppression_p05"] != line(found, "b")["suppression_p05"]


def test_the_error_of_a_pair_is_made_of_those_of_its_drugs():
    """Two drugs of which only one matters: where that one is off, so is the pair, and it stays behind or ahead."""
    kinds = dict.fromkeys("ab", "indirect")
    alone = ranked(
        scenarios("ab", PAIRS), hill({"a": 1e12, "b": 1e12}), drugs="ab", kinds=kinds, bases=BASES[1:]
    )
    shares = {name: line(alone, name, BASES[1].name)["p_best"] for name in ("a", "b", "a+b")}
    assert sum(shares.values()) == pytest.approx(1.0, abs=1e-6)
    assert shares["a+b"] < 0.2 < min(shares["a"], shares["b"])  # the mean of two is seldom above both


def test_the_mixture_has_the_error_of_each_hypothesis():
    cells = [("lymphoma", "direct"), ("lymphoma", "jak3")]
    table = scenarios("ab", contexts=cells, weights={cells[0]: 0.5, cells[1]: 0.5})
    given = doubt(table, sd={"direct": 0.0, "indirect": 0.8, "none": 0.0}, kinds={"a": "none", "b": "none"})
    here = pl.col("scenario").str.contains("jak3|a@", literal=True)
    changed = given.routes.with_columns(
        route=pl.when(here).then(pl.lit("indirect")).otherwise("route"),
        targets=pl.when(here).then(pl.lit("ALK JAK3")).otherwise("targets"),
    )
    found = rank(
        responses(table, hill({"a": 1e12, "b": 1e12}), DRAWS),
        table,
        drug_table("ab"),
        aim=AIM,
        dose_bases=BASES[:1],
        doubt=Doubt(changed, given.discrepancy, 1),
    )
    assert line(found, "a", hypothesis="direct")["route"] == "none"
    assert line(found, "a", hypothesis="mixture")["route"] == "indirect"
    assert line(found, "a", hypothesis="direct")["acts_through"] is None
    assert line(found, "a", hypothesis="mixture")["acts_through"] == "ALK JAK3"
    parts = [line(found, "a", hypothesis=name)["suppression_p05"] for name in ("direct", "jak3")]
    assert parts[1] < line(found, "a", hypothesis="mixture")["suppression_p05"] < parts[0]
    assert line(found, "b", hypothesis="mixture")["route"] == "none"


def test_a_scenario_without_a_route_is_named():
    table = scenarios("ab")
    given = doubt(table)
    short = Doubt(given.routes.filter(pl.col("scenario") != "liver|default|b@100"), given.discrepancy, 1)
    with pytest.raises(
        RankError, match=r"routes: must be there .* found none for 1, e.g. liver\|default\|b@100"
    ):
        rank(
            responses(table, hill(HALF)), table, drug_table("ab"),
            aim=AIM, dose_bases=BASES[:1], doubt=short,
        )  # fmt: skip


def test_a_dose_that_was_not_tested_has_no_route():
    found = ranked(scenarios("abc"), bases=(DoseBasis("clinical"),))
    assert found["dose_flag"].unique().to_list() == ["unknown"] and found["route"].is_null().all()
    assert found["acts_through"].is_null().all() and found["unmeasured_variants"].is_null().all()


def test_the_first_row_has_its_route():
    found = ranked(scenarios("ab"), drugs="ab", draws=2, bases=(DoseBasis("equal_concentration", 10.0),))
    first = line(found, "a", "equal_concentration_10nM")
    assert (first["route"], first["acts_through"]) == ("direct", "JAK2 JAK1")
    assert first["unmeasured_variants"] == "JAK2_V617F"


def test_every_draw_has_eight_errors_of_its_own_whatever_draws_are_beside_it():
    none = np.empty((0, 1), dtype=object)
    pools = [
        PoolDoubt(none, none, none, np.array(draws), Discrepancy(SD), 1) for draws in ([0, 1, 2, 7], [2])
    ]
    every, alone = (pool._normal_of("liver a") for pool in pools)
    assert every.shape == (4, 8) and np.unique(every).size == 32
    np.testing.assert_array_equal(alone[0], every[2])


def test_errors_of_one_and_two_double_and_quadruple_what_is_left():
    """A route of sd 1 [log2]; a draw of which nothing is left to say stays lost, and stands where it was placed."""
    errors = np.tile([0.0, 1.0, 2.0, -1.0, 0.0, 0.0, 0.0, 0.0], (1, 2, 1))
    words = np.array([None])
    known = Doubted(words, words, words, np.array([[2]]), errors, Discrepancy(SD | {"none": 1.0}))
    bare = Ratios(np.array([[0.5, np.nan]]), np.array([1.0, 3.0]))
    factors = np.array([1.0, 2.0, 4.0, 0.5, 1.0, 1.0, 1.0, 1.0])
    raced = known.widened(replace(bare, placed=np.array([[0.5, 0.25]])))
    for wide in (known.widened(bare), raced):
        np.testing.assert_array_equal(wide.ratio, [[*(0.5 * factors), *[np.nan] * 8]])
        np.testing.assert_array_equal(wide.weights, [1.0] * 8 + [3.0] * 8)
    np.testing.assert_array_equal(raced.placed, [[*(0.5 * factors), *(0.25 * factors)]])
