"""The absolute tolerance follows the size of the species: the same model in M, nM and molecules has one answer."""

import numpy as np
import pytest
import roadrunner

from screen.kernel import build_model, load_model, solve
from screen.network import read_sbml, slice_network
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


def scale_of(text: str) -> dict[str, float]:
    model = load_model(sbml_of(f"compartment c = 1; {text}"))
    return dict(zip(model.species, model.system.scale, strict=True))


def test_species_that_stay_as_they_are_count_as_they_are_and_those_at_0_as_the_least_of_them():
    """From 1e-3 on the tolerance holds as it is; 1e-24 and less stands for 0."""
    found = scale_of("""species A in c, B in c, C in c, D in c, E in c, F in c; k = 1;
        A = 5; B = 2e-5; C = 0; D = 1e-24; E = 1e-3; F = 0.9e-3; a: A -> ; 0*k; b: B -> ; 0*k; d: C -> ; 0*k;
        e: D -> ; 0*k; f: E -> ; 0*k; g: F -> ; 0*k;""")
    assert found == {"A": 1.0, "B": 2e-5, "C": 2e-5, "D": 2e-5, "E": 1.0, "F": 0.9e-3}


def test_where_all_start_at_0_what_stays_below_a_hundredth_of_the_middle_counts_as_that_large():
    """Made and lost at 1/time each, they reach 1e-4, 1e-6 and 1e-12."""
    found = scale_of("""species A in c, B in c, C in c; A = 0; B = 0; C = 0; k = 1;
        a: -> A; 1e-4 - k*A; b: -> B; 1e-6 - k*B; d: -> C; 1e-12 - k*C;""")
    assert found == pytest.approx({"A": 1e-4, "B": 1e-6, "C": 1e-8}, rel=1e-2)


def test_the_largest_on_the_way_counts_and_falling_below_0_does_not():
    """A is gone within one time and makes B, which is lost in a thousand; what a step would take below 0 is 0."""
    found = scale_of("species A in c, B in c; A = 4e-4; B = 1e-7; a: A -> B; 1e3*A; b: B -> ; 1e-3*B;")
    assert found == pytest.approx({"A": 4e-4, "B": 4e-4}, rel=0.05)


def test_what_starts_at_0_is_not_taken_below_it_either():
    """It grows by a ninth of itself in one time. Steps up to 1 reach 1.3e-9; one of 10 is longer than the growth
    allows, and would end at -1.3e-7."""
    found = scale_of("species A in c; A = 0; k = 0.11; a: -> A; 1e-9 + k*A;")
    assert found == pytest.approx({"A": 1.3e-9}, rel=0.1)


def test_a_rate_that_divides_by_what_is_0_leaves_every_tolerance_as_it_is():
    """Cut to cells in which K is 0, the number itself stands there."""
    network = read_sbml(
        sbml_of("""
        compartment c = 1; species A in c, B in c; A = 1; B = 0; K = 1; k = 2; A -> B; k*A/K;
        """)
    )
    model = build_model(slice_network(network, ["K"], ["B"]))
    assert model.system.scale == (1.0,) * len(model.species)
