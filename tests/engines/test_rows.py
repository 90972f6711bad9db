"""Adjoints of rows under `vmap`: whatever has batches, each is as if it were alone. The handler is one in Python."""

from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from screen.kernel.engines.rows import flattened, rows_back

BATCHES, LANES, ROWS = 3, 4, 5


def handler(target, outputs):
    """Of lanes a [lanes, 2] and b [lanes, 1, 3], of all w [2], of rows: their lane and a cotangent [rows, 3]."""
    assert target == "adjoint"

    def call(a, b, w, lane, cotangent, **options):
        assert options == {"threads": 7}
        found = a[lane] * w * cotangent.sum(axis=1)[:, None], b[lane] * cotangent[:, None]
        assert [(each.shape, each.dtype) for each in found] == [(each.shape, each.dtype) for each in outputs]
        return found

    return call


def arrays_of(batched):
    """Arrays of the handler, with a leading axis where they have batches; what is of all is the same in each."""
    rng = np.random.default_rng(1)
    shapes = ((LANES, 2), (LANES, 1, 3), (2,), (ROWS,), (ROWS, 3))
    found = []
    for place, (shape, is_batched) in enumerate(zip(shapes, batched, strict=True)):
        whole = (BATCHES, *shape) if is_batched else shape
        each = rng.integers(LANES, size=whole) if place == 3 else rng.standard_normal(whole)
        if place == 2 and is_batched:
            each = np.tile(each[0], (BATCHES, 1))
        found.append(jnp.asarray(each))
    return found


@pytest.mark.parametrize(
    "batched", [each for each in product((False, True), repeat=5) if sum(each) in (1, 2, 5)]
)
def test_a_batch_is_as_if_it_were_alone(monkeypatch, batched):
    monkeypatch.setattr(jax.ffi, "ffi_call", handler)
    back, arrays = rows_back("adjoint", (("threads", 7),), 2, 1), arrays_of(batched)
    found = jax.vmap(back, [0 if each else None for each in batched])(*arrays)
    for number in range(BATCHES):
        alone = back(*(a[number] if each else a for a, each in zip(arrays, batched, strict=True)))
        for several, single in zip(found, alone, strict=True):
            np.testing.assert_array_equal(several[number], single)


def test_lanes_of_all_batches_are_one_after_another_and_what_they_have_in_common_is_copied():
    own, common = jnp.arange(12.0).reshape(2, 3, 2), jnp.arange(3.0)
    found = flattened(2, (True, False), (own, common))
    assert found[0].tolist() == own.reshape(6, 2).tolist() and found[1].tolist() == [0, 1, 2, 0, 1, 2]
