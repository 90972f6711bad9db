"""Races over screens made from formulas: who stops where, what is then read and where it stands."""

import numpy as np
import polars as pl
import pytest

from screen.errors import RankError
from screen.rank import DoseBasis, Rules, find_failures, gather_responses, rank, run_race
from screen.rank.placed import placed
from tests.rank.worlds import AIM, drug_table, hill, responses, scenarios

DRUGS = ("strong", "good", "weak", "idle")
HALF = {"strong": 10.0, "good": 100.0, "weak": 5000.0, "idle": 1e6}
PAIRS = [
    (a, b, dose, dose)
    for place, a in enumerate(DRUGS)
    for b in DRUGS[place + 1 :]
    for dose in (100.0, 1000.0)
]
BASES = [DoseBasis("equal_concentration", 1000.0), DoseBasis("equal_concentration", 100.0)]
RULES = Rules(keep=4, share=0.25, error=0.05)
FIRST, DRAWS = 16, 24


def screen(value, draws=FIRST, pairs=PAIRS, **cells):
    table = scenarios(DRUGS, pairs, **cells)
    return table, responses(table, value, draws)


def stopped(race: pl.DataFrame) -> set[str]:
    return set(race.filter("stopped")["intervention"])


def cut(frame: pl.DataFrame, table: pl.DataFrame, race: pl.DataFrame) -> pl.DataFrame:
    """The responses that a raced screen has."""
    out = table.join(race.filter("stopped"), on=["context", "intervention"], how="semi")["scenario"]
    return frame.filter(~(pl.col("scenario").is_in(out.implode()) & (pl.col("draw") >= FIRST)))


def test_pairs_that_are_not_among_the_first_stop_for_a_stated_reason():
    """Strong alone and its three pairs are the first four at either dose."""
    table, frame = screen(hill(HALF))
    race = run_race(gather_responses(frame, table), AIM, BASES, RULES)
    assert stopped(race) == {"good+weak", "good+idle", "weak+idle"}
    assert set(race["draws"]) == {FIRST}
    told = race.filter(intervention="weak+idle").row(0, named=True)
    assert told["p_value"] == pytest.approx(0.75**FIRST)
    assert told["p_adjusted"] == pytest.approx(0.75**FIRST * 6 / 3)
    assert race.filter(intervention="strong+weak")["p_value"].item() == 1.0


def test_a_pair_goes_on_if_it_is_among_the_first_under_one_hypothesis_read_out_or_basis():
    base = hill(HALF)

    def lifted(hypothesis, readout, dose):
        def value(scenario, draw, at):
            here = (scenario["hypothesis"], at, scenario["dose_a_nM"]) == (hypothesis, readout, dose)
            return 1e-3 if here and scenario["intervention"] == "weak+idle" else base(scenario, draw, at)

        return value

    cells = [("liver", "one"), ("liver", "two"), ("lung", "default")]
    for hypothesis, readout, dose, basis in (
        ("two", "pY705_20min", 100.0, "equal_concentration_100nM"),
        ("one", "pY705_3h", 1000.0, "equal_concentration_1000nM"),
    ):
        table, frame = screen(lifted(hypothesis, readout, dose), contexts=cells)
        race = run_race(gather_responses(frame, table), AIM, BASES, RULES)
        assert stopped(race.filter(context="liver")) == {"good+weak", "good+idle"}
        assert stopped(race.filter(context="lung")) == {"good+weak", "good+idle", "weak+idle"}
        near = race.filter(context="liver", intervention="weak+idle")
        assert near.select("hypothesis", "readout", "dose_basis").row(0) == (hypothesis, readout, basis)


def test_a_pair_that_is_ranked_nowhere_goes_on():
    table, frame = screen(hill(HALF))
    race = run_race(gather_responses(frame, table), AIM, [DoseBasis("clinical")], RULES)
    assert not stopped(race) and race["p_value"].null_count() == race.height == 6


def test_the_order_of_responses_does_not_matter():
    table, frame = screen(hill(HALF))
    race = run_race(gather_responses(frame, table), AIM, BASES, RULES)
    again = run_race(
        gather_responses(frame[::-1], table.sample(fraction=1, seed=1, shuffle=True)), AIM, BASES, RULES
    )
    assert race.equals(again)


def test_a_raced_screen_has_what_goes_on_in_all_draws_and_no_more():
    table, frame = screen(hill(HALF), DRAWS)
    race = run_race(gather_responses(frame.filter(pl.col("draw") < FIRST), table), AIM, BASES, RULES)
    raced = cut(frame, table, race)
    found = gather_responses(raced, table, race)
    assert found.run.sum() * 5 == raced.height
    assert set(found.run) == {FIRST, DRAWS}
    assert np.isnan(found.values[found.run == FIRST][..., FIRST:]).all()
    assert not np.isnan(found.values[found.run == DRAWS]).any()
    with pytest.raises(RankError, match="must be left out where its pair has stopped, found 240 of"):
        gather_responses(frame, table, race)
    with pytest.raises(RankError, match="must be there under every draw and read-out, found 1 of"):
        gather_responses(raced[1:], table, race)
    with pytest.raises(RankError, match="must be there under every draw and read-out, found 240 of"):
        gather_responses(raced, table)


def test_a_raced_ranking_says_on_how_many_draws_a_row_rests():
    """Vehicles differ from draw to draw, ratios do not: the ranking is that of a screen without a race."""
    table, frame = screen(hill(HALF, vehicle=lambda draw: 0.2 + 0.1 * (draw % 3)), DRAWS)
    race = run_race(gather_responses(frame.filter(pl.col("draw") < FIRST), table), AIM, BASES, RULES)
    options = {"drugs": drug_table(DRUGS), "aim": AIM, "dose_bases": BASES}
    raced = rank(gather_responses(cut(frame, table, race), table, race), table, **options)
    whole = rank(frame, table, **options)
    out = pl.col("intervention").is_in(stopped(race))
    assert set(raced.filter(out)["race"]) == {"stopped"} and set(raced.filter(out)["draws"]) == {FIRST}
    assert set(raced.filter(~out)["race"]) == {"all"} and set(raced.filter(~out)["draws"]) == {DRAWS}
    assert set(raced["failed"]) == {0}
    moved = ["race", "draws", "provenance"]
    assert raced.drop(moved).equals(whole.drop(moved))


def test_a_mixture_of_a_raced_screen_rests_on_the_draws_of_all_its_hypotheses():
    """Beside a triple, which is run in all of them."""
    cells = [("liver", "one"), ("liver", "two")]
    pairs = [*PAIRS, ("strong", "good", "weak", 100.0, 100.0, 100.0)]
    table, frame = screen(hill(HALF), DRAWS, pairs=pairs, contexts=cells)
    race = run_race(gather_responses(frame.filter(pl.col("draw") < FIRST), table), AIM, BASES[1:], RULES)
    raced = gather_responses(cut(frame, table, race), table, race)
    found = rank(raced, table, drug_table(DRUGS), aim=AIM, dose_bases=BASES[1:])
    assert "weak+idle" in stopped(race)
    for hypothesis, times in (("one", 1), ("mixture", 2)):
        rows = found.filter(hypothesis=hypothesis, readout="pY705_20min")
        for name, draws, word in (
            ("weak+idle", FIRST, "stopped"),
            ("strong+good+weak", DRAWS, "all"),
            ("strong", DRAWS, "all"),
        ):
            told = rows.filter(intervention=name).select("draws", "failed", "race")
            assert told.rows() == [(times * draws, 0, word)]


def test_draws_that_failed_are_not_those_that_a_stop_left_out():
    base = hill(HALF)

    def value(scenario, draw, readout):
        lost = scenario["intervention"] == "weak+idle" and draw in (3, 20)
        return None if lost else base(scenario, draw, readout)

    table, frame = screen(value, DRAWS)
    race = run_race(gather_responses(frame.filter(pl.col("draw") < FIRST), table), AIM, BASES, RULES)
    raced = cut(frame, table, race)
    ranked = rank(gather_responses(raced, table, race), table, drug_table(DRUGS), aim=AIM, dose_bases=BASES)
    told = ranked.filter(intervention="weak+idle").select("draws", "failed", "race").unique()
    assert told.rows() == [(FIRST - 1, 1, "stopped")]
    failures = find_failures(gather_responses(raced, table, race))
    assert failures.select("failed", "draws").unique().rows() == [(1, FIRST)]


def test_a_pair_stands_where_its_drugs_alone_put_it():
    """Bliss independence exactly, then with an excess that depends on what the drugs do."""
    stream = np.random.default_rng(1)
    alone = stream.uniform(0.1, 1.0, (3, 2, 2 * DRAWS))
    for excess in (1.0, alone[:, 0] ** 0.5):
        whole = alone.prod(axis=1) * excess
        run = np.array([FIRST, DRAWS, FIRST])
        later = np.tile(np.arange(DRAWS) >= FIRST, 2) & (run < DRAWS)[:, None]
        found = placed(np.where(later, np.nan, whole), alone, run, each=DRAWS)
        assert np.array_equal(found[~later], whole[~later])
        assert np.abs(np.log(found / whole)).max() < (1e-12 if np.isscalar(excess) else 0.5)


def test_a_pair_without_a_value_or_a_single_stands_nowhere():
    alone = np.full((1, 2, 4), 0.5)
    alone[0, 0, 3] = np.nan
    ratio = np.array([[np.nan, 0.3, np.nan, np.nan]])
    found = placed(ratio, alone, np.array([2]), each=4)
    assert found[0, 2] == pytest.approx(0.3)
    assert np.isnan(found[0, [0, 3]]).all()
    assert np.isnan(placed(np.full((1, 4), np.nan), alone, np.array([2]), each=4)).all()


def test_of_rankings_in_which_a_pair_is_as_near_the_first_is_told():
    """All drugs do the same at any dose and time: read-outs and bases as they are asked for, hypotheses by name."""
    table, frame = screen(lambda *_: 0.4, contexts=[("liver", "two"), ("liver", "one")])
    race = run_race(gather_responses(frame, table), AIM, BASES, RULES)
    told = race.select("p_value", "hypothesis", "readout", "dose_basis").unique()
    assert told.rows() == [(1.0, "one", "pY705_20min", "equal_concentration_1000nM")]


def test_a_pair_at_the_very_error_stops():
    table, frame = screen(hill(HALF))
    found = gather_responses(frame, table)
    error = run_race(found, AIM, BASES, RULES).filter(intervention="weak+idle")["p_adjusted"].item()
    assert "weak+idle" in stopped(run_race(found, AIM, BASES, RULES._replace(error=error)))
    below = RULES._replace(error=float(np.nextafter(error, 0.0)))
    assert not stopped(run_race(found, AIM, BASES, below))
