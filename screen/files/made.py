"""What a stage wrote and what it wrote it from: a list of digests beside it, as `sha256sum` writes and checks it.

`python -m screen.files.made LIST ORIGIN SOURCE ... --wrote FILE ...` writes the list. By it the workflow knows,
whatever Snakemake remembers, what was damaged, removed or put there from another run, and what follows from other
settings, code or tables: its maker runs again. `cd results && sha256sum -c made/*.sha256` says the same of the files.
"""

import hashlib
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from screen.errors import FileError, ScreenError, printable
from screen.files.reading import check_regular, read_text
from screen.files.writing import reason, write_text_atomic

WROTE = "--wrote"


def record_made(record: Path, files: Iterable[Path], origin: str, sources: Iterable[Path] = ()) -> None:
    """List files with their digests, and what they were made from. FileError: one is not there, or no file."""
    lines = [*_origin(origin, sources), *(_line(record, file) for file in files)]
    write_text_atomic(record, "".join(f"{line}\n" for line in lines))


def file_digest(file: Path) -> str:
    """SHA-256 of what a file holds. FileError: it is not there, or no file.

    >>> from tempfile import mkdtemp
    >>> file = Path(mkdtemp()) / "empty"
    >>> file.touch()
    >>> file_digest(file)[:8]
    'e3b0c442'
    """
    check_regular(file, FileError)
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def made_problem(
    record: Path, origin: str, sources: Iterable[Path] = (), digest: Callable[[Path], str] = file_digest
) -> str | None:
    """Why what a list names is not what its stage would write, in a sentence; None where every file is.

    `origin` stands for code and settings, `sources` are the files that it follows from and no stage writes; `digest`
    may remember theirs, where many lists name the same.

    >>> from tempfile import mkdtemp
    >>> folder = Path(mkdtemp())
    >>> record, file = folder / "made" / "race.sha256", folder / "race.csv"
    >>> _ = file.write_text("a\\n")
    >>> record_made(record, [file], "seed 1")
    >>> made_problem(record, "seed 1")
    >>> made_problem(record, "seed 2").removeprefix(str(folder))
    '/made/race.sha256: must be of this code, these settings and tables, found others; the stage runs again'
    >>> _ = file.write_text("b\\n")
    >>> made_problem(record, "seed 1").removeprefix(str(folder))
    '/race.csv: must be what its stage wrote, found another file; the stage runs again'
    """
    try:
        noted = read_text(record, FileError, "list of what a stage wrote").splitlines()
        wrote = [line for line in noted if not line.startswith("#")]
        if [line for line in noted if line.startswith("#")] != _origin(origin, sources, digest):
            return f"{record}: must be of this code, these settings and tables, found others; the stage runs again"
        for line in wrote:
            file = record.parent.parent / line.partition("  ")[2]
            if line != _line(record, file):
                return f"{file}: must be what its stage wrote, found another file; the stage runs again"
    except FileError as error:
        return f"{error}; the stage runs again"
    except OSError as error:
        return f"{error.filename}: must be readable, found {reason(error)}; the stage runs again"
    return None if wrote else f"{record}: must list what a stage wrote, found nothing; the stage runs again"


def _origin(origin: str, sources: Iterable[Path], digest: Callable[[Path], str] = file_digest) -> list[str]:
    """Lines that `sha256sum` takes for remarks."""
    return [f"# {origin}", *sorted({f"# {digest(source)}  {source}" for source in sources})]


def _line(record: Path, file: Path) -> str:
    """Digest and name of a file, seen from the folder that has the folder of the list: it may be moved."""
    return f"{file_digest(file)}  {os.path.relpath(file, record.parent.parent)}"


if __name__ == "__main__":
    if WROTE not in sys.argv[3:]:
        sys.exit(f"usage: python -m screen.files.made LIST ORIGIN SOURCE ... {WROTE} FILE ...")
    at = sys.argv.index(WROTE, 3)
    (name, given, *read), wrote = sys.argv[1:at], map(Path, sys.argv[at + 1 :])
    try:
        record_made(Path(name), [file for file in wrote if file != Path(name)], given, map(Path, read))
    except (OSError, ScreenError) as error:
        sys.stderr.write(f"screen: {printable(str(error))}\n")
        sys.exit(2)
