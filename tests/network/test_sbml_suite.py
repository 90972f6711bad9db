"""All semantic cases of the SBML Test Suite on the kernel: right, or refused by name; never anything else.

    SBML_TEST_SUITE=folder python -m pytest tests/network/test_sbml_suite.py -m slow -s

`folder` holds the cases (00001 ...); $SBML_TEST_CASES takes a part of them, as in 00001-00100.
"""

import os
import sys
from pathlib import Path

import pytest

from screen.kernel.native import compiler
from tests.network.sbml_suite import run_case, table_by_tag


def chosen(folder: Path) -> list[Path]:
    cases = sorted(each for each in folder.iterdir() if each.is_dir() and each.name.isdigit())
    first, _, last = os.environ.get("SBML_TEST_CASES", "0-99999").partition("-")
    return [case for case in cases if int(first) <= int(case.name) <= int(last or first)]


@pytest.mark.slow
def test_every_case_is_right_or_refused(tmp_path, monkeypatch, capsys):
    folder = os.environ.get("SBML_TEST_SUITE")
    if not folder:
        pytest.skip("the cases of the SBML Test Suite must be in $SBML_TEST_SUITE, found it not set")
    monkeypatch.setenv("CC", "cc -O0 -fno-fast-math")
    compiler.find_compiler.cache_clear()
    cases = chosen(Path(folder))
    assert cases
    found = [run_case(case, tmp_path) for case in cases]
    compiler.find_compiler.cache_clear()
    bad = [
        f"{case.name}: {outcome}: {what}"
        for case, (outcome, what, _) in zip(cases, found, strict=True)
        if outcome not in ("passed", "refused")
    ]
    with capsys.disabled():
        sys.stdout.write("\n".join(["", *bad, table_by_tag(found), ""]))
    assert not bad
