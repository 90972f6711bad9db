"""Whatever the tables say, the page holds no script, no handler and no anchor of theirs, and no text is a formula."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import polars as pl
import pytest

from screen.rank import DoseBasis, gather_responses, rank
from screen.report import Findings, write_figures, write_report
from tests.rank.worlds import AIM, drug_table, hill, responses, scenarios, summed_up, uneven

CONTEXTS = ('x"><script>alert(1)</script>', r"a\q", "<img src=x onerror=alert(1)>")
DRUGS = (r"$\frac{a}{$", "<b>bold</b>", "=cmd|' /C calc'!A0", "a&lt;b")


class Seen(HTMLParser):
    """Tags, identifiers and attributes of a page."""

    def __init__(self, page: str):
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A report of cells and drugs with hostile names, which no reader would have let in."""
    plain = dict(zip(("d0", "d1", "d2", "d3"), DRUGS, strict=True))
    plain |= dict(zip(("c0", "c1", "c2"), CONTEXTS, strict=True)) | {"alk_direct": r"h\1<script>"}
    table = scenarios(
        list(plain)[:4], [], [(cell, "alk_direct") for cell in list(plain)[4:7]], doses=(10.0, 1000.0)
    )
    found = gather_responses(responses(table, hill(dict.fromkeys(plain, 100.0), uneven), draws=4), table)
    bases = [DoseBasis("equal_burden", 1000.0)]
    ranked = rank(found, table, drug_table(list(plain)[:4]), aim=AIM, dose_bases=bases)
    words = pl.col(pl.String).replace(plain)
    told = {name: table.with_columns(words) for name, table in summed_up(found).items()}
    names = pl.col("context", "hypothesis", "intervention").replace(plain)
    findings = Findings(ranked.with_columns(names), aim=AIM, **told, provenance={"<script>": "</script>"})
    path = tmp_path_factory.mktemp("page")
    write_report(
        replace(findings, provenance={"<script>": "</script>"}),
        path / "report.html",
        title="</title><script>",
    )
    write_figures(findings, path)
    return path


def test_the_page_has_our_scripts_only(folder):
    seen = Seen((folder / "report.html").read_text())
    assert seen.tags.count("script") == 2 and seen.tags.count("title") == 1
    assert "b" in seen.tags and "img" not in seen.tags
    assert not [name for name, _ in seen.attributes if name.startswith("on")]


def test_anchors_are_slugs(folder):
    seen = Seen((folder / "report.html").read_text())
    anchors = [value for name, value in seen.attributes if name == "id"]
    assert len(anchors) == len(set(anchors)) > 20
    assert all(re.fullmatch(r"[A-Za-z][\w.-]*", anchor) for anchor in anchors)


@pytest.mark.parametrize("name", ["ranked.svg", "heatmap.svg"])
def test_figures_show_names_as_text(folder, name):
    text = (folder / name).read_text()
    assert "<script" not in text and "onerror=" not in re.sub(r">[^<]*<", "><", text)
    assert r"$\frac{a}{$" in text and "&lt;b&gt;bold&lt;/b&gt;" in text
