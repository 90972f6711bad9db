"""The kernel cache: what others could have written, or what is not as it was written, is never loaded."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from screen.errors import KernelError
from screen.kernel import choose_engine, load_model
from screen.kernel.cache import _temporary_folder, cache_folder, cached, kept, private_folder
from screen.kernel.engines import compiled
from screen.kernel.native import compiler
from tests.kernel.networks import DECAY, sbml_of

MINE, THEIRS = sbml_of(DECAY), sbml_of("y' = -k*y; y = 1; k = 3;")


def library(folder: Path, text: str = MINE) -> Path:
    """The compiled library of a network, as it would be loaded."""
    return compiled._library(load_model(text, folder))


def pretend(command: list[str], source: Path) -> None:
    """A compiler in no time: what it makes holds what it was made from."""
    Path(command[command.index("-o") + 1]).write_bytes(b"from " + source.read_bytes())


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    """A cache with two networks in it, to spoil."""
    monkeypatch.setattr(compiler, "_call", pretend)
    library(tmp_path / "cache")
    library(tmp_path / "cache", THEIRS)
    return tmp_path / "cache"


@pytest.fixture(autouse=True)
def nothing_remembered():
    _temporary_folder.cache_clear()
    compiler.find_compiler.cache_clear()
    yield
    compiler.find_compiler.cache_clear()


DAMAGE = {
    "empty": lambda content: b"",
    "half": lambda content: content[: len(content) // 2],
    "zeros": lambda content: bytes(len(content)),
    "one bit": lambda content: bytes([content[0] ^ 1]) + content[1:],
    "braces": lambda content: b"{}",
    "longer": lambda content: content + b"\n",
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_damaged_entries_are_made_again(cache, damage):
    places = [path for path in cache.glob("*/*") if path.suffix in (".so", ".c", ".note", ".json")]
    assert len(places) == 8
    for place in places:
        place.write_bytes(damage(place.read_bytes()))
        assert kept(cache, str(place.relative_to(cache))) is None
    for text in (MINE, THEIRS):
        assert library(cache, text).read_bytes().startswith(b"from ")
    assert all(kept(cache, str(place.relative_to(cache))) for place in places)


def test_the_library_of_another_network_is_not_loaded_under_this_name(cache):
    mine, theirs = library(cache), library(cache, THEIRS)
    for suffix in ("", ".sha256"):
        shutil.copy(theirs.with_name(theirs.name + suffix), mine.with_name(mine.name + suffix))
    assert kept(cache, f"kernels/{mine.name}") is None
    assert library(cache).read_bytes() != theirs.read_bytes()


PLANT = "#include <stdlib.h>\n__attribute__((constructor)) static void planted(void) { exit(77); }\n"
LOAD = """
import sys
from pathlib import Path
from screen.kernel import load_model
from screen.kernel.engines import compiled
compiled.register(load_model(sys.stdin.read(), Path(sys.argv[1])))
"""


def test_a_planted_library_does_not_run(tmp_path, root):
    (tmp_path / "plant.c").write_text(PLANT)
    subprocess.run(["cc", "-shared", "-fPIC", "plant.c", "-o", "plant.so"], cwd=tmp_path, check=True)
    shutil.copyfile(tmp_path / "plant.so", library(tmp_path / "cache"))

    def ending(*command: str | Path) -> int:
        return subprocess.run(
            [sys.executable, "-c", *command], input=MINE, text=True, cwd=root, check=False
        ).returncode

    assert ending("import ctypes, sys; ctypes.CDLL(sys.argv[1])", tmp_path / "plant.so") == 77
    assert ending(LOAD, tmp_path / "cache") == 0


def make_foreign(path: Path, monkeypatch) -> None:
    """Give a file to another user; where that needs a right that we lack, be another user ourselves."""
    if os.geteuid() == 0:
        os.chown(path, 65534, -1)
    else:
        monkeypatch.setattr("screen.kernel.private.os.geteuid", lambda: 12345)


@pytest.mark.parametrize("what", ["file", "digest", "folder", "whole cache"])
def test_what_belongs_to_another_is_not_loaded(tmp_path, monkeypatch, what):
    place = cached(tmp_path / "cache", "a/entry.txt", lambda path: path.write_text("theirs"))
    beside = place.with_name("entry.txt.sha256")
    paths = {"file": place, "digest": beside, "folder": place.parent, "whole cache": place.parent.parent}
    make_foreign(paths[what], monkeypatch)
    again = cached(tmp_path / "cache", "a/entry.txt", lambda path: path.write_text("mine"))
    assert again.read_text() == "mine"


@pytest.mark.parametrize("what", [".", "a"])
def test_a_folder_that_everyone_may_write_to_is_not_used(tmp_path, capsys, what):
    place = cached(tmp_path, "a/entry.txt", lambda path: path.write_text("theirs"))
    (tmp_path / what).chmod(0o777)
    again = cached(tmp_path, "a/entry.txt", lambda path: path.write_text("mine"))
    assert again.read_text() == "mine" and again != place
    said = capsys.readouterr().err
    assert "cache: everyone may write to" in said and "chmod go-w" in said and said.count("\n") == 1
    assert private_folder(tmp_path / what) is None


@pytest.mark.parametrize("mode", [0o666, 0o664])
def test_a_file_that_others_may_write_to_is_made_again(tmp_path, mode):
    place = cached(tmp_path, "a/entry.txt", lambda path: path.write_text("theirs"))
    place.chmod(mode)
    assert cached(tmp_path, "a/entry.txt", lambda path: path.write_text("mine")).read_text() == "mine"
    assert place.stat().st_mode & 0o022 == 0


def test_write_permission_is_taken_from_a_group(tmp_path):
    cached(tmp_path, "a/entry.txt", lambda path: path.write_text("mine"))
    (tmp_path / "a").chmod(0o770)
    assert kept(tmp_path, "a/entry.txt")
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o750


def test_a_link_is_no_entry(tmp_path):
    place = cached(tmp_path, "a/entry.txt", lambda path: path.write_text("mine"))
    place.rename(tmp_path / "elsewhere")
    place.symlink_to(tmp_path / "elsewhere")
    assert kept(tmp_path, "a/entry.txt") is None


def test_nothing_never_becomes_an_entry(tmp_path):
    with pytest.raises(KernelError, match="must hold what was made for it, found nothing"):
        cached(tmp_path, "a/entry.c", lambda path: path.write_text(""))
    assert kept(tmp_path, "a/entry.c") is None


def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path):
    def fill(path: Path) -> None:
        path.write_text("half")
        Path("/dev/full").write_text("x")

    with pytest.raises(KernelError, match=r"entry\.txt: must be writable, found No space left on device"):
        cached(tmp_path, "a/entry.txt", fill)
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["entry.lock"]


HOLDER = """
import sys, time
from pathlib import Path
from screen.kernel.lock import alone
with alone(Path(sys.argv[1]), "entry"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_stopped_holder_of_the_lock_is_named_with_the_cure(tmp_path, capsys, monkeypatch, root):
    monkeypatch.setattr("screen.kernel.lock.FIRST_WORD", 0.2)
    (tmp_path / "a").mkdir(mode=0o700)
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "a/entry.lock")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == "held\n"
        holder.send_signal(19)  # SIGSTOP
        time.sleep(0.05)
        ender = subprocess.Popen(["sh", "-c", f"sleep 1; kill -KILL {holder.pid}"])
        made = cached(tmp_path, "a/entry.txt", lambda path: path.write_text("mine"))
        ender.wait()
    assert made.read_text() == "mine"
    first = capsys.readouterr().err.splitlines()[0]
    assert first.startswith("cache: waiting for entry.txt since 0 s; it is being made by process ")
    assert f"process {holder.pid}, which is stopped: `kill -CONT {holder.pid}`" in first


def test_without_a_compiler_what_is_in_the_cache_still_runs(cache, monkeypatch):
    monkeypatch.setenv("CC", "nosuch")
    compiler.find_compiler.cache_clear()
    known, new = load_model(MINE, cache), load_model(sbml_of("z' = -z; z = 1;"), cache)
    assert compiled._library(known).parent == cache / "kernels"
    assert choose_engine("auto", [known])[0] == choose_engine("kernel", [known])[0] == "kernel"
    assert choose_engine("auto", [known, new])[0] == choose_engine("auto")[0] == "jax"
    with pytest.raises(KernelError, match="must be there, found no nosuch"):
        compiled._library(new)


def test_an_empty_cc_is_none(monkeypatch):
    monkeypatch.setenv("CC", "")
    assert choose_engine("kernel")[0] == "kernel"


def test_without_a_home_the_cache_is_a_folder_of_the_user(monkeypatch):
    for name in ("SCREEN_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/nonexistent")
    assert cache_folder().name == f"stat3-screen-{os.geteuid()}" and cache_folder().parent.is_dir()
