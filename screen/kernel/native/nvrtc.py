"""NVRTC, the CUDA compiler that JAX's CUDA extra brings: the emitted text becomes machine code for one kind of GPU.

Machine code (a cubin) and not PTX, which drivers older than the compiler refuse. It is called through ctypes, because
NVIDIA's own bindings are not part of that extra and eight functions are all that is needed.
"""

import ctypes
import importlib.util
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from screen.errors import KernelError
from screen.kernel.cache import cached, digest_of

FLAGS = ("--std=c++20", "--device-as-default-execution-space")


class Nvrtc(NamedTuple):
    """The compiler: its library and version, such as (13, 0)."""

    path: Path
    version: tuple[int, int]


class Cubin(NamedTuple):
    """Machine code, and what the compiler said about it."""

    code: bytes
    report: str


def find_nvrtc(driver: int | None = None) -> Nvrtc:
    """The newest NVRTC among the installed wheels, of the driver's CUDA version (such as 13) at most.

    KernelError where there is none.
    """
    spec = importlib.util.find_spec("nvidia")
    folders = list(spec.submodule_search_locations or ()) if spec else []
    paths = [path for folder in folders for path in Path(folder).glob("*/lib/libnvrtc.so.*")]
    found = {int(path.suffix[1:]): path for path in paths if re.fullmatch(r"libnvrtc\.so\.\d+", path.name)}
    usable = [major for major in found if driver is None or major <= driver]
    if not usable:
        which = f"for CUDA {driver} at most" if driver else "of any version"
        there = ", ".join(str(major) for major in sorted(found)) or "none"
        raise KernelError(
            f"engine cuda: NVRTC {which} must be installed, found {there}; install the extra gpu, as in "
            "pip install 'jax[cuda13]'"
        )
    path = found[max(usable)]
    major, minor = ctypes.c_int(), ctypes.c_int()
    _check(_load(path).nvrtcVersion(ctypes.byref(major), ctypes.byref(minor)), "")
    return Nvrtc(path, (major.value, minor.value))


def compile_cubin(nvrtc: Nvrtc, source: str, options: tuple[str, ...]) -> Cubin:
    """Compile a text; KernelError with the first complaint where NVRTC refuses it."""
    library = _load(nvrtc.path)
    program = ctypes.c_void_p()
    words = [option.encode() for option in options]
    _check(
        library.nvrtcCreateProgram(ctypes.byref(program), source.encode(), b"kernel.cu", 0, None, None), ""
    )
    try:
        result = library.nvrtcCompileProgram(program, len(words), (ctypes.c_char_p * len(words))(*words))
        report = _taken(library, program, "ProgramLog").rstrip(b"\0").decode(errors="replace")
        _check(result, report)
        return Cubin(_taken(library, program, "CUBIN"), report)
    finally:
        library.nvrtcDestroyProgram(ctypes.byref(program))


def options_for(entry: str, architecture: str, single: bool = False) -> tuple[str, ...]:
    """How the entry (`solve`, ...) is compiled for an architecture such as sm_90; `single`: its matrices in float."""
    macros = (entry.upper(), *(["SINGLE"] if single else ()))
    return (f"--gpu-architecture={architecture}", *(f"--define-macro={name}" for name in macros), *FLAGS)


def cached_cubin(
    nvrtc: Nvrtc, source: Callable[[], str], name: str, key: str, folder: Path, options: tuple[str, ...]
) -> Path:
    """Machine code of a source, from the cache or compiled into it; says so on stderr when it compiles."""
    text = cached(
        folder,
        f"kernels/{digest_of(key, 'cuda')}.cu",
        lambda path: path.write_text(source(), encoding="utf-8"),
    )
    version = ".".join(map(str, nvrtc.version))

    def make(path: Path) -> None:
        sys.stderr.write(f"kernel: compiling {name} with NVRTC {version} {' '.join(options[:2])} ...\n")
        start = time.perf_counter()
        path.write_bytes(compile_cubin(nvrtc, text.read_text(encoding="utf-8"), options).code)
        sys.stderr.write(f"kernel: compiled {name} in {time.perf_counter() - start:.1f} s\n")

    return cached(folder, f"kernels/{digest_of(key, version, *options)}.cubin", make)


def _load(path: Path) -> ctypes.CDLL:
    """The library; first what it opens by name alone, which lies beside it and would not be found."""
    try:
        for builtins in sorted(path.parent.glob("libnvrtc-builtins.so.*")):
            ctypes.CDLL(str(builtins))
        return ctypes.CDLL(str(path))
    except OSError as error:
        raise KernelError(f"{path}: must be a library that can be loaded here, found {error}") from None


def _taken(library: ctypes.CDLL, program: ctypes.c_void_p, what: str) -> bytes:
    size = ctypes.c_size_t()
    _check(getattr(library, f"nvrtcGet{what}Size")(program, ctypes.byref(size)), "")
    content = ctypes.create_string_buffer(size.value)
    _check(getattr(library, f"nvrtcGet{what}")(program, content), "")
    return content.raw


def _check(result: int, report: str) -> None:
    if result:
        problem = next((line for line in report.splitlines() if "error" in line), f"code {result}")
        raise KernelError(
            f"engine cuda: NVRTC must compile the network, found: {problem}; this is a fault of the program"
        )
