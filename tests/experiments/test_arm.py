"""What an arm is given at which minute and dose, worked by hand, and what the lanes make of it."""

from math import inf

import numpy as np
import polars as pl
import pytest

from screen.errors import ScenarioError
from screen.experiments import (
    Arm,
    Exposure,
    cell_settings,
    lane_parameters,
    loads,
    make_design,
    read_draws,
    written_out,
)
from screen.experiments.design import _minutes
from tests.scenarios.tables import NAMES, VALUES

COLUMN = {name: index for index, name in enumerate(NAMES)}
NETWORK = dict(zip(NAMES, VALUES, strict=True))


def test_of_a_series_the_value_is_a_share_and_other_names_stay():
    """3/4 of the dose, then half of it, beside a fixed one; at dose 0 the name goes and one that is 0 itself stays."""
    given = Exposure(
        (("a", 0.75), ("b", 5.0), ("c", 0.0)),
        ("a", (1.0, 8.0)),
        until=9.0,
        later=((4.0, (("a", 0.5), ("b", 1.0))),),
    )
    assert given.at(8.0) == Exposure(
        (("a", 6.0), ("b", 5.0), ("c", 0.0)), until=9.0, later=((4.0, (("a", 4.0), ("b", 1.0))),)
    )
    assert given.at(0.0) == Exposure((("b", 5.0), ("c", 0.0)), until=9.0, later=((4.0, (("b", 1.0),)),))
    assert given.names() == ("a", "b", "c")
    fixed = Exposure((("a", 0.75),))
    assert fixed.at(8.0) is fixed


def test_what_is_there_is_the_last_that_was_given_until_it_ends():
    first, second, third = (("a", 1.0),), (("a", 2.0),), (("b", 3.0),)
    given = Exposure(first, until=30.0, later=((10.0, second), (20.0, third)))
    at = {-5.0: first, 9.9: first, 10.0: second, 19.9: second, 20.0: third, 29.9: third, 30.0: (), 31.0: ()}
    assert {minute: given.when(minute) for minute in at} == at
    assert given.given == (first, second, third) and given.names() == ("a", "b")
    assert Exposure(first).when(inf) == () and Exposure(first).when(1e9) == first


def test_phases_begin_at_the_treatment_the_stimulus_and_each_change_before_the_end():
    treatment = Exposure((("a", 1.0),), until=40.0, later=((-20.0, (("a", 2.0),)), (40.0, ()), (50.0, ())))
    stimulus = Exposure((("s", 1.0),), until=15.0)
    arm = Arm("liver", stimulus=stimulus, treatment=treatment, pretreatment=60.0)
    assert arm.changes == (-20.0, 15.0, 40.0)
    assert _minutes(arm) == [-60.0, -20.0, 0.0, 15.0, 40.0]
    assert _minutes(Arm("liver", treatment=treatment, pretreatment=10.0)) == [-10.0, 0.0, 40.0]
    assert _minutes(Arm("liver")) == [0.0, 0.0]
    assert Arm("liver").changes == () and Arm("liver").doses == (0.0,)


def test_doses_are_those_of_the_stimulus_or_else_of_the_treatment_after_none():
    series = Exposure((("a", 1.0),), ("a", (3.0, 9.0)))
    for arm in (Arm("liver", stimulus=series), Arm("liver", treatment=series)):
        assert arm.doses == (0.0, 3.0, 9.0)
        assert {arm.at(9.0).stimulus, arm.at(9.0).treatment} == {Exposure(), Exposure((("a", 9.0),))}


def test_an_arm_written_out_has_the_stimulus_and_the_time_of_its_context(contexts):
    drug = Exposure((("ruxolitinib", 1.0),))
    own = written_out(Arm("liver", stimulus=Exposure(own=True), treatment=drug), contexts)
    assert (own.pretreatment, own.stimulus) == (30.0, Exposure((("IL6_dose", 10.0),)))
    further = Exposure((("X", 2.0),), until=5.0, own=True, later=((3.0, (("IL6_dose", 1.0),)),))
    assert written_out(Arm("liver", stimulus=further), contexts).stimulus == Exposure(
        (("IL6_dose", 10.0), ("X", 2.0)), until=5.0, later=((3.0, (("IL6_dose", 1.0),)),)
    )
    assert written_out(
        Arm("liver", stimulus=Exposure((("X", 2.0),)), treatment=drug, pretreatment=7.0), contexts
    ) == Arm("liver", stimulus=Exposure((("X", 2.0),)), treatment=drug, pretreatment=7.0)
    nothing = Arm("liver", stimulus=Exposure(until=5.0), treatment=Exposure(until=9.0), pretreatment=7.0)
    assert written_out(nothing, contexts) == Arm("liver", pretreatment=0.0)


def lanes_of(arm, contexts, drugs, draws=None, used=("ruxolitinib", "tofacitinib")):
    """Parameters [phases, parameters] of the first draw."""
    read = read_draws(draws, NETWORK, used, drugs, seed=1)
    design = make_design([arm], contexts, drugs, used, NAMES)
    zero = np.zeros(1, int)
    return np.asarray(lane_parameters(design, read, zero, zero))[0]


def test_a_parameter_may_be_called_draw(drugs):
    draws = pl.DataFrame(
        {"draw": [4, 2] * 2, "parameter": ["draw", "draw", "k", "k"], "value": [0.5, 0.25, 1, 2]}
    )
    read = read_draws(draws, {"k": 9.0, "draw": 9.0}, (), drugs, seed=1)
    assert read.number.tolist() == [2, 4] and read.base.tolist() == [[2.0, 0.25], [1.0, 0.5]]


def test_a_load_that_is_named_adds_to_that_of_drugs(contexts, drugs):
    """300 nM over 3.4 nM times 26 of ruxolitinib, and 2 on top; tofacitinib has 1.6 nM there."""
    given = (("ruxolitinib", 300.0), ("load:JAK1", 2.0), ("tofacitinib", 40.0), ("k_off", 7.0))
    arm = Arm("liver", treatment=Exposure(given, until=20.0), pretreatment=5.0)
    before, during, after = lanes_of(arm, contexts, drugs)
    assert before[COLUMN["load_JAK1"]] == pytest.approx(300 / (3.4 * 26) + 40 / (1.6 * 26) + 2)
    assert during.tolist() == before.tolist()
    assert after[COLUMN["load_JAK1"]] == 0
    assert [phase[COLUMN["k_off"]] for phase in (before, during, after)] == [7.0, 7.0, 2.0]


def test_a_residual_at_one_target_multiplies_that_of_the_drug_there_alone(contexts, drugs):
    values = {"sigma_ruxolitinib": 2.0, "sigma_ruxolitinib:JAK1": 3.0, "sigma_tofacitinib": 1.0}
    draws = pl.DataFrame({"draw": [0] * 3, "parameter": list(values), "value": list(values.values())})
    arm = Arm("liver", treatment=Exposure((("ruxolitinib", 300.0),)), pretreatment=5.0)
    plain, off = (lanes_of(arm, contexts, drugs, table)[0] for table in (None, draws))
    ratio = {name: plain[COLUMN[f"load_{name}"]] / off[COLUMN[f"load_{name}"]] for name in ("JAK1", "JAK2")}
    assert ratio == pytest.approx({"JAK1": 6.0, "JAK2": 2.0})


def test_a_share_leaves_so_much_of_what_the_cell_has_in_every_phase(contexts, drugs):
    arm = Arm("liver", stimulus=Exposure(own=True), shares=(("STAT3_total", 0.25),))
    whole = lanes_of(Arm("liver", stimulus=Exposure(own=True)), contexts, drugs)
    part = lanes_of(arm, contexts, drugs)
    assert part[:, COLUMN["STAT3_total"]].tolist() == [28.2 / 4, 28.2 / 4]
    others = [place for name, place in COLUMN.items() if name != "STAT3_total"]
    assert part[:, others].tolist() == whole[:, others].tolist()


def test_genotype_comes_last_and_a_hypothesis_before_it(contexts):
    arm = Arm("liver", "direct+tight", genotype=(("k_off", 9.0),))
    assert cell_settings(arm, contexts) == {"STAT3_total": 28.2, "h_dir": 1.0, "h_jak3": 0.0, "k_off": 9.0}


def test_loads_of_two_doses_and_an_unknown_drug(drugs):
    """Hill 2.5 of Stattic: (dose/40 uM)^2.5; none at dose 0."""
    found = loads({"Stattic": 80000.0, "ruxolitinib": 0.0}, drugs)
    assert found["STAT3_SH2"] == pytest.approx(2**2.5) and found["JAK1"] == 0.0
    with pytest.raises(
        ScenarioError, match=r"must be a drug of the table, found x; .*at least 0 nM, found nan|found x"
    ):
        loads({"x": 1.0, "Stattic": float("nan")}, drugs)
