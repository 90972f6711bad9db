"""Whether what a stage wrote is still what it wrote: lists of digests that `sha256sum` checks as well."""

import os
import shutil
import subprocess
import sys

import pytest

from screen.files.made import made_problem, record_made


def flip(file):
    file.write_bytes(b"\x01\xfe")


def swap(file):
    other = file.parent.parent / "race.csv"
    file.write_bytes(other.read_bytes())


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


HARMS = [swap, flip, remove, in_its_way, lost, circle, pipe, endless]


@pytest.fixture
def written(tmp_path):
    """(list, files) as a stage leaves them behind: two files of two folders."""
    files = [tmp_path / "fit/draws.parquet", tmp_path / "race.csv"]
    for number, file in enumerate(files):
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(bytes([number, 255]))
    record = tmp_path / "made/fit.sha256"
    record_made(record, files)
    return record, files


def test_what_nobody_touched_is_what_was_made(written):
    assert made_problem(*written) is None
    assert made_problem(written[0], []) is None


@pytest.mark.parametrize("harm", HARMS)
def test_what_is_not_as_it_was_made_is_named(written, harm):
    record, files = written
    harm(files[0])
    problem = made_problem(record, files)
    assert problem.startswith(f"{files[0]}: must be ") and problem.endswith("; the stage runs again")
    assert made_problem(record, files[1:]) is None


@pytest.mark.parametrize("harm", HARMS[1:])
def test_a_list_that_is_none_is_named(written, harm):
    record, files = written
    harm(record)
    problem = made_problem(record, files)
    assert problem.startswith(f"{record}: must be a readable list of what a stage wrote, found ")
    assert problem.endswith("; the stage runs again")


def test_a_folder_that_is_moved_is_still_what_was_made(written, tmp_path):
    record, files = written
    moved = tmp_path / "moved"
    for path in (record, *files):
        place = moved / path.relative_to(tmp_path)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, place)
    assert made_problem(moved / "made/fit.sha256", [moved / "fit/draws.parquet", moved / "race.csv"]) is None
    done = subprocess.run(["sha256sum", "-c", "made/fit.sha256"], cwd=moved, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "fit/draws.parquet: OK\nrace.csv: OK\n")


def test_a_file_that_no_list_names_is_named(written, tmp_path):
    record, files = written
    (tmp_path / "other.csv").write_text("")
    assert "other.csv: must be what its stage wrote" in made_problem(record, [*files, tmp_path / "other.csv"])


def test_a_list_with_a_line_damaged_is_no_list_of_that_file(written):
    record, files = written
    record.write_text(record.read_text().replace("  fit/", "  fat/"))
    assert made_problem(record, files).startswith(f"{files[0]}: must be what its stage wrote")
    assert made_problem(record, files[1:]) is None


def test_the_command_lists_all_but_its_list(root, written):
    record, files = written
    asked = [sys.executable, "-m", "screen.files.made"]
    before = record.read_bytes()
    record.unlink()
    named = list(map(str, (record, *files)))
    subprocess.run([*asked, str(record), *named], cwd=root, check=True)
    assert record.read_bytes() == before
    files[0].unlink()
    done = subprocess.run([*asked, str(record), *named], cwd=root, capture_output=True, text=True)
    assert done.returncode == 2 and done.stderr.startswith("screen: ") and done.stderr.count("\n") == 1
    done = subprocess.run(asked, cwd=root, capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr.startswith("usage: ")
