"""Curves of single drugs and excesses of pairs against closed forms."""

import importlib
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from scipy.optimize import least_squares

from screen.errors import RankError
from screen.rank import COMBINATIONS, CURVES, DOSE_RESPONSES, ISOBOLES, gather_responses, score_doses
from screen.rank.hill import BEYOND, LEAST_TOP, SLOPES, _start, fit_hill
from screen.tables import check_table
from tests.rank.worlds import AIM, READOUTS, responses, scenarios, uneven
from tests.rank.worlds import hill as by_half

DRAWS = 5
DOSES = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0)
SUMS = tuple(sorted({*DOSES, *(a + b for a in DOSES for b in DOSES)}))
MATRIX = [(a, b) for a in DOSES for b in DOSES]
POINT = 1e-3
"""A tenth of a percentage point of suppression."""


def hill(dose, half, slope=1.0, top=1.0):
    return top * dose**slope / (dose**slope + half**slope)


def scored(surface, pair=("a", "b"), contexts=(("liver", "default"),), doses=SUMS, matrix=MATRIX):
    """Tables of a pair over a matrix from surface(dose of a, dose of b, draw): the suppression of pY705."""
    table = scenarios(sorted(set(pair)), [(*pair, *both) for both in matrix], contexts, doses)

    def value(scenario, draw, readout):
        given = {"a": 0.0, "b": 0.0}
        for which in "ab":
            if scenario[f"drug_{which}"] is not None:
                given[scenario[f"drug_{which}"]] += scenario[f"dose_{which}_nM"]
        suppressed = surface(given["a"], given["b"], draw) if readout.startswith("pY705") else 0.0
        return None if suppressed is None else 0.5 * (1.0 - suppressed)

    found = score_doses(
        gather_responses(responses(table, value, DRAWS), table), replace(AIM, readouts=READOUTS[:1])
    )
    check_table(found.curves, CURVES, "curves")
    check_table(found.combinations, COMBINATIONS, "combinations")
    check_table(found.isoboles, ISOBOLES, "isoboles")
    check_table(found.responses, DOSE_RESPONSES, "responses")
    return found


def test_what_rises_is_scored_as_its_inverse_is_that_falls():
    """Effects towards the goal are read off vehicle/treated; x is treated/vehicle under either goal."""
    table = scenarios("ab", [("a", "b", *both) for both in MATRIX[:20]], doses=DOSES)
    falls = by_half({"a": 20.0, "b": 200.0}, uneven)

    def rises(scenario, draw, readout):
        return uneven(draw) ** 2 / falls(scenario, draw, readout)

    down, up = (
        score_doses(gather_responses(responses(table, value), table), replace(AIM, goal=goal))
        for value, goal in ((falls, "lower"), (rises, "raise"))
    )
    for there, here in ((down.curves, up.curves), (down.combinations, up.combinations)):
        moved = [name for name, kind in there.schema.items() if kind == pl.Float64]
        assert there.height == here.height > 0
        np.testing.assert_allclose(there[moved].to_numpy(), here[moved].to_numpy(), rtol=1e-6, atol=1e-9)
    assert down.combinations["excess_hsa_p50"].max() > 0.1
    inverse = 1.0 / down.responses["x_p50"].to_numpy()
    np.testing.assert_allclose(up.responses["x_p50"].to_numpy(), inverse, rtol=1e-6)  # seven digits


def largest(pairs, score):
    return max(pairs[f"excess_{score}_{share}"].abs().max() for share in ("p05", "p50", "p95"))


def half_of(draw):
    """Draws disagree on the potency, threefold."""
    return 20.0 * 3.0**draw


def lumpy(dose, half):
    """Two sites: no Hill curve."""
    return hill(dose, half, top=0.5) + hill(dose, 30 * half, 1.5, top=0.4)


@pytest.mark.parametrize("curve", [hill, lumpy])
def test_the_loewe_excess_of_a_drug_with_itself_is_0(curve):
    """Also where its curve is none that could be fitted: the doses that pairs add up to are simulated."""
    pairs = scored(lambda a, _, draw: curve(a, half_of(draw)), pair=("a", "a")).combinations
    assert largest(pairs, "loewe") < POINT
    assert pairs["draws"].to_list() == [DRAWS] * 64
    assert pairs["loewe_untested"].max() == 0.0
    assert pairs["excess_bliss_p50"].min() < -0.03


@pytest.mark.parametrize("curve", [hill, lumpy])
def test_two_names_of_one_drug_at_different_potencies_are_loewe_additive(curve):
    """b is a, tenfold as potent; where the reference rests on tested doses."""
    pairs = scored(lambda a, b, draw: curve(a + 10 * b, half_of(draw))).combinations
    tested = pairs.filter(loewe_untested=0.0)
    assert tested.height > 50
    assert largest(tested, "loewe") < (POINT if curve is hill else 5 * POINT)


def test_a_drug_that_raises_is_loewe_additive_with_itself():
    pairs = scored(lambda a, _, draw: -2.0 * hill(a, half_of(draw)), pair=("a", "a")).combinations
    assert largest(pairs, "loewe") < 5 * POINT
    assert pairs["suppression_p50"].max() < 0


def test_loewe_has_no_reference_where_one_drug_raises_what_the_other_suppresses():
    pairs = scored(lambda a, b, draw: hill(a, half_of(draw)) - hill(b, half_of(draw))).combinations
    assert pairs["excess_loewe_p50"].null_count() == 64
    assert pairs["loewe_untested"].null_count() == 64
    assert pairs["excess_bliss_p50"].null_count() == 0


def test_independent_drugs_have_no_excess_over_bliss_and_zip():
    def surface(a, b, draw):
        left = (1.0 - hill(a, half_of(draw), 1.4, 0.9)) * (1.0 - hill(b, 700.0, 0.7, 0.8))
        return 1.0 - left

    pairs = scored(surface).combinations
    assert largest(pairs, "bliss") < 1e-9
    assert largest(pairs, "zip") < 1e-6
    assert pairs["excess_hsa_p50"].min() > 0


@pytest.mark.parametrize("idle", [0.0, 2e-4])
def test_a_partner_that_does_nothing_has_no_excess(idle):
    """Nor have two of them: sham pairs within a tenth of a point."""
    one = scored(lambda a, b, draw: lumpy(a, half_of(draw)) + (idle if b else 0.0)).combinations
    two = scored(lambda a, b, _: idle if a or b else 0.0).combinations
    both = scored(lambda a, _, draw: hill(a, 1.0, top=0.1) - lumpy(a, half_of(draw))).combinations
    for score in ("hsa", "bliss", "loewe", "zip"):
        assert largest(one, score) < POINT
        assert largest(two, score) < POINT
        assert (
            largest(both, score) < POINT or score == "hsa"
        )  # where a drug raises, the better one is the idle


def test_excesses_over_the_better_drug_and_independence_at_one_point():
    pairs = scored(lambda a, b, _: hill(a, 30.0) * 0.5 + (0.4 if a and b else 0.3 if b else 0.0)).combinations
    row = pairs.row(by_predicate=(pl.col("dose_a_nM") == 30) & (pl.col("dose_b_nM") == 3), named=True)
    assert row["suppression_p50"] == pytest.approx(0.65)
    assert (row["suppression_a_p50"], row["suppression_b_p50"]) == pytest.approx((0.25, 0.3))
    assert row["excess_hsa_p50"] == pytest.approx(0.35)
    assert row["excess_bliss_p50"] == pytest.approx(0.65 - (0.25 + 0.3 - 0.075))


def test_zip_needs_a_whole_matrix_and_the_others_do_not():
    pairs = scored(lambda a, b, _: hill(a + b, 30.0), matrix=MATRIX[:-1]).combinations
    assert pairs["excess_zip_p50"].null_count() == 63
    assert pairs["excess_loewe_p50"].null_count() == 0


def test_a_single_that_was_not_simulated_is_not_interpolated():
    found = scored(lambda a, b, _: hill(a + b, 30.0), doses=DOSES, matrix=[(20.0, 20.0)])
    row = found.combinations.row(0, named=True)
    assert (row["excess_hsa_p50"], row["excess_bliss_p50"], row["suppression_a_p50"]) == (None, None, None)


def test_a_failed_trajectory_loses_its_draw_in_what_rests_on_it():
    def surface(a, b, draw):
        return None if (a, b, draw) == (30.0, 30.0, 1) else hill(a + b, 50.0)

    pairs = scored(surface).combinations
    lost = pairs.filter(dose_a_nM=30.0, dose_b_nM=30.0)
    assert (lost["draws"].item(), set(pairs["draws"])) == (DRAWS - 1, {DRAWS, DRAWS - 1})
    single = scored(lambda a, b, draw: None if (a, b, draw) == (30.0, 0.0, 1) else hill(a + b, 50.0))
    assert single.curves.select("drug", "draws").rows() == [("a", DRAWS - 1), ("b", DRAWS)]
    assert largest(single.combinations, "loewe") < POINT


def test_a_lost_draw_says_nothing_of_whether_its_reference_was_tested():
    """Twice 30 nM of one drug do what 60 nM do, which were not tested: in every draw that is there."""

    def surface(a, b, draw):
        return None if (a, b, draw) == (30.0, 0.0, 1) else hill(a + b, 50.0)

    pairs = scored(surface, doses=DOSES[:4], matrix=[(30.0, 30.0)]).combinations
    assert pairs.select("loewe_untested", "draws").rows() == [(1.0, DRAWS)]
    assert pairs["excess_loewe_p50"].null_count() == 0


def test_a_vehicle_below_the_floor_loses_its_draw():
    """Vehicles are 0.05, 0.5, 0.2, 0.4 in turn."""
    table = scenarios("ab", [("a", "b", 10.0, 10.0)])
    found = gather_responses(responses(table, by_half({"a": 10.0, "b": 10.0}, uneven), 8), table)
    scores = score_doses(found, replace(AIM, readouts=READOUTS[:1], floor=0.3))
    assert scores.curves["draws"].to_list() == [4, 4] and scores.combinations["draws"].to_list() == [4]


TWO = (("liver", "one"), ("liver", "two"))


def two_hypotheses(weight, matrix):
    """Under one hypothesis drugs work, under the other neither does anything."""
    weights = {TWO[0]: weight, TWO[1]: 1.0 - weight}
    table = scenarios("ab", [("a", "b", *both) for both in matrix], TWO, DOSES[:4], weights)

    def value(scenario, draw, readout):
        given = (scenario["dose_a_nM"] or 0.0) + (scenario["dose_b_nM"] or 0.0)
        return 0.5 * (1.0 - (hill(given, 50.0) if scenario["hypothesis"] == "one" else 0.0))

    found = gather_responses(responses(table, value, DRAWS), table)
    return score_doses(found, replace(AIM, readouts=READOUTS[:1]))


@pytest.mark.parametrize(("weight", "kind"), [(0.7, "DRC3pHillFitModelFixS0"), (0.3, "DRCConstantFitResult")])
def test_a_mixture_counts_hypotheses_by_their_weight(weight, kind):
    """What most draws are and the share of those beyond tested doses: both hypotheses have as many draws."""
    found = two_hypotheses(weight, [(30.0, 30.0)])
    assert set(found.curves.filter(hypothesis="mixture")["fit_type"]) == {kind}
    assert found.combinations.select("hypothesis", "loewe_untested").rows() == [
        ("one", 1.0), ("two", 0.0), ("mixture", pytest.approx(weight)),
    ]  # fmt: skip
    alone = found.combinations.filter(hypothesis="mixture")["suppression_a_p50"].item()
    assert alone == pytest.approx(hill(30.0, 50.0) if weight > 0.5 else 0.0)


def test_the_mixture_has_the_draws_of_all_hypotheses():
    contexts = (("liver", "one"), ("liver", "two"))
    found = scored(lambda a, b, draw: hill(a + b, half_of(draw)), contexts=contexts)
    drawn = found.curves.filter(drug="a").select("hypothesis", "draws").rows()
    assert drawn == [("one", DRAWS), ("two", DRAWS), ("mixture", 2 * DRAWS)]
    assert found.combinations.filter(hypothesis="mixture")["draws"].unique().to_list() == [2 * DRAWS]


def test_a_curve_has_the_constants_it_was_made_of():
    found = scored(lambda a, b, draw: hill(a, half_of(draw), 1.5, 0.8) + 5e-4 * (b > 0), matrix=[(1.0, 1.0)])
    row = found.curves.row(by_predicate=pl.col("drug") == "a", named=True)
    assert row["fit_type"] == "DRC3pHillFitModelFixS0"
    assert row["ec50_p50_nM"] == pytest.approx(half_of(2))
    assert (row["h_p50"], row["x_inf_p50"], row["r2_p50"]) == pytest.approx((1.5, 0.2, 1.0))
    assert row["ec50_p05_nM"] == pytest.approx(
        10 ** np.quantile(np.log10([half_of(d) for d in range(5)]), 0.05)
    )
    half = half_of(2) * (0.5 / 0.3) ** (1 / 1.5)
    assert row["xc50_p50_nM"] == pytest.approx(half, rel=0.05)
    assert row["xc50_flag"] == "inside"
    assert row["x_max_p50"] == pytest.approx(1 - hill(6000.0, half_of(2), 1.5, 0.8))
    assert 10 ** row["maxlog10Concentration"] == pytest.approx(6000.0)
    at = np.linspace(0, np.log10(6000.0), 4001)
    area = np.trapezoid(hill(10**at, half_of(2), 1.5, 0.8), at) / at[-1]
    assert row["x_AOC_p50"] == pytest.approx(area, abs=2e-3)
    none = found.curves.row(by_predicate=pl.col("drug") == "b", named=True)
    assert (none["fit_type"], none["xc50_flag"]) == ("DRCConstantFitResult", "above_tested")
    assert (none["x_inf_p50"], none["ec50_p50_nM"], none["xc50_p50_nM"]) == (
        pytest.approx(1 - 5e-4),
        None,
        None,
    )


def test_three_doses_are_too_few_for_a_curve():
    found = scored(lambda a, b, _: hill(a + b, 30.0), doses=DOSES[1:4], matrix=[])
    assert set(found.curves["fit_type"]) == {"DRCTooFewPointsToFit"}
    assert found.curves.select("N_conc", pl.col("^m.*Concentration$")).row(0) == pytest.approx(
        (3, np.log10(3.0), np.log10(30.0))
    )
    assert found.curves["ec50_p50_nM"].null_count() == 2
    assert found.combinations.height == 0


def test_a_drug_that_was_only_given_in_pairs_is_named():
    table = scenarios("a", [("a", "b", 1.0, 1.0)])
    found = gather_responses(responses(table, lambda *_: 0.5), table)
    with pytest.raises(
        RankError, match=r"a drug of a pair must be run alone too, found b of a\+b only together with others"
    ):
        score_doses(found, AIM)


def test_the_fit_is_that_of_scipy_where_no_hill_curve_fits():
    rng = np.random.default_rng(1)
    doses = np.array(DOSES)
    effect = np.array([lumpy(doses, half) for half in 10 ** rng.uniform(0, 2, 6)]) * rng.uniform(
        0.3, 1, (6, 1)
    )
    fit = fit_hill(effect, doses)
    for place, series in enumerate(effect):

        def rest(constants, series=series):
            return hill(doses, np.exp(constants[0]), np.exp(constants[1]), constants[2]) - series

        best = min(least_squares(rest, [start, 0.0, series.max()]).cost for start in (2.0, 4.0, 6.0))
        assert np.sum((fit.at(np.log10(doses))[:, place] - series) ** 2) <= 2 * best * (1 + 1e-6)


def test_no_curves_have_no_fit_and_one_alone_has_its_own():
    doses = np.array(DOSES)
    assert fit_hill(np.empty((0, 8)), doses).top.shape == (0,)
    assert fit_hill(hill(doses, 30.0, 1.5, 0.8), doses).top == pytest.approx(0.8)


BENT = {
    "more than all": 1.3 * hill(np.array(DOSES), 30.0),
    "a step": 0.9 * (np.array(DOSES) > 50.0),
    "falling": np.linspace(0.8, 0.2, 8),
    "raised from the first dose on": np.linspace(-8.0, -9.0, 8),
    "raised to any height": np.linspace(-1e3, -1e5, 8),
    "barely there": 1e-2 * np.arange(8),
    "more than all at one dose": np.array([0.1, 0.3, 0.5, 0.6, 0.6, 0.6, 0.6, 1.4]),
    "raised beyond what may be at one dose": np.array(
        [-10.0, -40.0, -70.0, -80.0, -80.0, -80.0, -80.0, -150.0]
    ),
}


def test_a_curve_is_looked_for_from_its_largest_effect_and_the_first_dose_with_half_of_it():
    """A raised curve too, and one whose first dose was lost; half to the last bit is half."""
    effect = np.array([[0.1, 0.4, 0.8, 0.6], [-0.2, -1.0, -2.0, -2.5], [0.9, 0.3, 0.5, 0.6]]).T
    there = np.array([[1, 1, 1, 1], [1, 1, 1, 1], [0, 1, 1, 1]]).T
    effect = np.where(there > 0, effect, 0.0)
    at = np.log([1.0, 10.0, 100.0, 1000.0])[:, None]
    found = _start(effect, there, at)
    np.testing.assert_array_equal(found, [[0.8, -2.5, 0.6], np.log([10.0, 100.0, 10.0]), [0.0, 0.0, 0.0]])


@pytest.mark.parametrize("effect", BENT.values(), ids=BENT)
def test_a_curve_whose_best_lies_on_a_bound_is_that_of_scipy_there(effect):
    """Top, half-maximal dose and slope are bounded; a descent may not stop where one of them meets its bound.

    The last two begin at a bound and end within it.
    """
    doses, at = np.array(DOSES), np.log(DOSES)
    low = np.array([LEAST_TOP, at[0] - np.log(BEYOND), np.log(SLOPES[0])])
    high = np.array([1.0, at[-1] + np.log(BEYOND), np.log(SLOPES[1])])

    def rest(constants):
        return constants[0] / (1 + np.exp(-np.exp(constants[2]) * (at - constants[1]))) - effect

    starts = [
        np.clip((top, half, slope), low + 1e-9, high - 1e-9)
        for top in (-50.0, -1.0, 0.5) for half in at[[0, 3, -1]] for slope in (-1.0, 0.0, 1.0)
    ]  # fmt: skip
    best = min(
        least_squares(rest, start, bounds=(low, high), xtol=1e-14, ftol=1e-14).cost for start in starts
    )
    own = np.sum((fit_hill(effect[None], doses).at(np.log10(doses))[:, 0] - effect) ** 2)
    assert own <= 2 * best * (1 + 1e-5) + 1e-6


@pytest.mark.parametrize(("half", "most"), [(1e9, BEYOND * DOSES[-1]), (1e-8, DOSES[0] / BEYOND)])
def test_a_half_maximal_dose_lies_a_thousandfold_outside_the_doses_at_most(half, most):
    """Of curves as flat as curves may be, whose own lies further out."""
    found = 10 ** fit_hill(hill(np.array(DOSES), half, SLOPES[0])[None], np.array(DOSES)).log10_half.item()
    assert found == pytest.approx(most, rel=0.01)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_excesses_are_those_of_the_package_synergy():
    """A surface that no reference describes; ZIP only where both find the same Hill curves."""
    combination = pytest.importorskip(
        "synergy.combination", reason="the package synergy must be there as a peer"
    )
    curves = importlib.import_module("synergy.single").Hill

    def alone(which, dose):
        return hill(dose, 40.0, 1.2, 0.9) if which == "a" else hill(dose, 300.0, 0.8, 0.6)

    def surface(a, b, _):
        first, second = alone("a", a), alone("b", b)
        return (first + second - first * second) ** (0.8 if a and b else 1.0)

    pairs = scored(surface).combinations
    given = [*MATRIX, *((dose, 0.0) for dose in DOSES), *((0.0, dose) for dose in DOSES), (0.0, 0.0)]
    first, second = np.array(given).T
    left = np.array([1.0 - surface(a, b, 0) for a, b in given])
    single = {
        "drug1_model": curves(E0=1, Emax=0.1, h=1.2, C=40.0),
        "drug2_model": curves(E0=1, Emax=0.4, h=0.8, C=300.0),
    }
    peers = {
        "hsa": combination.HSA(**single),
        "bliss": combination.Bliss(**single),
        "loewe": combination.Loewe(mode="delta_hsa", **single),
        "zip": combination.ZIP(**single),
    }
    for score, peer in peers.items():
        peer.fit(first, second, left)
        apart = np.abs(pairs[f"excess_{score}_p50"].to_numpy() - np.asarray(peer.synergy)[: len(MATRIX)])
        assert (np.median(apart) if score == "zip" else apart.max()) < POINT, score


def test_every_dose_of_drugs_and_pairs_is_summed_up_as_it_was_simulated():
    """Draws disagree threefold; what is lost in one of them counts in the others."""
    found = scored(
        lambda a, b, draw: None if (a, b, draw) == (10.0, 0.0, 0) else hill(a, half_of(draw)),
        matrix=[(1.0, 3.0)],
    ).responses
    row = found.filter(intervention="a", dose_a_nM=10.0).row(0, named=True)
    left = sorted(1.0 - hill(10.0, half_of(draw)) for draw in range(1, DRAWS))
    assert row["draws"] == DRAWS - 1
    assert row["x_p50"] == pytest.approx((left[1] + left[2]) / 2, rel=1e-6)
    assert found.filter(intervention="a+b").select("dose_a_nM", "dose_b_nM", "draws").rows() == [
        (1.0, 3.0, DRAWS)
    ]
