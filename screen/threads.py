"""Work on several cores of this process, its results in the order of what was asked."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import polars as pl

Item = TypeVar("Item")
Result = TypeVar("Result")

MOST = 4
"""Items at a time: what NumPy and polars do is done side by side, what lies between is not."""


def side_by_side(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """`work` of each item, in their order; items are taken as they are needed, a few ahead.

    >>> list(side_by_side(lambda number: number**2, range(4)))
    [0, 1, 4, 9]
    """
    width = min(MOST, pl.thread_pool_size())
    due: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(width) as pool:
        for item in items:
            due.append(pool.submit(work, item))
            if len(due) > width:
                yield due.popleft().result()
        while due:
            yield due.popleft().result()
