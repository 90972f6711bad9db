"""Rows of the linear model from a few measurements, worked by hand: values, sides, weights and what they tell of."""

from math import log10

import polars as pl
import pytest

from screen.potency.linear import ABOVE, BELOW, EXACT
from screen.potency.rows import (
    ELSEWHERE,
    Row,
    Silent,
    Tables,
    family_of,
    gene_of,
    parse_weights,
    read_measured,
    read_rows,
)

TARGETS = pl.DataFrame(
    [("JAK1", "JAK1", 100.0, "memory"), ("MEK", "MAP2K1, MAP2K2", 10.0, "read"),
     ("SH2", "STAT3", 1.0, "fixed"), ("EGFR", "EGFR", 16.0, "assumed")],
    schema=["target", "genes", "atp_shift", "mark"], orient="row",
)  # fmt: skip
CONSTRUCTS = pl.DataFrame(
    [("JAK1_JH2", "JAK1", "other"), ("EGFR_T790M", "EGFR", "variant"), ("EGFR_C797S", "EGFR", "apart")],
    schema=["construct", "target", "role"], orient="row",
)  # fmt: skip
READ = {
    "drug": "a", "target": "JAK1", "gene": "JAK1", "construct": "JAK1", "type": "IC50", "relation": "=",
    "value_nM": 100.0, "assay": "made", "atp": "none", "mark": "read", "citation": "lab",
}  # fmt: skip
IN_CELLS = {
    "drug": "a", "panel": "p", "measured": "pSTAT3", "stimulus": "IL-6", "cells": "HEL", "kind": "phospho",
    "ic50_nM": 100.0, "relation": "=", "free_fraction": 1.0, "mark": "read", "used": True, "target": None,
    "construct": None, "context": "hel", "network_stimulus": "IL6_dose=10", "readout": "pSTAT3",
}  # fmt: skip
ANSWER = {
    "drug": "a", "panel": "p", "measured": "pSTAT3", "stimulus": "IL-6", "cells": "HEL", "constant": 0.5,
    "spread": 0.1, "weights": "JAK1/JAK1=1.0",
}  # fmt: skip


def made(affinities=(), cells=(), responses=()):
    """Tables of these rows, each of what it changes of the first ones."""
    rows = ((READ, affinities), (IN_CELLS, cells), (ANSWER, responses))
    text = {"target": pl.String, "construct": pl.String, "network_stimulus": pl.String}
    read, potencies, answers = (
        pl.DataFrame([first | changed for changed in all_changed], schema_overrides=text)
        if all_changed
        else pl.DataFrame([first], schema_overrides=text).clear()
        for first, all_changed in rows
    )
    intended = frozenset({("a", "JAK1"), ("a", "EGFR")})
    return Tables(read, TARGETS, CONSTRUCTS, potencies, answers, intended, frozenset())


def one(row):
    """The one row that this measurement makes, with its terms by name."""
    (found,), silent = read_rows(made([row]))
    assert not silent
    return found, dict(found.terms)


OWN = {"K|a|JAK1|JAK1|intended": 1.0, "mean|intended": 1.0, "level|JAK1|intended": 1.0}


@pytest.mark.parametrize(
    ("atp", "value", "slope"),
    [("none", 2.0, 1.0), ("km", 2.0 - log10(2), 1.0), ("lysate", 2.0, 0.5),
     # 100 / (1 + 0.1 * 99), whose slope at 100 is 1 - 10 / 10.9
     ("tenth_mM", 2.0 + log10(100 / 10.9) - 2 * (1 - 10 / 10.9), 1 - 10 / 10.9)],
)  # fmt: skip
def test_an_assay_tells_of_the_constant_less_what_the_atp_of_the_target_makes_of_it(atp, value, slope):
    """100 nM at a target with an ATP shift of 100 from memory, which the row tells of too."""
    row, terms = one({"atp": atp})
    assert (row.drug, row.side, row.scale, row.group) == ("a", EXACT, 1.0, "ic50")
    assert row.value == pytest.approx(value, abs=1e-4)
    assert terms.pop("shift|JAK1") == pytest.approx(-slope, abs=1e-4)
    assert terms == OWN | {"family|ic50": 1.0, "study|ic50|a": 1.0}


def test_a_shift_that_was_read_is_no_latent():
    """100 nM beside as much ATP as the Km of a target with a shift of 10 are 500 nM in a cell."""
    row, terms = one({"target": "MEK", "gene": "MAP2K2", "construct": "MAP2K2", "atp": "km", "type": "Ki"})
    assert row.value == pytest.approx(log10(500)) and row.group == "ki"
    assert terms == {
        "K|a|MEK|MAP2K2|other": 1.0, "mean|other": 1.0, "level|MEK|other": 1.0, "family|ki": 1.0, "study|ki|a": 1.0,
    }  # fmt: skip


def test_what_was_read_in_cells_or_at_a_site_without_atp_is_taken_as_it_is():
    row, terms = one({"atp": "cell", "type": "EC50_cell", "mark": "memory"})
    assert (row.value, row.scale, row.group) == (2.0, 3.0, "phospho")
    assert terms == OWN | {"cell|a": 1.0, "panel|lab": 1.0}
    row, terms = one(
        {"target": "SH2", "gene": "STAT3", "construct": "STAT3", "atp": "site", "mark": "assumed"}
    )
    assert (row.value, row.scale, row.group) == (2.0, 3.0, "site")
    assert terms == {"K|a|SH2|STAT3|other": 1.0}


def test_another_site_tells_of_its_assay_and_a_variant_of_its_gene_too():
    row, terms = one({"construct": "JAK1_JH2", "type": "Kd", "assay": "KINOMEscan binding"})
    assert row.value == pytest.approx(4.0) and row.group == "kinomescan"  # the shift of 100 is taken as it is
    assert terms == {f"{ELSEWHERE}|a|JAK1|JAK1_JH2": 1.0, "family|kinomescan": 1.0}
    row, terms = one({"target": "EGFR", "gene": "EGFR", "construct": "EGFR_T790M", "atp": "lysate"})
    assert terms == {
        "K|a|EGFR|EGFR|intended": 1.0, "mean|intended": 1.0, "level|EGFR|intended": 1.0,
        "variant|a|EGFR_T790M": 1.0, "family|ic50": 1.0, "shift|EGFR": pytest.approx(-0.5),
        "study|ic50|a": 1.0,
    }  # fmt: skip


def test_a_number_that_two_list_counts_once():
    """Up to a hundredth of a decade of one kind of number; a Kd is one by any assay."""
    kd = {"type": "Kd", "assay": "KINOMEscan binding"}
    rows, _ = read_rows(
        made([
            kd, kd | {"value_nM": 102.5}, {"type": "Kd", "value_nM": 98.0}, kd | {"value_nM": 103.0},
            kd | {"relation": ">"}, {"type": "Ki"}, {}, kd | {"drug": "b"},
        ])
    )  # fmt: skip
    found = [(row.drug, row.group, round(10**row.value, 1), row.side) for row in rows]
    assert found == [
        ("a", "kinomescan", 100.0, EXACT), ("a", "kinomescan", 103.0, EXACT), ("a", "kinomescan", 100.0, ABOVE),
        ("a", "ki", 100.0, EXACT), ("a", "ic50", 100.0, EXACT), ("b", "kinomescan", 100.0, EXACT),
    ]  # fmt: skip


def test_of_bounds_alone_the_largest_counts_on_the_scale_of_a_cell_and_beside_a_number_they_are_rows():
    bound = {"drug": "b", "relation": ">"}
    bounds = [
        bound | {"value_nM": 3000.0}, bound | {"value_nM": 10_000.0, "atp": "km"},
        bound | {"value_nM": 2000.0, "atp": "lysate"},
    ]  # fmt: skip
    rows, (silent,) = read_rows(made(bounds))
    assert not rows and silent[:3] == ("b", "JAK1", "JAK1")
    assert silent[3:] == pytest.approx((log10(5000), 1.0, 2.0))
    # 18 000 nM in lysate are 180 000 nM in a cell, 3000 nM without ATP 300 000 nM.
    _, (silent,) = read_rows(made([bound | {"value_nM": 18_000.0, "atp": "lysate"}, bounds[0]]))
    assert silent[3:] == pytest.approx((log10(3000), 1.0, 2.0))
    rows, silent = read_rows(made([*bounds, {"drug": "b", "relation": "="}, {"drug": "b", "relation": "<"}]))
    assert not silent and [row.side for row in rows] == [ABOVE, ABOVE, ABOVE, EXACT, BELOW]
    # What was measured in cells is a number too.
    engaged = {"drug": "b", "readout": "engagement", "target": "JAK1", "construct": "JAK1"}
    rows, silent = read_rows(made(bounds, [engaged]))
    assert not silent and [row.side for row in rows] == [ABOVE, ABOVE, ABOVE, EXACT]


def test_a_potency_in_cells_tells_of_every_target_by_its_weight():
    """IC50 40 nM free of 100: weights 0.75 and 0.25, half a decade of load, growth from memory and a bound."""
    cell = {"free_fraction": 0.4, "kind": "growth", "mark": "memory", "relation": ">"}
    answer = {"weights": "MEK/MAP2K1=0.25 JAK1/JAK1=0.75"}
    (row,), _ = read_rows(made(cells=[cell], responses=[answer]))
    assert row == Row("a", pytest.approx(log10(40)), ABOVE, 3.0, "growth", row.terms)
    assert dict(row.terms) == {
        "cell|a": 1.0, "K|a|MEK|MAP2K1|other": 0.25, "mean|other": 0.25, "level|MEK|other": 0.25,
        "K|a|JAK1|JAK1|intended": 0.75, "mean|intended": 0.75, "level|JAK1|intended": 0.75, "panel|p": 1.0,
        "setting|pSTAT3 hel IL6_dose=10 JAK1": 1.0, "response|STAT": 0.5, "growth": 1.0,
    }  # fmt: skip


def test_terms_of_two_constructs_of_one_target_add_and_another_read_out_has_its_own_response():
    other = {"readout": "pERK", "network_stimulus": None}
    answer = {"weights": "EGFR/EGFR_T790M=0.7 EGFR/EGFR=0.5", "constant": -0.2}
    (row,), _ = read_rows(made(cells=[other], responses=[answer]))
    assert row.group == "phospho" and row.scale == 1.0
    assert dict(row.terms) == pytest.approx({
        "cell|a": 1.2, "K|a|EGFR|EGFR|intended": 1.2, "mean|intended": 1.2, "level|EGFR|intended": 1.2,
        "variant|a|EGFR_T790M": 0.7, "panel|p": 1.0, "setting|pERK hel none EGFR": 1.0, "response|pERK": -0.2,
    })  # fmt: skip


def test_engagement_is_the_target_itself_and_a_read_out_without_an_answer_tells_nothing():
    engaged = {
        "readout": "engagement", "measured": "NanoBRET", "stimulus": "none (30 min)", "target": "EGFR",
        "construct": "EGFR_C797S",
    }  # fmt: skip
    tables = made(cells=[engaged, {"cells": "another"}, {"used": False}], responses=[ANSWER])
    assert read_rows(tables) == ([], [])
    _, _, (row,), silent = read_measured(tables)
    assert not silent and dict(row.terms) == {
        "cell|a": 1.0, "K|a|EGFR|EGFR_C797S|intended": 1.0, "mean|intended": 1.0, "level|EGFR|intended": 1.0,
        "panel|p": 1.0, "setting|NanoBRET none EGFR": 1.0,
    }  # fmt: skip


def test_repeats_of_one_experiment_are_one_row_at_their_mean():
    cells = [{"ic50_nM": 10.0}, {"ic50_nM": 1000.0, "cells": "HEL 2"}, {"ic50_nM": 30.0, "relation": "<"}]
    rows, _ = read_rows(made(cells=cells, responses=[{}, {"cells": "HEL 2"}]))
    assert [(row.value, row.side) for row in rows] == [
        (pytest.approx(2.0), EXACT),
        (pytest.approx(log10(30)), BELOW),
    ]


def test_bounds_of_a_variant_apart_are_apart():
    apart = {"target": "EGFR", "gene": "EGFR", "construct": "EGFR_C797S", "relation": ">"}
    tables = made([apart, apart | {"construct": "EGFR"}])
    two = pytest.approx(2.0), pytest.approx(1.0), pytest.approx(log10(16))
    assert read_rows(tables) == ([], [Silent("a", "EGFR", "EGFR", *two)])
    assert read_measured(tables)[2:] == ([], [Silent("a", "EGFR", "EGFR_C797S", *two)])


def test_names_of_assays_constructs_and_weights_are_taken_apart():
    assert family_of("Kd", "KINOMEscan binding, no ATP", "none") == "kinomescan"
    assert family_of("IC50", "kinobeads in lysate", "lysate") == "kinobeads"
    assert [family_of(kind, None, "none") for kind in ("Kd", "Kd_apparent", "Ki", "IC50")] == [
        "binding", "kinobeads", "ki", "ic50",
    ]  # fmt: skip
    assert family_of("Kd", "KINOMEscan binding", "cell") == "phospho"
    assert gene_of("EGFR_L858R_T790M") == "EGFR" and gene_of("ALK") == "ALK"
    assert parse_weights("JAK1/JAK1=0.75 MEK/MAP2K1=-0.5") == {
        ("JAK1", "JAK1"): 0.75,
        ("MEK", "MAP2K1"): -0.5,
    }
    assert parse_weights("") == {}
