"""Posteriors of drugs: by the shipped tables, and by small ones whose answer is a closed form."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy.stats import norm, truncnorm

from screen.potency import (
    ESTIMATES,
    Potency,
    Site,
    draw_constants,
    estimate_distances,
    estimate_shared,
    read_estimates,
    read_potency_tables,
    read_potent_drugs,
)
from screen.potency.leave_out import errors
from screen.potency.rows import Silent, read_rows
from screen.tables import read_table

CONFIG = Path(__file__).parents[2] / "config"
SEED = 1


@dataclass(frozen=True)
class Shipped:
    """The shipped tables and what was estimated from them."""

    tables: object
    estimates: dict


@pytest.fixture(scope="module")
def shipped():
    tables = read_potency_tables(
        CONFIG / "potency", CONFIG / "drugs.tsv", CONFIG / "affinities.tsv", CONFIG / "targets.tsv"
    )
    return Shipped(tables, read_estimates(CONFIG / "potency" / "estimates.tsv", tables))


def only(tables, drug):
    """The tables with this drug's rows alone."""
    keep = pl.col("drug") == drug
    return tables._replace(affinities=tables.affinities.filter(keep), cells=tables.cells.filter(keep))


@pytest.mark.parametrize("drug", ["ruxolitinib", "apitolisib", "tofacitinib", "niclosamide"])
def test_a_drug_does_not_change_with_what_else_is_in_the_tables(shipped, drug):
    every = draw_constants(shipped.tables, shipped.estimates, ("baricitinib", drug, "imatinib"), 16, SEED)
    alone = draw_constants(only(shipped.tables, drug), shipped.estimates, (drug,), 16, SEED)
    assert every.log10_nM[:, 1].tobytes() == alone.log10_nM[:, 0].tobytes()


def test_two_drugs_with_the_same_rows_have_streams_of_their_own(shipped):
    twin = shipped.tables.affinities.filter(pl.col("drug") == "tofacitinib").with_columns(
        pl.lit("twin").alias("drug")
    )
    tables = only(shipped.tables, "tofacitinib")
    tables = tables._replace(
        affinities=pl.concat([tables.affinities, twin]),
        intended=tables.intended | {("twin", target) for _, target in tables.intended},
    )
    found = draw_constants(tables, shipped.estimates, ("tofacitinib", "twin"), 64, SEED).log10_nM
    first, second = found[:, 0, 0], found[:, 1, 0]
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.4


def test_one_assay_of_one_drug_is_the_conjugate_normal(shipped):
    """K = N(mean + level, K^2); the row reads K - shift + family with noise and study; the cell adds N(0, cell^2)."""
    row = shipped.tables.affinities.filter(
        (pl.col("drug") == "baricitinib") & (pl.col("target") == "JAK1")
    ).head(1)
    empty = shipped.tables.cells.clear()
    tables = shipped.tables._replace(affinities=row, cells=empty)
    known = {name: value for name, (value, _) in shipped.estimates.items()}
    prior = known["sd|K intended"] ** 2
    noise = known["sd|ic50"] ** 2 + known["sd|study|ic50"] ** 2
    read = np.log10(5.9) + known["shift|JAK1"] - np.log10(2) - known["family|ic50"]
    height = known["mean|intended"] + known["level|JAK1|intended"]
    mean = height + prior / (prior + noise) * (read - height)
    sd = np.sqrt(prior * noise / (prior + noise) + known["sd|cell"] ** 2)
    constants = draw_constants(tables, shipped.estimates, ("baricitinib",), 40_000, SEED)
    found = constants.log10_nM[:, 0, constants.sites.index(Site("JAK1"))]
    assert found.mean() == pytest.approx(mean, abs=0.02)
    assert found.std() == pytest.approx(sd, abs=0.02)
    assert np.isinf(np.delete(constants.log10_nM[:, 0], constants.sites.index(Site("JAK1")), axis=1)).all()


def test_what_is_not_known_of_a_drug_in_cells_is_shared_by_its_targets(shipped):
    """Baricitinib was not read in cells: the common part of its variance is that of `cell` and of its one study."""
    constants = draw_constants(shipped.tables, shipped.estimates, ("baricitinib",), 4000, SEED)
    found = np.cov(constants.log10_nM[:, 0, [0, 3]].T)
    assert constants.sites[:4] == tuple(Site(name) for name in ("JAK1", "JAK2", "JAK3", "TYK2"))
    assert found[0, 1] > 0.8 * shipped.estimates["sd|cell"][0] ** 2
    assert found[0, 1] < found[0, 0]


def test_the_most_potent_gene_of_a_target_counts(shipped):
    rows = shipped.tables.affinities.filter(
        (pl.col("drug") == "staurosporine") & pl.col("construct").is_in(["MAP2K1", "MAP2K2"])
    )
    tables = shipped.tables._replace(affinities=rows, cells=shipped.tables.cells.clear())
    medians = []
    for genes in (["MAP2K1", "MAP2K2"], ["MAP2K1"], ["MAP2K2"]):
        some = tables._replace(affinities=rows.filter(pl.col("gene").is_in(genes)))
        found = draw_constants(some, shipped.estimates, ("staurosporine",), 4000, SEED)
        medians.append(np.median(found.log10_nM[:, 0, found.sites.index(Site("MEK"))]))
    assert medians[0] < min(medians[1:]) and medians[0] > min(medians[1:]) - 1.0


def test_listings_of_the_same_number_count_once(shipped):
    rows, _ = read_rows(only(shipped.tables, "ruxolitinib"))
    names = [name for row in rows for name, _ in row.terms if name.startswith("K|ruxolitinib|JAK2|")]
    measured = [
        row for row in rows if row.group == "kinomescan" and any("|JAK2|JAK2|" in n for n, _ in row.terms)
    ]
    assert len(measured) == 1 and names


def test_another_site_tells_of_assays_alone(shipped):
    """Nothing binds a pseudokinase as it binds the kinase: the ATP shift, mean and level are not learned from it."""
    rows, _ = read_rows(shipped.tables)
    other = [row for row in rows if any("|JAK1_JH2" in name for name, _ in row.terms)]
    kinds = {name.partition("|")[0] for row in other for name, _ in row.terms}
    assert other and kinds == {"elsewhere", "family"}


def test_a_pair_that_no_assay_saw_bind_mostly_does_not(shipped):
    constants = draw_constants(shipped.tables, shipped.estimates, ("tofacitinib",), 4000, SEED)
    found = constants.log10_nM[:, 0, constants.sites.index(Site("SRC"))]
    assert 0 < np.isfinite(found).mean() < 0.2
    assert found[np.isfinite(found)].min() > 3.5


@pytest.mark.parametrize("level", [0.0, -1.5])
def test_a_bound_alone_leaves_what_lies_beyond_it_of_what_would_bind(shipped, level):
    """Of the share that binds at all, N(mean + level, K^2 + noise^2) above the bound; a target that drugs bind
    tightly has fewer left there."""
    row = shipped.tables.affinities.filter(
        (pl.col("drug") == "tofacitinib") & (pl.col("target") == "SRC") & (pl.col("relation") == ">")
    ).head(1)
    tables = shipped.tables._replace(affinities=row, cells=shipped.tables.cells.clear())
    (pair,) = read_rows(tables)[1]
    told = {
        "mean|other": 3.0, "level|SRC|other": level, "sd|K": 0.6, "sd|kinomescan": 0.8, "binder share": 0.4,
        "family|kinomescan": 0.3, "shift|SRC": 0.0, "sd|cell": 0.0,
    }  # fmt: skip
    estimates = shipped.estimates | {name: (value, 0.0) for name, value in told.items()}
    bound, mean = pair.value - 0.3, 3.0 + level
    assert pair.prior(estimates) == pytest.approx((mean, 1.0))
    assert pair.bound(estimates) == pytest.approx(bound)
    tail = norm.sf(bound - mean)
    constants = draw_constants(tables, estimates, ("tofacitinib",), 100_000, SEED)
    found = constants.log10_nM[:, 0, constants.sites.index(Site("SRC"))]
    binds = np.isfinite(found)
    assert binds.mean() == pytest.approx(0.4 * tail / (0.4 * tail + 0.6), rel=0.1, abs=1e-4)
    assert found[binds].min() > bound
    beyond = truncnorm(bound - mean, np.inf, loc=mean)
    assert found[binds].mean() == pytest.approx(beyond.mean(), abs=0.05)
    assert found[binds].std() == pytest.approx(beyond.std(), abs=0.05)


def test_a_bound_is_moved_by_the_atp_of_the_target_and_what_its_assay_reads_too_high():
    """By hand: 4 + 0.5 * 0.2 - 0.3, of N(2 + 0.7, 0.6^2 + 0.8^2).

    Where no level is known of N(2, 1); where no shift was estimated that of the table, 10^1, counts.
    """
    pair = Silent("x", "SRC", "SRC", 4.0, 0.5, 1.0)
    told = {"mean|other": 2.0, "sd|K": 0.6, "sd|kinomescan": 0.8, "family|kinomescan": 0.3, "shift|SRC": 0.2}
    told |= {"level|SRC|other": 0.7, "level|SRC|intended": 9.0, "level|LCK|other": 9.0}
    known = {name: (value, 0.1) for name, value in told.items()}
    assert (pair.bound(known), *pair.prior(known)) == pytest.approx((3.8, 2.7, 1.0))
    assert pair.tail(known) == pytest.approx(norm.sf(1.1))
    without = {name: value for name, value in known.items() if name != "level|SRC|other"}
    assert pair.prior(without) == pytest.approx((2.0, 1.0))
    without = {name: value for name, value in known.items() if name != "shift|SRC"}
    assert pair.bound(without) == pytest.approx(4.0 + 0.5 - 0.3)


def test_the_shipped_estimates_are_those_of_the_shipped_tables(shipped):
    """A short run of the estimation lands within four posterior sds of what is shipped."""
    found = pl.concat([estimate_shared(shipped.tables, 7, 240), estimate_distances(shipped.tables, 7, 240)])
    known = read_table(CONFIG / "potency" / "estimates.tsv", ESTIMATES)
    joined = found.join(known, on="name", suffix="_shipped")
    assert joined.height == known.height == found.height
    off = (joined["value"] - joined["value_shipped"]).abs() / joined["sd_shipped"].clip(lower_bound=0.02)
    assert off.max() < 4


def test_the_left_out_error_of_a_perfect_foretelling_is_nought():
    frame = pl.DataFrame(
        {
            "drug": ["a", "b", "c"], "panel": ["p"] * 3, "setting": ["s"] * 3, "kind": ["phospho"] * 3,
            "read": [True, True, False], "measured": [1.0, 2.0, 3.0], "foretold": [1.5, 2.5, 3.5],
            "sd": [0.4, 0.3, 0.2],
        }
    )  # fmt: skip
    found = errors(frame)
    assert found["ic50"] == pytest.approx(0.5) and found["ratio"] == pytest.approx(0.0)
    assert found["ratios"] == 3 and found["read"] == 2
    assert found["in_90"] == pytest.approx(
        1 / 3, abs=1e-3
    )  # 1.645 sds of 0.4 reach beyond 0.5, of 0.3 do not


def test_a_drug_is_unmeasured_on_a_variant_where_only_the_wild_type_was_measured(shipped):
    """Erlotinib was measured on both, crizotinib on the wild type, ruxolitinib on neither."""
    potency = Potency(shipped.tables, shipped.estimates, "")
    found = potency.unmeasured("EGFR", "EGFR_ex19del")
    assert "crizotinib" in found and not {"erlotinib", "ruxolitinib"} & set(found)
    assert set(potency.unmeasured("EGFR", "nosuch")) > set(found)
    assert potency.unmeasured("nosuch", "EGFR_ex19del") == ()


def test_a_median_is_found_once_whatever_is_asked_beside_it(root, monkeypatch):
    config = root / "config"
    files = (config / f"{name}.tsv" for name in ("drugs", "affinities", "targets"))
    potency = read_potent_drugs(*files, config / "potency").potency
    both = potency.middle(["ruxolitinib", "dasatinib"])
    monkeypatch.setattr(Potency, "drawn", None)
    np.testing.assert_array_equal(potency.middle(["dasatinib", "ruxolitinib"]), both[::-1])


@pytest.mark.parametrize(
    ("drug", "target", "outside"), [("infliximab", "TNF_CAPTURE", True), ("stattic", "STAT3_SH2", False)]
)
def test_a_target_outside_a_cell_has_the_constant_that_was_read(shipped, drug, target, outside):
    """K = N(2, 3) read with the noise of sites, 2 nM; a target in the cell adds N(0, cell^2), one outside nothing."""
    like = shipped.tables.affinities.filter(pl.col("target") == target).head(1)
    read = {
        "drug": drug,
        "construct": like["gene"][0],
        "value_nM": 2.0,
        "atp": "site",
        "mark": "read",
        "relation": "=",
    }
    row = like.with_columns(pl.lit(value).alias(name) for name, value in read.items())
    tables = shipped.tables._replace(affinities=row, cells=shipped.tables.cells.clear())
    noise = shipped.estimates["sd|site"][0] ** 2
    precision = 1 / 9 + 1 / noise
    found = draw_constants(tables, shipped.estimates, (drug,), 10_000, SEED)
    drawn = found.log10_nM[:, 0, found.sites.index(Site(target))]
    assert drawn.mean() == pytest.approx((2 / 9 + np.log10(2.0) / noise) / precision, abs=0.02)
    cell = 0.0 if outside else shipped.estimates["sd|cell"][0]
    assert drawn.std() == pytest.approx((1 / precision + cell**2) ** 0.5, rel=0.02)
