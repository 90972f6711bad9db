"""Which NVRTC is taken of the wheels that are there, and what its functions are given, by one in Python."""

import ctypes
import re
from functools import partial
from types import SimpleNamespace

import pytest

from screen.errors import KernelError
from screen.kernel.native import nvrtc
from screen.kernel.native.nvrtc import Nvrtc, compile_cubin, find_nvrtc, options_for


class Library:
    """An NVRTC that notes what it is given, says what it is told, and ends so."""

    def __init__(self):
        self.given, self.ends, self.log, self.code = {}, 0, b"ptxas info\0", b"\x7fELF code"

    def __getattr__(self, name):
        words = re.sub("(?=[A-Z])", "_", name.removeprefix("nvrtc")).lower()
        if words.startswith("_get_"):
            content = self.log if "log" in words else self.code
            return partial(self._size if words.endswith("_size") else self._content, content)
        return getattr(type(self), words).__get__(self)

    def _size(self, content, program, found):
        found._obj.value = len(content)
        return 0

    def _content(self, content, program, found):
        found.raw = content
        return 0

    def _version(self, major, minor):
        major._obj.value, minor._obj.value = 12, 9
        return 0

    def _create_program(self, program, source, name, count, headers, names):
        program._obj.value = 77
        self.given |= {"source": source, "headers": (count, headers, names)}
        return 0

    def _compile_program(self, program, count, words):
        self.given |= {"program": program.value, "words": [words[k] for k in range(count)]}
        return self.ends

    def _destroy_program(self, program):
        self.given["destroyed"] = True


@pytest.fixture
def library(monkeypatch):
    found = Library()
    monkeypatch.setattr(nvrtc, "_load", lambda path: found)
    return found


@pytest.fixture
def wheels(tmp_path, monkeypatch, library):
    """Wheels with NVRTC of CUDA 9, 12 and 13, in two folders."""
    for folder, name in (("a/old", "9"), ("a/new", "12"), ("a/new", "12.9"), ("b/newest", "13")):
        (tmp_path / folder / "lib").mkdir(parents=True, exist_ok=True)
        (tmp_path / folder / "lib" / f"libnvrtc.so.{name}").touch()
    found = SimpleNamespace(submodule_search_locations=[str(tmp_path / "a"), str(tmp_path / "b")])
    monkeypatch.setattr("importlib.util.find_spec", lambda name: found if name == "nvidia" else None)
    return found


@pytest.mark.parametrize(("driver", "taken"), [(None, 13), (14, 13), (13, 13), (12, 12), (11, 9)])
def test_the_newest_is_taken_that_the_driver_runs(wheels, driver, taken):
    found = find_nvrtc(driver)
    assert found.path.name == f"libnvrtc.so.{taken}" and found.version == (12, 9)


def test_where_none_is_new_or_old_enough_all_are_named(wheels):
    with pytest.raises(
        KernelError, match="NVRTC for CUDA 8 at most must be installed, found 9, 12, 13; install"
    ):
        find_nvrtc(8)
    wheels.submodule_search_locations = None
    with pytest.raises(
        KernelError, match="NVRTC of any version must be installed, found none; install the extra gpu"
    ):
        find_nvrtc()


def test_a_text_is_compiled_without_headers_and_with_all_options(library, tmp_path):
    options = ("--one", "--two", "--three")
    assert compile_cubin(Nvrtc(tmp_path, (12, 9)), "text", options) == (b"\x7fELF code", "ptxas info")
    assert library.given == {
        "source": b"text", "headers": (0, None, None), "program": 77, "words": [b"--one", b"--two", b"--three"],
        "destroyed": True,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("log", "words"), [(b"note\na: error 1\nerror 2\0", "a: error 1"), (b"\0", "code 6")]
)
def test_the_first_complaint_is_quoted_and_the_program_given_back(library, tmp_path, log, words):
    library.ends, library.log = 6, log
    with pytest.raises(
        KernelError, match=f"NVRTC must compile the network, found: {words}; this is a fault of the"
    ):
        compile_cubin(Nvrtc(tmp_path, (12, 9)), "text", ())
    assert library.given["destroyed"]


def test_an_entry_is_a_macro_and_single_precision_another():
    last = ("--std=c++20", "--device-as-default-execution-space")
    assert options_for("solve", "sm_90") == ("--gpu-architecture=sm_90", "--define-macro=SOLVE", *last)
    single = options_for("solve", "sm_80", single=True)
    assert single == ("--gpu-architecture=sm_80", "--define-macro=SOLVE", "--define-macro=SINGLE", *last)


def test_a_library_that_cannot_be_loaded_is_said(monkeypatch, tmp_path):
    def refuse(path):
        raise OSError("wrong machine")

    monkeypatch.setattr(ctypes, "CDLL", refuse)
    with pytest.raises(KernelError, match="must be a library that can be loaded here, found wrong machine"):
        nvrtc._load(tmp_path / "libnvrtc.so.13")
