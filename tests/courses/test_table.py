"""Courses as files have them: what is taken, filled in and refused."""

import numpy as np
import pytest

from screen.courses import read_courses
from screen.courses.table import READING_SD
from screen.errors import TableError

HEADER = "readout,minutes,value,course\n"


def written(tmp_path, text):
    path = tmp_path / "egf.csv"
    path.write_text(text)
    return path


def test_readings_of_a_course_and_readout_share_a_scale(tmp_path):
    rows = [
        f"{name},{minutes},{2**minutes},{course}"
        for course in "AB"
        for name in ("pERK", "pAKT")
        for minutes in (0, 1, 5)
    ]
    found = read_courses(written(tmp_path, HEADER + "\n".join(rows)), ["pERK", "pAKT"])
    assert found.names == ("pERK", "pAKT") and found.minutes.tolist() == [0, 1, 5]
    assert found.signal.tolist() == found.minutes[found.time].tolist() == [0, 1, 5] * 4
    assert len(set(zip(found.scale, found.name, strict=True))) == len(set(found.scale)) == 4
    assert found.sd == pytest.approx(np.full(12, READING_SD * np.log2(10)))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("pERK,0,1,A\npERK,1,2,A", "egf.csv row 2, pERK, A: must have readings at 3 times, found 2"),
        (
            "pERK,0,1,\npERK,1,2,\npERK,2,2,\nEGFR,0,1,",
            "egf.csv row 5: `readout` must be an observable or a species of the network, found EGFR",
        ),
        ("pERK,0,1,A\npERK,1,0,A\npERK,2,1,A", "row 3: `value` must be at least"),
        ("pERK,-1,1,A", "`minutes` must be at least 0"),
        ("pERK,1e300,1,A", "row 2: `minutes` must be at most 1e"),
        (
            "pERK,0,1,A\npERK,1,1.1e9,A\npERK,2,1,A",
            "egf.csv row 3, pERK, A: `value` must be within a factor of 1e9 of the lowest of the course",
        ),
    ],
)
def test_what_cannot_be_compared_is_refused(tmp_path, rows, message):
    with pytest.raises(TableError, match=message.replace("(", r"\(")):
        read_courses(written(tmp_path, HEADER + rows + "\n"), ["pERK"])


def test_a_course_may_span_what_an_assay_sees_and_another_course_has_a_scale_of_its_own(tmp_path):
    rows = "pERK,0,1,A\npERK,1,9e8,A\npERK,2,5,A\npERK,0,1e20,B\npERK,1,2e20,B\npERK,2,3e20,B\n"
    assert len(read_courses(written(tmp_path, HEADER + rows), ["pERK"]).signal) == 6
