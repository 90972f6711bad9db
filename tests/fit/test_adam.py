"""Adam by hand: costs that fall evenly, so that each of its steps is its rate, and costs that are told one by one."""

from types import SimpleNamespace

import jax.numpy as jnp
import numpy as np
import pytest

from screen.fit import Log
from screen.fit.adam import Cycles, walk_by_adam
from screen.fit.objective import Evaluation

UNIT = np.array([0.5, 2.0])
ESTIMATED = SimpleNamespace(units=UNIT, lower=np.array([-90.0, -90.0]), upper=np.array([90.0, 90.0]))
STARTS = np.array([[1.0, 2.0], [10.0, 20.0]])
DOWN = np.array([1.0, -1.0])
"""Costs fall with less of the first parameter and more of the second, by one a unit of each."""


def evenly(at):
    slopes = jnp.tile(DOWN / UNIT, (len(at), 1))
    return Evaluation(jnp.sum(at * slopes, axis=1), slopes, jnp.array([1, 2]))


def rates(steps: int, rate: float) -> np.ndarray:
    """Down a cosine from the rate to a fiftieth of it, which the step after the last would have."""
    return rate * (0.02 + 0.98 * 0.5 * (1 + np.cos(np.pi * np.arange(steps) / steps)))


def test_steps_are_the_rate_in_units_of_each_parameter_and_the_rate_begins_anew_with_each_cycle():
    """Cycles of 1, 2 and 4 steps; a gradient that stays the same makes each step as long as the rate."""
    best, failures, steps = walk_by_adam(evenly, ESTIMATED, STARTS, Cycles(7, 0.3, 2, 1e-3))
    gone = sum(np.sum(rates(steps, 0.3)) for steps in (1, 2, 4))
    assert best == pytest.approx(STARTS - gone * UNIT * DOWN, abs=1e-6)
    assert (failures, steps) == (8 * 3, 7)


@pytest.mark.parametrize(("tolerance", "steps"), [(1.9, 6), (2.1, 2)])
def test_it_ends_with_a_cycle_that_brings_no_start_as_much_as_the_tolerance(tolerance, steps):
    """The first cycle brings one start 2, the other a tenth of it; each cycle counts from where it began."""
    gain = 2 * np.sum(rates(2, 0.3))

    def scaled(at):
        found = evenly(at)
        return found._replace(cost=found.cost * jnp.array([0.1, 1.0]) * 2 / gain)

    assert walk_by_adam(scaled, ESTIMATED, STARTS, Cycles(6, 0.3, 1, tolerance))[2] == steps


def test_what_a_cycle_brings_is_counted_from_its_beginning():
    """Of three cycles of 1, 2 and 4 steps the first brings 5, the second nothing."""
    told = iter([10.0, 5.0, 5.0, 5.0, 0.0, 0.0, 0.0, 0.0])

    def costs(at):
        return Evaluation(jnp.full(len(at), next(told)), jnp.ones_like(at), jnp.zeros(len(at), int))

    assert walk_by_adam(costs, ESTIMATED, STARTS, Cycles(7, 0.3, 2, 1.0))[2] == 3


def test_the_best_place_of_each_start_is_kept_and_no_step_leads_out_of_the_box():
    """The first is cheapest after one step, the second where it begins; the bounds are less than two steps away."""
    told = iter([[5.0, 5.0], [3.0, 6.0], [3.0, 7.0], [4.0, 5.0]])
    seen = []

    def costs(at):
        seen.append(np.asarray(at))
        slopes = jnp.tile(DOWN / UNIT, (len(at), 1))
        return Evaluation(jnp.array(next(told)), slopes, jnp.zeros(len(at), int))

    tight = SimpleNamespace(
        units=UNIT, lower=STARTS.min(0) - 1.5 * 0.3 * UNIT, upper=STARTS.max(0) + 1.5 * 0.3 * UNIT
    )
    best, failures, steps = walk_by_adam(costs, tight, STARTS, Cycles(3, 0.3, 0, 1e-3))
    assert (failures, steps) == (0, 3)
    assert best == pytest.approx(np.array([STARTS[0] - 0.3 * UNIT * DOWN, STARTS[1]]))
    assert seen[3][0, 0] == pytest.approx(tight.lower[0]) and seen[3][1, 1] == pytest.approx(tight.upper[1])
    assert all((each >= tight.lower - 1e-9).all() and (each <= tight.upper + 1e-9).all() for each in seen)


def test_lines_say_the_step_the_best_cost_and_what_failed():
    lines = []
    walk_by_adam(evenly, ESTIMATED, STARTS, Cycles(2, 0.3, 0, 1e-3), Log(lines.append))
    begin = float(evenly(jnp.asarray(STARTS)).cost.min())
    wanted = [begin - 2 * 0.3, begin - 2 * np.sum(rates(2, 0.3))]
    assert [line.split(", ")[:3] for line in lines] == [
        [f"fit: adam {number}/2", f"best {cost:.4f}", "3 failed lanes"]
        for number, cost in enumerate(wanted, 1)
    ]


def test_gradients_count_in_units_against_what_keeps_steps_from_nothing_by_nothing():
    """A gradient of 1e-8 a unit is as long as that, so that the first step is half the rate."""

    def hardly(at):
        found = evenly(at)
        return found._replace(cost=1e-8 * found.cost, gradient=1e-8 * found.gradient)

    best, _, _ = walk_by_adam(hardly, ESTIMATED, STARTS, Cycles(1, 0.3, 0, 1e-3))
    assert best == pytest.approx(STARTS - 0.15 * UNIT * DOWN, abs=1e-6)
