"""The compiled kernel: exactness of switches and outputs, independence of lanes, batches and threads."""

import jax
import numpy as np
import pytest
from scipy.integrate import solve_ivp

from screen.errors import KernelError
from screen.kernel import Status, solve
from screen.kernel.symbolic.evaluate import run
from tests.kernel.networks import CYCLE, DECAY, VARIED, model_of, perturbed


@pytest.fixture(scope="module")
def varied():
    return model_of(VARIED)


@pytest.fixture(scope="module")
def decay():
    return model_of(DECAY)


def batch(model, lanes, phases=2, end=20.0, outputs=15, seed=0):
    """Arguments of a solve with parameters of its own in every lane."""
    parameters = perturbed(model, lanes, phases, seed=seed)
    state = np.asarray(model.initial(parameters[:, 0]))
    switches = np.tile(np.linspace(0, end, phases, endpoint=False), (lanes, 1))
    times = np.tile(np.linspace(0, end, outputs), (lanes, 1))
    return parameters, state, switches, times


def test_agrees_with_an_independent_integrator_on_every_kind_of_formula(varied):
    parameters, state, switches, times = batch(varied, 3)
    solution = solve(varied, parameters, state, switches, times, rtol=1e-9, atol=1e-11)
    for lane in range(3):
        y, start, found = state[lane], 0.0, [state[lane]]
        place = varied.parameters.index("on")
        for phase, end in enumerate((10.0, 20.0)):
            values = parameters[lane, phase]
            for left, right in (
                (start, min(max(values[place], start), end)),
                (min(max(values[place], start), end), end),
            ):
                if left == right:
                    continue
                inside = [t for t in times[lane] if left < t <= right]
                piece = solve_ivp(
                    lambda t, y, values=values, a=left, b=right: np.asarray(
                        run(varied.system.derivative, {
                            "time": min(max(t, a + 1e-12), b - 1e-12), "state": y,
                            "hoisted": run(varied.system.hoist, {"parameter": values}, np),
                        }, np), dtype=float,
                    ),
                    (left, right), y, method="LSODA", t_eval=sorted({*inside, right}), rtol=1e-10, atol=1e-13,
                )  # fmt: skip
                found += [piece.y[:, list(piece.t).index(t)] for t in inside]
                y = piece.y[:, -1]
            start = end
        np.testing.assert_allclose(solution.states[lane], found, rtol=2e-7, atol=1e-9)


def test_a_lane_is_the_same_bits_in_every_company(varied):
    arguments = batch(varied, 53)
    whole = solve(varied, *arguments, threads=1)
    two = solve(varied, *arguments, threads=2)
    order = np.random.default_rng(0).permutation(53)
    mixed = solve(varied, *(array[order] for array in arguments), threads=2)
    alone = [solve(varied, *(array[i : i + 1] for array in arguments)) for i in (0, 17, 52)]
    for one, other in zip(whole, two, strict=True):
        np.testing.assert_array_equal(one, other)
    for one, other in zip(whole, mixed, strict=True):
        np.testing.assert_array_equal(np.asarray(one)[order], other)
    for place, single in zip((0, 17, 52), alone, strict=True):
        for one, other in zip(whole, single, strict=True):
            np.testing.assert_array_equal(np.asarray(one)[place], other[0])


def test_a_failing_lane_leaves_the_bits_of_its_neighbours():
    model = model_of("x' = x^2; x = 1; y' = -y; y = 1;")
    state = np.ones((24, 2))
    state[:, 0] = 0.01
    sick = state.copy()
    sick[5, 0], sick[11, 0], sick[12, 1] = 1.0, np.inf, np.nan
    arguments = np.tile(model.values, (24, 1, 1)), np.zeros((24, 1)), np.tile([0.5, 2.0], (24, 1))
    healthy, mixed = (solve(model, arguments[0], y, *arguments[1:]) for y in (state, sick))
    rest = [i for i in range(24) if i not in (5, 11, 12)]
    np.testing.assert_array_equal(np.asarray(healthy.states)[rest], np.asarray(mixed.states)[rest])
    assert [int(mixed.status[i]) for i in (5, 11, 12)] == [
        Status.STEP_UNDERFLOW,
        Status.NON_FINITE,
        Status.NON_FINITE,
    ]
    assert np.isfinite(mixed.states[5, 0]).all() and np.isnan(mixed.states[5, 1]).all()
    assert float(mixed.reached[5]) == pytest.approx(1.0, abs=1e-6)


def test_phases_switch_exactly_and_may_be_empty(decay):
    rate, source = decay.parameters.index("rate"), decay.parameters.index("source")
    parameters = np.tile(decay.values, (1, 4, 1))
    parameters[0, :, rate] = [2.0, 5.0, 0.5, 1.0]
    parameters[0, :, source] = [0.0, 9.0, 0.0, 3.0]
    switches = np.array([[0.0, 1.0, 1.0, 2.5]])  # the second phase is empty
    times = np.array([[0.0, 0.5, 1.0, 1.0, 2.0, 2.5, 4.0]])
    found = solve(decay, parameters, [[1.0]], switches, times, rtol=1e-10, atol=1e-12).states[0, :, 0]
    at_one, at_two = np.exp(-2), np.exp(-2) * np.exp(-0.75)
    known = [1, np.exp(-1), at_one, at_one, at_one * np.exp(-0.5), at_two, 3 + (at_two - 3) * np.exp(-1.5)]
    np.testing.assert_allclose(found, known, rtol=1e-9)


def test_negative_times_and_outputs_before_the_start(decay):
    parameters = np.tile(decay.values, (1, 2, 1))
    times = np.array([[-7.0, -5.0, -4.0, 0.0, 1.0]])
    solution = solve(decay, parameters, [[1.0]], [[-5.0, 0.0]], times, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(
        solution.states[0, :, 0], [1, 1, np.exp(-2), np.exp(-10), np.exp(-12)], rtol=1e-7
    )
    assert float(solution.reached[0]) == 1.0


def test_outputs_between_steps_are_as_good_and_cost_no_steps(varied):
    parameters, state, switches, _ = batch(varied, 4, phases=1)
    few, many = (np.tile(np.linspace(0, 20, n), (4, 1)) for n in (2, 501))
    one = solve(varied, parameters, state, switches, few, rtol=1e-6, atol=1e-9)
    other = solve(varied, parameters, state, switches, many, rtol=1e-6, atol=1e-9)
    np.testing.assert_array_equal(one.accepted, other.accepted)
    tight = solve(varied, parameters, state, switches, many, rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(other.states, tight.states, rtol=1e-5)


def test_error_follows_the_tolerance(varied):
    arguments = batch(varied, 4)
    tight = np.asarray(solve(varied, *arguments, rtol=1e-12, atol=1e-14).states)
    errors = []
    for rtol in (1e-4, 1e-6, 1e-8):
        found = np.asarray(solve(varied, *arguments, rtol=rtol, atol=rtol * 1e-3).states)
        errors.append(np.max(np.abs(found - tight) / np.abs(tight)))
        assert errors[-1] < 10 * rtol
    assert errors[0] > 10 * errors[1] > 100 * errors[2]


def test_a_bound_on_the_first_step_adds_steps(decay):
    parameters, times = np.tile(decay.values, (1, 1, 1)), [[3.0]]
    free = solve(decay, parameters, [[1.0]], [[0.0]], times)
    bounded = solve(decay, parameters, [[1.0]], [[0.0]], times, first_step=1e-9)
    assert int(bounded.accepted[0]) > int(free.accepted[0])
    np.testing.assert_allclose(bounded.states[0, 0, 0], np.exp(-6), rtol=1e-4)


def test_inside_jit_and_vmap(varied):
    parameters, state, switches, times = batch(varied, 6)
    plain = solve(varied, parameters, state, switches, times)
    jitted = jax.jit(lambda *arrays: solve(varied, *arrays))(parameters, state, switches, times)
    np.testing.assert_array_equal(plain.states, jitted.states)

    def group(parameters, state):
        return solve(varied, parameters, state, switches[:3], times[:3]).states

    mapped = jax.vmap(group)(parameters.reshape(2, 3, 2, -1), state.reshape(2, 3, -1))
    np.testing.assert_array_equal(np.asarray(mapped).reshape(plain.states.shape), plain.states)


def test_steps_per_trajectory_stay_few():
    """A count that does not depend on the machine guards the step control."""
    model = model_of(CYCLE)
    arguments = batch(model, 1, phases=1, end=50.0)
    solution = solve(model, *arguments, rtol=1e-6, atol=1e-9)
    assert int(solution.status[0]) == Status.OK
    assert int(solution.accepted[0] + solution.rejected[0]) < 100


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: (a[0][:, :, :-1], *a[1:]), "parameters must have shape"),
        (lambda a: (a[0], a[1][:, :-1], *a[2:]), "state must have shape"),
        (lambda a: (*a[:2], a[2][:-1], a[3]), "switches must have shape"),
        (lambda a: (*a[:3], a[3][:, :0]), "one output time"),
    ],
)
def test_shapes_that_do_not_fit_are_named(varied, change, message):
    with pytest.raises(KernelError, match=message):
        solve(varied, *change(batch(varied, 3)))


def test_single_precision_is_refused(decay):
    arguments = decay.values[None, None], [[1.0]], [[0.0]], [[1.0]]
    with jax.enable_x64(False), pytest.raises(KernelError, match="must use double precision"):
        solve(decay, *arguments)
