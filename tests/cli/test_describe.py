"""describe says what the tables hold, with known numbers."""

import pytest

from screen.cli.drugs import read_drugs
from screen.settings import load_settings


def row(text: str, *start: str) -> str:
    (found,) = (line for line in text.splitlines() if line.split()[: len(start)] == list(start))
    return found


def test_a_cell_is_its_settings_beside_the_defaults(run, root, monkeypatch):
    monkeypatch.chdir(root)
    ran = run("describe", "cell", "npm1_alk_lymphoma")
    assert ran.code == 0
    assert "hypothesis alk_direct of H_ALK, weight 0.75" in ran.out
    assert row(ran.out, "ALK_total").split()[:5] == ["ALK_total", "200", "nM", "exact", "0"]
    assert "TLR4_level" not in ran.out
    everything = run("describe", "cell", "npm1_alk_lymphoma", "--all").out
    assert row(everything, "TLR4_level").split()[1] == "0"
    assert "IL6_dose" not in everything and "load_JAK1" not in everything
    assert row(run("describe", "cell").out, "hepatocyte_mouse").split() == [
        "hepatocyte_mouse", "mouse", "IL6_dose", "10", "ng_per_mL",
    ]  # fmt: skip


def test_a_cell_says_which_variants_it_carries_and_which_drugs_were_not_measured_on_them(
    run, root, monkeypatch
):
    monkeypatch.chdir(root)
    ran = run("describe", "cell", "egfr_mutant_lung")
    assert "variants carried: EGFR_ex19del at EGFR" in ran.out.splitlines()
    (said,) = (line for line in ran.out.splitlines() if "EGFR_ex19del was not measured with" in line)
    assert "brigatinib" in said and "osimertinib" not in said
    assert "variants carried" not in run("describe", "cell", "hepg2").out


def test_a_drug_is_where_it_acts_at_a_dose(run, small, root, monkeypatch):
    """Tocilizumab at its Kd of 2.5 nM leaves half of the receptor, where the assay is what counts."""
    monkeypatch.chdir(root)
    assay = small(scenarios={"constants": "assay"})
    ran = run("describe", "drug", "tocilizumab", "--dose", "2.5", "--config", assay)
    assert ran.code == 0
    assert row(ran.out, "IL6R_CAPTURE", "IL6R").split()[4:9] == ["2.5", "nM", "2.5", "nM", "0.5"]
    assert "ruxolitinib" in run("describe", "drug").out


def test_a_drug_is_what_the_constants_of_the_screen_make_it(run, small, tmp_path):
    """With constants from all measurements, its constant in the cell is their median and halves the activity."""
    config = tmp_path / "config"
    files = {
        "drugs": [str(config / "drugs.tsv"), "my/drugs.tsv"],
        "affinities": [str(config / "affinities.tsv"), "my/affinities.tsv"],
    }
    assert run("drug", "mynib", "JAK1=3.3nM", "--config", small()).code == 0
    assay = small(tables=files, scenarios={"constants": "assay"})
    of_assays = run("describe", "drug", "mynib", "--config", assay).out
    assert row(of_assays, "JAK1", "JAK1").split()[6:8] == ["85.8", "nM"]
    settings = small(tables=files)
    tables = read_drugs(load_settings(settings))
    constant = tables.potency.middle(["mynib"])[0][list(tables.targets).index("JAK1")]
    ran = run("describe", "drug", "mynib", "--config", settings, "--dose", constant)
    assert row(ran.out, "JAK1", "JAK1").split()[6:9] == [f"{constant:.3g}", "nM", "0.5"]
    assert constant > 3 * 85.8


def test_targets_and_observables_have_units_and_meanings(run, root, monkeypatch):
    monkeypatch.chdir(root)
    assert row(run("describe", "targets").out, "MEK").split()[1:3] == ["MAP2K1,", "MAP2K2"]
    known = run("describe", "observables").out
    assert "dimensionless" in row(known, "pY705_level") and "untreated" in row(known, "pY705_level")
    assert row(known, "SOCS3_protein").split()[1] == "nM"
    assert "FGFR_off" not in known
    assert row(run("describe", "observables", "--all").out, "FGFR_off").split()[1] == "per_min"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("cell", "mars"), "describe cell: must be one of hepatocyte_mouse, "),
        (("drug", "aspirin"), "describe drug: must be one of "),
        (("targets", "JAK1"), "describe targets: must be without a name, found JAK1"),
        (("drug", "ruxolitinib", "--dose", "-1"), "--dose: must be a finite number of at least 0 nM, found -1"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_one_line(run, root, monkeypatch, arguments, message):
    monkeypatch.chdir(root)
    ran = run("describe", *arguments)
    assert ran.code == 2
    assert message in ran.err and len(ran.problems) == 1
