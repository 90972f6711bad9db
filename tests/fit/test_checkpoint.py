"""When a checkpoint is written, which one is read, and what is left when a search is over."""

import numpy as np
import pytest

from screen.fit import checkpoint
from screen.fit.checkpoint import Log

TREE = (np.array([1.0, 2.0]), np.array([[3, 4]]), np.float64(5.0))
LIKE = (np.zeros(2), np.zeros((1, 2), int), np.float64(0.0))


@pytest.fixture
def clock(monkeypatch) -> list[float]:
    """What time it is, for a test to change."""
    now = [100.0]
    monkeypatch.setattr(checkpoint.time, "monotonic", lambda: now[0])
    return now


def test_what_was_written_is_read_for_the_same_search_alone(tmp_path):
    kept = Log(folder=tmp_path / "new", key="k").checkpoint("a", 1, np.arange(3))
    assert kept.read(LIKE) is None
    kept.write(TREE)
    again = Log(folder=tmp_path / "new", key="k").checkpoint("a", 1, np.arange(3)).read(LIKE)
    for found, written in zip(again, TREE, strict=True):
        np.testing.assert_array_equal(found, written)
    others = (
        ("other", 1, np.arange(3)),
        ("k", 2, np.arange(3)),
        ("k", 1, np.arange(3.0)),
        ("k", 1, np.arange(2)),
    )
    for key, *what in others:
        assert Log(folder=tmp_path / "new", key=key).checkpoint("a", *what).read(LIKE) is None
    longer = (LIKE[0], LIKE[1], np.zeros(2))
    assert kept.read(longer) is None and kept.read((*LIKE, np.zeros(1))) is None


def test_it_is_written_once_in_so_many_seconds_or_if_it_is_the_last(tmp_path, clock):
    kept = Log(folder=tmp_path, seconds=10.0).checkpoint("a")
    file = tmp_path / "checkpoint_a.npz"
    for second, last, written in ((9.0, False, False), (9.5, True, True), (19.0, False, False), (19.5, False, True),
                                  (29.0, False, False), (29.5, False, True)):  # fmt: skip
        file.unlink(missing_ok=True)
        clock[0] = 100.0 + second
        kept.write(TREE, last=last)
        assert file.is_file() == written, second


def test_without_a_wait_every_call_writes_and_nothing_but_the_file_is_left(tmp_path, clock):
    kept = Log(folder=tmp_path).checkpoint("a")
    kept.write(TREE)
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint_a.npz"]
    clock[0] += 0.5
    (tmp_path / "checkpoint_a.npz").unlink()
    kept.write(TREE)
    assert kept.read(LIKE) is not None


def test_without_a_folder_nothing_is_kept(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    log = Log()
    kept = log.checkpoint("a")
    kept.write(TREE, last=True)
    assert kept.read(LIKE) is None
    log.clear()
    assert list(tmp_path.iterdir()) == []


def test_checkpoints_alone_are_cleared(tmp_path):
    log = Log(folder=tmp_path)
    for name in ("a", "b"):
        log.checkpoint(name).write(TREE)
    (tmp_path / "fit.svg").write_text("kept")
    log.clear()
    assert [path.name for path in tmp_path.iterdir()] == ["fit.svg"]
