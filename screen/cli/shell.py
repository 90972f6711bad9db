"""What the shell that starts a command grants it: open streams, limits, and variables that libraries read.

Where it grants too little, Polars, JAX and the threads of both end the process rather than raise an error.
"""

import io
import os
import sys
import traceback
from contextlib import suppress

from screen.errors import ScreenError

try:
    import resource
except ImportError:  # Windows has no limits of this kind
    resource = None  # type: ignore[assignment]

ONE_BLAS_THREAD = "OPENBLAS_NUM_THREADS", "1"
"""Matrices are small here: threads of OpenBLAS wait for each other at full speed, a third of the CPU of a fit. With
one, what is found does not depend on the number of cores either."""

LEAST_ADDRESSES, ADDRESSES_A_CORE = 7 * 2**29, 2**25
"""Bytes of address space without which JAX and its threads end the process rather than raise an error: measured,
the largest command takes 3.2 GiB on two cores."""

READS_VARIABLES = "jax/_src/config.py"
"""The file of JAX that raises ValueError where a variable of the environment is not as it must be."""


def prepare() -> None:
    """One thread of OpenBLAS where no more are asked for; streams that are open and take every letter.

    What is closed leads nowhere from here on, before a file is opened under its number.
    """
    os.environ.setdefault(*ONE_BLAS_THREAD)
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one
    if sys.stdout is None:
        sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w", encoding="utf-8", closefd=False)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a letter that the terminal lacks is no reason to fail
            stream.reconfigure(errors="backslashreplace")


def close_output() -> None:
    """Let standard output lead nowhere: what it could not take is lost, and Python says so at exit no more."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def check_shell() -> None:
    """Raise ScreenError where this shell grants less than the libraries need to start."""
    if (threads := os.environ.get("POLARS_MAX_THREADS", "").strip()).isdecimal() and not int(threads):
        raise ScreenError(
            f"POLARS_MAX_THREADS: must be at least 1, found {threads}; unset it, or set it to 1"
        )
    if resource is None:
        return
    granted, _ = resource.getrlimit(resource.RLIMIT_AS)
    least = LEAST_ADDRESSES + ADDRESSES_A_CORE * (os.cpu_count() or 1)
    if granted != resource.RLIM_INFINITY and granted < least:
        raise ScreenError(
            f"ulimit -v: must grant at least {least // 1024} kB of addresses (they cost no memory), "
            f"found {granted // 1024}; `ulimit -v unlimited`, or limit memory by a cgroup"
        )


def refused_variable(error: ValueError) -> str | None:
    """What JAX says of a variable of the environment that it cannot read; nothing where the error is another."""
    frames = traceback.extract_tb(error.__traceback__)
    if frames and frames[-1].filename.replace(os.sep, "/").endswith(READS_VARIABLES):
        return f"environment: variables of JAX must be as it knows them, found {error}; unset it"
    return None
