"""describe says what the tables hold, with known numbers."""

import re
from itertools import pairwise

import polars as pl
import pytest

from screen.cli.drugs import read_drugs
from screen.cli.options import say, tell
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
    assert "ruxolitinib" in run("describe", "drug", "--dose", "0").out


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
    targets = run("describe", "targets").out
    assert row(targets, "MEK").split()[1:3] == ["MAP2K1,", "MAP2K2"]
    # siltuximab alone binds IL-6; tocilizumab and sarilumab bind its receptor, and no drug acts at SHP2
    assert [row(targets, name).split()[-1] for name in ("IL6_CAPTURE", "IL6R_CAPTURE", "SHP2")] == [
        "1",
        "2",
        "0",
    ]
    known = run("describe", "observables").out
    assert "dimensionless" in row(known, "pY705_level") and "untreated" in row(known, "pY705_level")
    assert row(known, "SOCS3_protein").split()[1] == "nM"
    assert "FGFR_off" not in known
    assert row(run("describe", "observables", "--all").out, "FGFR_off").split()[1] == "per_min"


def columns(text: str) -> list[list[str]]:
    """The cells of a printed table, by the places at which the heads of its columns begin."""
    lines = [line for line in text.splitlines() if line]
    at = next(number for number, line in enumerate(lines) if re.match(r"\w+ {2,}\w", line))
    starts = [found.start() for found in re.finditer(r"(?<!\S)\S+( \S+)*", lines[at])]
    return [
        [line[start:stop].strip() for start, stop in pairwise([*starts, None])]
        for line in lines[at + 1 :] if not line.startswith("--all")
    ]  # fmt: skip


def test_what_is_screened_is_said_of_every_drug(run, small, root):
    table = pl.read_csv(root / "config/drugs.tsv", separator="\t", infer_schema=False)
    known = [
        (name, {"true": "yes", "false": "no"}[said]) for name, said in table.select("drug", "screened").rows()
    ]
    found = columns(run("describe", "drug", "--config", small()).out)
    assert [(name, said) for name, *_, said in found] == known and {said for _, said in known} == {
        "yes",
        "no",
    }
    for name, said in (known[0], next(each for each in known if each[1] == "no")):
        lines = run("describe", "drug", name, "--config", small()).out.splitlines()
        assert ("not screened" in lines) == (said == "no")


@pytest.mark.parametrize("constants", ["assay", "cell"])
def test_a_drug_has_a_line_for_each_of_its_measurements_that_count_the_tightest_first(
    run, small, root, constants
):
    """At 1000 nM, where no other dose is asked for; what does not bind leaves all of the activity."""
    config = small(scenarios={"constants": constants})
    table = pl.read_csv(root / "config/affinities.tsv", separator="\t", infer_schema=False)
    used = table.filter(drug="tofacitinib", used="true").sort("target", "gene")
    assert 0 < used.height < table.filter(drug="tofacitinib").height
    found = columns(run("describe", "drug", "tofacitinib", "--config", config).out)
    measured = [
        (target, gene, f"{kind} {relation} {float(value):g} nM")
        for target, gene, kind, relation, value in used.select(
            "target", "gene", "type", "relation", "value_nM"
        ).rows()
    ]
    assert sorted(tuple(each[:3]) for each in found) == sorted(measured)
    left = [float(each[4]) for each in found]
    assert left == sorted(left) and left[0] < 0.2 and left[-1] == 1.0
    for _, _, said, constant, activity, _ in found:
        value = float(constant.removesuffix(" nM")) if constant else None
        assert float(activity) == pytest.approx(1.0 if value is None else 1 / (1 + 1000 / value), rel=0.02)
        if constants == "assay":
            assert (value is None) == (" > " in said)


def test_what_a_terminal_would_act_on_is_written_out(run, small, tmp_path, root):
    """Free text may hold anything: of a measurement and of a cell's total."""
    texts = {
        "affinities": ("Davis 2011 Nat Biotechnol", "Davis\x1b[31m 2011 \x9bNat"),
        "contexts": ("assumed: as", "\x1b]0;as\x07"),
    }
    for name, (old, new) in texts.items():
        text = (root / f"config/{name}.tsv").read_text()
        (tmp_path / f"{name}.tsv").write_text(text.replace(old, new))
    config = small(tables={name: [f"{name}.tsv"] for name in texts})
    drug = run("describe", "drug", "tofacitinib", "--config", config).out
    assert r"Davis\x1b[31m 2011 \x9bNat" in drug
    cell = run("describe", "cell", "hepg2", "--config", config).out
    assert r"\x1b]0;as\x07" in cell
    assert all(line.isprintable() for text in (drug, cell) for line in text.splitlines())


def test_lines_that_are_said_and_told_stay_lines(capsys):
    say("a\nb\x1b[2J")
    tell("c\n\nd\x7f")
    assert capsys.readouterr() == ("c\n\nd\\x7f\n", "a\nb\\x1b[2J\n")


def test_the_head_of_a_cell_says_how_long_drugs_come_before_the_stimulus(run, small):
    ran = run("describe", "cell", "hepg2", "--config", small())
    assert ran.out.startswith("hepg2: human, drug 60 min before the stimulus\n")
    assert ran.out.endswith("--all lists the switches that it leaves as they are\n")
    assert "--all lists" not in run("describe", "cell", "hepg2", "--all", "--config", small()).out
    of_cell = {name: rest for name, *rest in columns(ran.out)}
    assert (
        of_cell["gp130_total"][:4] == ["1.2", "nM", "exact", "0.61"]
        and "per cell" in of_cell["gp130_total"][4]
    )
    assert of_cell["gp130_total"][5].startswith("assumed")
    every = columns(run("describe", "cell", "--config", small()).out)
    assert ["fgfr2_gastric", "human", "none"] in every


def test_a_total_that_is_uncertain_has_its_spread(run, small, tmp_path, root):
    text = (root / "config/contexts.tsv").read_text()
    head, *rows = text.splitlines()
    assert "\tsd" not in head
    more = [f"{each}\t0.25" if each.startswith("hepg2\ttotal\tSTAT1_total") else f"{each}\t" for each in rows]
    (tmp_path / "contexts.tsv").write_text("\n".join([f"{head}\tsd", *more]) + "\n")
    ran = run("describe", "cell", "hepg2", "--config", small(tables={"contexts": ["contexts.tsv"]}))
    assert (
        row(ran.out, "STAT1_total").split()[3] == "0.25" and row(ran.out, "STAT3_total").split()[3] == "exact"
    )


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
