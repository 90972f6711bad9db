"""Faults are single changes that Python reads, of every kind, and the packages they are put into exist."""

import ast
import subprocess
import sys
from importlib.metadata import entry_points

import pytest

from tests.mutants.__main__ import (
    NEAREST,
    OF_ALL,
    ROOT,
    Shares,
    changing_nothing,
    files_of,
    key,
    read_shares,
    sample,
    write_shares,
)
from tests.mutants.faults import Fault, faults_of
from tests.mutants.reached import Reached, digest_of, function_of, nearest

SOURCE = '''
"""A module: 1 + 1."""
LIMIT = 3


def found(x: int = 2, y: "int | str" = 4) -> int:
    """Not here: 1 < 2."""
    if x < y and not y:
        raise ValueError(f"{x + 1} must be {y - 1}")
    total: int = min(x, y) * 2
    return np.where(x > 0, -total, y) if x else total
'''


def test_what_computes_is_changed_and_what_is_said_is_not(tmp_path):
    (tmp_path / "module.py").write_text(SOURCE)
    changes = {(fault.old, fault.new) for fault in faults_of(tmp_path / "module.py")}
    assert changes == {
        ("x < y", "(x <= y)"), ("x < y and not y", "((x < y) or (not y))"), ("not y", "(y)"), ("2", "3"), ("3", "4"),
        ("min(x, y)", "max(x, y)"), ("min(x, y) * 2", "((min(x, y)) / (2))"), ("min(x, y) * 2", "(min(x, y))"),
        ("x > 0", "(x >= 0)"), ("0", "1"), ("-total", "(total)"),
        ("np.where(x > 0, -total, y)", "np.where(x > 0, y, -total)"),
        ("np.where(x > 0, -total, y) if x else total", "(total if x else np.where(x > 0, -total, y))"),
    }  # fmt: skip


def test_what_draws_is_left_alone(tmp_path):
    source = "def a(axes: Axes):\n    axes.plot(1 + 2)\n\n\ndef b():\n    with drawing():\n        c(3)\n\n\nD = 4\n"
    (tmp_path / "module.py").write_text(source)
    assert [fault.old for fault in faults_of(tmp_path / "module.py")] == ["4"]


def test_a_rule_forgets_an_input_or_a_setting(tmp_path):
    rows = ["rule a:", "    input:", "        one=f(),", "    params:", "        settings=chosen("]
    (tmp_path / "a.smk").write_text("\n".join([*rows, '            "seed",', "        ),", ""]))
    assert [fault.old.strip() for fault in faults_of(tmp_path / "a.smk")] == ["one=f(),", '"seed",']


@pytest.mark.parametrize("package", NEAREST)
def test_faults_of_a_package_can_be_read_and_have_tests(package):
    for fault in sample(package, 20, "any"):
        text = fault.text()
        assert text != fault.path.read_text()
        if fault.path.suffix == ".py":
            ast.parse(text)
    assert all((ROOT / name).is_file() for name in files_of((*NEAREST[package], *OF_ALL)))


def test_another_seed_is_another_sample_and_the_same_one_is_the_same():
    assert sample("screen/rank", 5, "1") == sample("screen/rank", 5, "1") != sample("screen/rank", 5, "2")


def fault_in(path, old: str) -> Fault:
    return next(fault for fault in faults_of(path) if fault.old == old)


def test_the_function_of_a_fault_is_the_innermost_and_what_runs_on_import_is_the_module(tmp_path):
    path = tmp_path / "module.py"
    path.write_text("A = 5\n\n\n@kept\ndef outer():\n    def inner():\n        return 6\n\n    return 7\n")
    assert [function_of(fault_in(path, old)) for old in "567"] == [0, 6, 5]


def test_tests_that_call_the_function_come_first_and_those_that_cannot_meet_it_are_left_out(tmp_path):
    path = tmp_path / "module.py"
    path.write_text("def f():\n    return 6\n")
    known = {
        "slow": Reached(9, False, {"module.py:1": ["slow::a"]}), "starts": Reached(1, True, {}),
        "other": Reached(1, False, {"module.py:0": ["other::b"]}),
        "quick": Reached(2, False, {"module.py:1": ["quick::c", ""]}),
    }  # fmt: skip
    fault = fault_in(path, "6")
    assert nearest(fault, tmp_path, known) == (["quick", "slow", "starts"], {"slow::a", "quick::c", ""})
    nobody = {name: known[name] for name in ("other",)}
    assert nearest(fault, tmp_path, nobody) == (["other"], set())


def test_a_fault_that_is_said_to_change_nothing_is_one_of_its_file():
    said = set(changing_nothing())
    there = {key(fault) for file in {row[0] for row in said} for fault in faults_of(ROOT / file)}
    assert said <= there, said - there


def test_a_table_of_shares_keeps_other_packages_and_seeds(tmp_path):
    old, other, new = (
        Shares("screen/a", "1", "14", "0", "9"),
        Shares("screen/a", "2", "14", "1", "9"),
        Shares("screen/a", "1", "14", "0", "14"),
    )
    write_shares(tmp_path / "t.tsv", [old, other])
    write_shares(tmp_path / "t.tsv", [new])
    assert read_shares(tmp_path / "t.tsv") == [new, other]


def test_what_tests_reach_is_kept_until_they_or_the_project_change(tmp_path):
    """Bytecode names the folder of its copy, and changes nothing."""

    def digest(**files: str) -> str:
        copy = tmp_path / str(len(list(tmp_path.iterdir())))
        given = {
            "screen/a.py": "A = 1",
            "tests/rank/test_a.py": "",
            "screen/__pycache__/a.pyc": str(copy),
        } | files
        for name, text in given.items():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            (copy / name).write_text(text)
        return digest_of("tests/rank/test_a.py", copy)

    assert digest() == digest() == digest(**{"tests/rank/test_b.py": "other"})
    changed = (
        "screen/a.py",
        "tests/rank/test_a.py",
        "tests/rank/conftest.py",
        "config/drugs.tsv",
        "pyproject.toml",
    )
    assert len({digest(), *(digest(**{name: "changed"}) for name in changed)}) == 1 + len(changed)


def test_what_forks_have_at_once_is_no_plugin_of_pytest():
    """pytest warns of a plugin that is there before it, and a warning is an error: every test would fail."""
    plugins = {each.module.partition(".")[0] for each in entry_points(group="pytest11")}
    told = f"import sys, tests.mutants.apart; print(*sorted({plugins} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", told], cwd=ROOT, capture_output=True, text=True, check=True)
    assert plugins and found.stdout.split() == []
