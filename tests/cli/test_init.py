"""A project of one's own: a small folder that uses the tool's files, and the installed command."""

import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import polars as pl
import pytest

from screen.cli.init import _empty
from screen.scenarios import CONTEXTS
from screen.settings import load_settings, located, shipped
from screen.tables import Column, Schema, read_table


def test_the_folder_is_small_and_can_be_checked_and_filled(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run("init", "mine").code == 0
    files = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    names = ["Snakefile", "mine.yaml", "my/affinities.tsv", "my/contexts.tsv", "my/drugs.tsv"]
    assert files == [f"mine/{name}" for name in names]
    monkeypatch.chdir(tmp_path / "mine")
    ran = run("check", "--config", "mine.yaml")
    assert ran.code == 0 and "no problem found" in ran.out, ran.err
    ran = run("scenarios", "--dry-run", "--config", "mine.yaml")
    assert ran.code == 0, ran.err
    assert "(1 contexts, 1 with their hypotheses" in ran.out
    (tmp_path / "a.csv").write_text("gene,nM\nSTAT3,80\n")
    ran = run("cell", "../a.csv", "--name", "du145", "--like", "hepg2", "--config", "mine.yaml")
    assert ran.code == 0 and "must name it" not in ran.err
    assert (
        (tmp_path / "mine/my/contexts.tsv").read_text().startswith("# context: the cell and its stimulus\n")
    )
    assert read_table(tmp_path / "mine/my/contexts.tsv", CONTEXTS).height == 2
    again = run("init", ".")
    assert again.code == 2 and len(again.problems) == 5


def test_a_table_without_rows_says_what_its_columns_hold():
    columns = (
        Column("a", pl.Float64, "how much", unit="nM", nullable=True),
        Column("b", pl.String, "which", choices=("x", "y")),
        Column("c", pl.String, "why"),
    )
    said = ["# a: how much [nM]; may be empty", "# b: which; one of x, y", "# c: why", "a\tb\tc"]
    assert _empty(Schema("table", columns, ("a",))).splitlines() == said


def test_files_of_the_tool_are_found_where_the_folder_has_none(tmp_path, monkeypatch, root):
    monkeypatch.chdir(tmp_path)
    assert located(Path("config/contexts.tsv")) == shipped("config", "contexts.tsv")
    assert located(Path("config/none.tsv")) == Path("config/none.tsv")
    assert located(Path("my/contexts.tsv")) == Path("my/contexts.tsv")
    settings = load_settings(Path("config/config.yaml"))
    assert settings.tables.contexts == [shipped("config", "contexts.tsv")]
    assert settings.results == Path("results")
    (tmp_path / "config").mkdir()
    (tmp_path / "config/contexts.tsv").touch()
    assert load_settings(Path("config/config.yaml")).tables.contexts == [Path("config/contexts.tsv")]


@pytest.mark.slow
def test_an_installed_package_screens_from_a_folder_of_its_own(root, tmp_path):
    """In a fresh environment that sees the packages of this one, but not this checkout."""
    venv.create(tmp_path / "env", with_pip=True)
    binaries = tmp_path / "env/bin"
    library = subprocess.run(
        [binaries / "python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    Path(library, "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    source = tmp_path / "source"
    tracked = subprocess.run(["git", "ls-files"], cwd=root, capture_output=True, text=True, check=True).stdout
    for name in tracked.splitlines():
        if (root / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((root / name).read_bytes())
    quietly = ["--quiet", "--no-deps", "--no-index"]
    wheel = ["wheel", *quietly, "--no-build-isolation", "--wheel-dir", str(tmp_path), str(source)]
    subprocess.run([sys.executable, "-m", "pip", *wheel], check=True, capture_output=True)
    (built,) = tmp_path.glob("*.whl")
    install = ["-m", "pip", "install", *quietly, str(built)]
    subprocess.run([binaries / "python", *install], check=True, capture_output=True)

    def tool(*arguments: str, cwd: Path = tmp_path / "mine") -> str:
        ran = subprocess.run(
            [binaries / "stat3-screen", *arguments], cwd=cwd, capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    tool("init", "mine", cwd=tmp_path)
    (tmp_path / "mine/a.csv").write_text("gene,nM\nSTAT3,80\nJAK1,2\n")
    tool("cell", "a.csv", "--name", "du145", "--like", "hepg2", "--config", "mine.yaml")
    path = tmp_path / "mine/mine.yaml"
    text = (
        path.read_text()
        .replace("[hepg2]", "[du145]")
        .replace("drugs: all", "drugs: [ruxolitinib, trametinib]")
    )
    path.write_text(text)
    assert "no problem found" in tool("check", "--config", "mine.yaml")
    out = tool("mine", "--config", "mine.yaml", "--draws", "2")
    assert out.split() == ["results/mine/ranked.csv", "results/mine/report.html"]
    assert "du145" in (tmp_path / "mine/results/mine/ranked.csv").read_text()
    assert "usage: stat3-screen" in tool("--help")
    dry = subprocess.run(
        [binaries / "python", "-m", "snakemake", "--cores", "1", "--dry-run"],
        cwd=tmp_path / "mine", capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert dry.returncode == 0, dry.stdout + dry.stderr
    assert "simulate" in dry.stdout + dry.stderr
