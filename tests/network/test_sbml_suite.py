"""The runner of the SBML Test Suite tells right from wrong and from refused, on a case that is made up here."""

import math
from pathlib import Path

import antimony
import pytest

from benchmarks.sbml_suite import RESULTS, Found, count_by_tag, main, run_case

DECAY = "model decay()\n compartment c = 2; species A in c; A = 3; A => ; c*0.1*A*{speed};\nend\n"
SETTINGS = "variables: A\nabsolute: 1e-7\nrelative: 1e-5\namount: A\nconcentration:\n"


@pytest.fixture
def make(tmp_path: Path):
    """make(speed): the folder of a case whose amount of A falls as exp(-0.1 t) from 6."""

    def case(speed: str = "1") -> Path:
        folder = tmp_path / "00007"
        folder.mkdir()
        antimony.clearPreviousLoads()
        assert antimony.loadAntimonyString(DECAY.format(speed=speed)) >= 0
        rows = "".join(f"{time},{6 * math.exp(-0.1 * time)}\n" for time in (0, 5, 10))
        for end, text in {
            "sbml-l3v1.xml": antimony.getSBMLString("decay"),
            "settings.txt": SETTINGS,
            "results.csv": f"time,A\n{rows}",
            "model.m": "componentTags: Reaction, Species\ntestTags: Amount\n",
        }.items():
            (folder / f"00007-{end}").write_text(text)
        return folder

    return case


@pytest.mark.parametrize(
    ("speed", "outcome", "what"),
    [
        ("1", "passed", ""),
        ("1.001", "wrong", "A is 3.637"),
        (
            "delay(A, 1)",
            "refused",
            "only what is a function of time alone can be delayed, found a delay of A",
        ),
    ],
)
def test_a_case_ends_as_it_should(make, tmp_path, speed, outcome, what):
    found = run_case(make(speed), tmp_path)
    assert found[:2] == ("00007", outcome)
    assert what in found.what
    assert list(found.tags) == ["Amount", "Reaction", "Species"]


def test_the_table_counts_every_case_with_a_tag():
    found = [
        Found("00001", "passed", "", ("A", "B")),
        Found("00002", "refused", "no", ("B",)),
        Found("00003", "hang", "", ("B", "comp:Port")),
    ]
    assert count_by_tag(found) == [
        ("all cases", 3, 1, 1, 0, 0, 1),
        ("core cases", 2, 1, 1, 0, 0, 0),
        ("A", 1, 1, 0, 0, 0, 0),
        ("B", 3, 1, 1, 0, 0, 1),
        ("comp:Port", 1, 0, 0, 0, 0, 1),
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "must hold cases (00001, 00002, ...) of 0-99999, found none in "),
        (("--cases", "5-9"), "of 5-9, found none"),
        (("--cases", "abc"), "--cases must be a number or FIRST-LAST, found abc"),
        (("--every", "0"), "--every must be at least 1, found 0"),
    ],
)
def test_where_there_is_no_case_the_tables_stay(tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.setenv("SBML_TEST_SUITE", str(tmp_path))
    kept = {path: path.read_bytes() for path in RESULTS.glob("sbml_suite*.csv")}
    try:
        code = main(arguments)
    except SystemExit as stopped:
        code = stopped.code
    said = capsys.readouterr()
    assert code == 2 and message in said.out + said.err
    assert len(kept) == 2 and all(path.read_bytes() == text for path, text in kept.items())


def test_without_the_suite_it_says_where_the_cases_must_be(monkeypatch, capsys):
    monkeypatch.delenv("SBML_TEST_SUITE", raising=False)
    assert main([]) == 2
    assert capsys.readouterr().out == (
        "test-sbml: $SBML_TEST_SUITE must be the folder of the cases, found it not set\n"
    )
