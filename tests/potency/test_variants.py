"""Variants that a cell can carry: constants by the shipped tables and in closed form, and what they leave alone."""

import numpy as np
import polars as pl
import pytest

from screen.potency import Potency, Site, draw_constants, estimate_distances
from screen.potency.distance import distance_of, read_pairs
from screen.potency.linear import ABOVE, BELOW
from screen.potency.reading import known_estimates
from tests.potency.test_posterior import SEED, only, shipped

__all__ = ["shipped"]

DRAWS = 20_000


def with_construct(tables, construct, target, role):
    """The tables with one construct more."""
    row = {"construct": construct, "target": target, "role": role, "binding": "changed", "source": "made"}
    return tables._replace(constructs=pl.concat([tables.constructs, pl.DataFrame([row])]))


def with_potency(tables, like, **changed):
    """The tables with a potency in cells like another one, but for some columns."""
    row = tables.cells.filter(pl.all_horizontal(pl.col(name) == value for name, value in like.items())).head(
        1
    )
    assert row.height == 1
    new = row.with_columns(pl.lit(value).alias(name) for name, value in changed.items())
    return tables._replace(cells=pl.concat([tables.cells, new]))


def middle(shipped, drug, target, variant=""):
    found = draw_constants(shipped.tables, shipped.estimates, [drug], 400, SEED)
    return 10.0 ** np.median(found.log10_nM[:, 0, found.sites.index(Site(target, variant))])


def test_osimertinib_acts_on_t790m_and_gefitinib_does_not(shipped):
    """Cross 2014, pEGFR: H1975 (L858R/T790M) 15 and 3100 nM, LoVo (wild type) 480 and 59 nM."""
    mutant = "EGFR_L858R_T790M"
    for drug, low, high in (("osimertinib", 5, 50), ("gefitinib", 1000, 10_000)):
        assert low < middle(shipped, drug, "EGFR", mutant) < high
    assert middle(shipped, "osimertinib", "EGFR") > 3 * middle(shipped, "osimertinib", "EGFR", mutant)
    assert middle(shipped, "gefitinib", "EGFR") < 100
    assert middle(shipped, "gefitinib", "EGFR", "EGFR_T790M") > 1.5 * middle(shipped, "gefitinib", "EGFR")


def test_g1202r_resists_all_alk_drugs_and_lorlatinib_least(shipped):
    """Gainor 2016, pALK in Ba/F3: G1202R 382, 124, 707, 130 and 49.9 nM, wild type 38.6, 4.9, 11.4, 10.7 and 2.3."""
    drugs = ("crizotinib", "ceritinib", "alectinib", "brigatinib", "lorlatinib")
    mutant = {drug: middle(shipped, drug, "ALK", "ALK_G1202R") for drug in drugs}
    assert all(mutant[drug] > 3 * middle(shipped, drug, "ALK") for drug in drugs)
    assert min(mutant, key=mutant.get) == "lorlatinib" and max(mutant, key=mutant.get) == "alectinib"
    assert middle(shipped, "crizotinib", "ALK", "ALK_L1198F") < middle(shipped, "crizotinib", "ALK") / 5


@pytest.mark.parametrize("role", ["variant", "apart"])
def test_one_more_variant_changes_no_other_constant(shipped, role):
    """Neither one without rows, nor rows of one apart: potencies in cells, and bounds among affinities."""
    drugs = ("ruxolitinib", "osimertinib", "vemurafenib")
    before = draw_constants(shipped.tables, shipped.estimates, drugs, 16, SEED)
    tables = with_construct(shipped.tables, "JAK2_V617F", "JAK2", role)
    if role == "apart":
        like = {"drug": "ruxolitinib", "cells": "HEL"}
        tables = with_potency(tables, like, construct="JAK2_V617F", cells="made", ic50_nM=5000.0)
        bound = tables.affinities.filter(
            (pl.col("drug") == "osimertinib") & (pl.col("target") == "EGFR")
        ).head(1)
        named = {"gene": "JAK2", "construct": "JAK2_V617F", "target": "JAK2", "relation": ">"}
        tables = tables._replace(
            affinities=pl.concat(
                [tables.affinities, bound.with_columns(pl.lit(v).alias(k) for k, v in named.items())]
            )
        )
    after = draw_constants(tables, shipped.estimates, drugs, 16, SEED)
    assert len(after.sites) == len(before.sites) + 1
    kept = [after.sites.index(site) for site in before.sites]
    assert after.log10_nM[:, :, kept].tobytes() == before.log10_nM.tobytes()
    new = after.log10_nM[:, 0, after.sites.index(Site("JAK2", "JAK2_V617F"))]
    wild = before.log10_nM[:, 0, before.sites.index(Site("JAK2"))]
    assert (np.median(new) > np.median(wild) + 0.8) == (role == "apart")


def test_a_variant_without_rows_is_as_far_from_the_wild_type_as_for_other_drugs_and_named(shipped):
    found = draw_constants(shipped.tables, shipped.estimates, ["TAE684"], DRAWS, SEED)
    wild, variant = (
        found.log10_nM[:, 0, found.sites.index(Site("ALK", name))] for name in ("", "ALK_G1202R")
    )
    mean, sd = shipped.estimates["distance|changed|intended|ALK_G1202R"]
    own, _ = shipped.estimates["sd|own|changed|intended"]
    assert 0.8 < mean < 1.5 and own > 0.5
    assert (variant - wild).mean() == pytest.approx(mean, abs=0.02)
    assert (variant - wild).std() == pytest.approx(np.hypot(sd, own), rel=0.03)
    potency = Potency(shipped.tables, shipped.estimates, "")
    missing = potency.unmeasured("ALK", "ALK_G1202R")
    assert "TAE684" in missing and {"crizotinib", "lorlatinib", "alectinib"}.isdisjoint(missing)


def test_a_bound_in_affinities_alone_does_not_count_as_measured(shipped):
    """Crizotinib: EGFR T790M above 10 000 nM is all that is known, EGFR 2692 nM."""
    potency = Potency(shipped.tables, shipped.estimates, "")
    missing = potency.unmeasured("EGFR", "EGFR_T790M")
    assert "crizotinib" in missing and "gefitinib" not in missing
    assert "lorlatinib" not in missing  # it was not seen to bind EGFR at all


def test_a_variant_apart_read_once_in_cells_is_the_conjugate_normal(shipped):
    """K = N(mean, K^2) read as K + cell + panel, with `cell` known in each draw: what is drawn is K + cell."""
    known = {name: value for name, (value, _) in shipped.estimates.items()}
    row = only(shipped.tables, "osimertinib").affinities.filter(pl.col("construct") == "EGFR_L858R_T790M")
    tables = shipped.tables._replace(affinities=row, cells=shipped.tables.cells.clear())
    prior, cell = known["sd|K intended"] ** 2, known["sd|cell"] ** 2
    noise = known["sd|phospho"] ** 2 + known["sd|panel"] ** 2
    share = prior / (prior + noise)
    found = draw_constants(tables, shipped.estimates, ("osimertinib",), DRAWS, SEED)
    drawn = found.log10_nM[:, 0, found.sites.index(Site("EGFR", "EGFR_L858R_T790M"))]
    height = known["mean|intended"] + known["level|EGFR|intended"]
    middle = height + share * (np.log10(15.0) - height)
    assert drawn.mean() == pytest.approx(middle, abs=0.02)
    assert drawn.std() == pytest.approx(np.sqrt(share * noise + (1 - share) ** 2 * cell), rel=0.03)
    assert np.isinf(found.log10_nM[:, 0, found.sites.index(Site("EGFR"))]).all()


def test_a_bound_of_a_variant_apart_in_cells_holds(shipped):
    """Dasatinib on ABL1 T315I: growth is not halved at 10 000 nM; on the wild type it is at 2 nM."""
    assert middle(shipped, "dasatinib", "ABL1", "ABL1_T315I") > 3000
    assert middle(shipped, "dasatinib", "ABL1") < 10


def test_a_variant_seen_only_not_to_bind_lies_beyond_its_bound(shipped):
    """Lapatinib on EGFR L858R/T790M: no binding up to 10 000 nM; on the wild type 2.4 nM. It is truncated there."""
    site = Site("EGFR", "EGFR_L858R_T790M")
    mean, sd = distance_of(site.variant, "lapatinib", shipped.tables, shipped.estimates)
    found = draw_constants(shipped.tables, shipped.estimates, ["lapatinib"], DRAWS, SEED)
    off = (
        found.log10_nM[:, 0, found.sites.index(site)] - found.log10_nM[:, 0, found.sites.index(Site("EGFR"))]
    )
    assert middle(shipped, "lapatinib", "EGFR", site.variant) > 5000
    assert np.median(off) > mean + sd
    assert "lapatinib" in Potency(shipped.tables, shipped.estimates, "").unmeasured(*site)


def test_distances_of_variants_move_no_wild_type(shipped):
    moved = {
        name: (v + 1.0, 2 * s) if "distance" in name else (v, s) for name, (v, s) in shipped.estimates.items()
    }
    drugs = ("osimertinib", "lapatinib", "TAE684", "imatinib")
    before, after = (
        draw_constants(shipped.tables, known, drugs, 64, SEED) for known in (shipped.estimates, moved)
    )
    wild = [index for index, site in enumerate(before.sites) if not site.variant]
    assert before.log10_nM[:, :, wild].tobytes() == after.log10_nM[:, :, wild].tobytes()
    assert not np.array_equal(before.log10_nM, after.log10_nM)


def test_variants_of_a_kinase_domain_leave_an_antibody_alone(shipped):
    found = draw_constants(shipped.tables, shipped.estimates, ["cetuximab"], 64, SEED)
    wild, *variants = (index for index, site in enumerate(found.sites) if site.target == "EGFR")
    assert len(variants) == 4
    assert all(
        found.log10_nM[:, 0, index].tobytes() == found.log10_nM[:, 0, wild].tobytes() for index in variants
    )


def test_a_new_variant_lies_as_far_as_its_group(shipped):
    tables = with_construct(shipped.tables, "JAK2_V617F", "JAK2", "apart")
    for drug, group in (("ruxolitinib", "changed|intended"), ("dasatinib", "changed|other")):
        mean, sd = distance_of("JAK2_V617F", drug, tables, shipped.estimates)
        spread = [shipped.estimates[name] for name in (f"sd|distance|{group}", f"sd|own|{group}")]
        centre = shipped.estimates[f"distance|{group}"]
        assert mean == centre[0]
        assert sd == pytest.approx(np.sqrt(centre[1] ** 2 + sum(value**2 for value, _ in spread)))


def test_pairs_are_of_one_study_and_a_bound_keeps_its_side(shipped):
    pairs = {(pair.drug, pair.variant): pair for pair in read_pairs(shipped.tables)}
    assert pairs["lorlatinib", "ALK_G1202R"].value == pytest.approx(np.log10(49.9 / 2.3))
    assert pairs["lapatinib", "EGFR_L858R_T790M"].side == ABOVE
    assert pairs["dovitinib", "EGFR_T790M"].side == BELOW  # the gene is the bound
    assert ("osimertinib", "EGFR_L858R_T790M") not in pairs  # its wild type was read in another study


def test_a_drug_left_out_lies_where_the_others_say(shipped):
    """ALK drugs of Gainor 2016, one left out at a time: 90 % intervals hold, which 0 with a spread of 0.35 do not."""
    inside, before = [], []
    for drug in ("crizotinib", "ceritinib", "alectinib", "brigatinib", "lorlatinib"):
        keep = pl.col("drug") != drug
        rest = shipped.tables._replace(
            affinities=shipped.tables.affinities.filter(keep), cells=shipped.tables.cells.filter(keep)
        )
        known = known_estimates(estimate_distances(rest, SEED, 150))
        for pair in read_pairs(shipped.tables):
            if pair.drug == drug and pair.variant.startswith("ALK") and not pair.side:
                mean, sd = distance_of(pair.variant, drug, rest, known)
                inside.append(abs(pair.value - mean) < 1.645 * sd)
                before.append(abs(pair.value) < 1.645 * 0.35)
    assert len(inside) > 50
    assert 0.8 < np.mean(inside) < 0.98
    assert np.mean(before) < 0.7
