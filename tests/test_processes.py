"""A process beside this one: what it is started with, what it does when nothing can be started, and how it ends."""

import os
import signal
from concurrent.futures.process import BrokenProcessPool

import pytest

from screen import processes
from screen.errors import ScreenError
from screen.processes import THREADS, another_process

ENDED = ScreenError("the other process must end by itself, found that it was ended")


@pytest.fixture
def pools(monkeypatch):
    """Stands in for pools: each notes what it is given, and how this process is while it is asked to import."""
    made = []

    class Pool:
        def __init__(self, workers, context, initializer):
            self.given, self.said, self.down = (workers, context.get_start_method(), initializer), [], []
            made.append(self)

        def submit(self, *work):
            held = signal.pthread_sigmask(signal.SIG_BLOCK, [])
            self.said.append((work, os.environ.get(THREADS), signal.SIGINT in held))

        def shutdown(self, **how):
            self.down.append(how)

        def __enter__(self):
            return self

        def __exit__(self, *of):
            self.down.append({})

    monkeypatch.setattr(processes, "ProcessPoolExecutor", Pool)
    return made


@pytest.mark.parametrize(("threads", "half"), [(8, "4"), (5, "2"), (1, "1")])
@pytest.mark.parametrize("before", [None, "7"])
def test_one_process_with_half_of_the_threads_that_sees_no_interrupt(
    pools, monkeypatch, threads, half, before
):
    """And this one is afterwards as it was."""
    monkeypatch.setattr("polars.thread_pool_size", lambda: threads)
    monkeypatch.delenv(THREADS, raising=False)
    if before:
        monkeypatch.setenv(THREADS, before)
    with another_process("screen.rank", ENDED) as pool:
        assert [pool] == pools and os.environ.get(THREADS) == before
        assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])
    assert pool.given == (1, "spawn", processes._end_with_parent) and pool.down == [{}]
    ((work, given, held),) = pool.said
    assert (work[1], given, held) == ("screen.rank", half, True)


def test_without_a_module_or_where_the_machine_gives_none_there_is_no_process(pools, monkeypatch):
    with another_process(None, ENDED) as pool:
        assert pool is None and not pools

    def full(self, *work):
        raise BlockingIOError("no more processes")

    monkeypatch.setattr(processes.ProcessPoolExecutor, "submit", full)
    before = os.environ.get(THREADS)
    with another_process("screen.rank", ENDED) as pool:
        assert pool is None and pools[0].down == [{"cancel_futures": True}]
    assert os.environ.get(THREADS) == before


def test_a_process_that_was_ended_is_said(pools):
    with pytest.raises(ScreenError, match="found that it was ended"), another_process("screen.rank", ENDED):
        raise BrokenProcessPool


@pytest.mark.parametrize("parent", [True, False])
def test_it_ends_with_the_process_that_asked(monkeypatch, parent):
    """With a code of its own; where there is no such process it stays."""
    ended = []

    class Parent:
        def join(self):
            ended.append("the one that asked has ended")

    class Thread:
        def __init__(self, target, daemon):
            self.target = target if daemon else None

        def start(self):
            self.target()

    monkeypatch.setattr(processes, "Thread", Thread)
    monkeypatch.setattr(processes, "parent_process", lambda: Parent() if parent else None)
    monkeypatch.setattr(os, "_exit", ended.append)
    processes._end_with_parent()
    assert ended == (["the one that asked has ended", 1] if parent else [])
