"""A function in Python that XLA calls: what it is handed, what becomes of what it raises."""

import ctypes
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from screen.kernel.native.frame import Buffer, _buffers, make_handler

CALLS, HANDLERS = [], []


@pytest.fixture(scope="module")
def target():
    """Copies its first array into its result, or fails where it is told so."""

    def run(frame):
        CALLS.append(frame)
        if frame.attributes["fails"]:
            raise ValueError("what is wrong here")
        ctypes.memmove(frame.results[0].address, frame.arguments[0].address, 8 * 6)

    HANDLERS.append(make_handler(run))
    jax.ffi.register_ffi_target("frame_test", jax.ffi.pycapsule(HANDLERS[0]), platform="cpu")
    return jax.ffi.ffi_call("frame_test", jax.ShapeDtypeStruct((2, 3), jnp.float64))


def test_arrays_have_an_address_and_a_shape_and_attributes_their_kind(target):
    CALLS.clear()
    given = jnp.arange(6.0).reshape(2, 3) + 0.5
    told = {"fails": np.int64(0), "size": np.int64(-7), "share": np.float64(0.3)}
    found = target(given, jnp.zeros((4, 0)), jnp.float64(3), **told)
    np.testing.assert_array_equal(found, given)
    (frame,) = CALLS
    assert [each.shape for each in frame.arguments] == [(2, 3), (4, 0), ()]
    assert [each.shape for each in frame.results] == [(2, 3)]
    assert frame.attributes == {"fails": 0, "size": -7, "share": 0.3} and frame.stream is None


def test_what_it_raises_is_an_internal_error_of_the_computation(target):
    with pytest.raises(jax.errors.JaxRuntimeError, match=r"^INTERNAL: .*what is wrong here"):
        jax.block_until_ready(target(jnp.zeros((2, 3)), fails=np.int64(1)))


def test_an_array_of_nothing_may_have_no_address():
    nothing = SimpleNamespace(data=None, rank=2, dims=[0, 4])
    some = SimpleNamespace(data=64, rank=0, dims=[])
    items = [SimpleNamespace(contents=each) for each in (nothing, some)]
    assert _buffers(SimpleNamespace(size=2, items=items)) == (Buffer(0, (0, 4)), Buffer(64, ()))
