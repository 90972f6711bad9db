"""Potencies in cells made from known numbers: what was put in is found, and a study left out lies in its intervals."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from screen.potency import Tables, estimate_shared, leave_studies_out
from screen.potency.reading import known_estimates
from screen.scenarios import TARGETS
from screen.tables import read_table

CONFIG = Path(__file__).parents[2] / "config"
DRUGS, STUDIES, READOUTS = 16, 10, 5
EACH = 6
"""Drugs of a study."""


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
    groups = [("every", frozenset(tables.cells["drug"]))]
    frame, found = leave_studies_out(tables, groups, 1, 150, lambda line: None)
    assert frame["panel"].n_unique() == STUDIES and frame.height == STUDIES * EACH * 2
    assert 0.82 <= found["every"]["in_90"] <= 0.98
    # Better than a study's offset and noise allow would be as wrong: their sd is 0.32, the median of that 0.22.
    assert 0.12 < found["every"]["ic50"] < 0.35
    assert found["every"]["ratio"] < 0.35
