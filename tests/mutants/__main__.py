"""Put faults into the code, one at a time, run the nearest tests, and say which share they notice: `make mutants`.

A sample, drawn by a seed, of each package. Each fault lives in a copy of the project. What is not noticed is listed: a
fault that changes nothing, or a test that is missing.
"""

import argparse
import compileall
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tests.mutants.apart import forked, passed
from tests.mutants.faults import Fault, faults_of
from tests.mutants.reached import First, Reached, nearest, reached, seconds_of

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
                       "tests/network/test_events.py", "tests/network/test_routes.py", "tests/network/test_delays.py",
                       "tests/network/test_drugged.py", "tests/network/test_smaller.py", "tests/network/test_genes.py",
                       "tests/network/test_sbml_document.py", "tests/network/test_sbml_by_hand.py",
                       "tests/kernel/test_events.py",
                       "tests/cli/test_another_network.py"),
    "screen/tables": ("tests/tables", "tests/hostile/test_files.py"),
    "screen/files": tuple(f"tests/hostile/test_{name}.py" for name in ("files", "yaml", "names", "made", "security")),
    "screen/settings": ("tests/test_settings.py", "tests/hostile/test_yaml.py", "tests/cli/test_settings_read.py"),
    "screen/sources": ("tests/sources",),
    "screen/report": ("tests/report/test_report.py", "tests/report/test_answers.py", "tests/report/test_numbers.py",
                      "tests/hostile/test_page.py"),
    "screen/maps": ("tests/maps",),
    "screen/cli": (
        *(
            f"tests/cli/test_{name}.py"
            for name in (
                "main", "machine", "rounds", "told", "constrain", "describe", "drug", "cell", "check_and_doctor",
                "expected", "work", "memory", "experiment", "validate", "identity", "init", "stages",
                "settings_read", "decisive", "another_network", "around_the_fit", "asked", "handed", "simulate",
                "plan", "end_to_end", "mine", "race",
            )
        ),
        "tests/potency/test_command.py", "tests/archive/test_export.py",
    ),
    "screen": (
        "tests/test_style.py", "tests/test_shapes.py", "tests/test_threads.py", "tests/test_processes.py",
        "tests/cli/test_main.py",
    ),
    "workflow/rules": ("tests/workflow/test_reruns.py",),
}  # fmt: skip
"""Package -> the tests that are nearest to it; `screen` is the modules that are in none."""

OF_ALL = ("tests/test_examples.py", "tests/tables/test_limits.py")
"""Tests that are near to every package: the examples of its functions, the limits of its columns."""

DRAWN = ("figures",)
"""Files that draw: a line that is a little thicker is no fault."""

KEPT = ROOT / ".cache" / "mutants"
"""What tests reach, kept from one run to the next."""


class Shares(NamedTuple):
    """A row of the table of shares: of so many faults so many change nothing, and so many others were noticed."""

    package: str
    seed: str
    faults: str
    same: str
    noticed: str


def key(fault: Fault) -> tuple[str, str, str]:
    """File, line and change of a fault, wherever in the file that line stands."""
    text = fault.path.read_text()
    line = text[text.rfind("\n", 0, fault.start) + 1 :].partition("\n")[0].strip()
    change = f"{' '.join(fault.old.split())} -> {' '.join(fault.new.split())}"
    return str(fault.path.relative_to(ROOT)), line, change


def changing_nothing() -> set[tuple[str, ...]]:
    """The faults of the table beside this file, each of which says why it changes no answer."""
    lines = (ROOT / "tests/mutants/same.tsv").read_text().splitlines()[1:]
    return {tuple(line.split("\t")[:3]) for line in lines}


def sample(package: str, count: int, seed: str) -> list[Fault]:
    """Some faults of a package, spread over its files."""
    rng = random.Random(f"{seed} {package}")
    files = sorted(
        path
        for path in (ROOT / package).glob("*" if package == "screen" else "**/*")
        if path.suffix in (".py", ".smk") and path.stem not in DRAWN
    )
    every = [fault for path in files for fault in faults_of(path)]
    return rng.sample(every, min(count, len(every)))


def files_of(tests: Sequence[str]) -> list[str]:
    """The files of tests, of folders too."""
    places = [ROOT / name for name in tests]
    files = [
        path for place in places for path in ([place] if place.is_file() else sorted(place.glob("test_*.py")))
    ]
    return [str(path.relative_to(ROOT)) for path in files]


def noticed(fault: Fault, known: dict[str, Reached], copy: Path) -> bool:
    """Whether the nearest tests fail with the fault in the copy; those that hang do."""
    place = copy / fault.path.relative_to(ROOT)
    files, tests = nearest(fault, ROOT, known)
    place.write_text(fault.text())
    try:
        return not forked(lambda: passed(files, [First(tests)]), copy, 30 + 4 * seconds_of(files, known))
    finally:
        shutil.copy2(fault.path, place)


def copied(folder: Path) -> Path:
    """What the tests need of the project."""
    never = shutil.ignore_patterns("__pycache__", ".*", "site", "shared")

    def unwanted(place: str, names: list[str]) -> set[str]:
        return never(place, names) | ({"results"} if Path(place) == ROOT else set())

    copy = Path(shutil.copytree(ROOT, folder / "project", ignore=unwanted, symlinks=True))
    compileall.compile_dir(copy, quiet=2)
    return copy


def cache_of(copy: Path) -> str:
    """A copy of the cache of kernels: a fault in what writes it spoils nobody's."""

    def named() -> str:
        from screen.kernel import cache_folder

        return str(cache_folder())

    own = copy.parent / "cache"
    if Path(cache := forked(named, copy, 60)).is_dir():
        shutil.copytree(cache, own, symlinks=True, ignore=shutil.ignore_patterns(".*"))
    return str(own)


def say(line: str) -> None:
    """A line of the report, as soon as it is known."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def met_by(tests: Sequence[str], copy: Path) -> dict[str, Reached]:
    """What each file of tests reaches. SystemExit: one that fails without a fault would notice everything."""
    known: dict[str, Reached] = {}
    for test in files_of((*tests, *OF_ALL)):
        met = reached(test, copy, KEPT)
        if met is None:
            raise SystemExit(f"{test}: must pass without a fault, found that it fails")
        known[test] = met
    return known


def tally(package: str, faults: Sequence[Fault], copy: Path) -> Counter[str]:
    """How many faults of a package ended how; each is told as soon as it is known."""
    begun, ends, same = time.monotonic(), Counter[str](), changing_nothing()
    known = met_by(NEAREST[package], copy)
    say(f"{package:20} {len(known)} files of tests, {time.monotonic() - begun:.0f} s")
    for fault in faults:
        since, said = time.monotonic(), fault.said.replace(f"{ROOT}/", "")
        if key(fault) in same:
            end = "same"
        else:
            end = "noticed" if noticed(fault, known, copy) else "not"
        ends[end] += 1
        say(f"  {end:7} {time.monotonic() - since:4.0f} s  {said}")
    return ends


def write_shares(path: Path, rows: Sequence[Shares]) -> None:
    """The table of shares: these rows, and those of other packages and seeds that it has."""
    found = {(row.package, row.seed): row for row in [*read_shares(path), *rows]}
    lines = ["\t".join(Shares._fields), *("\t".join(map(str, row)) for _, row in sorted(found.items()))]
    path.write_text("\n".join(lines) + "\n")


def read_shares(path: Path) -> list[Shares]:
    """The rows of a table of shares; none where there is no such file."""
    lines = path.read_text().splitlines()[1:] if path.is_file() else []
    return [Shares(*line.split("\t")) for line in lines]


def main() -> int:
    """Report the share noticed by package, and every fault that was not."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", default="1", help="another seed, another sample (default: %(default)s)")
    parser.add_argument("--count", type=int, default=4, help="faults of each package (default: %(default)s)")
    parser.add_argument("--package", nargs="+", default=list(NEAREST), choices=NEAREST, help="of these alone")
    parser.add_argument("--write", type=Path, help="a table that gets a row of each package")
    asked = parser.parse_args()
    total = Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        copy = copied(Path(folder))
        os.environ |= {"SCREEN_CACHE": cache_of(copy), "PYTHONDONTWRITEBYTECODE": "1"}
        sys.dont_write_bytecode = True
        for package in asked.package:
            ends = tally(package, sample(package, asked.count, asked.seed), copy)
            total += ends
            say(f"{package:20} {ends['noticed']} of {ends.total() - ends['same']} noticed")
            if asked.write:
                row = Shares(package, asked.seed, str(ends.total()), str(ends["same"]), str(ends["noticed"]))
                write_shares(asked.write, [row])
    say(f"{'all':20} {total['noticed']} of {total.total() - total['same']} noticed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
