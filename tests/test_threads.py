"""Work side by side: in order, a few items ahead, errors where they belong."""

from collections.abc import Iterator
from itertools import count
from threading import Barrier

import pytest

from screen import threads
from screen.threads import side_by_side


@pytest.fixture
def two(monkeypatch) -> None:
    """Two threads, however many cores there are."""
    monkeypatch.setattr(threads, "MOST", 2)
    monkeypatch.setattr(threads.pl, "thread_pool_size", lambda: 2)


def test_two_items_are_worked_on_at_once_and_come_in_their_order(two):
    both = Barrier(2, timeout=20.0)

    def meet(number: int) -> int:
        both.wait()
        return number

    assert list(side_by_side(meet, range(6))) == list(range(6))


def test_items_are_taken_a_few_ahead(two):
    taken = []

    def endless() -> Iterator[int]:
        for number in count():
            taken.append(number)
            yield number

    results = side_by_side(str, endless())
    assert [next(results) for _ in range(3)] == ["0", "1", "2"]
    assert taken == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("cores", "most", "first"), [(8, {}, 5), (2, {}, 3), (8, {"most": 6}, 7), (8, {"most": 1}, 2)]
)
def test_as_many_items_are_under_way_as_asked_for_or_four_and_no_more_than_cores(
    monkeypatch, cores, most, first
):
    """And one more, which waits."""
    monkeypatch.setattr(threads.pl, "thread_pool_size", lambda: cores)
    taken = []
    results = side_by_side(str, (taken.append(number) or number for number in range(20)), **most)
    assert next(results) == "0" and len(taken) == first
    results.close()


def test_an_error_of_an_item_is_raised_in_its_place(two):
    results = side_by_side(lambda number: 1 / number, (1, 0, 1))
    assert next(results) == 1.0
    with pytest.raises(ZeroDivisionError):
        next(results)
