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
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import jax
import jaxlib

from screen.errors import KernelError
from screen.kernel.cache import cached, digest_of, kept
from screen.kernel.native.emit import Widths
from screen.kernel.native.parts import parts_of

NAMES = ("cc", "gcc", "clang")
CURE = "install one (Debian: apt install gcc; conda: conda install c-compiler) or use engine jax"
FLAGS = ("-std=gnu17", "-O2", "-march=native", "-ffast-math", "-fno-finite-math-only", "-fPIC", "-pthread")


class Compiler(NamedTuple):
    """A C compiler and what identifies its output."""

    command: str
    """The program, to show; with what runs it, as in `ccache gcc`."""
    words: tuple[str, ...]
    """The same as a command line; then the options that $CC names, for compiling and for linking."""
    flags: tuple[str, ...]
    widths: Widths
    """Lanes side by side."""
    identity: str
    """Digest of its version, the processor's features and the flags."""


@lru_cache(maxsize=4)
def find_compiler(wanted: str | None = None) -> Compiler:
    """The compiler named by `wanted` or $CC, or the first of cc, gcc, clang; KernelError where none works.

    `wanted` is a command: it may have options and a program that runs it (`ccache gcc -m64`).
    """
    asked = _words(wanted if wanted is not None else os.environ.get("CC", ""))
    choices = [asked] if asked else [[name] for name in NAMES]
    found = next((choice for choice in choices if shutil.which(choice[0])), None)
    if found is None:
        missing = asked[0] if asked else " or ".join(NAMES)
        raise KernelError(f"engine kernel: a C compiler must be there, found no {missing}; {CURE}")
    options = next((i for i, word in enumerate(found) if word.startswith("-")), len(found))
    words = (str(shutil.which(found[0])), *found[1:options])
    command, own = " ".join(words), tuple(found[options:])
    flags = (*FLAGS, *own)
    question = [*words, *flags, "-dM", "-E", "-x", "c", os.devnull]
    answer = subprocess.run(question, capture_output=True, text=True, check=False)
    if answer.returncode:
        reason = (answer.stderr.strip().splitlines() or ["no message"])[0]
        raise KernelError(f"engine kernel: {command} must accept {' '.join(flags)}, found: {reason}; {CURE}")
    if "#define __STDC__" not in answer.stdout:
        raise KernelError(f"engine kernel: {command} must be a C compiler, found no word of one; {CURE}")
    widths = lanes_side_by_side(answer.stdout)
    flags = (*flags, "-mprefer-vector-width=512") if max(widths) == 8 else flags
    identity = digest_of(answer.stdout, *flags, jaxlib.__version__)
    return Compiler(command, (*words, *own), flags, widths, identity)


def lanes_side_by_side(macros: str) -> Widths:
    """How many lanes go side by side where the compiler defines these macros for the processor.

    Zen 4 does its registers of 512 bits in two halves: eight lanes take as long there as twice four, and twice the
    room in its caches. (gcc before version 13 takes it for a Zen 3, which has no such registers.)

    >>> lanes_side_by_side("#define __AVX512F__ 1")
    Widths(lanes=8, of_large=8)
    >>> lanes_side_by_side("#define __AVX2__ 1")
    Widths(lanes=4, of_large=4)
    """
    if "#define __AVX512F__ 1" not in macros:
        return Widths(4, 4)
    halves = any(f"#define __znver{generation}__ 1" in macros for generation in (3, 4))
    return Widths(8, 4 if halves else 8)


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError as fault:
        raise KernelError(f"engine kernel: CC must be a command, found {command} ({fault})") from None


def compile_library(
    compiler: Compiler, source: Callable[[], str], name: str, key: str, folder: Path, macros: tuple[str, ...] = ()
) -> Path:  # fmt: skip
    """The shared library of a source, from the cache or compiled into it; says so on stderr when it compiles.

    `key` says what decides the source. The library goes by the source itself, without the line that says whose it is:
    networks that differ in values alone have one.
    """

    def write(path: Path) -> None:
        path.write_text(source(), encoding="utf-8")

    text = cached(folder, f"kernels/{digest_of(key, compiler.identity)}.c", write)
    written = text.read_text(encoding="utf-8")
    compiled = digest_of(written.partition("\n")[2], compiler.identity)
    library_place = "".join((f"kernels/{compiled}", *(f"-{macro.lower()}" for macro in macros), ".so"))
    told = [f"-D{macro}" for macro in macros]

    def make(library: Path) -> None:
        what = " ".join((name, *map(str.lower, macros)))
        sys.stderr.write(f"kernel: compiling {what} with {compiler.command} ...\n")
        start = time.perf_counter()
        objects = {part: library.with_suffix(f".{part}.o") for part in parts_of(written)}

        def compile_part(part: int) -> None:
            into = [
                *told,
                f"-DPART={part}",
                "-I",
                jax.ffi.include_dir(),
                "-c",
                str(text),
                "-o",
                str(objects[part]),
            ]
            _call([*compiler.words, *compiler.flags, *into], text)

        try:
            with ThreadPoolExecutor() as pool:
                list(pool.map(compile_part, objects))
            linked = [*map(str, objects.values()), "-o", str(library), "-lm"]
            _call([*compiler.words, "-shared", "-pthread", *linked], text)
        finally:
            for each in objects.values():
                each.unlink(missing_ok=True)
        sys.stderr.write(f"kernel: compiled {what} in {time.perf_counter() - start:.1f} s\n")

    library = cached(folder, library_place, make)
    cached(folder, _note(key, macros), lambda path: path.write_text(library_place, encoding="utf-8"))
    return library


def kept_library(key: str, folder: Path, macros: tuple[str, ...] = ()) -> Path | None:
    """The library that was compiled from a source on a machine like this one: for where there is no compiler now."""
    note = kept(folder, _note(key, macros))
    return None if note is None else kept(folder, note.read_text(encoding="utf-8"))


def _note(key: str, macros: tuple[str, ...]) -> str:
    """Where the cache notes which library of a source runs on this kind of machine."""
    return f"kernels/{digest_of(key, _processor(), *FLAGS, *macros, jaxlib.__version__)}.note"


@lru_cache(maxsize=1)
def _processor() -> str:
    """What this processor can do, as Linux says it; elsewhere the name of the machine."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    features = [line for line in lines if line.lower().startswith(("flags", "features"))]
    return f"{platform.system()} {platform.machine()} {features[0] if features else platform.node()}"


def _call(command: list[str], source: Path) -> None:
    """Run the compiler. What it says against the source is a fault of ours, and the message says so."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if not done.returncode:
        return
    problems = [line for line in done.stderr.splitlines() if "error" in line] or [
        f"exit code {done.returncode}"
    ]
    ours = any(source.name in problem for problem in problems)
    advice = (
        f"this is a fault of the program: please report it with {source}; engine jax runs without"
        if ours
        else CURE
    )
    raise KernelError(f"engine kernel: {command[0]} must compile the network, found: {problems[0]}; {advice}")
