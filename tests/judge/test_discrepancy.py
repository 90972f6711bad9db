"""The error that is learned is the one that was put in, and no data set is judged by itself."""

import numpy as np
import polars as pl
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import k0
from scipy.stats import norm

from screen.errors import ScenarioError
from screen.judge.discrepancy import (
    EFFECTS,
    FEWEST,
    INTERVALS,
    PRODUCT_90,
    _inside,
    _score,
    judge_intervals,
    learn,
    read_through,
)
from screen.scenarios import DISCREPANCY, Discrepancy, read_discrepancy
from screen.tables import check_table, write_table

NOISE = 0.2
IN_ARM = 20


def made(data_set, route, sd, number=8000, predicted=0.0, seed=1, seen=1.0):
    """EFFECTS of one kind whose errors have this sd, times how wrong each arm is, and are read through an offset."""
    rng = np.random.default_rng([seed, *data_set.encode()])
    arm = np.arange(number) // IN_ARM
    wrong = np.abs(rng.standard_normal(arm[-1] + 1))[arm]
    error = np.log2(1.0 - seen + seen * np.exp2(sd * wrong * rng.standard_normal(number)))
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


def test_what_was_put_in_is_learned_beside_the_noise():
    full = made("a", "direct", np.hypot(0.5, 0.8), predicted=-8.0)
    found = sds(pl.concat([full, made("a", "indirect", 0.5), made("a", "none", 0.3)]))
    assert found["indirect"] == pytest.approx(0.5, rel=0.06)
    assert found["none"] == pytest.approx(0.3, rel=0.12)
    assert found["direct"] == pytest.approx(0.8, rel=0.12)
    assert sds(made("a", "indirect", 0.0))["indirect"] < 0.1


def test_an_error_is_read_through_the_offset():
    """Of a reading that is 0.3 signal; what falls shows less than what rises."""
    assert sds(made("a", "indirect", 0.5, seen=0.3))["indirect"] == pytest.approx(0.5, rel=0.15)
    assert read_through(np.array([0.3]), np.array([-20.0])) == pytest.approx(np.log2(0.7), abs=1e-5)
    assert read_through(np.array([1.0]), np.array([-20.0])) == -20.0


def test_half_of_a_90_interval_of_a_product_of_normal_numbers():
    found = brentq(lambda end: 2 * quad(lambda x: k0(x) / np.pi, 0, end)[0] - 0.9, 1, 2)
    assert found == pytest.approx(PRODUCT_90, abs=1e-8)


def test_a_direct_error_goes_with_the_signal_that_is_taken():
    half = pl.concat([made("a", "direct", 0.4, predicted=-1.0), made("a", "indirect", 0.0)])
    assert sds(half)["direct"] == pytest.approx(0.8, rel=0.1)


def test_data_sets_count_alike():
    many, few = made("a", "indirect", 0.1), made("b", "indirect", 1.0, number=800)
    alone = [sds(each)["indirect"] for each in (many, few)]
    assert alone[0] == pytest.approx(0.1, rel=0.2) and alone[1] == pytest.approx(1.0, rel=0.25)
    both = sds(pl.concat([many, few]))["indirect"]
    assert both == pytest.approx(np.sqrt((alone[0] ** 2 + alone[1] ** 2) / 2), abs=1e-3)


def test_a_direct_route_by_which_little_is_taken_counts_with_the_indirect_ones():
    found = learn(made("a", "direct", 0.5, predicted=-0.1))
    rows = {row["route"]: row for row in found.iter_rows(named=True)}
    assert rows["indirect"]["sd"] == pytest.approx(0.5, rel=0.06)
    assert (rows["indirect"]["effects"], rows["direct"]["effects"]) == (8000, 0)


def test_a_kind_that_was_never_measured_is_as_wide_as_the_widest_and_says_so():
    found = learn(made("a", "indirect", 0.5))
    rows = {row["route"]: row for row in found.iter_rows(named=True)}
    assert rows["none"]["sd"] == rows["direct"]["sd"] == rows["indirect"]["sd"]
    assert rows["none"]["effects"] == 0 and "no such effect was measured" in rows["none"]["note"]
    assert (rows["indirect"]["data_sets"], rows["indirect"]["note"]) == ("a 8000", None)


def test_too_few_effects_of_a_data_set_teach_nothing_and_do_not_count():
    few = pl.concat([made(name, "direct", 2.0, number=FEWEST - 1, predicted=-2.0) for name in ("b", "c")])
    effects = pl.concat([made("a", "indirect", 0.5), few])
    rows = {row["route"]: row for row in learn(effects).iter_rows(named=True)}
    assert rows["direct"]["effects"] == 0 and "no such effect was measured" in rows["direct"]["note"]
    assert rows["direct"]["sd"] == rows["indirect"]["sd"]


def test_one_data_set_has_no_others_to_judge_it_by():
    assert judge_intervals(made("a", "indirect", 0.5)).is_empty()


def test_what_reads_background_alone_teaches_nothing():
    effects = made("a", "indirect", 0.5)
    background = made("b", "indirect", 3.0).with_columns(is_scored=pl.lit(False))
    assert sds(pl.concat([effects, background])) == sds(effects)


def test_a_data_set_is_judged_by_the_others():
    effects = pl.concat([made("a", "indirect", 0.5), made("b", "indirect", 0.5), made("c", "indirect", 0.0)])
    found = judge_intervals(effects)
    check_table(found, INTERVALS, "intervals")
    rows = {row["data_set"]: row for row in found.iter_rows(named=True)}
    assert rows["a"]["sd_indirect"] == sds(effects.filter(pl.col("data_set") != "a"))["indirect"]
    assert rows["c"]["sd_indirect"] == pytest.approx(0.5, rel=0.06)
    assert rows["a"]["inside_bare"] < 0.65 < rows["a"]["inside"]
    assert rows["a"]["score_bare"] < rows["a"]["score"] and rows["c"]["score_bare"] > rows["c"]["score"]
    assert rows["c"]["inside_bare"] == pytest.approx(0.9, abs=0.02)
    assert rows["a"]["beyond_noise_inside_bare"] == 0.0 < rows["a"]["beyond_noise_inside"]


def by_hand(data_set, rows):
    """EFFECTS of (observed, noise, predicted, low, high)."""
    columns = ("observed", "noise", "predicted", "low", "high")
    given = pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.Float64), orient="row")
    return made(data_set, "indirect", 0.5, number=len(rows)).with_columns(given)


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


def test_each_side_of_an_interval_is_widened_by_its_own_share_of_the_error():
    """0.3 and 0.4 make 0.5, 0.9 and 1.2 make 1.5; of a reading that is half signal a fall shows less than a rise."""
    ends = [(-0.49, True), (-0.51, False), (1.49, True), (1.51, False)]
    effects = by_hand("a", [(at, 0.1, 0.0, -0.3, 0.9) for at, _ in ends])
    sd = np.array([0.4, 0.4, 1.2, 1.2]) / PRODUCT_90
    assert _inside(effects, sd).tolist() == [inside for _, inside in ends]
    half = effects.with_columns(seen=pl.lit(0.5))
    fall, rise = (abs(np.log2(0.5 + 0.5 * 2.0**error)) for error in (-0.4, 1.2))
    for sign, end in ((-1, np.hypot(0.3, fall)), (1, np.hypot(0.9, rise))):
        for share, inside in ((0.99, True), (1.01, False)):
            moved = half.with_columns(observed=pl.lit(sign * share * end))
            assert _inside(moved, sd).tolist()[0 if sign < 0 else 2] is inside


def test_the_score_is_the_mean_log_density():
    """Without an error that of a normal number whose 90 % interval is given; with one that of a mixture of them."""
    rows = [(0.5, 0.1, 0.2, -0.3, 0.7), (-1.0, 0.1, 0.2, 0.1, 0.3)]
    effects = by_hand("a", rows)
    width = np.array([1.0, 0.2]) / (2 * 1.6448536269514722)
    off = np.array([0.3, -1.2])
    assert _score(effects, np.zeros(2)) == pytest.approx(norm.logpdf(off, 0, width).mean())

    def density(at: float, noise: float, sd: float) -> float:
        def under(wrong: float) -> float:
            return 2 * norm.pdf(wrong) * norm.pdf(at, 0, np.hypot(noise, sd * wrong))

        return quad(under, 0, 8)[0]

    want = np.mean([np.log(density(*each, 0.7)) for each in zip(off, width, strict=True)])
    assert _score(effects, np.full(2, 0.7)) == pytest.approx(want, abs=0.01)


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
