"""Put faults into the code, one at a time, run the nearest tests, and say which share they notice: `make mutants`.

A sample, drawn by a seed, of each package. Each fault lives in a copy of the project. What is not noticed is listed: a
fault that changes nothing, or a test that is missing.
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from tests.mutants.faults import Fault, faults_of

ROOT = Path(__file__).resolve().parents[2]

NEAREST = {
    "screen/rank": ("tests/rank",),
    "screen/panel": ("tests/panel",),
    "screen/courses": ("tests/courses",),
    "screen/archive": ("tests/archive",),
    "screen/constrain": ("tests/constrain",),
    "screen/simulate": ("tests/simulate/test_parts.py", "tests/simulate/test_readouts.py",
                        "tests/simulate/test_shard.py"),
    "screen/experiments": ("tests/experiments", "tests/panel"),
    "screen/scenarios": ("tests/scenarios", "tests/hostile/test_reach.py"),
    "screen/potency": ("tests/potency",),
    "screen/judge": ("tests/judge",),
    "screen/fit": ("tests/fit",),
    "screen/calibration": ("tests/calibration", "tests/fit/test_objective.py", "tests/fit/test_hierarchical.py"),
    "screen/kernel": ("tests/kernel", "tests/engines"),
    "screen/network": ("tests/network/test_sbml.py", "tests/network/test_algebra.py", "tests/network/test_compose.py",
                       "tests/network/test_events.py", "tests/network/test_routes.py",
                       "tests/cli/test_another_network.py"),
    "screen/tables": ("tests/tables", "tests/hostile/test_files.py"),
    "screen/files": ("tests/hostile/test_files.py", "tests/hostile/test_yaml.py", "tests/hostile/test_names.py"),
    "screen/settings": ("tests/test_settings.py", "tests/hostile/test_yaml.py", "tests/cli/test_settings_read.py"),
    "screen/sources": ("tests/sources",),
    "screen/report": ("tests/report/test_report.py", "tests/report/test_answers.py", "tests/hostile/test_page.py"),
    "screen/maps": ("tests/maps",),
    "screen/cli": ("tests/cli",),
    "workflow/rules": ("tests/workflow/test_reruns.py",),
}  # fmt: skip
"""Package -> the tests that are nearest to it."""

DRAWN = ("figures",)
"""Files that draw: a line that is a little thicker is no fault."""

LONGEST = 300
"""Seconds that the tests of one fault may take; what hangs them is noticed."""


def sample(package: str, count: int, seed: str) -> list[Fault]:
    """Some faults of a package, spread over its files."""
    rng = random.Random(f"{seed} {package}")
    files = sorted(
        path
        for path in (ROOT / package).rglob("*")
        if path.suffix in (".py", ".smk") and path.stem not in DRAWN
    )
    every = [fault for path in files for fault in faults_of(path)]
    return rng.sample(every, min(count, len(every)))


def ordered(tests: tuple[str, ...], fault: Fault) -> list[str]:
    """The files of tests, those first that name the module of the fault."""
    found = [ROOT / name for name in tests]
    files = [
        path for place in found for path in ([place] if place.is_file() else sorted(place.glob("test_*.py")))
    ]
    nearest = sorted(files, key=lambda path: fault.path.stem not in path.stem + path.read_text())
    return [str(path.relative_to(ROOT)) for path in nearest]


def passed(tests: Iterable[str], copy: Path) -> bool:
    """Whether tests pass in the copy as it stands; those that hang do not."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "-p", "no:cacheprovider", *tests]
    try:
        done = subprocess.run(
            command, cwd=copy, env={**os.environ, "PYTHONPATH": str(copy)}, timeout=LONGEST,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def noticed(fault: Fault, tests: tuple[str, ...], copy: Path) -> bool:
    """Whether the nearest tests fail with the fault in the copy."""
    place = copy / fault.path.relative_to(ROOT)
    place.write_text(fault.text())
    try:
        return not passed(ordered(tests, fault), copy)
    finally:
        shutil.copyfile(fault.path, place)


def copied(folder: Path) -> Path:
    """What the tests need of the project."""
    unwanted = shutil.ignore_patterns("__pycache__", "results", ".*")
    return Path(shutil.copytree(ROOT, folder / "project", ignore=unwanted, symlinks=True))


def say(line: str) -> None:
    """A line of the report, as soon as it is known."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> int:
    """Report the share noticed by package, and every fault that was not."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", default="1", help="another seed, another sample (default: %(default)s)")
    parser.add_argument("--count", type=int, default=4, help="faults of each package (default: %(default)s)")
    parser.add_argument("--package", nargs="+", default=list(NEAREST), choices=NEAREST, help="of these alone")
    asked = parser.parse_args()
    total = [0, 0]
    with tempfile.TemporaryDirectory() as folder:
        copy = copied(Path(folder))
        for package in asked.package:
            if not passed(NEAREST[package], copy):
                say(f"{package:20} its tests must pass without a fault, found that they fail")
                return 1
            begun, found, seen = time.monotonic(), sample(package, asked.count, asked.seed), 0
            for fault in found:
                since, caught = time.monotonic(), noticed(fault, NEAREST[package], copy)
                seen += caught
                took = f"{time.monotonic() - since:4.0f} s"
                say(f"  {'noticed' if caught else 'not':7} {took}  {fault.said.replace(f'{ROOT}/', '')}")
            total = [total[0] + seen, total[1] + len(found)]
            say(f"{package:20} {seen} of {len(found)} noticed, {time.monotonic() - begun:.0f} s")
    say(f"{'all':20} {total[0]} of {total[1]} noticed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
