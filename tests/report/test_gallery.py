"""Figures drawn in processes of their own are those that are drawn in this one."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from multiprocessing import active_children
from pathlib import Path

import pytest

from screen import processes
from screen.errors import ReportError, ScreenError
from screen.rank import DoseBasis, gather_responses, rank
from screen.report import Findings, figures_beside, gallery, write_figures
from tests.rank.worlds import AIM, drug_table, hill, responses, scenarios, summed_up


@pytest.fixture(scope="module")
def findings() -> Findings:
    """A small ranking."""
    table = scenarios("ab")
    found = gather_responses(responses(table, hill({"a": 10.0, "b": 300.0})), table)
    ranked = rank(
        found, table, drug_table("ab"), aim=AIM, dose_bases=[DoseBasis("equal_concentration", 100.0)]
    )
    return Findings(ranked=ranked, aim=AIM, **summed_up(found))


def test_figures_beside_the_page_are_the_same(findings, tmp_path: Path, monkeypatch):
    ranked, folders = tmp_path / "ranked.csv", (tmp_path / "here", tmp_path / "there")
    ranked.write_text("rows")
    for folder in folders:
        folder.mkdir()
    here = write_figures(findings, folders[0])
    with figures_beside(ranked) as write:
        assert write is write_figures
    monkeypatch.setattr(gallery, "LARGE", 1)
    with figures_beside(tmp_path / "none.csv") as write:
        assert write is write_figures
    with figures_beside(ranked) as write:
        drawing = active_children()
        assert len(drawing) == 1  # at once, while nothing is to be drawn yet
        for process in drawing:
            os.kill(process.pid, signal.SIGINT)  # as a terminal does: that is told by this process alone
        write(findings, folders[1])
    for path in here:
        assert (folders[1] / path.name).read_bytes() == path.read_bytes()


def test_what_a_figure_lacks_is_said_by_the_process_that_draws_it(findings, tmp_path: Path, monkeypatch):
    ranked = tmp_path / "ranked.csv"
    ranked.write_text("rows")
    monkeypatch.setattr(gallery, "LARGE", 1)
    monkeypatch.setattr(gallery, "FIGURES", {"ranked": gallery.FIGURES["ranked"]})
    with pytest.raises((OSError, ScreenError)), figures_beside(ranked) as write:
        write(findings, ranked)  # no folder


def test_a_process_that_is_ended_from_outside_is_said(findings, tmp_path: Path, monkeypatch):
    ranked = tmp_path / "ranked.csv"
    ranked.write_text("rows")
    monkeypatch.setattr(gallery, "LARGE", 1)
    monkeypatch.setattr(gallery, "FIGURES", {"ranked": gallery.FIGURES["ranked"]})

    def write_after_a_kill():
        with figures_beside(ranked) as write:
            for process in active_children():
                process.kill()
            write(findings, tmp_path)

    with pytest.raises(ReportError, match="must end by itself"):
        write_after_a_kill()


@pytest.mark.parametrize("why", [OSError(11, "no more processes"), NotImplementedError(), ImportError()])
def test_a_machine_that_gives_no_processes_draws_in_this_one(tmp_path: Path, monkeypatch, why):
    def refuse(*given):
        raise why

    ranked = tmp_path / "ranked.csv"
    ranked.write_text("rows")
    monkeypatch.setattr(gallery, "LARGE", 1)
    monkeypatch.setattr(processes, "ProcessPoolExecutor", refuse)
    with figures_beside(ranked) as write:
        assert write is write_figures


KILLED = """
import os, signal
from multiprocessing import active_children
from screen.report import gallery
gallery.LARGE = 1
with gallery.figures_beside(gallery.__file__):
    print(*(process.pid for process in active_children()), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_nothing_stays_where_the_report_is_killed():
    ran = subprocess.run([sys.executable, "-c", KILLED], capture_output=True, text=True, check=False)
    assert ran.returncode == -signal.SIGKILL, ran.stderr
    left = {int(word) for word in ran.stdout.split()}
    assert len(left) == 1
    for _ in range(600):
        left = {pid for pid in left if is_running(pid)}
        if not left:
            return
        time.sleep(0.05)
    for pid in left:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    pytest.fail("processes that draw outlive the one that asked them to")


def is_running(pid: int) -> bool:
    """Whether there is such a process that has not ended (one that nobody has waited for has)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
