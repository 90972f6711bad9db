"""Which code a command executes: what its digest covers, held against what Python loads."""

import json
import shutil
import subprocess
import sys

import pytest

from screen.cli.identity import DISPATCHER, stage_code
from screen.kernel.cache import GENERATOR
from screen.tables import code_digest, code_files, executed_modules

STAGES = (
    "network",
    "scenarios",
    "fit",
    "constrain",
    "simulate",
    "validate",
    "rank",
    "report",
    "predict_heldout",
)

LOAD = """
import ast, importlib, json, os, sys, types
import jax, diffrax, optax, polars, matplotlib, petab.v1, libsbml, antimony  # once, before forking

def imports(path):
    for node in ast.walk(ast.parse(open(path).read())):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield node

def guarded(tree):
    return {id(node) for test in ast.walk(tree) if isinstance(test, ast.If) and "TYPE_CHECKING" in ast.dump(test.test)
            for node in ast.walk(test)}

def load(stage):
    # The package of the commands without its table of all of them: what the stage's own module imports.
    sys.path.insert(0, os.getcwd())
    import screen
    package = types.ModuleType("screen.cli")
    package.__path__ = [os.path.join("screen", "cli")]
    sys.modules["screen.cli"] = package
    importlib.import_module("screen.cli." + stage)
    done = set()
    while waiting := {n for n in sys.modules if n.startswith("screen.cli.")} - done:
        for name in waiting:
            done.add(name)
            tree = ast.parse(open(sys.modules[name].__file__).read())
            skipped = guarded(tree)
            for node in ast.walk(tree):
                if isinstance(node, (ast.Import, ast.ImportFrom)) and id(node) not in skipped:
                    exec(compile(ast.Module([node], []), name, "exec"), {})
    return sorted(n for n in sys.modules if n.split(".")[0] == "screen")

for stage in sys.argv[1:]:
    read, write = os.pipe()
    if os.fork() == 0:
        with os.fdopen(write, "w") as pipe:
            json.dump(load(stage), pipe)
        os._exit(0)
    os.close(write)
    print(json.dumps([stage, json.load(os.fdopen(read))]))
"""


@pytest.fixture(scope="module")
def loaded(root) -> dict[str, list[str]]:
    """Stage -> the modules of the project that Python loads for it, the imports inside its functions done too."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", LOAD, *STAGES],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(line) for line in done.stdout.splitlines())


@pytest.mark.parametrize("stage", STAGES)
def test_every_module_that_a_command_loads_is_in_its_digest(loaded, stage):
    assert f"screen.cli.{stage}" in loaded[stage]
    assert set(loaded[stage]) - executed_modules(f"screen.cli.{stage}", unfollowed=(DISPATCHER,)) == set()


@pytest.mark.parametrize(
    ("stage", "module", "executes"),
    [
        ("scenarios", "screen.cli.plan", True),
        ("fit", "screen.cli.options", True),
        ("fit", "screen.settings.model", True),
        ("rank", "screen.errors", True),
        ("simulate", "screen.cli.integration", True),
        ("simulate", "screen.kernel.engines", True),
        ("rank", "screen.kernel.engines", False),
        ("network", "screen.report", False),
        ("fit", "screen.rank", False),
        ("fit", "screen.judge", False),
        ("fit", "screen.cli.doctor", False),
    ],
)
def test_a_stage_executes_what_it_imports_and_no_more(stage, module, executes):
    assert (module in executed_modules(f"screen.cli.{stage}", unfollowed=(DISPATCHER,))) == executes


def test_files_that_a_package_carries_belong_to_its_code(root):
    native = {path for path in (root / "screen/kernel").rglob("*") if path.suffix in (".c", ".h")}
    assets = {path for path in (root / "screen/report/assets").rglob("*") if path.is_file()}
    assert native and assets
    of_kernel, of_report = (
        set(code_files(executed_modules(name))) for name in ("screen.kernel", "screen.report")
    )
    assert native <= of_kernel
    assert assets <= of_report
    assert not assets & of_kernel


def test_what_the_kernel_cache_holds_follows_from_its_generator():
    found = executed_modules(*GENERATOR, unfollowed=("screen.kernel",))
    assert {"screen.network.sbml", "screen.network.algebra", "screen.kernel.symbolic.program"} <= found
    assert any(path.suffix == ".h" for path in code_files(found))
    assert not any(name.startswith("screen.simulate") for name in found)


def test_the_digest_changes_with_each_file(root, tmp_path):
    """Every file of the code is read: asked of a copy, since a digest is taken once a process."""
    question = (
        "from pathlib import Path; from screen.tables.code import *; "
        "names = ('screen.kernel.native.emit',); seen = {code_digest(*names)}\n"
        "files = code_files(executed_modules(*names))\n"
        "for file in files:\n"
        "    before = file.read_bytes(); file.write_bytes(before + b' '); seen.add(code_digest(*names))\n"
        "    file.write_bytes(before)\n"
        "print(len(files), len(seen))"
    )
    shutil.copytree(root / "screen", tmp_path / "screen", ignore=shutil.ignore_patterns("__pycache__"))
    asked = [sys.executable, "-c", question]
    done = subprocess.run(asked, cwd=tmp_path, capture_output=True, text=True, check=True)
    files, digests = map(int, done.stdout.split())
    assert files > 20
    assert digests == files + 1


def test_stages_have_digests_of_their_own():
    assert len({stage_code(stage) for stage in STAGES}) == len(STAGES)
    assert stage_code("rank") == code_digest("screen.cli.rank", unfollowed=(DISPATCHER,))[:16]
