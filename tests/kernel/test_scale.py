"""The absolute tolerance follows the size of the species: the same model in M, nM and molecules has one answer."""

import numpy as np
import pytest
import roadrunner

from screen.kernel import load_model, solve
from tests.network.test_sbml import sbml_of

UNITS = {"M": 1e-9, "nM": 1.0, "molecules": 600.0}
"""Size of 1 nM in each unit."""

TIMES = np.array([0.0, 1.0, 5.0, 20.0, 100.0])


def binding(unit: float) -> str:
    """A binds B, and what is bound is turned over; C and D start at 0."""
    return sbml_of(f"""
        compartment c = 1; species A in c, B in c, C in c, D in c;
        A = {5 * unit!r}; B = {3 * unit!r}; C = 0; D = 0; on = {0.1 / unit!r}; off = 0.05; k = 0.2;
        fast = {40 / unit!r};
        r: A + B -> C; on*A*B - off*C; u: C -> D + B; k*C; back: D + D -> ; fast*D*D;
        """)


def peer(text: str) -> np.ndarray:
    runner = roadrunner.RoadRunner(text)
    runner.integrator.relative_tolerance, runner.integrator.absolute_tolerance = 1e-11, 1e-24
    runner.timeCourseSelections = ["[A]", "[B]", "[C]", "[D]"]
    return np.array(runner.simulate(times=list(TIMES)))


@pytest.mark.parametrize("engine", ["kernel", "jax", pytest.param("diffrax", marks=pytest.mark.slow)])
@pytest.mark.parametrize("unit", UNITS)
def test_one_answer_in_every_unit(unit, engine, tmp_path_factory):
    text = binding(UNITS[unit])
    model = load_model(text)
    parameters = model.values[None]
    found = solve(
        model, parameters[:, None], model.initial(parameters), [[0.0]], TIMES[None], engine=engine
    ).states[0]
    np.testing.assert_allclose(found[1:], peer(text)[1:], rtol=1e-4)


def test_only_small_species_have_a_smaller_tolerance(capsys, tmp_path):
    assert load_model(binding(1.0), tmp_path).system.scale == (1.0,) * 4
    assert load_model(binding(600.0), tmp_path).system.scale == (1.0,) * 4
    assert "stay small" not in capsys.readouterr().err
    small = load_model(binding(1e-9), tmp_path).system.scale
    assert max(small) <= 5.1e-9 and min(small) == pytest.approx(3e-9)
    assert "4 species stay small, their absolute tolerance is down to 3e-09" in capsys.readouterr().err


def test_sizes_may_differ_by_orders_in_one_model():
    text = sbml_of("""
        compartment c = 1; species A in c, B in c; A = 1e-6; B = 0; k = 1e6; k' = 1e6; r: A + A -> B; k*A*A;
        """)
    model = load_model(text)
    scale = dict(zip(model.species, model.system.scale, strict=True))
    assert scale == {"A": pytest.approx(1e-6), "B": pytest.approx(1e-6), "k": 1.0}
