"""Genetic changes as they are written: what they mean, and what is refused before anything runs."""

import pytest

from screen.errors import ScenarioError
from screen.network import read_sbml
from screen.scenarios import check_genetic, lost_rates, lost_readouts, parse_genotype
from screen.scenarios.genotypes import genetic_problems
from tests.kernel.networks import sbml_of

SHARES = """
a_total = 2; b_total = 3; tiny = 1e-12
species a = a_total, b = b_total
of_a := a / a_total
of_both := a / (a_total + b_total)
guarded := a / (a_total + tiny)
"""
"""Shares of one total, of two, and of one beside a small number."""


def test_values_and_shares_are_told_apart_and_ordered():
    genotype, problems = parse_genotype("b=0 a=30% c=2uM", {"c": "nM"})
    assert not problems
    assert genotype.values == (("b", 0.0), ("c", 2000.0)) and genotype.shares == (("a", 0.3),)
    assert set(genotype.names) == {"a", "b", "c"}
    assert parse_genotype("none")[0].names == parse_genotype("")[0].names == ()


@pytest.mark.parametrize(
    ("genetic", "problem"),
    [
        (["JAK1"], "must be name=value with numbers of at least 0, found JAK1"),
        (["JAK1_total=-1"], "must be name=value with numbers of at least 0, found JAK1_total=-1"),
        (["JAK1_total=nan"], "must be name=value with numbers of at least 0, found JAK1_total=nan"),
        (["=30%"], "must be name=value with numbers of at least 0, found =30%"),
        (["=0"], "must be name=value with numbers of at least 0, found =0"),
        (["JAK1_total=1e999%"], "must be name=value with numbers of at least 0, found JAK1_total=1e999%"),
        (["a=0 b=1", "b=1 a=0%"], "must be named once, found b=1 a=0%"),
        (["JAK1_total=1,2"], "must hold single values, found a series"),
        (["a=1 until=5"], "must hold values alone, found `until`, `context` or a schedule"),
        (["a=1:from=5"], "must hold values alone, found `until`, `context` or a schedule"),
        (["a=1 a=50%"], "must set a once, found it again"),
        (["a=\uff11%"], "must be name=value with numbers of at least 0, found a=\uff11%"),
        (["a=\u0663"], "must be name=value with numbers of at least 0, found a=\u0663"),
        (["a=1_0"], "must be name=value with numbers of at least 0, found a=1_0"),
        (["a=1e+3"], "must be written without +, which joins drugs, found a=1e+3"),
        (["none"], "must be name=value, such as JAK1_total=0 or JAK1_total=30%, found none"),
        (["a=0 b=0", "b=0  a=0"], "must be named once, found b=0  a=0"),
    ],
)
def test_what_says_no_genetic_change_is_refused(genetic, problem):
    assert genetic_problems(genetic) == [f"scenarios.genetic: {problem}"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("JAK9_total=0", "must set parameters of the network (`describe cell NAME --all`), found JAK9_total"),
        ("cytosol=0", "must leave a volume above 0, found cytosol=0"),
        (
            "cytosol=1e-320",
            "must set a value that is 0 or at least 2.22507e-308 away from it, found cytosol=9.99989e-321",
        ),
        (
            "nucleus=50%",
            "must not set what the ranked observable is counted against, found nucleus; a context taken `from` the "
            "cell can have another value, and is compared with itself",
        ),
        ("IL6_dose=0", "must not set what cells are stimulated with, found IL6_dose"),
        (
            "ERK_total=0",
            "must leave every read-out a value, found pERK to have none, such as 0/0, under ERK_total=0; 0.01% of what "
            "is 0 there leaves it one",
        ),
        (
            "STAT3_total=30%",
            "must not set what the ranked observable is counted against, found STAT3_total; load its synthesis instead "
            "(load_STAT3_SYNTHESIS=1e6 takes STAT3 away)",
        ),
    ],
)
def test_what_the_network_cannot_say_of_a_change_is_refused(text, problem):
    known = ["JAK1_total", "STAT3_total", "ERK_total", "cytosol", "nucleus", "IL6_dose"]

    def lost(change):
        return (
            ["read-out a value, found pERK"]
            if change.losses_as_shares() == parse_genotype("ERK_total=0%")[0]
            else []
        )

    check_genetic(["JAK1_total=0", "ERK_total=1%"], known, ["STAT3_total"], lost)
    with pytest.raises(ScenarioError) as caught:
        check_genetic([text], known, ["STAT3_total", "nucleus"], lost, {"IL6_dose"})
    assert caught.value.problems == (f"scenarios.genetic: {problem}",)


@pytest.mark.parametrize(
    ("text", "own", "lost"),
    [
        ("a_total=0", {}, ["of_a"]),
        ("a_total=0%", {}, ["of_a"]),
        ("a_total=0", {"b_total": 0.0}, ["of_a", "of_both"]),
        ("a_total=0 b_total=0", {}, ["of_a", "of_both"]),
        ("b_total=0", {}, []),  # no share of it, or of something else too
        ("a_total=1%", {}, []),
        ("elsewhere=0", {"elsewhere": 1.0}, []),
        ("a_total=0", {"a_total": 0.0}, []),  # it had no value before
    ],
)
def test_a_read_out_is_lost_where_its_formula_has_no_value(text, own, lost):
    """By its value when the cell starts: a total may be in a formula that needs it not, or in none that needs it."""
    network = read_sbml(sbml_of(SHARES))
    names = ("of_a", "of_both", "guarded", "b", "not there")
    assert lost_readouts(network, names, own, parse_genotype(text)[0]) == lost


RATES = """
a_total = 2; b_total = 3; K = 1; start = 1; off = 0; of_rest = 1; rest = 0
species a = a_total, b = b_total, c = 0, d = 4/start, e = 1
share: a -> c; a / a_total
bound: b -> c; b / (b + K)
none: c -> ; off * c / of_rest
d' = 1 / K
"""
"""A share of a total, what is bound, a rate that is off, a species that starts as a share, a rule."""


@pytest.mark.parametrize(
    ("text", "own", "cut", "lost"),
    [
        ("a_total=0", {}, None, ["share"]),
        ("a_total=0", {}, {"a_total": 0.0}, []),  # what is 0 moves nothing in the slice of such cells
        ("K=0", {}, None, ["d"]),  # b/b has a value
        ("K=0 b_total=0", {}, None, ["bound", "d"]),
        ("start=0", {}, None, ["d"]),
        ("of_rest=0", {}, None, ["none"]),  # 0/0
        ("of_rest=0", {}, {}, []),  # what is off is no part of the slice
        ("a_total=1% K=2", {}, None, []),
        ("a_total=0", {"a_total": 0.0}, None, []),  # it had no value before
        ("elsewhere=0", {"elsewhere": 1.0}, None, []),
    ],
)
def test_a_rate_is_lost_where_it_has_no_value_as_the_cell_starts(text, own, cut, lost):
    network = read_sbml(sbml_of(RATES))
    assert sorted(lost_rates(network, ["c", "d"], own, parse_genotype(text)[0], cut)) == lost
