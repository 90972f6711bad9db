"""One process at a time, and who it is that others wait for."""

import errno
import os
import socket
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

try:
    import fcntl
except ImportError:  # Windows: two processes may then compile the same network at the same time
    fcntl = None  # type: ignore[assignment]

FIRST_WORD = 5.0
"""Seconds of waiting after which the holder is named; after each doubling of it again."""


@contextmanager
def alone(path: Path, what: str) -> Iterator[None]:
    """Hold a lock; where another process has it, say on stderr who that is and for how long it has been waited for.

    Without locks (Windows, some network file systems) everyone goes on at once. OSError: there is something else
    than a file in its place.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, "something else than a file", str(path))
    with os.fdopen(handle, "r+", encoding="utf-8", errors="replace") as lock:
        _wait(lock, what)
        lock.seek(0)
        lock.truncate()
        lock.write(f"{os.getpid()} {socket.gethostname()}\n")
        lock.flush()
        yield


def _wait(lock: TextIO, what: str) -> None:
    start, word = time.monotonic(), FIRST_WORD
    while fcntl is not None:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waited = time.monotonic() - start
            if waited >= word:
                lock.seek(0)
                holder = _holder(lock.read(200))
                sys.stderr.write(
                    f"cache: waiting for {what} since {waited:.0f} s; it is being made by {holder}\n"
                )
                word *= 2
            time.sleep(0.05)
        except OSError:
            return
        else:
            return


def _holder(text: str) -> str:
    pid, _, host = text.strip().partition(" ")
    if not pid.isdigit():
        return "a process that did not say its number"
    if host != socket.gethostname():
        return f"process {pid} on {host}"
    with suppress(OSError, IndexError):
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
        if state in "Tt":
            return f"process {pid}, which is stopped: `kill -CONT {pid}` lets it go on, `kill -KILL {pid}` ends it"
    return f"process {pid}"
