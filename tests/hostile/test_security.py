"""SECURITY.md: what it names is there, and nothing in the package can run an input."""

import ast
import re

import pytest

from screen.files import reading, yaml
from screen.tables import workbook

CALLS = {"eval", "exec", "compile", "__import__", "system", "popen", "literal_eval"}
IMPORTS = {"pickle", "marshal", "shelve", "dill", "cloudpickle"}


def test_every_test_that_is_named_exists(root):
    text = (root / "SECURITY.md").read_text()
    named = set(re.findall(r"`((?:tests/)?[\w/]+?\.py|tests/\w+)`", text))
    assert len(named) >= 8
    assert [
        name for name in named if not any((root / at / name).exists() for at in ("", "tests/hostile"))
    ] == []


@pytest.fixture(scope="module")
def modules(root):
    return {path: ast.parse(path.read_text()) for path in (root / "screen").rglob("*.py")}


def test_nothing_runs_text(modules):
    found = []
    for path, tree in modules.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = [alias.name for alias in node.names] + [getattr(node, "module", None) or ""]
                found += [(path.name, name) for name in names if name.split(".")[0] in IMPORTS]
            if isinstance(node, ast.Call):
                name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
                holder = getattr(node.func, "value", None)
                owner = getattr(
                    holder, "id", getattr(holder, "attr", "")
                )  # `list` of polars' column.list.eval
                traced = (
                    getattr(getattr(holder, "func", None), "attr", "") == "lower"
                )  # `compile` of JAX, ahead
                if name in CALLS and owner not in ("re", "platform", "list") and not traced:
                    found.append((path.name, name))
                if any(word.arg == "shell" for word in node.keywords):
                    found.append((path.name, "shell"))
                if name == "load" and owner == "yaml":
                    found.append((path.name, "yaml.load"))
    assert found == []


def test_one_module_reads_yaml(modules, root):
    """The budget of `screen.files` holds wherever YAML is read."""
    reading = {
        str(path.relative_to(root))
        for path, tree in modules.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        and "yaml" in [alias.name for alias in node.names] + [getattr(node, "module", None)]
    }
    assert reading == {"screen/files/yaml.py"}


def test_the_limits_that_are_promised_are_those_that_hold(root):
    promised = (root / "SECURITY.md").read_text()
    for words in (
        f"a text table has at most {reading.MOST_TABLE // 2**20} MiB",
        f"{reading.MOST_CELLS // 10**6} million cells",
        f"workbook {reading.MOST_TEXT // 2**20} MiB",
        f"a sheet {workbook.MOST_CELLS // 10**6} million cells",
        f"a table {reading.MOST_COLUMNS:,} columns",
        f"At most {yaml.MOST_BYTES // 2**20} MiB, {yaml.MOST_VALUES // 1000} 000 values",
        f"{yaml.MOST_LEVELS} levels",
    ):
        assert words in promised
