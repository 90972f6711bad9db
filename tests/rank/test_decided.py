"""What decides a ranking, on rankings whose certainty is known."""

import polars as pl
import pytest

from screen.errors import RankError
from screen.rank import DECIDED, DoseBasis, find_decided, rank
from screen.tables import check_table
from tests.rank.worlds import AIM, drug_table, hill, responses, scenarios, uneven

HALF = {"a": 50.0, "b": 400.0, "c": 3000.0, "d": 1e9}


@pytest.fixture(scope="module")
def sure():
    """Four drugs whose order no draw changes."""
    table = scenarios("abcd")
    bases = [DoseBasis("equal_concentration", 1000.0)]
    found = responses(table, hill(HALF, uneven), 4)
    return rank(found, table, drug_table("abcd"), aim=AIM, dose_bases=bases)


@pytest.fixture(scope="module")
def vague(sure):
    """The same where a leads in half of the draws and any of the four may be anywhere."""
    return sure.with_columns(
        pl.when(pl.col("intervention") == "a").then(0.5).otherwise(0.2).alias("p_best"),
        pl.lit(1.0).alias("rank_p05"),
        pl.lit(4.0).alias("rank_p95"),
    )


@pytest.mark.parametrize(
    ("fit", "prior", "verdict", "pairs"),
    [
        ("sure", "vague", "measurements", (1.0, 0.0)),
        ("sure", "sure", "prior", (1.0, 1.0)),
        ("vague", "vague", "open", (0.0, 0.0)),
        ("vague", "sure", "open", (0.0, 1.0)),
    ],
)
def test_first_place_is_decided_by(request, fit, prior, verdict, pairs):
    found = find_decided(request.getfixturevalue(fit), request.getfixturevalue(prior))
    check_table(found, DECIDED, "decided")
    for row in found.iter_rows(named=True):
        assert row["first"] == "a"
        assert row["first_decided_by"] == verdict
        assert (row["decided_pairs"], row["decided_pairs_prior"]) == pairs


def test_half_decided_pairs_are_counted(sure, vague):
    half = sure.with_columns(
        pl.when(pl.col("rank") <= 2).then(1.0).otherwise(3.0).alias("rank_p05"),
        pl.when(pl.col("rank") <= 2).then(2.0).otherwise(4.0).alias("rank_p95"),
    )
    assert find_decided(half, vague)["decided_pairs"].unique().to_list() == pytest.approx([4 / 6])


def test_a_ranking_that_the_priors_lack_is_named(sure):
    with pytest.raises(RankError, match=r"ranked by the priors: must hold .*, found no such ranking"):
        find_decided(sure, sure.filter(pl.col("readout") == sure["readout"][0]))


def test_a_first_that_the_priors_do_not_rank_is_decided_by_measurements(sure):
    for row in find_decided(sure, sure.filter(pl.col("intervention") != "a")).iter_rows(named=True):
        assert (row["first"], row["first_decided_by"], row["p_best_prior"]) == ("a", "measurements", None)
        assert row["decided_pairs_prior"] == 1.0


def test_without_shares_of_the_first_place_it_is_open(sure):
    unknown = sure.with_columns(p_best=pl.lit(None, pl.Float64))
    found = find_decided(unknown, sure).select("first", "p_best", "first_decided_by").unique()
    assert found.rows() == [("a", None, "open")]
