"""The shipped numbers: each has unit, prior, mark and source, and contexts and hypotheses stay within them."""

import re

import polars as pl
import pytest

from screen.calibration import scaled_prior
from screen.calibration.scale import SCALES
from screen.network import read_parameters
from screen.network.parameters import MARKS
from screen.scenarios import check_contexts, read_context_tables

CONTEXTS = {
    "hepatocyte_mouse", "hepg2", "npm1_alk_lymphoma", "eml4_alk_lung", "alk_f1174l_neuroblastoma", "breast_bt549",
    "t_cell", "human_blood",
}  # fmt: skip


@pytest.fixture(scope="module")
def table(network_folder) -> pl.DataFrame:
    return read_parameters(network_folder / "parameters.tsv")


def test_every_parameter_has_unit_prior_mark_source_and_description(table):
    for column in ("unit", "prior", "mark", "source", "description"):
        assert table[column].str.strip_chars().str.len_chars().min() > 0
    assert set(table["mark"]) == set(MARKS)


def test_inputs_are_fixed_and_what_is_uncertain_is_not(table):
    fixed = table.filter(pl.col("prior") == "fixed")
    assert set(fixed["mark"]) == {"input", "fixed"}
    assert set(table["mark"].filter(table["prior"] != "fixed")) == set(MARKS) - {"input", "fixed"}


def test_an_assumption_says_so(table):
    sources = table.filter(pl.col("mark") == "assumed")["source"]
    assert [source for source in sources if "assumed" not in source] == []


def test_a_share_stays_one_within_its_prior(table, network_folder):
    """What is left of a whole, `1 - share`, must not turn a flow around. bE, of either sign, is squared there."""
    laws = "".join(path.read_text() for path in network_folder.glob("*.ant"))
    free = table.filter((pl.col("prior") != "fixed") & (pl.col("parameter") != "bE"))
    shares = [row for row in free.iter_rows(named=True) if re.search(rf"\b1 - {row['parameter']}\b", laws)]
    assert "ALK_through_SHP2" in {row["parameter"] for row in shares}
    for row in shares:
        scale, _, *ends = scaled_prior(row)
        low, high = (SCALES[scale].linear(end) for end in ends)
        assert 0 <= low <= high <= 1, row["parameter"]


def test_loads_are_off_and_shifts_are_one(table):
    assert set(table.filter(pl.col("parameter").str.starts_with("load_"))["value"]) == {0.0}
    shifts = table.filter(pl.col("parameter").str.starts_with("shift_"))
    assert set(shifts["value"]) == {1.0}
    assert set(shifts["prior"]) == {"log10_normal"}


def test_contexts_set_parameters_in_their_unit(root, table):
    tables = read_context_tables(root / "config/contexts.tsv", root / "config/hypotheses.tsv")
    assert set(tables.contexts) >= CONTEXTS
    check_contexts(tables, dict(zip(table["parameter"], table["unit"], strict=True)))


def test_every_context_row_has_mark_and_source(root):
    rows = pl.read_csv(root / "config/contexts.tsv", separator="\t")
    assert rows.select(pl.all().is_null().any()).row(0) == (False,) * rows.width
