"""How many warps of the cuda engine begin, with which memory, and in which order rows walk back: by hand, no driver."""

from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
import pytest

from screen.errors import KernelError
from screen.kernel.engines import cuda
from screen.kernel.engines.cuda import Call, Job, Kernel, _launch, _sorted
from screen.kernel.native.frame import Frame
from screen.kernel.solution import Stepping

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


class Noting(Driver):
    """One that also notes what goes to the device, and has a table of rows and accepted steps for the host."""

    def __init__(self, table=(), accepted=()):
        super().__init__(10**9)
        self.table, self.accepted, self.sent = np.array(table), np.array(accepted), {}

    @contextmanager
    def memory(self, stream, *sizes):
        self.sizes.append(sizes)
        yield [1000 * len(self.sizes) + 100 * k for k in range(len(sizes))]

    def function(self, module, name):
        return (module, name)

    def to_host(self, stream, array, address):
        array[:] = {1000: self.table, 15: self.accepted}.get(address, 0)

    def to_device(self, stream, address, array):
        self.sent[address] = array.tolist()


def asked(entry, arguments, results, driver=None):
    """What a call of an entry does: its jobs, and the driver. Arrays are (address, shape)."""
    driver = driver or Noting()
    attributes = {"rtol": 1e-3, "atol": 1e-5, "max_steps": 9, "threads": 0, "first_step": 0.5}
    if entry.startswith("settle"):
        attributes = {"atol": 1e-5, "rate": 0.1, "threads": 0, "time": 20.0, "tolerance": 1e-3}
    frame = Frame(
        tuple(cuda.Buffer(*each) for each in arguments),
        tuple(cuda.Buffer(*each) for each in results),
        attributes,
        7,
    )
    cuda.TASKS[entry](Call(driver, 7, KERNEL, frame))
    return [launch.job for *_, launch in driver.launched], driver


def fields(job, *names):
    return tuple(getattr(job, name) for name in names)


SOLVED = [(11, (2, 3, 4, 5)), (12, (2, 3, 6)), (13, (2, 3, 4)), (14, (2, 3, 8))]
"""Arrays of two batches of three lanes, of four phases, five parameters, six species and eight outputs."""


def test_a_solve_has_the_lanes_of_all_batches_and_its_arrays_in_their_order():
    results = [(21, (2, 3, 8, 7)), (22, (2, 3)), (23, (2, 3)), (24, (2, 3)), (25, (2, 3))]
    (job,), driver = asked("solve", [*SOLVED, (15, (2, 3, 7))], results)
    assert fields(job, "lanes", "phases", "outputs", "columns", "max_steps") == (6, 4, 8, 7, 9)
    assert fields(job, "rtol", "atol", "first_step") == (1e-3, 1e-5, 0.5)
    assert fields(job, "parameters", "state", "switches", "times", "stored") == (11, 12, 13, 14, 15)
    assert fields(job, "states", "status", "accepted", "rejected", "reached") == (21, 22, 23, 24, 25)
    assert [warps for _, _, warps, _ in driver.launched] == [1]


def test_a_rest_is_of_one_phase():
    (job,), _ = asked("settle", [(11, (2, 3, 5)), (12, (2, 3, 6))], [(21, (2, 3, 6)), (22, (2, 3))])
    assert fields(job, "lanes", "phases", "parameters", "state", "states", "status") == (6, 1, 11, 12, 21, 22)
    assert fields(job, "rate", "time", "tolerance") == (0.1, 20.0, 1e-3)


def test_adjoints_of_rests_begin_at_nothing_and_have_a_row_each():
    arguments = [(11, (3, 5)), (12, (3, 6)), (13, (40,)), (14, (40, 6))]
    (job,), driver = asked("settle_gradient", arguments, [(21, (40, 5)), (22, (40, 6))])
    assert fields(job, "rows", "phases", "row_lane", "cotangent") == (40, 1, 13, 14)
    assert fields(job, "parameters_bar", "state_bar") == (21, 22)
    assert driver.cleared[:2] == [(7, 21, 8 * 40 * 5), (7, 22, 8 * 40 * 6)]
    assert [warps for _, _, warps, _ in driver.launched] == [2]


def gradient_of(rows, table, accepted):
    lanes = len(accepted)
    arguments = [
        (11, (lanes, 4, 5)), (12, (lanes, 6)), (13, (lanes, 4)), (14, (lanes, 8)), (15, (lanes,)),
        (16, (rows,)), (17, (rows,)), (18, (rows, 2, 6)),
    ]  # fmt: skip
    return asked("gradient", arguments, [(21, (rows, 4, 5)), (22, (rows, 6))], Noting(table, accepted))


def test_adjoints_of_solves_sort_their_rows_and_walk_the_lanes_that_have_any():
    table = [[2, 0, 3], [0, 1, 0], [2, 2, 4], [1, 3, -1]]
    (last, job), driver = gradient_of(4, table, [80, 99, 7])
    assert driver.launched[0][:3] == (7, (1, "screen_last"), 1)
    assert fields(last, "lanes", "phases", "outputs", "rows", "span") == (3, 4, 8, 4, 2)
    assert fields(last, "accepted", "row_lane", "row_output", "cotangent") == (15, 16, 17, 18)
    assert fields(last, "parameters_bar", "state_bar") == (21, 22)
    assert fields(last, "sorted", "rows_begin", "order") == (1000, 1100, 1200)
    assert driver.sizes[0] == (4 * 3 * 8, 8 * 4, 8 * 3)
    assert driver.sent == {1000: [[0, 1, 0], [2, 2, 4], [2, 0, 3]], 1100: [0, 1, 1, 3], 1200: [0, 2]}
    assert job.walked == 2
    assert driver.cleared[:2] == [(7, 21, 8 * 4 * 4 * 5), (7, 22, 8 * 4 * 6)]
    tapes = 80 + 10 + 16 + 7 + 0 + 16  # an eighth more, and sixteen
    assert driver.launched[1][3].room == tapes and driver.sizes[1] == (1000, 8 * tapes, 24)


@pytest.mark.parametrize(("rows", "warps"), [(32, 1), (33, 2), (32 * 65_536 + 1, 65_536)])
def test_what_a_row_ends_at_is_found_a_thread_a_row_as_far_as_a_launch_goes(rows, warps):
    _, driver = gradient_of(rows, [0, 0, -1], [5])
    assert [each[2] for each in driver.launched] == [warps]  # none has anything to walk


def test_no_rows_are_no_work_but_for_results_of_nothing():
    jobs, driver = gradient_of(0, [0, 0, -1], [5])
    assert not jobs and driver.cleared == [(7, 21, 0), (7, 22, 0)]


def test_a_tolerance_as_coarse_as_the_default_is_met_in_single_precision():
    assert Stepping().rtol == cuda.SINGLE and cuda.GRAPHICS.threads(5) == 0
