"""Routes of targets and drugs in shipped cells, as the literature has these pathways."""

import pytest

from screen.calibration.derive import BLOCKED_LOAD
from screen.experiments import LOAD_OF, Arm, Exposure, arm_routes, scenario_routes
from screen.network import compose_network, read_sbml
from screen.scenarios import ROUTED, Request, plan_scenarios, read_context_tables, read_drug_tables
from screen.tables import check_table


@pytest.fixture(scope="module")
def shipped(root):
    contexts = read_context_tables(root / "config/contexts.tsv", root / "config/hypotheses.tsv")
    drugs = read_drug_tables(*(root / f"config/{name}.tsv" for name in ("drugs", "affinities", "targets")))
    network = read_sbml(compose_network(root / "config/network"))
    return contexts, drugs, lambda name: network, "pY705_level"


def blocked(shipped, context, hypothesis, targets):
    arms = [
        Arm(
            context,
            hypothesis,
            stimulus=Exposure(own=True),
            treatment=Exposure(((LOAD_OF + target, BLOCKED_LOAD),)),
        )
        for target in targets.split()
    ]
    return {route.kind for route in arm_routes(arms, *shipped)}


@pytest.mark.parametrize(
    ("context", "hypothesis", "direct", "indirect", "none"),
    [
        ("hepg2", "default", "JAK1 JAK2 TYK2 IL6_CAPTURE IL6R_CAPTURE STAT3_SH2 STAT3_DEGRADER STAT3_SYNTHESIS",
         "MEK ERK MTOR PI3K P38 IKK SHP2", "JAK3 ALK TNF_CAPTURE"),
        ("npm1_alk_lymphoma", "alk_direct", "ALK STAT3_SH2", "MEK MTOR", "JAK3 IL6_CAPTURE"),
        ("npm1_alk_lymphoma", "alk_jak3", "ALK JAK3", "MEK MTOR", "IL6_CAPTURE"),
        ("t_cell", "default", "JAK1 JAK3", "MTOR", "EGFR ALK IL6R_CAPTURE"),
        ("egfr_mutant_lung", "egfr_osm", "EGFR JAK1 SRC", "MEK", "ALK IL6_CAPTURE"),
    ],
)  # fmt: skip
def test_targets_have_the_route_of_their_pathway(shipped, context, hypothesis, direct, indirect, none):
    assert blocked(shipped, context, hypothesis, direct) == {"direct"}
    assert blocked(shipped, context, hypothesis, indirect) == {"indirect"}
    assert blocked(shipped, context, hypothesis, none) == {"none"}


def test_a_drug_has_the_route_of_what_it_holds_at_its_dose(shipped):
    contexts, drugs, *further = shipped
    names = ["ruxolitinib", "trametinib", "lorlatinib"]
    request = Request(
        doses_nM=[0.01, 1000.0], drugs=names, contexts=["hepg2"],
        pairs=[("trametinib", "ruxolitinib")], pair_doses_nM=[1000.0],
    )  # fmt: skip
    scenarios = plan_scenarios(contexts, drugs, request)
    found = scenario_routes(scenarios, contexts, drugs, *further)
    check_table(found, ROUTED, "routes")
    routes = dict(found.select("scenario", "route").iter_rows())
    assert {name.split("|")[2]: route for name, route in routes.items()} == {
        "ruxolitinib@0.01": "none", "ruxolitinib@1000": "direct",
        "trametinib@0.01": "none", "trametinib@1000": "indirect",
        "lorlatinib@0.01": "none", "lorlatinib@1000": "none",
        "trametinib@2000": "indirect", "ruxolitinib@2000": "direct",
        "trametinib@1000+ruxolitinib@1000": "direct",
    }  # fmt: skip
    targets = {name.split("|")[2]: held for name, _, held, _ in found.iter_rows()}
    assert {"JAK1", "JAK2"} <= set(targets["ruxolitinib@1000"].split())
    assert targets["lorlatinib@1000"] == "" and targets["trametinib@1000"] == "MEK"
    assert targets["trametinib@1000+ruxolitinib@1000"].split()[0] == "MEK"


def test_an_antibody_to_the_human_protein_does_nothing_in_a_mouse_cell(shipped):
    arms = [
        Arm(context, stimulus=Exposure(own=True), treatment=Exposure((("tocilizumab", 1000.0),)))
        for context in ("hepatocyte_human", "hepatocyte_mouse")
    ]
    found = arm_routes(arms, *shipped)
    assert found == [("direct", ("IL6R_CAPTURE",), ()), ("none", (), ())]


@pytest.mark.parametrize(("load", "found"), [(0.111, ("none", ())), (0.112, ("direct", ("JAK1",)))])
def test_a_target_counts_from_a_tenth_held(shipped, load, found):
    """A load of 1/9 holds a tenth."""
    arm = Arm("hepg2", stimulus=Exposure(own=True), treatment=Exposure(((LOAD_OF + "JAK1", load),)))
    (route,) = arm_routes([arm], *shipped)
    assert route[:2] == found


def test_the_target_that_is_held_most_comes_first_and_loads_on_one_add_up(shipped):
    """0.06 and 0.06 hold a tenth together; of JAK3, which IL-6 does not use, there is no route."""
    given = (
        ("JAK2", 2.0),
        ("JAK3", 99.0),
        ("TYK2", 5.0),
        ("JAK1", 3.0),
        ("STAT3_SH2", 0.06),
        ("STAT3_SH2", 0.06),
    )
    arm = Arm(
        "hepg2",
        stimulus=Exposure(own=True),
        treatment=Exposure(tuple((LOAD_OF + name, load) for name, load in given)),
    )
    (route,) = arm_routes([arm], *shipped)
    assert route == ("direct", ("TYK2", "JAK1", "JAK2", "STAT3_SH2"), ())
