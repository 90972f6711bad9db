"""What a search asks of Adam and of steps, when it kicks and what it keeps: by hand, nothing is integrated."""

import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from screen.fit import Pace, Schedule, Target, draw_starts, schedule_between_wide_bounds, search
from screen.fit.adam import Cycles
from screen.fit.search import _kick

SEARCH = sys.modules["screen.fit.search"]
"""The module: its package has a function of that name."""


@pytest.fixture
def target(toy) -> Target:
    """Costs of the sum of a vector, and slopes of 1."""

    def linearise(at):
        return np.ones_like(at), np.tile(np.eye(at.shape[1]), (len(at), 1, 1))

    return Target(toy.estimated, lambda at: at.sum(axis=1), linearise, lambda vectors: vectors)


def scripted(monkeypatch, name: str, *ends: tuple[list[float], list[int]]) -> list[SimpleNamespace]:
    """What is asked of `descend` or of `descend_inside`, which end with these costs and steps, one call after another.

    Each ends 0.01 above where it began."""
    asked, left = [], iter(ends)

    def end(begin, pace, name):
        cost, steps = next(left)
        asked.append(SimpleNamespace(begin=begin.copy(), pace=pace, name=name))
        return SimpleNamespace(scaled=begin + 0.01, cost=np.array(cost, float), steps=np.array(steps))

    if name == "descend":
        monkeypatch.setattr(
            SEARCH,
            "descend",
            lambda objective, begins, box, pace, name, log: (end(begins[0], pace, name), None),
        )
    else:
        monkeypatch.setattr(
            SEARCH,
            "descend_inside",
            lambda objective, begin, box, pace, name, log: end(begin, pace, name),
        )
    return asked


def test_a_plain_schedule_walks_by_adam_and_then_steps(monkeypatch, target):
    asked = scripted(monkeypatch, "descend", ([2.0, 1.0], [4, 5]))
    walked = []

    def walk(objective, estimated, starts, cycles, log):
        walked.append((objective, cycles))
        return starts + 1, 7, 9

    monkeypatch.setattr(SEARCH, "walk_by_adam", walk)
    starts = np.repeat([[0.0], [0.5]], 4, axis=1)
    found = search(target, starts, Schedule())
    assert walked == [(2, Cycles(150, 0.1, 2, 0.02))]
    assert [(each.pace, each.name) for each in asked] == [(Pace(30, 0.02, 3, 2.0), "gauss-newton")]
    assert (found.failures, found.iterations) == (7, 9) and asked[0].begin.tolist() == (starts + 1).tolist()
    assert found.start.tolist() == [1, 0] and found.first_cost.tolist() == [2.0, 0.0]
    assert found.scaled[:, 0] == pytest.approx([1.51, 1.01]) and found.steps.tolist() == [5, 4]
    assert found.gradient_norm == pytest.approx(np.linalg.norm(target.estimated.units) * np.ones(2))


def test_each_start_is_kicked_until_its_steps_are_used_up_and_the_lowest_end_is_kept(monkeypatch, target):
    """Ten steps each. The first kick of the first start ends as high as before, that of the second lower without a
    step, which counts as one, that of the third uses up all ten."""
    asked = scripted(
        monkeypatch, "descend", ([5, 4, 6], [1, 2, 3]), ([5, 3, 7], [4, 0, 10]), ([9, 9], [6, 9]),
        ([5, 2.5, 8], [1, 2, 3]),
    )  # fmt: skip
    schedule = Schedule(adam=0, polish=5, kicks=2, tried=1, last=8, seed=3)
    starts = np.repeat([[0.1], [0.2], [0.3]], 4, axis=1)
    found = search(target, starts, schedule)
    assert [each.name for each in asked] == ["gauss-newton", "kick 1", "kick 2", "last steps"]
    assert [len(each.begin) for each in asked] == [3, 3, 2, 3]
    assert asked[1].pace == asked[0].pace == Pace(5, 0.02, 3, 2.0)
    last = asked[3].pace
    assert (last.steps, last.tolerance, last.patience, last.reach) == (8, pytest.approx(2e-4), 15, 2.0)
    assert (found.failures, found.iterations) == (0, 0)
    assert found.start.tolist() == [1, 0, 2] and found.cost.tolist() == [2.5, 5, 6]
    assert found.first_end.tolist() == [4, 5, 6] and found.steps.tolist() == [
        2 + 10 + 2,
        1 + 10 + 1,
        3 + 10 + 3,
    ]
    assert found.scaled[1].tolist() == (starts[0] + 0.01).tolist() == asked[3].begin[0].tolist()
    assert asked[3].begin[1].tolist() == (asked[1].begin[1] + 0.01).tolist()
    assert found.scaled[0].tolist() == (asked[3].begin[1] + 0.01).tolist()


def test_between_wide_bounds_steps_stay_inside_and_end_late(monkeypatch, target):
    asked = scripted(monkeypatch, "descend_inside", ([5], [1]), ([4], [0]))
    schedule = schedule_between_wide_bounds(1, 20, 0, 7)
    assert schedule == Schedule(
        starts=1, adam=0, polish=20, kicks=0, tolerance=0.01, patience=4, tried=1, sharing=True, last=60, inside=True,
        seed=7,
    )  # fmt: skip
    search(target, np.zeros((1, 4)), schedule)
    last = asked[1].pace
    assert (last.steps, last.tolerance, last.patience) == (60, pytest.approx(1e-4), 20)


class Scripted:
    """Random numbers as they are given."""

    def __init__(self, *numbers):
        self.numbers, self.between = list(numbers), []

    def random(self, size=None):
        return np.array(self.numbers.pop(0)) if size else self.numbers.pop(0)

    def integers(self, *between):
        self.between.append(between)
        return self.numbers.pop(0)


@pytest.mark.parametrize(("first", "shares"), [(0.4, True), (0.5, False), (0.6, False)])
def test_every_other_kick_takes_parameters_of_another_end_where_starts_share(target, first, shares):
    """The third of three starts takes the first and the third parameter of the second; else these are drawn."""
    ends = np.array([[1.0, 2.0, 3.0, 4.0], [10.0, 20.0, 30.0, 40.0], [5.0, 6.0, 7.0, 8.0]])
    priors = tuple(SimpleNamespace(sample=lambda rng: 99.0) for _ in range(4))
    wide = replace(target.estimated, starts=priors, lower=np.full(4, -90.0), upper=np.full(4, 90.0))
    others = [2] if shares else []
    rng = Scripted(first, *others, 0.5, [0.4, 0.6, 0.9, 0.5], 2)
    schedule = Schedule(sharing=True, tried=1)
    found = _kick(target._replace(estimated=wide), ends, 2, rng, schedule)
    assert found.tolist() == ([10.0, 6.0, 30.0, 8.0] if shares else [90.0, 6.0, 90.0, 8.0])
    assert rng.between == ([(1, 3), (4,)] if shares else [(4,)]) and not rng.numbers


def test_the_cheapest_of_several_kicks_is_gone_on_from(target):
    ends = np.array([[1.0, 2.0, 3.0, 4.0]])
    priors = tuple(SimpleNamespace(sample=lambda rng: 0.0) for _ in range(4))
    wide = replace(target.estimated, starts=priors, lower=np.full(4, -90.0), upper=np.full(4, 90.0))
    rng = Scripted(0.5, [0.9] * 4, 0, [0.9] * 4, 3, [0.9] * 4, 1)
    found = _kick(target._replace(estimated=wide), ends, 0, rng, Schedule(sharing=True, tried=3))
    assert found.tolist() == [1.0, 2.0, 3.0, 0.0]


def test_two_starts_share_and_one_alone_has_nobody_to_share_with(target):
    ends = np.array([[1.0, 2.0, 3.0, 2.0], [-1.0, -2.0, -3.0, -2.0]])
    wide = replace(target.estimated, lower=np.full(4, -90.0), upper=np.full(4, 90.0))
    rng = Scripted(0.4, 1, 0.5, [0.9] * 4, 2)
    found = _kick(target._replace(estimated=wide), ends, 1, rng, Schedule(sharing=True, tried=1))
    assert found.tolist() == [-1.0, -2.0, 3.0, -2.0] and rng.between == [(1, 2), (4,)]


def test_a_start_and_a_kick_are_one_of_fifteen_unless_a_schedule_says(target):
    sizes = []
    counting = target._replace(cost=lambda at: sizes.append(len(at)) or at.sum(axis=1))
    draw_starts(counting, 3, seed=1)
    _kick(counting, np.zeros((1, 4)), 0, np.random.default_rng(1), Schedule())
    assert sizes == [15, 15, 15]
