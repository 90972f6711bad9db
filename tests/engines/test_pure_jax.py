"""What only the engine in pure JAX promises: no LAPACK in its program, and a refusal to be differentiated."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from screen.errors import KernelError
from screen.kernel import Runs, Solution, Status, Stepping, solve
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


@pytest.fixture(scope="module")
def two():
    """two(k, made, start, ...): Solution of x' = made - k x for two species; beyond `top` the first has no slope."""
    text = "x' = a - k*x + piecewise(0, x <= top, 1/zero); y' = b - m*y; x = 0; y = 0; a = 0; b = 0; k = 0; m = 0;"
    model = model_of(text + "top = 1e9; zero = 0;")
    engine, place = (
        jax_engine(model.system),
        [model.parameters.index(name) for name in ("k", "m", "a", "b", "top")],
    )

    def of(k=(0.0, 0.0), made=(0.0, 0.0), start=(0.0, 0.0), top=1e9, span=(0.0, 1.0), **stepping):
        values = np.array(model.values)
        values[place] = *k, *made, top
        runs = Runs(values[None, None], np.array([start], float), np.array([span[:1]]), np.array([span[1:]]))
        return engine(Runs(*map(jnp.asarray, runs)), Stepping(**stepping))

    return of


def after(found: Solution) -> tuple[float, int, int, int]:
    """Time reached, steps taken and not, and the status, of the one lane."""
    return tuple(float(each[0]) for each in (found.reached, found.accepted, found.rejected, found.status))


@pytest.mark.parametrize("end", [1.0, 300.0])
def test_a_first_step_is_a_hundredth_of_the_time_in_which_a_state_moves_by_itself(two, end):
    """Lengths of state and slope are means over species, each in units of its tolerance; a short stretch is a step."""
    decay = {"start": (1.0, 1.0), "atol": 1e-30, "span": (0.0, end)}
    assert after(two(k=(0.5, 0.5), max_steps=1, **decay)) == pytest.approx((0.02, 1, 0, Status.MAX_STEPS))
    assert after(two(k=(1.0, 2.0), max_steps=1, **decay))[0] == pytest.approx(0.01 * np.sqrt(2 / 5))
    assert after(two(k=(1.0, 2.0), max_steps=1, **decay | {"start": (100.0, 1.0)}))[0] == pytest.approx(
        0.01 * np.sqrt(2 / 5)
    )
    assert after(two(k=(1e-6, 1e-6), max_steps=9, **decay)) == (end, 1, 0, Status.OK)


@pytest.mark.parametrize(("tolerances", "first"), [(0.9e-5, 1e-6), (1.5e-5, 0.01)])
def test_a_first_step_is_a_millionth_of_the_stretch_where_state_or_slope_are_next_to_nothing(
    two, tolerances, first
):
    """Below a hundred-thousandth of the tolerance."""
    near = {"atol": 1.0, "rtol": 0.0, "max_steps": 1}
    small = two(start=(tolerances,) * 2, k=(100.0, 100.0), **near)
    assert after(small)[0] == pytest.approx(1e-6 if first == 1e-6 else 1e-4)
    slow = two(start=(100 * tolerances,) * 2, k=(0.01, 0.01), **near)
    assert after(slow)[0] == pytest.approx(1e-6 if first == 1e-6 else 1.0)


@pytest.mark.parametrize("tries", [1, 2, 3, 8])
def test_steps_without_an_error_grow_sixfold(two, tries):
    """x' = 1 from 0: a millionth, six of them, 36 ...; with the ninth the end is reached."""
    found = two(made=(1.0, 1.0), max_steps=tries)
    assert after(found) == pytest.approx((1e-6 * (6**tries - 1) / 5, tries, 0, Status.MAX_STEPS))
    assert after(two(made=(1.0, 1.0))) == (1.0, 9, 0, Status.OK)


def test_a_step_that_just_meets_the_tolerance_is_followed_by_nine_tenths_of_it_else_repeated_so(two):
    """The first is 1 of 1e6; from a tolerance 32 times as large the next is twice as long."""

    def one(atol, tries=1):
        return two(k=(1.0, 1.0), made=(1.0, 1.0), span=(0.0, 1e6), rtol=0.0, atol=atol, max_steps=tries)

    low, high = 1e-12, 1.0
    while high / low > 1.0001:
        middle = float(np.sqrt(low * high))
        low, high = (low, middle) if after(one(middle))[1] else (middle, high)
    assert after(one(high)) == (1.0, 1, 0, Status.MAX_STEPS) and after(one(low)) == (
        0.0,
        0,
        1,
        Status.MAX_STEPS,
    )
    assert after(one(high, 2))[0] - 1 == pytest.approx(0.9, rel=1e-3)
    assert after(one(low, 2))[:3] == pytest.approx((0.9, 1, 1), rel=1e-3)
    assert after(one(32 * high, 2))[0] - 1 == pytest.approx(1.8, rel=1e-3)


@pytest.mark.parametrize(
    ("span", "tries"),
    [((0.0, 1.0), 23), ((1.0, 1.0 + 2.0**-22), np.ceil(np.log(2.0**-22 * 1e-6 / 4e-16) / np.log(5)))],
)
def test_steps_that_are_no_numbers_become_a_fifth_until_they_no_longer_move_the_time(two, span, tries):
    """From a millionth of the stretch to 1e-22 of it: 0.2^23 is the first below 1e-16. At a time of 1 the spacing of
    numbers ends it earlier, at 4e-16."""
    found = two(made=(1.0, 0.0), top=0.0, span=span)
    assert after(found) == (span[0], 0, tries, Status.NON_FINITE)


@pytest.mark.parametrize(("beyond", "steps"), [(5e-7, 1), (1.5e-6, 2)])
def test_a_step_goes_to_the_end_where_less_than_a_millionth_of_it_would_be_left(two, beyond, steps):
    """The first step is 0.02."""
    end = 0.02 * (1 + beyond)
    found = two(k=(0.5, 0.5), start=(1.0, 1.0), atol=1e-30, span=(0.0, end))
    assert after(found) == (end, steps, 0, Status.OK)


def test_a_lane_that_ends_with_its_last_step_has_not_run_out_of_them_and_one_that_fails_says_why(two):
    assert after(two(made=(1.0, 1.0), max_steps=9)) == (1.0, 9, 0, Status.OK)
    broken = {"made": (1.0, 0.0), "top": 0.0}
    assert after(two(**broken, max_steps=23)) == (0.0, 0, 23, Status.NON_FINITE)
    assert after(two(**broken, max_steps=22)) == (0.0, 0, 22, Status.MAX_STEPS)


def test_steps_that_err_too_much_at_any_length_are_told_apart_from_numbers_that_are_none(two):
    found = two(k=(1.0, 3.0), start=(1.0, 1.0), rtol=0.0, atol=1e-100)
    assert after(found)[:2] == (0.0, 0) and int(found.status[0]) == Status.STEP_UNDERFLOW


def test_a_lane_of_no_time_is_done_and_one_that_is_no_number_does_not_begin(two):
    found = two(start=(2.0, 3.0), made=(1.0, 1.0), span=(1.0, 1.0))
    assert after(found) == (1.0, 0, 0, Status.OK) and found.states.ravel().tolist() == [2.0, 3.0]
    assert after(two(start=(np.inf, 0.0))) == (0.0, 0, 0, Status.NON_FINITE)
    assert after(two(span=(0.0, np.nan)))[1:] == (0, 0, Status.NON_FINITE)


def test_an_error_is_relative_to_the_larger_of_the_two_states_of_a_step(two):
    """From 0 to a millionth: of 0 any error would be too large."""
    found = two(k=(1.0, 1.0), made=(1.0, 1.0), rtol=1e-3, atol=1e-30, max_steps=1)
    assert after(found) == pytest.approx((1e-6, 1, 0, Status.MAX_STEPS))


def test_without_an_absolute_tolerance_steps_do_not_depend_on_the_unit(two):
    small, large = (after(two(k=(1.0, 3.0), start=(unit, unit), atol=0.0)) for unit in (2.0**-10, 2.0**10))
    assert small == large and small[1] > 5


def test_the_least_step_is_1e_22_of_the_stretch(two):
    """A first step of 0.01 over a rate of 5592 is 1.5e-22 after 23 cuts, 3e-23 after the next."""
    found = two(made=(1.0, 0.0), k=(0.0, 5592.0), start=(0.0, 1.0), top=0.0, atol=1.0, rtol=0.0)
    assert after(found) == (0.0, 0, 24, Status.NON_FINITE)


def test_two_phases_have_their_own_rates():
    model = model_of("x' = -k*x; x = 1; k = 0.5;")
    rates, switches = np.array([[[0.5], [1.5]]]), np.array([[0.0, 2.0]])
    found = solve(model, rates, np.ones((1, 1)), switches, np.array([[1.0, 3.0]]), engine="jax", rtol=1e-8)
    np.testing.assert_allclose(found.states[0, :, 0], np.exp([-0.5, -2.5]), rtol=1e-6)
