"""What the shipped screen must find at the nominal parameters, whatever else it finds.

Every screened drug at 1 uM in hepatocytes (IL-6 10 ng/mL) and in NPM1-ALK lymphoma, read at 20 min; the
classes come from measured affinities, never from the label of a drug.
"""

import polars as pl
import pytest

from screen.experiments import loads
from screen.kernel import load_model
from screen.network.compose import compose_network
from screen.scenarios import Request, plan_scenarios, read_context_tables, read_drug_tables
from screen.simulate import Integration, Readout, ScreenTables, Shard, make_part, simulate_shard

READOUT = Readout("pY705_20min", "pY705_level", 20.0, 20.0)
CONTEXTS = ["hepatocyte_mouse", "npm1_alk_lymphoma"]


@pytest.fixture(scope="module")
def drugs(root):
    config = root / "config"
    return read_drug_tables(config / "drugs.tsv", config / "affinities.tsv", config / "targets.tsv")


@pytest.fixture(scope="module")
def suppression(root, drugs) -> pl.DataFrame:
    """Suppression [fraction] of every drug: columns context, hypothesis, intervention, suppression."""
    config = root / "config"
    model = load_model(compose_network(config / "network"))
    contexts = read_context_tables(config / "contexts.tsv", config / "hypotheses.tsv")
    scenarios = plan_scenarios(contexts, drugs, Request(doses_nM=[1000.0], contexts=CONTEXTS))
    integration = Integration("auto", 1e-6, 1e-9, 100_000, None, 512)
    part = make_part(ScreenTables(scenarios, contexts, drugs, None, seed=1), model)
    found = pl.concat(simulate_shard([part], [READOUT], integration, Shard(0, 1), lambda line: None))
    assert found["status"].unique().to_list() == ["ok"]
    joined = found.join(scenarios, on="scenario")
    vehicle = joined.filter(pl.col("role") == "vehicle").select("context", "hypothesis", vehicle="value")
    return (
        joined.filter(pl.col("role") == "single")
        .join(vehicle, on=["context", "hypothesis"])
        .select("context", "hypothesis", "intervention", suppression=1 - pl.col("value") / pl.col("vehicle"))
    )


def among(frame: pl.DataFrame, context: str, hypothesis: str) -> dict[str, float]:
    chosen = frame.filter((pl.col("context") == context) & (pl.col("hypothesis") == hypothesis))
    return dict(chosen.select("intervention", "suppression").iter_rows())


def binders(drugs, *targets: str) -> set[str]:
    """Drugs with a measured affinity for any of the targets."""
    return {binding.drug for binding in drugs.bindings if binding.target in targets}


def of_class(drugs, *classes: str) -> set[str]:
    return {name for name, drug in drugs.drugs.items() if drug.drug_class in classes and drug.screened}


def test_jak_inhibitors_outrank_what_has_no_jak_affinity_in_hepatocytes(suppression, drugs):
    found = among(suppression, "hepatocyte_mouse", "default")
    sparing = {name for name in of_class(drugs, "JAK") if loads({name: 1000.0}, drugs)["JAK1"] < 0.5}
    inhibitors = (of_class(drugs, "JAK") & binders(drugs, "JAK1", "JAK2")) - sparing
    assert sparing == {"pacritinib", "WHI-P131"}  # known to spare JAK1, which gp130 needs
    others = of_class(drugs, "ALK", "mTOR", "MEK", "PI3K", "PI3K/mTOR")
    others -= binders(drugs, "JAK1", "JAK2", "JAK3", "TYK2")
    assert len(inhibitors) >= 6 and len(others) >= 12
    weakest, strongest = min(found[name] for name in inhibitors), max(found[name] for name in others)
    assert weakest > strongest + 0.1


def test_alk_inhibitors_lead_under_the_direct_hypothesis_and_tofacitinib_does_not(suppression, drugs):
    found = among(suppression, "npm1_alk_lymphoma", "alk_direct")
    leaders = sorted(found, key=found.__getitem__, reverse=True)[: len(of_class(drugs, "ALK"))]
    assert set(leaders) == of_class(drugs, "ALK")
    assert min(found[name] for name in leaders) > 0.7
    assert found["tofacitinib"] < 0.15


def test_tofacitinib_leads_under_the_jak3_hypothesis(suppression):
    found = among(suppression, "npm1_alk_lymphoma", "alk_jak3")
    assert max(found, key=found.__getitem__) == "tofacitinib"
    assert found["tofacitinib"] > 0.5
