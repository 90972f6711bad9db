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
"""


@pytest.mark.parametrize("width", [4, 8])
def test_a_power_that_chooses_a_step_is_right_to_eight_digits(tmp_path, width):
    compiler = find_compiler()
    text = files("screen.kernel").joinpath("native", "vector.h").read_text()
    (tmp_path / "powers.c").write_text(f"#define W {width}\n{text}{CALL}")
    # In two calls, as compiler.py says: `-ffast-math` given to the linker changes every number of this process.
    for call in ([*compiler.flags, "-c", "powers.c"], ["-shared", "powers.o", "-o", "powers.so", "-lm"]):
        subprocess.run([*compiler.words, *call], cwd=tmp_path, check=True)
    library = ctypes.CDLL(str(tmp_path / "powers.so"))
    bases = np.geomspace(1e-8, 1e12, 800).reshape(-1, width)
    for exponent in (-0.25, -0.1, 0.08, 0.3):
        for lanes in bases:
            found = np.empty(width)
            library.powers(
                lanes.ctypes.data_as(ctypes.c_void_p),
                ctypes.c_double(exponent),
                found.ctypes.data_as(ctypes.c_void_p),
            )
            np.testing.assert_allclose(found, lanes**exponent, rtol=1e-8)
