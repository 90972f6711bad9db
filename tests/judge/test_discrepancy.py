"""The error that is learned is the one that was put in, and no data set is judged by itself."""

import numpy as np
import polars as pl
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import k0
from scipy.stats import multivariate_normal, norm

from screen.errors import ScenarioError
from screen.judge.discrepancy import (
    EFFECTS,
    INTERVALS,
    MASSES,
    WRONG,
    _Arms,
    _Effects,
    judge_intervals,
    learn,
    read_through,
)
from screen.scenarios import DISCREPANCY, Discrepancy, read_discrepancy
from screen.tables import check_table, write_table

NOISE = 0.2
IN_ARM = 4


def made(data_set, route, sd, arms=100, predicted=0.0, seed=1, seen=1.0):
    """EFFECTS of one kind whose arms are wrong by this sd times two normal numbers, read through an offset."""
    rng = np.random.default_rng([seed, *data_set.encode()])
    number = arms * IN_ARM
    arm = np.arange(number) // IN_ARM
    wrong = (rng.standard_normal(arms) * rng.standard_normal(arms))[arm]
    error = np.log2(1.0 - seen + seen * np.exp2(sd * wrong))
    off = error + NOISE * rng.standard_normal(number)
    half = 1.6449 * NOISE
    return pl.DataFrame(
        {
            "task": data_set, "data_set": data_set, "condition": [f"{at}" for at in range(number)],
            "arm": [f"{route} {at}" for at in arm],
            "observable": "o", "batch": f"{data_set}{route}", "minutes": 20.0, "route": route, "is_scored": True,
            "observed": predicted + off, "noise": NOISE, "predicted": predicted,
            "low": predicted - half, "high": predicted + half, "signal": predicted, "seen": seen,
        },
        schema=EFFECTS.dtypes(),
    )  # fmt: skip


def sds(effects):
    found = learn(effects)
    check_table(found, DISCREPANCY, "discrepancy")
    return dict(found.select("route", "sd").iter_rows())


@pytest.fixture(scope="module")
def still():
    """Arms of an indirect route by which the network says that nothing moves."""
    return made("a", "indirect", 0.5)


def test_what_was_put_in_is_learned_beside_the_noise(still):
    moved = [
        made("a", "direct", np.hypot(0.5, 0.8), predicted=-8.0),
        made("b", "indirect", 1.5, predicted=-8.0),
    ]
    found = sds(pl.concat([still, *moved]))
    assert found["none"] == pytest.approx(0.5, rel=0.2)
    assert found["direct"] == pytest.approx(0.8, rel=0.2)
    assert found["indirect"] == pytest.approx(1.4, rel=0.2)
    assert sds(made("a", "indirect", 0.0))["none"] < 0.05
    assert all(sd == float(f"{sd:.4f}") for sd in found.values())  # four decimals are written


def test_an_error_is_read_through_the_offset():
    """Of a reading that is 0.3 signal; what falls shows less than what rises."""
    assert sds(made("a", "indirect", 0.5, seen=0.3))["none"] == pytest.approx(0.5, rel=0.2)
    assert read_through(np.array([0.3]), np.array([-20.0])) == pytest.approx(np.log2(0.7), abs=1e-5)
    assert read_through(np.array([1.0]), np.array([-20.0])) == -20.0


def test_the_masses_are_those_of_a_product_of_normal_numbers():
    """Its variance is 1, its fourth moment 9, and its 90 % interval reaches 1.595."""
    mass = np.exp(MASSES)
    assert mass.sum() == pytest.approx(1.0) and np.all(np.diff(WRONG) > 0)
    assert mass @ WRONG**2 == pytest.approx(1.0, rel=5e-3) and mass @ WRONG**4 == pytest.approx(9.0, rel=0.02)
    assert quad(lambda x: k0(x) / np.pi, 0, 1.5951037)[0] == pytest.approx(0.45, abs=1e-7)
    assert mass[np.abs(WRONG) < 1.5951037].sum() == pytest.approx(0.9, abs=5e-3)


def test_an_error_goes_with_the_share_of_the_signal_that_moves(still):
    """Half of the signal taken, and twice as much signal, are a half of the larger."""
    for predicted in (-1.0, 1.0):
        half = pl.concat([made("a", "direct", 0.4, predicted=predicted), made("b", "indirect", 0.0)])
        assert sds(half)["direct"] == pytest.approx(0.8, rel=0.15)
    small = sds(made("a", "direct", 0.5, predicted=-0.02))
    assert small["none"] == pytest.approx(sds(still)["none"], rel=0.02)


def test_an_arm_counts_once_however_often_it_was_read(still):
    """Of arms that are all wrong by as much, many are an error of the network; one is hardly any."""
    often = made("a", "indirect", 0.0, arms=1).with_columns(observed=pl.lit(1.0))
    assert sds(often)["none"] > 0.3
    right = made("b", "indirect", 0.0, arms=20)
    assert sds(pl.concat([often, right]))["none"] == pytest.approx(
        sds(pl.concat([pl.concat([often] * 5), right]))["none"], rel=0.1
    )
    assert sds(pl.concat([often, right]))["none"] < 0.5 * sds(still)["none"]


def test_a_kind_of_route_that_was_never_measured_is_as_the_other_and_says_so(still):
    found = learn(pl.concat([still, made("b", "direct", 1.5, predicted=-8.0)]))
    rows = {row["route"]: row for row in found.iter_rows(named=True)}
    assert rows["indirect"]["sd"] == pytest.approx(rows["direct"]["sd"], rel=0.25)
    assert (rows["indirect"]["data_sets"], rows["indirect"]["note"]) == ("a 400", None)
    assert rows["none"]["effects"] == 0 and "move the signal or not" in rows["none"]["note"]
    alone = {row["route"]: row for row in learn(still).iter_rows(named=True)}
    assert alone["direct"]["effects"] == 0 and "as of the other routes" in alone["direct"]["note"]


def test_few_arms_that_happen_to_be_right_do_not_make_an_error_nothing():
    few = made("a", "direct", 0.0, arms=2, predicted=-8.0)
    assert sds(few)["direct"] > 0.1


def test_without_effects_the_priors_are_all_that_is_known(still):
    assert sds(still.clear()) == {"direct": 1.0, "indirect": 1.0, "none": 1.0}


def test_one_data_set_has_no_others_to_judge_it_by(still):
    assert judge_intervals(still).is_empty()


def test_what_reads_background_alone_teaches_nothing(still):
    background = made("b", "indirect", 3.0).with_columns(is_scored=pl.lit(False))
    assert sds(pl.concat([still, background])) == sds(still)


def test_a_data_set_is_judged_by_the_others(still):
    effects = pl.concat([still, made("b", "indirect", 1.0), made("c", "indirect", 0.0)])
    found = judge_intervals(effects)
    check_table(found, INTERVALS, "intervals")
    rows = {row["data_set"]: row for row in found.iter_rows(named=True)}
    assert rows["a"]["sd_none"] == pytest.approx(
        sds(effects.filter(pl.col("data_set") != "a"))["none"], abs=1e-4
    )
    assert 0.5 < rows["c"]["sd_none"] < 1.0
    assert rows["a"]["inside_bare"] < 0.75 < rows["a"]["inside"]
    for name in ("score", "score_arms"):
        assert rows["a"][f"{name}_bare"] < rows["a"][name] and rows["c"][f"{name}_bare"] > rows["c"][name]
    for (
        row
    ) in rows.values():  # draws without a spread, and no error: effects of an arm have nothing in common
        assert row["score_arms_bare"] == pytest.approx(row["score_bare"], rel=1e-3)
    assert rows["c"]["inside_bare"] == pytest.approx(0.9, abs=0.03)
    assert rows["a"]["beyond_noise_inside_bare"] == 0.0 < rows["a"]["beyond_noise_inside"]


def over_errors(density):
    """Its mean over products of two standard normal numbers, each side of 0 in logs, where their density is smooth."""

    def side(sign):
        def weighed(log):
            return density(sign * np.exp(log)) * k0(np.exp(log)) / np.pi * np.exp(log)

        return quad(weighed, -20, 3, limit=200)[0]

    return side(-1.0) + side(1.0)


def everywhere(sd):
    """An error that is the same for every kind of route, whatever moves."""
    return Discrepancy({"direct": 0.0, "indirect": 0.0, "none": sd})


def by_hand(data_set, rows):
    """EFFECTS of (observed, noise, predicted, low, high)."""
    columns = ("observed", "noise", "predicted", "low", "high")
    given = pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.Float64), orient="row")
    return made(data_set, "indirect", 0.5, arms=len(rows))[: len(rows)].with_columns(given)


def test_what_lies_in_an_interval_and_what_is_beyond_noise_is_counted():
    """The interval reaches 0.3 down and 0.9 up. Three sd of noise: 0.6 is beyond 0.19, not beyond 0.2."""
    rows = [
        (0.6, 0.19, 0.0, -0.3, 0.9), (0.6, 0.2, 0.0, -0.3, 0.9), (-0.29, 0.01, 0.0, -0.3, 0.9),
        (-0.31, 0.01, 0.0, -0.3, 0.9), (0.91, 0.01, 0.0, -0.3, 0.9), (5.3, 2.0, 5.0, 4.7, 5.9),
        (4.6, 2.0, 5.0, 4.7, 5.9), (-0.3, 9.0, 0.0, -0.3, 0.9),
    ]  # fmt: skip
    found = judge_intervals(pl.concat([by_hand("a", rows), made("b", "indirect", 0.5)]))
    (row,) = found.filter(data_set="a").to_dicts()
    assert (row["effects"], row["inside_bare"]) == (8, 5 / 8)
    assert (row["beyond_noise"], row["beyond_noise_inside_bare"]) == (4, 0.5)
    none = judge_intervals(pl.concat([by_hand("a", rows[1:2]), made("b", "indirect", 0.5)])).filter(
        data_set="a"
    )
    assert (none["beyond_noise"].item(), none["beyond_noise_inside"].item()) == (0, None)


def test_an_interval_with_an_error_reaches_as_far_as_both():
    """Its ends by integration over the error; of a reading that is half signal a fall shows less than a rise."""
    sd, below, above = 0.8, 0.3 / 1.6448536269514722, 0.9 / 1.6448536269514722

    def share_below(at: float, seen: float) -> float:
        def weighed(wrong: float) -> float:
            off = at - np.log2(1.0 - seen + seen * 2.0 ** (sd * wrong))
            return norm.cdf(off / (below if off < 0 else above))

        return over_errors(weighed)

    for seen in (1.0, 0.5):
        ends = [
            brentq(lambda at, seen=seen, tail=tail: share_below(at, seen) - tail, -5, 5)
            for tail in (0.05, 0.95)
        ]
        places = [ends[0] - 0.02, ends[0] + 0.02, ends[1] - 0.02, ends[1] + 0.02]
        effects = by_hand("a", [(at, 0.1, 0.0, -0.3, 0.9) for at in places]).with_columns(seen=pl.lit(seen))
        assert _Effects(effects).inside(everywhere(sd)).tolist() == [False, True, True, False]


def test_the_score_is_the_mean_log_density():
    """Without an error that of a normal number whose 90 % interval is given; with one that of a mixture of them."""
    rows = [(0.5, 0.1, 0.2, -0.3, 0.7), (-1.0, 0.1, 0.2, 0.1, 0.3)]
    effects = by_hand("a", rows)
    width = np.array([1.0, 0.2]) / (2 * 1.6448536269514722)
    off = np.array([0.3, -1.2])
    assert _Effects(effects).score(None) == pytest.approx(norm.logpdf(off, 0, width).mean())

    def density(at: float, noise: float, sd: float) -> float:
        def under(wrong: float) -> float:
            return norm.pdf(at, sd * wrong, noise)

        return over_errors(under)

    want = np.mean([np.log(density(*each, 0.7)) for each in zip(off, width, strict=True)])
    assert _Effects(effects).score(everywhere(0.7)) == pytest.approx(want, abs=0.01)


def test_each_side_of_an_interval_has_the_width_of_its_own():
    """sds of 0.3 below and 0.9 above, over 1.645: as high in the middle, and 1 in all."""
    below, above = 0.3 / 1.6448536269514722, 0.9 / 1.6448536269514722
    for off, side in ((0.5, above), (1.2, above), (-0.1, below), (-0.5, below)):
        effects = by_hand("a", [(2.0 + off, 0.1, 2.0, 1.7, 2.9)])
        want = np.log(2 / (below + above) / np.sqrt(2 * np.pi)) - 0.5 * (off / side) ** 2
        assert _Effects(effects).score(None) == pytest.approx(want)


def test_effects_of_an_arm_share_their_error_and_the_spread_of_the_ensemble():
    """Against the density of correlated normal numbers: spread 0.4, noise 0.3, and an error at one place or another."""
    half = 1.6448536269514722 * 0.5
    off = np.array([0.9, 1.1, -0.2])
    effects = by_hand("a", [(at, 0.3, 0.0, -half, half) for at in off]).with_columns(
        arm=pl.Series(["x", "x", "y"])
    )
    shared = 0.16 + 0.09 * np.eye(2)
    want = [multivariate_normal.logpdf(off[:2], [0, 0], shared), norm.logpdf(off[2], 0, 0.5)]
    np.testing.assert_allclose(_Arms(effects).log_densities(None), want, rtol=1e-10)

    def under(wrong: float) -> float:
        return multivariate_normal.pdf(off[:2] - 0.7 * wrong, [0, 0], shared)

    want = np.log(over_errors(under))
    assert _Arms(effects).log_densities(everywhere(0.7))[0] == pytest.approx(want, abs=0.01)
    apart = effects.with_columns(data_set=pl.Series(["a", "b", "b"]))
    assert (
        len(_Arms(apart).log_densities(None)) == 3
    )  # an arm of the same name in another data set is another


def test_the_table_must_have_every_kind(tmp_path):
    path = tmp_path / "discrepancy.tsv"
    table = learn(made("a", "indirect", 0.5))
    write_table(table, path, DISCREPANCY)
    assert read_discrepancy(path, "pY705_level") == Discrepancy(dict(table.select("route", "sd").iter_rows()))
    write_table(table.filter(pl.col("route") != "none"), path, DISCREPANCY)
    with pytest.raises(ScenarioError, match=r"must have a row of each kind of route, found none of none"):
        read_discrepancy(path, "pY705_level")


def test_what_was_learned_of_another_observable_is_refused(tmp_path):
    path = tmp_path / "discrepancy.tsv"
    write_table(learn(made("a", "indirect", 0.5)), path, DISCREPANCY)
    with pytest.raises(
        ScenarioError, match=r"must be of what is ranked, pERK, or .* nothing, found pY705_level"
    ):
        read_discrepancy(path, "pERK")
