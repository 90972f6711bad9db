"""Values far out of reach are a warning with file and row; nothing that is shipped is one."""

from pathlib import Path

import polars as pl
import pytest

from screen.network import read_parameters
from screen.scenarios import implausible, read_context_tables


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


def warnings(root: Path, parameters: pl.DataFrame, **files: Path) -> list[str]:
    """What is out of reach in the shipped tables, or in a file in place of one."""
    tables = [files.get(name, root / f"config/{name}.tsv") for name in ("contexts", "hypotheses")]
    return implausible(read_context_tables(*tables), parameters)


def test_the_shipped_tables_have_none(root, parameters):
    assert warnings(root, parameters) == []


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
    (warning,) = warnings(root, parameters, **{name: path})
    assert warning.startswith(f"{name}.tsv row {line}: `value` of ") and f"found {float(value):g}" in warning


def test_values_within_a_thousand_times_are_none(root, tmp_path, parameters):
    path, _ = spoilt(root, tmp_path, "contexts", "hepg2 stimulus", "1000")
    assert warnings(root, parameters, contexts=path) == []


def test_a_value_is_judged_in_the_unit_of_its_parameter(root, tmp_path, parameters):
    """5e-7 M of IL-6 are 10.5 ug/mL, which a medium may hold; 2e8 pM of STAT3 are 0.2 mM, which no cell does."""
    path, _ = spoilt(root, tmp_path, "contexts", "hepg2 stimulus", "5e-7")
    path.write_text(path.read_text().replace("5e-7\tng_per_mL", "5e-7\tM@21kDa"))
    assert warnings(root, parameters, contexts=path) == []
    path, line = spoilt(root, tmp_path, "contexts", "hepg2 total STAT3_total", "2e8")
    path.write_text(path.read_text().replace("2e8\tnM", "2e8\tpM"))
    (warning,) = warnings(root, parameters, contexts=path)
    assert warning.startswith(f"contexts.tsv row {line}: `value` of STAT3_total should be below")
    assert warning.endswith("found 200000 nM")
