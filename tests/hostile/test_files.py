"""Tables as spreadsheets save them are read; what is no file, too large, damaged or cannot be written is one line."""

import csv
import io
import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from screen.calibration import read_petab
from screen.errors import NetworkError, ReportError, ScreenError, SettingsError, TableError
from screen.files import json_text, read_json, read_text, write_text_atomic
from screen.network import sbml_text
from screen.network.compose import list_modules
from screen.scenarios import read_abundances
from screen.settings import load_settings
from screen.tables import DRAWS, Column, Schema, read_provenance, read_table, replace_rows, write_table
from screen.tables.files import write_file
from tests.tables.drugs import DRUGS, WANTED

PLAIN = 'drug\tkd_nM\tused\tnote\nruxolitinib\t3.4\ttrue\tbinds JAK2, "tightly"\nSD-36\t1600\tfalse\t\n'


def saved(delimiter: str, quoting: int = csv.QUOTE_MINIMAL, ending: str = "\n") -> str:
    """The table as the csv module writes it, with TRUE and FALSE as a spreadsheet spells them."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, quoting=quoting, lineterminator=ending)
    writer.writerow(["drug", "kd_nM", "used", "note"])
    writer.writerows([(a, b, str(c).upper(), d or "") for a, b, c, d in WANTED])
    return text.getvalue()


READ = {
    "plain": PLAIN.encode(),
    "a byte order mark": b"\xef\xbb\xbf" + PLAIN.encode(),
    "windows lines": PLAIN.replace("\n", "\r\n").encode(),
    "old mac lines": PLAIN.replace("\n", "\r").encode(),
    "no last line end": PLAIN.rstrip("\n").encode(),
    "blanks at the ends of cells": PLAIN.replace("\t", " \t ").replace("\n", " \n").encode(),
    "no-break spaces at the ends of cells": PLAIN.replace("\t", "\u00a0\t").encode(),
    "empty lines, comments, empty cells behind": (
        "# c\n\n" + PLAIN.replace("\n", "\t\t\n\t\t\t\t\t\n")
    ).encode(),
    "short rows": PLAIN.replace("false\t\n", "false\n").encode(),
    "commas": saved(",").encode(),
    "semicolons": saved(";").encode(),
    "all quoted, tabs": saved("\t", csv.QUOTE_ALL).encode(),
    "all quoted, commas, windows": saved(",", csv.QUOTE_ALL, "\r\n").encode(),
    "a quoted comment": b'"# a comment, quoted",,,\n' + saved(",").encode(),
    "a comment with a quote": b'# 3" of gel\n' + PLAIN.encode(),
    "numbers as spreadsheets spell them": PLAIN.replace("1600", "1.6E+03").encode(),
}


@pytest.mark.parametrize("suffix", [".tsv", ".csv"])
@pytest.mark.parametrize("content", READ.values(), ids=READ)
def test_it_is_read(tmp_path, content, suffix):
    path = tmp_path / f"drugs{suffix}"
    path.write_bytes(content)
    assert read_table(path, DRUGS).rows() == WANTED


def test_a_cell_over_two_lines_is_one_line_and_later_rows_keep_their_numbers(tmp_path):
    path = tmp_path / "drugs.csv"
    path.write_text('drug,kd_nM,used,note\n# c\na,1,TRUE,"first\nsecond"\nb,-1,TRUE,\n')
    with pytest.raises(TableError, match=r"drugs\.csv row 5: `kd_nM` must be positive, found -1"):
        read_table(path, DRUGS)
    path.write_text('drug,kd_nM,used,note\na,1,TRUE,"first\nsecond"\n')
    assert read_table(path, DRUGS)["note"][0] == "first second"


HEAD = "drug\tkd_nM\tused\tnote\n"
REFUSED = {
    "one cell too many": (
        HEAD + "a\t1\ttrue\t\nb\t1\ttrue\tx\ty\n",
        "drugs.tsv row 3: must have 4 cells, found 5",
    ),
    "an open quote": (HEAD + 'a\t1\ttrue\t"open\n', "drugs.tsv row 2: cells must be whole"),
    "text behind a quote": (HEAD + 'a\t1\ttrue\t"x" y\n', "drugs.tsv row 2: cells must be whole"),
    "a column twice": ("drug\tkd_nM\tused\tdrug\n", "drugs.tsv row 1: columns must differ, found drug again"),
    "a column twice above a row": (
        "drug\tkd_nM\tused\tdrug\na\t1\ttrue\tb\n",
        "drugs.tsv row 1: columns must differ, found drug again",
    ),
    "a column without a name above a row": (
        "drug\tkd_nM\t\tused\t\tnote\na\t1\tx\ttrue\ty\tz\n",
        "drugs.tsv row 1: columns must differ, found no name again",
    ),
    "a decimal comma": (HEAD + "a\t3,4\ttrue\t\n", "drugs.tsv row 2: `kd_nM` must be a number, found 3,4"),
    "grouped digits": (HEAD + "a\t1_000\ttrue\t\n", "drugs.tsv row 2: `kd_nM` must be a number, found 1_000"),
    "beyond numbers": (HEAD + "a\t1e400\ttrue\t\n", "drugs.tsv row 2: `kd_nM` must be a finite number"),
    "a word for true": (HEAD + "a\t1\tyes\t\n", "drugs.tsv row 2: `used` must be true or false, found yes"),
    "twice but for blanks": (
        HEAD + "a\t1\ttrue\t\na \t1\ttrue\t\n",
        "drugs.tsv row 3: (drug) must be unique",
    ),
    "a formula": (HEAD + "=1+1\t1\ttrue\t\n", "drugs.tsv row 2: `drug` must be a name"),
    "an escaped formula": (HEAD + "'=1+1\t1\ttrue\t\n", "drugs.tsv row 2: `drug` must be a name"),
    "no UTF-8": (
        b"drug\tkd_nM\tused\nTNF\xb1\t1\ttrue\n",
        "found bytes that are no UTF-8 text in line 2; save it as UTF-8",
    ),
    "UTF-16": (PLAIN.encode("utf-16"), "found bytes that are no UTF-8 text in line 1"),
    "UTF-16 without a mark": (PLAIN.encode("utf-16-le"), "found bytes that are no UTF-8 text in line 1"),
    "a zero byte": (HEAD + "a\t1\ttrue\ta\0b\n", "found bytes that are no UTF-8 text in line 2"),
    "no number": (HEAD + "a\tnan\ttrue\t\n", "drugs.tsv row 2: `kd_nM` must be a finite number, found nan"),
    "less than any number": (HEAD + "a\t-inf\ttrue\t\n", "`kd_nM` must be a finite number, found -inf"),
    "a page in place of a table": (
        "<html>404</html>\n",
        "drugs.tsv: columns `drug`, `kd_nM`, `used` must be there, found only <html>404</html>",
    ),
    "a long cell": (HEAD + "a\t1\ttrue\t" + "x" * 200_000 + "\n", "drugs.tsv row 2: cells must be whole"),
}


@pytest.mark.parametrize(("text", "expected"), REFUSED.values(), ids=REFUSED)
def test_it_is_refused_in_one_line(tmp_path, text, expected):
    path = tmp_path / "drugs.tsv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(TableError) as caught:
        read_table(path, DRUGS)
    (problem,) = caught.value.problems
    assert expected in problem and problem.isprintable() and len(problem) < 5000


def test_a_formula_that_begins_with_a_line_break_is_escaped(tmp_path):
    schema = Schema("notes", (Column("note", pl.String, "text"),), ("note",))
    write_table(pl.DataFrame({"note": ["=\n1+1"]}), tmp_path / "notes.csv", schema)
    assert (tmp_path / "notes.csv").read_text() == 'note\n"\'=\n1+1"\n'


def test_formulas_are_escaped_on_writing_numbers_stay_and_reading_gives_back_what_was(tmp_path):
    schema = Schema(
        "notes", (Column("note", pl.String, "text"), Column("value", pl.Float64, "number")), ("note",)
    )
    notes = [
        '=HYPERLINK("http://x","y")',
        "=cmd|' /C calc'!A0",
        "@SUM(1)",
        "+1",
        "-1",
        "'=1",
        "''",
        "it's = 1",
        "α",
    ]
    frame = pl.DataFrame({"note": notes, "value": [-float(at) - 1 for at in range(len(notes))]})
    for name in ("notes.csv", "notes.tsv"):
        write_table(frame, tmp_path / name, schema)
        assert read_table(tmp_path / name, schema).equals(frame)
    with open(tmp_path / "notes.csv", newline="") as file:
        rows = list(csv.reader(file))[1:]
    assert not any(row[0][0] in "=+-@\t\r" for row in rows)
    assert [row[0] for row in rows[-2:]] == notes[-2:] and rows[0][1] == "-1.0"


def test_a_sign_alone_is_no_formula(tmp_path):
    """`relation` of affinities.tsv is one."""
    schema = Schema("notes", (Column("note", pl.String, "text"),), ("note",))
    frame = pl.DataFrame({"note": ["=", "-", "'="]})
    write_table(frame, tmp_path / "notes.tsv", schema)
    assert (tmp_path / "notes.tsv").read_text() == "note\n=\n-\n'=\n"
    assert read_table(tmp_path / "notes.tsv", schema).equals(frame)


def test_rows_of_one_s_own_are_escaped_as_any_table_and_comments_stay(tmp_path):
    """The commands `cell` and `drug` put their rows into a file that is there."""
    path = tmp_path / "notes.tsv"
    schema = Schema(
        "notes", (Column("owner", pl.String, "whose"), Column("note", pl.String, "text")), ("owner",)
    )
    path.write_text("\ufeff# mine\nowner\tnote\na\told\nb\tkept\n", encoding="utf-8")
    replace_rows(pl.DataFrame({"owner": ["a"], "note": ["=1+1"]}), path, schema, "owner")
    assert path.read_text(encoding="utf-8") == "# mine\nowner\tnote\nb\tkept\na\t'=1+1\n"
    assert read_table(path, schema)["note"].to_list() == ["kept", "=1+1"]


@pytest.mark.parametrize("kind", ["pipe", "device", "link"])
def test_a_table_of_abundances_is_a_regular_file(tmp_path, kind):
    path = tmp_path / "abundances.csv"
    {"pipe": lambda: os.mkfifo(path), "device": lambda: path.symlink_to("/dev/zero"),
     "link": lambda: path.symlink_to(tmp_path)}[kind]()  # fmt: skip
    with pytest.raises(TableError, match=r"abundances\.csv: must be a readable text table, found a "):
        read_abundances(path)


READERS = {
    "table": (lambda path: read_table(path, DRUGS), "x.tsv", TableError),
    "parquet": (lambda path: read_table(path, DRUGS), "x.parquet", TableError),
    "settings": (load_settings, "x.yaml", SettingsError),
    "PEtab": (read_petab, "x.yaml", ScreenError),
    "SBML": (sbml_text, "x.xml", NetworkError),
    "Antimony": (lambda path: list_modules(path.parent), "m01_x.ant", NetworkError),
}


@pytest.mark.parametrize("kind", ["a pipe", "a device", "a folder", "a link to a device"])
@pytest.mark.parametrize(("read", "name", "error"), READERS.values(), ids=READERS)
def test_what_is_no_file_is_refused_and_never_opened(tmp_path, read, name, error, kind):
    path = tmp_path / name
    if kind == "a pipe":
        os.mkfifo(path)
    elif kind == "a folder":
        path.mkdir()
    else:
        path.symlink_to("/dev/zero")
    with pytest.raises(error, match=f"must be a readable .*, found {kind.removeprefix('a link to ')}"):
        read(path)


@pytest.mark.parametrize(("name", "size"), [("x.tsv", 2**28), ("x.yaml", 2**21), ("x.xml", 2**27)])
def test_a_file_beyond_its_budget_is_refused_before_it_is_read(tmp_path, name, size):
    path = tmp_path / name
    path.touch()
    os.truncate(path, size)
    read = next(read for read, known, _ in READERS.values() if known == name)
    with pytest.raises(ScreenError, match=f"must have at most [0-9,]+ bytes as a .*, found {size:,}"):
        read(path)


@pytest.mark.parametrize(
    "text", ["", "{", '{"a": 1', "[1]", "\0\0", "[" * 100_000, '{"a": ' + "1" * 5000 + "}"]
)
def test_a_damaged_json_file_is_one_line_with_its_cure(tmp_path, text):
    path = tmp_path / "summary.json"
    path.write_text(text)
    with pytest.raises(ReportError, match=r"summary\.json: must be a whole JSON file .*; run `x` again"):
        read_json(path, ReportError, "run `x` again")


def test_a_full_disk_keeps_the_old_file_and_leaves_nothing_beside_it(tmp_path):
    schema = Schema("draws", (Column("value", pl.Float64, "number"),), ())
    old = pl.DataFrame({"value": [1.0]})
    new = pl.DataFrame({"value": [float(at) ** 0.5 for at in range(100_000)]})
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    for name in ("draws.parquet", "draws.csv"):
        write_table(old, tmp_path / name, schema)
        resource.setrlimit(
            resource.RLIMIT_FSIZE, (4096, hard)
        )  # a file that can grow no further, as on a full disk
        try:
            with pytest.raises(TableError, match=rf"{name}: must be writable, found .*[a-z]"):
                write_table(new, tmp_path / name, schema)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert read_table(tmp_path / name, schema).equals(old)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["draws.csv", "draws.parquet"]


def test_a_file_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    done = []
    sync, rename = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda handle: (done.append("sync"), sync(handle)))
    monkeypatch.setattr(os, "replace", lambda *paths: (done.append("rename"), rename(*paths)))
    write_text_atomic(tmp_path / "a.txt", "text")
    assert done == ["sync", "rename", "sync"]
    assert Path(tmp_path / "a.txt").read_text() == "text"


SLOW = """
import sys, time
from pathlib import Path
from screen.files import write_atomic

def write(place):
    place.write_text("half")
    print("begun", flush=True)
    time.sleep(60)

write_atomic(Path(sys.argv[1]), write, swept=True)
"""


def test_what_a_killed_process_left_goes_when_its_file_is_written_again_and_not_before(tmp_path, root):
    """A file that another process is still writing stays, and so does what is of another file."""
    path = tmp_path / "shard-0.parquet"
    other = tmp_path / ".shard-1.parquet.abc.part"
    other.touch()
    with subprocess.Popen(
        [sys.executable, "-c", SLOW, path], cwd=root, stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout and writer.stdout.readline() == "begun\n"
        (part,) = set(tmp_path.iterdir()) - {other}
        write_file(path, lambda file: file.write_text("first"))
        assert part.read_text() == "half"
        writer.kill()
    assert part.exists() and path.read_text() == "first"
    write_file(path, lambda file: file.write_text("second"))
    assert path.read_text() == "second"
    assert set(tmp_path.iterdir()) == {path, other}


def test_a_link_in_the_place_of_what_a_killed_process_left_is_not_followed(tmp_path):
    """Nobody's file is locked because a link to it is named like a file that is swept away."""
    path, link = tmp_path / "shard-0.parquet", tmp_path / ".shard-0.parquet.abc.part"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("of another")
    link.symlink_to(elsewhere)
    write_file(path, lambda file: file.write_text("first"))
    assert path.read_text() == "first" and link.is_symlink() and elsewhere.read_text() == "of another"


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_who_may_read_a_file_that_is_written_is_as_the_user_has_it(tmp_path, umask, mode):
    before = os.umask(umask)
    try:
        write_text_atomic(tmp_path / "a.txt", "x")
        assert os.umask(umask) == umask
    finally:
        os.umask(before)
    assert (tmp_path / "a.txt").stat().st_mode & 0o777 == mode


def test_a_file_of_just_its_budget_is_read_and_a_byte_that_is_no_text_is_named_by_its_line(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("12345678")
    assert read_text(path, TableError, most=8) == "12345678"
    with pytest.raises(TableError, match="must have at most 7 bytes as a file, found 8"):
        read_text(path, TableError, most=7)
    for content, line in ((b"\0", 1), (b"\n\0", 2), (b"a\nb\n\xff\n", 3), (b"a\n\0b\n\0", 2)):
        path.write_bytes(content)
        with pytest.raises(TableError, match=rf"no UTF-8 text in line {line}; save it as UTF-8"):
            read_text(path, TableError)


@pytest.mark.parametrize("told", ["{", "[1]", "1", '"x"', "null", "[" * 5000, '{"inputs": 3}'])
def test_a_parquet_table_that_says_nonsense_of_its_origin_is_named(tmp_path, monkeypatch, told):
    monkeypatch.setattr(
        "screen.tables.files._check_seal", lambda path: None
    )  # no process that opens it first
    path, frame = tmp_path / "draws.parquet", pl.DataFrame({"draw": [0], "parameter": ["k"], "value": [1.0]})
    frame.write_parquet(path, metadata={"provenance": told})
    for read in (lambda: read_table(path, DRAWS), lambda: read_provenance(path)):
        with pytest.raises(TableError, match=r"draws.parquet: must say in JSON what it was made from"):
            read()
    frame.write_parquet(path, metadata={"provenance": ""})
    assert read_provenance(path) == {} and read_table(path, DRAWS).equals(frame)


def test_a_number_that_is_none_is_null_in_json_which_knows_no_nan():
    found = {"a": float("nan"), "b": [1.5, np.float64("-inf")], "c": ("x", {"d": np.inf}), "e": True, "f": 3}

    def refuse(word):
        raise AssertionError(word)

    text = json_text(found)
    assert text.endswith("}\n") and len(text.splitlines()) > len(found)
    read = json.loads(text, parse_constant=refuse)
    assert read == {"a": None, "b": [1.5, None], "c": ["x", {"d": None}], "e": True, "f": 3}
