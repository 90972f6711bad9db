"""The pages of docs: commands of the tutorials run and say what is shown; the site is whole and asks for nothing."""

import os
import re
import subprocess
import sys

import pytest
import yaml

FENCED = re.compile(r'^```(\w+)(?: title="(.+?)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)
"""A block: its kind, the file that it is, its text. `bash` are commands, `text` is what they say, in part."""

NUMBER = re.compile(r"\d[\d.,]*\d|\d")
TUTORIALS = ("my_cell", "add_a_drug", "pairs", "own_data", "reading")


def same_but_for_numbers(line: str) -> str:
    """A pattern of a line with other numbers and other blanks; those of names (JAK2) count as numbers too."""
    words = (r"\d[\d.,]*".join(re.escape(part) for part in NUMBER.split(word)) for word in line.split())
    return r"\s+".join(words)


@pytest.mark.slow
@pytest.mark.parametrize("name", TUTORIALS)
def test_the_commands_of_a_tutorial_do_what_it_says(root, tmp_path, name):
    blocks = FENCED.findall((root / f"docs/tutorials/{name}.md").read_text())
    steps = [
        f"cat > '{file}' <<'END'\n{text}END" if file else text
        for kind, file, text in blocks
        if file or kind == "bash"
    ]
    tool = tmp_path / "stat3-screen"
    tool.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m screen "$@"\n')
    tool.chmod(0o755)
    place = {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(root)}
    ran = subprocess.run(
        ["bash", "-c", "\n".join(["set -euo pipefail", *steps])],
        cwd=tmp_path, env=os.environ | place, capture_output=True, text=True, check=False,
    )  # fmt: skip
    said = ran.stdout + ran.stderr
    assert ran.returncode == 0, said
    shown = [line for kind, _, text in blocks if kind == "text" for line in text.splitlines()]
    assert shown and [line for line in shown if not re.search(same_but_for_numbers(line), said)] == []


def menu(entry: object) -> list[str]:
    """The pages that a menu of mkdocs.yml names."""
    if isinstance(entry, str):
        return [entry]
    inside = entry.values() if isinstance(entry, dict) else entry
    return [page for part in inside for page in menu(part)]


def test_every_page_is_in_the_menu_and_every_tutorial_is_run(root):
    pages = {path.relative_to(root / "docs").as_posix() for path in (root / "docs").rglob("*.md")}
    assert pages <= set(menu(yaml.safe_load((root / "mkdocs.yml").read_text())["nav"]))
    assert {f"tutorials/{name}.md" for name in TUTORIALS} == {name for name in pages if "/" in name}


def test_the_site_is_built_and_asks_for_nothing(root, tmp_path):
    pytest.importorskip("material", reason="mkdocs-material must be there (`make env-docs`), found none")
    ran = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", tmp_path],
        cwd=root, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    pages = {path.relative_to(tmp_path).as_posix(): path.read_text() for path in tmp_path.rglob("*.html")}
    asked = re.compile(r'<(?:script|link|img|iframe)[^>]+(?:src|href)="?(?:https?:)?//')
    assert [name for name, text in pages.items() if asked.search(text)] == []
    assert 'href="security.html"' in pages["settings.html"]
    assert 'href="../settings.html#calibration"' in pages["tutorials/own_data.html"]


def test_figures_of_the_tutorials_are_there(root):
    folder = root / "docs/tutorials"
    named = {
        name for page in folder.glob("*.md") for name in re.findall(r"!\[.*?\]\((.+?)\)", page.read_text())
    }
    assert {path.name for path in folder.iterdir() if path.suffix != ".md"} == named
