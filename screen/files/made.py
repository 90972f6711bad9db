"""Whether what a stage wrote is still what it wrote: a list of digests beside it, as `sha256sum` writes and checks it.

`python -m screen.files.made LIST FILE ...` writes the list, by which the workflow knows a file that was damaged since,
or put there from another run: its maker runs again. `cd results && sha256sum -c made/*.sha256` says the same.
"""

import hashlib
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from screen.errors import FileError, ScreenError, printable
from screen.files.reading import check_regular, read_text
from screen.files.writing import write_text_atomic


def record_made(record: Path, files: Iterable[Path]) -> None:
    """List files with their digests. FileError: one is not there, or no file."""
    write_text_atomic(record, "".join(f"{_line(record, file)}\n" for file in files))


def made_problem(record: Path, files: Iterable[Path]) -> str | None:
    """What is no longer as it was made, in a sentence; None where every file is.

    >>> from tempfile import mkdtemp
    >>> folder = Path(mkdtemp())
    >>> record, file = folder / "made" / "race.sha256", folder / "race.csv"
    >>> _ = file.write_text("a\\n")
    >>> record_made(record, [file])
    >>> made_problem(record, [file])
    >>> _ = file.write_text("b\\n")
    >>> made_problem(record, [file]).removeprefix(str(folder))
    '/race.csv: must be what its stage wrote, found another file; the stage runs again'
    """
    try:
        noted = read_text(record, FileError, "list of what a stage wrote").splitlines()
        for file in files:
            if _line(record, file) not in noted:
                return f"{file}: must be what its stage wrote, found another file; the stage runs again"
    except FileError as error:
        return f"{error}; the stage runs again"
    return None


def _line(record: Path, file: Path) -> str:
    """Digest and name of a file, seen from the folder that has the folder of the list: it may be moved."""
    check_regular(file, FileError)
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    return f"{digest}  {os.path.relpath(file, record.parent.parent)}"


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit("usage: python -m screen.files.made LIST FILE ...")
    named, *others = map(Path, sys.argv[1:])
    try:
        record_made(named, [each for each in others if each != named])
    except (OSError, ScreenError) as error:
        sys.stderr.write(f"screen: {printable(str(error))}\n")
        sys.exit(2)
