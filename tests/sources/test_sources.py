"""Importers of public data: a few lines in each source's format, the real files where they are, the problem made."""

import numpy as np
import polars as pl
import pytest

from screen.calibration.derive import BLOCKED_LOAD
from screen.calibration.petab_files import read_petab
from screen.errors import FitError, TableError
from screen.sources import (
    SOURCES,
    Condition,
    assemble,
    choose_sources,
    find_data,
    read_breast_lines,
    write_tables,
)
from tests.problems import CONFIG

HEADS = {
    "sobotta2017/published_points.csv": "datafile,exp_condition,input_actd,input_il6,input_ruxolitinib,"
    "input_stattic,observable,observation_function,sigma_parameter,time_min,scale,measured,sigma,"
    "published_model",
    "hepatocyte_luminex/stat3.csv": "source,cell,stim,inh,time_min,STAT3_MFI",
    "hpn_dream/stat3_pY705.csv": "cell,inhibitor,stimulus,t,STAT3_pY705",
    "mcf10a_rppa/level4_selected.csv": ",".join(
        ["antibody", "ctrl_0"]
        + [
            f"{s}_{h}"
            for s in ("PBS", "EGF", "OSM", "IFNG", "HGF", "TGFB", "BMP2")
            for h in (1, 4, 8, 24, 48)
        ]
    ),
}
HEADS["breast_cytof/cytof.csv"] = (
    "cell_line,time_course,treatment,minutes,pSTAT3_Y705,pSTAT1,pSTAT5,pERK,pMEK,pAKT_S473,pAKT_T308,pS6,pS6K,"
    "p4EBP1,pSRC,pNFkB,pp38"
)
LINES = {
    "breast_cytof/cytof.csv": [
        "BT20,A,EGF,9.0,2.0" + ",1" * 12,
        "BT20,B,iMEK,7.0,3.0" + ",1" * 12,
        "BT20,B,iPKC,7.0,3.5" + ",1" * 12,
        "BT20,B,full,0.0,3.0" + ",1" * 12,
        "184A1,A,EGF,0.0,2.1" + ",1" * 12,
    ],
    "sobotta2017/published_points.csv": [
        "8,7,0,40.0,0,0,pSTAT3_wb,log10(offset_a + pSTAT3*scale_a),sd_a,30,log10,-1,0.1,-1",
        "24,16,0,80.0,0,0,pSTAT3_wb,log10(offset_b + pSTAT3*scale_b),sd_b,30,log10,0,0.2,-1",
        "23,15,0,80.0,0,0,pSTAT3_wb,log10(offset_b + pSTAT3*scale_b),sd_b,40,log10,0,0.2,-1",
        "70,42,0,100.0,500,60,pSTAT3_lumi,log10(offset_c + pSTAT3*scale_c),sd_c,20,log10,2,0.12,2",
        "290,1,0,40.0,0,0,pSTAT3_ms,100*pSTAT3rel,sd_ms,18,lin,54,1.3,52",
        "1,1,0,40.0,0,0,ctSTAT3_abs,log10(ctSTAT3),sd_x,0,log10,1.4,0.1,1.4",
        "1,1,0,40.0,0,0,pJAK1_wb,log10(offset_d + pJAK1*scale_d),sd_d,-5,log10,1.4,0.1,1.4",
    ],
    "hepatocyte_luminex/stat3.csv": [
        "MD-LGA-11111-CytoInh17phFI-BLK.csv,PriHu,IL6,MEK12i,180,2454.0",
        "MD-LGA-11111-CytoInh17phFI-BLK.csv,PriHu,TGFa,JNK12i,30,12.0",
        "MD-LGA-11111-CytoInh17phFI-BLK.csv,HepG2,IL6,GSK3i,30,3526.0",
        "MD-HepG2CancerRes2011.csv,HepG2,IL6,PI3Ki+IKKi,30,54.0",
        "MD-HepG2CancerRes2011.csv,HepG2,IL1a+IL6,PI3Ki+MEK12i,30,20000.0",
    ],
    "hpn_dream/stat3_pY705.csv": [
        "BT549,GSK690693_GSK1120212,IGF1,60,0.4",
        "BT549,DMSO,none(t0),0,0.5",
        "BT549,DMSO,HGF,5,0.6",
        "BT549,DMSO,TGFB,5,0.5",
    ],
    "mcf10a_rppa/level4_selected.csv": [
        "Stat3_pY705," + ",".join(["-1"] + ["2"] * 35),
        "Stat5a," + ",".join(["0"] * 36),
    ],
}


@pytest.fixture
def data(tmp_path):
    """A data folder with a few lines of each source."""
    for file, lines in LINES.items():
        path = tmp_path / "data" / file
        path.parent.mkdir(parents=True)
        path.write_text("\n".join([HEADS[file], *lines]) + "\n")
    return tmp_path / "data"


def read(name, data):
    return SOURCES[name].read(data)


def test_every_source_has_lines_here():
    assert {file for source in SOURCES.values() for file in source.files} == set(LINES)


def test_sobotta_has_pulses_inhibitors_and_the_sigma_of_each_point(data):
    pulse, actinomycin, inhibited, spectrum = read("sobotta2017", data).readings
    assert pulse.arm.stimulus == (("IL6_dose", 40.0), ("IL6_washout", 20.0))
    assert (pulse.value, pulse.sigma, pulse.time) == pytest.approx((0.1, 0.1, 30))
    assert pulse.batch == "a"
    assert ("SOCS3_gene", 0.0) in actinomycin.arm.stimulus
    assert inhibited.arm.drugs == (("ruxolitinib", 500.0), ("Stattic", 60_000.0))
    assert inhibited.arm.without_inhibitor() == Condition("hepatocyte_mouse", (("IL6_dose", 100.0),))
    assert (spectrum.value, spectrum.batch) == (54.0, "")


def test_sobotta_says_what_it_leaves_out(data):
    assert read("sobotta2017", data).left_out == {
        "after actinomycin D was washed out": 1,
        "ctSTAT3_abs: amounts that the context is set by": 1,
        "before the stimulus": 1,
    }


def test_luminex_blocks_targets_and_censors_at_the_background(data):
    strong, weak, pair = read("hepatocyte_luminex", data).readings
    assert strong.arm == Condition("hepatocyte_human", (("IL6_dose", 100.0),), blocked=("MEK",))
    assert not strong.censored
    assert (weak.value, weak.censored) == (30.0, True)
    assert pair.arm.stimulus == (("IL1_dose", 1.0), ("IL6_dose", 100.0))
    assert pair.arm.blocked == ("MEK", "PI3K")
    assert read("hepatocyte_luminex", data).left_out == {
        "GSK3i: not in the network": 1,
        "IKK inhibitor of 2011: reads background at rest too": 1,
    }


def test_hpn_dream_blocks_what_each_compound_of_a_mixture_blocks(data):
    treated, rest, grown = read("hpn_dream", data).readings
    assert treated.arm == Condition("breast_bt549", (("IGF1_dose", 10.0),), (), ("AKT", "MEK"), 120.0)
    assert treated.arm.at_rest() == rest.arm
    assert (treated.time, treated.value, treated.sigma) == (60.0, 0.4, "sigma_hpn_dream")
    assert rest.arm == Condition("breast_bt549")
    assert grown.arm == Condition("breast_bt549", (("HGF_dose", 1.0),)) and grown.value == 0.6
    assert read("hpn_dream", data).left_out == {"TGFB: not in the network": 1}


def test_cytometry_reads_the_signal_of_lines_that_have_a_context(data):
    alone, blocked, other = read("breast_cytof", data).readings
    assert alone.arm == Condition("breast_bt20", (("EGF_dose", 16.0),))
    assert alone.value == pytest.approx(np.sinh(2.0))
    assert blocked.arm == Condition("breast_bt20", (("EGF_dose", 16.0),), (), ("MEK",), 15.0)
    assert (alone.batch, blocked.batch) == ("breast_cytof_bt20_a", "breast_cytof_bt20_b")
    assert other.arm.blocked == ("PKC",) and other.value == pytest.approx(np.sinh(3.5))
    assert read("breast_cytof", data).left_out == {
        "full: not in the network": 1,
        "a line without a context": 1,
    }


def test_lines_that_are_contexts_are_not_among_those_that_are_predicted(data):
    """The shipped calibration has seen BT20."""
    assert set(read_breast_lines(data)["line"]) == {"184A1"}


def test_mcf10a_turns_log2_of_a_wide_table_into_readings(data):
    found = read("mcf10a_rppa", data)
    assert {(each.arm.name, each.time): each.value for each in found.readings}[
        ("breast_mcf10a__OSM_dose_0p4", 480.0)
    ] == 4.0
    assert found.readings[0].value == 0.5
    assert len(found.readings) == 26
    assert sum(found.left_out.values()) == 46


@pytest.mark.parametrize(
    ("file", "line", "problem"),
    [
        (
            "hpn_dream/stat3_pY705.csv",
            "BT549,DMSO,PBS,five,0.5",
            "stat3_pY705.csv row 6: `t` must be a number",
        ),
        (
            "hepatocyte_luminex/stat3.csv",
            "x,HeLa,IL6,none,30,1",
            "stat3.csv row 7: `cell` must be one of HepG2, PriHu",
        ),
        (
            "sobotta2017/published_points.csv",
            "1,1,0,1,0,0,pSTAT3_wb,,,1,ln,0,0.1,",
            "published_points.csv row 9: `scale` must be one of log10, lin",
        ),
        ("mcf10a_rppa/level4_selected.csv", "Stat5a" + "," * 36, "(antibody) must be unique, found (Stat5a)"),
    ],
)
def test_a_file_that_is_not_as_its_source_wrote_it_is_refused(data, file, line, problem):
    with (data / file).open("a") as out:
        out.write(line + "\n")
    source = next(source for source in SOURCES.values() if file in source.files)
    with pytest.raises(TableError) as refused:
        source.read(data)
    assert problem in str(refused.value)


COUNTS = {
    "sobotta2017": (2178, 44, 0),
    "hepatocyte_luminex": (409, 150, 61),
    "hpn_dream": (1110, 0, 0),
    "mcf10a_rppa": (78, 354, 0),
    "breast_cytof": (153, 2222, 0),
}
"""Source -> readings, readings left out, censored readings in the real file."""


@pytest.mark.parametrize("name", SOURCES)
def test_the_real_file_has_so_many_readings(data_folder, name):
    found = read(name, data_folder)
    censored = sum(each.censored for each in found.readings)
    assert (len(found.readings), sum(found.left_out.values()), censored) == COUNTS[name]


def test_the_pulses_explain_when_the_readings_fall(data_folder):
    """After a wash-out the published predictions have fallen by the last reading; without one they stay up."""
    points = pl.read_csv(data_folder / "sobotta2017/published_points.csv", infer_schema_length=None)
    last = points.filter(pl.col("observable") == "pSTAT3_wb").sort("time_min").group_by("datafile").last()
    fallen = dict(last.select("datafile", "published_model").iter_rows())
    assert fallen[36] > max(fallen[35], fallen[37], fallen[38]) + 0.3


def test_what_the_configuration_lacks_is_left_out_and_counted(data, known, tmp_path):
    source = SOURCES["mcf10a_rppa"]
    other = SOURCES["hpn_dream"]
    tables = assemble([(source, source.read(data)), (other, other.read(data))], known)
    assert {reading.arm.context for reading in tables.readings} <= set(known.contexts.contexts)
    total = len(tables.readings) + sum(sum(gone.values()) for gone in tables.left_out.values())
    assert total == sum(
        len(found.readings) + sum(found.left_out.values()) for found in (source.read(data), other.read(data))
    )
    nowhere = known.contexts.__class__(**(vars(known.contexts) | {"contexts": {}}))
    with pytest.raises(FitError, match="at least one reading must be usable, found none of hpn_dream"):
        assemble([(other, other.read(data))], known.__class__(**(vars(known) | {"contexts": nowhere})))


def test_the_problem_is_valid_petab_and_keeps_every_reading(data, known, network, tmp_path):
    names = ("sobotta2017", "hepatocyte_luminex", "hpn_dream")
    tables = assemble([(SOURCES[name], SOURCES[name].read(data)) for name in names], known)
    problem = read_petab(write_tables(tables, tmp_path / "problem", str(network)))
    assert len(problem.measurements) == len(tables.readings)
    frame = problem.measurements.set_index("simulationConditionId")
    row = frame.loc["hepatocyte_human__IL6_dose_100__MEK_blocked"]
    assert row["preequilibrationConditionId"] == "hepatocyte_human__MEK_blocked"
    assert row["observableParameters"] == "scale_luminex_2010_prihu;offset_luminex_2010_prihu"
    assert problem.conditions.loc["hepatocyte_human__MEK_blocked", "load_MEK"] == BLOCKED_LOAD
    assert set(frame["censoring"].dropna()) == {"left"}
    inhibited = frame.loc["breast_bt549__IGF1_dose_10__AKT_blocked__MEK_blocked"]
    assert inhibited["preequilibrationConditionId"] == "breast_bt549"
    assert inhibited["pretreatmentConditionId"] == "breast_bt549__AKT_blocked__MEK_blocked"
    assert inhibited["pretreatmentTime"] == 120.0
    assert {"sigma_luminex", "sigma_hpn_dream", "scale_a"} <= set(problem.parameters.index)
    values = problem.measurements.loc[
        problem.measurements["observableParameters"] == row["observableParameters"], "measurement"
    ]
    # a signal that is half of the most there can be, over a background that is half of the least that was read
    nominal = problem.parameters["nominalValue"].astype(float)
    assert nominal["scale_luminex_2010_prihu"] == pytest.approx(2 * values.max())
    assert nominal["offset_luminex_2010_prihu"] == pytest.approx(values.min() / 2)


def test_figures_of_the_literature_join_unless_a_source_holds_them(data, known, network, tmp_path):
    source = SOURCES["sobotta2017"]
    tables = assemble([(source, source.read(data))], known, CONFIG / "calibration")
    problem = read_petab(write_tables(tables, tmp_path / "problem", str(network)))
    shipped = read_petab(CONFIG / "calibration/problem.yaml", network).measurements
    own = shipped[~shipped["citation"].str.startswith("Sobotta 2017 Front Physiol 8:775")]
    assert len(problem.measurements) == len(tables.readings) + len(own)
    assert 0 < len(own) < len(shipped)
    joined = problem.measurements[problem.measurements["citation"].notna()]
    assert not joined["citation"].str.contains("Luminex plate").any()
    assert "npm1_alk_10" in problem.conditions.index


def test_sources_are_chosen_by_name_or_by_what_is_there(data):
    assert [source.name for source in choose_sources((), data)] == list(SOURCES)
    (data / "hpn_dream/stat3_pY705.csv").unlink()
    assert "hpn_dream" not in [source.name for source in choose_sources((), data)]
    with pytest.raises(FitError, match=r"must be there for hpn_dream, found no file"):
        choose_sources(("hpn_dream",), data)
    with pytest.raises(FitError, match=r"source: must be one of sobotta2017, .*, found tarot"):
        choose_sources(("tarot",), data)


def test_the_data_folder_is_the_one_named_or_that_of_the_environment(data, tmp_path, monkeypatch):
    assert find_data(data) == data
    monkeypatch.setenv("SCREEN_DATA", str(data))
    assert find_data(None) == data
    with pytest.raises(FitError, match="must be the folder of the public data, found none there"):
        find_data(tmp_path / "nowhere")
