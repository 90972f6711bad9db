"""Values far out of reach are a warning with file and row; nothing that is shipped is one."""

from pathlib import Path

import pytest

from screen.network import read_parameters
from screen.scenarios import out_of_reach


@pytest.fixture(scope="module")
def parameters(root):
    return read_parameters(root / "config/network/parameters.tsv")


def spoilt(root: Path, folder: Path, name: str, start: str, value: str) -> tuple[Path, int]:
    """A shipped table with another value in the first row that starts so; and its line."""
    lines = (root / f"config/{name}.tsv").read_text().splitlines()
    column = lines[0].split("\t").index("value")
    at = next(place for place, line in enumerate(lines) if line.startswith(start.replace(" ", "\t")))
    cells = lines[at].split("\t")
    cells[column] = value
    lines[at] = "\t".join(cells)
    (folder / f"{name}.tsv").write_text("\n".join(lines) + "\n")
    return folder / f"{name}.tsv", at + 1


def test_the_shipped_tables_have_none(root, parameters):
    assert out_of_reach(root / "config/contexts.tsv", root / "config/hypotheses.tsv", parameters) == []


@pytest.mark.parametrize(
    ("name", "start", "value"),
    [
        ("hypotheses", "H_ALK alk_direct", "-1e300"),
        ("hypotheses", "H_ALK alk_direct", "1e9"),
        ("contexts", "hepg2 stimulus", "1e9"),
        ("contexts", "hepg2 stimulus", "1e-8"),
        ("contexts", "hepg2 total", "1e9"),
        ("contexts", "hepatocyte_mouse total cytosol", "1e-9"),
    ],
)
def test_it_is_named_with_its_row(root, tmp_path, parameters, name, start, value):
    path, line = spoilt(root, tmp_path, name, start, value)
    tables = {
        "contexts": root / "config/contexts.tsv",
        "hypotheses": root / "config/hypotheses.tsv",
        name: path,
    }
    (warning,) = out_of_reach(tables["contexts"], tables["hypotheses"], parameters)
    assert warning.startswith(f"{name}.tsv row {line}: `value` of ") and f"found {float(value):g}" in warning


def test_values_within_a_thousand_times_are_none(root, tmp_path, parameters):
    path, _ = spoilt(root, tmp_path, "contexts", "hepg2 stimulus", "1000")
    assert out_of_reach(path, root / "config/hypotheses.tsv", parameters) == []
