"""The panel run: against libRoadRunner, whatever the batch, contested facts both ways, failed lanes counted."""

import numpy as np
import polars as pl
import pytest

from screen.experiments import SIGMA
from screen.kernel import choose_engine
from screen.network import compose_network
from screen.panel import Bench, Finding, PanelTables, find, summarise, validation_table, verdict
from screen.simulate import Integration
from screen.tables import DRAWS, VALIDATION, check_table
from tests.network.cells import Cell


def quiet(line: str) -> None:
    """Progress to nobody."""


@pytest.fixture(scope="module")
def engine() -> str:
    return choose_engine()[0]


@pytest.fixture(scope="module")
def run(world, engine):
    """run(fact ids): their findings at the nominal parameters, or under draws."""

    def checked(*names: str, draws=None, batch: int = 256, max_steps: int = 100_000) -> list[Finding]:
        checks = [check for name in names for check in world.facts[name].checks]
        tables = PanelTables(world.model, world.contexts, world.drugs)
        bench = Bench(checks, tables, Integration(engine, 1e-6, 1e-9, max_steps, None, batch))
        return find(bench, checks, bench(bench.draws(draws, seed=1), quiet))

    return checked


@pytest.fixture(scope="module")
def draws(world) -> pl.DataFrame:
    """Five draws: two rates moved, every drug with a residual of its own."""
    rows = []
    for draw, factor in enumerate((0.6, 0.8, 1.0, 1.2, 1.5)):
        for name in ("k_gp130_STAT3", "k_PTPN2"):
            rows.append((draw, name, factor * world.model.values[world.model.parameters.index(name)]))
        rows += [(draw, SIGMA + name, 1 / factor) for name in world.drugs.drugs]
    return pl.DataFrame(rows, schema=DRAWS.dtypes(), orient="row")


def test_values_are_those_of_libroadrunner(world, run, root):
    """V03: background, two times, one trajectory."""
    sbml = compose_network(root / "config/network")
    for finding in run("V03"):
        record = world.contexts.contexts[finding.check.arm.context]
        cell = Cell(sbml, {setting.parameter: setting.value for setting in record.totals})
        stimulus = dict(finding.check.arm.stimulus.values)
        early, late = cell.run([30, 180], ("pY705_level",), stimulus=stimulus)[:, 0]
        basal = cell.run([30, 180], ("pY705_level",), stimulus={})[:, 0]
        assert finding.values == pytest.approx([(late - basal[1]) / (early - basal[0])], rel=1e-3)


def test_a_pretreated_genotype_is_that_of_libroadrunner(world, run, root):
    """V51: no JAK1 from rest on."""
    sbml = compose_network(root / "config/network")
    record = world.contexts.contexts["hepatocyte_mouse"]
    totals = {setting.parameter: setting.value for setting in record.totals}
    with_, without = (Cell(sbml, totals | {"JAK1_total": total}) for total in (totals["JAK1_total"], 0.0))
    expected = without.at(30, "pY705_level", stimulus={"IL6_dose": 10}) / with_.at(
        30, "pY705_level", stimulus={"IL6_dose": 10}
    )
    assert run("V51")[0].values == pytest.approx([expected], rel=1e-3)


def test_the_batch_does_not_matter(run, draws):
    names = ("V01", "V05", "V09", "V11")
    whole, parts = run(*names, draws=draws), run(*names, draws=draws, batch=7)
    for one, other in zip(whole, parts, strict=True):
        np.testing.assert_array_equal(one.values, other.values)
        assert len(one.values) == 5


def test_a_draw_is_what_it_is_alone(run, draws):
    """Its rates, its resting states in two cells and its constants."""
    names = ("V01", "V08", "V35")
    together = run(*names, draws=draws)
    for draw in (0, 3):
        alone = run(*names, draws=draws.filter(pl.col("draw") == draw))
        for one, other in zip(together, alone, strict=True):
            assert one.values[draw] == pytest.approx(other.values[0], rel=1e-9)
    assert sum(np.ptp(one.values) > 1e-3 for one in together) > 1


def test_more_residual_moves_an_ic50(run, draws):
    """sigma of a drug multiplies its constants, so an IC50 follows it where nothing else moves it as much."""
    found = run("V08", draws=draws)[0].values
    assert (np.diff(found) < 0).all()


def test_a_contested_fact_holds_both_ways(world, run):
    """V35: direct under alk_direct, through JAK3 under alk_jak3; each fails under the other's bound."""
    table = validation_table([world.facts["V35"]], run("V35"))
    assert table["side"].unique(maintain_order=True).to_list() == ["direct", "through JAK3"]
    assert table["fact_passes"].all()
    direct, through = table["p50"].to_list()
    assert direct > 0.8 > 0.5 > through


def test_lanes_that_fail_are_counted_and_do_not_pass(world, run):
    found = run("V01", max_steps=1)
    assert all(finding.failed.all() and not finding.passed.any() for finding in found)
    table = validation_table([world.facts["V01"]], found)
    check_table(table, VALIDATION, "validation")
    assert table["failed"].to_list() == [1, 1]
    assert table["p50"].null_count() == 2
    assert "gates that do not: V01; 2 checks lost" in verdict(table)


def test_a_fact_passes_where_all_its_checks_do(world):
    """Two checks that pass in different draws: the fact holds in the draws they share."""
    first, second = world.facts["V01"].checks
    findings = [
        Finding(check, np.ones(5), np.array(passed), np.zeros(5, dtype=bool))
        for check, passed in ((first, [True] * 4 + [False]), (second, [False] + [True] * 4))
    ]
    table = validation_table([world.facts["V01"]], findings)
    assert table["probability"].to_list() == [0.8, 0.8]
    assert table["fact_probability"].to_list() == [0.6, 0.6]
    assert summarise(table)["gates"] == {"passed": 0, "of": 1, "failing": {"V01": 0.6}}
    assert summarise(table)["scores"] == {"passed": 0, "of": 0, "failing": {}}
