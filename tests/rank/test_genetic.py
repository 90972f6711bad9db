"""Genetic changes of made-up effects in a ranking: among each other, and nothing else moves."""

import numpy as np
import polars as pl
import pytest

from screen.errors import RankError
from screen.network import ROUTES
from screen.rank import DoseBasis, Doubt, annotate_effects, dose_points, gather_responses, rank, score_doses
from screen.scenarios import Discrepancy
from screen.tables import SCENARIOS
from tests.rank.worlds import AIM, drug_table, hill, responses, scenarios

BASES = [DoseBasis("equal_concentration", 100.0), DoseBasis("clinical")]
LEFT = {"JAK1_total=0": 0.1, "JAK1_total=30%": 0.4, "PTPN2_total=0": 1.5}
"""treated/vehicle of each change."""

CELLS = (("liver", "one"), ("liver", "two"))


def changed(table: pl.DataFrame) -> pl.DataFrame:
    """The scenarios, and each change in every cell."""
    cells = table.select("context", "hypothesis", "weight").unique(maintain_order=True)
    rows = [
        (f"{context}|{hypothesis}|{name}", context, hypothesis, weight, name, "genetic", *[None] * 6)
        for context, hypothesis, weight in cells.iter_rows()
        for name in LEFT
    ]
    return pl.concat([table, pl.DataFrame(rows, schema=SCENARIOS.dtypes(), orient="row")])


def value(scenario: dict, draw: int, readout: str) -> float:
    """Drugs by their dose, changes by what they leave; under the other hypothesis a change does nothing."""
    if scenario["role"] != "genetic":
        return hill({"a": 10.0, "b": 300.0})(scenario, draw, readout)
    if not readout.startswith("pY705"):
        return 0.2
    return 0.5 * LEFT[scenario["intervention"]] ** (scenario["hypothesis"] == "one")


def test_changes_are_ranked_among_each_other_and_drugs_as_before():
    table = scenarios("ab", pairs=[("a", "b", 100.0, 100.0)], contexts=CELLS)
    drugs = drug_table("ab")

    def ranked(plan: pl.DataFrame) -> pl.DataFrame:
        found = rank(responses(plan, value), plan, drugs, aim=AIM, dose_bases=BASES)
        return found.drop("provenance")

    before, after = ranked(table), ranked(changed(table))
    genetic = after.filter(dose_basis="genetic")
    assert after.filter(pl.col("dose_basis") != "genetic").equals(before)
    assert set(genetic["intervention"]) == set(LEFT) and set(genetic["drug_classes"]) == {"genetic"}
    one = genetic.filter(hypothesis="one", readout="pY705_20min").sort("rank")
    assert one["intervention"].to_list() == list(LEFT)
    assert np.allclose(one["suppression_p50"], 1.0 - np.array(list(LEFT.values())))
    assert one["p_best"].to_list() == [1.0, 0.0, 0.0]
    assert np.allclose(one["pERK_change_p50"], -1.0)
    assert one["dose_a_nM"].null_count() == one["ic50_nM"].null_count() == len(LEFT)
    mixed = genetic.filter(hypothesis="mixture", readout="pY705_20min", intervention="JAK1_total=0")
    assert mixed["suppression_mean"].item() == pytest.approx(0.45)


def test_what_the_network_gets_wrong_of_a_gene_is_the_same_however_much_of_it_is_left():
    table = changed(scenarios("a", contexts=CELLS[:1], weights={CELLS[0]: 1.0}))
    treated = table.filter(pl.col("role") != "vehicle").select("scenario")
    routes = treated.with_columns(route=pl.lit("none"), targets=pl.lit(""), unmeasured=pl.lit(""))
    doubt = Doubt(routes, Discrepancy(dict.fromkeys(ROUTES, 1.5)), 1)
    given = responses(table, value, 50)
    found = rank(given, table, drug_table("a"), aim=AIM, dose_bases=BASES[:1], doubt=doubt)
    shown = found.filter(dose_basis="genetic", readout="pY705_20min")
    first = dict(shown.select("intervention", "p_best").iter_rows())
    # a knock-down never does more than the knock-out; of another gene the error is another
    assert first["JAK1_total=30%"] == 0.0 < first["PTPN2_total=0"] < first["JAK1_total=0"] < 1.0


def test_a_basis_of_genetic_changes_without_one_is_refused():
    table = scenarios("a")
    with pytest.raises(
        RankError, match=r"genetic must have genetic changes \(scenarios.genetic\), found none"
    ):
        rank(
            responses(table, hill({"a": 10.0})),
            table,
            drug_table("a"),
            aim=AIM,
            dose_bases=[DoseBasis("genetic")],
        )


def test_tables_of_doses_hold_drugs_alone_and_responses_all():
    table = scenarios("ab", pairs=[("a", "b", 100.0, 100.0)], contexts=CELLS[:1], weights={CELLS[0]: 1.0})
    before, after = (gather_responses(responses(plan, value), plan) for plan in (table, changed(table)))
    old, new = score_doses(before, AIM), score_doses(after, AIM)
    assert new.curves.equals(old.curves) and new.combinations.equals(old.combinations)
    beside = new.responses.filter(pl.col("drug_a").is_null())
    assert new.responses.filter(pl.col("drug_a").is_not_null()).equals(old.responses)
    found = beside.filter(readout="pY705_20min").select("intervention", "x_p50")
    assert dict(found.iter_rows()) == pytest.approx(LEFT)
    classes = drug_table("ab").select("drug", "class")
    matrices = [annotate_effects(each, AIM, classes) for each in (before, after)]
    assert matrices[0].given.equals(matrices[1].given)
    assert np.array_equal(matrices[0].layers["p50"], matrices[1].layers["p50"])
    handed = [dose_points(each, AIM, None, classes).points["liver"] for each in (before, after)]
    assert handed[0] == handed[1]
