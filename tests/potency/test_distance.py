"""Pairs of a variant and its gene by hand, and how far a variant lies where it was not measured."""

from math import hypot, log10

import numpy as np
import polars as pl
import pytest
from scipy.stats import truncnorm

from screen.potency import Site, draw_constants
from screen.potency.assemble import GUESSES as GUESSES_OF_ALL
from screen.potency.distance import CENTRE, GUESSES, Pair, distance_of, estimate_distances, read_pairs
from screen.potency.linear import ABOVE, BELOW, EXACT
from screen.potency.reading import known_estimates
from tests.potency.test_rows import made

EGFR = {"target": "EGFR", "gene": "EGFR", "construct": "EGFR"}
T790M, C797S = EGFR | {"construct": "EGFR_T790M"}, EGFR | {"construct": "EGFR_C797S"}


def tables_of(affinities, cells=()):
    """Tables in which drugs bind the two variants of EGFR otherwise than the gene."""
    tables = made(affinities, cells)
    return tables._replace(constructs=tables.constructs.with_columns(binding=pl.lit("changed")))


def test_a_pair_is_the_mean_of_repeats_in_one_study_and_assay():
    """Gene 10 and 1000 nM, T790M 10 000 nM: a hundredfold. C797S was read in another assay, JH2 is no variant."""
    tables = tables_of([
        EGFR | {"value_nM": 10.0}, EGFR | {"value_nM": 1000.0}, T790M | {"value_nM": 10_000.0},
        C797S | {"assay": "another"}, {}, {"construct": "JAK1_JH2"},
    ])  # fmt: skip
    assert read_pairs(tables) == [Pair("a", "EGFR_T790M", pytest.approx(2.0), EXACT)]


@pytest.mark.parametrize(
    ("gene", "variants", "side"),
    [("=", "==", EXACT), ("=", "=>", ABOVE), ("=", "<=", BELOW), (">", "==", BELOW), ("<", "==", ABOVE)],
)
def test_a_bound_of_the_gene_lies_on_the_other_side(gene, variants, side):
    tables = tables_of(
        [EGFR | {"relation": gene}, *(T790M | {"relation": relation} for relation in variants)]
    )
    assert read_pairs(tables) == [Pair("a", "EGFR_T790M", 0.0, side)]


def test_two_bounds_are_no_pair_and_engagement_in_cells_is_one():
    bounds = [EGFR | {"relation": ">"}, T790M | {"relation": ">"}]
    engaged = {"readout": "engagement", "ic50_nM": 30.0, "target": "EGFR", "construct": "EGFR"}
    changed = {"construct": "EGFR_C797S", "cells": "another", "ic50_nM": 300.0}
    cells = [engaged, engaged | changed]
    assert read_pairs(tables_of(bounds, cells)) == [Pair("a", "EGFR_C797S", pytest.approx(1.0), EXACT)]
    not_used = [engaged, engaged | changed | {"used": False}]
    other = [engaged, engaged | changed | {"readout": "pEGFR"}]
    assert read_pairs(tables_of(bounds, not_used)) == read_pairs(tables_of(bounds, other)) == []


def test_a_variant_lies_as_far_as_was_found_and_one_without_pairs_as_its_group():
    """`a` was made for EGFR, `b` was not. What differs from drug to drug comes on top."""
    tables = tables_of([EGFR])
    known = {
        "distance|changed|intended": (1.0, 0.3), "distance|changed|intended|EGFR_T790M": (0.7, 0.5),
        "sd|distance|changed|intended": (0.4, 9.0), "sd|own|changed|intended": (1.2, 9.0),
        "distance|changed|other": (-0.2, 0.1), "sd|distance|changed|other": (0.2, 9.0),
        "sd|own|changed|other": (0.3, 9.0),
    }  # fmt: skip
    assert distance_of("EGFR_T790M", "a", tables, known) == pytest.approx((0.7, 1.3))
    assert distance_of("EGFR_C797S", "a", tables, known) == pytest.approx((1.0, 1.3))
    assert distance_of("EGFR_T790M", "b", tables, known) == pytest.approx((-0.2, hypot(0.1, 0.2, 0.3)))


FIXED = {f"sd|{name}": 0.5 for name in GUESSES_OF_ALL} | {
    "mean|other": 3.0, "family|kinomescan": 0.0, "shift|EGFR": 1.2, "sd|cell": 2.0, "sd|distance|changed|other": 0.6,
    "sd|own|changed|other": 0.8, "distance|changed|other": 1.0, "binder share": 0.99,
}  # fmt: skip
"""What drugs share, by hand: much is not known of a drug in cells."""


def drawn(rows, **told):
    """Constants of drug b [draws] by site, 1 of 100 assumed not to bind where nothing but a bound is known."""
    estimates = {name: (value, 0.0) for name, value in (FIXED | told).items()}
    found = draw_constants(tables_of(rows), estimates, ("b",), 20_000, 1)
    return dict(zip(found.sites, found.log10_nM[:, 0].T, strict=True))


def test_a_bound_of_a_variant_is_one_of_its_constant_whatever_the_drug_does_in_cells():
    """The gene at 10 nM is 10^2.2 in a cell, surely; the variant above 300 nM lies above 10^3.68, of N(3.2, 1)."""
    kd = {"type": "Kd", "assay": "KINOMEscan binding", "drug": "b"}
    rows = [EGFR | kd | {"value_nM": 10.0}, T790M | kd | {"value_nM": 300.0, "relation": ">"}]
    found = drawn(rows, **{"sd|kinomescan": 1e-3})
    gene, variant = found[Site("EGFR")], found[Site("EGFR", "EGFR_T790M")]
    assert gene.mean() == pytest.approx(2.2, abs=0.05) and gene.std() == pytest.approx(2.0, rel=0.02)
    least = log10(300.0) + 1.2 - 2.2
    above = truncnorm(least - 1.0, np.inf, loc=1.0)
    assert (variant - gene).min() > least - 0.01
    assert (variant - gene).mean() == pytest.approx(above.mean(), abs=0.02)
    assert (variant - gene).std() == pytest.approx(above.std(), abs=0.02)
    free = found[Site("EGFR", "EGFR_C797S")] - gene
    assert (free.mean(), free.std()) == (pytest.approx(1.0, abs=0.03), pytest.approx(1.0, rel=0.03))


def test_what_a_drug_does_in_cells_moves_what_lies_beyond_a_bound_too():
    """Above 10^3.2 of N(3, 0.5), and N(0, 2) on top, which targets share."""
    kd = {"type": "Kd", "assay": "KINOMEscan binding", "drug": "b", "relation": ">", "value_nM": 100.0}
    found = drawn([EGFR | kd])[Site("EGFR")]
    found = found[np.isfinite(found)]
    beyond = truncnorm(0.2 / 0.5**0.5, np.inf, loc=3.0, scale=0.5**0.5)
    assert found.mean() == pytest.approx(beyond.mean(), abs=0.07)
    assert found.std() == pytest.approx(hypot(beyond.std(), 2.0), rel=0.03)


def test_distances_are_those_that_were_put_in():
    """20 drugs that were made for it bind T790M 100 times less well, 20 others as well as the gene."""
    drugs = [f"{made_for}{index}" for made_for in "xy" for index in range(20)]
    rows = [
        construct | {"drug": drug, "value_nM": 100.0 if construct is T790M and drug[0] == "x" else 1.0}
        for drug in drugs
        for construct in (EGFR, T790M)
    ]  # fmt: skip
    tables = tables_of(rows)._replace(intended=frozenset((drug, "EGFR") for drug in drugs if drug[0] == "x"))
    frame = estimate_distances(tables, 1, 90)
    found = known_estimates(frame)
    assert found["distance|changed|intended|EGFR_T790M"][0] == pytest.approx(2.0, abs=0.15)
    assert found["distance|changed|other|EGFR_T790M"][0] == pytest.approx(0.0, abs=0.15)
    # One variant says little of its group: the mean lies between its distance and 0.
    assert 0.3 < found["distance|changed|intended"][0] < 1.7
    # Nothing differs from drug to drug: the guess is 4 of 24 values.
    assert found["sd|own|changed|intended"][0] == pytest.approx(0.5 * (4 / 24) ** 0.5, rel=0.2)
    assert frame["value"].equals(frame["value"].round(4)) and frame["sd"].equals(frame["sd"].round(4))
    meaning = dict(frame.select("name", "meaning").iter_rows())
    assert (
        meaning["sd|own|changed|other"]
        == meaning["sd|distance|changed|other"]
        != meaning["distance|changed|other"]
    )
    assert len(found) == 8


def test_what_is_assumed_before_any_pair_is_seen():
    """Another guess is another assumption, which `estimates.tsv` is to be made anew under."""
    assert GUESSES == {"distance": 0.4, "own": 0.5} and CENTRE == (0.0, 0.5)
