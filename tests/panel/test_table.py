"""The panel as a table: what a row may say, and what is refused."""

from pathlib import Path

import polars as pl
import pytest

from screen.errors import NetworkError, PanelError
from screen.experiments import Exposure
from screen.network import check_draws, read_parameters
from screen.panel import PANEL, check_panel, choose_facts, facts_within, read_panel
from screen.panel.grammar import parse_minutes, parse_settings
from screen.tables import DRAWS

GATES = "V01 V02 V03 V08 V09 V12 V14 V17 V18 V19 V20 V22 V26 V27 V30 V31 V34 V39 V42 V45 V49 V50 V51 V52 V58"
CONTESTED = "V35 V36 V46 V47 V55 V56 V62 M01"
INPUTS = "V06 M06 M07"

ROW = {
    "fact": "F1", "check": "a", "tier": "gate", "kind": "quantitative", "statement": "it rises",
    "context": "hepg2", "stimulus": "IL6_dose=10", "ref_stimulus": "none", "readout": "pY705",
    "minutes": "20", "statistic": "ratio", "low": "2", "citation": "somebody", "where": "there", "mark": "read",
}  # fmt: skip


@pytest.fixture
def panel(tmp_path: Path):
    """panel(rows): a file of rows, each the row above with some cells changed."""

    def write(*changes: dict[str, str]) -> Path:
        names = [column.name for column in PANEL.columns]
        lines = ["\t".join(names)]
        lines += ["\t".join((ROW | change).get(name, "") for name in names) for change in changes]
        path = tmp_path / "panel.tsv"
        path.write_text("\n".join(lines) + "\n")
        return path

    return write


def test_all_facts_of_the_dossier_are_there_with_their_tier(world):
    every = [f"V{n:02}" for n in range(1, 69) if n != 29] + [f"M{n:02}" for n in range(1, 8)]
    special = dict.fromkeys(GATES.split(), "gate") | dict.fromkeys(CONTESTED.split(), "contested")
    special |= dict.fromkeys(INPUTS.split(), "input")
    assert {name: fact.tier for name, fact in world.facts.items()} == {
        name: special.get(name, "score") for name in every
    }


def test_facts_say_who_found_them(world):
    assert all(fact.citation and fact.where and fact.mark for fact in world.facts.values())


def test_a_cell_of_settings_is_parsed():
    found, problems = parse_settings("b=2 a=1 drug=3,10,30 until=60 context", 20.0)
    assert not problems
    assert found == Exposure((("a", 1.0), ("b", 2.0), ("drug", 1.0)), ("drug", (3.0, 10.0, 30.0)), 60.0, True)
    assert found.at(10.0).values == (("a", 1.0), ("b", 2.0), ("drug", 10.0))


def test_a_window_becomes_a_grid():
    found, problems = parse_minutes("10-70")
    assert not problems
    assert (found[0], found[-1], len(found)) == (10.0, 70.0, 49)


def test_rows_of_a_fact_share_what_is_said_once(panel):
    (fact,) = read_panel(
        panel({}, {"check": "b", "tier": "", "kind": "", "citation": "", "where": "", "mark": ""})
    )
    assert (fact.tier, fact.citation, len(fact.checks)) == ("gate", "somebody", 2)


WRONG_CELLS = {
    "no bound": ({"low": ""}, "`low`, `high` must not both be empty, found no bound"),
    "bounds reversed": ({"high": "1"}, "`low` must be at most `high`, found 2 and 1"),
    "no reference": ({"ref_stimulus": ""}, "a reference must be given for ratio"),
    "reference not wanted": ({"statistic": "value"}, "no reference must be given for value"),
    "two times": ({"minutes": "20 30"}, "`minutes` must be one time for ratio, found 2"),
    "one time": ({"statistic": "auc_ratio"}, "`minutes` must be at least two times for auc_ratio, found 1"),
    "times that fall": ({"minutes": "30 20"}, "`minutes` must be one time, rising times or a window"),
    "no series": (
        {"statistic": "ic50", "ref_stimulus": ""}, "`treatment` must hold a series of doses for ic50"
    ),
    "series not wanted": ({"stimulus": "IL6_dose=1,10"}, "`stimulus` must hold single values for ratio"),
    "doses that fall": ({"stimulus": "IL6_dose=10,1"}, "`stimulus` must have at most one series, of rising"),
    "no number": ({"stimulus": "IL6_dose=much"}, "`stimulus` must be name=value with numbers of at least 0"),
    "negative": ({"treatment": "ruxolitinib=-5"}, "`treatment` must be name=value with numbers of at least 0"),
    "no citation": ({"citation": ""}, "`citation` must be given in the first row of a fact, found nothing"),
    "contested without sides": ({"tier": "contested"}, "`side` must name two readings of a contested fact"),
    "series in one arm": (
        {"statistic": "ic50_ratio", "treatment": "ruxolitinib=1,10", "ref_treatment": "ruxolitinib=5"},
        "`treatment` must hold a series of doses for ic50_ratio",
    ),
    "one reading": ({"tier": "contested", "side": "left"}, "`side` must name two readings of a contested fact"),
    "side of a gate": ({"side": "left"}, "`side` must name two readings of a contested fact and none of another"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "expected"), WRONG_CELLS.values(), ids=WRONG_CELLS)
def test_a_bad_row_is_named(panel, change, expected):
    with pytest.raises(PanelError) as raised:
        read_panel(panel(change))
    assert any(expected in problem for problem in raised.value.problems)
    assert all(problem.startswith("panel.tsv, F1") for problem in raised.value.problems)


@pytest.mark.parametrize(
    ("tier", "sides"), [("contested", ("left", "")), ("gate", ("left", "")), ("contested", ("a", "b", "c"))]
)
def test_two_readings_are_those_of_every_row_of_a_contested_fact_and_of_no_other(panel, tier, sides):
    rows = [{"check": name, "tier": tier, "side": side} for name, side in zip("abc", sides, strict=False)]
    with pytest.raises(
        PanelError, match="`side` must name two readings of a contested fact and none of another"
    ):
        read_panel(panel(*rows))


def test_a_bound_may_be_one_number(panel):
    ((check,),) = (fact.checks for fact in read_panel(panel({"low": "2", "high": "2"})))
    assert (check.low, check.high) == (2.0, 2.0)


def test_all_problems_are_named_at_once(panel):
    with pytest.raises(PanelError) as raised:
        read_panel(panel({"low": ""}, {"check": "b", "minutes": "x"}))
    assert len(raised.value.problems) == 2


UNKNOWN = {
    "context": ({"context": "mars"}, "`context` must be of contexts.tsv, found mars"),
    "reference": ({"ref_context": "mars"}, "`ref_context` must be of contexts.tsv, found mars"),
    "readout": ({"readout": "pY706"}, "`readout` must be an observable or a species of the network"),
    "drug": ({"treatment": "water=3"}, "`treatment` must be a drug of drugs.tsv, load:<target> or a parameter"),
    "target": ({"treatment": "load:JAK9=3"}, "`treatment` must load a target of the network, found JAK9"),
    "stimulus": ({"stimulus": "IL99_dose=3"}, "`stimulus` must set parameters of the network, found IL99_dose"),
    "genotype": ({"genotype": "JAK9_total=0"}, "`genotype` must set parameters of the network"),
    "hypothesis": ({"hypothesis": "flat_earth"}, "`hypothesis`: hypothesis flat_earth: must be default or of"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "expected"), UNKNOWN.values(), ids=UNKNOWN)
def test_what_the_network_lacks_is_refused(panel, world, change, expected):
    model = world.model
    with pytest.raises(PanelError) as raised:
        check_panel(
            read_panel(panel(change)), world.contexts, world.drugs, model.parameters,
            (*model.observables, *model.species), "panel.tsv",
        )  # fmt: skip
    (problem,) = raised.value.problems
    assert problem.startswith("panel.tsv, F1 a: ") and expected in problem


def test_an_unknown_statistic_is_refused(panel):
    with pytest.raises(Exception, match="`statistic` must be one of value, ratio"):
        read_panel(panel({"statistic": "mood"}))


def test_facts_that_a_smaller_network_can_check_are_kept(world):
    """Without an observable those go that read it, in the arm or in the reference."""
    readable = {*world.model.observables, *world.model.species}
    facts = tuple(world.facts.values())

    def within(readouts):
        return facts_within(facts, world.contexts, world.drugs, world.model.parameters, readouts)

    assert within(readable) == facts
    gone = {
        fact.id
        for fact in facts
        for check in fact.checks
        if "SOCS3_mRNA" in (check.readout, check.ref_readout)
    }
    assert {fact.id for fact in within(readable - {"SOCS3_mRNA"})} == set(world.facts) - gone
    assert 0 < len(gone) < len(facts)
    with pytest.raises(PanelError, match="must leave at least one fact to check, found none"):
        within(set())


def test_facts_can_be_chosen(world):
    facts = tuple(world.facts.values())
    assert [fact.id for fact in choose_facts(facts, ["V02", "V01"])] == ["V01", "V02"]
    with pytest.raises(PanelError, match=r"--facts: must be of the panel .* found V99"):
        choose_facts(facts, ["V99"])


def test_draws_of_another_network_are_refused(world, root):
    table = read_parameters(root / "config/network/parameters.tsv")
    draws = pl.DataFrame({"draw": [0], "parameter": ["STAT3_total"], "value": [1.0]}, schema=DRAWS.dtypes())
    with pytest.raises(
        NetworkError, match=r"draws\.parquet: must hold all .* found none of .* more; run the fit"
    ):
        check_draws(draws, table, world.model.parameters, "draws.parquet")
