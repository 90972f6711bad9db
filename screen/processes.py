"""Work in another process of Python beside this one: what takes turns in one process is done at once in two."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from importlib import import_module
from multiprocessing import get_context, parent_process
from threading import Thread

import polars as pl

from screen.errors import ScreenError

THREADS = "POLARS_MAX_THREADS"
"""Variable of the environment by which polars, as it starts, learns how many threads it may have."""


@contextmanager
def another_process(module: str | None, ended: ScreenError) -> Iterator[ProcessPoolExecutor | None]:
    """A process that starts at once and imports a module, by whose functions it will be asked; it ends with the block.

    None where there is no `module`, or where the machine gives no process. It may have half of the threads, and does
    not see an interrupt: this process does, and ends it. `ended` is raised where it was ended from outside.

    >>> with another_process(None, ScreenError("the other process must end by itself")) as pool:
    ...     print(pool)
    None
    """
    pool = _started(module) if module else None
    if pool is None:
        yield None
        return
    try:
        with pool:
            yield pool
    except BrokenProcessPool:
        raise ended from None


def _started(module: str) -> ProcessPoolExecutor | None:
    pool, before = None, os.environ.get(THREADS)
    blocks = hasattr(signal, "pthread_sigmask")  # not on Windows
    try:
        pool = ProcessPoolExecutor(1, get_context("spawn"), _end_with_parent)
        held = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}) if blocks else set()
        os.environ[THREADS] = str(max(1, pl.thread_pool_size() // 2))
        try:
            pool.submit(import_module, module)
        finally:
            os.environ.pop(THREADS)
            if before is not None:
                os.environ[THREADS] = before
            if blocks:
                signal.pthread_sigmask(signal.SIG_SETMASK, held)
    except (
        OSError,
        ImportError,
        NotImplementedError,
    ):  # no more processes, or none of the locks between them
        if pool:
            pool.shutdown(cancel_futures=True)
        return None
    return pool


def _end_with_parent() -> None:
    """The other process ends when the one that asked has been killed."""

    def watch() -> None:
        if parent := parent_process():
            parent.join()
            os._exit(1)

    Thread(target=watch, daemon=True).start()
