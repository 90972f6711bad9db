"""What failed is a table with reasons; a cell of which nothing is left is an error."""

import polars as pl
import pytest

from screen.errors import RankError
from screen.rank import ENDINGS, FAILURES, count_endings, find_failures, gather_responses
from screen.tables import check_table
from tests.rank.worlds import hill, responses, scenarios

HALF = {"a": 10.0, "b": 100.0}
CELLS = (("liver", "default"), ("skin", "default"))


def gathered(*lost: tuple[str, int, str]):
    """Responses of which the lanes of scenarios that begin so, from a draw on, ended with a status."""
    table = scenarios("ab", [("a", "b", 10.0, 10.0)], CELLS, doses=(10.0,))
    frame = responses(table, hill(HALF))
    for name, draw, status in lost:
        here = pl.col("scenario").str.starts_with(name) & (pl.col("draw") >= draw)
        value = pl.when(here).then(None).otherwise("value")
        frame = frame.with_columns(value=value, status=pl.when(here).then(pl.lit(status)).otherwise("status"))
    return gather_responses(frame, table)


def test_every_scenario_and_reason_is_a_row():
    found = find_failures(
        gathered(
            ("liver|default|a@10+b", 1, "max_steps"),
            ("liver|default|a@10+b", 3, "non_finite"),
            ("skin|default|vehicle", 2, "no_rest_state"),
        )
    )
    check_table(found, FAILURES, "failures")
    assert found.rows() == [
        ("liver", "default", "a+b", 10.0, 10.0, None, "max_steps", 2, 4),
        ("liver", "default", "a+b", 10.0, 10.0, None, "non_finite", 1, 4),
        ("skin", "default", "vehicle", None, None, None, "no_rest_state", 2, 4),
    ]


def test_what_completed_at_the_second_attempt_has_not_failed():
    table = scenarios("a", doses=(10.0,))
    frame = responses(table, hill(HALF)).with_columns(status=pl.lit("retried"))
    assert find_failures(gather_responses(frame, table)).is_empty()


def test_a_cell_without_any_trajectory_is_an_error_with_its_cause():
    gone = gathered(("skin", 0, "no_rest_state"), ("skin|default|a@10", 2, "max_steps"))
    with pytest.raises(RankError) as raised:
        find_failures(gone)
    assert raised.value.problems == (
        "skin|default: at least one trajectory must complete, found none (max_steps 4, no_rest_state 12)",
    )


def test_every_trajectory_of_a_cell_ended_somehow():
    found = count_endings(gathered(("liver|default|a@10", 1, "max_steps"), ("skin", 0, "retried")))
    check_table(found, ENDINGS, "endings")
    assert found.rows() == [
        ("liver", "default", 1.0, "max_steps", 6, 4),
        ("liver", "default", 1.0, "ok", 10, 4),
        ("skin", "default", 1.0, "retried", 16, 4),
    ]


def test_what_ended_otherwise_in_several_ways_did_not_simply_end_well():
    """Of 16 trajectories of a cell 6 failed and one alone took a second attempt."""
    found = count_endings(
        gathered(("liver|default|a@10", 1, "max_steps"), ("liver|default|b@10", 3, "retried"))
    )
    assert found.rows() == [
        ("liver", "default", 1.0, "max_steps", 6, 4),
        ("liver", "default", 1.0, "ok", 9, 4),
        ("liver", "default", 1.0, "retried", 1, 4),
        ("skin", "default", 1.0, "ok", 16, 4),
    ]
