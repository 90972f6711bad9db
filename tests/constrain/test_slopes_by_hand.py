"""The chain of slopes with a network that is a formula: what each lane reads, which count, how they are filled up."""

from dataclasses import replace
from types import SimpleNamespace
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
import pytest

from screen.constrain import make_demands, slopes
from screen.constrain.slopes import LANES, Lanes, Pulled, _add, _grouped, _make_pull, _weights
from tests.constrain.test_demands import ARM, CHECK


class Design(NamedTuple):
    """When each arm starts."""

    start: np.ndarray


VECTORS = np.array([[1.0, 2.0], [3.0, 5.0]])


@pytest.fixture
def pull(monkeypatch):
    """A network at rest at 10 x, which is t times that after t minutes; its parameters are x, 2 x and 3 x in turn.

    Read-out `a` is the first state times the first parameter at the end, and twice that where the course starts at 1;
    `b` is the square of the second state. The rest of cell 2 and the course of lane 4 fail, with numbers that look
    right.
    """
    rests, courses = jnp.array([0, 0, 3]), jnp.array([0, 0, 0, 0, 5, 0])

    def follow(model, integration, parameters, state, start, times):
        assert integration == "of slopes"
        return SimpleNamespace(states=state[:, None] * (times - start[:, None])[..., None], status=courses)

    def observe(model, names, times, states, given):
        (name,) = names
        read = states[..., 0] * given if name == "a" else states[..., 1] ** 2
        return jnp.stack([read, jnp.full_like(read, 7.0)], axis=-1)

    for name, stub in {
        "rest_parameters": lambda design, draws, row, vector: draws[vector],
        "come_to_rest": lambda model, integration, given: SimpleNamespace(status=rests, state=10 * given),
        "lane_parameters": lambda design, draws, arm, owner: jnp.stack(
            [draws[owner], 2 * draws[owner], 3 * draws[owner]], axis=1
        ),
        "follow": follow,
        "in_force": lambda parameters, start, times: parameters[:, -1:, 0] * (1 + start[:, None]),
        "observe": observe,
    }.items():
        monkeypatch.setattr(slopes, name, stub)
    model = SimpleNamespace(parameters=("k",), values=(1.0,), initial=lambda parameters: 9 * parameters)
    bench = SimpleNamespace(
        tables=SimpleNamespace(model=model, drugs=None),
        integration=SimpleNamespace(for_slopes=lambda: "of slopes"),
        runner=SimpleNamespace(design=Design(np.array([0.0, 1.0]))),
        names=["a", "b"],
    )
    return _make_pull(bench, SimpleNamespace(draws=lambda vectors, network, drugs: vectors))


def test_a_lane_pulls_its_vector_by_what_it_reads_and_one_that_failed_not_at_all(pull):
    """d/dx of 30 x^2 (t - start) is 60 x (t - start), twice that from 1; of (10 y t)^2 it is 200 y t^2."""
    lanes = Lanes(
        VECTORS,
        (np.array([0, 0, 0]), np.array([0, 1, 1])),
        rest_of=np.array([0, 1, 0, 2, 0, 1]),
        arm=np.array([0, 1, 0, 0, 0, 0]),
        owner=np.array([0, 1, 0, 1, 0, 1]),
        times=np.array([[1.0, 2.0], [2.0, 4.0], [3.0, 1.0], [1.0, 1.0], [1.0, 1.0], [5.0, 5.0]]),
    )
    weights = np.array([[1.0, 10.0], [1.0, -2.0], [1.0, 3.0], [50.0, 50.0], [70.0, 70.0], [0.5, 0.0]])
    found = pull(lanes, np.array([0, 0, 1, 0, 1, 1]), weights)
    first = [60 * 1.0 * (1 * 1 + 10 * 2), 200 * 2.0 * (1 * 9 + 3 * 1)]
    second = [2 * 60 * 3.0 * (1 * 1 - 2 * 3), 200 * 5.0 * 0.5 * 25]
    assert found == pytest.approx(np.array([first, second]))
    other = pull(lanes, np.array([1, 1, 1, 0, 0, 1]), weights * [[1], [1], [0], [1], [1], [0]])
    assert other == pytest.approx(np.array([[0, 400 * 41], [0, 1000 * (1 - 2 * 9)]]))


def test_the_statistic_pulls_each_arm_where_it_has_a_slope(monkeypatch):
    """d log10(a / b) / da is 1 / (a ln 10); where nothing is left there is none. Of the draws that are asked for."""
    places = {ARM: 7, replace(ARM, context="other"): 4}
    bench = SimpleNamespace(names=["x", "pY705"], course_places=lambda check, arm: ([places[arm]], "never"))
    check = replace(CHECK, reference=replace(ARM, context="other"))
    values = [np.array([[[2.0]], [[0.0]], [[4.0]]]), np.array([[[4.0]], [[1.0]], [[8.0]]])]
    found = list(_weights(bench, make_demands([CHECK, check]), 1, values, np.array([1, 0])))
    assert [(each.check, each.arm, each.readout, each.times.tolist()) for each in found] == [
        (1, 7, 1, [30.0]), (1, 4, 1, [30.0]),
    ]  # fmt: skip
    for each, slope in zip(found, (1 / 2.0, -1 / 4.0), strict=True):
        assert each.draws.tolist() == [1, 0]
        assert each.weights == pytest.approx(np.array([[0.0], [slope / np.log(10)]]))


def test_a_group_begins_empty_after_one_that_is_full():
    arms = [
        Pulled(place, 0, 0, np.zeros(1), np.arange(lanes), np.ones((lanes, 1)))
        for place, lanes in enumerate((LANES, LANES - 3, 3, 1))
    ]
    assert [[each.check for each in group] for group in _grouped(arms)] == [[0], [1, 2], [3]]


@pytest.mark.parametrize(("many", "size"), [(3, LANES), (LANES + 5, 2 * LANES)])
def test_lanes_of_a_group_are_filled_up_with_what_weighs_nothing(many, size):
    """Each adds weight times time of its vector to its check and draw; check 1 has arms of two times and of one."""
    asked = []

    def pull(lanes, readout, weights):
        asked.append({len(part) for part in (*lanes[:1], *lanes.cell, *lanes[2:], readout, weights)})
        moved = (weights * lanes.times).sum(axis=1)[:, None] * lanes.vectors[lanes.owner]
        own = np.asarray(lanes.cell[1])[lanes.rest_of] == lanes.owner
        assert own.all() and (np.asarray(lanes.cell[0])[lanes.rest_of] == rest[lanes.arm]).all()
        found = np.zeros_like(lanes.vectors)
        np.add.at(found, lanes.owner, moved * (1 + readout[:, None]))
        return found

    rest = np.array([0, 0, 1])
    scaled = np.arange(1.0, 2 * many + 1).reshape(many, 2)
    draws = np.arange(many)
    group = [
        Pulled(1, 0, 0, np.array([2.0, 5.0]), draws, np.ones((many, 2))),
        Pulled(1, 2, 1, np.array([3.0]), draws[1:2], np.full((1, 1), 10.0)),
        Pulled(2, 1, 0, np.array([4.0]), draws[:2], np.ones((2, 1))),
    ]
    found = np.full((3, many, 2), 0.5)
    _add(pull, SimpleNamespace(design=SimpleNamespace(rest=rest)), group, 2, scaled, found)
    expected = np.full((3, many, 2), 0.5)
    expected[1] += 7 * scaled
    expected[1, 1] += 10 * 3 * 2 * scaled[1]
    expected[2, :2] += 4 * scaled[:2]
    assert found == pytest.approx(expected)
    assert asked == [{size}]


def test_checks_of_few_times_and_of_courses_go_apart_and_what_is_no_number_is_no_slope(monkeypatch):
    """Three checks of one, two and four times, the second in the second of two draws alone; room for three draws."""
    checks = [replace(CHECK, minutes=tuple(map(float, range(count)))) for count in (1, 2, 4)]
    demands, asked = make_demands(checks), []

    def weights(bench, demands, index, values, draws):
        assert [each.tolist() for each in values] == [[[index], [7], [index]]]
        times = np.array(demands.checks[index].minutes)
        yield Pulled(index, 0, 0, times, draws, np.ones((len(draws), len(times))))

    def add(pull, bench, group, longest, scaled, found):
        asked.append(([each.check for each in group], longest))
        for each in group:
            found[each.check, each.draws] = [each.check + 1.0, np.nan if each.check == 2 else 5.0]

    for name, stub in {"_make_pull": lambda *of: None, "_weights": weights, "_add": add}.items():
        monkeypatch.setattr(slopes, name, stub)
    ask = slopes.make_slopes(None, demands, SimpleNamespace(names=("x", "y")), 3)
    courses = [[np.array([[index], [7]])] for index in range(3)]
    found = ask(np.zeros((2, 2)), courses, np.array([[True, True], [False, True], [True, False]]))
    assert asked == [([0, 1], 2), ([2], 4)]
    assert found.tolist() == [[[1.0, 5.0], [1.0, 5.0]], [[0.0, 0.0], [2.0, 5.0]], [[0.0, 0.0], [0.0, 0.0]]]
