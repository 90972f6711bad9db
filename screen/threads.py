"""Work on several cores of this process, its results in the order of what was asked."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Generic, TypeVar

import polars as pl

Item = TypeVar("Item")
Result = TypeVar("Result")

MOST = 4
"""Items at a time: what NumPy and polars do is done side by side, what lies between is not."""


def side_by_side(work: Callable[[Item], Result], items: Iterable[Item], most: int = MOST) -> Iterator[Result]:
    """`work` of each item, in their order, at most so many at a time; items are taken as they are needed, one ahead.

    >>> list(side_by_side(lambda number: number**2, range(4)))
    [0, 1, 4, 9]
    """
    width = min(most, pl.thread_pool_size())
    due: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(width) as pool:
        for item in items:
            due.append(pool.submit(work, item))
            if len(due) > width:
                yield due.popleft().result()
        while due:
            yield due.popleft().result()


class cached_property(Generic[Result]):  # noqa: N801 - the name of what it stands for
    """An attribute that is computed when it is first asked for, of several objects at once.

    That of functools holds a lock before Python 3.12, one for all objects of a class.

    >>> class Drug:
    ...     @cached_property
    ...     def name(self):
    ...         return "ruxolitinib"
    >>> Drug().name
    'ruxolitinib'
    """

    def __init__(self, compute: Callable[[Any], Result]) -> None:
        self.compute, self.__doc__ = compute, compute.__doc__

    def __get__(self, instance: object, owner: type) -> Result:
        found = instance.__dict__[self.compute.__name__] = self.compute(instance)
        return found
