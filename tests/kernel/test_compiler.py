"""Which compiler is taken, with which options, and what is said where it fails; no compiler is run."""

import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from screen.errors import KernelError
from screen.kernel.native import compiler
from screen.kernel.native.compiler import FLAGS, find_compiler, kept_library

WIDE, NARROW = "#define __AVX512F__ 1\n", "#define __AVX2__ 1\n"
PREFERRED = "-mprefer-vector-width=512"


@pytest.fixture
def machine(monkeypatch):
    """A machine with these programs, whose compiler says so and ends so; what was run."""
    told = SimpleNamespace(
        programs=("gcc", "ccache"),
        standard="#define __STDC__ 1\n",
        stdout=NARROW,
        stderr="",
        returncode=0,
        ran=[],
    )

    def run(command, **how):
        told.ran.append(command)
        return SimpleNamespace(
            stdout=told.standard + told.stdout, stderr=told.stderr, returncode=told.returncode
        )

    monkeypatch.setattr(
        compiler.shutil, "which", lambda name: f"/bin/{name}" if name in told.programs else None
    )
    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.delenv("CC", raising=False)
    find_compiler.cache_clear()
    yield told
    find_compiler.cache_clear()


def test_the_first_of_the_usual_names_is_taken_and_asked_what_it_defines(machine):
    found = find_compiler()
    assert (found.command, found.words, found.flags) == ("/bin/gcc", ("/bin/gcc",), FLAGS)
    assert machine.ran == [["/bin/gcc", *FLAGS, "-dM", "-E", "-x", "c", "/dev/null"]]
    assert found.widths == (4, 4)


def test_a_command_may_have_words_and_options(machine, monkeypatch):
    found = find_compiler("ccache gcc -m64 -g")
    assert (found.command, found.words) == ("/bin/ccache gcc", ("/bin/ccache", "gcc", "-m64", "-g"))
    assert found.flags == (*FLAGS, "-m64", "-g")
    assert machine.ran[0][: 2 + len(FLAGS)] == ["/bin/ccache", "gcc", *FLAGS]
    monkeypatch.setenv("CC", "ccache cc")
    assert find_compiler().command == "/bin/ccache cc"
    assert find_compiler("gcc").command == "/bin/gcc"  # whatever $CC is
    assert find_compiler("").command == "/bin/gcc"


@pytest.mark.parametrize(
    ("stdout", "wide"), [(NARROW, False), (WIDE, True), (WIDE + "#define __znver4__ 1", True)]
)
def test_wide_registers_are_used_where_lanes_are_that_many(machine, stdout, wide):
    machine.stdout = stdout
    assert find_compiler().flags == ((*FLAGS, PREFERRED) if wide else FLAGS)


def test_what_is_not_there_is_named(machine):
    machine.programs = ()
    with pytest.raises(KernelError, match="must be there, found no cc or gcc or clang; install one"):
        find_compiler()
    with pytest.raises(KernelError, match="must be there, found no icc; install one"):
        find_compiler("icc -g")


def test_what_defines_nothing_that_a_compiler_defines_is_named(machine):
    machine.standard = "#define __cplusplus 201703L\n"
    with pytest.raises(KernelError, match="/bin/gcc must be a C compiler, found no word of one; install one"):
        find_compiler()


@pytest.mark.parametrize(("stderr", "words"), [("first: bad\nsecond", "first: bad"), (" \n", "no message")])
def test_a_compiler_that_refuses_its_options_is_quoted(machine, stderr, words):
    machine.stderr, machine.returncode = stderr, 1
    with pytest.raises(KernelError, match=f"/bin/gcc must accept {FLAGS[0]}.*, found: {words}; install one"):
        find_compiler()


OURS = "fault of the program: please report it with /tmp/a.c"


@pytest.mark.parametrize(
    ("stderr", "words"),
    [
        (
            "note\n/tmp/a.c:3: error: no\nas: error: stopped",
            f"found: /tmp/a.c:3: error: no; this is a {OURS}",
        ),
        ("as: error: stopped\n/tmp/a.c:3: error: no", f"found: as: error: stopped; this is a {OURS}"),
        ("as: error: stopped", "found: as: error: stopped; install one"),
        ("killed", "found: exit code 4; install one"),
    ],
)
def test_what_a_compiler_says_against_the_text_is_ours_and_else_it_is_its_own(machine, stderr, words):
    machine.stderr, machine.returncode = stderr, 4
    with pytest.raises(KernelError) as caught:
        compiler._call(["gcc", "-c"], Path("/tmp/a.c"))
    assert str(caught.value).startswith(f"engine kernel: gcc must compile the network, {words}")
    machine.returncode = 0
    compiler._call(["gcc", "-c"], Path("/tmp/a.c"))


def test_a_library_is_kept_where_a_note_names_it(tmp_path, monkeypatch):
    noted = {compiler._note("key", ()): tmp_path / "note", "kernels/a.so": tmp_path / "a.so"}
    (tmp_path / "note").write_text("kernels/a.so")
    monkeypatch.setattr(
        compiler, "kept", lambda folder, entry: noted.get(entry) if folder == tmp_path else None
    )
    assert kept_library("key", tmp_path) == tmp_path / "a.so"
    assert kept_library("other", tmp_path) is None and kept_library("key", tmp_path, ("ADJOINT",)) is None


@pytest.mark.parametrize("word", ["flags\t\t: sse avx", "Features\t: fp asimd"])
def test_a_processor_is_what_it_can_do_whatever_its_clock(monkeypatch, word):
    def said(clock):
        compiler._processor.cache_clear()
        monkeypatch.setattr(
            Path, "read_text", lambda self, encoding: f"cpu MHz\t: {clock}\n{word}\n{word} more\n"
        )
        return compiler._processor()

    assert said(1000) == said(2000) and said(1).endswith(word)
    compiler._processor.cache_clear()


def test_a_processor_that_linux_does_not_describe_is_its_machine(monkeypatch):
    def none(self, encoding):
        raise OSError

    compiler._processor.cache_clear()
    monkeypatch.setattr(Path, "read_text", none)
    monkeypatch.setattr(compiler.platform, "node", lambda: "mine")
    assert compiler._processor().endswith(" mine")
    compiler._processor.cache_clear()
