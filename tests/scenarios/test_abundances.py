"""Abundances of a cell: units with known answers, sums, what is told and what is refused."""

import math
from pathlib import Path

import polars as pl
import pytest

from screen.archive import read_accessions
from screen.errors import NetworkError, TableError
from screen.network import read_parameters, read_totals
from screen.scenarios import (
    AFFINITIES,
    DRUGS,
    UNITS,
    implausible,
    implausible_affinities,
    implausible_exposures,
    like_cell,
    map_abundances,
    read_abundances,
    read_context_tables,
)
from screen.tables import read_placed
from tests.scenarios.tables import CONFIG

PARAMETERS = read_parameters(CONFIG / "network/parameters.tsv")
TOTALS = read_totals(CONFIG / "network", dict(PARAMETERS.select("parameter", "unit").iter_rows()))
SHIPPED = read_context_tables(CONFIG / "contexts.tsv", CONFIG / "hypotheses.tsv")


def mapped(unit: str, like: str, **values):
    rows = [(gene, value, None) for gene, value in values.items()]
    frame = pl.DataFrame(
        rows, schema={"gene": pl.String, "value": pl.Float64, "sd": pl.Float64}, orient="row"
    )
    return map_abundances(frame, unit, like_cell(SHIPPED.contexts[like], PARAMETERS), TOTALS, "mine")


def totals_of(found) -> dict[str, tuple[float, float]]:
    rows = found.rows.filter(pl.col("kind") == "total")
    return {name: (value, sd) for name, value, sd in rows.select("parameter", "value", "sd").iter_rows()}


def test_copies_counted_in_mouse_hepatocytes_are_the_shipped_concentrations():
    """Sobotta 2017: 4680 gp130, 5365 JAK1 and 215 370 STAT3 a cell, cytosol of 12.67 pL."""
    found = totals_of(mapped("copies", "hepatocyte_mouse", IL6ST=4680, JAK1=5365, STAT3=215_370))
    for name, expected in {"gp130_total": 0.61, "JAK1_total": 0.7, "STAT3_total": 28.2}.items():
        assert found[name][0] == pytest.approx(expected, rel=0.01)


def test_a_ppm_is_three_copies_a_femtolitre_of_cell():
    """3 molecules in 1 fL are 4.98 nM; the network counts in the cytosol, three quarters of its 7 pL."""
    found = totals_of(mapped("ppm", "breast_bt20", STAT3=1))
    assert found["STAT3_total"][0] == pytest.approx(3 / 0.602214 * 7 / 5.25, rel=1e-3)
    assert totals_of(mapped("TPM", "breast_bt20", STAT3=1))["STAT3_total"] == (found["STAT3_total"][0], 0.7)
    rest = {"RPKM": 3.0, "TPM": 3.0 / 1000 * 1e6}
    values = [
        totals_of(mapped(unit, "breast_bt20", STAT3=x, OTHER=1e3 - 3))["STAT3_total"]
        for unit, x in rest.items()
    ]
    assert values[0] == values[1]


def test_a_log2_ratio_multiplies_the_total_of_the_like_cell_and_adds_to_its_uncertainty():
    found = mapped("log2_ratio", "breast_bt20", EGFR=-1, MAP2K1=1, MAP2K2=1, JAK3=2)
    totals = totals_of(found)
    assert totals["EGFR_total"] == (50.0, pytest.approx(math.hypot(0.7, 0.15), rel=1e-3))
    assert totals["MEK_total"][0] == 452
    assert found.unused == {"JAK3": "a ratio to nothing: JAK3_total is 0 in breast_bt20"}


@pytest.mark.parametrize(
    ("unit", "said"),
    [
        ("copies", "copies per cell over the cytosol of 5.25 pL"),
        ("ppm", "ppm of 3e6 proteins/fL (Milo 2013) in 7 pL"),
        ("TPM", "TPM taken as ppm of protein, 3e6 proteins/fL (Milo 2013) in 7 pL"),
        ("RPKM", "RPKM over their sum taken as share of protein, 3e6 proteins/fL (Milo 2013) in 7 pL"),
        ("nM", "nM as given"),
        ("log2_ratio", "log2 ratio to breast_bt20"),
    ],
)
def test_a_row_says_how_its_number_came_about(unit, said):
    (source,) = mapped(unit, "breast_bt20", STAT3=1).rows.filter(parameter="STAT3_total")["source"]
    assert source == f"STAT3: {said}; sd assumed"


def test_members_of_a_sum_add_up_and_their_errors_are_independent():
    found = mapped("nM", "breast_bt20", MAP2K1=100, MAP2K2=100, MAPK1=50, GAPDH=1e5)
    totals = totals_of(found)
    assert totals["MEK_total"] == (200, pytest.approx(0.2 / math.sqrt(2), rel=1e-3))
    assert totals["ERK_total"] == (50, 0.2)
    assert found.missing == {"ERK_total": ("MAPK3",)}
    assert set(found.unused) == {"GAPDH"}
    assert {"MEK_total", "ERK_total"}.isdisjoint(found.kept) and "STAT3_total" in found.kept
    sources = found.rows["source"].to_list()
    assert "MAP2K1+MAP2K2: nM as given; sd assumed" in sources


@pytest.mark.parametrize(
    ("text", "unit", "rows"),
    [
        ("Gene;Copies per cell\nStat3;2,5\n", "copies", [("STAT3", 2.5, None)]),
        ("symbol\tTPM\tsd\nSTAT3\t7\t0.1\n", "TPM", [("STAT3", 7.0, 0.1)]),
        ('# from a paper\n\ngene,ppm\n"MAPK1;MAPK1P",3\n', "ppm", [("MAPK1", 3.0, None)]),
        ("gene;nM;sd\nSTAT3;0,125;\n", "nM", [("STAT3", 0.125, None)]),
        ("Gene Symbol;TPM\nSTAT3;1e3\n", "TPM", [("STAT3", 1000.0, None)]),
        ("gene_symbol,log2FC\nEGFR,-1.5\n", "log2_ratio", [("EGFR", -1.5, None)]),
    ],
)
def test_tables_are_read_as_people_write_them(tmp_path: Path, text, unit, rows):
    path = tmp_path / "a.csv"
    path.write_text("\ufeff" + text)
    found = read_abundances(path)
    assert (found.unit, found.frame.rows()) == (unit, rows)


def test_accessions_stand_for_their_genes(tmp_path: Path):
    """MaxQuant's groups, isoforms and FASTA headers; one that the network does not know stays as it is."""
    path = tmp_path / "a.csv"
    path.write_text(
        "Majority protein IDs\tcopies per cell\nP40763;P40763-2\t3\nsp|Q02750|MP2K1_HUMAN\t4\nP36507-1\t5\nP04406\t6\n"
    )
    found = read_abundances(path, accessions=read_accessions(CONFIG / "network"))
    assert found.frame.select("gene", "value").rows() == [
        ("STAT3", 3.0), ("MAP2K1", 4.0), ("MAP2K2", 5.0), ("P04406", 6.0),
    ]  # fmt: skip


def test_every_gene_that_a_total_counts_has_an_accession():
    known = set(read_accessions(CONFIG / "network").values())
    assert {gene for genes in TOTALS.values() for gene in genes} - known == set()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a.csv: must hold a header line"),
        ("name,nM\nSTAT3,3\n", "a.csv: a column of gene symbols or UniProt accessions must be there"),
        (
            "uniprot,nM\nP40763,3\nP40763-2,1\n",
            "a.csv row 3: a gene must be there once, found P40763 again: P40763-2, after P40763 in row 2",
        ),
        ("gene,amount\nSTAT3,3\n", "must say its unit"),
        ("gene,nM,ppm\nSTAT3,3,4\n", "found nM, ppm; name one with --unit"),
        ("gene,nM\nSTAT3,-3\n", "a.csv row 2, STAT3: `nM` must be at least 0, found -3"),
        (
            "gene,nM\nSTAT3,3\nstat3,4\n",
            "a.csv row 3: a gene must be there once, found STAT3 again: stat3, after STAT3 in row 2",
        ),
        ("gene,nM\nSTAT3,1e13\n", "a.csv row 2, STAT3: `nM` must be at most 1e+12, found 1e13"),
        ("gene,log2_ratio\nSTAT3,5000\n", "a.csv row 2, STAT3: `log2_ratio` must be at most 100, found 5000"),
        (
            "gene,log2_ratio\nSTAT3,-5000\n",
            "a.csv row 2, STAT3: `log2_ratio` must be at least -100, found -5000",
        ),
        (
            'gene,copies\n# x\nSTAT3,"100,000"\n',
            "a.csv row 3, STAT3: `copies` must be a number without commas between thousands, found 100,000",
        ),
        (
            "gene,nM,sd\nSTAT3,3,-0.3\n",
            "a.csv row 2, STAT3: `sd` must be empty or a number from 0 to 3, found -0.3",
        ),
        (
            "gene,nM,sd\nSTAT3,3,xx\n",
            "a.csv row 2, STAT3: `sd` must be empty or a number from 0 to 3, found xx",
        ),
        (
            "gene,nM,sd\nSTAT3,3,9\n",
            "a.csv row 2, STAT3: `sd` must be empty or a number from 0 to 3, found 9",
        ),
        ("gene,copies,copies\nSTAT3,3,4\n", "a.csv row 1: columns must differ, found copies again"),
        (
            "gene,copies,Copies per cell\nSTAT3,3,4\n",
            "must say its unit (copies, nM, ppm, TPM, RPKM, log2_ratio; or `value`",
        ),
        ("gene,nM\nSTAT3,3,4\n", "a.csv row 2: must have 2 cells, found 3"),
        (
            "gene,nM\nSTAT3,NA\n",
            "a.csv: must hold at least one gene with a number, found none, in row 2 no number, found NA",
        ),
        ("gene;nM\nSTAT3;1.234,5\n", "found none, in row 2 no number, found 1.234,5"),
        ("gene,nM\nSTAT3,12_000\n", "found none, in row 2 no number, found 12_000"),
        ("gene,nM\nSTAT3,\u0661\u0662\n", "found none, in row 2 no number, found \u0661\u0662"),
        ("gene,nM\n,3\n", "found none, in row 2 no gene"),
        ("gene,nM\n", "a.csv: must hold at least one gene with a number, found none"),
        ("gene,nM,sd\nSTAT3,3,0_1\n", "`sd` must be empty or a number from 0 to 3, found 0_1"),
        ("gene,FPKM\nSTAT3,3\n", "a.csv: RPKM must be those of the whole transcriptome"),
    ],
)
def test_tables_that_cannot_be_meant_are_refused(tmp_path: Path, text, message):
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(TableError) as caught:
        read_abundances(path)
    assert any(message in problem for problem in caught.value.problems), caught.value.problems


def test_a_gene_twice_in_a_whole_transcriptome_is_found_at_once(tmp_path: Path):
    """Once for each gene through all of them, it was minutes."""
    path = tmp_path / "a.csv"
    path.write_text("gene,TPM\n" + "".join(f"G{number},1\n" for number in range(100_000)) + "G7,1\n")
    with pytest.raises(
        TableError, match=r"row 100002: a gene must be there once, found G7 again: G7, after G7 in row 9"
    ):
        read_abundances(path)


def test_a_gene_given_by_two_accessions_is_told_by_what_stands_there(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_text("uniprot,nM\nP23458,3\n# x\nsp|P23458|JAK1_HUMAN,1\n")
    with pytest.raises(TableError) as caught:
        read_abundances(path, accessions=read_accessions(CONFIG / "network"))
    assert caught.value.problems == (
        "a.csv row 4: a gene must be there once, found JAK1 again: sp|P23458|JAK1_HUMAN, after P23458 in row 2",
    )


def test_a_transcriptome_without_any_transcript_has_totals_of_0():
    assert totals_of(mapped("RPKM", "breast_bt20", STAT3=0, OTHER=0))["STAT3_total"] == (0, 0)


def test_every_unit_has_a_header_of_its_own():
    names = [name for unit in UNITS.values() for name in unit.names]
    assert len(names) == len(set(names))


def test_a_total_that_the_network_lacks_is_refused(tmp_path: Path):
    (tmp_path / "totals.tsv").write_text("gene\tparameter\tnote\nSTAT3\tSTAT9_total\t\n")
    with pytest.raises(
        NetworkError, match=r"totals.tsv, STAT3: `parameter` must be one of the network's in nM"
    ):
        read_totals(tmp_path, {"STAT3_total": "nM"})


def test_every_protein_total_of_the_network_has_genes_but_for_those_that_are_no_gene():
    names = {name for name in PARAMETERS["parameter"] if name.endswith("_total")}
    no_gene = {"sIL6R_total", "sgp130_total", "STAT3_Y705F_total", "GSH_total"}
    assert names - set(TOTALS) == no_gene


@pytest.mark.parametrize(
    ("total", "message"),
    [
        ("STAT3_total\t520000", "STAT3_total should be below 6.64e+04 nM, one hundredth of all protein"),
        (
            "STAT3_total\t0.05",
            "STAT3_total should be near 200 nM (prior sd of log10 0.6), found 0.05 nM, 4000",
        ),
        ("STAT3_total\t0", "STAT3_total should be above 0 nM, or nothing is phosphorylated"),
        ("cytosol\t5250", "cytosol should be within 0.02 to 50 pL, found 5250 pL"),
    ],
)
def test_what_no_cell_can_have_is_a_warning(tmp_path: Path, total, message):
    path = tmp_path / "c.tsv"
    path.write_text(f"context\tkind\tparameter\tvalue\tunit\tmark\tsource\nmine\ttotal\t{total}\tnM\t\t\n")
    tables = read_context_tables(path, CONFIG / "hypotheses.tsv")
    (warning,) = implausible(tables, PARAMETERS)
    assert warning.startswith("c.tsv row 2: `value` of ") and message in warning


def test_no_shipped_value_is_out_of_reach():
    assert implausible(SHIPPED, PARAMETERS) == []


def test_contexts_may_be_in_other_units(tmp_path: Path):
    path = tmp_path / "c.tsv"
    rows = ["total\tSTAT3_total\t0.2\tuM", "stimulus\tIL6_dose\t1\tnM@21kDa", "total\tcytosol\t3\tpL"]
    header = "context\tkind\tparameter\tvalue\tunit\tmark\tsource\n"
    path.write_text(header + "".join(f"mine\t{row}\t\t\n" for row in rows))
    mine = read_context_tables(path, CONFIG / "hypotheses.tsv").contexts["mine"]
    assert [(s.value, s.unit) for s in (*mine.totals, *mine.stimulus)] == [
        (200, "nM"),
        (3, "pL"),
        (21, "ng_per_mL"),
    ]


def test_a_constant_written_in_molar_is_a_warning_and_no_shipped_one_is():
    shipped = read_placed(CONFIG / "affinities.tsv", AFFINITIES)
    (known,) = implausible_affinities(shipped)
    assert (
        "C188-9 on STAT3" in known
    )  # 4.7 nM by resonance is a thousand times below what others reach at this site
    shipped = shipped.filter(pl.col("drug") != "C188-9")
    row = shipped.filter(drug="ruxolitinib", target="JAK1", relation="=")[:1]
    wrong = row.with_columns(drug=pl.lit("mynib"), value_nM=pl.lit(3.4e-9), where=pl.lit("my.tsv row 2"))
    (warning,) = implausible_affinities(pl.concat([shipped, wrong]))
    assert warning.startswith("my.tsv row 2, mynib on JAK1: `value_nM` should be within a thousand times ")
    assert warning.endswith(" nM, the others at JAK1, found 3.4e-09 (is it in nM?)")


def test_a_peak_in_plasma_written_in_molar_is_a_warning_and_no_shipped_one_is():
    shipped = read_placed(CONFIG / "drugs.tsv", DRUGS)
    assert implausible_exposures(shipped) == []
    wrong = shipped[:1].with_columns(drug=pl.lit("mynib"), cmax_nM=pl.lit(1.2e-6))
    (warning,) = implausible_exposures(pl.concat([shipped, wrong]))
    assert warning.startswith("drugs.tsv row 2, mynib: `cmax_nM` should be within a thousand times ")
