"""The report of a small screen: it says what the tables say, in one file that asks for nothing."""

import base64
import gzip
import json
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest

from screen.errors import ReportError, TableError
from screen.rank import DoseBasis, ResponseArray, as_lowering, gather_responses, rank, sets_schema
from screen.report import (
    FIGURES,
    Findings,
    Labels,
    read_labels,
    write_figures,
    write_report,
    write_validation_figure,
)
from screen.report.pairs import pair_isoboles
from screen.report.selection import View, heat_of
from screen.report.summary import decisive
from screen.scenarios import GENETIC
from screen.tables import DECISIVE, VALIDATION
from tests.rank.worlds import AIM, drug_table, hill, responses, scenarios, summed_up, uneven

CELLS = (("hepg2", "default"), ("npm1_alk_lymphoma", "alk_direct"), ("npm1_alk_lymphoma", "alk_jak3"))
DRUGS = ("lorlatinib", "ruxolitinib", "tofacitinib", "trametinib")
VIEW = View("pY705_20min", "equal_burden_1000nM")


def value(scenario, draw, readout):
    """In the lymphoma lorlatinib works under one hypothesis and tofacitinib under the other."""
    half = {"lorlatinib": 1e9, "ruxolitinib": 150.0, "tofacitinib": 300.0, "trametinib": 1e9}
    if scenario["hypothesis"] == "alk_direct":
        half |= {"lorlatinib": 20.0, "ruxolitinib": 1e5, "tofacitinib": 1e5}
    if scenario["hypothesis"] == "alk_jak3":
        half |= {"ruxolitinib": 2e4, "tofacitinib": 40.0}
    if scenario["context"] == "hepg2" and scenario["drug_a"] == "trametinib" and draw == 3:
        return None
    return hill(half, uneven)(scenario, draw, readout)


@pytest.fixture(scope="module")
def labels(root) -> Labels:
    """The shipped names and colours."""
    return read_labels(root / "config/labels.tsv")


@pytest.fixture(scope="module")
def found() -> ResponseArray:
    """A screen of four drugs and a pair in three cells."""
    table = scenarios(
        DRUGS,
        [("lorlatinib", "tofacitinib", 500.0, 500.0)],
        CELLS,
        doses=(10.0, 100.0, 500.0, 1000.0),
        weights={CELLS[1]: 0.75, CELLS[2]: 0.25},
    )
    return gather_responses(responses(table, value, draws=8), table)


@pytest.fixture(scope="module")
def findings(found, labels, tmp_path_factory) -> Findings:
    """What is reported of it, with figures of a fit and tables of the configuration."""
    drugs = drug_table(DRUGS).with_columns(pl.Series("class", ["ALK", "JAK", "JAK", "MEK"]))
    bases = [
        DoseBasis("equal_concentration", 1000.0),
        DoseBasis("equal_burden", 1000.0),
        DoseBasis("clinical"),
    ]
    fit = tmp_path_factory.mktemp("fit")
    (fit / "waterfall.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    (fit / "models.json").write_text('{"H_ALK": ["alk_jak3 makes them 4 times less probable."]}')
    (fit / "large.svg").write_text("<svg>" + " " * 300_000 + "</svg>")
    contexts = pl.DataFrame(
        {
            "context": ["hepg2", "hepg2"],
            "kind": ["stimulus", "timing"],
            "parameter": ["IL6_dose", "preincubation_min"],
            "value": [10.0, 60.0],
            "unit": ["ng_per_mL", "min"],
        }
    )
    return Findings(
        ranked=rank(found, found.scenarios, drugs, aim=AIM, dose_bases=bases),
        **summed_up(found),
        aim=AIM,
        contexts=contexts,
        parameters=pl.DataFrame(
            {"parameter": ["a", "b", "c"], "unit": ["nM", "", ""], "mark": ["assumed", "read", "fixed"]}
        ),
        fit=fit,
        provenance={"stage": "rank", "packages": {"polars": "<2>"}},
        validation=validation(),
        labels=labels,
        decisive=decided(),
        sets=sets(),
        held={
            "demands": 200,
            "met_before": 0.88,
            "met": 0.99,
            "cost_of_moving": 9.44,
            "cost_to_measurements": 5.1,
        },
        top=4,
    )


def sets() -> pl.DataFrame:
    """Two drugs in a set of two cells, under the headline and under another dose basis."""
    words = {
        "set": "both cells",
        "readout": VIEW.readout,
        "dose_basis": VIEW.basis,
        "rank_p05": 1.0,
        "rank_p95": 2.0,
    }
    scores = {
        "p_top5": 1.0,
        "suppression_p05": 0.5,
        "suppression_p95": 0.9,
        "least_in": "hepg2",
        "least_p50": -0.05,
    }
    rows = [
        {
            "intervention": "tofacitinib",
            "rank": 2,
            "p_best": 0.2,
            "suppression_p50": 0.6,
            "expected_regret": 0.11,
        }
        | {"first_place": "no"},
        {
            "intervention": "lorlatinib",
            "rank": 1,
            "p_best": 0.8,
            "suppression_p50": 0.7,
            "expected_regret": 0.012,
        }
        | {"first_place": "decided"},
        {
            "intervention": "trametinib",
            "rank": 1,
            "p_best": 1.0,
            "suppression_p50": 0.8,
            "expected_regret": 0.0,
        }
        | {"first_place": "decided", "dose_basis": "clinical"},
    ]
    return pl.DataFrame([words | scores | row for row in rows], schema=sets_schema(AIM).dtypes())


def decided() -> pl.DataFrame:
    """In one cell a constant, three amounts and the other reading are what the first place hangs on."""
    words = {
        "context": "npm1_alk_lymphoma", "hypothesis": "alk_direct", "readout": VIEW.readout, "dose_basis": VIEW.basis,
        "leader": "lorlatinib+tofacitinib", "runner_up": "lorlatinib", "margin": 2.0, "p_leader": 0.75, "draws": 8,
    }  # fmt: skip
    moved = [
        ("affinity", "lorlatinib:ALK", 3.21, 1.5, 0.1, 0.15, True, 41.7, -0.1),
        ("parameter", "a", 90.0, -1.0, 0.1, 0.1, False, None, None),
        ("total", "b", 7.0, 0.5, 0.6, 0.3, False, None, None),
        ("total", "beyond", 7.0, 0.1, 0.0, 0.0, False, None, None),
        ("hypothesis", "alk_jak3", None, None, None, None, True, None, -1.0),
    ]
    names = ("kind", "name", "value", "slope", "sd", "swing", "flips", "flip_value", "margin_there")
    rows = [words | dict(zip(names, row, strict=True)) for row in moved]
    return pl.DataFrame(rows, schema=DECISIVE.dtypes())


def validation() -> pl.DataFrame:
    """A gate that is kept, and a score whose second check fails in most draws."""
    words = {
        "context": "hepg2", "hypothesis": "default", "readout": "pY705", "statistic": "ratio", "p05": 0.2,
        "p50": 0.3, "p95": None, "draws": 8, "failed": 0, "citation": "somebody", "mark": "read", "side": None,
    }  # fmt: skip
    rows = [
        {"fact": "V01", "check": "a", "tier": "gate", "statement": "it falls", "low": None, "high": 0.5}
        | {"probability": 1.0, "fact_probability": 1.0, "fact_passes": True},
        {"fact": "V04", "check": "a", "tier": "score", "statement": "it rises", "low": 0.1, "high": 0.5}
        | {"probability": 0.9, "fact_probability": 0.25, "fact_passes": False},
        {"fact": "V04", "check": "b", "tier": "score", "statement": "it <stays>", "low": 2.0, "high": None}
        | {"probability": 0.25, "fact_probability": 0.25, "fact_passes": False},
    ]
    return pl.DataFrame([words | row for row in rows], schema=VALIDATION.dtypes())


def test_published_facts_that_are_not_kept_are_shown_by_their_weakest_check(page):
    section = page[page.index('<section id="panel">') :]
    section = section[: section.index("</section>")]
    assert "Gates: 1 of 1; scores: 0 of 1." in section
    assert "it &lt;stays&gt;" in section and "25\u00a0%" in section
    assert "V01" not in section and "it rises" not in section
    assert "As fitted they kept 88\u00a0% of 200 checks, now 99\u00a0%" in section
    assert "gave up 9.4 in log prior and 5.1 in log likelihood" in section


def test_the_figure_of_the_panel_has_a_line_a_fact(tmp_path):
    write_validation_figure(validation(), tmp_path / "one.svg", 0.8)
    write_validation_figure(validation(), tmp_path / "two.svg", 0.8)
    text = (tmp_path / "one.svg").read_text()
    assert "it falls" in text and "it &lt;stays&gt;" in text and "it rises" not in text
    assert "ratio 0.3 [0.2, –]; ≥ 2" in text
    assert text == (tmp_path / "two.svg").read_text()


def write(findings: Findings, folder: Path) -> dict[str, Path]:
    """Page and figures by name."""
    page = write_report(findings, folder / "report.html", title="A <small> screen")
    return {path.name: path for path in (page, *write_figures(findings, folder))}


@pytest.fixture(scope="module")
def written(findings, tmp_path_factory) -> dict[str, Path]:
    """The files of the report."""
    return write(findings, tmp_path_factory.mktemp("report"))


@pytest.fixture(scope="module")
def page(written) -> str:
    """The text of the page."""
    return written["report.html"].read_text(encoding="utf-8")


class Reader(HTMLParser):
    """Collects identifiers, references and open tags of a page."""

    VOID = frozenset(("meta", "img", "input", "br", "link", "path", "use", "rect"))

    def __init__(self) -> None:
        super().__init__()
        self.identifiers: list[str] = []
        self.references: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag, attrs):
        if tag not in self.VOID:
            self.open.append(tag)
        for name, content in attrs:
            if name == "id":
                self.identifiers.append(content)
            if name in ("href", "src"):
                self.references.append(content)
            self.references += [f"#{found}" for found in re.findall(r"url\(#([^)]*)\)", content or "")]

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop() == tag


def test_the_page_stands_alone(page):
    """Nothing is fetched: every reference is into the page or carries its data; tags close; identifiers are unique."""
    assert "http" not in page
    assert len(page.encode()) < 1_500_000
    reader = Reader()
    reader.feed(page)
    assert reader.open == []
    assert len(reader.identifiers) == len(set(reader.identifiers))
    inside = {f"#{name}" for name in reader.identifiers}
    outside = [
        target for target in reader.references if target not in inside and not target.startswith("data:")
    ]
    assert outside == []


def test_the_page_names_every_cell_its_leader_and_its_doubt(page):
    page = page.replace("\u00a0", " ")
    for anchor in (
        "hepg2-default",
        *(f"npm1_alk_lymphoma-{h}" for h in ("alk_direct", "alk_jak3", "mixture")),
    ):
        assert f'<article id="{anchor}"' in page
    assert "The draws of ALK direct 0.75, through JAK3 0.25, each counting by the prior weight" in page
    assert "NPM1-ALK lymphoma, <small>if ALK acts on STAT3 directly" in page
    assert "lorlatinib takes pY705 down most, by 98 % (98 %): first in 100 % of the draws." in page
    assert "tofacitinib takes pY705 down most, by 96 % (96 %): first in 100 % of the draws." in page
    assert "Stimulus: IL-6 10 ng/mL; drug 60 min before." in page
    assert "Prior weight of this hypothesis: 0.75." in page
    assert "Best pair: lorlatinib + tofacitinib" in page


def test_the_page_says_what_failed_what_is_assumed_and_where_it_comes_from(page, findings):
    assert findings.endings.filter(status="max_steps")["trajectories"].to_list() == [4]
    assert re.search(
        r"HepG2</td><td>max_steps</td><td class=\"number\">4</td><td class=\"number\">144<", page
    )
    assert "1 of 2 network parameters are assumed or from memory." in page
    assert findings.ranked["provenance"][0] in page
    assert "&lt;2&gt;" in page
    assert "A &lt;small&gt; screen" in page
    assert "Waterfall." in page
    assert "<h3>H_ALK</h3>" in page
    assert "alk_jak3 makes them 4 times less probable." in page
    assert "large.svg is too large for this page" in page


def unpacked(page: str) -> dict:
    """What travels in a page for its scripts."""
    packed = re.search(r'<script id="packed" type="text/plain">([^<]*)<', page)
    assert packed is not None
    return json.loads(gzip.decompress(base64.b64decode(packed[1])))


def test_the_packed_table_holds_every_row(page, findings):
    content = unpacked(page)
    names, columns = content["table"]["names"], content["table"]["columns"]
    assert {len(values) for values in columns.values()} == {findings.ranked.height}
    views = [tuple(view[:2]) for view in content["views"]]
    for row in findings.ranked.sample(20, seed=1).iter_rows(named=True):
        view = views.index((row["readout"], row["dose_basis"]))
        [cell] = [
            at
            for at, each in enumerate(content["cells"])
            if (each["context"], each["hypothesis"]) == (row["context"], row["hypothesis"])
        ]
        [at] = [
            i
            for i, place in enumerate(
                zip(columns["view"], columns["cell"], columns["intervention"], strict=True)
            )
            if place == (view, cell, names["intervention"].index(row["intervention"]))
        ]
        if row["suppression_p50"] is not None:
            assert columns["suppression_p50"][at] == pytest.approx(row["suppression_p50"], abs=5e-5)
        assert columns["rank"][at] == row["rank"]


def test_dose_responses_of_drugs_that_move_something_travel(page):
    content = unpacked(page)
    hepg2 = [cell["context"] for cell in content["cells"]].index("hepg2")
    curves = content["curves"]["pY705_20min"][hepg2]
    assert set(curves) == {"ruxolitinib", "tofacitinib"}
    doses, low, middle, high = curves["ruxolitinib"]
    assert doses == [10, 100, 500, 1000]
    assert middle == low == high == [round(100 / (1 + dose / 150)) for dose in doses]


def test_isoboles_travel_as_shares_of_the_doses_that_do_as_much_alone(findings):
    head = {"context": "hepg2", "hypothesis": "default", "readout": VIEW.readout, "intervention": "a+b"}
    alone = {"alone_a_p50_nM": 20.0, "alone_b_p50_nM": 40.0}
    rows = [
        {"effect": 0.5, "dose_a_nM": 15.0, "dose_b_p50_nM": 10.0} | alone,
        {"effect": 0.5, "dose_a_nM": 5.0, "dose_b_p50_nM": 30.0} | alone,
        {"effect": 0.5, "dose_a_nM": 30.0, "dose_b_p50_nM": None} | alone,
        {
            "effect": 0.75,
            "dose_a_nM": 5.0,
            "dose_b_p50_nM": 30.0,
            "alone_a_p50_nM": None,
            "alone_b_p50_nM": 40.0,
        },
    ]
    found = pair_isoboles(
        replace(findings, isoboles=pl.DataFrame([head | row for row in rows])), [VIEW.readout]
    )
    hepg2 = findings.cells.index(CELLS[0])
    assert found[VIEW.readout][hepg2] == {"a+b": {"50": [[0.25, 0.75], [0.75, 0.25]]}}
    assert sum(map(len, found[VIEW.readout])) == 1


def test_the_same_findings_give_the_same_files(findings, written, tmp_path):
    assert list(written) == ["report.html", "ranked.svg", "heatmap.svg"]
    for name, path in write(findings, tmp_path).items():
        assert path.read_bytes() == written[name].read_bytes()


def test_figures_are_svg_with_text(written):
    for name in ("ranked.svg", "heatmap.svg"):
        words = [node.text for node in ElementTree.parse(written[name]).iter() if node.tag.endswith("}text")]
        assert "tofacitinib" in words
    assert "trametinib" not in words


def test_without_anything_to_rank_the_files_are_there_and_say_so(findings, tmp_path):
    table = scenarios(DRUGS, contexts=CELLS[:1])
    found = gather_responses(responses(table, lambda *_: None), table)
    ranked = rank(
        found,
        table,
        drug_table(DRUGS),
        aim=AIM,
        dose_bases=[DoseBasis("equal_concentration", 1000.0)],
    )
    empty = Findings(ranked, aim=AIM, **summed_up(found))
    for path in write_figures(empty, tmp_path):
        assert "<text" in path.read_text()
    assert "Nothing could be ranked here" in write_report(empty, tmp_path / "report.html").read_text()


def test_the_heat_map_leaves_out_what_moves_nothing(findings):
    heat = heat_of(findings.ranked, VIEW, findings.labels)
    assert heat.drugs == ["tofacitinib", "ruxolitinib", "lorlatinib"]
    assert heat.suppression[2, heat.cells.index(("npm1_alk_lymphoma", "alk_direct"))] == pytest.approx(
        1000 / 1020
    )


def test_what_decides_the_first_place_is_told_where_it_was_asked(page, findings):
    section = page[page.index('<section id="first">') :]
    section = section[: section.index("</section>")].replace("\u00a0", " ")
    at = findings.cells.index(("npm1_alk_lymphoma", "alk_direct"))
    assert re.findall(r'<tbody data-cells="(\d+)">', section) == [str(at)]
    lead = "lorlatinib + tofacitinib is 4-fold ahead of lorlatinib, ahead in 75 % of the draws; to measure next: b"
    assert f"{lead}<" in section or f"{lead}." in section, section[section.index(lead) :][:200]
    lines = [
        re.findall(r"<td(?: class=\"number\")?>(.*?)</td>", line)
        for line in re.findall(r"<tr>.*?</tr>", section, re.DOTALL)
    ]
    assert lines == [
        [],
        ["constant of lorlatinib at ALK", "3.21 nM", "41.7"],
        ["a", "90 nM", "not within a hundredfold"],
        ["b", "7", "not within a hundredfold"],
        ["if ALK acts through JAK3", "", "there"],
    ]


def test_sets_of_cells_have_their_first_interventions(page):
    section = page.split('<section id="sets">')[1].split("</section>")[0].replace("\u00a0", " ")
    cells = re.findall(r"<(?:td|h3)[^>]*>([^<]*)</", section)
    assert cells == [
        "both cells",
        *("1", "lorlatinib", "70 % (50 to 90 %)", "80 %", "1 %", "−5 %, HepG2"),
        *("2", "tofacitinib", "60 % (50 to 90 %)", "20 %", "11 %", "−5 %, HepG2"),
    ]


def test_what_would_decide_names_a_drug_for_each_hypothesis(findings):
    [(context, lines)] = decisive(findings)
    assert context == "npm1_alk_lymphoma"
    assert [drug for drug, _, _ in lines] == ["lorlatinib", "tofacitinib"]


def test_a_large_page_holds_the_first_dose_basis_alone(findings, page, tmp_path, monkeypatch):
    monkeypatch.setattr("screen.report.writing.LARGEST_PAGE", len(page.encode()) - 1)
    smaller = write_report(findings, tmp_path / "report.html", title="A <small> screen").read_text()
    content = unpacked(smaller)
    assert {basis for _, basis, *_ in content["views"]} == {VIEW.basis}
    rows = findings.ranked.filter(pl.col("dose_basis") == VIEW.basis)
    assert len(content["table"]["columns"]["rank"]) == rows.height
    assert content["views"][content["first"]][:2] == [*VIEW]
    assert "Rows of the first dose basis, single drugs, and pairs among" in smaller


def test_a_page_of_very_many_rows_holds_the_pairs_that_are_among_the_first(findings, tmp_path, monkeypatch):
    few = replace(findings, top=1)
    monkeypatch.setattr("screen.report.writing.MOST_ROWS", findings.ranked.height - 1)
    smaller = write_report(few, tmp_path / "report.html").read_text()
    pair = pl.col("intervention").str.contains("+", literal=True)
    shown = findings.ranked.filter(~pair | (pl.col("rank") <= 2))
    assert shown.height < findings.ranked.height and shown.filter(pair).height > 0
    assert len(unpacked(smaller)["table"]["columns"]["rank"]) == shown.height
    assert (
        "Rows of single drugs, and pairs among the first 2 of a ranking; ranked.csv has the others."
        in smaller
    )


def test_a_page_too_large_for_snakemake_is_refused(findings, tmp_path, monkeypatch):
    monkeypatch.setattr("screen.report.writing.LARGEST_PAGE", 1000)
    with pytest.raises(ReportError, match="must stay below 1000 bytes to be shown, found"):
        write_report(findings, tmp_path / "report.html")
    assert not (tmp_path / "report.html").exists()


def test_a_view_that_is_not_there_is_named(findings):
    with pytest.raises(
        ReportError, match=r"hepg2\|default must have rows for pY705_9h, clinical, found none"
    ):
        findings.slice(("hepg2", "default"), View("pY705_9h", "clinical"))


def test_own_cells_come_first_and_own_drugs_have_a_sentence(findings, tmp_path):
    mine = replace(findings, own=frozenset(("npm1_alk_lymphoma", "trametinib")))
    page = write_report(mine, tmp_path / "report.html").read_text()
    content = unpacked(page)
    assert [cell["own"] for cell in content["cells"]] == [True, True, True, False]
    assert page.count('<span class="yours">yours</span>') == 6
    assert "Your trametinib: rank " in page and "Your tofacitinib" not in page


def test_what_was_measured_in_a_context_is_marked_at_free_concentration(findings, tmp_path):
    row = {
        "drug": "ruxolitinib",
        "used": True,
        "readout": "pY705",
        "ic50_nM": 300.0,
        "free_fraction": 0.5,
    }
    words = {"relation": "<", "cells": "HepG2", "stimulus": "IL-6", "citation": "somebody"}
    measured = pl.DataFrame(
        [
            row | words | {"context": "hepg2"},
            row | words | {"context": "hepg2", "readout": "pERK"},
            row | words | {"context": "hepg2", "used": False},
        ]
    )
    page = write_report(replace(findings, measured=measured), tmp_path / "report.html").read_text()
    content = unpacked(page)
    found = dict(zip((cell["context"] for cell in content["cells"]), content["measured"], strict=True))
    assert found["npm1_alk_lymphoma"] == []
    [mark] = found["hepg2"]
    assert (mark["nM"], mark["relation"], mark["words"]) == (150.0, "<", "HepG2, IL-6: somebody")


def test_labels_join_the_options_of_several_switches(labels):
    label = "alk_direct+s727_silent"
    assert labels.hypothesis(label) == "if ALK acts on STAT3 directly and if S727 is silent"
    assert labels.short_cell("hepg2", label) == "HepG2\nALK direct, S727 silent"
    assert labels.hypothesis("default") == ""
    assert labels.hypothesis("odd_name") == "if odd name"


def test_a_report_without_labels_shows_the_names_of_the_tables(findings, tmp_path):
    plain = replace(findings, labels=Labels(), top=15)
    page = write_report(plain, tmp_path / "report.html").read_text()
    assert "Npm1 alk lymphoma" in page and "if alk direct" in page
    assert "NPM1-ALK lymphoma" not in page
    words = [node.text for node in ElementTree.parse(write_figures(plain, tmp_path)[0]).iter()]
    assert "other" in words


def test_classes_of_one_title_are_drawn_alike_and_those_without_a_colour_differ(tmp_path):
    path = tmp_path / "labels.tsv"
    path.write_text("kind\tname\ttitle\nclass\tMEK\tMAPK\nclass\tJAK\tJAK\nclass\tERK\tMAPK\n")
    labels = read_labels(path)
    assert labels.family("MEK") is labels.family("ERK")
    assert labels.family("MEK").colour != labels.family("JAK").colour
    assert labels.family("EGFR").name == "other"


def test_genetic_changes_have_a_colour_of_their_own(labels):
    others = {family.colour for name, family in labels.families.items() if name != GENETIC}
    assert labels.family(GENETIC).name == "genetic change" and labels.family(GENETIC).colour not in others


@pytest.mark.parametrize(
    ("row", "error", "message"),
    [
        ("class\tMEK\tMEK\tblue\to", TableError, "labels.tsv row 2: `colour` must be #rrggbb, found blue"),
        ("gene\tMEK\tMEK\t\t", TableError, "labels.tsv row 2: `kind` must be one of context, .* found gene"),
        (
            "class\tMEK\tMEK\t\tsquare",
            TableError,
            "labels.tsv row 2: `marker` must be one of .* found square",
        ),
    ],
)
def test_labels_that_cannot_be_drawn_are_refused(tmp_path, row, error, message):
    (tmp_path / "labels.tsv").write_text(f"kind\tname\ttitle\tcolour\tmarker\n{row}\n")
    with pytest.raises(error, match=message):
        read_labels(tmp_path / "labels.tsv")


def test_every_figure_has_its_caption_in_the_workflow(root):
    captions = {path.stem for path in (root / "workflow/report/figures").glob("*.rst")}
    assert captions == set(FIGURES)


def test_what_is_to_rise_is_spoken_of_as_such(found, findings, tmp_path):
    """The same responses, pERK raised: every word of the page and the axes is of that."""
    aim = replace(AIM, observable="pERK", goal="raise", side=("pAKT",))
    drugs = drug_table(DRUGS)
    ranked = rank(found, found.scenarios, drugs, aim=aim, dose_bases=[DoseBasis("equal_burden", 1000.0)])
    told = replace(
        findings, ranked=as_lowering(ranked, aim), aim=aim, validation=None, **summed_up(found, aim)
    )
    files = write(told, tmp_path)
    page = files["report.html"].read_text(encoding="utf-8")
    words = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    assert (
        "takes pERK up" in words
        and "Median rise of pERK" in words
        and "dark bar: doubling dose with its interval" in words
    )
    assert "pERK rise [% of vehicle]" in files["ranked.svg"].read_text(encoding="utf-8")
    for other in ("pY705", "suppression", "Suppression", "IC50"):
        assert other not in words, other
