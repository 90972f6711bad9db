"""From which number on a value is called out of reach, and what is compared with what."""

import numpy as np
import polars as pl
import pytest

from screen.errors import ScenarioError, TableError
from screen.network import read_parameters
from screen.scenarios import (
    DISCREPANCY,
    implausible,
    implausible_affinities,
    implausible_exposures,
    normal_stream,
    read_abundances,
    read_context_tables,
    read_discrepancy,
)
from screen.tables import write_table
from tests.scenarios.tables import CONFIG

PARAMETERS = read_parameters(CONFIG / "network/parameters.tsv")
CONTEXTS = "context\tkind\tparameter\tvalue\tunit\tmark\tsource\n"
HYPOTHESES = "switch\thypothesis\tweight\tparameter\tvalue\tmark\tsource\n"


def warnings_of(tmp_path, rows: str, hypotheses=CONFIG / "hypotheses.tsv") -> list[str]:
    (tmp_path / "c.tsv").write_text(CONTEXTS + rows)
    return implausible(read_context_tables(tmp_path / "c.tsv", hypotheses), PARAMETERS)


@pytest.mark.parametrize(
    ("name", "unit", "usual", "odd"),
    [
        ("EGF_dose", "nM", 1e5, 1.001e5),  # nobody adds 0.1 mM of a ligand
        ("cytosol", "pL", 0.02, 0.0199),
        ("cytosol", "pL", 50, 50.1),
        # one part in a hundred of all protein; 0.6 is its prior sd: five are three orders of magnitude of 200 nM
        ("STAT3_total", "nM", 0.2, 0.199),
        # another prior: 5 sd of 0.7 are 3.5 orders of magnitude, which is more than three
        ("PTPN2_total", "nM", None, None),
    ],
)
def test_the_last_usual_value_is_no_warning_and_the_next_one_is(tmp_path, name, unit, usual, odd):
    if usual is None:
        (row,) = PARAMETERS.filter(parameter=name).to_dicts()
        off = max(3.0, 5 * row["prior_sd"])
        usual, odd = row["value"] / 10 ** (off - 0.01), row["value"] / 10 ** (off + 0.01)
    assert warnings_of(tmp_path, f"mine\ttotal\t{name}\t{usual}\t{unit}\t\t\n") == []
    (warning,) = warnings_of(tmp_path, f"mine\ttotal\t{name}\t{odd}\t{unit}\t\t\n")
    assert f"`value` of {name} should be" in warning


@pytest.mark.parametrize(
    ("value", "off"), [("3e-308", "1e+310"), ("1e-300", "2e+302"), ("2e-8", "1e+10"), ("0.02", "10000")]
)
def test_how_far_a_value_is_off_is_said_in_a_few_digits(tmp_path, value, off):
    """STAT3_total is 200 nM in the network."""
    (warning,) = warnings_of(tmp_path, f"mine\ttotal\tSTAT3_total\t{value}\tnM\t\t\n")
    assert warning.endswith(f"found {float(value):g} nM, {off} times off")


def test_an_option_is_held_against_what_the_network_has_in_its_unit(tmp_path):
    rates = PARAMETERS.filter(pl.col("unit") == "per_min", pl.col("value") > 0)["value"]
    (name,) = PARAMETERS.filter(unit="per_min")["parameter"][:1]
    low, high = rates.min(), rates.max()
    for value, wrong in ((999 * high, 0), (1001 * high, 1), (low / 999, 0), (low / 1001, 1)):
        (tmp_path / "h.tsv").write_text(HYPOTHESES + f"s\tone\t1\t{name}\t{value}\tassumed\t\n")
        assert len(warnings_of(tmp_path, "mine\ttotal\tcytosol\t3\tpL\t\t\n", tmp_path / "h.tsv")) == wrong


def test_an_option_below_0_is_a_warning_unless_its_prior_reaches_there(tmp_path):
    for name, wrong in (("w_mTOR_Y705", True), ("bS", False), ("w_TLR10", False)):
        (tmp_path / "h.tsv").write_text(HYPOTHESES + f"s\tone\t1\t{name}\t-0.4\tassumed\t\n")
        found = warnings_of(tmp_path, "mine\ttotal\tcytosol\t3\tpL\t\t\n", tmp_path / "h.tsv")
        must = "h.tsv row 2: `value` of {} should be at least 0, as its own and its prior are, found -0.4"
        assert found == ([must.format(name)] if wrong else [])


def constants(values: dict[str, list[float]]) -> pl.DataFrame:
    rows = [
        (f"d{number}", target, "G", "=", value, f"a.tsv row {number}")
        for number, (target, value) in enumerate((t, v) for t, found in values.items() for v in found)
    ]
    return pl.DataFrame(
        rows, schema=["drug", "target", "gene", "relation", "value_nM", "where"], orient="row"
    )


@pytest.mark.parametrize(("others", "alone"), [([1.0, 2.0], False), ([1.0, 2.0, 3.0], True)])
def test_three_constants_of_a_target_are_too_few_to_say_what_is_usual_there(others, alone):
    """2e4 nM is 1e4 times the others of its target, but not of the table, where one is 1e5 nM."""
    found = implausible_affinities(constants({"A": [*others, 2e4], "B": [5e4, 1e5, 6e4, 7e4]}))
    assert bool(found) is alone


def test_a_thousand_times_the_next_constant_is_usual_and_a_little_more_is_not():
    for high, low, wrong in ((3e3, 1.0, 0), (3.1e3, 1.0, 1), (3.0, 1e-3, 0), (3.0, 0.9e-3, 1)):
        assert len(implausible_affinities(constants({"A": [low, 1.0, 2.0, 3.0, high]}))) == wrong
    assert len(implausible_affinities(constants({"A": [1.0, 2.0, 3.0, 1e5]}), only="d3")) == 1
    assert implausible_affinities(constants({"A": [1.0, 2.0, 3.0, 1e5]}), only="d0") == []


def test_of_two_peaks_a_thousand_times_apart_neither_is_known_to_be_wrong():
    for second, wrong in ((1e3, 0), (1.1e3, 2)):
        drugs = pl.DataFrame(
            {"drug": ["a", "b", "c"], "cmax_nM": [1.0, second, None], "where": ["1", "2", "3"]}
        )
        assert len(implausible_exposures(drugs)) == wrong
    assert implausible_exposures(drugs[:1]) == []


def test_a_named_unit_takes_its_own_column_and_only_without_one_the_column_of_values(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("gene,value,nM\nSTAT3,7,8\n")
    assert read_abundances(path, "nM").frame["value"].to_list() == [8.0]
    path.write_text("gene,value\nSTAT3,7\n")
    assert read_abundances(path, "nM").frame["value"].to_list() == [7.0]


def test_a_share_of_the_error_follows_how_far_the_signal_moves(tmp_path):
    """0.3 of whatever stays and 0.4 of all of the signal: 0.5 where all is taken, 0.36 where half is or it doubles."""
    path, note = tmp_path / "d.tsv", {"observable": "pERK", "effects": 1, "data_sets": None, "note": None}
    sds = {"direct": 0.4, "indirect": 1.6, "none": 0.3}
    table = pl.DataFrame(
        [{"route": route, "sd": sd, **note} for route, sd in sds.items()], schema=DISCREPANCY.dtypes()
    )
    write_table(table, path, DISCREPANCY)
    found = read_discrepancy(path, "pERK")
    ratio = np.array([0.0, 0.5, 1.0, 2.0, 1e300])
    half = np.sqrt(0.09 + 0.04)
    assert found.of("direct", ratio) == pytest.approx([0.5, half, 0.3, half, 0.5])
    assert found.of("indirect", ratio[1:3]) == pytest.approx([np.sqrt(0.09 + 0.64), 0.3])
    assert found.of("none", ratio).tolist() == [0.3] * 5
    with pytest.raises(ScenarioError, match=r"must be of what is ranked, pY705_level, .* found pERK"):
        read_discrepancy(path, "pY705_level")


def test_an_error_of_more_than_a_factor_of_a_million_is_refused(tmp_path, root):
    """Of 1e300 the interval of a suppression would be infinite: found by `rank`, after all trajectories."""
    path, row = tmp_path / "d.tsv", "direct\t1.3177"
    shipped = (root / "config/discrepancy.tsv").read_text()
    assert row in shipped
    for sd in ("20.1", "1e300"):
        path.write_text(shipped.replace(row, f"direct\t{sd}"))
        with pytest.raises(TableError, match=r"d.tsv row 2: `sd` must be at most 20, found"):
            read_discrepancy(path, "pY705_level")
    path.write_text(shipped.replace(row, "direct\t20"))
    assert read_discrepancy(path, "pY705_level").sd["direct"] == 20


def test_a_stream_belongs_to_its_name_kind_and_seed_and_further_numbers_change_none():
    first = normal_stream(1, "drug", "a", np.arange(1000))
    assert normal_stream(1, "drug", "a", np.array([999, 0])).tolist() == first[[999, 0]].tolist()
    assert normal_stream(1, "drug", "a", np.array([], int)).shape == (0,)
    for other in ((2, "drug", "a"), (1, "cell", "a"), (1, "drug", "b")):
        assert abs(np.corrcoef(first, normal_stream(*other, np.arange(1000)))[0, 1]) < 0.15
    assert abs(first.mean()) < 0.15 and abs(first.std() - 1) < 0.1
