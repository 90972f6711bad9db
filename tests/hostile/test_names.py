"""Names are held to one pattern wherever they are read."""

import json
import re

import pytest

from screen.errors import ScreenError
from screen.files import NAME, name_problem, slug
from screen.scenarios import read_context_tables, read_drug_tables
from screen.settings import load_settings

GOOD = (
    "ruxolitinib", "S3I-201", "PD-0325901", "anti-IL-6(R)", "SRC/ABL", "STAT3 direct", "NF-kB input", "p38/JNK",
    "(R)-crizotinib", "17-AAG", "il6_kd_0p5nM", "TNFα", "hépatocyte", "v1.2", "A",
    "a" * 80,
)  # fmt: skip
BAD = (
    "", " ", " a", "a ", "a  b", "=1+1", '=HYPERLINK("http://x","y")', "=cmd|' /C calc'!A0", "@SUM(1)", "+a", "-a",
    "a+b", "a|b", "a@b", r"$\frac{a}{$", r"a\q", 'x"><script>alert(1)</script>', "a&b", "a;b", "{x}", "a=b", "a,b",
    "a\tb", "a\nb", "\x1b[31mred", "a\u200b", "a\u202eb", "\ufeffa", "a\u00a0b", "\uffa0", "a\x00", "../a",
    "vehicle", "Vehicle", "default", "mixture", "a" * 81,
)  # fmt: skip


@pytest.mark.parametrize("text", GOOD)
def test_a_name(text):
    assert name_problem(text) is None


@pytest.mark.parametrize("text", BAD)
def test_no_name(text):
    assert name_problem(text)


def test_every_shipped_name_is_one_and_the_schema_for_editors_says_the_same(root):
    config = root / "config"
    drugs = read_drug_tables(config / "drugs.tsv", config / "affinities.tsv", config / "targets.tsv")
    contexts = read_context_tables(config / "contexts.tsv", config / "hypotheses.tsv")
    names = {*drugs.drugs, *drugs.targets, *contexts.contexts, *contexts.options}
    names |= {drug.drug_class for drug in drugs.drugs.values()}
    assert len(names) > 150 and not any(map(name_problem, names))
    schema = json.loads((root / "workflow/schemas/config.schema.json").read_text())
    assert schema["$defs"]["ReadoutSettings"]["properties"]["id"]["pattern"] == NAME
    assert all(re.search(NAME, name) for name in GOOD) and not any(re.search(NAME, name) for name in BAD[:32])


ROWS = {
    "drug": ("drugs.tsv", 0),
    "class": ("drugs.tsv", 1),
    "drug of an affinity": ("affinities.tsv", 0),
    "target": ("targets.tsv", 0),
    "context": ("contexts.tsv", 0),
    "switch": ("hypotheses.tsv", 0),
    "hypothesis": ("hypotheses.tsv", 1),
}


@pytest.mark.parametrize(("file", "column"), ROWS.values(), ids=ROWS)
@pytest.mark.parametrize(
    "text", ['=HYPERLINK("http://x")', 'x"><script>', "a+b", "vehicle", "a\u200b", "\x1bc"]
)
def test_it_is_refused_in_every_table_with_its_row(root, tmp_path, file, column, text):
    for name in ("drugs", "affinities", "targets", "contexts", "hypotheses"):
        lines = (root / f"config/{name}.tsv").read_text().splitlines()
        if f"{name}.tsv" == file:
            cells = lines[3].split("\t")
            cells[column] = text
            lines[3] = "\t".join(cells)
        (tmp_path / f"{name}.tsv").write_text("\n".join(lines) + "\n")
    names, read = (
        (("contexts", "hypotheses"), read_context_tables)
        if file in ("contexts.tsv", "hypotheses.tsv")
        else (("drugs", "affinities", "targets"), read_drug_tables)
    )
    with pytest.raises(ScreenError) as caught:
        read(*(tmp_path / f"{name}.tsv" for name in names))
    (problem,) = caught.value.problems
    assert problem.startswith(f"{file} row 4: `") and problem.isprintable()


@pytest.mark.parametrize(
    "text",
    ['scenarios: {drugs: ["=1"]}', "scenarios: {contexts: [vehicle]}", "scenarios: {pairs: [[a, b+c]]}",
     r'readouts: [{id: "a\u200b", observable: b, minutes: 1}]', "scenarios: {hypotheses: ['<b>']}"],
)  # fmt: skip
def test_it_is_refused_in_the_settings(tmp_path, text):
    (tmp_path / "config.yaml").write_text(text)
    with pytest.raises(ScreenError, match=r"config.yaml line 1: `.*` must (be a name|not be)") as caught:
        load_settings(tmp_path / "config.yaml")
    assert len(caught.value.problems) == 1


def test_a_slug_is_safe_and_different_for_different_names():
    assert slug("hepg2", "alk_direct") == "hepg2-alk_direct"
    hostile = ['x"><script>alert(1)</script>', r"a\q", "a q", "a&q", "é", "", "a-", "a"]
    slugs = [slug("cell", text) for text in hostile]
    assert len(set(slugs)) == len(hostile)
    assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", text) for text in slugs)
