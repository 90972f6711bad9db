"""The C compiler of this machine, and how the emitted kernel becomes a shared library.

`-ffast-math` is for compiling only: given to the linker it would change the floating-point mode of the
whole process. `-fno-finite-math-only` keeps infinities and NaN, which is how a failing lane is seen.
"""

import os
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
from screen.kernel.cache import cached, digest_of

NAMES = ("cc", "gcc", "clang")
CURE = "install one (Debian: apt install gcc; conda: conda install c-compiler) or use engine jax"
FLAGS = ("-std=gnu17", "-O2", "-march=native", "-ffast-math", "-fno-finite-math-only", "-fPIC", "-pthread")


class Compiler(NamedTuple):
    """A C compiler and what identifies its output."""

    command: str
    flags: tuple[str, ...]
    width: int
    """Lanes side by side: doubles in a vector register."""
    identity: str
    """Digest of its version, the processor's features and the flags."""


@lru_cache(maxsize=4)
def find_compiler(wanted: str | None = None) -> Compiler:
    """The compiler named by `wanted` or $CC, or the first of cc, gcc, clang; KernelError where none works."""
    wanted = wanted or os.environ.get("CC")
    found = next((path for name in ([wanted] if wanted else NAMES) if (path := shutil.which(name))), None)
    if found is None:
        raise KernelError(
            f"engine kernel: a C compiler must be there, found no {wanted or ' or '.join(NAMES)}; {CURE}"
        )
    question = [found, *FLAGS, "-dM", "-E", "-x", "c", os.devnull]
    answer = subprocess.run(question, capture_output=True, text=True, check=False)
    if answer.returncode:
        reason = (answer.stderr.strip().splitlines() or ["no message"])[0]
        raise KernelError(f"engine kernel: {found} must accept {' '.join(FLAGS)}, found: {reason}; {CURE}")
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
        sys.stderr.write(f"kernel: compiling {name} with {compiler.command} ...\n")
        start = time.perf_counter()
        objects = library.with_suffix(".o")
        include = ["-I", jax.ffi.include_dir()]
        try:
            _call([compiler.command, *compiler.flags, *include, "-c", str(text), "-o", str(objects)])
            _call([compiler.command, "-shared", "-pthread", str(objects), "-o", str(library), "-lm"])
        finally:
            objects.unlink(missing_ok=True)
        sys.stderr.write(f"kernel: compiled {name} in {time.perf_counter() - start:.1f} s\n")

    return cached(folder, place + ".so", make)


def _call(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        problems = [line for line in done.stderr.splitlines() if "error" in line] or [
            f"exit code {done.returncode}"
        ]
        raise KernelError(
            f"engine kernel: {command[0]} must compile the network, found: {problems[0]}; {CURE}"
        )
