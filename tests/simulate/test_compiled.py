"""What is compiled ahead is not compiled again, and threads that ask at once compile once."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import jax
import jax.numpy as jnp
import numpy as np

from screen.simulate.compiled import Compiled


def counted():
    """A function, and how often it was traced."""
    traced = []

    def twice(array):
        traced.append(array.shape)
        return 2 * array

    return Compiled(twice), traced


def test_once_for_arrays_of_a_shape_whichever_thread_asks_first():
    double, traced = counted()
    barrier = Barrier(4)

    def ask(number):
        barrier.wait(10)
        return float(double(np.full(3, float(number)))[0])

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(ask, range(4))) == [0.0, 2.0, 4.0, 6.0]
    assert traced == [(3,)]
    assert double(np.ones(2)).tolist() == [2.0, 2.0]
    assert double(np.ones(2, np.int32)).dtype == np.int32
    assert traced == [(3,), (2,), (2,)]


def test_ahead():
    double, traced = counted()
    double.for_kind(jax.ShapeDtypeStruct((5,), jnp.float64))
    assert traced == [(5,)]
    assert double(np.arange(5.0)).tolist() == [0.0, 2.0, 4.0, 6.0, 8.0]
    assert traced == [(5,)]
