"""What of a cache is loaded, by owner, mode and digest; and who is named where a lock is waited for."""

import hashlib
import os
import socket
import stat
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import pytest

from screen.kernel import lock, private
from screen.kernel.cache import cached
from screen.kernel.private import is_whole, refusal, seal

CONTENT = b"whole"


@pytest.fixture
def entry(tmp_path):
    """An entry and its digest as the cache writes them."""
    return cached(tmp_path, "a/entry.so", lambda path: path.write_bytes(CONTENT))


def test_a_folder_that_is_not_there_is_made_for_this_user_alone(tmp_path):
    old = os.umask(0)
    try:
        assert refusal(tmp_path / "far/away") is None
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "far/away").stat().st_mode) == 0o700


def test_a_file_where_the_folder_should_be_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    assert refusal(tmp_path / "file") == f"cannot write to {tmp_path}/file (not a folder)"
    assert refusal(tmp_path / "file/below") == f"cannot write to {tmp_path}/file/below (File exists)"


@pytest.mark.parametrize(
    ("mode", "words", "left"),
    [
        (0o755, None, 0o755), (0o700, None, 0o700), (0o775, None, 0o755), (0o770, None, 0o750),
        (0o777, "everyone may write to", 0o777), (0o702, "everyone may write to", 0o702),
    ],
)  # fmt: skip
def test_a_folder_is_used_that_nobody_else_writes_to_and_a_group_loses_that(tmp_path, mode, words, left):
    tmp_path.chmod(mode)
    said = refusal(tmp_path)
    assert said is None if words is None else said.startswith(f"{words} {tmp_path} (`chmod go-w")
    assert stat.S_IMODE(tmp_path.stat().st_mode) == left
    tmp_path.chmod(0o700)


def test_the_mode_of_a_folder_that_only_its_owner_writes_to_is_left_alone(tmp_path, monkeypatch):
    """It may be root's, and nobody else may change its mode."""

    def chmod(path, mode):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "chmod", chmod)
    assert refusal(tmp_path) is None


@pytest.mark.parametrize(("owner", "own"), [(7, True), (0, True), (1, False), (8, False)])
def test_what_this_user_or_root_owns_is_ones_own(tmp_path, monkeypatch, owner, own):
    monkeypatch.setattr(os, "geteuid", lambda: 7)
    assert private._own(SimpleNamespace(st_uid=owner)) == own
    monkeypatch.delattr(os, "geteuid")  # as on Windows
    assert private._own(SimpleNamespace(st_uid=owner))


def test_a_folder_of_another_user_is_said_with_his_number(tmp_path, monkeypatch):
    monkeypatch.setattr(private, "_own", lambda found: False)
    assert refusal(tmp_path) == f"{tmp_path} belongs to another user (number {os.geteuid()})"


def test_the_digest_is_of_name_and_content_and_others_may_read_both_files(entry):
    beside = entry.with_name("entry.so.sha256")
    assert beside.read_text() == hashlib.sha256(b"entry.so\0" + CONTENT).hexdigest()
    assert seal(entry, entry) == (beside, beside.read_text())
    assert [stat.S_IMODE(path.stat().st_mode) for path in (entry, beside)] == [0o644, 0o644]
    assert is_whole(entry)


def other_content(entry):
    entry.write_bytes(b"other")


def other_digest(entry):
    entry.with_name("entry.so.sha256").write_text("0" * 64)


def no_digest(entry):
    entry.with_name("entry.so.sha256").unlink()


def no_text(entry):
    entry.with_name("entry.so.sha256").write_bytes(b"\xff")


def link(entry):
    entry.rename(entry.with_name("real"))
    entry.symlink_to("real")


def nothing(entry):
    entry.unlink()


def a_group_may_write(entry):
    entry.chmod(0o664)


def everyone_may_write_the_digest(entry):
    entry.with_name("entry.so.sha256").chmod(0o646)


@pytest.mark.parametrize(
    "damage",
    [other_content, other_digest, no_digest, no_text, link, nothing, a_group_may_write, everyone_may_write_the_digest],
)  # fmt: skip
def test_an_entry_that_is_not_as_it_was_written_or_could_be_of_others_is_not_loaded(entry, damage):
    damage(entry)
    assert not is_whole(entry)


def test_where_modes_are_not_kept_they_refuse_nothing(entry, monkeypatch):
    a_group_may_write(entry)
    monkeypatch.delattr(os, "geteuid")
    assert is_whole(entry)


def test_a_lock_holds_who_has_it_and_nothing_of_who_had_it_before(tmp_path):
    path = tmp_path / "entry.lock"
    path.write_text("a much longer line than that of this process, for sure\nand another\n" * 9)
    with lock.alone(path, "entry"):
        assert path.read_text() == f"{os.getpid()} {socket.gethostname()}\n"


def test_a_holder_is_named_after_five_seconds_and_after_each_doubling(tmp_path, monkeypatch, capsys):
    """A second passes with each try; the lock is free at the 23rd."""
    clock, tries = count(100), count(1)

    def flock(file, how):
        if next(tries) < 23:
            raise BlockingIOError

    monkeypatch.setattr(lock.fcntl, "flock", flock)
    monkeypatch.setattr(lock.time, "monotonic", lambda: float(next(clock)))
    monkeypatch.setattr(lock.time, "sleep", lambda seconds: None)
    path = tmp_path / "entry.lock"
    path.write_text(f"{os.getpid()} {socket.gethostname()}\n")
    with lock.alone(path, "entry"):
        pass
    said = "cache: waiting for entry since {} s; it is being made by process " + str(os.getpid())
    assert capsys.readouterr().err.splitlines() == [said.format(seconds) for seconds in (5, 10, 20)]


def test_without_locks_everyone_goes_on(tmp_path, monkeypatch):
    def flock(file, how):
        raise OSError(95, "not supported")

    monkeypatch.setattr(lock.fcntl, "flock", flock)
    with lock.alone(tmp_path / "a.lock", "a"):
        pass
    monkeypatch.setattr(lock, "fcntl", None)
    with lock.alone(tmp_path / "b.lock", "b"):
        pass


@pytest.mark.parametrize(
    ("text", "state", "named"),
    [
        ("", "R", "a process that did not say its number"), ("x y", "R", "a process that did not say its number"),
        ("7 elsewhere", "T", "process 7 on elsewhere"), ("7 {here}", "R", "process 7"),
        ("7 {here}", "T", "process 7, which is stopped: `kill -CONT 7` lets it go on, `kill -KILL 7` ends it"),
        ("7 {here}", "t", "process 7, which is stopped: `kill -CONT 7` lets it go on, `kill -KILL 7` ends it"),
        ("7 {here}", "", "process 7"),
    ],
)  # fmt: skip
def test_who_holds_a_lock_and_whether_it_is_stopped(monkeypatch, text, state, named):
    """The state is the third word of what Linux says of a process, whose name may hold blanks and brackets."""
    monkeypatch.setattr(
        Path, "read_text", lambda self, encoding: f"7 (a) T b) {state} 1 2" if state else "7 (a)"
    )
    assert lock._holder(text.format(here=socket.gethostname()) + "\n") == named


def test_a_lock_is_made_for_this_user_alone_and_is_no_link(tmp_path):
    old = os.umask(0)
    try:
        with lock.alone(tmp_path / "entry.lock", "entry"):
            assert stat.S_IMODE((tmp_path / "entry.lock").stat().st_mode) == 0o600
    finally:
        os.umask(old)
    (tmp_path / "link.lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic links"), lock.alone(tmp_path / "link.lock", "entry"):
        pass
    assert not (tmp_path / "elsewhere").exists()


def test_a_lock_is_for_one_alone_and_is_not_waited_for_without_a_word(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(lock.fcntl, "flock", lambda file, how: asked.append(how))
    with lock.alone(tmp_path / "entry.lock", "entry"):
        assert asked == [lock.fcntl.LOCK_EX | lock.fcntl.LOCK_NB]
