"""Faults put into a whole run, for real; after each the next run completes with the same ranking, byte for byte.

`make test-faults`: a screen of two drugs, made once, is damaged or interrupted again and again.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.workflow.running import BIN, copy_project, snakemake

pytestmark = pytest.mark.faults

SMALL = """
scenarios: {contexts: [hepatocyte_mouse], drugs: [ruxolitinib, trametinib], doses_nM: [100, 1000], pairs: []}
readouts: [{id: pY705_20min, observable: pY705_level, minutes: 20}]
simulate: {shards: 2}
fit: {draws_from: shipped, draws: 2}
panel: {table: panel.tsv, constrain: []}
rank: {dose_bases: [{kind: equal_concentration, value: 1000}]}
"""
ARGUMENTS = ("--configfile", "small.yaml")

MADE = {
    "network": "network/stat3.xml",
    "scenarios": "scenarios/scenarios.parquet",
    "constrain": "constrain/draws.parquet",
    "simulate": "simulate/shard-1.parquet",
    "validate": "validation.csv",
    "rank": "ranked.csv",
    "report": "report.html",
}
"""Stage -> a file that it makes."""


@pytest.fixture(scope="module")
def whole(root, tmp_path_factory) -> Path:
    """A screen that nothing has disturbed; its kernels are kept apart."""
    folder = copy_project(root, tmp_path_factory.mktemp("whole"))
    (folder / "small.yaml").write_text(SMALL)
    rows = (root / "config/panel/panel.tsv").read_text().splitlines(keepends=True)
    (folder / "panel.tsv").write_text("".join([rows[0], *(row for row in rows if row.startswith("V01\t"))]))
    os.environ["SCREEN_CACHE"] = str(folder / "cache")
    done = snakemake(folder, *ARGUMENTS)
    assert done.returncode == 0, done.stdout
    return folder


@pytest.fixture
def folder(whole, tmp_path, monkeypatch) -> Path:
    """A copy of it to damage, dates and all, with kernels of its own."""
    shutil.copytree(whole, tmp_path / "run", symlinks=True)
    monkeypatch.setenv("SCREEN_CACHE", str(tmp_path / "run/cache"))
    return tmp_path / "run"


NOTHING = "Nothing to be done"


def goes_on(folder: Path, whole: Path) -> str:
    """The next run completes, its ranking is that of the screen that nothing disturbed; what the run said."""
    if any((folder / ".snakemake/locks").glob("*")):
        assert snakemake(folder, *ARGUMENTS, "--unlock").returncode == 0
    done = snakemake(folder, *ARGUMENTS)
    assert done.returncode == 0, done.stdout
    for name in ("ranked.csv", "validation.csv"):
        assert (folder / "results" / name).read_bytes() == (whole / "results" / name).read_bytes()
    assert (folder / "results/report.html").stat().st_size > 10_000
    assert not list((folder / "results").rglob("*.part"))
    return done.stdout


def begun(folder: Path, limit: str = "true") -> "subprocess.Popen[str]":
    """A run that goes on in a group of processes of its own, under a limit that the shell sets."""
    command = [BIN / "snakemake", "--cores", "2", *ARGUMENTS]
    return subprocess.Popen(
        ["bash", "-c", f'{limit} && exec "$@"', "limited", *command],
        cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip


def jobs(folder: Path, stage: str) -> Iterator[int]:
    """Processes that run a stage in a folder."""
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0") if entry.name.isdigit() else []
            if words[1:4] == [b"-m", b"screen", stage.encode()] and os.readlink(entry / "cwd") == str(folder):
                yield int(entry.name)
        except OSError:  # it has ended
            continue


def wait_for(folder: Path, stage: str, run: "subprocess.Popen[str]") -> int:
    """The process of a stage, as soon as there is one."""
    end = time.monotonic() + 300
    while time.monotonic() < end and run.poll() is None:
        for job in jobs(folder, stage):
            return job
        time.sleep(0.01)
    run.kill()
    raise AssertionError(f"{stage} did not begin: {run.communicate()[0]}")


def end_all(folder: Path, run: "subprocess.Popen[str]") -> None:
    """Collect a run and end what it has left behind."""
    run.communicate()
    for stage in MADE:
        for job in jobs(folder, stage):
            os.kill(job, signal.SIGKILL)


@pytest.mark.parametrize("stage", MADE)
def test_the_job_of_a_stage_and_then_snakemake_are_killed(folder, whole, stage):
    (folder / "results" / MADE[stage]).unlink()
    run = begun(folder)
    time.sleep(0.3)
    os.kill(wait_for(folder, stage, run), signal.SIGKILL)
    said = run.communicate()[0]
    assert run.returncode == 1 and f"rule {stage}" in said
    run = begun(folder)
    wait_for(folder, stage, run)
    time.sleep(0.3)
    run.kill()
    end_all(folder, run)
    assert goes_on(folder, whole)


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_a_signal_to_the_whole_group(folder, whole, sent):
    (folder / "results" / MADE["simulate"]).unlink()
    run = begun(folder)
    wait_for(folder, "simulate", run)
    time.sleep(1)
    os.killpg(run.pid, sent)
    end_all(folder, run)
    assert run.returncode or sent == signal.SIGHUP  # Snakemake lives through the end of its terminal
    assert goes_on(folder, whole)


def halve(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 4
    path.write_bytes(content)


def empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("harm", [halve, flip, empty, Path.unlink])
def test_a_damaged_shard_is_made_again(folder, whole, harm):
    shard = folder / "results/simulate/shard-0.parquet"
    dates = shard.stat()
    harm(shard)
    if shard.exists():
        os.utime(shard, ns=(dates.st_atime_ns, dates.st_mtime_ns))
    assert NOTHING not in goes_on(folder, whole)


@pytest.mark.parametrize("harm", [halve, flip, empty])
def test_a_corrupt_cache_of_kernels_is_made_again(folder, whole, harm):
    kernels = [path for path in (folder / "cache").rglob("*") if path.suffix in (".so", ".json", ".c")]
    assert kernels
    for path in kernels:
        harm(path)
    (folder / "results/simulate/shard-0.parquet").unlink()
    assert NOTHING not in goes_on(folder, whole)


def test_two_runs_in_one_folder(folder, whole):
    (folder / "results" / MADE["simulate"]).unlink()
    first = begun(folder)
    wait_for(folder, "simulate", first)
    second = snakemake(folder, *ARGUMENTS)
    assert second.returncode == 1 and "lock" in second.stdout.lower()
    assert first.communicate()[0] and first.returncode == 0
    assert NOTHING in goes_on(folder, whole)


def test_a_clock_that_was_wrong(folder, whole):
    """Results of next month, and an input of ten years ago that is another than it was."""
    ahead, back = time.time() + 30 * 86400, time.time() - 10 * 365 * 86400
    for path in (folder / "results").rglob("*"):
        os.utime(path, (ahead, ahead))
    table = folder / "config/discrepancy.tsv"
    lines = table.read_text()
    table.write_text("# another\n" + lines)
    os.utime(table, (back, back))
    assert NOTHING not in goes_on(folder, whole)


def test_inputs_that_cannot_be_written_to(folder, whole):
    for path in (folder / "config").rglob("*"):
        path.chmod(0o500 if path.is_dir() else 0o400)
    (folder / "results" / MADE["scenarios"]).unlink()
    assert NOTHING not in goes_on(folder, whole)


def test_too_little_memory(folder, whole):
    (folder / "results" / MADE["simulate"]).unlink()
    run = begun(folder, f"ulimit -v {2**20}")
    run.communicate()
    assert run.returncode
    assert goes_on(folder, whole)


def test_a_full_disk(folder, whole, tmp_path):
    """Results lie on a disk with no room left for what is made anew."""
    disk = tmp_path / "disk"
    disk.mkdir()
    results = folder / "results"
    size = sum(path.stat().st_size for path in results.rglob("*") if path.is_file())
    if (
        os.geteuid()
        or subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size + 2**20}", "tmpfs", disk]).returncode
    ):
        pytest.skip("a small disk must be mounted, found that it cannot be")
    try:
        shutil.copytree(results, disk, dirs_exist_ok=True)
        shutil.rmtree(results)
        results.symlink_to(disk)
        (results / MADE["simulate"]).unlink()
        with open(disk / "filler", "wb", buffering=0) as file, suppress(OSError):
            while file.write(bytes(4096)):
                pass
        done = snakemake(folder, *ARGUMENTS)
        assert (
            done.returncode == 1
            and "No space left on device" in done.stdout
            and "Traceback" not in done.stdout
        )
        (disk / "filler").unlink()
        assert goes_on(folder, whole)
    finally:
        results.unlink(missing_ok=True) if results.is_symlink() else None
        subprocess.run(["umount", disk], check=True)


def test_a_worker_is_lost(folder, whole):
    """One of two shards ends in the middle; the other is kept."""
    for shard in (folder / "results/simulate").glob("*.parquet"):
        shard.unlink()
    run = begun(folder)
    job = wait_for(folder, "simulate", run)
    os.kill(job, signal.SIGTERM)
    assert run.communicate()[0] and run.returncode == 1
    assert goes_on(folder, whole)
