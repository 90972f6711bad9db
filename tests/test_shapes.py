"""Signatures hold at every call of a test: shapes of arrays by the names of their axes, and no silent promotion."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import TypeCheckError

from screen import shapes
from screen.experiments import hill_load, window_minutes
from screen.simulate import Readout, distinct_cells, read
from tests.conftest import CHECKED


def test_axes_of_one_name_have_one_length():
    readouts, times = [Readout("end", "share", 0.0, 1.0)], window_minutes(0.0, 1.0)
    assert read(readouts, ["share"], times, np.ones((3, len(times), 1))) == pytest.approx(np.ones((3, 1)))
    with pytest.raises(TypeCheckError, match="lanes times names"):
        read(readouts, ["share"], times, np.ones((3, len(times) - 1, 1)))
    with pytest.raises(TypeCheckError, match="'lanes'"):
        distinct_cells(np.zeros(3, int), np.zeros(4, int))


def test_numbers_are_not_places_and_shapes_that_belong_together_broadcast():
    with pytest.raises(TypeCheckError, match="Int"):
        distinct_cells(np.zeros(3), np.zeros(3, int))
    assert hill_load(np.ones((2, 1)), np.ones(3), 1).shape == (2, 3)
    with pytest.raises(TypeCheckError, match="together"):
        hill_load(np.ones(2), np.ones(3), 1)


def test_a_constant_is_named_after_its_axes():
    named = {name: axes for name, axes in vars(shapes).items() if name.isupper()}
    for name in named.keys() - {"ANY", "TOGETHER"}:
        words = (
            named[name]
            .replace("+1", " and_none")
            .replace("*#together", "any")
            .replace(" _ ", " any ")
            .split()
        )
        assert "_".join(words).upper() == name
        assert {*words} - {"any", "and_none"} <= {*re.findall(r"\w+", shapes.__doc__)}


@pytest.mark.parametrize("package", ["experiments", "panel", "simulate"])
def test_whatever_names_axes_is_checked(root, package):
    naming = [
        path for path in (root / "screen" / package).glob("*.py") if "screen.shapes" in path.read_text()
    ]
    modules = [f"screen.{package}.{path.stem}" for path in naming]
    assert modules and all(f"{each}.".startswith(tuple(f"{known}." for known in CHECKED)) for each in modules)


def test_dtypes_do_not_promote_silently():
    with pytest.raises(jax.dtypes.TypePromotionError):
        jnp.ones(2) + jnp.ones(2, bool)
