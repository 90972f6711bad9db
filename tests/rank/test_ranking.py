"""The ranked table of small screens whose every number is known."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
import pytest

from screen.errors import RankError, TableError
from screen.rank import (
    SCORES,
    DoseBasis,
    check_request,
    find_cells,
    find_silent,
    gather_responses,
    rank,
    ranked_schema,
    unranked_pairs,
)
from screen.rank.ranking import rounded
from screen.tables import RESPONSES, Column, Schema, check_table, read_table, write_table
from tests.rank.worlds import AIM, RANKED, READOUTS, Readout, drug_table, hill, responses, scenarios, uneven

AT_1000 = (DoseBasis("equal_concentration", 1000.0),)
HALF = {"a": 50.0, "b": 400.0, "c": 3000.0, "d": 1e9}


def ranked(table, value, bases=AT_1000, draws=4, drugs=None):
    known = drug_table(sorted(HALF)) if drugs is None else drugs
    return rank(responses(table, value, draws), table, known, aim=AIM, dose_bases=bases)


def row(found: pl.DataFrame, intervention: str, readout: str = "pY705_20min") -> dict:
    return found.filter((pl.col("intervention") == intervention) & (pl.col("readout") == readout)).row(
        0, named=True
    )


def test_effect_rank_and_potency_are_what_the_formula_says():
    found = ranked(scenarios("abcd"), hill(HALF, uneven))
    first = found.filter(pl.col("readout") == "pY705_20min")
    assert first["intervention"].to_list() == ["a", "b", "c", "d"]
    assert first["rank"].to_list() == [1, 2, 3, 4]
    for drug, half in HALF.items():
        expected = 1.0 - 1.0 / (1.0 + 1000.0 / half)
        line = row(found, drug)
        for column in ("suppression_mean", "suppression_p05", "suppression_p50", "suppression_p95"):
            assert line[column] == pytest.approx(expected)
        assert line["log2_ratio_p50"] == pytest.approx(np.log2(1.0 - expected))
        assert (line["draws"], line["failed"], line["dose_a_nM"], line["dose_flag"]) == (
            4,
            0,
            1000.0,
            "tested",
        )
        assert line["pERK_change_p50"] == pytest.approx(0.0, abs=1e-12)
    assert [row(found, drug)["ic50_flag"] for drug in "abcd"] == [
        "inside",
        "inside",
        "inside",
        "above_tested",
    ]
    # Interpolated between doses a factor of 10 apart: near the formula, not on it.
    assert row(found, "b")["ic50_nM"] == pytest.approx(400.0, rel=0.15)
    assert row(found, "d")["ic50_nM"] is None


def test_numbers_are_kept_to_seven_digits_and_words_as_they_are():
    schema = Schema(
        "some", (Column("name", pl.String, "a name"), Column("share", pl.Float64, "a number")), ("name",)
    )
    found = rounded(pl.DataFrame({"share": [1 / 3, 12345678.9, None], "name": ["a", "b", "c"]}), schema)
    assert found.rows() == [("a", 0.3333333), ("b", 12345680.0), ("c", None)]


def test_pairing_by_draw_removes_what_draws_share():
    """The vehicle differs tenfold between draws; unpaired, two drugs that differ by 2 % could not be told apart."""
    found = ranked(scenarios("ab"), hill({"a": 100.0, "b": 102.0}, uneven))
    assert (row(found, "a")["p_best"], row(found, "b")["p_best"]) == (1.0, 0.0)
    assert (row(found, "a")["rank_p95"], row(found, "b")["rank_p05"]) == (1.0, 2.0)
    unpaired = np.array([uneven(draw) / (1.0 + 1000.0 / 100.0) for draw in range(4)])
    assert unpaired.max() / unpaired.min() > 1.02


def test_rank_interval_and_shares_follow_the_draws():
    """b is best in one draw of four."""

    def value(scenario, draw, readout):
        half = {"a": 100.0, "b": 10.0 if draw == 2 else 400.0, "c": 3000.0}
        return hill(half)(scenario, draw, readout)

    found = ranked(scenarios("abc"), value)
    assert [row(found, drug)["rank"] for drug in "abc"] == [1, 2, 3]
    assert [row(found, drug)["p_best"] for drug in "abc"] == [0.75, 0.25, 0.0]
    assert [row(found, drug)["p_top5"] for drug in "abc"] == [1.0, 1.0, 1.0]
    assert (row(found, "a")["rank_p05"], row(found, "a")["rank_p95"]) == (1.0, 2.0)
    assert (row(found, "c")["rank_p05"], row(found, "c")["rank_p95"]) == (3.0, 3.0)


@pytest.mark.parametrize(("lost", "told"), [(1, ["decided", "no"]), (2, ["undecided", "undecided"])])
def test_the_first_place_is_decided_from_nine_draws_of_ten_on(lost, told):
    def value(scenario, draw, readout):
        return hill({"a": 1e6 if draw < lost else 100.0, "b": 400.0})(scenario, draw, readout)

    found = ranked(scenarios("ab"), value, draws=10)
    assert [row(found, drug)["first_place"] for drug in "ab"] == told


def test_the_rank_follows_the_ranks_within_draws():
    """a is ahead of b in 20 of 21 draws, and yet b has the larger median suppression."""

    def value(scenario, draw, readout):
        b = 1000.0 / (draw + 1)
        return hill({"a": 1e6 if draw == 19 else 0.99 * b, "b": b})(scenario, draw, readout)

    found = ranked(scenarios("ab"), value, draws=21)
    a, b = row(found, "a"), row(found, "b")
    assert a["suppression_p50"] < b["suppression_p50"]
    assert [a[name] for name in ("rank", "rank_p05", "rank_p95")] == [1, 1.0, 1.0]
    assert [b[name] for name in ("rank", "rank_p05", "rank_p95")] == [2, 2.0, 2.0]


def test_of_many_alike_one_comes_first_and_its_interval_says_so():
    drugs = [f"d{number:02}" for number in range(21)]

    def turning(scenario, draw, readout):
        half = {drug: 100.0 * (1.0 + (at + draw) % 21) for at, drug in enumerate(drugs)}
        return hill(half)(scenario, draw, readout)

    found = ranked(scenarios(drugs), turning, draws=21, drugs=drug_table(drugs))
    placed = found.filter(pl.col("readout") == "pY705_20min")
    assert placed["rank"].to_list() == list(range(1, 22))
    assert placed["rank_p05"].to_list() == [1.0, *[2.0] * 20]
    assert placed["rank_p95"].to_list() == [*[20.0] * 20, 21.0]


def test_level_drugs_share_places_and_are_listed_by_name():
    found = ranked(scenarios("abcd"), hill({"a": 1e12, "b": 50.0, "c": 1e12, "d": 1e12}))
    assert found.filter(pl.col("readout") == "pY705_3h")["intervention"].to_list() == ["b", "a", "c", "d"]
    for drug, place in (("a", 2), ("c", 3), ("d", 4)):
        line = row(found, drug)
        assert (line["rank"], line["rank_p05"], line["rank_p95"]) == (place, 2.0, 4.0)
    level = ranked(scenarios("abcd"), hill(dict.fromkeys("abcd", 50.0)))
    assert level["p_best"].to_list() == [0.25] * 8


def test_shares_of_the_first_place_add_up_to_one_with_failures():
    rng = np.random.default_rng(5)
    lost = {(drug, draw) for drug in "abc" for draw in range(9) if rng.random() < 0.2}

    def value(scenario, draw, readout):
        if (scenario["drug_a"], draw) in lost:
            return None
        half = {
            drug: 10.0 ** (2 + (draw * shift) % 5 / 5)
            for drug, shift in zip("abcd", (1, 2, 3, 4), strict=True)
        }
        return hill(half)(scenario, draw, readout)

    assert lost
    found = ranked(scenarios("abcd"), value, draws=9)
    totals = found.group_by("readout").agg(pl.col("p_best").sum(), pl.col("failed").sum())
    np.testing.assert_allclose(totals["p_best"], 1.0, rtol=1e-6)
    assert totals["failed"].to_list() == [len(lost)] * 2


def test_a_failed_draw_is_left_out_and_counted():
    def value(scenario, draw, readout):
        if scenario["drug_a"] == "a" and scenario["dose_a_nM"] == 1000.0 and draw == 1:
            return None
        return hill(HALF)(scenario, draw, readout)

    found = ranked(scenarios("abcd"), value)
    assert (row(found, "a")["rank"], row(found, "a")["draws"], row(found, "a")["failed"]) == (1, 3, 1)
    assert row(found, "a")["p_best"] == 0.75
    assert row(found, "b")["p_best"] == 0.25


def test_too_few_draws_give_no_rank_and_leave_the_others_alone():
    def value(scenario, draw, readout):
        return None if scenario["drug_a"] == "a" and draw < 3 else hill(HALF)(scenario, draw, readout)

    found = ranked(scenarios("abcd"), value)
    line = row(found, "a")
    assert (line["rank"], line["rank_p05"], line["p_best"], line["draws"], line["failed"]) == (
        None,
        None,
        None,
        1,
        3,
    )
    assert [row(found, drug)["rank"] for drug in "bcd"] == [1, 2, 3]
    assert row(found, "b")["p_best"] == 1.0
    assert found.filter(pl.col("readout") == "pY705_3h")["intervention"].to_list()[-1] == "a"


def test_a_failed_or_silent_vehicle_loses_the_draw_for_all():
    def value(scenario, draw, readout):
        if scenario["role"] == "vehicle" and draw == 0:
            return None
        return hill(HALF, lambda number: 1e-7 if number == 1 else 0.5)(scenario, draw, readout)

    found = ranked(scenarios("abcd"), value)
    assert found["draws"].to_list() == [2] * 8
    assert found["failed"].to_list() == [2] * 8


def test_a_number_that_is_not_finite_is_never_ranked():
    table = scenarios("ab")
    broken = responses(table, hill(HALF)).with_columns(
        pl.when(pl.col("scenario").str.contains("a@1000$"))
        .then(float("nan"))
        .otherwise("value")
        .alias("value")
    )
    with pytest.raises(TableError, match="must be a finite number, found nan"):
        rank(broken, table, drug_table("ab"), aim=AIM, dose_bases=AT_1000)


def test_half_doses_that_differ_by_draw_are_flagged():
    def value(scenario, draw, readout):
        return hill({"a": 50.0 if draw else 1e9, "b": 1e-3})(scenario, draw, readout)

    found = ranked(scenarios("ab"), value)
    assert (row(found, "a")["ic50_flag"], row(found, "b")["ic50_flag"]) == ("mixed", "below_tested")
    assert row(found, "a")["ic50_p95_nM"] is None
    assert row(found, "a")["ic50_nM"] is not None
    assert row(found, "b")["ic50_nM"] is None


def test_changes_of_other_observables_are_taken_at_the_same_time_or_before():
    def value(scenario, draw, readout):
        if readout == "pERK_20min":
            return 0.4 if scenario["role"] == "vehicle" else 0.1
        return hill(HALF)(scenario, draw, readout)

    found = ranked(scenarios("ab"), value)
    assert row(found, "a")["pERK_change_p50"] == pytest.approx(-2.0)
    assert row(found, "a", "pY705_3h")["pERK_change_p50"] == pytest.approx(-2.0)
    assert row(found, "a")["pS727_change_p50"] == pytest.approx(0.0)


def test_pairs_at_equal_burden_with_their_excess():
    """With additive loads, 500 + 500 nM of the same potency is what 1000 nM of one is: no gain over Bliss."""
    half = {"a": 500.0, "b": 500.0}
    table = scenarios("ab", pairs=[("a", "b", 500.0, 500.0)], doses=(100.0, 500.0, 1000.0))
    found = ranked(table, hill(half), bases=(DoseBasis("equal_burden", 1000.0),), drugs=drug_table("ab"))
    line = row(found, "a+b")
    assert (line["dose_a_nM"], line["dose_b_nM"], line["drug_classes"]) == (500.0, 500.0, "JAK+JAK")
    assert line["suppression_p50"] == pytest.approx(2.0 / 3.0)
    assert line["excess_single_p50"] == pytest.approx(2.0 / 3.0 - 0.5)
    assert line["excess_bliss_p50"] == pytest.approx(2.0 / 3.0 - 0.75)
    assert line["ic50_flag"] == "none"
    assert row(found, "a")["excess_bliss_p50"] is None
    assert [row(found, name)["rank_p95"] for name in ("a", "a+b", "b")] == [3.0] * 3


def test_a_multiple_of_the_own_ic50_makes_drugs_of_one_shape_level():
    bases = (DoseBasis("ic50_multiple", 3.0),)
    doses = tuple(10.0 ** (0.05 * step) for step in range(20, 100))
    found = ranked(scenarios("abcd", doses=doses), hill(HALF), bases=bases)
    for drug in "abc":
        line = row(found, drug)
        assert line["dose_basis"] == "ic50_x3"
        assert line["dose_a_nM"] == pytest.approx(3.0 * HALF[drug], rel=1e-2)
        assert line["suppression_p50"] == pytest.approx(0.75, abs=3e-3)
    assert (row(found, "d")["dose_flag"], row(found, "d")["rank"], row(found, "d")["dose_a_nM"]) == (
        "above_tested",
        None,
        None,
    )
    assert (row(found, "d")["draws"], row(found, "d")["failed"]) == (0, 0)  # nothing was run there, nor lost


def test_clinical_exposure_uses_the_free_concentration():
    drugs = drug_table("abcd", fraction_unbound=[0.1, 0.01, 1.0, None], cmax_nM=[1000.0, 100.0, 3000.0, 50.0])
    found = ranked(scenarios("abcd"), hill(HALF), bases=(DoseBasis("clinical"),), drugs=drugs)
    expected = [(100.0, "tested"), (1.0, "below_tested"), (3000.0, "interpolated"), (None, "unknown")]
    for drug, (dose, flag) in zip("abcd", expected, strict=True):
        line = row(found, drug)
        assert (line["dose_a_nM"], line["dose_flag"]) == (pytest.approx(dose) if dose else None, flag)
        assert (line["rank"] is None) == (flag in ("below_tested", "unknown"))
    low, high = 1.0 / (1.0 + 1000.0 / 3000.0), 1.0 / (1.0 + 10000.0 / 3000.0)
    between = low + np.log10(3.0) * (high - low)
    assert row(found, "c")["suppression_p50"] == pytest.approx(1.0 - between)


def test_the_same_table_from_any_shards_in_any_order(tmp_path):
    table = scenarios("abcd", contexts=[("liver", "default"), ("lymphoma", "direct"), ("lymphoma", "jak3")])
    whole = responses(table, hill(HALF, uneven))
    outputs = []
    for number, shards in enumerate((1, 3, 7)):
        shuffled = whole.sample(fraction=1.0, shuffle=True, seed=number)
        folder = tmp_path / str(shards)
        paths = [folder / f"shard-{i}.parquet" for i in range(shards)]
        for i, path in enumerate(paths):
            write_table(shuffled.gather_every(shards, i), path, RESPONSES)
        found = rank(
            paths,
            table.sample(fraction=1.0, shuffle=True, seed=number),
            drug_table("abcd"),
            aim=AIM,
            dose_bases=AT_1000,
        )
        write_table(found, folder / "ranked.csv", ranked_schema(AIM))
        outputs.append((folder / "ranked.csv").read_bytes())
    assert outputs[0] == outputs[1] == outputs[2]
    assert read_table(tmp_path / "1" / "ranked.csv", RANKED).height == (3 + 1) * 2 * 4


def test_every_score_has_its_column_once():
    names = [column.name for column in RANKED.columns]
    assert len(set(names)) == len(names)
    assert {score.column.name for score in SCORES} < set(names)


@pytest.mark.parametrize(
    ("bases", "message"),
    [
        (
            (DoseBasis("equal_concentration", 700.0),),
            "must be at a tested dose .nM. .10, 100, 1000, 10000., found 700",
        ),
        ((DoseBasis("equal_weight", 1.0),), "must be one of equal_concentration, .* found equal_weight"),
        ((DoseBasis("ic50_multiple", -1.0),), "ic50_multiple must have a positive value, found -1.0"),
        ((DoseBasis("clinical", 3.0),), "clinical must have no value, found 3.0"),
        ((), "must name at least one basis, found none"),
        (AT_1000 * 2, "must be named once each"),
    ],
)
def test_a_dose_basis_that_does_not_fit_is_named(bases, message):
    with pytest.raises(RankError, match=message):
        ranked(scenarios("ab"), hill(HALF), bases=bases)


def test_pairs_that_no_basis_ranks_are_named():
    cells = find_cells(scenarios("abc", pairs=[("a", "b", 300.0, 300.0), ("a", "c", 1000.0, 1000.0)]))
    assert unranked_pairs(AT_1000, cells) == ["a+b"]


def test_a_pair_at_several_splits_of_one_burden_stands_at_the_most_even_one():
    splits = ((300.0, 700.0), (500.0, 500.0), (600.0, 400.0))
    table = scenarios("ab", pairs=[("a", "b", *doses) for doses in splits])
    found = row(ranked(table, hill(HALF), bases=(DoseBasis("equal_burden", 1000.0),)), "a+b")
    assert (found["dose_a_nM"], found["dose_b_nM"]) == (500.0, 500.0)


def test_an_excess_is_never_read_off_an_interpolated_single():
    table = scenarios("ab", pairs=[("a", "b", 500.0, 500.0)], doses=(100.0, 1000.0))
    found = row(ranked(table, hill(HALF), bases=(DoseBasis("equal_burden", 1000.0),)), "a+b")
    assert found["suppression_p50"] is not None
    assert (found["excess_single_p50"], found["excess_bliss_p50"]) == (None, None)


def without(frame: pl.DataFrame, **match) -> pl.DataFrame:
    return frame.filter(~pl.all_horizontal(pl.col(name) == value for name, value in match.items()))


def test_missing_input_is_named():
    table, value = scenarios("ab"), hill(HALF)
    whole = responses(table, value)

    def run(found, known=table, drugs=None, readouts=READOUTS):
        aim = replace(AIM, readouts=readouts)
        return rank(found, known, drug_table("ab") if drugs is None else drugs, aim=aim, dose_bases=AT_1000)

    name = "liver|default|b@100"
    with pytest.raises(
        RankError, match=r"found 1 of 180 cells that are not, e.g. liver\|default\|b@100, draw 2, pAKT_20min"
    ):
        run(without(whole, scenario=name, draw=2, readout="pAKT_20min"))
    with pytest.raises(RankError, match="found 20 of 180 cells that are not"):
        run(without(whole, scenario=name))
    with pytest.raises(RankError, match=r"must hold exactly one vehicle, found 0"):
        run(
            whole.filter(~pl.col("scenario").str.ends_with("vehicle")),
            table.filter(pl.col("role") != "vehicle"),
        )
    with pytest.raises(
        RankError, match=r"must be in the scenarios table, found 1 others, e.g. liver.default.b@100"
    ):
        run(whole, without(table, scenario=name))
    extra = Readout("pY705_9h", "pY705", 540.0)
    with pytest.raises(RankError, match="readouts: pY705_9h must be among the responses"):
        run(whole, readouts=(*READOUTS, extra))
    with pytest.raises(RankError, match="at least one must read pY705"):
        run(whole, readouts=READOUTS[2:])
    with pytest.raises(RankError, match="scenarios: b must be in the drugs table"):
        run(whole, drugs=drug_table("a"))
    with pytest.raises(TableError, match=r"responses row 181: .* must be unique"):
        run(pl.concat([whole, whole.head(1)]))


def test_files_that_cannot_be_read_are_named(tmp_path):
    table = scenarios("ab")
    whole = responses(table, hill(HALF))
    path = tmp_path / "shard-0.parquet"

    def run(paths):
        return rank(paths, table, drug_table("ab"), aim=AIM, dose_bases=AT_1000)

    with pytest.raises(RankError, match="must come in at least one file, found none"):
        run([])
    with pytest.raises(TableError, match="must exist, found no such file"):
        run([path])
    write_table(whole, path, RESPONSES)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(TableError, match=r"shard-0.parquet: must be as it was written, found other bytes"):
        run([path])
    path.write_bytes(b"")
    with pytest.raises(TableError, match=r"shard-0.parquet: must be a readable parquet table"):
        run([path])
    whole.clear().write_parquet(path)
    with pytest.raises(TableError, match="must hold at least one row, found none"):
        run([path])
    for half, rows in (("0", whole), ("1", whole.head(7))):
        write_table(rows, tmp_path / f"shard-{half}.parquet", RESPONSES)
    with pytest.raises(RankError, match="must be there once, found 7 of 180"):
        run(sorted(tmp_path.glob("*.parquet")))


def test_the_mechanism_of_a_drug_stands_in_its_rows():
    drugs = drug_table("ab").with_columns(pl.Series("mechanism", [None, "indirect"]))
    found = ranked(scenarios("ab"), hill(HALF), drugs=drugs)
    assert row(found, "a")["mechanism"] == "direct" and row(found, "b")["mechanism"] == "indirect"


def raising(scenario, draw, readout):
    """a raises pY705 by a factor of 1 + dose/50 in every draw, b by one of 1 + dose/400; together they multiply."""
    factor = 1.0
    for name, half in (("a", 50.0), ("b", 400.0)):
        for drug, dose in (("drug_a", "dose_a_nM"), ("drug_b", "dose_b_nM")):
            if scenario[drug] == name:
                factor *= 1.0 + scenario[dose] / half
    return 0.1 * (1.0 + draw) * (factor if readout.startswith("pY705") else 1.0)


def test_what_is_to_rise_is_ranked_by_its_rise():
    table = scenarios("abc", pairs=[("a", "b", 1000.0, 1000.0)])
    aim = replace(AIM, goal="raise", side=("pERK",))
    found = rank(responses(table, raising), table, drug_table("abc"), aim=aim, dose_bases=AT_1000)
    check_table(found, ranked_schema(aim), "ranked")
    assert not any(name.startswith(("suppression", "ic50", "pAKT")) for name in found.columns)
    rows = {row["intervention"]: row for row in found.filter(readout="pY705_20min").iter_rows(named=True)}
    assert sorted(rows, key=lambda name: rows[name]["rank"]) == ["a+b", "a", "b", "c"]
    assert rows["a"]["rise_p50"] == pytest.approx(20.0) and rows["a"]["rise_p05"] == pytest.approx(20.0)
    assert rows["a"]["doubling_nM"] == pytest.approx(
        10 ** (1 + 2 / 3), rel=1e-6
    )  # vehicle/treated 5/6, then 1/3
    assert rows["b"]["doubling_flag"] == "inside" and rows["c"]["doubling_flag"] == "above_tested"
    assert rows["a+b"]["excess_single_p50"] == pytest.approx(21 * 3.5 - 21)
    assert rows["a+b"]["excess_bliss_p50"] == pytest.approx(0.0, abs=1e-6)
    assert rows["a"]["pERK_change_p50"] == 0.0


def test_a_vehicle_below_the_floor_has_nothing_to_suppress():
    table = scenarios("ab")
    found = responses(table, hill(HALF))
    aim = replace(AIM, floor=1e9)
    rows = rank(found, table, drug_table("ab"), aim=aim, dose_bases=AT_1000)
    assert rows["rank"].is_null().all() and (rows["failed"] == 4).all()


def test_what_is_shown_beside_must_be_read_out():
    aim = replace(AIM, side=("pS727", "pERKK"))
    with pytest.raises(
        RankError, match=r"rank.side: must be what a read-out reads \(pAKT, .*\), found pERKK"
    ):
        check_request(scenarios("a"), aim, AT_1000)


def test_a_readout_that_no_vehicle_has_is_said():
    """0 throughout in one cell; in another one draw is above the floor; in the last one all fail."""
    levels = {"liver": 0.0, "lung": 0.5, "skin": None}
    table = scenarios("a", contexts=[(name, "default") for name in levels])

    def value(scenario, draw, readout):
        level = levels[scenario["context"]]
        return 0.0 if level and draw else level

    found = gather_responses(responses(table, value), table)
    assert find_silent(found, replace(AIM, floor=0.5)) == [
        f"{name} in 1 cells, such as liver|default: no vehicle reaches rank.floor (0.5) there"
        for name in ("pY705_20min", "pY705_3h")
    ]


def test_a_readout_is_silent_where_no_draw_that_did_not_fail_reaches_the_floor():
    table = scenarios("a")

    def value(scenario, draw, readout):
        return None if draw == 0 else 0.4

    found = gather_responses(responses(table, value), table)
    assert len(find_silent(found, replace(AIM, floor=0.5))) == 2
    assert find_silent(found, replace(AIM, floor=0.4)) == []


def test_the_provenance_is_the_beginning_of_the_digest():
    table = scenarios("ab")
    found = gather_responses(responses(table, hill(HALF)), table)
    made = rank(found, table, drug_table("ab"), aim=AIM, dose_bases=AT_1000)
    assert set(made["provenance"]) == {found.digest()[:12]} and len(made["provenance"][0]) == 12


@dataclass(frozen=True)
class Span(Readout):
    """A read-out over the last half hour [min] before a time."""

    def window(self) -> tuple[float, float]:
        return self.minutes - 30.0, self.minutes


@pytest.mark.parametrize("turn", [1, -1])
def test_beside_a_readout_over_a_window_stands_one_over_a_window(monkeypatch, turn):
    """Two end together, whichever is named first: at one time pERK halves, over a window it quarters."""
    main = (Readout("pY705_3h", "pY705", 180.0), Span("pY705_mean", "pY705", 180.0))
    side = (Readout("pERK_3h", "pERK", 180.0), Span("pERK_mean", "pERK", 180.0))[::turn]
    monkeypatch.setattr("tests.rank.worlds.READOUTS", (*main, *side))

    def value(scenario, draw, readout):
        left = {"pERK_3h": 0.5, "pERK_mean": 0.25}.get(readout, 0.8)
        return 0.4 if scenario["role"] == "vehicle" else 0.4 * left

    table, aim = scenarios("a"), replace(AIM, readouts=(*main, *side), side=("pERK",))
    found = rank(responses(table, value), table, drug_table("a"), aim=aim, dose_bases=AT_1000)
    changes = dict(found.select("readout", "pERK_change_p50").iter_rows())
    assert changes == pytest.approx({"pY705_3h": -1.0, "pY705_mean": -2.0})


def test_files_of_other_readouts_and_draws_are_one_table_in_order(tmp_path):
    """The first file has two read-outs and two draws of which neither are the first ones nor the last."""
    table = scenarios("ab")
    whole = responses(table, hill(HALF, uneven))
    here = pl.col("readout").is_in(["pAKT_20min", "pY705_3h"]) & pl.col("draw").is_in([0, 3])
    paths = [tmp_path / f"{number}.parquet" for number in (0, 1)]
    for path, part in zip(paths, (whole.filter(here), whole.filter(~here)), strict=True):
        write_table(part, path, RESPONSES)
    found, wanted = (gather_responses(each, table) for each in (paths, whole))
    assert (found.readouts, found.draws) == (tuple(sorted(each.id for each in READOUTS)), (0, 1, 2, 3))
    np.testing.assert_array_equal(found.values, wanted.values)
    assert found.digest() == wanted.digest()


def test_a_scenario_that_is_not_in_the_table_is_named_wherever_it_would_stand():
    table = scenarios("ab")
    whole = responses(table, hill(HALF))
    for name in ("a", "zebra|default|vehicle"):
        more = whole.head(1).with_columns(scenario=pl.lit(name))
        with pytest.raises(RankError) as raised:
            gather_responses(pl.concat([whole, more]), table)
        assert raised.value.problems == (
            f"responses: every scenario must be in the scenarios table, found 1 others, e.g. {name}",
        )
