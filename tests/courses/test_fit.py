"""A line made by the network itself: the totals that made it are found again from its course."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from screen.courses import StartCell, draws_at, fit_lines, make_courses, usual_totals
from screen.courses.cell import TOTAL_SD, TOTALS
from screen.courses.fit import _learned, _Problem
from screen.errors import FitError, ScenarioError
from screen.experiments import LOAD_OF, Draws, Exposure
from screen.panel import PanelTables
from tests.courses.conftest import NAMES

MINUTES = np.array([0.0, 2.0, 5.0, 10.0, 20.0, 40.0, 60.0])
FACTOR = 0.6
SHARE = 0.2


def made(cell, draws, factors):
    """Courses without noise of a cell with these log10 factors: a scale and a background for each read-out."""
    course = cell.course(draws, np.array([factors]), MINUTES[None])[0]
    signal = (course + SHARE * course.max(axis=0)) * [1.0, 30.0, 700.0]
    rows = [
        (name, minutes, value)
        for name, values in zip(NAMES, signal.T, strict=True)
        for minutes, value in zip(MINUTES, values, strict=True)
    ]
    frame = pl.DataFrame(rows, schema=["readout", "minutes", "value"], orient="row").with_columns(
        sd=pl.lit(0.01)
    )
    return make_courses(frame)


def test_the_totals_that_made_a_course_are_found_again(cell, draws):
    lines = [made(cell, draws, (FACTOR, 0.0)), made(cell, draws, (0.0, 0.0))]
    found = fit_lines(cell, lines, draws)
    assert found.totals[:, 0, 0] == pytest.approx([FACTOR, 0.0], abs=0.06)
    assert found.totals[:, 0, 1] == pytest.approx(0.0, abs=0.01)
    # the courses say much of the receptor, nothing of a receptor that EGF does not reach
    assert (found.sd[:, 0] < 0.2).all() and found.sd[:, 1] == pytest.approx(TOTAL_SD, rel=0.01)
    assert found.started[0, 0] > 50 and (found.ended < 5).all()
    # what is left to pay is what the prior asks for a total so far from where it started
    assert found.ended[0, 0] > 0.9 * 0.5 * (FACTOR / TOTAL_SD) ** 2
    alone = fit_lines(cell, lines[:1], draws)
    np.testing.assert_allclose(alone.totals[0], found.totals[0], rtol=1e-6, atol=1e-6)


def test_a_line_beside_another_is_as_alone_under_each_draw(cell, draws):
    """Vectors are lines under draws: each has its own draw, whatever the times and read-outs of its neighbours."""
    fast = draws.base.copy()
    fast[:, cell.tables.model.parameters.index("STAT6_total")] *= 3.0
    fast[:, cell.tables.model.parameters.index("k_EGFR_int")] *= 4.0
    both = Draws(np.array([0, 1]), np.concatenate([draws.base, fast]), draws.affinity.repeat(2, axis=0))
    first, second = made(cell, draws, (FACTOR, 0.0)), made(cell, draws, (-0.3, 0.0))
    short = second._replace(**{
        name: getattr(second, name)[second.time < 5] for name in ("time", "name", "scale", "signal", "sd")
    })  # fmt: skip
    together, alone = fit_lines(cell, [first, short], both), fit_lines(cell, [short], both)
    for name in ("totals", "background", "likely_background", "sd", "ended"):
        found, known = getattr(together, name)[1], getattr(alone, name)[0]
        np.testing.assert_allclose(found, known, rtol=1e-4, atol=1e-6)
    assert not np.allclose(together.likely_background[:, 0], together.likely_background[:, 1])
    # a total is as uncertain as the courses leave it under a draw, and as the draws differ
    apart = [fit_lines(cell, [short], draws_at(both, np.array([place]))) for place in (0, 1)]
    left = np.mean([one.sd[0] ** 2 for one in apart], axis=0)
    among = (np.log10(cell.starts(both)) + together.totals[1]).var(axis=0)
    assert among[1] > 0.01
    assert together.sd[1] == pytest.approx(np.sqrt(left + among), rel=1e-3)
    # what the context does not set starts from the draw
    assert cell.starts(both)[1, 1] == pytest.approx(3 * cell.starts(both)[0, 1])


def test_lines_that_are_alike_say_what_is_likely(cell, draws):
    """Four lines are made with a factor that the start cell has not; of a fifth nothing is known but its background."""
    lines = [made(cell, draws, (FACTOR + off, 0.0)) for off in (-0.1, -0.05, 0.05, 0.1)]
    silent = lines[0]._replace(sd=np.full_like(lines[0].sd, 30.0))
    apart, alike = (
        fit_lines(cell, [*lines, silent], draws, alike=so).totals[:, 0, 0] for so in (False, True)
    )
    np.testing.assert_allclose(alike[:4], FACTOR + np.array([-0.1, -0.05, 0.05, 0.1]), atol=0.03)
    assert abs(apart[4]) < 0.05
    assert alike[4] == pytest.approx(FACTOR, abs=0.25)
    with pytest.raises(FitError, match="must be at least 3, found 2"):
        fit_lines(cell, lines[:2], draws, alike=True)


def test_what_lines_say_is_likely_is_a_mean_of_each_draw_and_an_sd_of_all():
    scaled = np.array([[[0.0], [5.0]], [[1.0], [7.0]], [[2.0], [9.0]]])
    problem = _learned(_Problem(*[None] * 6), scaled, np.full(scaled.shape, 0.5))
    np.testing.assert_allclose(problem.mean[:, 0], [1.0, 7.0] * 3)
    assert problem.sd == pytest.approx(np.sqrt([0.5 + (2 * 1 + 2 * 4) / 6]))


def test_a_cell_that_fails_is_refused(cell, draws):
    broken = draws._replace(base=np.full_like(draws.base, np.nan))
    with pytest.raises(FitError, match="must integrate under every draw, found 1 of 1"):
        fit_lines(cell, [made(cell, draws, (0.0, 0.0))], broken)
    two = draws_at(draws, np.array([0, 0]))
    half = two._replace(base=np.where([[True], [False]], two.base, np.nan))
    with pytest.raises(FitError, match="must integrate under every draw, found 1 of 2"):
        fit_lines(cell, [made(cell, draws, (0.0, 0.0))], half)


def test_a_readout_that_is_0_throughout_is_refused(cell, draws, monkeypatch):
    """Beside nothing there is only background, which is flat whatever the totals are."""
    line, course = made(cell, draws, (0.0, 0.0)), cell.course

    def without_erk(*arguments):
        return course(*arguments) * (np.array(NAMES) != "pERK")

    monkeypatch.setattr(cell, "course", without_erk)
    with pytest.raises(FitError, match=r"must be above 0 .* in breast_mcf10a, found pERK at 0 throughout"):
        fit_lines(cell, [line], draws)


def test_a_factor_is_a_power_of_ten_of_a_total(cell, draws, monkeypatch):
    known = cell.course(draws, np.array([[0.5, 0.5]]), MINUTES[None])
    starts = cell.starts(draws)
    monkeypatch.setattr(cell, "starts", lambda draws: starts * np.sqrt(10))
    np.testing.assert_allclose(cell.course(draws, np.zeros((1, 2)), MINUTES[None]), known, rtol=1e-9)
    assert (known != cell.course(draws, np.array([[0.4, 0.5]]), MINUTES[None])).any()


def test_a_treatment_acts_under_the_totals_of_the_line(cell, draws):
    twice = draws_at(draws, np.array([0, 0]))
    factors, times = np.array([[0.0, 0.0], [0.5, 0.0]]), np.repeat(MINUTES[None], 2, axis=0)
    plain = cell.course(twice, factors, times)
    blocked = cell.course(twice, factors, times, Exposure(((LOAD_OF + "EGFR", 1000.0),)))
    erk = NAMES.index("pERK")
    assert (blocked[:, 2:, erk] < plain[:, 2:, erk]).all()
    assert plain[1, 1, erk] > plain[0, 1, erk]


def test_totals_that_courses_usually_set_are_those_that_the_cell_has(world):
    """Blood cells have no EGFR; what their table does not say is as in the network."""
    tables = PanelTables(world.model, world.contexts, world.drugs)
    assert usual_totals(tables, "breast_mcf10a") == TOTALS
    assert usual_totals(tables, "human_blood") == tuple(name for name in TOTALS if name != "EGFR_total")


@pytest.mark.parametrize(
    ("total", "message"), [("EGFR", "must be parameters of the network"), ("IL6_dose", "must be above 0")]
)
def test_totals_that_cannot_be_set_are_refused(cell, total, message):
    with pytest.raises(ScenarioError, match=message):
        StartCell(cell.tables, cell.arm, (total,), NAMES, cell.integration)


@pytest.mark.parametrize("times", [2, 3])
def test_a_total_that_is_named_more_than_once_is_refused(cell, times):
    with pytest.raises(ScenarioError, match=f"must be named once, found EGFR_total {times} times"):
        StartCell(cell.tables, cell.arm, ("EGFR_total",) * times, NAMES, cell.integration)


def test_a_total_has_the_sd_of_its_row_else_half_a_decade_and_the_first_parameter_can_be_set(
    world, draws, cell
):
    tables = PanelTables(world.model, world.contexts, world.drugs)
    record = world.contexts.contexts["breast_mcf10a"]
    totals = tuple(
        replace(each, sd=0.2) if each.parameter == "EGFR_total" else each for each in record.totals
    )
    known = replace(world.contexts, contexts={"breast_mcf10a": replace(record, totals=totals)})
    first = world.model.parameters[0]
    found = StartCell(
        replace(tables, contexts=known),
        cell.arm,
        (first, "EGFR_total", "STAT6_total"),
        ("pERK",),
        cell.integration,
    )
    assert found.sd.tolist() == [0.5, 0.2, 0.5]
    other = draws._replace(base=draws.base * 7.0)
    assert found.starts(other)[0, 0] == 7.0 * world.model.values[0]
    assert found.starts(other)[0, 1] == found.starts(draws)[0, 1]
