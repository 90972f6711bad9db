"""Where an order flips, on margins that are straight lines of what is multiplied: every number by hand."""

from types import SimpleNamespace

import numpy as np
import pytest

from screen.experiments import Draws
from screen.judge.decisive import HALVINGS, REACH, Lever, _flips, _named
from screen.judge.margin import ROWS, Margin, Moved, _log10_sd

SLOPES = Moved(np.array([2.0, -0.5, 0.1, 5.0]), np.array([[-4.0, 3.0]]))


class Line:
    """Margins of three draws around a middle, straight in the log10 of every factor; one draw always fails."""

    def __init__(self, middle: float):
        self.middle = middle

    def still(self) -> Moved:
        return Moved(np.zeros((1, 4)), np.zeros((1, 1, 2)))

    def under(self, moves: list[Moved]) -> np.ndarray:
        moved = [
            np.sum(each.parameters * SLOPES.parameters) + np.sum(each.constants * SLOPES.constants)
            for each in moves
        ]
        return self.middle + np.array(moved)[:, None] + np.array([-0.01, 0.0, 0.01, np.nan])


def lever(kind: str, place: tuple[int, ...], value: float, sd: float = 1.0) -> Lever:
    slopes = SLOPES.constants if kind == "affinity" else SLOPES.parameters
    return Lever(kind, f"{kind} {place}", place, value, float(slopes[*place]), sd)


LEVERS = [lever("parameter", (0,), 3.0), lever("total", (1,), 5.0), lever("stimulus", (2,), 7.0),
          lever("affinity", (0, 0), 11.0), lever("affinity", (0, 1), 13.0)]  # fmt: skip


@pytest.mark.parametrize("middle", [0.9, -0.9])
def test_the_order_flips_where_a_straight_line_crosses_zero(middle):
    """0.9 over its slope: 0.45 downhill of the first, 1.8 of the second, beyond a hundredfold of the third."""
    found = _flips(Line(middle), LEVERS, middle)
    for each, (flips, value, there) in zip(LEVERS, found, strict=True):
        crossing = -middle / each.slope
        if abs(crossing) > 2.0:
            assert (flips, value, there) == (False, None, None)
            continue
        at = np.log10(value / each.value)
        low, high = (
            max(far for far in (0.0, *REACH) if far < abs(crossing)),
            min(far for far in REACH if far > abs(crossing)),
        )
        assert flips and np.sign(at) == np.sign(crossing)
        assert 0.0 < abs(at) - abs(crossing) < 1.001 * (high - low) / 2**HALVINGS
        assert there == pytest.approx(middle + at * each.slope) and there * middle < 0
    assert _flips(Line(middle), [], middle) == []


def test_those_of_the_largest_slopes_are_named_and_what_swings_most():
    given = (
        ("parameter", (3,), 0.1),
        ("affinity", (0, 0), 0.2),
        ("affinity", (0, 1), 0.9),
        ("parameter", (0,), 0.5),
    )
    levers = [lever(kind, place, 1.0, sd) for kind, place, sd in given]
    assert [each.swing for each in levers] == pytest.approx([0.5, 0.8, 2.7, 1.0])
    assert _named(levers, 2) == levers[:3]
    assert _named(levers, 3) == levers[:3]
    assert _named(levers, 1) == [levers[0], levers[2]]


class Many(Margin):
    """Margins of more rows than run at once: ten times a factor, and the number of the draw."""

    def __init__(self, draws: int):
        self.drawn = Draws(np.arange(draws), np.arange(float(draws))[:, None], np.zeros((draws, 1, 1)))
        self.values, self.constants, self.design = np.zeros(2), np.zeros((1, 1)), None
        self.margins = SimpleNamespace(forward=self.forward)
        self.ran: list[int] = []

    def forward(self, moved: Moved, design: None, drawn: Draws) -> np.ndarray:
        self.ran.append(len(moved.parameters))
        return 10 * moved.parameters[:, 1] + drawn.base[:, 0] + 1000 * moved.constants[:, 0, 0]


def test_every_move_is_run_under_every_draw_in_batches_of_one_size():
    margin, moves = Many(draws=100), [Many(1).still() for _ in range(7)]
    for place, move in enumerate(moves):
        move.parameters[0, 1], move.constants[0, 0, 0] = place, place % 2
    found = margin.under(moves)
    place = np.arange(7.0)[:, None]
    assert np.array_equal(found, 10 * place + np.arange(100.0) + 1000 * (place % 2))
    assert set(margin.ran) == {ROWS} and len(margin.ran) == -(-700 // ROWS)


def test_spread_is_that_of_the_logarithm_and_none_where_a_draw_has_nothing():
    found = _log10_sd(np.array([[1.0, 0.0, 10.0], [100.0, 1.0, 10.0]]))
    assert found.tolist() == [1.0, 0.0, 0.0]
