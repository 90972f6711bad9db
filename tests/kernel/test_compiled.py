"""What the compiled kernel is told, which threads it takes and what it keeps of its steps; nothing is compiled."""

import json
import os
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from screen.errors import KernelError
from screen.kernel import Runs, Status, Stepping
from screen.kernel.engines import compiled
from screen.kernel.engines.compiled import (
    AT_HAND,
    HEAD,
    KEPT,
    PROCESSOR,
    ROOM,
    _kept_solve,
    _options,
    available_cores,
    kernel_ready,
)
from screen.kernel.engines.resting import UNTIL
from screen.kernel.engines.table import ENGINES
from screen.kernel.padding import filled_size
from screen.settings import Settings


def test_what_a_solve_is_told():
    """A first step of 0 is no bound of it."""
    assert dict(_options(PROCESSOR, Stepping(rtol=1e-3, atol=1e-5, max_steps=77, threads=3))) == {
        "atol": 1e-5, "first_step": 0.0, "max_steps": 77, "rtol": 1e-3, "threads": 3,
    }  # fmt: skip
    assert dict(_options(PROCESSOR, Stepping(first_step=0.25)))["first_step"] == 0.25
    assert dict(_options(PROCESSOR, Stepping()))["threads"] == available_cores()


def test_cores_are_those_of_this_process_or_where_no_system_says_them_all(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 3, 5} if process == 0 else {1})
    assert available_cores() == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 7)
    assert available_cores() == 7
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert available_cores() == 1


@pytest.mark.parametrize(
    ("models", "runs"), [("", False), ("a", True), ("ab", True), ("ax", False), ("x", False)]
)
def test_without_a_compiler_models_run_that_are_all_in_the_cache(monkeypatch, models, runs):
    class Named:
        def __init__(self, name):
            self.digest, self.cache = name, Path("cache")

    def no_compiler():
        raise KernelError("engine kernel: found no cc")

    monkeypatch.setattr(compiled, "find_compiler", no_compiler)
    monkeypatch.setattr(
        compiled, "kept_library", lambda key, cache: None if key.startswith("x") else cache / key
    )
    if runs:
        assert (
            kernel_ready(map(Named, models)) == "compiled earlier, from the cache; there is no compiler now"
        )
    else:
        with pytest.raises(KernelError, match="found no cc"):
            kernel_ready(map(Named, models))


ROW = HEAD + 5
"""Numbers of a step of five species."""


@pytest.mark.parametrize(
    ("keeps", "lanes", "kept", "room"),
    [
        # steps in 2^24 bytes, 12 numbers of 8 bytes each, shared among the lanes
        (KEPT, 1, 1, 174_762), (KEPT, 10, 10, 17_476), (KEPT, 0, 0, 174_762), (KEPT, 600, 600, 291),
        (KEPT, 683, 683, ROOM), (KEPT, 10_000, 10_000, ROOM), (KEPT, 20_000, 10_922, ROOM),
        (8 * ROW * ROOM * 3, 2, 2, 3 * ROOM // 2), (8 * ROW * ROOM * 3, 9, 3, ROOM), (1, 1, 0, ROOM),
    ],
)  # fmt: skip
def test_few_lanes_have_room_for_many_steps_and_of_many_lanes_the_first_are_kept(keeps, lanes, kept, room):
    assert (AT_HAND, ROOM, ROW) == (2**24, 256, 12)
    build = PROCESSOR._replace(keeps=keeps, register=lambda model: "kernel")

    def steps(runs):
        return _kept_solve(build, None, (), None, runs)[1]

    shapes = ((lanes, 1, 4), (lanes, 5), (lanes, 1), (lanes, 2))
    accepted, found = jax.eval_shape(steps, Runs(*map(jnp.zeros, shapes)))
    assert accepted.shape == (lanes,) and found.shape == (kept, room, ROW)


def test_what_is_not_said_is_as_in_the_settings():
    settings, plain = Settings().simulate, Stepping()
    assert (plain.rtol, plain.atol, plain.max_steps) == (settings.rtol, settings.atol, settings.max_steps)
    assert (plain.threads, plain.first_step, plain.stored) == (None, None, None)
    assert (float(UNTIL.horizon), UNTIL.tolerance) == (1e6, 1e-3)


def test_the_codes_of_a_status_are_those_of_tables_that_were_written():
    names = ("OK", "MAX_STEPS", "STEP_UNDERFLOW", "NON_FINITE", "NO_REST_STATE")
    assert [(each.name, int(each)) for each in Status] == [(name, code) for code, name in enumerate(names)]


def test_batches_have_a_size_that_is_compiled_for():
    """Fewer lanes are filled up to a power of two."""
    for engine in ENGINES.values():
        assert filled_size(engine.batch) == engine.batch


def test_a_gpu_is_as_fast_as_it_was_measured(root):
    """On the shipped network, with as many lanes at a time as it is given."""
    rows = json.loads((root / "benchmarks/results/gpu.json").read_text())["results"]
    (known,) = (
        row["lanes_per_second"]
        for row in rows
        if (row["what"], row["case"], row.get("engine"), row.get("lanes"))
        == ("solve", "shipped", "cuda", 100_000)
    )
    assert ENGINES["cuda"].speed == pytest.approx(known, rel=0.05)


def test_the_reference_is_about_as_slow_as_it_was_measured(root):
    """Within three times, on the shipped network."""
    known = json.loads((root / "benchmarks/results/engines.json").read_text())["shipped"]["diffrax"]
    assert known / 3 < ENGINES["diffrax"].speed < 3 * known


def test_what_is_stored_are_numbers_of_species_for_the_kernel():
    runs = Runs(*map(np.zeros, ((2, 1, 4), (2, 5), (2, 1), (2, 2))))
    found = [compiled._columns(stored, runs) for stored in (None, (3, 1), ())]
    assert [each.tolist() for each in found] == [[0, 1, 2, 3, 4], [3, 1], []]
    assert {each.dtype for each in found} == {np.dtype(np.int32)}
