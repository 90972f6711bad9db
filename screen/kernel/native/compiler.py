"""The C compiler of this machine, and how the emitted kernel becomes a shared library.

`-ffast-math` is for compiling only: given to the linker it would change the floating-point mode of the
whole process. `-fno-finite-math-only` keeps infinities and NaN, which is how a failing lane is seen.
"""

import os
import platform
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import jax
import jaxlib

from screen.errors import KernelError
from screen.kernel.cache import cached, digest_of, kept

NAMES = ("cc", "gcc", "clang")
CURE = "install one (Debian: apt install gcc; conda: conda install c-compiler) or use engine jax"
FLAGS = ("-std=gnu17", "-O2", "-march=native", "-ffast-math", "-fno-finite-math-only", "-fPIC", "-pthread")


class Compiler(NamedTuple):
    """A C compiler and what identifies its output."""

    command: tuple[str, ...]
    """Its path, after and before what $CC has beside it, such as ccache or -m64."""
    flags: tuple[str, ...]
    width: int
    """Lanes side by side: doubles in a vector register."""
    identity: str
    """Digest of its version, the processor's features and the flags."""


def find_compiler(wanted: str | None = None) -> Compiler:
    """The compiler named by `wanted` or $CC, or the first of cc, gcc, clang; KernelError where none works."""
    return _find((wanted or os.environ.get("CC") or "").strip(), os.environ.get("PATH"))


@lru_cache(maxsize=8)
def _find(wanted: str, path: str | None) -> Compiler:
    try:
        commands = [shlex.split(wanted)] if wanted else [[name] for name in NAMES]
    except ValueError as error:
        raise KernelError(f"engine kernel: CC must be a command, found {wanted} ({error}); {CURE}") from None
    found = next(
        ((place, *rest) for name, *rest in commands if (place := shutil.which(name, path=path))), None
    )
    if found is None:
        raise KernelError(
            f"engine kernel: a C compiler must be there, found no {wanted or ' or '.join(NAMES)}; {CURE}"
        )
    question = [*found, *FLAGS, "-dM", "-E", "-x", "c", os.devnull]
    answer = subprocess.run(question, capture_output=True, text=True, check=False)
    if answer.returncode:
        reason = (answer.stderr.strip().splitlines() or ["no message"])[0]
        raise KernelError(
            f"engine kernel: {' '.join(found)} must accept {' '.join(FLAGS)}, found: {reason}; {CURE}"
        )
    wide = "#define __AVX512F__ 1" in answer.stdout
    flags = (*FLAGS, "-mprefer-vector-width=512") if wide else FLAGS
    return Compiler(found, flags, 8 if wide else 4, digest_of(answer.stdout, *flags, jaxlib.__version__))


def compile_library(compiler: Compiler, source: Callable[[], str], name: str, key: str, folder: Path) -> Path:
    """The shared library of a source, from the cache or compiled into it; says so on stderr when it compiles."""
    place = f"kernels/{digest_of(key, compiler.identity)}"

    def write(path: Path) -> None:
        path.write_text(source(), encoding="utf-8")

    text = cached(folder, place + ".c", write)

    def make(library: Path) -> None:
        sys.stderr.write(f"kernel: compiling {name} with {' '.join(compiler.command)} ...\n")
        start = time.perf_counter()
        objects = library.with_suffix(".o")
        include = ["-I", jax.ffi.include_dir()]
        try:
            _call([*compiler.command, *compiler.flags, *include, "-c", str(text), "-o", str(objects)])
            _call([*compiler.command, "-shared", "-pthread", str(objects), "-o", str(library), "-lm"])
        finally:
            objects.unlink(missing_ok=True)
        sys.stderr.write(f"kernel: compiled {name} in {time.perf_counter() - start:.1f} s\n")

    library = cached(folder, place + ".so", make)
    cached(folder, _note(key), lambda path: path.write_text(place + ".so", encoding="utf-8"))
    return library


def kept_library(key: str, folder: Path) -> Path | None:
    """The library that was compiled from a source on a machine like this one: for where there is no compiler now."""
    note = kept(folder, _note(key))
    return None if note is None else kept(folder, note.read_text(encoding="utf-8"))


def _note(key: str) -> str:
    """Where the cache notes which library of a source runs on this kind of machine."""
    return f"kernels/{digest_of(key, _processor(), *FLAGS, jaxlib.__version__)}.note"


@lru_cache(maxsize=1)
def _processor() -> str:
    """What this processor can do, as Linux says it; elsewhere the name of the machine."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    features = [line for line in lines if line.lower().startswith(("flags", "features"))]
    return f"{platform.system()} {platform.machine()} {features[0] if features else platform.node()}"


def _call(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        problems = [line for line in done.stderr.splitlines() if "error" in line] or [
            f"exit code {done.returncode}"
        ]
        raise KernelError(
            f"engine kernel: {command[0]} must compile the network, found: {problems[0]}; {CURE}"
        )
