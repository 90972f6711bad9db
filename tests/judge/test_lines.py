"""Effects in lines, the strength that other lines tell, and scores, on numbers that can be followed by hand."""

import numpy as np
import polars as pl
import pytest

from screen.courses import Fitted
from screen.errors import FitError
from screen.judge import lines as judged
from screen.judge.lines import judge_lines
from screen.sources import Lines

LINES = ("a", "b", "c")


class Cell:
    """Reads 2 without inhibitor, and 2/(1 + load/10) at every time with one; pERK is the square of that."""

    names = ("pY705_level", "pERK")
    totals = ("EGFR_total",)

    def course(self, draws, factors, minutes, treatment=None):
        ((name, load),) = treatment.values if treatment and treatment.values else (("load:EGFR", 0.0),)
        assert name in ("load:EGFR", "load:PKC")
        left = np.full((*minutes.shape, 2), 2 / (1 + load / 10))
        left[..., 1] **= 2
        return left


def readings(erk=(-2.0, -2.0, -2.0)):
    rows = []
    for place, line in enumerate(LINES):
        for course, off in (("A", 0.1), ("B", -0.1)):
            for minutes in (0.0, 5.0, 20.0):
                rows += [(line, "", course, minutes, name, 8.0) for name in Cell.names]
                # a load of 10 halves pY705; line b is off by one
                log2 = -1.0 + off + (1.0 if place == 1 else 0.0)
                rows.append((line, "iEGFR", course, minutes, "pY705_level", 8.0 * 2**log2))
                rows.append((line, "iEGFR", course, minutes, "pERK", 8.0 * 2 ** erk[place]))
                rows.append((line, "iPKC", course, minutes, "pY705_level", 8.0 * 2**0.5))
                rows.append((line, "iPKC", course, minutes, "pERK", 8.0))
    return pl.DataFrame(
        rows, schema=["line", "treatment", "course", "minutes", "readout", "value"], orient="row"
    )


@pytest.fixture
def judge(monkeypatch):
    """Scores of readings, with every total where it started."""
    nothing = np.zeros((len(LINES), 1, 1))
    fitted = Fitted(
        nothing, nothing[:, 0], *[np.zeros((len(LINES), 1, 2))] * 2, nothing[..., 0] + 9, nothing[..., 0] + 4
    )
    # lines are judged as alike: what is likely is theirs, not that of the start cell
    monkeypatch.setattr(judged, "fit_lines", lambda *given, alike: {True: fitted}[alike])
    monkeypatch.setattr(judged, "draws_at", lambda draws, places: draws)
    treated = Lines((), 0.0, {"iEGFR": "EGFR", "iPKC": "PKC"}, ("iEGFR", "iPKC"), Cell.names)
    return lambda frame: judge_lines(Cell(), frame, treated, None, judged.Log())


@pytest.fixture
def told(judge):
    return judge(readings())


def test_an_inhibitor_has_the_strength_that_other_readouts_tell(told):
    table, _ = told
    mine = table.filter(treatment="iEGFR")
    assert mine["load"].to_list() == [10.0] * 3  # pERK falls to a quarter at a load of 10
    assert mine["predicted"].to_list() == pytest.approx([-1.0] * 3)
    assert mine["effect"].to_list() == pytest.approx([-1.0, 0.0, -1.0])
    assert mine["others"].to_list() == pytest.approx([-0.5, -1.0, -0.5])
    # courses differ by 0.2: the sd of one is 0.1 * sqrt(2), of their mean 0.1
    assert mine["noise"].to_list() == pytest.approx([0.1] * 3)


def test_a_line_says_nothing_of_the_strength_that_it_is_predicted_with(judge):
    """In line b pERK falls as at a load of 1000, in the others as at 10; 100 lies between one of each."""
    table, _ = judge(readings(erk=(-2.0, 2 * np.log2(1 / 101), -2.0)))
    assert table.filter(treatment="iEGFR").sort("line")["load"].to_list() == [100.0, 10.0, 100.0]


def test_what_the_integrator_leaves_of_nothing_has_no_direction():
    rows = pl.DataFrame(
        {
            "effect": [1.0, 1.0],
            "noise": 0.1,
            "load": 3.0,
            "others": 0.0,
            "like": 0.0,
            "predicted": [1e-7, 0.1],
        }
    )
    assert judged._score(rows)["signs"] == 0.5


def test_an_effect_has_a_direction_beyond_three_sds_and_a_prediction_from_a_thousandth_on():
    """Of 0.75, 0.76 and -1 with sd 0.25 two are beyond; 0.001 is up, -0.0005 is nothing."""
    told = {"effect": [0.75, 0.76, -1.0], "noise": 0.25, "predicted": [-1.0, 1e-3, -5e-4]}
    found = judged._score(
        pl.DataFrame(told | {"load": [3.0, 1.0, 3.0], "others": 0.5, "like": [0.75, 0.76, 2.0]})
    )
    assert (found["effects"], found["beyond_noise"], found["signs"], found["loads"]) == (
        3,
        2,
        0.5,
        [1.0, 3.0],
    )
    assert found["like"] == pytest.approx(3**0.5)
    assert found["others"] == pytest.approx(((0.25**2 + 0.26**2 + 1.5**2) / 3) ** 0.5)
    assert found["no_effect"] == pytest.approx(((0.75**2 + 0.76**2 + 1.0) / 3) ** 0.5)
    nothing = judged._score(pl.DataFrame(told | {"noise": 9.0, "load": 1.0, "others": 0.0, "like": 0.0}))
    assert nothing["beyond_noise"] == 0 and nothing["signs"] is None


def test_loads_that_are_tried_lie_half_a_decade_apart_up_to_a_hundred_and_then_one():
    steps = np.diff(np.log10(judged.LOADS))
    assert judged.LOADS[0] == 0.3
    assert steps == pytest.approx([0.5] * 5 + [1.0], abs=0.03)


def test_what_is_read_at_the_start_is_no_effect_and_medians_pass_over_draws_that_fail():
    """Doubled at 0 min and quartered at half a minute: -2. Of draws of 1, a failure, 2 and 9 the median is 2."""
    rows = [
        ("a", treatment, "A", minutes, "pERK", value)
        for treatment, minutes, value in (("", 0.0, 1.0), ("i", 0.0, 2.0), ("", 0.5, 8.0), ("i", 0.5, 2.0))
    ]
    frame = pl.DataFrame(
        rows, schema=["line", "treatment", "course", "minutes", "readout", "value"], orient="row"
    )
    found = judged._effects(frame, frame.filter(treatment=""))
    assert found["minutes"].to_list() == [0.5] and found["effect"].to_list() == [-2.0]
    draws = np.array([1.0, np.nan, 2.0, 9.0])
    effects = np.stack([draws, -draws])[:, None, :, None, None] + np.array([[0.0, 10.0]])
    told = judged._told(effects, np.array([5.0]), ["pY705_level", "pERK"])
    assert told.sort("readout").rows() == [(0, 5.0, "pERK", 12.0, 8.0), (0, 5.0, "pY705_level", 2.0, -2.0)]
    effects[1, 0, :, 0, 0] = np.nan
    with pytest.raises(FitError, match="every line must integrate under some draw"):
        judged._told(effects, np.array([5.0]), ["pY705_level", "pERK"])


def test_noise_is_the_sd_of_the_mean_of_courses_that_differ_averaged_over_lines():
    """Courses 0 and 2, and 1, 1 and 4: variances 2/2 and 3/3 of the means."""
    rows = [
        ("a", "A", 0.0),
        ("a", "B", 1.0),
        ("a", "B", 3.0),
        ("b", "A", 1.0),
        ("b", "B", 1.0),
        ("b", "C", 4.0),
    ]
    frame = pl.DataFrame(rows, schema=["line", "course", "effect"], orient="row").with_columns(
        treatment=pl.lit("i")
    )
    assert judged._noise(frame).rows() == [("i", 1.0)]
    steady = frame.filter(line="b").with_columns(line=pl.lit("c"), effect=1.0)
    assert judged._noise(pl.concat([frame, steady])).rows() == [("i", pytest.approx((2 / 3) ** 0.5))]


def test_the_strength_is_the_load_whose_squared_errors_in_the_other_lines_are_least_together():
    """Line c, of which two read-outs were read, weighs as both of its errors: 2 at a load of 10 against 1.7 at 3."""
    rows = [
        (line, "i", readout, load, 0.0, error)
        for line, readout, at_3, at_10 in (
            ("a", "pERK", 0.0, 0.0), ("b", "pERK", 1.3, 0.0), ("c", "pERK", 0.0, 1.0), ("c", "pAKT_S473", 0.0, 1.0),
            ("c", "pY705_level", 0.0, 9.0),
        )
        for load, error in ((3.0, at_3), (10.0, at_10))
    ]  # fmt: skip
    frame = pl.DataFrame(
        rows, schema=["line", "treatment", "readout", "load", "effect", "predicted"], orient="row"
    )
    found = judged._strengths(frame).sort("line")
    assert found.rows() == [("a", "i", 3.0), ("b", "i", 3.0), ("c", "i", 10.0)]


def test_scores_compare_with_the_rivals(told):
    _, scores = told
    mine = scores["groups"]["iEGFR"]
    assert mine["rmse"] == pytest.approx((1 / 3) ** 0.5) and mine["no_effect"] == pytest.approx(
        (2 / 3) ** 0.5
    )
    assert mine["others"] == pytest.approx((1.5 / 3) ** 0.5)
    assert (mine["beyond_noise"], mine["signs"]) == (2, 1.0)
    wrong = scores["groups"]["iPKC"]  # the other way round than the smallest load tells
    assert wrong["loads"] == [0.3] and wrong["signs"] == 0.0
    assert wrong["rmse"] == pytest.approx(0.5 + np.log2(1.03)) and wrong["no_effect"] == pytest.approx(0.5)
    together = scores["groups"]["iEGFR iPKC"]
    assert together == scores["groups"]["all"] and together["effects"] == 6
    assert together["rmse"] == pytest.approx(((mine["rmse"] ** 2 + wrong["rmse"] ** 2) / 2) ** 0.5)


class Drawn(Cell):
    """Reads 2^(total of the line) times a draw of its own."""

    def course(self, draws, factors, minutes, treatment=None):
        assert minutes.tolist() == [[5.0, 9.0]] * len(draws)
        return np.repeat((draws * 2.0 ** factors[:, 0])[:, None, None], minutes.shape[1], axis=1).repeat(
            2, axis=2
        )


def test_each_line_is_read_under_each_draw_with_its_own_totals_and_background(monkeypatch):
    """Three lines, two draws of 1 and 8; totals of 0, 1, 2 in the first draw and 3, 4, 5 in the second."""
    monkeypatch.setattr(judged, "draws_at", lambda draws, places: draws[places])
    totals = np.arange(6.0).reshape(2, 3).T[..., None]
    fitted = Fitted(
        totals, totals[..., 0], np.full((3, 2, 2), 0.5), np.full((3, 2, 2), 1.0), *[np.zeros((3, 2))] * 2
    )
    own, like = judged._levels(Drawn(), fitted, np.array([1.0, 8.0]), np.array([5.0, 9.0]))
    assert own.shape == like.shape == (3, 2, 2, 2)
    want = np.array([1.0, 8.0]) * 2.0 ** totals[..., 0]
    assert own == pytest.approx(np.log2(want + 0.5)[..., None, None] + np.zeros((2, 2)))
    assert like[:, :, 0, 0] == pytest.approx(np.log2(np.tile([2.0, 9.0], (3, 1))))
