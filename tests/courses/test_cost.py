"""What vectors of unknowns cost and how cost moves, on a cell whose course has a closed form."""

import numpy as np
import polars as pl
import pytest

from screen.courses import fit_lines, make_courses, read_courses
from screen.courses.fit import BACKGROUND, _Problem, _stack
from screen.experiments import Draws

NAMES = ("a", "b")
DRAWS = Draws(np.array([0, 1]), np.array([[1.0], [3.0]]), np.zeros((2, 1, 1)))
SD = np.array([0.5, 0.7, 0.7])


class Cell:
    """Reads base * 10^(factor * minutes / 10) of a, and twice its square root of b."""

    names, totals, sd = NAMES, ("x",), np.array([0.5])

    def starts(self, draws):
        return np.asarray(draws.base)

    def course(self, draws, factors, minutes):
        first = draws.base[:, :1] * 10.0 ** (factors[:, :1] * minutes / 10.0)
        return np.stack([first, 2.0 * np.sqrt(first)], axis=2)


def courses(*rows):
    """Rows of readout, minutes, value, course and sd."""
    return make_courses(
        pl.DataFrame(rows, schema=["readout", "minutes", "value", "course", "sd"], orient="row")
    )


LONG = courses(
    ("a", 0.0, 2.0, "A", 0.1), ("a", 5.0, 3.0, "A", 0.2), ("a", 20.0, 9.0, "A", 0.1), ("a", 5.0, 1.0, "B", 0.3),
    ("a", 20.0, 7.0, "B", 0.1), ("b", 0.0, 5.0, "A", 0.05), ("b", 20.0, 4.0, "A", 0.1),
)  # fmt: skip
SHORT = courses(("b", 1.0, 8.0, "C", 0.2), ("b", 3.0, 2.0, "C", 0.1), ("b", 4.0, 3.0, "C", 0.1))
HIGHEST = np.array([[2.0, 3.0], [5.0, 7.0], [1.0, 4.0], [6.0, 2.0]])
MEAN = np.array([0.1, -0.2, 0.3]) * np.arange(1.0, 5.0)[:, None]
PROBLEM = _Problem(Cell(), _stack([LONG, SHORT], NAMES), DRAWS, HIGHEST, MEAN, SD)


def cost_by_hand(line, place, unknowns):
    """Reading by reading; the scale of each course is the mean of what is off, by weight."""
    base = DRAWS.base[place % 2, 0]
    groups: dict[int, list[tuple[float, float]]] = {}
    for time, name, scale, signal, sd in zip(*line[2:], strict=True):
        minute, readout = line.minutes[time], line.names[name]
        first = base * 10 ** (unknowns[0] * minute / 10)
        at = NAMES.index(readout)
        share = HIGHEST[place, at] * 10 ** (-0.5 + unknowns[1 + at])
        level = (first, 2 * np.sqrt(first))[at] + share
        groups.setdefault(scale, []).append((signal - np.log2(level), sd))
    cost = 0.5 * np.sum(((unknowns - MEAN[place]) / SD) ** 2)
    for group in groups.values():
        off, sd = np.array(group).T
        cost += 0.5 * np.sum(((off - np.average(off, weights=sd**-2)) / sd) ** 2)
    return cost


UNKNOWNS = np.array([[0.3, -0.1, 0.2], [0.1, 0.4, -0.3], [-0.2, 0.0, 0.1], [0.5, -0.6, 0.2]])


def test_readings_cost_what_they_are_off_by_weight_each_course_and_readout_at_its_own_scale():
    """Two lines of unlike length under two draws, in any order."""
    want = [
        cost_by_hand(line, place, UNKNOWNS[place]) for place, line in enumerate((LONG, LONG, SHORT, SHORT))
    ]
    assert PROBLEM.look(np.arange(4), UNKNOWNS)[0] == pytest.approx(want)
    turned = np.array([3, 0, 2])
    assert PROBLEM.look(turned, UNKNOWNS[turned])[0] == pytest.approx(np.array(want)[turned])


def test_slopes_are_those_of_the_cost_and_curvature_that_of_the_gradient():
    """Next to no background: what is read is then a power of ten of the total, and differences are exact."""
    places = np.arange(4)
    bare = UNKNOWNS + np.array([0.0, -9.0, -9.0])

    def at(x):
        return PROBLEM.look(places, bare + np.array([x, 0.0, 0.0]))[0]

    def linear(unknowns):
        return PROBLEM.linearise(places, unknowns, PROBLEM.look(places, unknowns)[1])

    gradient, matrix = linear(bare)
    assert gradient[:, 0] == pytest.approx((at(1e-3) - at(-1e-3)) / 2e-3, rel=1e-5)
    assert matrix[:, 0, 0] == pytest.approx((at(0.1) - 2 * at(0.0) + at(-0.1)) / 0.01, rel=1e-5)
    assert gradient[:, 1:] == pytest.approx((bare - MEAN)[:, 1:] / SD[1:] ** 2, rel=1e-5)
    assert matrix[:, 1:, 1:] == pytest.approx(np.tile(np.diag(SD[1:] ** -2), (4, 1, 1)), rel=1e-5, abs=1e-5)
    step = np.array([0.0, 1e-3, 0.0])
    ends = [PROBLEM.look(places, UNKNOWNS + sign * step)[0] for sign in (1, -1)]
    assert linear(UNKNOWNS)[0][:, 1] == pytest.approx((ends[0] - ends[1]) / 2e-3, rel=0.1, abs=0.3)


def test_a_background_is_a_share_of_the_highest_value():
    found = PROBLEM.background(np.array([2, 1]), UNKNOWNS[[2, 1]])
    assert found == pytest.approx(HIGHEST[[2, 1]] * 10.0 ** (-0.5 + UNKNOWNS[[2, 1], 1:]))
    assert pytest.approx(0.316, abs=1e-3) == 10.0**BACKGROUND


def test_three_lines_are_enough_to_be_alike_and_a_line_that_fits_as_it_is_stays():
    """Made without noise: of a line at the start nothing moves, and its cost is that of nothing."""

    def made(factor):
        minutes = (0.0, 5.0, 20.0)
        rows = [
            (name, minute, level + share, "A", 0.01)
            for minute in minutes
            for first in (10.0 ** (factor * minute / 10.0),)
            for name, level, share in (("a", first, 10**-0.5), ("b", 2 * np.sqrt(first), 2 * 10**-0.5))
        ]
        return courses(*rows)

    one = DRAWS._replace(number=DRAWS.number[:1], base=DRAWS.base[:1], affinity=DRAWS.affinity[:1])
    still = fit_lines(Cell(), [made(0.0)], one)
    assert still.started[0, 0] == pytest.approx(0.0, abs=1e-12) and still.totals == pytest.approx(
        0.0, abs=1e-6
    )
    assert still.background[0, 0] == pytest.approx([10**-0.5, 2 * 10**-0.5])
    alike = fit_lines(Cell(), [made(factor) for factor in (0.2, 0.25, 0.3)], one, alike=True)
    assert alike.totals[:, 0, 0] == pytest.approx([0.2, 0.25, 0.3], abs=0.02)


def test_readings_have_the_sd_of_the_file_and_a_tenth_of_a_decade_where_it_has_none(tmp_path):
    path = tmp_path / "egf.csv"
    path.write_text("readout,minutes,value,sd\npERK,0,1,0.3\npERK,1,2,\npERK,5,4,0.2\n")
    found = read_courses(path, ["pERK"])
    assert found.sd == pytest.approx(np.array([0.3, 0.1, 0.2]) * np.log2(10))
    assert found.scale.tolist() == [0, 0, 0]
