"""Demands, groups, guesses and tables of draws worked out by hand: no network runs here."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from screen.constrain import Unknowns, make_demands, stage
from screen.constrain.demands import LINEAR, Met, log10_of, meet
from screen.constrain.slopes import LANES, Pulled, _grouped
from screen.constrain.stage import _place, tabulate
from screen.constrain.unknowns import residual_sds
from screen.panel import STATISTICS, Finding
from tests.constrain.test_demands import CHECK

INF, NAN = np.inf, np.nan


@pytest.mark.parametrize("statistic", [name for name in STATISTICS if name not in LINEAR])
def test_a_demand_stands_on_the_logarithm_of_its_statistic(statistic):
    """Between a hundredth and ten of it; log2 of a ratio is one already."""
    bounds = (np.log2(0.01), np.log2(10.0)) if statistic == "log2_ratio" else (0.01, 10.0)
    demands = make_demands([replace(CHECK, statistic=statistic, low=bounds[0], high=bounds[1])])
    assert (demands.low.item(), demands.high.item()) == pytest.approx((-2.0, 1.0))
    assert demands.error.item() == 0.02
    assert log10_of(statistic, np.array(bounds)) == pytest.approx([-2.0, 1.0])


@pytest.mark.parametrize(
    ("low", "high", "error"), [(0.9, 1.0, 0.00457575), (0.0, 1.0, 0.02), (1.0, 10.0**0.1, 0.01)]
)
def test_the_error_is_a_tenth_of_a_narrow_window(low, high, error):
    assert make_demands([replace(CHECK, low=low, high=high)]).error.item() == pytest.approx(error, rel=1e-5)


@pytest.mark.parametrize("low", [0.0, -1.0])
def test_a_lower_bound_that_every_ratio_is_above_asks_for_nothing(low):
    """Of a ratio; nothing costs nothing there, and so does infinity."""
    demands = make_demands([replace(CHECK, low=low, high=INF)])
    values = np.array([1e-9, 1.0, 0.0, INF])
    found = meet(demands, [Finding(demands.checks[0], values, values >= low, np.zeros(4, bool))])
    assert not found.cost.any() and not found.slope.any() and not found.curvature.any() and found.holds.all()


def test_what_is_far_on_the_right_side_costs_nothing_and_on_the_wrong_side_its_distance():
    """At least 1: infinity is met; 0 and no number are as far off as anything can be, and pull nowhere."""
    demands = make_demands([replace(CHECK, low=1.0, high=INF)])
    values = np.array([INF, 0.0, NAN, 10.0, 0.1, 10.0**-0.1, 1e-9])
    found = meet(demands, [Finding(demands.checks[0], values, values >= 1.0, np.zeros(7, bool))])
    assert found.cost[:, 0] == pytest.approx([0.0, 150.0, 150.0, 0.0, 50.0, 5.0067153, 150.0], abs=1e-6)
    assert found.slope[:, 0] == pytest.approx(
        [0.0, 0.0, 0.0, 0.0, -50.0, -50 / (1 + np.exp(-5.0)), -50.0], abs=1e-6
    )
    curvature = [0.0, 0.0, 0.0, 0.0, 2500 / 53, 2500 / 8 / (1 + np.exp(-5.0)), 2500 / 153]
    assert found.curvature[:, 0] == pytest.approx(curvature, abs=1e-6)


def test_within_a_window_both_bounds_push():
    """In its middle they hold each other: a cost of two tails five errors away."""
    demands = make_demands([replace(CHECK, low=10.0**-0.1, high=10.0**0.1)])
    found = meet(demands, [Finding(demands.checks[0], np.ones(1), np.ones(1, bool), np.zeros(1, bool))])
    tail, pull = np.log1p(np.exp(-5.0)), 1 / (1 + np.exp(5.0))
    assert found.cost.item() == pytest.approx(2 * tail) and found.slope.item() == pytest.approx(0.0, abs=1e-9)
    assert found.curvature.item() == pytest.approx(2 * pull / 3 * 2500)


def test_draws_and_checks_have_their_own_place():
    demands = make_demands([CHECK, replace(CHECK, name="b", low=2.0, high=INF)])
    values = np.array([[0.1, 5.0, 0.1], [9.0, 9.0, 0.2]])
    findings = [
        Finding(check, each, (each >= check.low) & (each <= check.high), np.zeros(3, bool))
        for check, each in zip(demands.checks, values, strict=True)
    ]
    found = meet(demands, findings)
    assert (found.cost > 1).tolist() == [[False, False], [True, False], [False, True]]
    assert found.holds.tolist() == [[True, True], [False, True], [True, False]]


def test_arms_run_together_as_long_as_they_fit():
    arms = [
        Pulled(place, 0, 0, np.zeros(1), np.arange(lanes), np.ones((lanes, 1)))
        for place, lanes in enumerate((LANES - 200, 200, 1, LANES + 5, 7))
    ]
    assert [[each.check for each in group] for group in _grouped(arms)] == [[0, 1], [2], [3], [4]]
    assert list(_grouped([])) == []


UNKNOWNS = Unknowns(
    ("k", "s"), ("log10", "lin"), np.ones(2), np.array([-3.0, -1.0]), np.array([2.0, 4.0]), {"k": 0}, {},
    np.array([1]),
)  # fmt: skip


def table(rows):
    return pl.DataFrame(rows, schema=["draw", "parameter", "value"], orient="row")


def test_a_guess_is_taken_where_it_has_the_draw_and_the_unknown_within_bounds():
    """Draws 3 and 7; of 3 the guess has k, beyond its bound, and of 5 all; s is a number less than its bound."""
    draws = table([(3, "k", 10.0), (7, "k", 0.1), (3, "other", 1.0), (7, "other", 2.0)])
    start = np.array([[1.0, 2.0], [-1.0, 3.0]])
    guess = table([(3, "k", 1e9), (5, "k", 1.0), (5, "s", 0.0)])
    assert _place(UNKNOWNS, guess, draws, start).tolist() == [[2.0, 2.0], [-1.0, 3.0]]
    assert _place(UNKNOWNS, table([(7, "s", -9.0), (3, "k", 100.0)]), draws, start).tolist() == [
        [2.0, 2.0],
        [-1.0, -1.0],
    ]
    assert _place(UNKNOWNS, None, draws, start) is None
    named = replace(UNKNOWNS, names=("draw", "s"))
    assert _place(named, table([(3, "draw", 100.0)]), draws, start).tolist() == [[2.0, 2.0], [-1.0, 3.0]]


def test_draws_are_written_with_what_moved_in_their_place():
    draws = table([(3, "other", 1.0), (7, "k", 0.1), (7, "other", 2.0), (3, "k", 10.0)])
    found = tabulate(draws, UNKNOWNS, np.array([[2.0, 9.0], [-2.0, 8.0]]))
    assert found.rows() == [
        (3, "other", 1.0),
        (7, "k", pytest.approx(0.01)),
        (7, "other", 2.0),
        (3, "k", pytest.approx(100.0)),
    ]


def test_only_constants_within_a_hundredfold_of_the_least_and_less_certain_than_their_drug_move_alone():
    """sds of 0.3 as the drug, 0.31 (0.08 beyond it), 0.304 (0.049), 0.5 (0.4); the last is 101 times the least."""
    spread = np.array([0.3, 0.31, 0.304, 0.5, 0.5])
    waves = np.where(np.arange(1000) % 2, 1.0, -1.0)
    heights = np.array([1.0, 1.0, 1.0, 2.99, 3.02]) + spread * waves[:, None]
    tables = SimpleNamespace(targets=dict.fromkeys("abcde"))
    sds = residual_sds(["drug"], tables, 10.0 ** heights[:, None])
    assert set(sds) == {("drug", ""), ("drug", "b"), ("drug", "d")}
    assert sds["drug", "d"] == pytest.approx(0.4) and sds["drug", "b"] == pytest.approx(
        np.sqrt(0.31**2 - 0.09)
    )
    assert sds["drug", ""] == 0.3


def test_a_constant_a_hundredfold_of_the_least_moves_with_its_drug_alone():
    """It is as uncertain as one at ninety-nine, which moves by itself."""
    tables = SimpleNamespace(targets=dict.fromkeys("abc"))
    drawn = np.array([[1.0, 100.0 / 8, 99.0 / 8], [1.0, 100.0, 99.0], [1.0, 800.0, 8 * 99.0]])
    assert set(residual_sds(["drug"], tables, drawn[:, None])) == {("drug", ""), ("drug", "c")}


def test_what_is_seen_of_vectors_is_what_was_predicted_over_its_noise_where_it_integrates(monkeypatch):
    """Three vectors, filled up to four; the second has a reading without a number, the third a lane that failed."""
    asked = []

    def predict(vectors):
        asked.append(vectors.tolist())
        ok = np.ones((4, 2), bool)
        ok[1, 0] = False
        return SimpleNamespace(
            compared=6.0 * vectors, sigma=np.array([2.0, 3.0]), ok=ok, failed=np.array([0, 0, 2, 0])
        )

    met = Met(*np.arange(12.0).reshape(3, 4, 1), np.ones((4, 1), bool))
    for name, stub in {
        "make_predictor": predict, "make_sensitivity": None, "make_slopes": None, "meet": met, "find": None,
    }.items():  # fmt: skip
        monkeypatch.setattr(stage, name, lambda *of, stub=stub: stub)

    class Bench(SimpleNamespace):
        """One that runs nothing."""

        def __call__(self, draws):
            return draws

    model = SimpleNamespace(parameters=(), values=())
    bench = Bench(integration=None, tables=SimpleNamespace(model=model, drugs=None))
    unknowns = SimpleNamespace(draws=lambda scaled, network, drugs: scaled, of_calibration=np.array([2, 0]))
    look, _ = stage._make_view(None, SimpleNamespace(checks=()), unknowns, bench, 8)
    seen = look(np.array([[1.0, 9.0, 2.0], [3.0, 9.0, 4.0], [5.0, 9.0, 6.0]]))
    assert asked == [[[2.0, 1.0], [4.0, 3.0], [6.0, 5.0], [2.0, 1.0]]]
    assert seen.predicted.tolist() == [[6.0, 2.0], [0.0, 6.0], [18.0, 10.0]]
    assert seen.sound.tolist() == [True, True, False] and seen.met.cost.tolist() == [[0.0], [1.0], [2.0]]
