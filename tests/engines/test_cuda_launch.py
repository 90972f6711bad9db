"""How many warps of the cuda engine begin, with which memory, and in which order rows walk back: by hand, no driver."""

from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
import pytest

from screen.errors import KernelError
from screen.kernel.engines import cuda
from screen.kernel.engines.cuda import Call, Job, Kernel, _launch, _sorted

KERNEL = Kernel(module=1, function=2, resident=3, processors=4, memory=1000, row=8)
"""A GPU with four multiprocessors that hold three warps each; 1000 bytes a warp, 8 a row of a tape."""


class Driver:
    """One that remembers what it is asked for; a kernel says whether its tapes were too short."""

    def __init__(self, free: int, short: bool = False):
        self.free, self.short = free, short
        self.sizes, self.cleared, self.launched = [], [], []

    def free_memory(self) -> int:
        return self.free

    @contextmanager
    def memory(self, stream, *sizes):
        self.sizes.append(sizes)
        yield [100, 200, 300]

    def clear(self, stream, address, size):
        self.cleared.append((stream, address, size))

    def launch(self, stream, function, warps, launch):
        self.launched.append((stream, function, warps, launch))

    def to_host(self, stream, array, address):
        assert address == 316
        array[0] = self.short


def launched(items, free, lengths=None, short=False):
    """Warps, the sizes of memory and the launch of a call."""
    driver = Driver(free, short)
    _launch(Call(driver, 7, KERNEL, SimpleNamespace()), Job(), items, lengths)
    ((stream, function, warps, launch),) = driver.launched
    assert (stream, function) == (7, 2) and driver.cleared == [(7, 300, 24)]
    assert (launch.memory, launch.tapes, launch.given, launch.incomplete) == (100, 200, 308, 316)
    assert launch.job.next == 300
    (sizes,) = driver.sizes
    assert sizes == (1000 * warps, 8 * launch.room, 24)
    return warps, launch.room


@pytest.mark.parametrize(
    ("items", "free", "warps"),
    [
        (1, 10**9, 1), (32, 10**9, 1), (33, 10**9, 2), (100, 10**9, 4), (384, 10**9, 12), (10_000, 10**9, 12),
        (10_000, 8000, 4), (10_000, 7999, 3), (10_000, 100, 1),
    ],
)  # fmt: skip
def test_as_many_warps_begin_as_there_is_work_room_and_half_of_the_free_memory_for(items, free, warps):
    assert launched(items, free) == (warps, 0)


def test_nothing_to_do_launches_nothing():
    driver = Driver(10**9)
    _launch(Call(driver, 7, KERNEL, SimpleNamespace()), Job(), 0)
    assert not driver.launched and not driver.sizes


@pytest.mark.parametrize(
    ("free", "longest", "room"),
    [
        (10**9, 200, sum(range(200, 100, -1))),  # all tapes at once
        (3000, 160, 160),  # one warp; half of the 2000 bytes left are 125 rows, and the longest tape must fit
        (3000, 120, 125),
        (5000, 120, 187),  # two warps, half of 3000 bytes
    ],
)
def test_tapes_take_what_those_that_begin_need_or_half_of_what_is_left(free, longest, room):
    lengths = np.arange(longest, longest - 100, -1)
    assert launched(100, free, lengths)[1] == room


def test_tapes_are_those_of_the_warps_that_begin():
    lengths = np.full(1000, 2)
    assert launched(1000, 10**9, lengths) == (12, 2 * 384)


def test_a_tape_that_was_too_short_is_an_error():
    with pytest.raises(KernelError, match="a gradient must take the steps of its solve, found more steps"):
        launched(10, 10**9, np.full(10, 5), short=True)


def test_rows_walk_back_lane_by_lane_those_that_end_last_first():
    """(lane, row, last output): rows of nothing end at -1; lanes of most steps come first, equal ones as they are."""
    table = np.array([[2, 0, 3], [0, 1, 0], [2, 2, 4], [1, 3, -1], [2, 4, 3], [3, 5, 1]])
    rows, begin, walked = _sorted(table, np.array([10, 99, 20, 20, 5]))
    assert rows.tolist() == [[0, 1, 0], [2, 2, 4], [2, 0, 3], [2, 4, 3], [3, 5, 1]]
    assert begin.tolist() == [0, 1, 1, 4, 5, 5] and walked.tolist() == [2, 3, 0]
    assert rows.flags.c_contiguous and cuda.WARP == 32
