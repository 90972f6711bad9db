"""What a GPU is told of the rows that a text reads next."""

from screen.kernel.native.ahead import WINDOW, Ahead


def test_the_window_of_a_row_and_the_next_are_told_once_and_none_beyond_the_end():
    ahead = Ahead("M", 3 * WINDOW - 5)
    told = [f"AHEAD(M, {first}, {WINDOW});" for first in (0, WINDOW, 2 * WINDOW)]
    assert list(ahead.of([0, 1])) == told[:2]
    assert list(ahead.of([WINDOW - 1])) == []
    assert list(ahead.of([WINDOW])) == told[2:]
    assert list(ahead.of([2 * WINDOW, 3 * WINDOW - 6])) == []


def test_an_array_without_rows_is_not_told_of():
    assert list(Ahead("c", 0).of([])) == []
