"""Programs run in forks of a Python that has loaded what they need but the project: that takes one or two seconds.

What a fork imports of the project is that of its folder, as if it had been started there.
"""

import atexit
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

LIBRARIES = """
import jax.numpy, libsbml, matplotlib, pandas, polars, pydantic, scipy.sparse, scipy.stats, snakemake.cli, sympy
"""

SERVER = """
import json, os, sys, traceback

sys.path.pop(0)
for line in sys.stdin:
    asked = json.loads(line)
    child = os.fork()
    if not child:
        code = 1
        try:
            for stream, file in ((0, os.devnull), (1, asked["said"]), (2, asked["said"])):
                os.dup2(os.open(file, os.O_RDWR | os.O_APPEND), stream)
            os.chdir(asked["folder"])
            os.environ.clear()
            os.environ.update(asked["environment"])
            sys.argv, sys.path = asked["arguments"], [*asked["path"], *sys.path]
            exec(asked["program"], {"__name__": "__main__"})
            code = 0
        except SystemExit as ended:
            code = int(ended.code or 0)
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@cache
def _server() -> "subprocess.Popen[str]":
    """SERVER, started once; it ends with the tests."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    server = subprocess.Popen(
        [sys.executable, "-c", LIBRARIES + SERVER],
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
    )
    atexit.register(server.communicate)
    return server


def forked(
    program: str, folder: Path, environment: Mapping[str, str], *arguments: str, path: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """Run the text of a program in a folder: how it ended, and what it said on both streams.

    `path` is where it looks for modules first, as `python -c` does in the folder with ("",).
    """
    server = _server()
    assert server.stdin and server.stdout
    with tempfile.NamedTemporaryFile("r") as said:
        asked = {
            "program": program, "folder": str(folder), "environment": dict(environment), "said": said.name,
            "arguments": ["python", *arguments], "path": path,
        }  # fmt: skip
        server.stdin.write(json.dumps(asked) + "\n")
        server.stdin.flush()
        code = int(server.stdout.readline())
        return subprocess.CompletedProcess(["python", *arguments], code, said.read())
