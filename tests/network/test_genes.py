"""Every gene of the source documents has its place, and the page of genes says the same."""

import csv

import pytest

from screen.errors import NetworkError
from screen.maps import genes_page
from screen.network import read_genes

SLIPS = {"MTTP", "SOAT1", "LINC02605", "IFN1@", "stat1a", "stat1b"}
BESIDE = {"MET", "HGF", "ERBB2", "ERBB3", "NRG1", "PRKCA", "PRKCB", "PRKCD", "PRKCE", "PLCG1"}
"""Genes of the network that the source documents do not name."""

HEADER = "gene\tmodule\tcarried_by\tnote\n"


@pytest.fixture(scope="module")
def known(whole) -> set[str]:
    return {*whole.species, *whole.parameters, *whole.observables}


@pytest.fixture(scope="module")
def genes(network_folder, known):
    return read_genes(network_folder, known)


def test_every_gene_of_the_documents_is_there(root, genes):
    path = root.parent / "shared/science/genes.csv"
    if not path.exists():
        pytest.skip("needs ../shared/science/genes.csv, which lies beside the project where it is developed")
    with path.open() as file:
        assert {row["gene"] for row in csv.DictReader(file)} == set(genes["gene"]) - BESIDE


def test_genes_are_carried_and_slips_explained(genes):
    assert genes.height == 99 + len(BESIDE)
    assert set(genes.filter(genes["carried_by"].is_null())["gene"]) == SLIPS
    assert genes.filter(genes["carried_by"].is_null())["note"].null_count() == 0


def test_families_are_whole(genes):
    names = set(genes["gene"])
    assert {f"TLR{k}" for k in range(1, 11)} <= names
    assert {f"FGF{k}" for k in range(1, 24) if k != 15} <= names
    assert {f"FGFR{k}" for k in range(1, 5)} | {"FGFRL1"} <= names
    assert {f"STAT{k}" for k in (1, 2, 3, 4, "5A", "5B", 6)} <= names
    assert {f"IFNA{k}" for k in (1, 2, 4, 5, 6, 7, 8, 10, 13, 14, 16, 17, 21)} <= names


def test_the_page_is_up_to_date(root, genes):
    assert (root / "docs/genes.md").read_text() == genes_page(genes), "run `make maps`"


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("ALK\tm99_alk\tA\t", "genes.tsv, ALK: `module` must be a file here, found m99_alk"),
        ("ALK\tm01_source\tA ALK7\t", "genes.tsv, ALK: `carried_by` must be in the network, found ALK7"),
        (
            "MTTP\tm01_source\t\t",
            "genes.tsv, MTTP: `note` must say what was meant where nothing carries it, found none",
        ),
    ],
)
def test_a_row_that_says_nothing_is_refused(small, row, message):
    folder = small()
    (folder / "genes.tsv").write_text(HEADER + row + "\n")
    with pytest.raises(NetworkError) as caught:
        read_genes(folder, {"A", "B"})
    assert caught.value.problems == (message,)
