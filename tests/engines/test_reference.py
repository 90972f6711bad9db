"""The reference engine: when an iteration or a step is given up, and what it makes of the solves of its stretches."""

from functools import cache
from types import SimpleNamespace

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import optimistix
import pytest

from screen.kernel import Runs, Status, Stepping, load_model
from screen.kernel.engines.reference import (
    ChordIteration,
    _lane,
    _Method,
    _status,
    _Steps,
    _zero_gradient_where_failed,
    diffrax_engine,
)
from screen.kernel.solution import Solution
from tests.engines.systems import model_of


@pytest.mark.slow
def test_steps_on_bachmann_are_those_of_a_root_finder_that_terminates(data_folder):
    model = load_model(data_folder / "petab/Bachmann_MSB2011/model_Bachmann_MSB2011.xml")
    state = np.asarray(model.initial(model.values))[None]
    lane = Runs(model.values[None, None], state, np.zeros((1, 1)), np.array([[240.0]]))
    steps = {}
    for name, finder in {"ours": None, "default": diffrax.VeryChord}.items():
        options = {} if finder is None else {"root_finder": finder}
        solution = diffrax_engine(model.system, **options)(lane, Stepping())
        assert solution.status[0] == 0
        steps[name] = int(solution.accepted[0] + solution.rejected[0])
    assert 90 < steps["ours"] < 130
    assert steps["default"] > 2.5 * steps["ours"]


SUCCESS, DIVERGED = optimistix.RESULTS.successful, optimistix.RESULTS.nonlinear_divergence


@pytest.mark.parametrize(
    ("step", "size", "before", "ends"),
    [
        # in tolerances; what is left of steps that shrink by r is r / (1 - r) of the last one
        (1, 0.009, 1.0, SUCCESS), (1, 0.011, 1.0, None), (1, 5.0, 1.0, None), (1, np.inf, 1.0, DIVERGED),
        (1, np.nan, 1.0, DIVERGED), (0, np.inf, 1.0, None), (2, 0.9, 1.9, SUCCESS), (2, 1.1, 2.1, None),
        (3, 0.9, 1.9, SUCCESS), (3, 1.1, 2.1, None), (1, 0.9, 1.9, None), (2, 1.0, 1.0, DIVERGED),
        (2, 2.0, 1.0, DIVERGED), (3, 2.0, 1.0, DIVERGED), (2, 0.99, 1.0, None), (2, 0.005, 0.001, SUCCESS),
        (2, np.nan, 1.0, DIVERGED),
    ],
)  # fmt: skip
def test_an_iteration_ends_where_little_is_left_and_is_given_up_only_where_it_grows(step, size, before, ends):
    state = SimpleNamespace(
        step=jnp.asarray(step), diffsize=jnp.asarray(size / 2), diffsize_prev=jnp.asarray(before / 2)
    )
    ended, outcome = ChordIteration.terminate(SimpleNamespace(kappa=0.5), None, None, None, None, state, None)
    assert bool(ended) == (ends is not None)
    assert bool(outcome == (ends or SUCCESS))


@pytest.mark.parametrize(
    ("start", "step", "was", "becomes"),
    [
        (8.0, 1, "successful", "dt_min_reached"), (8.0, 2, "successful", "successful"),
        (-8.0, 1, "successful", "dt_min_reached"), (8.0, 1, "max_steps_reached", "max_steps_reached"),
        (0.0, 0, "successful", "dt_min_reached"), (0.0, 1, "successful", "successful"),
    ],
)  # fmt: skip
def test_a_step_that_no_longer_moves_the_time_is_too_small(monkeypatch, start, step, was, becomes):
    """Below 4e-16 of the time: at 8 one step from number to number, 2.2e-16, is too small, and two are not."""
    end = start + step * np.spacing(8.0)
    given = ("keep", jnp.asarray(start), jnp.asarray(end), "jump", "state", getattr(diffrax.RESULTS, was))
    monkeypatch.setattr(diffrax.PIDController, "adapt_step_size", lambda self, *arguments: given)
    *others, result = _Steps(1e-3, 1e-6).adapt_step_size()
    assert tuple(others) == given[:5] and bool(result == getattr(diffrax.RESULTS, becomes))


def test_what_a_solve_ended_with_is_a_status():
    known = {
        "successful": Status.OK,
        "max_steps_reached": Status.MAX_STEPS,
        "dt_min_reached": Status.STEP_UNDERFLOW,
    }
    for name, status in known.items():
        assert int(_status(getattr(diffrax.RESULTS, name))) == status


@pytest.fixture
def straight(monkeypatch):
    """`diffeqsolve` if the mean of the slopes at both ends held throughout; what it was asked for, call by call."""
    asked = []

    def solve(term, solver, start, end, step, state, args, saveat, stepsize_controller, max_steps, throw):
        asked.append((stepsize_controller, step, max_steps, throw, saveat))
        slope = (term.vf(start, state, args) + term.vf(end, state, args)) / 2
        times = saveat.subs[0].ts
        gone = end > start
        slope = jnp.where(gone, slope, 0.0)
        return SimpleNamespace(
            ys=[state + slope * (times - start)[:, None], (state + slope * (end - start))[None]],
            ts=[times, jnp.asarray(end)[None]],
            stats={"num_accepted_steps": jnp.where(gone, 5, 0), "num_rejected_steps": jnp.where(gone, 2, 0)},
            result=diffrax.RESULTS.where(state[0] > 90.0, diffrax.RESULTS.max_steps_reached,
                                         diffrax.RESULTS.successful),
        )  # fmt: skip

    monkeypatch.setattr(diffrax, "diffeqsolve", solve)
    return asked


PIECES = "x' = a*(piecewise(0.5, time < cut, 1) + piecewise(0.5, time <= cut, 1)); x = 0; a = 1; cut = 2;"


@cache
def pieces_model():
    return model_of(PIECES)


def pieces(a, switches, times, start=0.0, onto=True, scale=1.0):
    """One lane of x' = a before 2 and 2 a after it, with an `a` for each phase."""
    model = pieces_model()
    parameters = np.tile(model.values, (len(a), 1))
    parameters[:, model.parameters.index("a")] = a
    runs = Runs(*map(jnp.asarray, (parameters, np.array([start]), np.array(switches), np.array(times))))
    system = model.system._replace(scale=(scale,))
    return _lane(system, _Method("solver", onto, 77), runs, (jnp.asarray(1e-3), jnp.asarray(1e-5)))


def test_a_lane_goes_from_stretch_to_stretch_and_each_output_is_of_its_own(straight):
    """Slopes 1 to 2, 2 to 3, and 6 from there on; the first phase is over before it begins."""
    found = pieces((9.0, 1.0, 3.0), (0.0, 0.0, 3.0), (0.0, 1.0, 2.0, 2.5, 3.0, 4.0))
    assert found.states[:, 0].tolist() == [0.0, 1.0, 2.0, 3.0, 4.0, 10.0]
    counts = found.status, found.accepted, found.rejected, found.reached
    assert [float(each) for each in counts] == [Status.OK, 15, 6, 4.0]


def test_a_phase_of_no_time_decides_nothing_whatever_its_slopes(straight):
    found = pieces((np.nan, 1.0, 3.0), (0.0, 0.0, 3.0), (0.0, 1.0, 4.0))
    assert found.states[:, 0].tolist() == [0.0, 1.0, 10.0] and int(found.status) == Status.OK


def one_by_one(step, carry, spans):
    """`jax.lax.scan` whose numbers can be looked at."""
    for number in range(len(spans[0])):
        carry, _ = step(carry, tuple(each[number] for each in spans))
    return carry, None


def test_tolerances_are_of_each_species_and_the_least_step_is_of_the_stretch(straight, monkeypatch):
    """Stretches from 1 to 2 and from 2 to 4; the species stays at a thousandth."""
    monkeypatch.setattr(jax.lax, "scan", one_by_one)
    pieces((1.0,), (1.0,), (1.0, 4.0), onto=False, scale=1e-3)
    steps = [each[0] for each in straight]
    assert [(float(each.rtol), float(each.atol[0])) for each in steps] == [(1e-3, pytest.approx(1e-8))] * 2
    assert [1e22 * float(each.dtmin) for each in steps] == pytest.approx([1.0, 2.0])


def test_steps_are_asked_for_with_the_tolerances_and_end_at_outputs_if_they_are_to(straight):
    pieces((1.0,), (0.0,), (1.0, 4.0))
    pieces((1.0,), (0.0,), (1.0, 4.0), onto=False)
    (onto, *rest), (steps, *_) = straight
    assert isinstance(onto, diffrax.ClipStepSizeController) and rest[:3] == [None, 77, False]
    assert isinstance(steps, _Steps) and (steps.pcoeff, steps.icoeff, steps.dcoeff) == (0.3, 0.4, 0)
    assert not steps.force_dtmin and straight[0][4].subs[1].t1


def test_a_lane_that_fails_stays_where_it_is_and_one_that_is_no_number_does_not_begin(straight):
    """Beyond 90 the solve of a stretch runs out of steps, here of the second one; a slope may be no number."""
    found = pieces((1.0, 1.0), (0.0, 3.0), (1.0, 2.5, 4.0), start=89.0)
    assert (int(found.status), float(found.reached)) == (Status.MAX_STEPS, 3.0)
    assert found.states[:2, 0].tolist() == [90.0, 92.0] and np.isnan(found.states[2, 0])
    broken = pieces((1.0, np.nan), (0.0, 3.0), (1.0, 3.0, 4.0))
    assert (int(broken.status), float(broken.reached)) == (Status.NON_FINITE, 3.0)
    assert broken.states[:2, 0].tolist() == [1.0, 4.0] and np.isnan(broken.states[2, 0])
    assert int(broken.accepted) == 10
    never = pieces((np.nan, 1.0), (1.0, 3.0), (1.0, 2.0, 4.0))
    assert (int(never.status), float(never.reached)) == (Status.NON_FINITE, 1.0)
    assert never.states[0, 0] == 0.0 and np.isnan(never.states[1:, 0]).all()


def test_a_lane_that_failed_has_no_slope():
    def lane(runs, tolerances):
        status = jnp.where(runs.state[0] > 1.0, Status.MAX_STEPS, Status.OK).astype(jnp.int32)
        return Solution(runs.state * runs.parameters[0], status, status, status, runs.times[-1])

    guarded = _zero_gradient_where_failed(lane)
    for state, slopes in ((0.5, [3.0, 0.5]), (1.5, [0.0, 0.0])):
        runs = Runs(jnp.array([3.0]), jnp.array([state]), jnp.zeros(1), jnp.ones(1))
        assert guarded(runs, (1.0, 1.0)).states.tolist() == [3 * state]
        slope = jax.grad(lambda each: guarded(each, (jnp.asarray(1.0), jnp.asarray(1.0))).states.sum())(runs)
        assert [float(slope.state[0]), float(slope.parameters[0])] == slopes
        assert not slope.times.any() and not slope.switches.any()
