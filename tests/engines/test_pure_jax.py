"""What only the engine in pure JAX promises: no LAPACK in its program, and a refusal to be differentiated."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from screen.errors import KernelError
from screen.kernel import Runs, Stepping, solve
from screen.kernel.engines.pure_jax import jax_engine
from tests.engines.systems import SYSTEMS, model_of


def test_no_library_call_in_the_program():
    model = model_of(SYSTEMS["robertson"].antimony)
    shapes = (4, 1, len(model.parameters)), (4, 3), (4, 1), (4, 2)
    arrays = [jax.ShapeDtypeStruct(shape, jnp.float64) for shape in shapes]
    program = jax_engine(model.system).lower(Runs(*arrays), Stepping()).as_text().lower()
    assert "while" in program
    assert "custom_call" not in program and "getrf" not in program and "triangular_solve" not in program


def test_gradient_is_refused_by_name():
    model = model_of(SYSTEMS["linear_chain"].antimony)

    def end(parameters):
        state = np.array([[1.0, 0.0, 0.0]])
        return solve(model, parameters, state, np.zeros((1, 1)), np.ones((1, 1)), engine="jax").states.sum()

    with pytest.raises(KernelError, match="use engine kernel or diffrax"):
        jax.grad(end)(jnp.asarray(model.values)[None, None])
