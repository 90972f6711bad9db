"""Say what this machine has and lacks for a screen.

Exit code 2 where something that is needed is missing; each line names its cure.
Example: python -m screen doctor
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass

from screen.cli.options import add_shared
from screen.errors import ScreenError
from screen.settings import load_settings

MISSING = 2
GIBIBYTE = 2**30


@dataclass(frozen=True)
class Finding:
    """One thing looked at: `state` is ok, note (works, could be better) or missing."""

    name: str
    state: str
    found: str
    cure: str = ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    add_shared(parser)
    parser.add_argument("--json", action="store_true", help="as JSON, for programs")


def run(arguments: argparse.Namespace) -> int:
    """Print one line a finding."""
    findings = [look(arguments) for look in LOOKS]
    if arguments.json:
        print(json.dumps([asdict(finding) for finding in findings], indent=1))
    else:
        for finding in findings:
            cure = f"; {finding.cure}" if finding.cure else ""
            print(f"{finding.state:<7}  {finding.name:<8}  {finding.found}{cure}")
    return MISSING if any(finding.state == "missing" for finding in findings) else 0


def _python(arguments: argparse.Namespace) -> Finding:
    return Finding("python", "ok", f"{platform.python_version()} at {sys.executable}")


def _compiler(arguments: argparse.Namespace) -> Finding:
    from screen.kernel import find_compiler

    try:
        words = find_compiler(os.environ.get("CC")).words
    except ScreenError as error:
        found = f"{error.problems[0].partition('; ')[0]}: what is not in the cache runs on a slower engine"
        return Finding("compiler", "note", found, "install gcc or set CC")
    done = subprocess.run([*words, "--version"], capture_output=True, text=True, check=False)
    return Finding("compiler", "ok", (done.stdout.splitlines() or [" ".join(words)])[0])


def _cores(arguments: argparse.Namespace) -> Finding:
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Finding("cores", "ok", f"{usable} usable")


def _memory(arguments: argparse.Namespace) -> Finding:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIBIBYTE
    if total < 4:
        return Finding("memory", "note", f"{total:.1f} GiB", "lower simulate.batch in the settings")
    return Finding("memory", "ok", f"{total:.1f} GiB")


def _disk(arguments: argparse.Namespace) -> Finding:
    wanted = folder = arguments.results or load_settings(arguments.config).results
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free / GIBIBYTE
    if not os.access(folder, os.W_OK):
        return Finding(
            "disk", "missing", f"no permission to write in {folder}", "choose another with --results"
        )
    if free < 2:
        return Finding("disk", "note", f"{free:.1f} GiB free", "make room: a full screen needs about 1 GiB")
    return Finding("disk", "ok", f"{free:.1f} GiB free for {wanted}")


def _device(arguments: argparse.Namespace) -> Finding:
    import jax

    from screen.kernel import find_devices

    try:
        devices = find_devices()
    except ScreenError as error:
        found, _, cure = error.problems[0].partition("; ")
        return Finding("device", "missing", found, cure)
    return Finding(
        "device", "ok", f"JAX {jax.__version__} on {devices[0].device_kind} ({devices[0].platform})"
    )


def _cache(arguments: argparse.Namespace) -> Finding:
    from screen.kernel import cache_folder

    folder = cache_folder()
    above = folder
    while not above.exists():
        above = above.parent
    if not os.access(above, os.W_OK):
        found = f"no permission to write in {folder}, each process compiles anew"
        return Finding("cache", "note", found, "set SCREEN_CACHE to a folder of yours")
    return Finding("cache", "ok", str(folder))


def _engine(arguments: argparse.Namespace) -> Finding:
    from screen.kernel import choose_engine

    wanted = ""
    try:
        wanted = load_settings(arguments.config).simulate.engine
        name, reason = choose_engine(wanted)
    except ScreenError as error:
        cure = "make env-gpu" if wanted == "auto" else "set simulate.engine to auto"
        return Finding("engine", "missing", error.problems[0], cure)
    return Finding("engine", "ok", f"{name}: {reason}")


LOOKS: tuple[Callable[[argparse.Namespace], Finding], ...] = (
    _python,
    _compiler,
    _cores,
    _memory,
    _disk,
    _device,
    _cache,
    _engine,
)
"""What is looked at, in order."""
