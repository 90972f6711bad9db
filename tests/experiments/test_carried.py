"""Variants that cells carry act in lanes, loads and routes, and where the tables do not fit it is said."""

import numpy as np
import polars as pl
import pytest

from screen.errors import ScenarioError
from screen.experiments import Arm, Exposure, arm_routes, lane_parameters, loads, make_design, read_draws
from screen.network import compose_network, read_sbml
from screen.potency import read_potent_drugs
from screen.scenarios import (
    Request,
    carried,
    plan_scenarios,
    read_context_tables,
    read_drug_tables,
    wild_type_constants,
)

MUTANT = "EGFR_L858R_T790M"
DRUGS = ("osimertinib", "gefitinib", "vemurafenib", "brigatinib")
DOSE = 100.0
HEADER = "context\tkind\tparameter\tvalue\tunit\tmark\tsource\n"


@pytest.fixture(scope="module")
def files(root):
    return [root / f"config/{name}.tsv" for name in ("drugs", "affinities", "targets")]


@pytest.fixture(scope="module")
def potent(root, files):
    return read_potent_drugs(*files, root / "config/potency")


@pytest.fixture
def cells(root, tmp_path):
    """The shipped contexts and own rows."""

    def read(*rows):
        (tmp_path / "own.tsv").write_text(
            HEADER + "".join("\t".join((*row, "", "", "")) + "\n" for row in rows)
        )
        return read_context_tables(
            [root / "config/contexts.tsv", tmp_path / "own.tsv"], root / "config/hypotheses.tsv"
        )

    return read


def arm(context, drug, hypothesis="default"):
    return Arm(context, hypothesis, stimulus=Exposure(own=True), treatment=Exposure(((drug, DOSE),)))


def lane_loads(contexts, drugs, context, drug):
    """Loads [draws, targets] of a lane under three draws."""
    cell = contexts.contexts[context]
    names = [f"load_{target}" for target in drugs.targets]
    names += [setting.parameter for setting in (*cell.totals, *cell.stimulus)]
    network = dict.fromkeys([*names, "IL6_dose"], 0.0)
    table = pl.DataFrame({"draw": [0, 1, 2], "parameter": "IL6_dose", "value": 1.0})
    draws = read_draws(table, network, DRUGS, drugs, 1)
    design = make_design([arm(context, drug)], contexts, drugs, DRUGS, list(network))
    lanes = lane_parameters(design, draws, np.zeros(3, int), np.arange(3))
    return np.asarray(lanes)[:, -1, : len(drugs.targets)]


def test_a_lane_has_the_constants_of_the_variant_that_its_cell_carries(cells, potent):
    contexts = cells(("h1975", "from", "breast_bt20", ""), ("h1975", "construct", MUTANT, "1"))
    sites, targets = [*potent.targets, *potent.variants], list(potent.targets)
    for drug, stronger in (("osimertinib", True), ("gefitinib", False)):
        wild, mutant = (lane_loads(contexts, potent, cell, drug) for cell in ("breast_bt20", "h1975"))
        constant = potent.potency.drawn([drug], 3, 1)[:, 0]
        at = targets.index("EGFR")
        np.testing.assert_allclose(mutant[:, at], DOSE / constant[:, sites.index(MUTANT)], rtol=1e-12)
        np.testing.assert_allclose(wild[:, at], DOSE / constant[:, at], rtol=1e-12)
        assert (np.median(mutant[:, at]) > np.median(wild[:, at])) == stronger
        assert np.delete(mutant, at, axis=1).tobytes() == np.delete(wild, at, axis=1).tobytes()


def test_a_draw_has_the_constants_of_its_number_whatever_others_are_there(potent):
    """Draws 5 and 2 alone, in the order of their numbers, and every draw up to 5."""

    def affinity(*numbers):
        table = pl.DataFrame({"draw": list(numbers), "parameter": "k", "value": 1.0})
        return read_draws(table, {"k": 1.0}, DRUGS, potent, 1).affinity

    np.testing.assert_array_equal(affinity(5, 2), affinity(*range(6))[[2, 5]])


def test_vemurafenib_acts_on_v600e_in_the_shipped_melanoma(cells, potent):
    contexts = cells()
    melanoma, breast = (
        lane_loads(contexts, potent, cell, "vemurafenib") for cell in ("braf_melanoma", "breast_bt20")
    )
    at, sites = list(potent.targets).index("RAF"), [*potent.targets, *potent.variants]
    constant = potent.potency.drawn(["vemurafenib"], 3, 1)[:, 0, sites.index("BRAF_V600E")]
    np.testing.assert_allclose(melanoma[:, at], DOSE / constant, rtol=1e-12)
    assert not np.isclose(melanoma[:, at], breast[:, at]).any()
    assert carried(contexts.contexts["braf_melanoma"], potent) == {"RAF": "BRAF_V600E"}


def test_loads_without_draws_are_those_of_the_variant_too(potent):
    wild, mutant = (loads({"gefitinib": DOSE}, potent, variants=each) for each in ({}, {"EGFR": MUTANT}))
    assert mutant["EGFR"] < 0.1 < 2 < wild["EGFR"]
    assert {name: load for name, load in wild.items() if name != "EGFR"} == {
        name: load for name, load in mutant.items() if name != "EGFR"
    }


def test_where_the_assay_counts_no_variant_acts(cells, files):
    drugs = read_drug_tables(*files)
    contexts = cells(("mine", "from", "breast_bt20", ""), ("mine", "construct", MUTANT, "1"))
    assert carried(contexts.contexts["mine"], drugs) == {}
    assert wild_type_constants(contexts.contexts.values(), drugs) == []
    wild, mutant = (lane_loads(contexts, drugs, cell, "osimertinib") for cell in ("breast_bt20", "mine"))
    assert wild.tobytes() == mutant.tobytes()


def test_a_drug_that_was_not_measured_on_the_variant_is_named(cells, potent, root):
    contexts = cells(("h1975", "from", "breast_bt20", ""), ("h1975", "construct", MUTANT, "1"))
    (said,) = wild_type_constants([contexts.contexts["h1975"]], potent)
    assert said.startswith(f"h1975: {MUTANT} was not measured with ") and "lapatinib" in said
    assert "cetuximab" not in said  # it binds outside
    assert "osimertinib" not in said
    network = read_sbml(compose_network(root / "config/network"))
    arms = [arm(cell, drug) for cell in ("h1975", "breast_bt20") for drug in DRUGS]
    found = arm_routes(arms, contexts, potent, lambda name: network, "pY705_level")
    named = [route.unmeasured for route in found]
    assert named == [(MUTANT,) if each == arm("h1975", "brigatinib") else () for each in arms]


@pytest.mark.parametrize(
    ("rows", "left"),
    [
        ([("construct", "EGFR_T790M", "1")], {"EGFR": "EGFR_T790M"}),
        ([("construct", "EGFR_ex19del", "0")], {}),
        ([("construct", "ALK_G1202R", "1")], {"EGFR": "EGFR_ex19del", "ALK": "ALK_G1202R"}),
    ],
)
def test_an_own_variant_replaces_that_of_its_gene(cells, potent, rows, left):
    contexts = cells(("mine", "from", "egfr_mutant_lung", ""), *(("mine", *row) for row in rows))
    assert carried(contexts.contexts["mine"], potent) == left


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("EGFR_T791M", "1")], "must be a variant of constructs.tsv, one of ABL1_nonP, "),
        ([("JAK1_JH2", "1")], "found JAK1_JH2"),
        (
            [("EGFR_T790M", "1"), ("EGFR_L858R", "1")],
            "at most one variant of the target EGFR may be carried, found EGFR_T790M and EGFR_L858R",
        ),
    ],
)
def test_what_no_cell_can_carry_is_refused_with_its_row(cells, potent, rows, message):
    contexts = cells(*(("mine", "construct", *row) for row in rows))
    for ask in (
        lambda: carried(contexts.contexts["mine"], potent),
        lambda: plan_scenarios(contexts, potent, Request(doses_nM=[1.0], contexts=["mine"])),
    ):
        with pytest.raises(ScenarioError) as caught:
            ask()
        (problem,) = caught.value.problems
        assert message in problem and problem.split(", ")[1].startswith("mine")
        assert f"own.tsv row {1 + len(rows)}" in problem


def test_a_variant_is_carried_or_not(cells):
    with pytest.raises(ScenarioError) as caught:
        cells(("mine", "construct", "EGFR_T790M", "0.5"))
    (problem,) = caught.value.problems
    assert "`value` of a row of kind construct must be 1 (carried) or 0 (not), found 0.5" in problem
