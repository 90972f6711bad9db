"""Totals with an sd are drawn by name; everything else is what it was."""

from dataclasses import replace

import numpy as np
import pytest

from screen.experiments import lane_parameters, rest_parameters
from screen.scenarios import Request, normal_stream, plan_scenarios
from screen.simulate import ScreenTables, distinct_cells, make_part
from tests.experiments.test_design import COLUMN, NAMES, VALUES, Network, draws_of

TOTAL = COLUMN["STAT3_total"]


def with_sd(contexts, **sds):
    """The contexts with an sd for STAT3_total in those named."""
    changed = {
        name: replace(
            context, totals=tuple(replace(total, sd=sds.get(name, 0.0)) for total in context.totals)
        )
        for name, context in contexts.contexts.items()
    }
    return replace(contexts, contexts=changed)


@pytest.fixture
def lanes(drugs):
    """Parameters of all lanes [arms, draws, phases, parameters], and of all cells at rest."""

    def make(contexts, count=3, seed=1, names=NAMES):
        scenarios = plan_scenarios(contexts, drugs, Request(doses_nM=[10], drugs=["ruxolitinib"]))
        tables = ScreenTables(scenarios, contexts, drugs, draws_of(drugs, count), seed)
        known = dict(zip(NAMES, VALUES, strict=True))
        part = make_part(tables, Network(names, tuple(known[name] for name in names)))
        arm, draw = part.arm_and_draw(np.arange(part.lanes))
        row, under, _ = distinct_cells(part.design.rest[arm], draw)
        found = np.asarray(lane_parameters(part.design, part.draws, arm, draw))
        rest = np.asarray(rest_parameters(part.design, part.draws, row, under))
        cells = scenarios.select("context", "hypothesis").unique(maintain_order=True).height
        return found.reshape(part.design.arms, count, *found.shape[1:]), rest.reshape(cells, count, -1)

    return make


def test_a_total_is_spread_around_its_value_by_the_stream_of_its_name(lanes, contexts):
    exact, _ = lanes(contexts)
    drawn, rest = lanes(with_sd(contexts, lymphoma=0.3))
    expected = 1000 * 10 ** (0.3 * normal_stream(1, "total", "lymphoma\0STAT3_total", np.arange(3)))
    liver, lymphoma = drawn[:2], drawn[2:]
    np.testing.assert_allclose(
        lymphoma[..., TOTAL], np.broadcast_to(expected[None, :, None], lymphoma.shape[:3])
    )
    np.testing.assert_allclose(rest[1:, :, TOTAL], np.broadcast_to(expected, (2, 3)))
    np.testing.assert_array_equal(liver, exact[:2])
    others = np.delete(np.arange(len(NAMES)), TOTAL)
    np.testing.assert_array_equal(drawn[..., others], exact[..., others])


def test_the_spread_has_the_sd_that_the_table_says(lanes, contexts):
    drawn, _ = lanes(with_sd(contexts, liver=0.2), count=1000)
    log = np.log10(drawn[0, :, 0, TOTAL])
    assert log.mean() == pytest.approx(np.log10(28.2), abs=4 * 0.2 / np.sqrt(1000))
    assert log.std() == pytest.approx(0.2, rel=0.1)


def test_a_total_draws_the_same_whatever_else_is_uncertain_and_whatever_the_seed_changes(lanes, contexts):
    alone, _ = lanes(with_sd(contexts, liver=0.2))
    both, _ = lanes(with_sd(contexts, liver=0.2, lymphoma=0.3))
    other, _ = lanes(with_sd(contexts, liver=0.2), seed=2)
    np.testing.assert_array_equal(alone[:2], both[:2])
    assert (alone[0, :, 0, TOTAL] != other[0, :, 0, TOTAL]).all()


@pytest.mark.parametrize("place", [0, len(NAMES) - 1])
def test_a_total_is_drawn_wherever_it_stands_in_the_network(lanes, contexts, place):
    """The first parameter too, beside cells that have nothing uncertain."""
    others = [name for name in NAMES if name != "STAT3_total"]
    names = (*others[:place], "STAT3_total", *others[place:])
    uncertain = with_sd(contexts, lymphoma=0.3)
    for found, known in zip(lanes(uncertain, names=names), lanes(uncertain), strict=True):
        np.testing.assert_array_equal(found, known[..., [COLUMN[name] for name in names]])


def test_nominal_values_are_nominal(drugs, contexts):
    uncertain = with_sd(contexts, liver=0.3)
    scenarios = plan_scenarios(uncertain, drugs, Request(doses_nM=[10], drugs=["ruxolitinib"]))
    part = make_part(ScreenTables(scenarios, uncertain, drugs, None, 1), Network(NAMES, VALUES))
    lane = np.zeros(1, dtype=int)
    assert lane_parameters(part.design, part.draws, lane, lane)[0, 0, TOTAL] == 28.2


def test_what_a_hypothesis_sets_is_exact(lanes, contexts):
    settings = contexts.options["direct"].settings | {"STAT3_total": 5.0}
    options = {**contexts.options, "direct": replace(contexts.options["direct"], settings=settings)}
    drawn, _ = lanes(replace(with_sd(contexts, lymphoma=0.3), options=options))
    direct, through_jak3 = drawn[2:4], drawn[4:]
    assert (direct[..., TOTAL] == 5.0).all()
    assert len(np.unique(through_jak3[..., TOTAL])) == 3
