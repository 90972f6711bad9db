"""House rules that a tool can check: layers, style, types, lock files, documents that name what exists."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

from screen.archive.annotations import ANNOTATIONS, IDENTIFIERS
from screen.calibration.derive import EXPERIMENTS
from screen.network.genes import GENES
from screen.network.observables import OBSERVABLES
from screen.network.parameters import PARAMETERS
from screen.network.totals import TOTALS
from screen.panel import ARMS, CONTRASTS, DYNAMICS, PANEL, STATISTICS, TIME_COURSES
from screen.rank import COMBINATIONS, CURVES, FAILURES, ISOBOLES, sets_schema
from screen.report import LABELS
from screen.scenarios import AFFINITIES, CONTEXTS, DISCREPANCY, DRUGS, HYPOTHESES, TARGETS
from screen.settings import settings_schema
from screen.tables import DECISIVE
from tests.rank.worlds import AIM, RANKED

LOCKS = tuple(f"requirements{of}.lock" for of in ("", "-slurm", "-gpu", "-docs"))
EXTRAS = (("test", "dev"), ("slurm",), ("gpu",), ("docs",))


def run(root: Path, *command: str) -> subprocess.CompletedProcess[str]:
    tool = Path(sys.executable).parent / command[0]
    return subprocess.run([tool, *command[1:]], cwd=root, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def project(root: Path) -> dict:
    return tomllib.loads((root / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def tracked(root: Path) -> list[Path]:
    """Files that git keeps, or would; all files where this is no clone."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("the project must be a git clone to know its files, found none")
    return [path for line in listed.stdout.splitlines() if (path := root / line).is_file()]


@pytest.mark.parametrize(
    "command",
    [
        ("lint-imports", "--no-cache"),
        ("ruff", "check", "--no-cache"),
        ("ruff", "format", "--check", "--no-cache"),
        ("mypy",),
    ],
    ids=["layers", "style", "format", "types"],
)
def test_the_tool_finds_nothing(root, command):
    done = run(root, *command)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_file_has_exact_versions_with_hashes_and_no_address(root, name):
    text = (root / name).read_text()
    assert "://" not in text and "@" not in text
    for entry in re.split(r"\n(?=\S)", text.strip()):
        first, *hashes = entry.split(" \\\n")
        assert re.fullmatch(r"[\w.-]+==[\w.+]+( ; .+)?", first), entry
        assert hashes
        assert all(re.fullmatch(r" +--hash=sha256:[0-9a-f]{64}", line) for line in hashes), entry


@pytest.mark.parametrize(("name", "extras"), list(zip(LOCKS, EXTRAS, strict=True)))
def test_a_lock_file_satisfies_the_project(root, project, name, extras):
    text = (root / name).read_text()
    locked = {
        line.split("==")[0]: line.split("==")[1].split()[0] for line in text.splitlines() if "==" in line
    }
    wanted = project["dependencies"] + [
        item for extra in extras for item in project["optional-dependencies"][extra]
    ]
    for requirement in map(Requirement, wanted):
        assert requirement.name in locked
        assert Version(locked[requirement.name]) in requirement.specifier


def test_the_conda_environment_has_the_dependencies_of_the_project(root, project):
    environment = yaml.safe_load((root / "workflow/envs/screen.yaml").read_text())
    assert environment["dependencies"][-1]["pip"] == project["dependencies"]


def test_no_file_names_a_path_of_this_machine(root, tracked):
    folders = [f"{folder}/" for folder in (root, Path.home()) if len(folder.parts) > 1]
    found = [
        str(path.relative_to(root))
        for path in tracked
        if any(folder.encode() in path.read_bytes() for folder in folders)
    ]
    assert found == []


def test_no_file_is_large(root, tracked):
    assert [str(path.relative_to(root)) for path in tracked if path.stat().st_size > 2**20] == []


def test_no_file_of_code_is_long(root, tracked):
    code = [
        path
        for path in tracked
        if path.suffix in {".py", ".c", ".h", ".cuh"} and root / "screen" in path.parents
    ]
    assert len(code) > 300
    assert [str(path.relative_to(root)) for path in code if len(path.read_text().splitlines()) > 350] == []


def test_make_lists_its_targets_and_readme_names_only_those(root):
    done = subprocess.run(["make"], cwd=root, capture_output=True, text=True, check=True)
    targets = set(re.findall(r"^  make ([a-z-]+)", done.stdout, re.MULTILINE))
    assert {"env", "screen", "test", "bench", "lint", "dry-run", "clean"} <= targets
    for document in ("README.md", "CONTRIBUTING.md"):
        text = (root / document).read_text()
        named = set(re.findall(r"(?:^|`)make ([a-z-]+)", text, re.MULTILINE))
        assert named <= targets, document


def test_make_names_a_missing_python_and_its_cure_in_one_line(root, tmp_path):
    for tool in ("bash", "make", "cksum", "getconf", "cc"):
        (tmp_path / tool).symlink_to(shutil.which(tool))
    done = subprocess.run(
        [tmp_path / "make", "env", f"VENV={tmp_path / 'venv'}"],
        cwd=root,
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    first = done.stderr.splitlines()[0]
    assert first.startswith("make env: Python 3.11 or newer must be there, found none; install python3.11")


def test_links_between_documents_lead_somewhere(root):
    pages = sorted((root / "docs").rglob("*.md"))
    for path in (root / "README.md", root / "CONTRIBUTING.md", root / "config/README.md", *pages):
        for link in re.findall(r"\]\(([^)#:]+)[)#]", path.read_text()):
            assert (path.parent / link).exists(), f"{path.relative_to(root)}: {link}"


def test_every_setting_is_in_the_readme_of_the_configuration(root):
    text = (root / "config/README.md").read_text()
    schema = settings_schema()
    for section, entry in schema["properties"].items():
        model = entry.get("$ref", "").rpartition("/")[2]
        names = [f"{section}.{key}" for key in schema["$defs"][model]["properties"]] if model else [section]
        assert [name for name in names if f"`{name}`" not in text and f"### {name}" not in text] == []


@pytest.mark.parametrize(
    "schema",
    [
        DRUGS,
        AFFINITIES,
        TARGETS,
        CONTEXTS,
        HYPOTHESES,
        PARAMETERS,
        GENES,
        TOTALS,
        OBSERVABLES,
        ANNOTATIONS,
        IDENTIFIERS,
        EXPERIMENTS,
        PANEL,
        ARMS,
        TIME_COURSES,
        CONTRASTS,
        DYNAMICS,
        DECISIVE,
        LABELS,
        DISCREPANCY,
    ],
    ids=lambda s: s.name,
)
def test_every_column_is_in_the_readme_of_the_configuration(root, schema):
    text = (root / "config/README.md").read_text()
    assert [column.name for column in schema.columns if f"| `{column.name}` |" not in text] == []


def test_every_statistic_of_the_panel_is_in_the_readme_of_the_configuration(root):
    text = (root / "config/README.md").read_text()
    wanted = [f"| `{name}` | {statistic.meaning} |" for name, statistic in STATISTICS.items()]
    assert [line for line in wanted if line not in text] == []


@pytest.mark.parametrize(
    "schema", [RANKED, CURVES, COMBINATIONS, ISOBOLES, FAILURES, sets_schema(AIM)], ids=lambda s: s.name
)
def test_every_column_of_what_rank_writes_is_in_the_page_of_results(root, schema):
    """Those of an interval together: `h_*`."""
    text = (root / "docs/results.md").read_text()
    missing = [
        column.name
        for column in schema.columns
        if f"`{column.name}`" not in text
        and f"`{re.sub('_p(05|50|95)', '_*', column.name)}`" not in text
        and not column.name.startswith("suppression")
    ]
    assert missing == []
