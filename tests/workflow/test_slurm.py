"""The SLURM profile on a real controller: jobs complete, and a killed driver's work goes on.

Set SCREEN_SLURM=1 (`make test-slurm` does) where a controller answers.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.slurm

EARLY = ("results/network/stat3.xml", "results/scenarios/scenarios.parquet")


@pytest.fixture(scope="module")
def controller(root):
    """A SLURM that answers; the one of the tools beside the project is started where there is none."""
    if os.environ.get("SCREEN_SLURM") != "1":
        pytest.skip("SCREEN_SLURM must be 1, found it is not")
    if (
        shutil.which("sinfo") is None
        or subprocess.run(["sinfo"], capture_output=True, check=False).returncode
    ):
        script = root.parent / "shared/tools/slurm-local.sh"
        if os.geteuid() or not script.exists():
            pytest.skip("a SLURM controller must answer, found none and no way to start one")
        started = subprocess.run([script, "start"], capture_output=True, text=True, check=False)
        if started.returncode:
            pytest.skip(f"a SLURM controller must start, found {started.stderr.strip().splitlines()[-1]}")


@pytest.fixture
def copy(root, tmp_path, controller) -> Path:
    for name in ("workflow", "profiles", "config", "screen"):
        shutil.copytree(root / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(root / "Snakefile", tmp_path / "Snakefile")
    return tmp_path


def command(folder: Path, *arguments: str) -> dict:
    return {
        "args": [
            Path(sys.executable).parent / "snakemake", "--profile", "profiles/slurm",
            "--slurm-init-seconds-before-status-checks", "2", *arguments,
        ],
        "cwd": folder,
        "text": True,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.STDOUT,
    }  # fmt: skip


def test_jobs_run_on_the_cluster(copy):
    done = subprocess.run(**command(copy, *EARLY), check=False, timeout=300)
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("has been submitted with SLURM jobid") == 2
    assert all((copy / name).exists() for name in EARLY)


def test_a_gpu_is_asked_for_as_gpu(copy):
    done = subprocess.run(
        **command(
            copy, EARLY[1], "--set-resources", "scenarios:gpu=1", "--default-resources", "slurm_partition=gpu"
        ),
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout
    jobs = re.findall(r"SLURM jobid '?(\d+)", done.stdout)
    shown = [
        subprocess.run(["scontrol", "show", "job", job], capture_output=True, text=True, check=True).stdout
        for job in jobs
    ]
    # the network comes first, and asks for none
    assert ["gpu:1" in text or "gpu=1" in text for text in shown] == [False, True], shown


def test_the_driver_can_be_killed_and_run_again(copy):
    killed = subprocess.Popen(**command(copy, *EARLY), start_new_session=True)
    time.sleep(6)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.communicate()
    subprocess.run(["scancel", "--user", "root"], check=True)
    subprocess.run(**command(copy, "--unlock"), check=True)
    done = subprocess.run(**command(copy, *EARLY), check=False, timeout=300)
    assert done.returncode == 0, done.stdout
    assert all((copy / name).exists() for name in EARLY)
