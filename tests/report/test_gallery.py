"""Figures drawn in processes of their own are those that are drawn in this one."""

from pathlib import Path

import pytest

from screen.errors import ScreenError
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
