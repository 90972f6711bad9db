"""The annotated network is the same model, libSBML finds it consistent, and its annotations agree with other tables."""

from dataclasses import replace
from pathlib import Path

import libsbml
import polars as pl
import pytest

from screen.archive import annotate, check_annotations, read_accessions
from screen.archive.annotations import ANNOTATIONS_FILE, IDENTIFIERS_FILE, read_annotations
from screen.errors import NetworkError
from screen.network import check_network, compose_network, read_genes, read_parameters, read_sbml, read_totals
from screen.network.totals import TOTALS_FILE

STANDS_FOR_NOTHING = {"tumour_cytokine", "STAT3_dimer_S_c", "STAT3_dimer_S_n"}
"""A cytokine that may be one of several, and two counts of phosphates."""

ACTED_ON = {("EP300", "acSTAT3")}
"""What genes.tsv names for what a protein does to it."""


@pytest.fixture(scope="module")
def folder(root) -> Path:
    return root / "config/network"


@pytest.fixture(scope="module")
def shipped(folder) -> str:
    return compose_network(folder)


@pytest.fixture(scope="module")
def text(shipped, folder) -> str:
    return annotate(shipped, folder)


@pytest.fixture(scope="module")
def document(text) -> libsbml.SBMLDocument:
    return libsbml.readSBMLFromString(text)


def test_a_species_that_starts_as_an_amount_starts_there(shipped, folder):
    document = libsbml.readSBMLFromString(shipped)
    document.getModel().getSpecies("IL6R_IL6").setInitialAmount(3.0)
    found = libsbml.readSBMLFromString(annotate(libsbml.writeSBMLToString(document), folder))
    species = found.getModel().getSpecies("IL6R_IL6")
    assert species.isSetInitialAmount() and species.getInitialAmount() == 3.0


def resources(element: libsbml.SBase, qualifier: int) -> list[str]:
    """The addresses that an element has under a qualifier."""
    terms = [element.getCVTerm(place) for place in range(element.getNumCVTerms())]
    return [
        term.getResourceURI(place)
        for term in terms
        if term.getBiologicalQualifierType() == qualifier
        for place in range(term.getNumResources())
    ]


def test_it_is_the_same_model(shipped, text):
    assert replace(read_sbml(text), digest="") == replace(read_sbml(shipped), digest="")


def test_libsbml_finds_it_consistent_terms_included(text):
    assert check_network(text) == []
    wrong = text.replace('sboTerm="SBO:0000253"', 'sboTerm="SBO:0000177"', 1)
    assert "is not in the appropriate branch" in check_network(wrong)[0]


def test_all_species_but_three_have_identifiers(document):
    bare = [s.getId() for s in document.getModel().getListOfSpecies() if not s.getNumCVTerms()]
    assert set(bare) == STANDS_FOR_NOTHING
    assert document.getModel().getNumSpecies() == 182
    genes = [resources(s, libsbml.BQB_IS_ENCODED_BY) for s in document.getModel().getListOfSpecies()]
    assert sum(not each for each in genes) == len(bare) + 2  # ROS and PIP3 are of ChEBI


@pytest.mark.parametrize(
    ("species", "qualifier", "found"),
    [
        ("STAT3_c", libsbml.BQB_IS, ["uniprot:P40763"]),
        ("STAT3_Y_c", libsbml.BQB_IS_VERSION_OF, ["uniprot:P40763"]),
        ("STAT3_Y_c", libsbml.BQB_IS_ENCODED_BY, ["hgnc:11364"]),
        ("ERK_PP", libsbml.BQB_HAS_VERSION, ["uniprot:P28482", "uniprot:P27361"]),
        ("STAT3_STAT1_n", libsbml.BQB_HAS_PART, ["uniprot:P40763", "uniprot:P42224"]),
        ("SOCS3_mRNA", libsbml.BQB_ENCODES, ["uniprot:O14543"]),
        ("PIP3", libsbml.BQB_IS, ["CHEBI:16618"]),
    ],
)
def test_species_stand_for(document, species, qualifier, found):
    addresses = [f"https://identifiers.org/{each}" for each in found]
    assert resources(document.getModel().getSpecies(species), qualifier) == addresses


@pytest.mark.parametrize(
    ("element", "term"),
    [
        ("STAT3_c", "SBO:0000252"),
        ("gp130_dimer", "SBO:0000253"),
        ("ERK_PP", "SBO:0000245"),
        ("PIP3", "SBO:0000247"),
        ("STAT3_mRNA", "SBO:0000250"),
        ("cytosol", "SBO:0000290"),
        ("STAT3_S_pairing_c", "SBO:0000177"),
        ("STAT3_parting_c", "SBO:0000180"),
        ("STAT3_dimer_dephos_n", "SBO:0000176"),  # it parts, but not into what pairs
        ("gp130_activation", "SBO:0000176"),  # one complex becomes another, none is bound
        ("STAT4_import", "SBO:0000185"),
        ("STAT4_dephos_n", "SBO:0000176"),  # it moves, but changes too
        ("BCL2_transcription", "SBO:0000183"),
        ("BCL2_synthesis", "SBO:0000393"),
        ("BCL2_decay", "SBO:0000179"),
        ("IL2R_turnover", "SBO:0000375"),  # made and lost in one
        ("S727_dimer_c", "SBO:0000375"),  # a count
        ("k_IL6_on", "SBO:0000009"),
        ("STAT3_total", "SBO:0000196"),
        ("gp130_STAT3", "SBO:0000002"),
    ],
)
def test_terms_follow_from_what_things_do(document, element, term):
    assert document.getModel().getElementBySId(element).getSBOTermID() == term


def test_the_model_is_a_continuous_framework_without_space(document):
    assert document.getModel().getSBOTermID() == "SBO:0000293"


def test_species_hold_the_genes_that_they_carry(folder, shipped):
    network = read_sbml(shipped)
    known = {*network.species, *network.parameters, *network.observables}
    annotations = read_annotations(folder)
    rows = read_genes(folder, known).drop_nulls("carried_by").select("gene", "carried_by").rows()
    carried = {(gene, name) for gene, names in rows for name in names.split() if name in network.species}
    lost = {(gene, name) for gene, name in carried if gene not in annotations[name].made_of}
    assert len(carried) > 60
    assert lost == ACTED_ON


def test_species_that_start_as_a_total_hold_its_genes(folder, document):
    table = read_parameters(folder / "parameters.tsv")
    totals = read_totals(folder, dict(table.select("parameter", "unit").iter_rows()))
    annotations = read_annotations(folder)
    starts = {
        each.getSymbol(): libsbml.formulaToL3String(each.getMath())
        for each in document.getModel().getListOfInitialAssignments()
    }
    held = {name: totals[total] for name, total in starts.items() if total in totals}
    assert len(held) > 40
    assert [name for name, genes in held.items() if not {*genes} <= {*annotations[name].made_of}] == []


def test_identifiers_are_of_one_thing_each_and_all_used(folder):
    table = pl.read_csv(folder / IDENTIFIERS_FILE, separator="\t")
    for database, twice in {"hgnc": [], "uniprot": ["IFNA1", "IFNA13"], "chebi": []}.items():
        known = table.drop_nulls(database)
        assert known.filter(known[database].is_duplicated())["name"].to_list() == twice
    used = {part for each in read_annotations(folder).values() for part in each.made_of}
    totals = pl.read_csv(folder / TOTALS_FILE, separator="\t", comment_prefix="#")
    assert used | set(totals["gene"]) == set(table["name"])


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (IDENTIFIERS_FILE, "P40763", "40763", "identifiers.tsv, STAT3: `uniprot` must look like .*, found 40763"),
        (IDENTIFIERS_FILE, "HGNC:11364", "11364", "`hgnc` must look like .*, found 11364"),
        (ANNOTATIONS_FILE, "form\tSTAT3\tpY705\n", "form\tSTAT9\tpY705\n",
         "annotations.tsv, STAT3_Y_c: `made_of` must be of identifiers.tsv, found STAT9"),
        (ANNOTATIONS_FILE, "protein\tSTAT3\t", "protein\tSTAT3 STAT1\t",
         "must name one under `protein`, found STAT3 STAT1"),
        (ANNOTATIONS_FILE, "protein\tSTAT3\t", "thing\tSTAT3\t", "must be one of protein"),
        (ANNOTATIONS_FILE, "ERK_PP\t", "ERK_PPP\t", "`species` must be in the network, found ERK_PPP"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named(folder, shipped, tmp_path, file, old, new, message):
    for name in (ANNOTATIONS_FILE, IDENTIFIERS_FILE):
        written = (folder / name).read_text()
        assert name != file or old in written
        (tmp_path / name).write_text(written.replace(old, new, 1) if name == file else written)
    with pytest.raises(NetworkError, match=message):
        check_annotations(tmp_path, read_sbml(shipped).species)


def test_a_network_that_names_nothing_needs_headers_alone(folder, tmp_path):
    for name in (ANNOTATIONS_FILE, IDENTIFIERS_FILE):
        (tmp_path / name).write_text((folder / name).read_text().splitlines()[0] + "\n")
    assert check_annotations(tmp_path, ["STAT3_c"]) == 0
    assert read_accessions(tmp_path) == {}
