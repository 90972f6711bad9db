"""Tables for other tools, held to the columns and rules that these tools document."""

import re
from dataclasses import replace

import polars as pl
import pytest

from screen.errors import RankError
from screen.rank import TARGETS, dose_points, export_table, gather_responses
from screen.tables import check_table
from tests.rank.worlds import AIM, READOUTS, drug_table, hill, responses, scenarios

HALF = {"a": 10.0, "b": 100.0, "c": 1000.0}
DOSES = (10.0, 100.0)
PAIRS = [("a", "b", first, second) for first in DOSES for second in DOSES]


def handed(pairs=PAIRS, value=None, contexts=(("liver", "default"), ("skin", "default")), doses=DOSES):
    table = scenarios("abc", pairs, contexts, doses)
    found = gather_responses(responses(table, value or hill(HALF)), table)
    return dose_points(found, AIM, None, drug_table("abc"))


def exported(target, **given):
    table = export_table(handed(**given), target)
    check_table(table, TARGETS[target].schema, target)
    return table


def test_synergyfinder_has_its_required_columns_and_whole_matrices_in_percent():
    """synergyfinder.org, table format: block_id, drug1, drug2, conc1, conc2, response and conc_unit; at least three
    rows and columns."""
    table = exported("synergyfinder", pairs=[*PAIRS, ("a", "c", 10.0, 10.0)])
    assert {"block_id", "drug1", "drug2", "conc1", "conc2", "response", "conc_unit"} <= set(table.columns)
    assert table.select("block_id", "cell_line_name").unique(maintain_order=True).rows() == [
        (1, "liver"),
        (2, "skin"),
    ]
    for (block,), part in table.group_by("block_id"):
        assert part.height == part["conc1"].n_unique() * part["conc2"].n_unique() == 9, block
    assert table.row(0)[1:7] == ("a", "b", 0.0, 0.0, 0.0, "nM")
    alone, both = (
        table.filter(block_id=1, conc1=10.0, conc2=dose)["response"].item() for dose in (0.0, 100.0)
    )
    assert (alone, both) == pytest.approx((50.0, 100.0 * 2 / 3))


def test_synergyfinder_takes_nothing_without_a_matrix():
    with pytest.raises(
        RankError, match="synergyfinder must be given a pair over a whole matrix of 2 x 2 doses"
    ):
        exported("synergyfinder", pairs=PAIRS[:3])


def test_gdr_has_its_required_columns_in_micromolar_beside_untreated_cells():
    """gDRcore: required columns of single agents and combinations; drugs named vehicle are controls."""
    table = exported("gdr")
    single = {
        "Gnumber", "DrugName", "drug_moa", "Concentration", "clid", "CellLineName", "Tissue", "ReferenceDivisionTime",
        "parental_identifier", "subtype", "Duration", "ReadoutValue",
    }  # fmt: skip
    pair = {"Gnumber_2", "DrugName_2", "drug_moa_2", "Concentration_2"}
    assert single | pair <= set(table.columns)
    control = table.filter(clid="liver", Concentration=0.0)
    assert control.select("Gnumber", "Gnumber_2", "ReadoutValue").rows() == [("vehicle", "vehicle", 1.0)]
    both = table.filter(clid="liver", Gnumber="a", Gnumber_2="b", Concentration=0.01, Concentration_2=0.1)
    assert both.select("drug_moa", "Duration").row(0) == ("JAK", pytest.approx(1 / 3))
    assert both["ReadoutValue"].item() == pytest.approx(1 / 3)
    assert table.height == 2 * (1 + 3 * 2 + 4)


def test_thunor_has_wells_in_molar_with_a_control_on_each_plate():
    """Vanderbilt HTS format: wells of 384, units M, cell.count at least 0; all concentrations 0 is a control."""
    doses = tuple(float(dose) for dose in range(1, 201))
    table = exported("thunor", pairs=[], doses=doses)
    assert {"upid", "well", "time", "cell.count", "cell.line"} <= set(table.columns)
    assert {f"drug{which}{end}" for which in (1, 2) for end in ("", ".conc", ".units")} <= set(table.columns)
    assert all(re.fullmatch("[A-P]([1-9]|1[0-9]|2[0-4])", well) for well in table["well"])
    assert table["upid"].unique(maintain_order=True).to_list() == ["liver 1", "liver 2", "skin 1", "skin 2"]
    assert table.filter(upid="liver 1").height == 384
    assert (
        table["drug1"].count()
        == table.select("cell.line", "drug1", "drug1.conc").drop_nulls().n_unique()
        == 2 * 600
    )
    control = table.filter(well="A1")
    assert control["drug1"].null_count() == 4 == table["drug1"].null_count()
    assert control.select("drug1.conc", "drug2.conc", "cell.count").unique().rows() == [(0.0, 0.0, 1.0)]
    assert table.filter(drug1="a")["drug1.conc"].max() == pytest.approx(200e-9)
    assert set(table["drug1.units"]) == {"M"}


def test_what_failed_is_not_handed_over():
    def value(scenario, draw, readout):
        lost = scenario["intervention"] == "a" and scenario["dose_a_nM"] == 10.0
        return None if lost else hill(HALF)(scenario, draw, readout)

    assert exported("gdr", value=value).height == exported("gdr").height - 2
    assert exported("thunor", value=value).height == exported("thunor").height - 2
    assert exported("synergyfinder", value=value).height == exported("synergyfinder").height - 2


def test_a_context_under_several_hypotheses_is_handed_over_once_as_their_mixture():
    contexts = (("liver", "one"), ("liver", "two"))
    assert exported("gdr", contexts=contexts)["clid"].to_list() == ["liver"] * 11


def test_the_first_readout_that_is_ranked_is_handed_over_where_none_is_named():
    """Neither the first of the responses, which are sorted by name, nor the first of the read-outs."""
    side, early, late = READOUTS[2], READOUTS[0], READOUTS[1]
    table = scenarios("abc", PAIRS, doses=DOSES)

    def value(scenario, draw, readout):
        half = HALF if readout == late.id else dict.fromkeys(HALF, 1.0)
        return hill(half)(scenario, draw, readout)

    found = gather_responses(responses(table, value), table)
    aim = replace(AIM, readouts=(side, late, early))
    taken = dose_points(found, aim, None, drug_table("abc"))
    assert (taken.readout, taken.hours) == (late.id, 3.0)
    ratio = {(point.drugs, point.doses): point.ratio for point in taken.points["liver"]}
    assert ratio[("b",), (100.0,)] == pytest.approx(0.5)


def test_a_readout_that_was_not_simulated_is_named():
    table = scenarios("a", doses=DOSES)
    found = gather_responses(responses(table, hill(HALF)), table)
    with pytest.raises(RankError, match="readouts: pY705_9h must be among the responses, found pY705_20min"):
        dose_points(found, AIM, "pY705_9h", drug_table("a"))


def silent(*contexts):
    """Responses in which the vehicle of these contexts has nothing to suppress or failed."""

    def value(scenario, draw, readout):
        if scenario["role"] == "vehicle" and scenario["context"] in contexts:
            return None if draw % 2 else 1e-6
        return hill(HALF)(scenario, draw, readout)

    return value


@pytest.mark.parametrize(
    ("target", "column"), [("synergyfinder", "cell_line_name"), ("gdr", "clid"), ("thunor", "cell.line")]
)
def test_a_cell_without_a_vehicle_is_not_handed_over(target, column):
    assert set(exported(target, value=silent("skin"))[column]) == {"liver"}
    with pytest.raises(
        RankError, match=r"must reach rank.floor \(0.0001\) in the vehicle of a cell, found none that does"
    ):
        handed(value=silent("liver", "skin"))


def test_a_row_of_doses_is_no_matrix():
    """One dose of c at two of a: as wide as a matrix must be, and not as high."""
    row = [("a", "c", dose, 10.0) for dose in DOSES]
    table = exported("synergyfinder", pairs=[*PAIRS, *row])
    assert table.select("drug1", "drug2").unique().rows() == [("a", "b")]
    for pairs in (row, [("a", "c", 10.0, dose) for dose in DOSES]):
        with pytest.raises(RankError, match="over a whole matrix of 2 x 2 doses"):
            exported("synergyfinder", pairs=pairs)


def test_what_is_handed_over_is_the_median_of_the_draws():
    """Of 10 nM, half-maximal at 10, 20, 40 and 80 nM in turn."""

    def value(scenario, draw, readout):
        return hill({**HALF, "a": 10.0 * 2.0**draw})(scenario, draw, readout)

    (point,) = (each for each in handed(value=value).points["liver"] if each[1:3] == (("a",), (10.0,)))
    assert point.ratio == pytest.approx((1 / 1.5 + 1 / 1.25) / 2)


def test_gdr_has_third_drugs_where_one_cell_has_triples():
    given = handed(pairs=[*PAIRS, ("a", "b", "c", 10.0, 10.0, 10.0)])
    one = export_table(replace(given, triples={**given.triples, "skin": []}), "gdr")
    assert one.filter(pl.col("Gnumber_3") != "vehicle").select("clid", "Gnumber_3").rows() == [("liver", "c")]
    none = replace(given, triples=dict.fromkeys(given.triples, ()))
    assert "Gnumber_3" not in export_table(none, "gdr").columns
