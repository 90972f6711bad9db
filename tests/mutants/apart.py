"""pytest in a process of its own, forked from one that has the libraries loaded and none of the project.

Starting Python, pytest and the libraries takes longer than many tests; a fork has them at once. What is in the copy of
the project is imported in the fork, so a fault in it is there from the first import on.
"""

import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import antimony  # noqa: F401
import beartype  # noqa: F401
import jax.numpy  # noqa: F401
import matplotlib.figure  # noqa: F401
import optax  # noqa: F401
import pandas as pd  # noqa: F401
import petab.v1.math  # noqa: F401
import polars as pl  # noqa: F401
import pydantic  # noqa: F401
import pytest
import scipy.optimize  # noqa: F401

QUIET = ("-x", "-q", "--no-header", "-p", "no:cacheprovider", "-p", "no:xdist")


def forked(work: Callable[[], Any], copy: Path, seconds: float) -> Any:
    """What `work` returns (as JSON holds it) in a fork that stands in the copy; None if it dies or hangs."""
    answer = copy.parent / "answer.json"
    answer.unlink(missing_ok=True)
    child = os.fork()
    if child == 0:
        _stand_in(copy)
        try:
            answer.write_text(json.dumps(work()))
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(0)
    until = time.monotonic() + seconds
    while os.waitpid(child, os.WNOHANG) == (0, 0):
        if time.monotonic() > until:
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return None
        time.sleep(0.02)
    return json.loads(answer.read_text()) if answer.is_file() else None


def _stand_in(copy: Path) -> None:
    """Make a fork a process of the copy: its folder, its path, no module of the project, no word, no bytecode."""
    os.setpgid(0, 0)
    quiet = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(quiet, stream)
    here = os.getcwd()
    os.chdir(copy)
    sys.path[:] = [str(copy), *(place for place in sys.path if place not in ("", here))]
    for name in [name for name in sys.modules if name.split(".")[0] in ("tests", "screen")]:
        del sys.modules[name]
    os.environ["PYTHONPATH"] = str(copy)


def passed(tests: Sequence[str], plugins: Sequence[object] = ()) -> bool:
    """Whether pytest passes here, up to the first failure; a file of slow tests alone has none to run."""
    ended = pytest.main([*QUIET, *tests], plugins=list(plugins))
    return ended in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
