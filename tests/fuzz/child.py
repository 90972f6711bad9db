"""A process that spoils files and reads them, again and again: `python -m tests.fuzz.child FOLDER SEED FIRST`.

The good files must be read first. Each case is announced on standard output before it begins, and its end after it:
a watcher ends what hangs.
"""

import json
import random
import resource
import sys
import traceback
import warnings
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from screen.errors import ScreenError
from screen.kernel import configure
from tests.fuzz.mutations import spoil
from tests.fuzz.readers import READERS

MOST_MEMORY = 2 * 2**30
"""Bytes of address space that a case may take beside what the process has before it."""


def cases(folder: Path, seed: str, first: int) -> Iterator[dict[str, object]]:
    """What each case is, and how it ended: `None` where the input was read, or refused in lines."""
    for name, reader in READERS.items():
        (folder / name).mkdir(exist_ok=True)
        reader.write(folder / name)
        reader.read(folder / name)
    good = {name: sorted((folder / name).glob(reader.files)) for name, reader in READERS.items()}
    contents = {path: path.read_bytes() for paths in good.values() for path in paths}
    for number in count(first):
        rng = random.Random(f"{seed} {number}")
        name = list(READERS)[number % len(READERS)]
        path = rng.choice(good[name])
        yield {"number": number, "reader": name, "file": path.name}
        path.write_bytes(spoil(rng, contents[path], path.name))
        try:
            yield {"number": number, "ended": _ending(name, path)}
        finally:
            path.write_bytes(contents[path])


def _ending(name: str, path: Path) -> str | None:
    """Nothing, or what should not have happened."""
    _limit_memory()
    try:
        READERS[name].read(path.parent)
    except ScreenError as error:
        loose = [problem for problem in error.problems if not (problem and problem.isprintable())]
        return f"refused without a word in one line: {loose}" if loose or not error.problems else None
    except BaseException:
        return "".join(traceback.format_exc().splitlines(keepends=True)[-6:])
    return None


def _limit_memory() -> None:
    now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + MOST_MEMORY, resource.RLIM_INFINITY))


if __name__ == "__main__":
    configure()  # as every command does: a number of 64 bits is none of 32
    warnings.simplefilter("error", RuntimeWarning)
    folder, seed, first = sys.argv[1:]
    for line in cases(Path(folder), seed, int(first)):
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()
