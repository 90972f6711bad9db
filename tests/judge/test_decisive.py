"""What decides a ranking: slopes against differences, and flips set by hand, in three cells."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from screen.errors import RankError
from screen.experiments import Arm, Exposure
from screen.judge import Contest, Judges, find_decisive
from screen.judge import margin as judge_margin
from screen.judge.margin import Margin, Margins
from screen.kernel import available_engines, load_model
from screen.panel import PanelTables, Planned, Wanted, run_planned
from screen.scenarios import read_context_tables, read_drug_tables
from screen.simulate import Integration, Readout
from screen.tables import DECISIVE, check_table

SOON = Readout("soon", "pY705_level", 20.0, 20.0)
STEADY = Readout("hour", "pY705_level", 0.0, 60.0)
INTEGRATION = Integration("kernel", 1e-6, 1e-9)

pytestmark = pytest.mark.skipif("kernel" not in available_engines(), reason="needs a C compiler: the adjoint")


@pytest.fixture(scope="module", autouse=True)
def few_rows():
    """Three draws leave most of a batch of the shipped size empty, which is simulated all the same."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(judge_margin, "ROWS", 32)
        yield


@pytest.fixture(scope="module")
def judges(root: Path, network: Path) -> Judges:
    """The shipped tables and the first three of the shipped draws."""
    config = root / "config"
    model = load_model(network.read_text())
    contexts = read_context_tables(config / "contexts.tsv", config / "hypotheses.tsv")
    drugs = read_drug_tables(config / "drugs.tsv", config / "affinities.tsv", config / "targets.tsv")
    draws = pl.read_parquet(config / "calibration/ensemble.parquet").filter(pl.col("draw") < 3)
    return Judges({(): PanelTables(model, contexts, drugs)}, INTEGRATION, draws, 1, 6)


def contest(context: str, label: str, first: str, second: str, *others: str, readout=SOON) -> Contest:
    arms = tuple(
        Arm(context, label, stimulus=Exposure(own=True), treatment=Exposure(((name, 1000.0),)))
        for name in (first, second)
    )
    return Contest(readout, "1 uM", (first, second), arms, others)


CONTESTS = (
    contest("hepg2", "default", "tofacitinib", "ruxolitinib"),
    contest("npm1_alk_lymphoma", "alk_direct", "TAE684", "crizotinib"),
    contest("breast_bt20", "default", "dasatinib", "bosutinib"),
)


@pytest.fixture(scope="module")
def found(judges) -> pl.DataFrame:
    table = find_decisive(CONTESTS, judges)
    check_table(table, DECISIVE, "decisive")
    return table


def set_by_hand(judges: Judges, which: Contest, row: dict) -> float:
    """The median margin where a user sets the value of a row: in draws, affinities or the arms themselves."""
    tables, draws, arms, factor = (
        judges.tables[()],
        judges.draws,
        which.arms,
        row["flip_value"] / row["value"],
    )
    if row["kind"] == "affinity":
        drug, target = row["name"].split(":")
        bindings = tuple(
            each._replace(constant=each.constant * factor)
            if (each.drug, each.target) == (drug, target)
            else each
            for each in tables.drugs.bindings
        )
        tables = replace(tables, drugs=replace(tables.drugs, bindings=bindings))
    elif row["kind"] == "parameter":
        moved = pl.when(pl.col("parameter") == row["name"]).then(factor).otherwise(1.0)
        draws = draws.with_columns(value=pl.col("value") * moved)
    elif row["kind"] == "total":
        arms = tuple(replace(arm, genotype=((row["name"], row["flip_value"]),)) for arm in arms)
    else:
        given = Exposure(((row["name"], row["flip_value"]),), own=True)
        arms = tuple(replace(arm, stimulus=given) for arm in arms)
    first, second = (Wanted(arm, (which.readout.observable,), (20.0,)) for arm in arms)
    planned = [Planned("first", "", first, "second", second)]
    contrasts = run_planned(
        planned, {(): tables}, INTEGRATION, draws, judges.seed, lambda line: None
    ).contrasts
    return -contrasts["log2_ratio_p50"].item()


@pytest.mark.parametrize("which", CONTESTS, ids=lambda each: each.arms[0].context)
def test_the_order_flips_where_the_value_is_set(judges, found, which):
    rows = found.filter(pl.col("context") == which.arms[0].context, pl.col("kind") != "hypothesis")
    slopes = rows["slope"].abs().to_list()
    assert slopes == sorted(slopes, reverse=True) and len(slopes) in (6, 7)
    flips = rows.filter("flips")
    assert flips.height >= 1
    for row in flips.iter_rows(named=True):
        there = set_by_hand(judges, which, row)
        assert there == pytest.approx(row["margin_there"], abs=1e-3), row["name"]
        assert np.sign(there) == -np.sign(row["margin"]), row["name"]
        assert abs(there) < 0.1 * abs(row["margin"]), row["name"]


def test_in_hepg2_the_two_constants_at_jak1_decide(found):
    """Ruxolitinib and tofacitinib differ by little else: each flips within twofold of the constant of the other."""
    rows = found.filter(pl.col("context") == "hepg2", pl.col("kind") == "affinity").head(2)
    assert set(rows["name"]) == {"ruxolitinib:JAK1", "tofacitinib:JAK1"}
    assert rows["flips"].all() and (rows["p_leader"] > 0.5).all()
    own = dict(rows.select("name", "value").iter_rows())
    flip = dict(rows.select("name", "flip_value").iter_rows())
    for one, other in (("ruxolitinib", "tofacitinib"), ("tofacitinib", "ruxolitinib")):
        assert 0.5 < flip[f"{one}:JAK1"] / own[f"{other}:JAK1"] < 2


def test_the_other_reading_of_alk_turns_the_order(judges):
    """Where ALK acts through JAK3, a JAK inhibitor takes the place of an ALK inhibitor; the margin is that there."""
    two = contest("npm1_alk_lymphoma", "alk_direct", "crizotinib", "tofacitinib", "alk_jak3")
    found = find_decisive([two, two.under("alk_jak3")], replace(judges, most=1))
    row = found.filter(pl.col("kind") == "hypothesis", pl.col("hypothesis") == "alk_direct").row(
        0, named=True
    )
    assert (row["name"], row["flips"], row["slope"], row["flip_value"]) == ("alk_jak3", True, None, None)
    assert row["margin"] > 0 > row["margin_there"]
    under = found.filter(pl.col("hypothesis") == "alk_jak3")["margin"]
    assert under[0] == pytest.approx(row["margin_there"], rel=1e-6)


@pytest.fixture(scope="module")
def margins(judges) -> Margins:
    return Margins(judges.tables[()].model, INTEGRATION, SOON)


@pytest.mark.parametrize("which", CONTESTS, ids=lambda each: each.arms[0].context)
def test_what_to_measure_next_has_the_largest_slope_times_spread(judges, margins, found, which):
    rows = found.filter(pl.col("context") == which.arms[0].context, pl.col("kind") != "hypothesis")
    drawn = judges.draws.group_by("parameter").agg(sd=pl.col("value").log10().std(ddof=0))
    of_draws = rows.filter(kind="parameter").join(drawn, left_on="name", right_on="parameter")
    assert of_draws.height == rows.filter(kind="parameter").height
    assert of_draws["sd"].to_list() == pytest.approx(of_draws["sd_right"].to_list())
    assert rows["swing"].to_list() == pytest.approx((rows["slope"].abs() * rows["sd"]).to_list())
    tables = judges.tables[()]
    margin = Margin(margins, which.arms, tables, judges.draws, judges.seed)
    pairs = zip(margin.slopes(), margin.spread, strict=True)
    assert rows["swing"].max() == pytest.approx(max(float(np.max(np.abs(a) * b)) for a, b in pairs))


@pytest.mark.slow
def test_slopes_are_those_of_differences_over_a_window_too(judges):
    """Both ends of a small move of what has the largest slopes, in a mean over an hour."""
    which = contest("hepg2", "default", "ruxolitinib", "trametinib", readout=STEADY)
    tables = judges.tables[()]
    margin = Margin(Margins(tables.model, INTEGRATION, STEADY), which.arms, tables, judges.draws, judges.seed)
    slopes, step = margin.slopes(), 0.01
    for part, slope in zip(("parameters", "constants"), slopes, strict=True):
        place = np.unravel_index(np.argmax(np.abs(slope)), slope.shape)
        moves = [margin.still(), margin.still()]
        for moved, way in zip(moves, (step, -step), strict=True):
            getattr(moved, part)[0, *place] = way
        up, down = margin.under(moves).mean(axis=1)
        assert slope[place] == pytest.approx((up - down) / (2 * step), rel=1e-3)


def test_an_engine_without_a_gradient_is_refused(judges):
    with pytest.raises(RankError, match="must have a gradient to say what decides"):
        find_decisive(CONTESTS[:1], replace(judges, integration=Integration("jax")))
