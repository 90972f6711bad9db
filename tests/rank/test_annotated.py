"""The annotated matrix, held to what the documentation of AnnData says of its files."""

import json

import h5py
import numpy as np
import pytest

from screen.rank import annotate_effects, gather_responses, write_annotated
from tests.rank.worlds import AIM, READOUTS, drug_table, hill, responses, scenarios

HALF = {"a": 10.0, "b": 100.0}


@pytest.fixture(scope="module")
def matrix():
    table = scenarios(
        "ab", [("a", "b", 10.0, 100.0)], (("liver", "default"), ("skin", "default")), (10.0, 100.0)
    )
    return annotate_effects(gather_responses(responses(table, hill(HALF)), table), AIM, drug_table("ab"))


def test_rows_say_what_was_given_and_hold_its_effect(matrix):
    """a and b fall by Hill's law, half at 10 and 100 nM."""
    assert set(matrix.readouts) == {each.id for each in READOUTS}
    first = matrix.readouts.index("pY705_20min")
    found = {
        row[1:4:2] + row[4:7:2]: value
        for row, value in zip(matrix.given.rows(), matrix.layers["p50"][:, first], strict=True)
        if row[0] == "liver"
    }
    assert found["", 0.0, "", 0.0] == 1.0
    assert found["a", 10.0, "", 0.0] == pytest.approx(0.5)
    assert found["b", 10.0, "", 0.0] == pytest.approx(1 / 1.1)
    assert found["a", 10.0, "b", 100.0] == pytest.approx(1 / 3)
    assert matrix.given.height == 2 * (1 + 2 * 2 + 1)


def test_the_file_is_laid_out_as_anndata_documents(matrix, tmp_path):
    """anndata.readthedocs.io, on-disk format: kinds and versions of all elements, rows and columns by name."""
    path = tmp_path / "matrix.h5ad"
    write_annotated(matrix, path, {"stage": "export"})
    kinds = {
        "/": ("anndata", "0.1.0"), "X": ("array", "0.2.0"), "layers": ("dict", "0.1.0"),
        "layers/p05": ("array", "0.2.0"), "obs": ("dataframe", "0.2.0"), "obs/_index": ("string-array", "0.2.0"),
        "obs/context": ("string-array", "0.2.0"), "obs/dose_1_nM": ("array", "0.2.0"),
        "var": ("dataframe", "0.2.0"), "uns": ("dict", "0.1.0"), "uns/provenance": ("string", "0.2.0"),
        "obsm": ("dict", "0.1.0"), "varm": ("dict", "0.1.0"), "obsp": ("dict", "0.1.0"), "varp": ("dict", "0.1.0"),
    }  # fmt: skip
    with h5py.File(path) as file:
        for name, (kind, version) in kinds.items():
            attributes = file[name].attrs
            assert (attributes["encoding-type"], attributes["encoding-version"]) == (kind, version), name
        np.testing.assert_array_equal(file["X"], matrix.layers["p50"])
        assert file["obs"].attrs["_index"] == "_index"
        assert list(file["obs"].attrs["column-order"]) == matrix.given.columns
        index = [each.decode() for each in file["obs/_index"]]
        assert index[0] == "liver | vehicle" and "liver | a 10 nM + b 100 nM" in index
        assert len(set(index)) == len(index) == len(file["X"])
        assert [each.decode() for each in file["var/_index"]] == list(matrix.readouts)
        assert json.loads(file["uns/provenance"][()]) == {"stage": "export"}


def test_the_package_reads_it(matrix, tmp_path):
    anndata = pytest.importorskip("anndata", reason="the package anndata must be there as the reader")
    path = tmp_path / "matrix.h5ad"
    write_annotated(matrix, path, {"stage": "export"})
    found = anndata.read_h5ad(path)
    assert found.obs["drug_1"].tolist() == matrix.given["drug_1"].to_list()
    np.testing.assert_array_equal(found[:, "pY705_20min"].layers["p95"][:, 0], matrix.layers["p95"][:, 0])
