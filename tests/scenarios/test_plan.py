"""Which scenarios a request means, and requests that mean nothing."""

import pytest

from screen.errors import ScenarioError
from screen.scenarios import Request, check_contexts, count_trajectories, pairs_among, plan_scenarios
from screen.scenarios.plan import MOST_SCENARIOS

REQUEST = {
    "doses_nM": [1000, 10],
    "drugs": ["ruxolitinib", "selumetinib"],
    "pairs": [("ruxolitinib", "selumetinib")],
    "pair_doses_nM": [100.0],
}


def test_single_drugs_pairs_and_vehicle_in_a_stable_order(contexts, drugs):
    frame = plan_scenarios(contexts, drugs, Request(**REQUEST))
    assert frame["scenario"].to_list() == [
        f"{setting}|{given}"
        for setting in ("liver|default", "lymphoma|direct", "lymphoma|through_jak3")
        for given in (
            "vehicle",
            "ruxolitinib@10",
            "ruxolitinib@100",
            "ruxolitinib@200",
            "ruxolitinib@1000",
            "selumetinib@10",
            "selumetinib@100",
            "selumetinib@200",
            "selumetinib@1000",
            "ruxolitinib@100+selumetinib@100",
        )
    ]
    pair = frame.row(9, named=True)
    assert pair == {
        "scenario": "liver|default|ruxolitinib@100+selumetinib@100",
        "context": "liver",
        "hypothesis": "default",
        "weight": 1.0,
        "intervention": "ruxolitinib+selumetinib",
        "role": "pair",
        "drug_a": "ruxolitinib",
        "dose_a_nM": 100.0,
        "drug_b": "selumetinib",
        "dose_b_nM": 100.0,
        "drug_c": None,
        "dose_c_nM": None,
    }
    vehicle = frame.row(0, named=True)
    assert (vehicle["role"], vehicle["intervention"], vehicle["drug_a"]) == ("vehicle", "vehicle", None)


def test_the_same_request_gives_the_same_table_whatever_the_order_of_doses(contexts, drugs):
    assert plan_scenarios(contexts, drugs, Request(**REQUEST)).equals(
        plan_scenarios(contexts, drugs, Request(**REQUEST | {"doses_nM": (10.0, 1000.0)}))
    )


def test_a_drug_of_a_pair_that_is_not_screened_by_itself_is_run_alone_at_the_doses_of_the_pair(
    contexts, drugs
):
    frame = plan_scenarios(contexts, drugs, Request(**REQUEST | {"drugs": ["selumetinib"]}))
    alone = frame.filter(context="liver", role="single", drug_a="ruxolitinib")
    assert alone["dose_a_nM"].to_list() == [100.0, 200.0]


def together(frame, pair="ruxolitinib+selumetinib"):
    return frame.filter(context="liver", intervention=pair).select("dose_a_nM", "dose_b_nM").rows()


def alone(frame, drug):
    return frame.filter(context="liver", role="single", drug_a=drug)["dose_a_nM"].to_list()


def test_a_matrix_has_each_dose_with_each_and_the_singles_that_its_scores_need(contexts, drugs):
    change = {"doses_nM": [1000], "pair_doses_nM": [0.1, 0.2, 0.3], "pair_layout": "matrix"}
    own = {"own_pair_doses_nM": {"selumetinib": [5]}}
    frame = plan_scenarios(contexts, drugs, Request(**REQUEST | change | own))
    assert together(frame) == [(0.1, 5.0), (0.2, 5.0), (0.3, 5.0)]
    assert alone(frame, "ruxolitinib") == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 1000.0]
    assert alone(frame, "selumetinib") == [5.0, 10.0, 1000.0]


def test_a_ray_has_the_doses_of_both_drugs_in_turn(contexts, drugs):
    change = {"pair_doses_nM": [100, 10], "own_pair_doses_nM": {"selumetinib": [3, 7]}}
    frame = plan_scenarios(contexts, drugs, Request(**REQUEST | change))
    assert together(frame) == [(10.0, 3.0), (100.0, 7.0)]


def test_a_drug_may_be_paired_with_itself(contexts, drugs):
    frame = plan_scenarios(contexts, drugs, Request(**REQUEST | {"pairs": [("ruxolitinib", "ruxolitinib")]}))
    assert together(frame, "ruxolitinib+ruxolitinib") == [(100.0, 100.0)]
    assert alone(frame, "ruxolitinib") == [10.0, 100.0, 200.0, 1000.0]


def test_a_triple_is_run_on_a_ray_with_the_pairs_and_the_drugs_in_it(contexts, drugs):
    """Whatever the layout of pairs; a pair that is listed, in any order, has these doses already."""
    three = ("tofacitinib", "ruxolitinib", "selumetinib")
    change = {
        "triples": [three],
        "doses_nM": [1000],
        "pair_doses_nM": [30, 3],
        "own_pair_doses_nM": {"selumetinib": [5, 7]},
    }
    for layout, listed in (("ray", [(3.0, 5.0), (30.0, 7.0)]), ("matrix", None)):
        frame = plan_scenarios(contexts, drugs, Request(**REQUEST | change | {"pair_layout": layout}))
        own = frame.filter(context="liver")
        triples = own.filter(role="triple")
        assert set(triples["intervention"]) == {"+".join(three)}
        given = triples.select("dose_a_nM", "dose_b_nM", "dose_c_nM").rows()
        assert given == [(3.0, 3.0, 5.0), (30.0, 30.0, 7.0)]
        assert triples["scenario"][0] == "liver|default|tofacitinib@3+ruxolitinib@3+selumetinib@5"
        assert own.filter(role="pair")["intervention"].unique(maintain_order=True).to_list() == [
            "ruxolitinib+selumetinib",
            "tofacitinib+ruxolitinib",
            "tofacitinib+selumetinib",
        ]
        assert together(frame) == (listed or [(3.0, 5.0), (3.0, 7.0), (30.0, 5.0), (30.0, 7.0)])
        assert together(frame, "tofacitinib+selumetinib") == [(3.0, 5.0), (30.0, 7.0)]
        assert {3.0, 6.0, 30.0, 60.0} <= set(alone(frame, "tofacitinib"))
        assert {5.0, 7.0, 10.0, 14.0} <= set(alone(frame, "selumetinib"))


@pytest.mark.parametrize(
    ("classes", "pairs"),
    [
        ("any", ["ruxolitinib+tofacitinib", "ruxolitinib+selumetinib", "tofacitinib+selumetinib"]),
        ("within", ["ruxolitinib+tofacitinib"]),
        ("across", ["ruxolitinib+selumetinib", "tofacitinib+selumetinib"]),
    ],
)
def test_drugs_are_paired_with_each_other_by_class(drugs, classes, pairs):
    found = pairs_among(["ruxolitinib", "tofacitinib", "selumetinib"], drugs, classes)
    assert list(map("+".join, found)) == pairs


def test_more_than_fits_into_memory_is_refused_before_it_is_laid_out(contexts, drugs):
    """Of one pair, and of all 21: these would never end."""
    doses = {"pair_doses_nM": range(1, 1001), "pair_layout": "matrix"}
    every = {"pairs": pairs_among(drugs.screened(), drugs)}
    with pytest.raises(ScenarioError, match=f"must be at most {MOST_SCENARIOS:,}, found at least 63,"):
        plan_scenarios(contexts, drugs, Request(**REQUEST | doses | every))
    with pytest.raises(ScenarioError, match=f"must be at most {MOST_SCENARIOS:,}, found at least 3,"):
        plan_scenarios(contexts, drugs, Request(**REQUEST | doses))


@pytest.mark.parametrize("layout", ["ray", "matrix"])
def test_what_is_counted_is_what_is_laid_out(contexts, drugs, layout, monkeypatch):
    own = {
        "own_pair_doses_nM": {"selumetinib": [5, 7, 12]},
        "pair_doses_nM": [1, 2, 3],
        "pair_layout": layout,
    }
    three = [("ruxolitinib", "tofacitinib", "selumetinib")]
    request = Request(**REQUEST | own | {"drugs": ["selumetinib"], "triples": three})
    rows = plan_scenarios(contexts, drugs, request).height
    monkeypatch.setattr("screen.scenarios.plan.MOST_SCENARIOS", rows)
    assert plan_scenarios(contexts, drugs, request).height == rows
    monkeypatch.setattr("screen.scenarios.plan.MOST_SCENARIOS", rows - 1)
    with pytest.raises(ScenarioError, match=f"must be at most {rows - 1:,}, found at least {rows:,}"):
        plan_scenarios(contexts, drugs, request)


def test_all_means_every_screened_drug_in_every_context(contexts, drugs):
    frame = plan_scenarios(contexts, drugs, Request(doses_nM=[1.5]))
    assert frame.height == 3 * (1 + 7)
    assert "filgotinib" not in frame["drug_a"].to_list()
    assert "liver|default|SD-36@1.5" in frame["scenario"].to_list()


def test_trajectories_are_counted(contexts, drugs):
    frame = plan_scenarios(contexts, drugs, Request(**REQUEST))
    assert count_trajectories(frame, draws=50) == (30, 1500, 150)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"drugs": ["aspirin"]}, "scenarios.drugs: must be of drugs.tsv, found aspirin"),
        ({"drugs": ["filgotinib"]}, "scenarios.drugs: must be screened, found filgotinib (no note)"),
        (
            {"drugs": ["ruxolitinib", "ruxolitinib"]},
            "scenarios.drugs: must be named once, found ruxolitinib again",
        ),
        ({"contexts": ["kidney"]}, "scenarios.contexts: must be of the table, found kidney"),
        ({"contexts": []}, "scenarios.contexts: must name at least one, found none"),
        ({"doses_nM": [-1.0]}, "scenarios.doses_nM: must be positive numbers in nM, found -1.0"),
        ({"doses_nM": [0]}, "scenarios.doses_nM: must be positive numbers in nM, found 0"),
        ({"doses_nM": ["1 uM"]}, "scenarios.doses_nM: must be positive numbers in nM, found 1 uM"),
        ({"doses_nM": [float("inf")]}, "scenarios.doses_nM: must be positive numbers in nM, found inf"),
        ({"doses_nM": [10, 10.0]}, "scenarios.doses_nM: must be named once, found 10.0 again"),
        (
            {"doses_nM": [1000, 1000.0000001, 10]},
            "scenarios.doses_nM: must differ in the first 10 digits, found 1000 and 1000.0000001",
        ),
        (
            {"own_pair_doses_nM": {"selumetinib": [7.00000000001, 7]}},
            "scenarios.own_pair_doses_nM of selumetinib: must differ in the first 10 digits, "
            "found 7.00000000001 and 7",
        ),
        (
            {"doses_nM": [1000], "pair_doses_nM": [1000.0000001]},
            "scenarios.doses_nM: must be the doses in pairs and their sums, or differ from them in the first 10 "
            "digits, found 1000.0 and 1000.0000001 of ruxolitinib",
        ),
        (
            {"doses_nM": [2 / 3], "pair_doses_nM": [1 / 3]},
            "scenarios.doses_nM: must be the doses in pairs and their sums, or differ from them in the first 10 "
            "digits, found 0.6666666666666666 and 0.6666666667 of ruxolitinib",
        ),
        ({"pair_doses_nM": [-1.0]}, "scenarios.pair_doses_nM: must be positive numbers in nM, found -1.0"),
        ({"doses_nM": []}, "scenarios.doses_nM: must hold at least one dose, found none"),
        ({"pairs": [("ruxolitinib", "aspirin")]}, "scenarios.pairs: must be of drugs.tsv, found aspirin"),
        ({"pairs": [("ruxolitinib",)]}, "scenarios.pairs: must be two drugs each, found ['ruxolitinib']"),
        (
            {"own_pair_doses_nM": {"selumetinib": [1, 2]}},
            "scenarios.pair_layout: a ray must have as many doses of both drugs, "
            "found 1 of ruxolitinib and 2 of selumetinib",
        ),
        (
            {"own_pair_doses_nM": {"aspirin": [1]}},
            "scenarios.own_pair_doses_nM: must be of drugs in pairs, found aspirin",
        ),
        (
            {"own_pair_doses_nM": {"tofacitinib": [1]}},
            "scenarios.own_pair_doses_nM: must be of drugs in pairs, found tofacitinib",
        ),
        (
            {"own_pair_doses_nM": {"selumetinib": [0]}},
            "scenarios.own_pair_doses_nM of selumetinib: must be positive numbers in nM, found 0",
        ),
        (
            {"pairs": [("ruxolitinib", "selumetinib"), ("selumetinib", "ruxolitinib")]},
            "scenarios.pairs: must be named once, found ruxolitinib+selumetinib again",
        ),
        (
            {"triples": [("ruxolitinib", "selumetinib", "ruxolitinib")]},
            "scenarios.triples: must be three different drugs each, "
            "found ['ruxolitinib', 'selumetinib', 'ruxolitinib']",
        ),
        (
            {"triples": [("ruxolitinib", "selumetinib", "aspirin")]},
            "scenarios.triples: must be of drugs.tsv, found aspirin",
        ),
        (
            {
                "triples": [
                    ("ruxolitinib", "selumetinib", "tofacitinib"),
                    ("tofacitinib", "selumetinib", "ruxolitinib"),
                ]
            },
            "scenarios.triples: must be named once, found ruxolitinib+selumetinib+tofacitinib again",
        ),
        (
            {
                "pairs": [],
                "triples": [("ruxolitinib", "tofacitinib", "selumetinib")],
                "own_pair_doses_nM": {"ruxolitinib": [1, 2], "tofacitinib": [1, 2]},
            },
            [
                "scenarios.pair_layout: a ray must have as many doses of both drugs, "
                f"found 2 of {drug} and 1 of selumetinib"
                for drug in ("ruxolitinib", "tofacitinib")
            ],
        ),
    ],
)
def test_requests_that_cannot_be_met_say_why(contexts, drugs, change, message):
    with pytest.raises(ScenarioError) as caught:
        plan_scenarios(contexts, drugs, Request(**REQUEST | change))
    assert caught.value.problems == ((message,) if isinstance(message, str) else tuple(message))


def test_every_problem_of_a_request_is_told_at_once(contexts, drugs):
    with pytest.raises(ScenarioError) as caught:
        plan_scenarios(contexts, drugs, Request(doses_nM=[-1], drugs=["aspirin"], contexts=["kidney"]))
    assert len(caught.value.problems) == 3


UNITS = {
    "STAT3_total": "nM",
    "IL6_dose": "ng_per_mL",
    "h_dir": "dimensionless",
    "h_jak3": None,
    "k_off": None,
}


def test_contexts_that_fit_the_network_pass(contexts):
    check_contexts(contexts, UNITS)


@pytest.mark.parametrize(
    ("units", "message"),
    [
        (
            UNITS | {"IL6_dose": "nM"},
            "contexts.tsv row 4, liver: `unit` of IL6_dose must be nM, found ng_per_mL",
        ),
        (
            {name: unit for name, unit in UNITS.items() if name != "IL6_dose"},
            "contexts.tsv row 4, liver: `parameter` must be one of the network's, found IL6_dose",
        ),
        (
            {name: unit for name, unit in UNITS.items() if name != "h_jak3"},
            "hypotheses.tsv row 3, direct: `parameter` must be one of the network's, found h_jak3",
        ),
    ],
)
def test_contexts_that_do_not_fit_the_network_are_refused(contexts, units, message):
    with pytest.raises(ScenarioError) as caught:
        check_contexts(contexts, units)
    assert message in caught.value.problems


def test_drugs_of_some_classes_are_paired_in_the_order_of_their_names(drugs):
    names = ["selumetinib", "ruxolitinib", "tofacitinib"]
    assert drugs.of_classes(names, ["JAK"]) == ["ruxolitinib", "tofacitinib"]
    assert drugs.of_classes(names, None) == names
    assert drugs.of_classes(["no such drug"], ["JAK"]) == ["no such drug"]
    with pytest.raises(
        ScenarioError, match=r"^scenarios.pairs.of_classes: must be classes of drugs.tsv, found JAC"
    ):
        drugs.of_classes(names, ["JAC", "MEK"])
