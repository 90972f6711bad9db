"""The shipped drugs, and what is said of tables that cannot be used."""

from collections import Counter

import polars as pl
import pytest

from screen.errors import ScenarioError, TableError
from screen.scenarios import AFFINITIES, DRUGS
from screen.scenarios.assays import SHIFT_RULES
from screen.tables import read_table
from tests.scenarios.tables import CONFIG, contexts_of, drugs_of

CLASSES = {
    "JAK": 13,
    "ALK": 10,
    "mTOR": 8,
    "PI3K/mTOR": 3,
    "PI3K": 5,
    "MEK": 6,
    "RAF": 4,
    "ERK": 2,
    "AKT": 4,
    "SRC/ABL": 5,
    "FGFR": 6,
    "EGFR": 7,
    "IGF1R": 4,
    "MET": 4,
    "PKC": 1,
    "IKK": 3,
    "p38/JNK": 4,
    "STAT3 direct": 7,
    "anti-IL-6(R)": 3,
    "NF-kB input": 2,
    "other": 2,
}


def test_every_assay_shifts_a_constant_by_the_atp_that_it_lacked():
    """A target with [ATP]/Km of 40 in a cell: 41 without ATP, 41/2 at its Km, 41/(1 + 4) where a tenth was there."""
    known = {"none": 41.0, "km": 20.5, "tenth_mM": 8.2, "lysate": 41**0.5, "cell": 1.0, "site": 1.0}
    assert {name: rule(41.0) for name, rule in SHIFT_RULES.items()} == pytest.approx(known)
    assert all(rule(1.0) == 1.0 for rule in SHIFT_RULES.values())


def test_shipped_drugs_by_class(shipped_drugs):
    screened = [shipped_drugs.drugs[name] for name in shipped_drugs.screened()]
    assert Counter(drug.drug_class for drug in screened) == CLASSES
    assert len(screened) == 103
    assert len(shipped_drugs.drugs) == 105


def test_unscreened_drugs_say_why(shipped_drugs):
    explained = {drug.name for drug in shipped_drugs.drugs.values() if "not screened: " in drug.notes}
    assert explained == set(shipped_drugs.drugs) - set(shipped_drugs.screened())


def test_every_screened_drug_of_a_kinase_class_binds_that_kinase(shipped_drugs):
    """A class label without an affinity behind it would rank a drug on nothing."""
    wanted = {
        "JAK": {"JAK1", "JAK2", "JAK3", "TYK2"},
        "ALK": {"ALK"},
        "MET": {"MET"},
        "PKC": {"PKC"},
        "mTOR": {"MTOR", "MTORC1_RAPALOG"},
        "PI3K/mTOR": {"PI3K", "MTOR"},
        "PI3K": {"PI3K"},
        "MEK": {"MEK"},
        "RAF": {"RAF"},
        "ERK": {"ERK"},
        "AKT": {"AKT"},
        "SRC/ABL": {"SRC", "ABL1"},
        "FGFR": {"FGFR"},
        "EGFR": {"EGFR"},
        "IGF1R": {"IGF1R"},
        "IKK": {"IKK"},
        "p38/JNK": {"P38", "JNK"},
    }
    bound: dict[str, set[str]] = {}
    for binding in shipped_drugs.bindings:
        bound.setdefault(binding.drug, set()).add(binding.target)
    missing = [
        name
        for name in shipped_drugs.screened()
        if (drug_class := shipped_drugs.drugs[name].drug_class) in wanted
        and not bound[name] & wanted[drug_class]
    ]
    assert missing == []


def test_known_slips_are_left_out_and_other_domains_are_listed_and_not_used(shipped_drugs):
    rows = read_table(CONFIG / "affinities.tsv", AFFINITIES)
    assert rows.filter((pl.col("drug") == "trametinib") & (pl.col("gene") == "PIK3CA")).is_empty()
    assert "database slip" in shipped_drugs.drugs["trametinib"].notes
    variants = rows.filter(pl.col("construct") != pl.col("gene"))
    assert variants.height > 250
    assert variants.filter("used")["construct"].to_list() == [
        "EGFR_L858R_T790M",
        "STAT3_apparent",
        "IL1R1|IL1RAP",
    ]


def test_binding_without_atp_is_preferred_over_lysate_and_listings():
    """GSK690693 on AKT1: 2.2 nM without ATP is used, 554 nM in lysate is listed."""
    rows = read_table(CONFIG / "affinities.tsv", AFFINITIES).filter(
        (pl.col("drug") == "GSK690693") & (pl.col("gene") == "AKT1")
    )
    assert rows.select("value_nM", "atp", "used").rows() == [(2.2, "none", True), (554.3, "lysate", False)]


def test_numbers_from_memory_are_marked(shipped_drugs):
    """What was not read says so, at the number and at the drug that rests on it."""
    rows = read_table(CONFIG / "affinities.tsv", AFFINITIES).filter("used")
    unread = set(rows.filter(pl.col("mark").is_in(["memory", "assumed"]))["drug"])
    assert unread == {
        "temsirolimus", "dactolisib", "TPCA-1", "SD-36", "danvatirsen", "tocilizumab", "sarilumab", "siltuximab",
        "filgotinib", "momelotinib", "pacritinib", "AZD1480", "decernotinib", "WHI-P131", "ensartinib", "ASP3026",
        "sapanisertib", "OSI-027", "PD173074", "duvelisib", "S3I-1757", "upadacitinib",
    }  # fmt: skip
    marked = set(read_table(CONFIG / "drugs.tsv", DRUGS).filter(pl.col("mark") != "read")["drug"])
    assert marked == unread - {"upadacitinib"}


def spoil(folder, name, old, new):
    path = folder / name
    text = path.read_text()
    old, new = old.replace(" ", "\t"), new.replace(" ", "\t")
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("affinities.tsv", "Kd = 99 ", "Kd = -99 ", "affinities.tsv row 10: `value_nM` must be positive, found -99.0"),
        ("affinities.tsv", "Kd = 99 ", "Kd =  ", "affinities.tsv row 10: `value_nM` must not be empty, found nothing"),
        ("affinities.tsv", "Kd = 99 ", "Kd = weak ", "affinities.tsv row 10: `value_nM` must be a number, found weak"),
        ("affinities.tsv", "Kd = 99 ", "Kd = nan ",
         "affinities.tsv row 10: `value_nM` must be a finite number, found nan"),
        ("affinities.tsv", "site true read D", "bench true read D",
         "affinities.tsv row 10: `atp` must be one of none, km, tenth_mM, lysate, cell, site, found bench"),
        ("drugs.tsv", "true 2.5", "true 0", "drugs.tsv row 7: `hill` must be positive, found 0.0"),
        ("drugs.tsv", "true 2.5", "yes 2.5", "drugs.tsv row 7: `screened` must be true or false, found yes"),
        ("drugs.tsv", "ruxolitinib JAK", "tofacitinib JAK",
         "drugs.tsv row 3: (drug) must be unique, found (tofacitinib) again"),
        ("drugs.tsv", "ruxolitinib JAK", "until JAK",
         "drugs.tsv row 3: `drug` must not be until, which says when a treatment ends, found until"),
        ("targets.tsv", "JAK2 JAK2 251", "JAK2 JAK2 0.5",
         "targets.tsv row 3: `atp_shift` must be at least 1, found 0.5"),
    ],
)  # fmt: skip
def test_broken_tables_name_file_row_and_field(folder, name, old, new, message):
    spoil(folder, name, old, new)
    with pytest.raises(TableError) as caught:
        drugs_of(folder)
    assert message in caught.value.problems


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("sirolimus FKBP1A", "rapamune FKBP1A",
         "affinities.tsv row 12, rapamune on FKBP1A: `drug` must be in the table of drugs, found rapamune"),
        ("FKBP1A FKBP1A MTORC1_RAPALOG", "FKBP1A FKBP1A MTORC9",
         "affinities.tsv row 12, sirolimus on FKBP1A: `target` must be one of JAK1, JAK2, JAK3, TYK2, MEK, "
         "MTORC1_RAPALOG, IL6R_CAPTURE, STAT3_SH2, STAT3_DEGRADER, found MTORC9"),
        ("FKBP1A FKBP1A MTORC1_RAPALOG", "FKBP1A FKBP1A MEK",
         "affinities.tsv row 12, sirolimus on FKBP1A: `gene` must be one of MAP2K1, MAP2K2 for the target MEK, "
         "found FKBP1A"),
        ("none false read C", "none true read C",
         "affinities.tsv row 9, ruxolitinib on JAK1: at most one row of JAK1 may be `used`, found 2"),
        ("site true read C", "site false read C",
         "drugs.tsv row 5, sirolimus: a screened drug must have a used affinity with relation =, found none"),
    ],
)  # fmt: skip
def test_tables_that_disagree_are_refused(folder, old, new, message):
    spoil(folder, "affinities.tsv", old, new)
    with pytest.raises(ScenarioError) as caught:
        drugs_of(folder)
    assert message in caught.value.problems


def test_a_class_has_one_spelling(folder):
    """With constants in cells it says which targets are meant: of another spelling, none."""
    spoil(folder, "drugs.tsv", "ruxolitinib JAK ", "ruxolitinib Jak ")
    with pytest.raises(ScenarioError) as caught:
        drugs_of(folder)
    assert caught.value.problems == (
        "drugs.tsv row 3, ruxolitinib: `class` must be written as elsewhere, JAK, found Jak",
    )


def test_empty_table_is_refused(folder):
    header = (folder / "affinities.tsv").read_text().splitlines()[0]
    (folder / "affinities.tsv").write_text(header + "\n")
    with pytest.raises(TableError, match=r"affinities.tsv: must hold at least one row, found none"):
        drugs_of(folder)


@pytest.mark.parametrize(
    ("old", "new", "error", "message"),
    [
        ("hypothesis direct", "hypothesis indirect", ScenarioError,
         "contexts.tsv row 7, lymphoma: `parameter` of a row of kind hypothesis must be one of direct, "
         "through_jak3, tight, loose, found indirect"),
        ("organism mouse", "organism rat", ScenarioError,
         "contexts.tsv row 2, liver: `parameter` of a row of kind organism must be one of human, mouse, found rat"),
        ("timing preincubation_min", "timing preincubation_h", ScenarioError,
         "contexts.tsv row 5, liver: `parameter` of a row of kind timing must be one of preincubation_min, "
         "found preincubation_h"),
        ("liver organism mouse 1", "liver module m7 1", ScenarioError,
         "contexts.tsv row 2, liver: `parameter` of a row of kind module must be the key of one, such as m07, with the "
         "value 0 (left out), found m7 with 1"),
        ("STAT3_total 28.2", "STAT3_total -28.2", TableError,
         "contexts.tsv row 3: `value` must be at least 0, found -28.2"),
        ("liver stimulus IL6_dose 10", "liver total STAT3_total 10", TableError,
         "contexts.tsv row 4: (context, kind, parameter) must be unique, found (liver, total, STAT3_total) again"),
    ],
)  # fmt: skip
def test_broken_contexts_say_what_is_wrong(folder, old, new, error, message):
    spoil(folder, "contexts.tsv", old, new)
    with pytest.raises(error) as caught:
        contexts_of(folder)
    assert message in caught.value.problems
