"""Whether what a stage wrote is still what it wrote: lists of digests that `sha256sum` checks as well."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from screen.files.made import made_problem, record_made


def flip(file):
    file.write_bytes(b"\x01\xfe")


def swap(file):
    file.write_bytes(file.read_bytes()[::-1] + b"of another run")


def remove(file):
    file.unlink()


def in_its_way(file):
    file.unlink()
    file.mkdir()


def lost(file):
    file.unlink()
    file.symlink_to("nosuch")


def circle(file):
    file.unlink()
    file.symlink_to(file.name)


def pipe(file):
    file.unlink()
    os.mkfifo(file)


def endless(file):
    file.unlink()
    file.symlink_to("/dev/zero")


ORIGIN = "settings-code"
HARMS = [swap, flip, remove, in_its_way, lost, circle, pipe, endless]


@pytest.fixture
def written(tmp_path):
    """(list, files, table) as a stage leaves them behind: two files of two folders."""
    files = [tmp_path / "fit/draws.parquet", tmp_path / "race.csv"]
    for number, file in enumerate(files):
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(bytes([number, 255]))
    record = tmp_path / "made/fit.sha256"
    source = tmp_path / "drugs.tsv"
    source.write_text("drug")
    record_made(record, files, ORIGIN, [source])
    return record, files, source


def problem_of(written, origin=ORIGIN):
    record, _, source = written
    return made_problem(record, origin, [source])


def test_what_nobody_touched_is_what_was_made(written):
    assert problem_of(written) is None


@pytest.mark.parametrize("harm", HARMS)
@pytest.mark.parametrize("which", [0, 1])
def test_what_is_not_as_it_was_made_is_named(written, harm, which):
    file = written[1][which]
    harm(file)
    problem = problem_of(written)
    assert problem.startswith(f"{file}: must be ") and problem.endswith("; the stage runs again")


@pytest.mark.parametrize("harm", HARMS[1:])
def test_a_list_that_is_none_is_named(written, harm):
    harm(written[0])
    problem = problem_of(written)
    assert problem.startswith(f"{written[0]}: must be a readable list of what a stage wrote, found ")
    assert problem.endswith("; the stage runs again")


@pytest.mark.parametrize("harm", HARMS)
def test_other_tables_are_other_origins(written, harm):
    harm(written[2])
    assert problem_of(written).endswith("; the stage runs again")


def test_other_settings_and_a_table_more_or_less_are_other_origins(written, tmp_path):
    record, _, source = written
    other = tmp_path / "other.tsv"
    other.write_bytes(source.read_bytes())
    found = [
        problem_of(written, "seed 2"), made_problem(record, ORIGIN), made_problem(record, ORIGIN, [source, other]),
        made_problem(record, ORIGIN, [other]),
    ]  # fmt: skip
    others = "must be of this code, these settings and tables, found others; the stage runs again"
    assert found == [f"{record}: {others}"] * 4
    assert made_problem(record, ORIGIN, [source, source]) is None


def test_the_order_of_tables_is_none(written, tmp_path):
    record, files, source = written
    other = tmp_path / "a.tsv"
    other.write_text("a")
    record_made(record, files, ORIGIN, [source, other])
    assert made_problem(record, ORIGIN, [other, source]) is None


def test_a_folder_that_is_moved_is_still_what_was_made(written, tmp_path):
    record, files, source = written
    moved = tmp_path / "moved"
    for path in (record, *files):
        place = moved / path.relative_to(tmp_path)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, place)
    assert made_problem(moved / "made/fit.sha256", ORIGIN, [source]) is None
    (moved / "race.csv").unlink()
    assert made_problem(moved / "made/fit.sha256", ORIGIN, [source]).startswith(f"{moved}/race.csv: must be")
    done = subprocess.run(
        ["sha256sum", "-c", "made/fit.sha256"], cwd=tmp_path, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, "fit/draws.parquet: OK\nrace.csv: OK\n")


def test_a_list_of_nothing_is_named(written):
    record_made(written[0], [], ORIGIN, [written[2]])
    assert (
        problem_of(written)
        == f"{written[0]}: must list what a stage wrote, found nothing; the stage runs again"
    )


def test_what_may_not_be_read_is_named(written, monkeypatch):
    def refuse(file, mode):
        raise PermissionError(13, "Permission denied", str(file))

    monkeypatch.setattr(Path, "open", refuse)
    assert problem_of(written).endswith("must be readable, found Permission denied; the stage runs again")


def test_the_command_lists_all_but_its_list(root, written):
    record, files, source = written
    asked = [sys.executable, "-m", "screen.files.made"]
    before = record.read_bytes()
    record.unlink()
    named = [*map(str, (record, ORIGIN, source)), "--wrote", *map(str, (record, *files))]
    subprocess.run([*asked, *named], cwd=root, check=True)
    assert record.read_bytes() == before
    files[0].unlink()
    done = subprocess.run([*asked, *named], cwd=root, capture_output=True, text=True)
    assert done.returncode == 2 and done.stderr.startswith("screen: ") and done.stderr.count("\n") == 1
    for few in ([], [str(record), ORIGIN, str(files[1])], [str(record), "--wrote", str(files[1])]):
        done = subprocess.run([*asked, *few], cwd=root, capture_output=True, text=True)
        assert done.returncode == 1 and done.stderr.startswith("usage: ")
