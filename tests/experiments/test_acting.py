"""Which hypotheses can act where, and by how much they count."""

import polars as pl
import pytest

from screen.experiments import weigh_hypotheses
from screen.network import compose_network, read_sbml
from screen.scenarios import Request, plan_scenarios, read_context_tables, read_drug_tables


@pytest.fixture(scope="module")
def shipped(root):
    contexts = read_context_tables(root / "config/contexts.tsv", root / "config/hypotheses.tsv")
    drugs = read_drug_tables(*(root / f"config/{name}.tsv" for name in ("drugs", "affinities", "targets")))
    return contexts, drugs, read_sbml(compose_network(root / "config/network"))


def weights(shipped, **wanted) -> dict[tuple[str, str], float]:
    contexts, drugs, network = shipped
    planned = plan_scenarios(contexts, drugs, Request(doses_nM=[1.0], drugs=["ruxolitinib"], **wanted))
    found = weigh_hypotheses(planned, contexts, lambda name: network, "pY705_level")
    assert found.drop("weight").equals(planned.drop("weight"))
    return {
        (context, hypothesis): weight
        for context, hypothesis, weight in found.select("context", "hypothesis", "weight")
        .unique()
        .iter_rows()
    }


def test_jak3_speaks_where_there_is_jak3(shipped):
    found = weights(shipped)
    for context in ("eml4_alk_lung", "alk_f1174l_neuroblastoma", "alk_r1275q_neuroblastoma"):
        assert (found[context, "alk_direct"], found[context, "alk_jak3"]) == (1.0, 0.0)
    assert (found["npm1_alk_lymphoma", "alk_direct"], found["npm1_alk_lymphoma", "alk_jak3"]) == (0.75, 0.25)
    assert [found["kras_pancreas", name] for name in ("mek_receptor", "mek_s727", "mek_il6")] == [
        0.5,
        0.15,
        0.35,
    ]


def test_where_no_answer_can_act_all_keep_their_weight(shipped):
    """Without ALK each answer to how ALK signals is idle, and so is none; and what says `absent` is never idle."""
    found = weights(shipped, contexts=["hepg2"], switches=["H_ALK", "H_S727"])
    by_name = {hypothesis: weight for (_, hypothesis), weight in found.items()}
    assert by_name["alk_jak3+s727_silent"] == pytest.approx(0.2 * 0.25)
    assert sum(by_name.values()) == pytest.approx(1.0) and min(by_name.values()) > 0


def test_an_answer_that_is_idle_gives_its_weight_to_the_others_of_its_question(shipped):
    found = weights(shipped, contexts=["eml4_alk_lung"], switches=["H_import"])
    assert found["eml4_alk_lung", "alk_direct+import_faster"] == pytest.approx(0.5)
    assert found["eml4_alk_lung", "alk_direct+import_retention"] == pytest.approx(0.5)
    assert found["eml4_alk_lung", "alk_jak3+import_faster"] == 0.0


def test_a_hypothesis_without_weight_decides_nothing(shipped):
    contexts, _, network = shipped
    rows = [("eml4_alk_lung", "alk_direct", 0.0), ("eml4_alk_lung", "alk_jak3", 1.0)]
    frame = pl.DataFrame(rows, schema=["context", "hypothesis", "weight"], orient="row")
    assert weigh_hypotheses(frame, contexts, lambda name: network, "pY705_level")["weight"].to_list() == [
        0.0,
        1.0,
    ]
