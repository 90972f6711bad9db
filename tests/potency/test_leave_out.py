"""Potencies in cells made from known numbers: what was put in is found, and a study left out lies in its intervals."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from screen.potency import Tables, estimate_shared, leave_studies_out
from screen.potency.assemble import GUESSES
from screen.potency.leave_out import errors, foretell, weighted_median
from screen.potency.linear import EXACT
from screen.potency.reading import known_estimates
from screen.potency.rows import Row
from screen.scenarios import TARGETS
from screen.tables import read_table

CONFIG = Path(__file__).parents[2] / "config"
DRUGS, STUDIES, READOUTS = 16, 10, 5
EACH = 6
"""Drugs of a study."""

FORETOLD = {
    "drug": pl.String, "panel": pl.String, "setting": pl.String, "read": pl.Boolean, "measured": pl.Float64,
    "foretold": pl.Float64, "sd": pl.Float64,
}  # fmt: skip
"""Columns of what was foretold that errors are made of."""


def made(response, seed=4):
    """Tables of drugs of JAK1, each with a constant that was read and IC50s of two read-outs in some studies.

    Of the true log10 numbers K has sd 0.8, `cell` 0.3, read-outs 0.5, studies 0.25, noise 0.2.
    """
    rng = np.random.default_rng(seed)
    constant = 1.5 * rng.standard_normal(READOUTS)
    setting, panel = 0.5 * rng.standard_normal(READOUTS), 0.25 * rng.standard_normal(STUDIES)
    height = 1.7 + 0.8 * rng.standard_normal(DRUGS)
    cell = 0.3 * rng.standard_normal(DRUGS)
    affinities, cells, responses = [], [], []
    for drug in range(DRUGS):
        for target, true in (("JAK1", height[drug]), ("SRC", 3.5 + 0.7 * rng.standard_normal())):
            affinities.append((f"d{drug}", target, 10 ** (true + 0.3 * rng.standard_normal())))
    for study in range(STUDIES):
        for drug in rng.choice(DRUGS, EACH, replace=False):
            for readout in rng.choice(READOUTS, 2, replace=False):
                key = f"d{drug}", f"s{study}", f"pSTAT{readout}", "IL-6", "cells"
                value = height[drug] + cell[drug] + response * constant[readout] + setting[readout]
                cells.append((*key, 10 ** (value + panel[study] + 0.2 * rng.standard_normal())))
                responses.append((*key, constant[readout], 0.1, "JAK1/JAK1=1.0"))
    key = ["drug", "panel", "measured", "stimulus", "cells"]
    gene = pl.col("target").alias("gene"), pl.col("target").alias("construct")
    affinities = pl.DataFrame(affinities, schema=["drug", "target", "value_nM"], orient="row").with_columns(
        *gene, type=pl.lit("Kd"), relation=pl.lit("="), assay=pl.lit("KINOMEscan binding"),
        atp=pl.lit("none"), mark=pl.lit("read"), citation=pl.lit("made"),
    )  # fmt: skip
    cells = pl.DataFrame(cells, schema=[*key, "ic50_nM"], orient="row").with_columns(
        kind=pl.lit("phospho"), relation=pl.lit("="), free_fraction=1.0, mark=pl.lit("read"), used=True,
        target=pl.lit(None), construct=pl.lit(None), context=pl.lit("cells"),
        network_stimulus=pl.lit("IL6_dose=10"), readout=pl.col("measured"),
    )  # fmt: skip
    tables = Tables(
        affinities,
        read_table(CONFIG / "targets.tsv", TARGETS).filter(pl.col("target").is_in(["JAK1", "SRC"])),
        pl.DataFrame(
            schema={"construct": pl.String, "target": pl.String, "role": pl.String, "contexts": pl.String}
        ),
        cells,
        pl.DataFrame(responses, schema=[*key, "constant", "spread", "weights"], orient="row"),
        frozenset((f"d{drug}", "JAK1") for drug in range(DRUGS)),
        frozenset(),
    )
    return tables, setting


@pytest.mark.parametrize("response", [1.0, 0.0])
def test_what_the_network_is_worth_and_what_it_misses_are_found(response):
    tables, setting = made(response)
    found = known_estimates(estimate_shared(tables, 1, 600))
    value, sd = found["response|STAT"]
    assert value == pytest.approx(response, abs=3 * sd) and sd < 0.4
    offsets = np.array([found[f"setting|pSTAT{index} cells IL6_dose=10 JAK1"] for index in range(READOUTS)])
    assert (np.abs(offsets[:, 0] - setting) < 3 * offsets[:, 1]).all()
    assert found["sd|phospho"][0] == pytest.approx(0.2, abs=0.06)
    assert found["sd|panel"][0] == pytest.approx(0.25, abs=0.12)


def test_a_study_left_out_lies_in_its_intervals():
    tables, _ = made(1.0)
    memory = pl.when(drug="d0").then(pl.lit("memory")).otherwise(pl.lit("read"))
    tables = tables._replace(cells=tables.cells.with_columns(mark=memory))
    groups = [("every", frozenset(tables.cells["drug"]))]
    frame, found = leave_studies_out(tables, groups, 1, 150, lambda line: None)
    assert frame["panel"].n_unique() == STUDIES and frame.height == STUDIES * EACH * 2
    assert frame["read"].to_list() == [drug != "d0" for drug in frame["drug"]]
    assert 0.82 <= found["every"]["in_90"] <= 0.98
    # Better than a study's offset and noise allow would be as wrong: their sd is 0.32, the median of that 0.22.
    assert 0.12 < found["every"]["ic50"] < 0.35
    assert found["every"]["ratio"] < 0.35


def test_errors_are_medians_by_weight_and_ratios_are_of_two_drugs_of_one_read_out_of_one_study():
    """A row from memory, and a ratio with one, counts a third; half of the weight decides, not half of the rows."""
    rows = [
        # Ratios of drugs off by 0.1, -0.3 and 1.1: 0.4 weighs 1, 1.0 and 1.4 a third each.
        ("a", "p", "s", True, 2.0, 2.1, 0.1),
        ("b", "p", "s", True, 3.0, 2.7, 0.1),
        ("c", "p", "s", False, 1.0, 2.1, 1.0),
        # Twice one drug, and drugs of other read-outs or studies: no ratio.
        ("d", "p", "t", False, 1.0, 1.9, 0.5),
        ("d", "p", "t", False, 1.0, 1.8, 0.5),
        ("d", "q", "s", True, 1.0, 1.5, 0.31),
    ]
    found = errors(pl.DataFrame(rows, schema=FORETOLD, orient="row"))
    # |off| 0.1, 0.3 and 0.5 weigh 1, and 0.8, 0.9 and 1.1 a third: half of 4 is reached at 0.3.
    assert found == {
        "rows": 6, "read": 3, "ic50": 0.3, "ic50_read": 0.3, "in_90": round(4 / 6, 3), "ratios": 3, "ratio": 0.4,
    }  # fmt: skip


def test_seven_rows_from_memory_outweigh_two_that_were_read():
    """7/3 against 2."""
    rows = [("a", f"p{row}", "s", False, 1.0, 1.1, 1.0) for row in range(7)]
    rows += [("a", f"q{row}", "s", True, 1.0, 1.9, 1.0) for row in range(2)]
    found = errors(pl.DataFrame(rows, schema=FORETOLD, orient="row"))
    assert (found["ic50"], found["ic50_read"]) == (0.1, 0.9)


def test_a_row_is_foretold_by_the_conjugate_normal_of_the_others_with_its_own_noise():
    """K is N(2, 0.5); a row with noise 0.5 reads 3. One from memory has three times that variance on top of K's."""
    estimates = {f"sd|{name}": (0.5, 9.0) for name in GUESSES} | {"level|JAK1|intended": (2.0, 9.0)}
    terms = (("K|a|JAK1|JAK1|intended", 1.0),)
    seen = Row("a", 3.0, EXACT, 1.0, "ki", terms)
    hidden = Row("a", 99.0, EXACT, 3.0, "ki", terms)
    targets = pl.DataFrame({"target": ["JAK1"], "atp_shift": [1.0], "mark": ["read"]})
    mean, sd = foretell(hidden, [seen], targets, estimates, 1)
    assert mean == pytest.approx(2.5, abs=0.04)
    assert sd == pytest.approx((0.125 + 3 * 0.25) ** 0.5, rel=0.01)


def test_a_weighted_median_is_reached_at_half_of_the_weight_and_of_nothing_there_is_none():
    assert weighted_median(np.array([3.0, 1.0, 2.0]), np.array([1.0, 1.0, 2.0])) == 2.0
    assert weighted_median(np.array([3.0, 1.0]), np.array([1.0, 1.0])) == 1.0
    assert weighted_median(np.array([2.0, 1.0004]), np.array([1.0, 3.0])) == 1.0
    found = errors(pl.DataFrame(schema=FORETOLD))
    assert found["rows"] == found["read"] == found["ratios"] == 0
    assert all(found[name] is None for name in ("ic50", "ic50_read", "in_90", "ratio"))
