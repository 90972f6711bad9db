"""What each study gave its cells, and what is expected of its readings: every entry of the tables, batches by hand."""

import math

import numpy as np
import pytest

from screen.calibration.derive import START_SHARE
from screen.sources import SOURCES, Condition, Reading, choose_sources, read_breast_lines
from screen.sources.assemble import (
    _experiments,
    _log_row,
    _measurements,
    _missing,
    _observables,
    _own_parameters,
)
from screen.sources.breast_cytof import BREAST_LINES
from screen.sources.readings import ObservedAs
from tests.sources.test_sources import HEADS

FILES = {source.name: source.files[0] for source in SOURCES.values()}


@pytest.fixture
def arms(tmp_path):
    """arms(source, lines): the readings of a file with these lines."""

    def read(name, lines):
        path = tmp_path / FILES[name]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join([HEADS[FILES[name]], *lines]) + "\n")
        return SOURCES[name].read(tmp_path)

    return read


LUMINEX = {
    "none": {}, "IL6": {"IL6_dose": 100}, "IL1a": {"IL1_dose": 1}, "TGFa": {"EGF_dose": 10}, "IGF1": {"IGF1_dose": 10},
    "INS": {"IGF1_dose": 1}, "TNFa": {"TNF_dose": 1}, "LPS": {"LPS_dose": 10}, "IFNg": {"IFNG_dose": 1},
    "HGF": {"HGF_dose": 1},
}  # fmt: skip
HPN_DREAM = {
    "none(t0)": {}, "PBS": {}, "Serum": {"EGF_dose": 0.3, "IGF1_dose": 1}, "EGF": {"EGF_dose": 10},
    "FGF1": {"FGF1_dose": 1}, "IGF1": {"IGF1_dose": 10}, "Insulin": {"IGF1_dose": 1}, "HGF": {"HGF_dose": 1},
    "NRG1": {"NRG1_dose": 10},
}  # fmt: skip


def test_hepatocytes_got_these_cytokines_and_inhibitors(arms):
    targets = {"MEKi": "MEK", "MEK12i": "MEK", "PI3Ki": "PI3K", "IKKi": "IKK", "mTORi": "MTOR", "p38i": "P38",
               "JNK12i": "JNK", "EGFRi": "EGFR"}  # fmt: skip
    blocked = {"none": ()} | {name: (target,) for name, target in targets.items()}
    lines = [f"a.csv,HepG2,{name},none,30,99.0" for name in LUMINEX] + [
        f"a.csv,PriHu,none,{name},30,99.0" for name in blocked
    ]
    found = arms("hepatocyte_luminex", lines).readings
    assert [dict(each.arm.stimulus) for each in found[: len(LUMINEX)]] == list(LUMINEX.values())
    assert [each.arm.blocked for each in found[len(LUMINEX) :]] == list(blocked.values())
    assert {each.arm.context for each in found[: len(LUMINEX)]} == {"hepg2"}
    assert all(each.arm.inhibited_before is None for each in found)


def test_plates_are_batches_of_each_cell_and_what_reads_as_beads_do_is_censored(arms):
    lines = ["MD-LiverMSB2009.csv,PriHu,IL6,none,30,30.0", "MD-LiverMSB2009.csv,PriHu,IL6,none,30,30.5",
             "MD-HepG2CancerRes2011.csv,HepG2,IL6,none,0,7.0", "MD-HepG2CancerRes2011.csv,HepG2,IL6,IKKi,30,99.0",
             "MD-LiverMSB2009.csv,HepG2,IL6,IKKi,30,99.0", "MD-LiverMSB2009.csv,HepG2,IL6,none,30,"]  # fmt: skip
    found = arms("hepatocyte_luminex", lines)
    assert [(each.batch, each.value, each.censored) for each in found.readings] == [
        ("luminex_2009_prihu", 30.0, True), ("luminex_2009_prihu", 30.5, False), ("luminex_2011_hepg2", 30.0, True),
        ("luminex_2009_hepg2", 99.0, False),
    ]  # fmt: skip
    assert found.left_out == {"IKK inhibitor of 2011: reads background at rest too": 1, "without reading": 1}


def test_breast_lines_on_arrays_got_these_stimuli_and_compounds(arms):
    compounds = {"DMSO": (), "GSK690693": ("AKT",), "GSK1120212": ("MEK",), "PD173074": ("FGFR",)}
    lines = [f"BT20,DMSO,{name},5,1.0" for name in HPN_DREAM] + [
        f"MCF7,{name},PBS,5,1.0" for name in compounds
    ]
    found = arms("hpn_dream", [*lines, "HeLa,DMSO,PBS,5,1.0", "BT20,DMSO,PBS,5,"])
    given, blocked = found.readings[: len(HPN_DREAM)], found.readings[len(HPN_DREAM) :]
    assert [dict(each.arm.stimulus) for each in given] == list(HPN_DREAM.values())
    assert [(each.arm.blocked, each.arm.inhibited_before) for each in blocked] == [
        (targets, 120.0 if targets else None) for targets in compounds.values()
    ]
    assert found.left_out == {"HeLa: not in the network": 1, "without reading": 1}


def test_doses_of_mcf10a_are_nanograms_over_the_weight_of_the_ligand(arms):
    """10 ng/mL of EGF (6.2 kDa), 40 of HGF (80), 10 of OSM (26), 20 of IFN-gamma (17)."""
    head = HEADS[FILES["mcf10a_rppa"]].split(",")[1:]
    rows = [
        f"{name}," + ",".join(["3"] * len(head)) for name in ("Stat3_pY705", "MAPK_pT202_Y204", "Akt_pS473")
    ]
    found = arms("mcf10a_rppa", rows).readings
    doses = {name: dose for each in found for name, dose in each.arm.stimulus}
    want = {"EGF_dose": 10 / 6.2, "HGF_dose": 40 / 80, "OSM_dose": 10 / 26, "IFNG_dose": 20 / 17}
    assert doses == pytest.approx(want, rel=0.05)
    assert {each.time for each in found} == {0.0, 60.0, 240.0, 480.0, 1440.0, 2880.0}
    assert {each.value for each in found} == {8.0} and len(found) == 3 * (1 + 5 * 5)
    assert sum(each.arm == Condition("breast_mcf10a") for each in found) == 3 * (1 + 5)
    assert [each.quantity for each in SOURCES["mcf10a_rppa"].observables] == ["pY705_level", "pERK", "pAKT"]


def test_cytometry_has_egf_and_these_inhibitors_a_quarter_of_an_hour_before(arms, tmp_path):
    """100 ng/mL of 6.2 kDa; a value is a median arcsinh; nothing at or below 0 is a signal."""
    targets = {
        "EGF": (),
        "iEGFR": ("EGFR",),
        "iMEK": ("MEK",),
        "iPI3K": ("PI3K",),
        "imTOR": ("MTOR",),
        "iPKC": ("PKC",),
    }
    ones = ",1" * 12
    lines = [f"MCF7,A,{name},7.0,1.5{ones}" for name in targets]
    found = arms("breast_cytof", [*lines, f"MCF7,A,EGF,7.0,0.0{ones}", f"MCF7,A,EGF,7.0,-1{ones}"])
    assert [each.arm.blocked for each in found.readings] == list(targets.values())
    assert [each.arm.inhibited_before for each in found.readings] == [None, *[15.0] * 5]
    assert dict(found.readings[0].arm.stimulus) == pytest.approx({"EGF_dose": 100 / 6.2}, rel=0.05)
    assert found.readings[0].value == pytest.approx(math.sinh(1.5)) and found.left_out == {
        "without signal": 2
    }
    assert (BREAST_LINES.inhibited_before, dict(BREAST_LINES.blocked)) == (
        15.0, {name: each for name, (each,) in list(targets.items())[1:]},
    )  # fmt: skip
    arms("breast_cytof", [f"184A1,B,iMEK,9.0,0.5,1,1,2,1,0,1,1,-3{',1' * 4}", f"184A1,B,full,9.0,1{ones}"])
    rows = {row["readout"]: row for row in read_breast_lines(tmp_path).iter_rows(named=True)}
    assert {name: row["value"] for name, row in rows.items()} == pytest.approx(
        {"pY705_level": math.sinh(0.5), "pERK": math.sinh(2.0)}
    )
    assert (rows["pERK"]["line"], rows["pERK"]["treatment"], rows["pERK"]["course"]) == ("184A1", "iMEK", "B")


PULSES = {
    20: {32: 20}, 160: {29: 10},
    40: {8: 20, 10: 5, 30: 40, 33: 20, 35: 12, 36: None, 37: 24, 38: 6},
    80: {25: 12, 26: 24, 27: 6, 28: None, 31: 20, 34: 20},
}  # fmt: skip
"""IL-6 [ng/mL] -> data file -> when it was washed out [min]."""


def test_pulses_of_il6_have_the_strength_and_length_of_their_data_file(arms):
    point = "{file},1,0,10.0,0,0,pSTAT3_wb,log10(offset_a + x*scale_a),s,5,log10,0,0.1,0"
    files = [(file, dose, until) for dose, of_dose in PULSES.items() for file, until in of_dose.items()]
    found = arms("sobotta2017", [point.format(file=file) for file, *_ in [*files, (1, 10, None)]]).readings
    for each, (_, dose, until) in zip(found, [*files, (1, 10, None)], strict=True):
        want = {"IL6_dose": dose} | ({} if until is None else {"IL6_washout": until})
        assert dict(each.arm.stimulus) == want


def test_actinomycin_stops_the_gene_until_it_is_washed_out_and_drugs_have_their_doses(arms):
    """File 23 saw it for 30 min, 24 throughout, another where its column says so; Stattic is given in uM."""
    rows = [(23, 0, 29), (23, 0, 30), (23, 0, 31), (24, 0, 999), (5, 1, 999), (5, 0, 0)]
    point = "{},1,{},10.0,0,0,pSTAT3_wb,log10(x),s,{},log10,0,0.1,0"
    found = arms("sobotta2017", [point.format(*row) for row in rows])
    stopped = [("SOCS3_gene", 0.0) in each.arm.stimulus for each in found.readings]
    assert stopped == [True, True, True, True, False]
    assert found.left_out == {"after actinomycin D was washed out": 1}
    point = "9,1,0,{},{},{},pSTAT3_ms,100*x,s,0,lin,{},0.1,0"
    (none,) = arms("sobotta2017", [point.format(0, 0, 0, 5)]).readings
    assert none.arm == Condition("hepatocyte_mouse") and (none.value, none.batch, none.time) == (5.0, "", 0.0)
    (drug,) = arms("sobotta2017", [point.format(1, 0, 2.5, 5)]).readings
    assert drug.arm.drugs == (("Stattic", 2500.0),)


def test_noise_is_heavy_tailed_where_it_is_estimated_and_that_of_the_study_where_it_is_not():
    degrees = {source.name: {each.degrees for each in source.observables} for source in SOURCES.values()}
    estimated = {name: {4.0} for name in ("hepatocyte_luminex", "hpn_dream", "mcf10a_rppa", "breast_cytof")}
    assert degrees == {"sobotta2017": {None}, **estimated}
    assert {name: told for source in SOURCES.values() for name, told in source.noise.items()} == {
        "sigma_luminex": (0.12, 0.15), "sigma_hpn_dream": (0.1, 0.15), "sigma_mcf10a": (0.1, 0.2),
        "sigma_breast_cytof": (0.075, 0.1),
    }  # fmt: skip


NORMAL, HEAVY, PLAIN = (
    ObservedAs("n", "pERK"),
    ObservedAs("h", "pERK + pAKT", degrees=4.0),
    ObservedAs("p", "X", "lin", False),
)
SEEN = {each.name: each for each in (NORMAL, HEAVY, PLAIN)}


def reading(observable, value, batch, censored=False, arm=None, sigma=0.1):
    return Reading(arm or Condition("hepg2"), observable, 1.0, value, batch, sigma, "data", censored)


def test_a_batch_is_solved_unless_its_noise_is_heavy_or_a_reading_of_it_is_censored():
    """Expected: half of the lowest reading is background, the highest is half of the most there can be."""
    readings = [
        reading("n", 8.0, "a"), reading("n", 2.0, "a"), reading("h", 6.0, "b"), reading("n", 5.0, "c"),
        reading("n", 1.0, "c", censored=True), reading("p", 3.0, ""),
    ]  # fmt: skip
    rows = {row["parameterId"]: row for row in _own_parameters(readings, SEEN, []).iter_rows(named=True)}
    assert {name: float(row["nominalValue"]) for name, row in rows.items()} == {
        "scale_a": 16.0, "offset_a": 1.0, "scale_b": 12.0, "offset_b": 3.0, "scale_c": 10.0, "offset_c": 0.5,
    }  # fmt: skip
    searched = {
        name: row["objectivePriorParameters"] for name, row in rows.items() if row["objectivePriorType"]
    }
    assert {name: float(text.partition(";")[2]) for name, text in searched.items()} == {
        "scale_b": 1.0, "offset_b": 0.7, "scale_c": 1.0, "offset_c": 0.7,
    }  # fmt: skip
    assert float(searched["scale_c"].partition(";")[0]) == pytest.approx(1.0)


def test_only_noise_that_a_reading_has_is_estimated():
    found = _own_parameters([reading("p", 3.0, "", sigma="sigma_luminex")], SEEN, list(SOURCES.values()))
    assert found["parameterId"].to_list() == ["sigma_luminex"]
    assert found["objectivePriorParameters"].item() == f"{math.log10(0.12):.8g};0.15"


@pytest.mark.parametrize(("sd", "spread"), [(0.15, 0.15), (None, 1.0)])
def test_bounds_of_a_batch_lie_six_decades_around_what_is_expected(sd, spread):
    row = _log_row("scale_a", 20.0, sd)
    assert (float(row["lowerBound"]), float(row["upperBound"])) == pytest.approx((2e-5, 2e7))
    centre, start = map(float, row["initializationPriorParameters"].split(";"))
    assert (centre, start) == pytest.approx((math.log10(20.0), START_SHARE * spread))
    assert (row["objectivePriorType"] is None if "objectivePriorType" in row else True) == (sd is None)


def test_rows_of_readings_say_what_came_before_and_what_is_scaled():
    arm = Condition("hepg2", (("IL6_dose", 5.0),), (("ruxolitinib", 3.0),), ("MEK",), 15.0)
    told = _measurements([reading("h", 2.0, "b", True, arm), reading("p", 3.0, "")], SEEN).to_dicts()
    first, second = ({name: value for name, value in row.items() if value is not None} for row in told)
    assert first["preequilibrationConditionId"] == "hepg2" and first["pretreatmentTime"] == 15.0
    assert first["pretreatmentConditionId"] == "hepg2__ruxolitinib_3__MEK_blocked"
    assert (first["observableParameters"], first["censoring"]) == ("scale_b;offset_b", "left")
    assert not {"pretreatmentConditionId", "pretreatmentTime", "censoring"} & set(second)
    assert second["observableParameters"] == "" and float(second["noiseParameters"]) == 0.1
    rows = {
        row["observableId"]: row
        for row in _observables([reading("h", 1.0, "b"), reading("p", 1.0, "")], SEEN).to_dicts()
    }
    assert rows["h"]["observableFormula"] == "observableParameter1_h*(pERK + pAKT) + observableParameter2_h"
    assert (rows["p"]["observableFormula"], rows["p"]["degreesOfFreedom"], rows["h"]["degreesOfFreedom"]) == (
        "X",
        None,
        4.0,
    )
    source = SOURCES["hpn_dream"]
    named = _experiments([reading("h", 2.0, "b", arm=arm)], {each.name: source for each in arm.stages()})
    assert named["conditionId"].to_list() == [
        "hepg2", "hepg2__ruxolitinib_3__MEK_blocked", "hepg2__IL6_dose_5__ruxolitinib_3__MEK_blocked",
    ]  # fmt: skip
    assert named["stimulus"].to_list() == [None, None, "IL6_dose=5"] and named["blocked"].to_list() == [
        None,
        "MEK",
        "MEK",
    ]


@pytest.mark.parametrize(
    ("arm", "lacks"),
    [
        (Condition("hepg2", (("IL6_dose", 5.0),), (("ruxolitinib", 3.0),), ("MEK",)), None),
        (Condition("mars"), "mars"),
        (Condition("hepg2", (("IL99_dose", 5.0),)), "IL99_dose"),
        (Condition("hepg2", drugs=(("water", 5.0),)), "water"),
        (Condition("hepg2", blocked=("JAK9",)), "JAK9"),
    ],
)
def test_a_reading_lacks_what_the_configuration_does_not_have(known, arm, lacks):
    assert _missing(reading("n", 1.0, "b", arm=arm), NORMAL, known) == lacks
    assert _missing(reading("n", 1.0, "b"), ObservedAs("n", "pERK + pNothing"), known) == "pNothing"


def test_one_source_that_is_there_is_enough(tmp_path):
    path = tmp_path / FILES["hpn_dream"]
    path.parent.mkdir()
    path.touch()
    assert [each.name for each in choose_sources((), tmp_path)] == ["hpn_dream"]


def test_a_condition_has_a_name_that_is_an_identifier():
    arm = Condition("a", (("x", 0.5), ("y", -1e-5)), (("d", 2000.0),), ("MEK",))
    assert arm.name == "a__x_0p5__y_m1em05__d_2000__MEK_blocked"
    assert arm.words == "a, x=0.5, y=-1e-05, d=2000, MEK blocked"
    assert np.array_equal([arm.is_inhibited, Condition("a").is_inhibited], [True, False])
    assert Condition("a", drugs=(("d", 1.0),)).is_inhibited and Condition("a", blocked=("MEK",)).is_inhibited
