"""What the stages of a screen count, and what a benchmark makes of that."""

import subprocess
import sys

import pytest

from benchmarks import screen as benchmark
from screen.cli.plan import read_plan
from screen.cli.work import count_work
from screen.settings import load_settings


def work(settings):
    return count_work(settings, read_plan(settings))


def test_what_each_stage_counts(small):
    found = work(
        load_settings(small(fit={"draws": 5, "starts": 2, "adam": 10, "polish": 3, "draw_steps": 4}))
    )
    assert found["scenarios"] == {"scenarios": 7}
    assert found["fit"] == {"gradients": 20, "steps": 2 * 3 + 3 + 5 * 4}
    assert found["constrain"] == {"steps": 5 * 20}
    assert found["simulate"] == {"shards": 2, "slices": 1, "trajectories": 35}
    assert found["rank"] == found["report"] == {"responses": 350}


def test_what_is_not_done_is_not_counted(small):
    found = work(load_settings(small(fit={"draws_from": "shipped", "draws": 3}, simulate={"slices": False})))
    assert "fit" not in found and "constrain" not in found
    assert found["simulate"] == {"shards": 2, "slices": 0, "whole_trajectories": 21}


def test_a_job_costs_what_its_shell_and_its_children_took(tmp_path):
    for name in ("times", "benchmarks", "logs"):
        (tmp_path / name).mkdir()
    said = "set -e; \n python -m screen simulate --shard 1 2>&1 | tee out/logs/simulate-1.log"
    (tmp_path / "times/7").write_text(f"{said}\n0m0.250s 0m0.250s\n1m2.500s 0m1.000s\n")
    (tmp_path / "times/8").write_text("python -V\n0m9.000s 0m0.000s\n0m0.000s 0m0.000s\n")
    (tmp_path / "benchmarks/simulate-1.tsv").write_text("s\tmax_rss\tcpu_time\n40.5\t1000.0\t1.0\n")
    log = "kernel: compiling a with cc ...\nkernel: compiled a in 7.5 s\nkernel: compiled b in 2.5 s\n"
    (tmp_path / "logs/simulate-1.log").write_text(log)
    (job,) = benchmark.read_jobs(tmp_path)
    assert (job.stage, job.cpu_seconds, job.kernels, job.compiler_seconds) == ("simulate", 64.0, 2, 10.0)
    assert job.ended - job.began == pytest.approx(40.5)
    assert job.memory_MB == pytest.approx(1048.576)


def test_costs_are_told_from_two_screens(monkeypatch):
    """Stages that take 2 + 3 a step + 0.5 a gradient, 4 a shard + 5 a slice + 0.1 a lane, and 6 in any case."""
    counts = {
        "large": {
            "fit": {"gradients": 8, "steps": 20},
            "simulate": {"shards": 4, "slices": 9, "lanes": 100},
            "rank": {},
        },
        "small": {
            "fit": {"gradients": 2, "steps": 1},
            "simulate": {"shards": 1, "slices": 1, "lanes": 10},
            "rank": {},
        },
    }

    def stages(which):
        fit, simulate = counts[which]["fit"], counts[which]["simulate"]
        spent = {
            "fit": 2 + 3 * fit["steps"] + 0.5 * fit["gradients"],
            "simulate": 4 * simulate["shards"] + 5 * simulate["slices"] + 0.1 * simulate["lanes"],
            "rank": 6.0,
        }
        return {name: {"cpu_seconds": cpu, "seconds": 0.75 * cpu, "jobs": 1} for name, cpu in spent.items()}

    monkeypatch.setattr(benchmark, "counted", counts.__getitem__)
    monkeypatch.setattr(benchmark, "stages_of", stages)
    monkeypatch.setattr(benchmark, "available_cores", lambda: 2)
    found = benchmark.costs(
        "large", "small", {"fit": {"gradients": 0.5}, "simulate": {"lanes": 0.1, "others": 9}}
    )
    assert found["fit"]["fixed"] == pytest.approx(2)
    assert found["fit"]["each"] == pytest.approx({"gradients": 0.5, "steps": 3})
    assert found["simulate"]["each"] == pytest.approx({"shards": 4, "slices": 5, "lanes": 0.1, "others": 9})
    assert found["simulate"]["fixed"] == 0
    assert found["rank"] == {"fixed": 6.0, "each": {}, "one_core": pytest.approx(0.5)}


def test_it_starts_as_a_file_beside_others_that_are_named_like_packages(root):
    command = [sys.executable, "benchmarks/screen.py", "--help"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
