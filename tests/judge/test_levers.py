"""What decides a ranking, of a margin that is linear in the logarithm of every number: all by hand."""

from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from screen.experiments import Arm
from screen.judge.decisive import HALVINGS, REACH, Contest, Lever, _flips, _levers, _median, _named, _rows
from screen.judge.margin import Moved
from screen.simulate import Readout

PARAMETERS = ("k_on", "STAT3_total", "IL6_dose", "load_JAK1", "k_off", "other")
SLOPES = Moved(np.array([0.5, -2.0, 0.25, 9.0, 0.0, 7.0]), np.array([[3.0, 8.0], [-2.0, 0.0]]))
VALUES, CONSTANTS = np.array([1.0, 200.0, 10.0, 4.0, 5.0, 6.0]), np.array([[30.0, np.inf], [70.0, 80.0]])
SPREAD = Moved(np.array([0.1, 0.2, 0.0, 0.4, 0.5, 0.6]), np.array([[0.01, 0.02], [0.7, 0.04]]))


class Linear:
    """The margins of four draws, of which the last could not be run: `middle` moved by the slopes, a quarter apart."""

    drugs, sites, values, constants, spread = ("a", "b"), ("JAK1", "TYK2"), VALUES, CONSTANTS, SPREAD
    margins = SimpleNamespace(model=SimpleNamespace(parameters=PARAMETERS))

    def __init__(self, middle, apart=(0.0, 0.25, -0.25, np.nan)):
        self.middle, self.apart = middle, np.array(apart)

    def slopes(self):
        return SLOPES

    def still(self):
        return Moved(np.zeros((1, len(VALUES))), np.zeros((1, *CONSTANTS.shape)))

    def under(self, moves):
        by = [sum(np.sum(slope * moved) for slope, moved in zip(SLOPES, each, strict=True)) for each in moves]
        return self.middle + np.array(by)[:, None] + self.apart


def judges(*drawn, most=9):
    """Two parameters are drawn; a total and a stimulus are the cell's."""
    setting = {name: SimpleNamespace(parameter=name) for name in PARAMETERS}
    record = SimpleNamespace(totals=(setting["STAT3_total"],), stimulus=(setting["IL6_dose"],))
    draws = pl.DataFrame({"parameter": [*drawn, *drawn]}, schema={"parameter": pl.String})
    return SimpleNamespace(draws=draws, contexts=SimpleNamespace(contexts={"cell": record}), most=most)


def lever(name, slope, sd=0.0, kind="parameter", place=(0,), value=1.0):
    return Lever(kind, name, place, value, slope, sd)


def test_levers_are_what_is_drawn_and_what_the_cell_says_by_the_size_of_their_slope():
    """A load is what a drug does, a constant that is infinite binds nothing, and without a slope nothing moves."""
    assert _levers(Linear(1.0), judges("k_on", "k_off", "load_JAK1"), "cell") == [
        Lever("affinity", "a:JAK1", (0, 0), 30.0, 3.0, 0.01),
        Lever("total", "STAT3_total", (1,), 200.0, -2.0, 0.2),
        Lever("affinity", "b:JAK1", (1, 0), 70.0, -2.0, 0.7),
        Lever("parameter", "k_on", (0,), 1.0, 0.5, 0.1),
        Lever("stimulus", "IL6_dose", (2,), 10.0, 0.25, 0.0),
    ]


def test_named_are_the_largest_slopes_and_what_swings_most():
    """A swing is the size of the slope times the sd."""
    steep, falling, wide = lever("steep", 3.0, 0.1), lever("falling", -2.0, 0.3), lever("wide", 1.0, 0.5)
    assert [each.swing for each in (steep, falling, wide)] == pytest.approx([0.3, 0.6, 0.5])
    every = [steep, falling, wide]
    assert _named(every, 1) == [steep, falling]
    assert _named(every, 2) == [steep, falling]
    assert _named([steep, wide], 1) == [steep, wide] and _named([steep], 5) == [steep]
    assert _named([], 2) == []


def test_the_median_is_that_of_the_draws_that_ran():
    assert _median(np.array([np.nan, 1.0, 5.0, np.inf, 2.0])) == 2.0
    assert np.isnan(_median(np.array([np.nan, np.nan]))) and np.isnan(_median(np.array([])))


@pytest.mark.parametrize("middle", [1.0, -1.0])
def test_an_order_flips_where_the_median_margin_crosses_nothing(middle):
    """At 10^(1/3) and 10^(1/2) times the value; slopes of a half and a quarter do not cross it in a hundredfold."""
    levers = [
        lever("a:JAK1", 3.0, kind="affinity", place=(0, 0), value=30.0),
        lever("STAT3_total", -2.0, place=(1,), value=200.0),
        lever("k_on", 0.5, place=(0,), value=4.0),
        lever("IL6_dose", 0.25, place=(2,), value=10.0),
    ]
    found = _flips(Linear(middle), levers, middle)
    for each, (flips, value, there) in zip(levers[:2], found[:2], strict=True):
        crossing = -middle / each.slope
        way, past = np.sign(crossing), 0.3 / 2**HALVINGS
        ended = np.log10(value / each.value)
        assert flips and 0.0 < (ended - crossing) * way <= past
        assert there == pytest.approx(middle + each.slope * ended) and there * middle < 0
    assert found[2:] == [(False, None, None)] * 2
    assert _flips(Linear(middle), [], middle) == []


def test_a_flip_is_looked_for_from_the_value_itself_on():
    """A margin of 0.01 with a slope of 1 is nothing at a factor of 10^0.01, before the first factor looked at."""
    ((flips, value, there),) = _flips(Linear(0.01), [lever("k_on", 0.5, place=(0,))], 0.01)
    assert flips and -0.02 - REACH[0] / 2**HALVINGS <= np.log10(value) < -0.02
    assert there == pytest.approx(0.01 + 0.5 * np.log10(value))


def rows_of(margin, others=(), there=None, most=1):
    arms = (Arm("cell", "default"), Arm("cell", "default"))
    contest = Contest(Readout("then", "o", 5.0, 5.0), "1 uM", ("first", "second"), arms, others)

    def margin_of(asked):
        labels = {each.hypothesis for each in asked.arms}
        assert len(labels) == 1
        return margin if labels == {"default"} else there[labels.pop()]

    return list(_rows(contest, judges("k_on", most=most), margin_of))


def test_a_row_says_the_median_margin_how_often_the_leader_leads_and_of_how_many_draws():
    """Margins of 0.1, 0.35 and -0.15; the constant a:JAK1 flips their median at a thirtieth of a decade."""
    steepest, widest = rows_of(Linear(0.1))
    about = ("cell", "default", "then", "1 uM", "first", "second")
    assert steepest[:6] == about and steepest[6:8] == pytest.approx((0.1, 2 / 3))
    assert steepest[8:10] == ("affinity", "a:JAK1")
    assert steepest[10:14] == pytest.approx((30.0, 3.0, 0.01, 0.03))
    assert steepest[14] and steepest[15] == pytest.approx(30 * 10 ** (-1 / 30), rel=0.01)
    assert (steepest[16] < 0, steepest[17]) == (True, 3)
    assert widest[8:10] == ("affinity", "b:JAK1") and widest[13] == pytest.approx(1.4)


def test_another_hypothesis_flips_where_its_median_has_the_other_sign():
    """One that could not be run is left out."""
    nothing = Linear(0.5, apart=(np.nan, np.nan))
    there = {"turned": Linear(-0.4), "same": Linear(0.3), "none": nothing}
    *_, turned, same = rows_of(Linear(0.1), ("turned", "none", "same"), there)
    assert turned[8:] == ("hypothesis", "turned", None, None, None, None, True, None, -0.4, 3)
    assert same[8:] == ("hypothesis", "same", None, None, None, None, False, None, 0.3, 3)


def test_where_no_draw_could_be_run_there_is_nothing_to_say():
    assert rows_of(Linear(0.5, apart=(np.nan, np.inf))) == []
