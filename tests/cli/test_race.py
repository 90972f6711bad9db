"""A raced screen: pairs that are not among the first stop, and nothing else is another number."""

import json
import shutil

import polars as pl
import pytest

from screen.cli.options import Results
from screen.cli.plan import read_aim
from screen.rank import COMBINATIONS, ranked_schema
from screen.settings import load_settings
from screen.tables import RACE, RESPONSES, read_table
from tests.cli.test_neighbours import MAY_MOVE

FIRST, DRAWS = 16, 20
DRUGS = ["ruxolitinib", "tofacitinib", "trametinib", "everolimus", "dasatinib", "imatinib"]
ROW = ["context", "hypothesis", "readout", "dose_basis", "intervention"]


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Where screens are kept, and those that are made, by what was asked of them."""
    return tmp_path_factory.mktemp("screens"), {}


@pytest.fixture
def screened(run, small, kept):
    """screened(...): ranked table and results of all pairs of the drugs in HepG2, raced unless said otherwise."""
    folder, known = kept

    def made(drugs=DRUGS, draws=DRAWS, first=FIRST, shards=1):
        asked = (tuple(drugs), draws, first, shards)
        if asked not in known:
            known[asked] = screen(folder / f"results-{len(known)}", drugs, draws, first, shards)
        return known[asked]

    def screen(results, drugs, draws, first, shards):
        config = small(
            scenarios={"drugs": drugs, "doses_nM": [1000], "pairs": "all", "pair_doses_nM": [500]},
            fit={"draws_from": "shipped", "draws": draws},
            simulate={"shards": shards},
            race={"draws": first, "keep": 3},
            readouts=[{"id": "pY705_20min", "observable": "pY705_level", "minutes": 20}],
            rank={"dose_bases": [{"kind": "equal_burden", "value": 1000}]},
        )
        numbered = range(shards if first is None else 2 * shards)
        simulated = [("simulate", "--shard", shard, "--threads", min(shards, 2)) for shard in numbered]
        alike = [known[other][1].folder for other in known if other[0] == tuple(drugs)]
        for made in ("network", "scenarios") if alike else ():  # neither depends on draws
            shutil.copytree(alike[0] / made, results / made)
        stages = [] if alike else [("network",), ("scenarios",)]
        stages += [("constrain",), *simulated[:shards]]
        stages += [] if first is None else [("race",), *simulated[shards:]]
        for earlier in Results(results).of_race if first is None else ():
            earlier.parent.mkdir(parents=True, exist_ok=True)
            earlier.write_text("of a screen in which pairs could stop")
        for stage in (*stages, ("rank",)):
            ran = run(*stage, "--config", config, "--results", results)
            assert ran.code == 0, ran.err
        schema = ranked_schema(read_aim(load_settings(config)))
        parts = ["ranked.csv"] if first is None else ["ranked.csv", "stopped/ranked.parquet"]
        tables = [read_table(results / part, schema) for part in parts]
        for table, raced in zip(tables, ("all", "stopped"), strict=False):
            assert set(table["race"]) == {raced}
        return pl.concat(tables).sort("rank", *ROW), Results(results)

    return made


def test_what_goes_on_has_the_numbers_of_a_screen_without_a_race(screened):
    raced, results = screened()
    whole, plain = screened(first=None)
    assert all(path.exists() for path in results.of_race)
    assert not any(path.exists() for path in plain.of_race)
    stopped = raced.filter(race="stopped")
    assert set(stopped["intervention"]) == set(
        read_table(results.race, RACE).filter("stopped")["intervention"]
    )
    assert 6 <= stopped.height <= 12 and set(stopped["draws"]) == {FIRST}
    fixed = [name for name in whole.columns if name not in MAY_MOVE]
    going_on = raced.filter(race="all").select(fixed).sort(ROW)
    assert going_on.equals(whole.join(raced.filter(race="all"), on=ROW, how="semi").select(fixed).sort(ROW))
    assert set(going_on["draws"]) == {DRAWS} and going_on["suppression_p50"].n_unique() > 5
    going_on, out = (
        set(read_table(path, COMBINATIONS)["intervention"])
        for path in (results.combinations, results.stopped_tables[1])
    )
    assert out == set(stopped["intervention"])
    assert going_on == {name for name in raced.filter(race="all")["intervention"] if "+" in name}
    # A stopped pair rests on its first draws, and says what a screen of these alone says of it.
    short, _ = screened(draws=FIRST, first=None)
    own = [name for name in fixed if name not in ("race", "suppression_p05", "suppression_p95")]
    expected = short.join(stopped, on=ROW, how="semi").select(own).sort(ROW)
    assert stopped.select(own).sort(ROW).equals(expected)
    assert set(stopped["failed"]) == {0}


def test_the_first_places_are_those_of_a_screen_without_a_race(screened):
    raced, _ = screened()
    whole, _ = screened(first=None)
    both = raced.join(whole, on=ROW, suffix="_whole").filter(pl.col("rank_whole") <= 3)
    for name, near in (("rank", 0), ("p_best", 0.01), ("p_top5", 0.02), ("expected_regret", 1e-3)):
        assert (both[name] - both[f"{name}_whole"]).abs().max() <= near, name


@pytest.mark.slow
def test_answers_do_not_depend_on_shards_and_threads(screened):
    one, first = screened()
    three, second = screened(shards=3)
    assert one.equals(three)
    assert (first.folder / "race.csv").read_bytes() == (second.folder / "race.csv").read_bytes()
    run = [read_table(path, RESPONSES).height for path in second.shards(6)]
    assert sum(run) == sum(read_table(path, RESPONSES).height for path in first.shards(2)) and min(run) > 0


def test_a_neighbour_may_stop_a_pair_but_moves_no_number_that_rests_on_the_same_draws(screened):
    few, _ = screened(drugs=DRUGS[1:])
    more, _ = screened()
    fixed = [name for name in few.columns if name not in MAY_MOVE]
    alike = few.join(more.select(*ROW, "draws"), on=[*ROW, "draws"], how="semi").select(fixed).sort(ROW)
    same = more.join(few.select(*ROW, "draws"), on=[*ROW, "draws"], how="semi").select(fixed).sort(ROW)
    assert alike.equals(same)
    assert {"all", "stopped"} <= set(alike["race"]) | set(few["race"])


def test_mine_runs_both_rounds(run, small, tmp_path):
    config = small(
        scenarios={"drugs": DRUGS[:2], "doses_nM": [1000], "pairs": "all", "pair_doses_nM": [500]},
        race={"draws": FIRST, "keep": 3},
        readouts=[{"id": "pY705_20min", "observable": "pY705_level", "minutes": 20}],
        rank={"dose_bases": [{"kind": "equal_burden", "value": 1000}]},
        results="results/own",
    )
    ran = run("mine", "--config", config, "--draws", DRAWS)
    assert ran.code == 0, ran.err
    assert "pairs of a context stop after 16 draws" in ran.err
    assert (tmp_path / "results/own/race.csv").exists()
    origins = json.loads((tmp_path / "results/own/provenance.json").read_text())
    assert {
        "race.csv",
        "simulate/shard-1.parquet",
        "stopped/ranked.parquet",
        "stopped/combinations.parquet",
    } <= set(origins)


def test_there_is_no_race_without_draws_that_are_left(run, small):
    for draws, pairs, found in ((None, "all", "null"), (20, "all", "20"), (16, [], "16")):
        config = small(
            race={"draws": draws}, fit={"draws_from": "shipped", "draws": 20}, scenarios={"pairs": pairs}
        )
        ran = run("race", "--config", config)
        assert (ran.code, ran.problems) == (
            2, [f"screen: race.draws: must be fewer draws than there are, in a screen with pairs, found {found}"]
        )  # fmt: skip
    (problem,) = run("race", "--config", small(race={"draws": 8})).problems
    assert "`race.draws` must be at least 11 for anything to stop, found 8" in problem
