"""What is kept on disk, under what name, and what happens where it cannot be."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import jax
import numpy as np
import pytest

from screen.errors import KernelError
from screen.kernel import choose_engine, load_model, solve
from screen.kernel.cache import cache_folder, cached, kept, private_folder
from screen.kernel.configure import configure, find_devices
from screen.kernel.engines import compiled
from screen.kernel.engines import table as engines
from screen.kernel.native import compiler
from screen.kernel.native.emit import ADJOINT
from tests.kernel.networks import DECAY, sbml_of


def test_where_it_is(monkeypatch, tmp_path):
    monkeypatch.setenv("SCREEN_CACHE", str(tmp_path / "own"))
    assert cache_folder() == tmp_path / "own"
    monkeypatch.delenv("SCREEN_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "stat3-screen"


@pytest.mark.parametrize("named", ["-o", "own"])
def test_a_folder_beside_is_named_from_the_root_on(monkeypatch, tmp_path, named):
    """A compiler would take `-o/a.c` for one of its options."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SCREEN_CACHE", named)
    assert cache_folder() == tmp_path / named


@pytest.mark.parametrize(
    ("named", "words"),
    [
        ("~nosuch/x", "must name a folder, found ~nosuch/x of a user who is not here"),
        ("\udcff", r"must be UTF-8, found \\udcff"),
    ],
)
def test_a_name_that_no_folder_can_have_is_one_line(monkeypatch, named, words):
    monkeypatch.setenv("SCREEN_CACHE", named)
    with pytest.raises(KernelError, match=f"^SCREEN_CACHE: {words}$"):
        cache_folder()


def test_many_at_once_make_an_entry_once(tmp_path):
    made = []

    def make(path):
        made.append(path)
        time.sleep(0.05)
        path.write_text("whole")

    def ask():
        assert cached(tmp_path, "a/entry.txt", make).read_text() == "whole"

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == [
        "entry.lock",
        "entry.txt",
        "entry.txt.sha256",
    ]


@pytest.mark.parametrize("name", ["entry.txt", "entry.lock", "entry.txt.sha256"])
@pytest.mark.parametrize("kind", ["folder", "link", "pipe"])
def test_what_lies_in_the_place_of_a_file_is_named_or_replaced(tmp_path, name, kind):
    (tmp_path / "a").mkdir()
    place = tmp_path / "a" / name
    {"folder": place.mkdir, "link": lambda: place.symlink_to("nosuch"), "pipe": lambda: os.mkfifo(place)}[
        kind
    ]()
    if kind == "folder" or name == "entry.lock":
        with pytest.raises(
            KernelError, match=rf"^{place}: must be writable, found (Is a|Too many|something)"
        ):
            cached(tmp_path, "a/entry.txt", lambda path: path.write_text("whole"))
    else:
        cached(tmp_path, "a/entry.txt", lambda path: path.write_text("whole"))
        assert kept(tmp_path, "a/entry.txt").read_text() == "whole"


def test_a_failed_attempt_leaves_nothing_behind(tmp_path):
    def fail(path):
        path.write_text("half")
        raise KernelError("no")

    with pytest.raises(KernelError):
        cached(tmp_path, "a/entry.txt", fail)
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["entry.lock"]
    assert cached(tmp_path, "a/entry.txt", lambda path: path.write_text("whole")).read_text() == "whole"


def test_a_folder_that_cannot_be_written_to_is_said_and_survived(tmp_path, capsys):
    blocked = tmp_path / "blocked"
    blocked.write_text("a file, not a folder")
    for entry in ("a/entry.txt", "a/other.txt"):
        assert cached(blocked, entry, lambda path: path.write_text("whole")).read_text() == "whole"
    (line,) = capsys.readouterr().err.splitlines()
    assert "cannot write to" in line


def test_an_entry_serves_a_folder_that_is_read_only(tmp_path):
    cached(tmp_path, "a/entry.txt", lambda path: path.write_text("old"))
    (tmp_path / "a").chmod(0o555)
    assert cached(tmp_path, "a/entry.txt", lambda path: pytest.fail("made again")).read_text() == "old"
    (tmp_path / "a").chmod(0o755)


def test_a_second_load_does_no_symbolic_work(tmp_path, monkeypatch):
    text = sbml_of(DECAY)
    first = load_model(text, tmp_path)
    monkeypatch.setattr("screen.kernel.model.analyse", lambda network: pytest.fail("analysed again"))
    assert load_model(text, tmp_path).system == first.system


def test_another_processor_or_compiler_gets_a_library_of_its_own(tmp_path, monkeypatch):
    built = []

    def pretend(command, source):
        built.append(command)
        Path(command[command.index("-o") + 1]).write_text("built")

    monkeypatch.setattr(compiler, "_call", pretend)
    one = compiler.find_compiler()
    other = one._replace(identity="another processor")
    places = {
        compiler.compile_library(c, lambda: "source", "toy", "key", tmp_path) for c in (one, other, one)
    }
    assert len(places) == 2
    assert len(built) == 4  # compile and link, twice


def test_networks_that_differ_in_a_value_have_one_library_and_answers_of_their_own(tmp_path, capfd):
    """A constant that is changed in a table is read at once; what is compiled holds for every value."""

    def end(text):
        model = load_model(sbml_of(text), tmp_path)
        return float(solve(model, model.values[None, None], [[1.0]], [[0.0]], [[1.0]]).states[0, 0, 0])

    ends = [end(f"x' = -rate*x; x = 1; rate = {rate};") for rate in (1.5, 2.5)]
    np.testing.assert_allclose(ends, np.exp([-1.5, -2.5]), rtol=1e-4)
    end("x' = -2*rate*x; x = 1; rate = 1.5;")
    assert capfd.readouterr().err.count(" compiled ") == len(list((tmp_path / "kernels").glob("*.so"))) == 2


def test_networks_with_one_library_in_two_caches_run_from_one(tmp_path, capfd):
    """XLA takes one library of a name; one with the same name from another cache does the same."""

    def slope(rate):
        model = load_model(sbml_of(f"x' = -3*rate*x; x = 1; rate = {rate};"), tmp_path / str(rate))

        def end(parameters):
            return solve(model, parameters[None, None], [[1.0]], [[0.0]], [[1.0]]).states[0, 0, 0]

        return float(jax.grad(end)(model.values)[0])

    slopes = [slope(rate) for rate in (0.25, 0.5)]
    np.testing.assert_allclose(slopes, -3 * np.exp([-0.75, -1.5]), rtol=1e-4)
    assert capfd.readouterr().err.count(" compiled ") == 4


def test_processes_that_start_together_agree(tmp_path):
    (tmp_path / "decay.xml").write_text(sbml_of(DECAY))
    script = """
import sys
from pathlib import Path
from screen.kernel import configure, load_model, solve
configure()
model = load_model(Path(sys.argv[1]))
solution = solve(model, model.values[None, None], [[1.0]], [[0.0]], [[1.0]])
print(float(solution.states[0, 0, 0]).hex())
"""
    command = [sys.executable, "-c", script, str(tmp_path / "decay.xml")]
    environment = {"SCREEN_CACHE": str(tmp_path / "cache"), "PATH": "/usr/bin:/bin", "PYTHONPATH": "."}
    jobs = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    answers = {job.communicate(timeout=120)[0].strip() for job in jobs}
    assert all(job.returncode == 0 for job in jobs)
    assert len(answers) == 1
    np.testing.assert_allclose(float.fromhex(answers.pop()), np.exp(-2), rtol=1e-5)
    assert len(list((tmp_path / "cache/kernels").glob("*.so"))) == 1


def test_what_adjoints_need_is_compiled_where_there_are_adjoints(tmp_path, capfd):
    model = load_model(sbml_of("x' = -rate*x; x = 1; rate = 1.75;"), tmp_path / "cache")  # met nowhere else

    def end(parameters):
        return solve(model, parameters[None, None], [[1.0]], [[0.0]], [[1.0]]).states[0, 0, 0]

    def compiled_now():
        return [line.split(" ")[2:-3] for line in capfd.readouterr().err.splitlines() if " compiled " in line]

    ended = end(model.values)
    assert compiled_now() == [["__main"]]
    slope = jax.grad(end)(model.values)
    assert compiled_now() == [["__main", "adjoint"]]
    np.testing.assert_allclose(slope[model.parameters.index("rate")], -ended, rtol=1e-4)
    libraries = [path.stem for path in (tmp_path / "cache/kernels").glob("*.so")]
    assert len(libraries) == 2 and sorted(libraries)[1] == f"{sorted(libraries)[0]}-adjoint"
    for macros, end in (
        ((), ".so"),
        ((ADJOINT,), "-adjoint.so"),
    ):  # what runs where there is no compiler any more
        kept = compiler.kept_library(compiled.model_key(model), model.cache, macros)
        assert kept is not None and kept.name == f"{min(libraries)}{end}"


@pytest.fixture
def no_compiler(monkeypatch, tmp_path):
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    for forgetful in (compiler.find_compiler, compiled.register):
        forgetful.cache_clear()
    yield
    for forgetful in (compiler.find_compiler, compiled.register):
        forgetful.cache_clear()


def test_without_a_compiler_the_cure_is_named_and_lanes_take_over(no_compiler, tmp_path):
    model = load_model(sbml_of(DECAY), tmp_path / "cache")
    with pytest.raises(KernelError, match="must be there, found no cc or gcc or clang; install one"):
        solve(model, model.values[None, None], [[1.0]], [[0.0]], [[1.0]], engine="kernel")
    name, reason = choose_engine("auto")
    assert name == "jax" and "compiler" in reason and "\n" not in reason
    assert "kernel" not in engines.available_engines()
    found = solve(model, model.values[None, None], [[1.0]], [[0.0]], [[1.0]], engine="auto")
    np.testing.assert_allclose(found.states[0, 0, 0], np.exp(-2), rtol=1e-5)


def test_a_compiler_that_does_not_work_is_named(monkeypatch):
    with pytest.raises(KernelError, match=r"engine kernel: .*false must accept"):
        compiler.find_compiler("false")


def test_a_program_that_is_no_compiler_is_named():
    with pytest.raises(
        KernelError, match=r"engine kernel: .*true must be a C compiler, found no word of one; "
    ):
        compiler.find_compiler("true")


def test_a_compiler_may_have_options_and_a_program_that_runs_it():
    plain, dressed = compiler.find_compiler("gcc"), compiler.find_compiler("env gcc -O0")
    assert (
        dressed.command.endswith("env gcc")
        and dressed.words[-1] == dressed.flags[len(compiler.FLAGS)] == "-O0"
    )
    assert dressed.identity != plain.identity
    with pytest.raises(KernelError, match="CC must be a command, found gcc '"):
        compiler.find_compiler("gcc '")


def test_what_the_compiler_refuses_is_called_a_fault_of_ours(tmp_path):
    with pytest.raises(
        KernelError, match=r"this is a fault of the program: please report it with .*\.c"
    ) as caught:
        compiler.compile_library(compiler.find_compiler(), lambda: "int main(", "toy", "key", tmp_path)
    assert "install" not in str(caught.value)


def test_an_engine_nobody_knows():
    with pytest.raises(
        KernelError, match="engine: must be one of auto, kernel, cuda, jax, diffrax, found magic"
    ):
        choose_engine("magic")


def test_without_a_home_it_is_a_folder_of_the_user_in_the_temporary_one(monkeypatch, tmp_path):
    for name in ("SCREEN_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert cache_folder() == tmp_path / ".cache/stat3-screen"
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "gone")
    monkeypatch.setattr("tempfile.gettempdir", lambda: "/temporary")
    monkeypatch.setattr("os.geteuid", lambda: 7)
    assert cache_folder() == Path("/temporary/stat3-screen-7")
    monkeypatch.delattr("os.geteuid")  # as on Windows
    assert cache_folder() == Path("/temporary/stat3-screen-user")


@pytest.mark.parametrize("missing", [os.W_OK, os.X_OK])
def test_a_folder_that_lacks_a_permission_is_not_written_to(monkeypatch, tmp_path, missing, capsys):
    monkeypatch.setattr("os.access", lambda path, mode: not mode & missing)
    found = cached(tmp_path, f"a/{missing}.txt", lambda path: path.write_text("whole"))
    assert not found.is_relative_to(tmp_path) and found.read_text() == "whole"
    assert (
        f"cannot write to {tmp_path}/a (no permission); using a temporary folder" in capsys.readouterr().err
    )


def open_to_all(folder):
    folder.chmod(0o777)


@pytest.mark.parametrize("which", ["", "a"])
def test_what_others_could_have_written_is_not_read(tmp_path, which, capsys):
    """Neither the folder nor that of the entry may be open to all."""
    entry = cached(tmp_path, "a/open.txt", lambda path: path.write_text("old"))
    assert kept(tmp_path, "a/open.txt") == entry and private_folder(tmp_path / "a") == tmp_path / "a"
    open_to_all(tmp_path / which)
    assert kept(tmp_path, "a/open.txt") is None
    assert cached(tmp_path, "a/open.txt", lambda path: path.write_text("new")).read_text() == "new"
    assert private_folder(tmp_path / "a") is None
    assert capsys.readouterr().err.endswith("doing without\n")


def test_what_is_not_there_or_not_whole_is_not_kept(tmp_path):
    entry = cached(tmp_path, "a/entry.txt", lambda path: path.write_text("whole"))
    assert kept(tmp_path, "a/other.txt") is None
    entry.write_text("half")
    assert kept(tmp_path, "a/entry.txt") is None
    assert cached(tmp_path, "a/entry.txt", lambda path: path.write_text("whole")).read_text() == "whole"


def test_an_entry_of_nothing_is_refused(tmp_path):
    with pytest.raises(KernelError, match=r"entry\.txt: must hold what was made for it, found nothing"):
        cached(tmp_path, "a/entry.txt", lambda path: path.write_text(""))
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["entry.lock"]


def refusing(error):
    def devices():
        raise error

    return devices


@pytest.mark.parametrize(
    ("error", "wanted", "words"),
    [
        (RuntimeError("no gpu\nmore"), "cuda", r"found cuda \(no gpu\); unset it"),
        (AssertionError("what"), "", r"found any \(no such device\); unset it"),
        (AttributeError("what"), "tpu", r"found tpu \(no such device\); unset it"),
    ],
)
def test_a_kind_of_device_that_is_not_here_is_one_line(monkeypatch, error, wanted, words):
    monkeypatch.setattr(jax, "devices", refusing(error))
    monkeypatch.setenv("JAX_PLATFORMS", wanted)
    with pytest.raises(
        KernelError, match=f"^JAX_PLATFORMS: must name a kind of device that is here, {words}"
    ):
        find_devices()


@pytest.mark.parametrize("safe", [True, False])
def test_jax_keeps_what_it_compiles_where_that_is_safe(monkeypatch, tmp_path, safe):
    told = {}
    monkeypatch.setenv("SCREEN_CACHE", str(tmp_path))
    monkeypatch.setattr(jax.config, "update", told.__setitem__)
    if not safe:
        (tmp_path / "jax").mkdir()
        open_to_all(tmp_path / "jax")
    configure()
    assert told["jax_enable_x64"] is True
    assert told["jax_compilation_cache_dir"] == (str(tmp_path / "jax") if safe else None)
