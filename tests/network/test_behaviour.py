"""What the shipped numbers say, against the published facts of the validation panel (V..), under libRoadRunner.

Tolerances are those of the dossier. Where a fact names no dose, the test says which one it takes.
"""

import numpy as np
import pytest

from tests.network.cells import LARGE, ruxolitinib, tofacitinib

INHIBITED_ALK = {"ALK": 10.0}


def il6(ng_per_mL: float) -> dict[str, float]:
    return {"IL6_dose": ng_per_mL}


@pytest.fixture
def hepatocyte(cell):
    return cell("hepatocyte_mouse")


def half_dose(residual, low: float, high: float) -> float:
    """The dose at which a falling function of the dose is one half, by bisection on the logarithm."""
    for _ in range(12):
        middle = np.sqrt(low * high)
        low, high = (middle, high) if residual(middle) > 0.5 else (low, middle)
    return float(np.sqrt(low * high))


# ---- hepatocytes under IL-6


def test_v01_fraction_of_py705(hepatocyte):
    assert hepatocyte.at(18, stimulus=il6(40)) == pytest.approx(0.54, abs=0.08)
    assert 0.005 < hepatocyte.at(18, stimulus={}) < 0.03


def test_v02_dose_response(hepatocyte):
    basal = hepatocyte.at(20, stimulus={})
    top = hepatocyte.at(20, stimulus=il6(500)) - basal

    def missing(dose: float) -> float:
        return 1 - (hepatocyte.at(20, stimulus=il6(dose)) - basal) / top

    ec50 = half_dose(missing, 0.1, 100)
    assert 4 < ec50 < 22
    assert missing(100) < 0.1
    slope = np.log10(
        (1 - missing(2 * ec50)) / missing(2 * ec50) * missing(ec50 / 2) / (1 - missing(ec50 / 2))
    ) / np.log10(4)
    assert 0.8 < slope < 2.2


@pytest.mark.parametrize("context", ["hepg2", "hepatocyte_human"])
def test_v03_overshoot_then_plateau(cell, context):
    """IL-6 at 100 ng/mL: the source row names no dose."""
    found = cell(context)
    basal = found.at(30, stimulus={})
    early, late = found.run([30, 180], stimulus=il6(100))[:, 0] - basal
    assert 0.2 < late / early < 0.5


def test_v04_v05_socs3_mrna(hepatocyte):
    minutes = [20, 30, 40, 50, 60, 80]
    free = hepatocyte.run(minutes, ("SOCS3_mRNA",), stimulus=il6(40))[:, 0]
    held = hepatocyte.run(minutes, ("SOCS3_mRNA",), stimulus=il6(40), loads=ruxolitinib(500))[:, 0]
    assert 30 <= minutes[free.argmax()] <= 50
    assert 0.15 < free[-1] / free.max() < 0.35
    assert minutes[held.argmax()] > minutes[free.argmax()]
    assert 0.2 < held.max() / free.max() < 0.5


def test_v06_socs3_protein(hepatocyte):
    assert 2.97 / 2 < hepatocyte.at(40, "SOCS3_protein", stimulus=il6(40)) < 2.97 * 2


def test_v07_nuclear_ratio(hepatocyte):
    assert 0.5 < hepatocyte.at(25, "STAT3_nuclear_ratio", stimulus={}) < 1.2
    assert 1.8 < hepatocyte.at(25, "STAT3_nuclear_ratio", stimulus=il6(500)) < 3.8


def ruxolitinib_ic50(hepatocyte, dose: float) -> float:
    vehicle = hepatocyte.at(20, stimulus=il6(dose))
    return half_dose(
        lambda nM: hepatocyte.at(20, stimulus=il6(dose), loads=ruxolitinib(nM)) / vehicle, 1, 1e5
    )


def test_v08_ruxolitinib_at_40(hepatocyte):
    assert 20 < ruxolitinib_ic50(hepatocyte, 40) < 400
    vehicle = hepatocyte.at(20, stimulus=il6(40))
    assert hepatocyte.at(20, stimulus=il6(40), loads=ruxolitinib(1000)) / vehicle < 0.15


def test_v09_ligand_overrides_ruxolitinib(hepatocyte):
    """Also within a factor of three of the re-run of the published equations (section 2.19)."""
    found = {dose: ruxolitinib_ic50(hepatocyte, dose) for dose in (1, 10, 500)}
    assert 2 < found[500] / found[10] < 15
    for dose, published in {1: 145, 10: 203, 500: 1874}.items():
        assert abs(np.log10(found[dose] / published)) < np.log10(3.2)


def test_v10_nothing_but_stat3_binding_is_needed_for_stattic(hepatocyte):
    vehicle = hepatocyte.at(20, stimulus=il6(40))
    assert hepatocyte.at(20, stimulus=il6(40), loads={"STAT3_SH2": LARGE}) < 0.05 * vehicle


def test_v11_receptor_half_life(hepatocyte):
    assert 90 < np.log(2) / hepatocyte.runner["k_gp130_turnover"] < 300


def test_v51_jak1_is_essential(cell, hepatocyte):
    without = cell("hepatocyte_mouse", JAK1_total=0.0)
    assert without.at(30, stimulus=il6(10)) < 0.25 * hepatocyte.at(30, stimulus=il6(10))
    assert without.at(30, "pJAK1", stimulus=il6(10)) < 0.25 * hepatocyte.at(30, "pJAK1", stimulus=il6(10))
    for helper in ("JAK2_total", "TYK2_total"):
        assert cell("hepatocyte_mouse", **{helper: 0.0}).at(30) > 0.7 * hepatocyte.at(30)


# ---- what is not a JAK does not touch acute pY705


@pytest.mark.parametrize("context", ["hepatocyte_mouse", "hepatocyte_human", "hepg2"])
@pytest.mark.parametrize(
    "target",
    [
        "MEK",
        "PI3K",
        "MTOR",
        "MTORC1_RAPALOG",
        "P38",
        "JNK",
        "IKK",
        "EGFR",
        "ALK",
        "JAK3",
        "RAF",
        "ERK",
        "AKT",
    ],
)
def test_v17_v18_acute_py705_is_a_jak_affair(cell, context, target):
    found = cell(context)
    minutes = [20, 30]
    ratio = found.run(minutes, stimulus=il6(10), loads={target: LARGE}) / found.run(minutes, stimulus=il6(10))
    assert ((ratio > 0.8) & (ratio < 1.25)).all()


@pytest.mark.parametrize("context", ["hepatocyte_mouse", "hepg2"])
def test_v45_mek_inhibition_lowers_s727_only(cell, context):
    observables = ("pY705", "pS727")
    found = cell(context)
    y705, s727 = (found.run([30], observables, loads={"MEK": LARGE}) / found.run([30], observables))[0]
    assert s727 < 0.6
    assert 0.8 < y705 < 1.2


@pytest.mark.parametrize(
    "stimulus", [{"EGF_dose": 5.0}, {"IGF1_dose": 10.0}, {"TNF_dose": 1.0}, {"LPS_dose": 1.0}]
)
@pytest.mark.parametrize("context", ["hepg2", "hepatocyte_human"])
def test_v26_other_stimuli_do_not_raise_acute_py705(cell, context, stimulus):
    found = cell(context)
    assert found.at(30, stimulus=stimulus) < 2.2 * found.at(30, stimulus={})


@pytest.mark.parametrize("target", ["MTOR", "PI3K"])
def test_v27_pi3k_and_mtor_in_breast_cells(cell, target):
    found = cell("breast_bt549")
    minutes = [20, 30, 180]
    ratio = found.run(minutes, loads={target: LARGE}) / found.run(minutes)
    assert (np.abs(np.log2(ratio)) < 0.3).all()
    # a kinase inhibitor of mTOR takes pS6K down with it
    assert found.at(180, "pS6K", loads={"MTOR": LARGE}) < 0.3 * found.at(180, "pS6K")


# ---- the late, autocrine arm


def test_v19_il1_acts_late_and_through_ikk(cell):
    found = cell("hepg2")
    basal, il1 = found.at(30, stimulus={}), {"IL1_dose": 1.0}
    early, late = found.run([30, 180], stimulus=il1)[:, 0]
    assert early < 1.3 * basal
    assert late > 4 * early
    rest_of_ikk = found.at(180, stimulus=il1, loads={"IKK": LARGE})
    assert rest_of_ikk < 0.2 * late
    assert found.at(180, stimulus=il1, loads={"MEK": LARGE}) < 0.7 * late
    for target in ("PI3K", "MTOR"):
        assert found.at(180, stimulus=il1, loads={target: LARGE}) > 0.8 * late


def test_v20_lps_needs_tlr4(cell):
    lps = {"LPS_dose": 1.0}
    human, hepg2 = cell("hepatocyte_human"), cell("hepg2")
    assert human.at(180, stimulus=lps) > 3 * human.at(180, stimulus={})
    assert hepg2.at(180, stimulus=lps) == pytest.approx(hepg2.at(180, stimulus={}), rel=1e-3)


def test_antibodies_remove_the_autocrine_arm(cell):
    found = cell("hepg2")
    il1 = {"IL1_dose": 1.0}
    late = found.at(180, stimulus=il1)
    for target, left in {"IL6_CAPTURE": 0.3, "IL6R_CAPTURE": 0.3, "IL1R_CAPTURE": 0.6}.items():
        assert found.at(180, stimulus=il1, loads={target: LARGE}) < left * late


# ---- ALK: direct or through JAK3


@pytest.mark.parametrize("hypothesis", ["alk_direct", "alk_jak3"])
def test_v30_alk_inhibition_in_npm1_alk(cell, hypothesis):
    found = cell("npm1_alk_lymphoma", hypothesis)
    ratio = found.run([20, 180], loads=INHIBITED_ALK, preincubation=0) / found.run([20, 180])
    assert found.at(20) > 0.2
    assert (ratio < 0.3).all()


def test_v30_alk_inhibition_in_hepatocytes(hepatocyte):
    assert hepatocyte.at(20, loads=INHIBITED_ALK) > 0.9 * hepatocyte.at(20)


def test_v31_alk_inhibition_lowers_three_arms(cell):
    observables = ("pY705", "pERK", "pAKT")
    found = cell("npm1_alk_lymphoma", "alk_direct")
    ratio = found.run([60], observables, loads=INHIBITED_ALK, preincubation=0) / found.run([60], observables)
    assert (ratio < 0.7).all()


def test_v35_direct_hypothesis(cell):
    found = cell("npm1_alk_lymphoma", "alk_direct")
    vehicle = found.at(30)
    assert found.at(30, loads=tofacitinib(300), preincubation=0) > 0.85 * vehicle


def test_v36_jak3_hypothesis(cell):
    found = cell("npm1_alk_lymphoma", "alk_jak3")
    vehicle = found.at(30)
    assert found.at(30, loads=tofacitinib(300), preincubation=0) < 0.5 * vehicle
    assert found.at(30, loads=ruxolitinib(100), preincubation=0) > 0.8 * vehicle
    # JAK3 itself is hit at once, while JAK3 that ALK no longer activates has to run down
    slower = found.at(20, loads={"ALK": 100.0}, preincubation=0)
    assert found.at(20, loads=tofacitinib(1000), preincubation=0) < slower


def test_without_jak3_the_jak3_hypothesis_is_silent(cell):
    direct, through = cell("eml4_alk_lung", "alk_direct"), cell("eml4_alk_lung", "alk_jak3")
    assert direct.at(20) > 0.2
    assert through.at(20) < 0.1 * direct.at(20)


def test_v33_mutants_are_more_active_than_wild_type(cell):
    mutant = cell("alk_f1174l_neuroblastoma", "alk_direct")
    milder = cell("alk_f1174l_neuroblastoma", "alk_direct", odds_ALK=0.43)
    wild = cell("alk_f1174l_neuroblastoma", "alk_direct", odds_ALK=0.0101)
    assert mutant.at(20) > milder.at(20) > wild.at(20)
    assert mutant.at(20) > 2 * wild.at(20)


# ---- other ways to take STAT3 down


@pytest.mark.parametrize("target", ["STAT3_DEGRADER", "STAT3_SYNTHESIS"])
def test_v67_degrader_and_antisense_lower_stat3_itself(hepatocyte, target):
    assert hepatocyte.at(2880, "STAT3_amount", loads={target: LARGE}) < 0.5 * hepatocyte.at(
        2880, "STAT3_amount"
    )


def test_rapalog_stops_s6k_and_leaves_akt(hepatocyte):
    how = {"loads": {"MTORC1_RAPALOG": LARGE}, "preincubation": 600}
    assert hepatocyte.at(20, "pS6K", **how) < 0.3 * hepatocyte.at(20, "pS6K")
    assert hepatocyte.at(20, "pAKT", **how) > hepatocyte.at(20, "pAKT")
