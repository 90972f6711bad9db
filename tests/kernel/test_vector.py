"""What the vectors of the kernel have by their own arithmetic, against the library of C."""

import ctypes
import subprocess
from importlib.resources import files

import numpy as np
import pytest

from screen.kernel.native.compiler import find_compiler

CALL = """
void powers(const double *a, double b, double *power)
{
    V lanes;
    for (int l = 0; l < W; l++) lanes[l] = a[l];
    const V found = rough_power(lanes, b);
    for (int l = 0; l < W; l++) power[l] = found[l];
}

void reciprocals(const double *a, double *reciprocal)
{
    V lanes;
    for (int l = 0; l < W; l++) lanes[l] = a[l];
    const V found = rough_reciprocal(lanes);
    for (int l = 0; l < W; l++) reciprocal[l] = found[l];
}
"""


@pytest.fixture(scope="module", params=[4, 8])
def vectors(request, tmp_path_factory):
    """Lanes side by side, and the functions of vector.h for so many."""
    compiler, folder = find_compiler(), tmp_path_factory.mktemp("vectors")
    text = files("screen.kernel").joinpath("native", "vector.h").read_text()
    (folder / "powers.c").write_text(f"#define W {request.param}\n{text}{CALL}")
    # In two calls, as compiler.py says: `-ffast-math` given to the linker changes every number of this process.
    for call in ([*compiler.flags, "-c", "powers.c"], ["-shared", "powers.o", "-o", "powers.so", "-lm"]):
        subprocess.run([*compiler.words, *call], cwd=folder, check=True)
    return request.param, ctypes.CDLL(str(folder / "powers.so"))


def address(array):
    return array.ctypes.data_as(ctypes.c_void_p)


def test_a_power_that_chooses_a_step_is_right_to_eight_digits(vectors):
    width, library = vectors
    for exponent in (-0.25, -0.1, 0.08, 0.3):
        for lanes in np.geomspace(1e-8, 1e12, 800).reshape(-1, width):
            found = np.empty(width)
            library.powers(address(lanes), ctypes.c_double(exponent), address(found))
            np.testing.assert_allclose(found, lanes**exponent, rtol=1e-8)


def test_a_reciprocal_that_weighs_an_error_is_right_to_eight_digits(vectors):
    width, library = vectors
    for lanes in np.geomspace(1e-30, 1e30, 800).reshape(-1, width):
        found = np.empty(width)
        library.reciprocals(address(lanes), address(found))
        np.testing.assert_allclose(found, 1.0 / lanes, rtol=1e-8)
