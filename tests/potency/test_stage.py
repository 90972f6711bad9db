"""What drugs share, and the table of constants, from a few rows whose answers are closed forms."""

from math import hypot, log10

import numpy as np
import pytest
from scipy.stats import norm

from screen.potency import POTENCY, Constants, Site, estimate_shared, middle_constants, potency_table
from screen.potency.assemble import GUESSES, SHARED
from screen.potency.reading import known_estimates
from screen.potency.rows import Silent, kind_of
from screen.potency.stage import _binder_share
from screen.tables import check_table
from tests.potency.test_distance import EGFR, tables_of
from tests.potency.test_rows import made

KINOMESCAN = {"type": "Kd", "assay": "KINOMEscan binding"}


def test_of_those_that_bind_the_panel_sees_the_share_of_pairs_that_it_saw():
    """b of N pairs are seen to bind, as a share 1 - tail of those that do would be: b / N / (1 - tail) bind."""
    bound = KINOMESCAN | {"relation": ">", "value_nM": 3000.0}
    rows = [KINOMESCAN | {"drug": f"d{index}", "value_nM": 10.0 ** (1 + index)} for index in range(3)]
    silent = [bound | {"drug": f"s{index}"} for index in range(7)]
    # Neither a bound of a pair that was seen to bind nor a number of another assay is one more that the panel saw.
    others = [bound | {"drug": "d0"}, {"drug": "d0", "type": "Ki"}]
    frame = estimate_shared(made([*rows, *silent, *others]), 1, 20)
    found = known_estimates(frame)
    tail = Silent("s0", "JAK1", "JAK1", log10(3000), 1.0, 2.0).tail(found)
    assert 0.05 < tail < 0.6
    assert found["binder share"] == (pytest.approx(0.3 / (1 - tail), abs=2e-4), 0.0)
    assert set(frame["name"]) >= {f"sd|{name}" for name in GUESSES}
    assert {kind_of(name) for name in frame["name"]} <= {*SHARED, "sd", "binder share"}
    assert frame["value"].equals(frame["value"].round(4)) and frame["sd"].equals(frame["sd"].round(4))
    # sds that are assumed, not estimated, are not told.
    assert not {"sd|mean", "sd|family", "sd|shift|JAK1"} & set(frame["name"])


def test_of_four_pairs_of_which_one_is_seen_and_each_would_be_by_half_two_bind():
    known = {"mean|other": 4.0, "sd|K": 1.0, "sd|kinomescan": 1.0, "family|kinomescan": 0.0}
    silent = [Silent(f"s{index}", "JAK1", "JAK1", 4.0, 0.0, 0.0) for index in range(3)]
    assert _binder_share({name: (value, 0.0) for name, value in known.items()}, silent, 1) == pytest.approx(
        0.5
    )


def test_the_table_has_the_conjugate_normal_before_and_after_potencies_in_cells():
    """All sds are 0.5. A Ki of 100 nM is 500 nM in a cell: noise and study give it a variance of 0.5 about K, which has
    0.25 about 3; `cell` adds 0.25. 10 nM in cells have 0.75 by noise, study and read-out."""
    mek = {"target": "MEK", "gene": "MAP2K1", "construct": "MAP2K1"}
    engaged = {"readout": "engagement", "ic50_nM": 10.0, "target": "MEK", "construct": "MAP2K1"}
    tables = tables_of(
        [
            mek | {"type": "Ki", "atp": "km"},
            KINOMESCAN | {"drug": "c", "relation": ">"},
            KINOMESCAN | EGFR | {"drug": "e"},
        ],
        [engaged, engaged | {"drug": "b"}, {"used": False}],
    )
    told = {"distance|changed|other": 1.0, "sd|distance|changed|other": 0.6, "sd|own|changed|other": 0.8}
    told |= {
        "mean|other": 3.0,
        "family|ki": 0.0,
        "family|kinomescan": 0.0,
        "shift|JAK1": 2.0,
        "binder share": 0.5,
    }
    estimates = {f"sd|{name}": (0.5, 0.0) for name in GUESSES} | {
        name: (value, 0.0) for name, value in told.items()
    }
    table = potency_table(tables, estimates, ("d", "c", "a", "b", "e"), 1)
    check_table(table, POTENCY, "potency")
    found = {(row["drug"], row["target"]): row for row in table.iter_rows(named=True) if not row["variant"]}
    assert set(found) == {("a", "MEK"), ("b", "MEK"), ("c", "JAK1"), ("e", "EGFR")}
    precision = 4 + 2
    before, variance = (4 * 3 + 2 * log10(500)) / precision, 1 / precision + 0.25
    after = 1 / variance + 1 / 0.75
    a, b, c = found["a", "MEK"], found["b", "MEK"], found["c", "JAK1"]
    assert a["affinity_log10_nM"] == pytest.approx(before, abs=0.05)
    assert a["affinity_sd"] == pytest.approx(variance**0.5, rel=0.05)
    assert a["log10_nM"] == pytest.approx((before / variance + 1.0 / 0.75) / after, abs=0.05)
    assert a["sd"] == pytest.approx(after**-0.5, rel=0.05)
    assert a["moved"] == pytest.approx(a["log10_nM"] - a["affinity_log10_nM"], abs=1.5e-3)
    assert (a["rows_in_cells"], b["rows_in_cells"], c["rows_in_cells"], a["binds"]) == (1, 1, 0, 1.0)
    # Of `b` nothing is known but from cells.
    assert (b["affinity_log10_nM"], b["affinity_sd"], b["moved"]) == (None, None, None)
    assert b["log10_nM"] == pytest.approx((3.0 / 0.5 + 1.0 / 0.75) / (1 / 0.5 + 1 / 0.75), abs=0.05)
    # `c` binds by half before it was seen not to below 10^2 without ATP, 10^4 in a cell: N(3, 0.5) reaches there.
    tail = norm.sf(1.0 / 0.5**0.5)
    assert c["binds"] == pytest.approx(tail / (1 + tail), abs=0.02)
    assert c["moved"] == 0.0 and c["log10_nM"] > 3.5
    # Variants lie 1 above their gene, give or take 1.
    gene, *variants = table.filter(drug="e").iter_rows(named=True)
    assert [row["variant"] for row in (gene, *variants)] == [None, "EGFR_T790M", "EGFR_C797S"]
    for row in variants:
        assert row["log10_nM"] == pytest.approx(gene["log10_nM"] + 1.0, abs=0.1)
        assert row["sd"] == pytest.approx(hypot(gene["sd"], 1.0), rel=0.06)
    for name in ("affinity_log10_nM", "affinity_sd", "log10_nM", "sd", "moved"):
        assert table[name].equals(table[name].round(3))


def test_the_middle_constant_is_the_median_and_infinite_where_most_draws_do_not_bind():
    draws = np.array([[[1.0, np.inf]], [[3.0, 2.0]], [[2.0, np.inf]]])
    found = middle_constants(Constants(("a",), (Site("JAK1"), Site("MEK")), draws))
    assert found.tolist() == [[2.0, np.inf]]
