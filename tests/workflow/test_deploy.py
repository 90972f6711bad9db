"""The workflow as a module of another project, read out of a repository as snakedeploy writes it, and in conda."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.workflow.running import copy_project, snakemake

DEPLOYED = """\
configfile: "config/config.yaml"


module stat3_screen:
    snakefile:
        {source}
    config:
        config


use rule * from stat3_screen
"""
"""What `snakedeploy deploy-workflow` writes into workflow/Snakefile; beside it it copies config."""

CONDA = """\
#!/bin/sh
case "$1" in
info) echo '{"conda_prefix": "/conda", "platform": "linux-64"}';;
--version) echo "conda 24.9.0";;
config) echo '{"get": {"channel_priority": "strict"}}';;
*) exit 1;;
esac
"""
"""Answers what Snakemake asks conda before a dry run."""


@pytest.fixture(scope="module")
def deployed(root, tmp_path_factory) -> Path:
    """A folder with nothing but config and a Snakefile, and elsewhere the repository that this names, at a tag."""
    folder = tmp_path_factory.mktemp("deployed")
    (folder / "project").mkdir()
    project = copy_project(root, folder / "project")
    (project / ".gitignore").write_text("__pycache__\n")
    git = ["git", "-c", "user.name=nobody", "-c", "user.email=nobody@example.org", "-C", str(project)]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "all"], ["tag", "v1"]):
        subprocess.run([*git, *command], check=True)
    # what comes after the tag is not what was asked for
    (project / "workflow/rules/rank.smk").write_text("raise ValueError('a later state')\n")
    subprocess.run([*git, "commit", "-qam", "later"], check=True)
    mine = folder / "mine"
    shutil.copytree(project / "config", mine / "config")
    (mine / "workflow").mkdir()
    source = f'gitfile("{project}", path="workflow/Snakefile", tag="v1")'
    (mine / "workflow/Snakefile").write_text(DEPLOYED.format(source=source))
    return mine


@pytest.mark.slow
def test_the_conda_environment_is_found_wherever_the_workflow_is_from(deployed, tmp_path, monkeypatch):
    (tmp_path / "bin").mkdir()
    conda = tmp_path / "bin/conda"
    conda.write_text(CONDA)
    conda.chmod(0o755)
    monkeypatch.setenv("PATH", f"{conda.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv("PYTHONPATH", raising=False)
    project = deployed.parent / "project"
    subprocess.run(["git", "-C", project, "checkout", "-q", "v1"], check=True)
    for folder in (project, deployed):
        done = snakemake(folder, "--dry-run", "--sdm", "conda")
        assert done.returncode == 0, done.stdout
        assert "envs/screen.yaml" in done.stdout and "will be created" in done.stdout
        assert "trajectories" in done.stdout and "validate" in done.stdout
        assert not (folder / "results").exists()


def test_a_deployed_workflow_brings_its_package_and_runs(deployed, monkeypatch):
    monkeypatch.delenv("PYTHONPATH", raising=False)
    few = "scenarios={contexts: [hepg2], drugs: [ruxolitinib]}"
    done = snakemake(deployed, "results/scenarios/scenarios.parquet", "--config", few)
    assert done.returncode == 0, done.stdout
    (brought,) = (deployed / ".snakemake/stat3-screen").iterdir()
    assert (brought / "screen/__main__.py").exists()
    assert (deployed / "results/scenarios/scenarios.parquet").exists()
