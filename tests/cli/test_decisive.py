"""What decides, as a command: after a ranking, on its draws; what is refused."""

from argparse import Namespace

import polars as pl
import pytest

from screen.cli.decisive import _contests, _told
from screen.errors import RankError
from screen.kernel import available_engines
from screen.simulate import Readout
from screen.tables import DECISIVE, DRAWS, read_provenance, read_table, write_table

pytestmark = pytest.mark.skipif("kernel" not in available_engines(), reason="needs a C compiler: the adjoint")


READOUTS = [Readout("early", "pY705", 20.0, 20.0), Readout("late", "pY705", 180.0, 180.0)]
RANKED = pl.DataFrame(
    [
        ("liver", "one", "early", "1 uM", "c", 1000.0, None, 3),
        ("liver", "one", "early", "1 uM", "b", 1000.0, None, 1),
        ("liver", "one", "early", "1 uM", "a+c", 10.0, 30.0, 1),
        ("liver", "two", "early", "1 uM", "b", 1000.0, None, 2),
        ("liver", "two", "early", "1 uM", "c", 1000.0, None, 1),
        ("liver", "two", "early", "1 uM", "x", 1.0, None, None),
        ("liver", "mixture", "early", "1 uM", "b", 1000.0, None, 1),
        ("liver", "one", "late", "1 uM", "c", 1000.0, None, 1),
        ("liver", "one", "early", "Cmax", "c", 40.0, None, 1),
        ("liver", "one", "gone", "1 uM", "c", 1000.0, None, 1),
        ("blood", "default", "early", "1 uM", "b", 1000.0, None, 1),
    ],
    schema=(
        "context",
        "hypothesis",
        "readout",
        "dose_basis",
        "intervention",
        "dose_a_nM",
        "dose_b_nM",
        "rank",
    ),
    orient="row",
).with_columns(dose_c_nM=pl.lit(None, pl.Float64))


def asked(**given) -> Namespace:
    return Namespace(**({"contexts": [], "readout": None, "basis": None} | given))


def test_contests_are_the_first_two_of_each_ranking_under_each_hypothesis():
    """Of those level, the first by name; a cell of one drug has none, nor has the mixture."""
    first, second = _contests(RANKED, asked(), READOUTS)
    assert (first.names, second.names) == (("a+c", "b"), ("c", "b"))
    assert (first.others, second.others) == (("two",), ("one",))
    assert {(each.readout.id, each.dose_basis) for each in (first, second)} == {("early", "1 uM")}
    given = [[arm.treatment.values for arm in each.arms] for each in (first, second)]
    assert given == [[(("a", 10.0), ("c", 30.0)), (("b", 1000.0),)], [(("c", 1000.0),), (("b", 1000.0),)]]
    assert [arm.hypothesis for each in (first, second) for arm in each.arms] == ["one", "one", "two", "two"]


@pytest.mark.parametrize("first", [7, 8])
def test_the_readout_and_the_basis_are_those_of_the_first_row_where_none_is_named(first):
    """By the late read-out, and at Cmax, there is but one drug."""
    with pytest.raises(RankError, match="must hold a ranking of at least two interventions"):
        _contests(RANKED[[first, *range(7)]], asked(), READOUTS)


def test_what_is_asked_for_must_be_ranked_and_hold_two():
    with pytest.raises(RankError) as raised:
        _contests(RANKED, asked(contexts=["mars", "liver"], basis="2 uM"), READOUTS)
    assert raised.value.problems == (
        "--contexts: must be one of ranked.csv (blood, liver), found mars",
        "--basis: must be one of ranked.csv (1 uM, Cmax), found 2 uM",
    )
    for alone in (asked(contexts=["blood"]), asked(readout="late"), asked(basis="Cmax")):
        with pytest.raises(RankError, match="must hold a ranking of at least two interventions, found none"):
            _contests(RANKED, alone, READOUTS)
    changes = RANKED.with_columns(dose_basis=pl.lit("genetic"))
    with pytest.raises(RankError, match="--basis: must be one of drugs, found genetic"):
        _contests(changes, asked(basis="genetic"), READOUTS)
    with pytest.raises(RankError, match="must rank by a read-out of the settings, found no such row"):
        _contests(RANKED, asked(), READOUTS[:0])


def test_a_line_names_what_moves_the_margin_most_and_what_to_measure():
    about = {
        "context": "liver", "hypothesis": "one", "leader": "b", "runner_up": "c", "margin": 1.0, "p_leader": 0.75,
    }  # fmt: skip
    rows = pl.DataFrame(
        [
            about | {"name": "k_on", "value": 2.0, "flip_value": 8.0, "swing": 0.5},
            about | {"name": "b:JAK1", "value": 3.0, "flip_value": None, "swing": 2.0},
            about | {"name": "two", "value": None, "flip_value": None, "swing": None},
        ]
    )
    led = "liver, one: b is 2-fold ahead of c, ahead in 75% of draws"
    assert _told(rows) == (
        f"{led}; k_on (2) moves that most: order flips at 8; to measure next: b:JAK1, whose draws move it 4-fold"
    )
    assert "b:JAK1 (3) moves that most: no flip within a hundredfold; to measure next: b:JAK1" in _told(
        rows[1:]
    )
    assert _told(rows[2:]) == led


@pytest.mark.slow
def test_it_names_what_decides_each_ranking(run, small, tmp_path, root):
    config = small(simulate={"shards": 1}, scenarios={"pairs": [["ruxolitinib", "trametinib"]]})
    draws = pl.read_parquet(root / "config/calibration/ensemble.parquet").filter(pl.col("draw") < 3)
    write_table(draws, tmp_path / "results/constrain/draws.parquet", DRAWS)
    for stage in (("network",), ("scenarios",), ("simulate", "--shard", 0), ("rank",)):
        ran = run(*stage, "--config", config)
        assert ran.code == 0, ran.err
    ran = run("decisive", "--config", config, "--most", 3, "--draws", 2, "--contexts", "hepg2")
    assert ran.code == 0, ran.err
    found = read_table(tmp_path / "results/decisive.csv", DECISIVE)
    ranked = pl.read_csv(tmp_path / "results/ranked.csv").filter(
        pl.col("readout") == found["readout"][0], pl.col("dose_basis") == found["dose_basis"][0]
    )
    first, second = ranked.sort("rank", "intervention")["intervention"][:2]
    assert set(found["leader"]) == {first} and set(found["runner_up"]) == {second}
    assert found.height == 3 and set(found["draws"]) == {2}
    assert "ranked.csv" in read_provenance(tmp_path / "results/decisive.csv")["inputs"]
    assert ran.out.startswith(f"hepg2, default: {first} is ")
    assert run("report", "--config", config).code == 0
    page = (tmp_path / "results/report.html").read_text()
    assert f"{first} is {2.0 ** found['margin'][0]:.3g}-fold ahead of {second}" in page
    ran = run("decisive", "--config", config, "--readout", "none", "--contexts", "mars")
    assert ran.code == 2
    assert [problem.partition(" must")[0] for problem in ran.problems] == [
        "screen: --contexts:", "screen: --readout:",
    ]  # fmt: skip
    write_table(draws.filter(pl.col("draw") < 2), tmp_path / "results/constrain/draws.parquet", DRAWS)
    assert run("simulate", "--shard", 0, "--config", config).code == run("rank", "--config", config).code == 0
    ran = run("report", "--config", config)
    assert (
        "decisive.csv is of another ranking and left out; `python -m screen decisive` makes it anew"
        in ran.err
    )
    assert "-fold ahead of" not in (tmp_path / "results/report.html").read_text()


def test_without_a_ranking_it_says_so(run, small):
    ran = run("decisive", "--config", small())
    assert ran.code == 2
    assert ran.problems[-1] == "screen: results/ranked.csv: must exist, found no such file"
