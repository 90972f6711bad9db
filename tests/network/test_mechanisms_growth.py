"""Mechanisms of gp130, growth factors, SRC, ALK and S727 (numbers of the dossier's table), under libRoadRunner."""

import numpy as np
import polars as pl
import pytest

from screen.network import read_parameters
from tests.network.cells import LARGE, ruxolitinib, tofacitinib

ALK_CONTEXTS = ("npm1_alk_lymphoma", "eml4_alk_lung", "alk_f1174l_neuroblastoma", "alk_r1275q_neuroblastoma")
CRIZOTINIB = {"ALK": 10.0, "JAK1": 0.04, "JAK2": 0.005, "JAK3": 0.007, "TYK2": 0.02}
"""Ten times its dissociation constant at ALK, ATP shift included; the JAKs at the same 330 nM."""
GSK1838705A = {"ALK": 100 / 5.5, "JAK3": 100 / (4700 * 251)}
"""100 nM: Kd 0.55 nM at ALK, 4700 nM at JAK3, with the ATP shifts."""
JAKS = {"JAK1": LARGE, "JAK2": LARGE, "TYK2": LARGE}
FULL = [
    "FGF1",
    "FGF2",
    "FGF3",
    "FGF4",
    "FGF5",
    "FGF6",
    "FGF7",
    "FGF8",
    "FGF9",
    "FGF10",
    "FGF16",
    "FGF17",
    "FGF18",
]
FULL += ["FGF20", "FGF22"]


def il6(ng_per_mL: float) -> dict[str, float]:
    return {"IL6_dose": ng_per_mL}


def ratio(cell, minute: float, loads: dict[str, float], observable: str = "pY705", **how) -> float:
    """With over without drug, which comes at t = 0 unless `preincubation` says otherwise."""
    how = {"preincubation": 0.0} | how
    stimulus = how.get("stimulus")
    return cell.at(minute, observable, loads=loads, **how) / cell.at(minute, observable, stimulus=stimulus)


# ---- ALK


def test_mechanism_01_active_alk_gives_py705(cell):
    for context in ALK_CONTEXTS:
        found = cell(context, "alk_direct")
        assert found.at(20) > 2 * cell(context, "alk_direct", odds_ALK=0.0101).at(20)
        assert found.at(20, "pALK") > 0.1
    assert ratio(cell("npm1_alk_lymphoma", "alk_direct"), 30, CRIZOTINIB) < 0.3
    hepatocyte = cell("hepatocyte_mouse")
    assert ratio(hepatocyte, 20, CRIZOTINIB, preincubation=60.0, stimulus=il6(40)) > 0.9


def test_mechanism_01_ligand_activates_the_wild_type(cell):
    wild = cell("alk_r1275q_neuroblastoma", "alk_direct", odds_ALK=0.0101)
    assert wild.at(20, stimulus={"ALKAL_dose": 5.0}) > 3 * wild.at(20, stimulus={})


def test_mechanism_01_f1174l_takes_more_inhibitor_than_r1275q(cell):
    """V34: the higher affinity for ATP, and odds."""
    f1174l, r1275q = (cell(f"alk_{form}_neuroblastoma", "alk_direct") for form in ("f1174l", "r1275q"))
    for observable in ("pALK", "pY705"):
        for load in (1.0, 3.0):
            assert ratio(f1174l, 30, {"ALK": load}, observable) > ratio(r1275q, 30, {"ALK": load}, observable)
    same = cell("alk_f1174l_neuroblastoma", "alk_direct", ALK_ATP_factor=1.0)
    assert ratio(same, 30, {"ALK": 3.0}, "pALK") < ratio(f1174l, 30, {"ALK": 3.0}, "pALK")


def test_mechanism_02_alk_phosphorylates_stat3_itself(cell):
    found = cell("npm1_alk_lymphoma", "alk_direct")
    assert ratio(found, 30, GSK1838705A) < 0.2
    assert ratio(found, 30, tofacitinib(300)) == pytest.approx(1, abs=0.15)


def test_mechanism_03_or_alk_acts_through_jak3(cell):
    found = cell("npm1_alk_lymphoma", "alk_jak3")
    assert ratio(found, 30, tofacitinib(300)) < 0.5
    assert ratio(found, 30, ruxolitinib(100)) > 0.8
    assert cell("npm1_alk_lymphoma", "alk_jak3", JAK3_total=0.0).at(30) < 0.1 * found.at(30)
    assert cell("npm1_alk_lymphoma", "alk_direct", JAK3_total=0.0).at(30) > 0.9 * found.at(30)


def test_mechanism_03_shp1_takes_phosphate_off_jak3_and_alk(cell):
    """V37."""
    without, with_shp1 = (cell("npm1_alk_lymphoma", "alk_both", SHP1_total=total) for total in (0.0, 100.0))
    for observable in ("pY705", "pJAK3", "pALK"):
        assert with_shp1.at(20, observable) < 0.99 * without.at(20, observable)


@pytest.mark.parametrize("phosphatase", ["PTPN1_total", "PTPN2_total"])
def test_mechanism_01_loss_of_a_phosphatase_holds_against_the_inhibitor(cell, phosphatase):
    """V38."""
    loads = {"ALK": 3.0}
    intact = cell("npm1_alk_lymphoma", "alk_direct")
    lost = cell("npm1_alk_lymphoma", "alk_direct", **{phosphatase: 0.0})
    for observable in ("pALK", "pY705"):
        how = {"loads": loads, "preincubation": 0.0}
        assert lost.at(60, observable, **how) > 1.005 * intact.at(60, observable, **how)


# ---- S727


def test_mechanism_04_mek_inhibition_lowers_s727_and_not_cytokine_y705(cell):
    """V45, with CNTF."""
    for context in ("hepg2", "alk_r1275q_neuroblastoma"):
        found = cell(context, "alk_direct")
        how = {"stimulus": {"CNTF_dose": 1.0}, "preincubation": 60.0}
        assert ratio(found, 30, {"MEK": LARGE}, "pS727", **how) < 0.6
        assert 0.8 < ratio(found, 30, {"MEK": LARGE}, **how) < 1.2


def test_mechanism_04_mtor_and_s727_either_way(cell):
    """M01 and V56."""
    for context in ("hepatocyte_human", "hepg2", "breast_bt20"):
        how = {"preincubation": 120.0}
        textbook, other = cell(context, "mtor_s727"), cell(context, "mtor_not_s727")
        rapalog = {"MTORC1_RAPALOG": LARGE}
        assert ratio(textbook, 30, rapalog, "pS727", **how) < 0.93
        assert 0.8 < ratio(textbook, 30, rapalog, **how) < 1.2
        assert ratio(other, 30, rapalog, "pS727", **how) == pytest.approx(1, abs=0.02)
        assert ratio(other, 30, rapalog, **how) < 0.9


def test_mechanism_04_pi3k_acts_on_s727_through_mtorc1_and_ras_only(cell):
    blind = cell("hepg2", w_mTOR_S727=0.0, k_RAS_PI3K=0.0)
    assert ratio(blind, 180, {"PI3K": LARGE}, "pS727") == pytest.approx(1, abs=0.02)
    assert ratio(cell("hepg2", "mtor_s727"), 180, {"PI3K": LARGE}, "pS727") < 0.99


def test_mechanism_05_the_meaning_of_s727_is_open(network_folder, cell):
    rows = {
        row["parameter"]: row
        for row in read_parameters(network_folder / "parameters.tsv").iter_rows(named=True)
    }
    for effect in ("aS", "bS"):
        assert rows[effect]["prior"] == "normal"
        assert abs(rows[effect]["value"]) <= 2 * rows[effect]["prior_sd"]
    # loss of pS727 (MEK inhibitor, 3 h) raises pY705 or lowers it, as the switch says
    lost = {
        option: ratio(cell("npm1_alk_lymphoma", f"alk_direct+{option}"), 180, {"MEK": LARGE})
        for option in ("s727_silent", "s727_protects", "s727_releases")
    }
    assert lost["s727_protects"] < lost["s727_silent"] < lost["s727_releases"]
    assert lost["s727_silent"] == pytest.approx(1, abs=0.01)


def test_mechanism_05_s727_acts_on_homodimers_and_without_y705(cell):
    """V55."""
    how = {"stimulus": il6(40)}
    silent, acting = (cell("hepatocyte_mouse", bS=0.0, aS=value) for value in (0.0, 1.0))
    assert acting.at(5, "STAT3_homodimer_activity", **how) > 1.3 * silent.at(
        5, "STAT3_homodimer_activity", **how
    )
    mixed = "[STAT3_STAT1_n]"
    assert acting.at(5, mixed, **how) == pytest.approx(silent.at(5, mixed, **how), rel=0.02)
    term, without = (cell("hepatocyte_mouse", w_S727_gene=weight) for weight in (0.05, 0.0))
    assert term.at(20, "target_drive", stimulus={}) > 1.05 * without.at(20, "target_drive", stimulus={})
    assert term.at(20, stimulus={}) == pytest.approx(without.at(20, stimulus={}), rel=0.01)


def test_mechanism_11_kit_and_ngfr_are_slots(cell):
    neuron = "alk_r1275q_neuroblastoma"
    for slot, ligand in (("NGFR", "NGF_dose"), ("KIT", "KITLG_dose")):
        silent = cell(neuron, "alk_direct")
        acting = cell(neuron, "alk_direct", **{f"{slot}_weight": 1.0})
        dose = {ligand: 5.0}
        for observable in ("pERK", "pS727", "pAKT"):
            assert silent.at(60, observable, stimulus=dose) == pytest.approx(
                silent.at(60, observable), rel=1e-9
            )
            assert acting.at(60, observable, stimulus=dose) > 1.02 * acting.at(60, observable)
        # S727 rises through ERK
        held = acting.at(60, "pS727", stimulus=dose, loads={"MEK": LARGE})
        assert held < 0.7 * acting.at(60, "pS727", stimulus=dose)


# ---- kinases that are no receptors


def test_mechanism_12_v_src_needs_no_jak_and_no_socs3_stops_it(cell):
    """V49."""
    found = cell("vsrc_fibroblast")
    assert found.at(30) > 5 * cell("vsrc_fibroblast", constitutive_SRC=0.0).at(30)
    assert ratio(found, 30, JAKS) > 0.9
    assert cell("vsrc_fibroblast", k_SOCS3_gene=2.0).at(30) == pytest.approx(found.at(30), rel=0.05)
    assert ratio(found, 30, {"SRC": LARGE}) < 0.2
    more_pias3 = cell("vsrc_fibroblast", PIAS3_total=150.0)
    assert more_pias3.at(30) == pytest.approx(found.at(30), rel=0.05)
    assert more_pias3.at(30, "[SOCS3_mRNA]") < 0.7 * found.at(30, "[SOCS3_mRNA]")


def test_mechanism_12_abl1_phosphorylates_stat3(cell):
    found = cell("vsrc_fibroblast", constitutive_SRC=0.0, ABL1_active=500.0)
    assert found.at(30) > 2 * cell("vsrc_fibroblast", constitutive_SRC=0.0).at(30)
    assert ratio(found, 60, {"ABL1": LARGE}) < 0.5


def test_mechanism_12_dasatinib_gives_a_dip_and_jak2_the_return(cell):
    """V48: STAT5A and SOCS2 fall with SRC and let JAK2 go; without that loop nothing returns."""
    minutes = [15, 1440]
    looped, alone = (cell("egfr_mutant_lung", f"egfr_il6+{option}") for option in ("src_socs2", "src_none"))
    dip, back = (looped.run(minutes, loads={"SRC": 30.0}, preincubation=0.0) / looped.run(minutes))[:, 0]
    assert dip < 0.98
    assert back > 1.05
    assert ratio(looped, 1440, {"SRC": 30.0, "JAK1": LARGE, "JAK2": LARGE}) < 0.5
    assert ratio(alone, 1440, {"SRC": 30.0}) < 1


# ---- gp130


def test_mechanism_21_hexamer_phosphorylates_half_of_stat3(cell):
    found = cell("hepatocyte_mouse")
    assert found.at(18, stimulus=il6(40)) == pytest.approx(0.54, abs=0.08)
    for needed in ("IL6R_total", "gp130_total", "JAK1_total"):
        assert cell("hepatocyte_mouse", **{needed: 1e-9}).at(18, stimulus=il6(40)) < 0.1


def test_mechanism_21_soluble_receptor_carries_il6_and_soluble_gp130_takes_it_away(cell):
    def at(**totals: float) -> float:
        return cell("hepatocyte_human", IL6R_total=1e-9, **totals).at(30, stimulus=il6(40))

    alone, trans, decoy = at(), at(sIL6R_total=0.34), at(sIL6R_total=0.34, sgp130_total=3.9)
    assert trans > 5 * alone
    assert decoy < 0.7 * trans


def test_mechanism_21_the_rest_of_the_family_uses_gp130_and_jak1(cell):
    found = cell("hepg2")
    for ligand in ("IL11_dose", "LIF_dose", "OSM_dose", "CNTF_dose"):
        dose = {ligand: 1.0}
        assert found.at(30, stimulus=dose) > 5 * found.at(30, stimulus={})
        assert ratio(found, 30, {"JAK1": LARGE}, stimulus=dose, preincubation=60.0) < 0.25
        assert cell("hepg2", gp130_partner_level=0.0).at(30, stimulus=dose) < 1.1 * found.at(30, stimulus={})


def test_mechanism_21_tocilizumab_blocks_while_il6_and_its_receptor_rise(cell):
    """V65: 99 % occupancy."""
    serum = {"sIL6R_total": 0.34, "sgp130_total": 3.9, "IL6_uptake": 2.0}
    for name, value in serum.items():
        assert cell("human_blood").runner[name] == value
    found = cell("hepatocyte_human", **serum)
    held = {"loads": {"IL6R_CAPTURE": 99.0}, "preincubation": 1440.0}
    assert found.at(1, "free_IL6R", **held) == pytest.approx(0.01)
    assert found.at(30, "IL6_serum", **held) > 2 * found.at(30, "IL6_serum")
    assert found.at(30, "[sIL6R]", **held) > 2 * found.at(30, "[sIL6R]")
    assert found.at(30, **held) < 0.3 * found.at(30)


def test_mechanism_21_pi3k_may_hold_an_il6_loop_down(cell):
    """V64: the loop, once let go, is what keeps pY705 up."""
    found = cell("t_cell", loop_level=0.05, AKT_brake=3.0)
    how = {"stimulus": {}}
    assert ratio(found, 1440, {"PI3K": LARGE}, "IL6_serum", **how) > 1.3
    assert ratio(found, 1440, {"PI3K": LARGE}, **how) > 1.05
    assert ratio(found, 1440, {"PI3K": LARGE, "IL6_CAPTURE": LARGE}, **how) < 0.5


def test_mechanism_21_a_stat3_without_y705_takes_the_docking_sites(cell):
    """V61."""
    assert cell("hepatocyte_human", STAT3_Y705F_total=200.0).at(20) < 0.8 * cell("hepatocyte_human").at(20)


# ---- FGF, IGF, EGF


def pfgfr(cell, dose: str, **totals: float) -> float:
    totals = dict.fromkeys(("FGFR1_total", "FGFR2_total", "FGFR3_total", "FGFR4_total"), 1.0) | totals
    return cell("hepg2", **totals).at(20, "pFGFR", stimulus={dose: 0.05}, preincubation=0.0)


def test_mechanism_22_every_fgf_acts_by_its_kind(cell):
    rest = cell("hepg2").at(20, "pFGFR", stimulus={})
    for fgf in FULL:
        assert pfgfr(cell, f"{fgf}_dose") > 3 * rest
    for fgf in ("FGF19", "FGF21", "FGF23"):
        assert pfgfr(cell, f"{fgf}_dose") == pytest.approx(rest, rel=0.05)
        assert pfgfr(cell, f"{fgf}_dose", KLOTHO_level=1.0) > 2 * rest
    for fgf in ("FGF11", "FGF12", "FGF13", "FGF14"):
        assert pfgfr(cell, f"{fgf}_dose") == pytest.approx(rest, rel=0.05)


def test_mechanism_22_fgf7_prefers_fgfr2_and_fgfrl1_is_a_decoy(cell):
    alone = {f"FGFR{number}_total": 1e-6 for number in (1, 2, 3, 4)}
    two = pfgfr(cell, "FGF7_dose", **alone | {"FGFR2_total": 1.0})
    assert two > 3 * pfgfr(cell, "FGF7_dose", **alone | {"FGFR1_total": 1.0})
    assert pfgfr(cell, "FGF2_dose", FGFRL1_total=10.0) < 0.5 * pfgfr(cell, "FGF2_dose")


def test_mechanism_22_fgfr2_needs_src_and_jak(cell):
    """V50: each is needed for Y705, none for S727."""
    found = cell("fgfr2_gastric")
    for loads in ({"FGFR": LARGE}, {"SRC": LARGE}, JAKS):
        assert ratio(found, 30, loads) < 0.4
        assert ratio(found, 180, loads, "pS727") == pytest.approx(1, abs=0.1)


def test_mechanism_22_fgfr_inhibition_in_breast_cells(cell):
    """V28."""
    assert ratio(cell("breast_bt549"), 15, {"FGFR": LARGE}, preincubation=60.0) < 0.99


def test_mechanism_23_igf1_raises_akt_and_not_stat3(cell):
    """V26."""
    for context in ("hepatocyte_mouse", "hepatocyte_human", "hepg2"):
        found = cell(context)
        dose = {"IGF1_dose": 10.0}
        assert found.at(30, "pAKT", stimulus=dose) > 1.5 * found.at(30, "pAKT", stimulus={})
        assert found.at(30, stimulus=dose) < 1.5 * found.at(30, stimulus={})


def test_mechanism_24_egfr_inhibition_spares_il6_and_not_the_late_arm(cell):
    """V18, V21."""
    for context in ("hepatocyte_mouse", "hepg2"):
        found = cell(context)
        assert ratio(found, 30, {"EGFR": LARGE}, stimulus=il6(10), preincubation=60.0) == pytest.approx(
            1, abs=0.1
        )
    hepg2, tgfa = cell("hepg2"), {"EGF_dose": 5.0}
    early, late = hepg2.run([30, 180], stimulus=tgfa)[:, 0]
    assert late > 2 * early
    assert ratio(hepg2, 180, {"EGFR": LARGE}, stimulus=tgfa, preincubation=60.0) < 0.5


def test_mechanism_24_what_drives_egfr_mutant_lung_is_a_switch(cell):
    """V46 and V47."""
    for option in ("egfr_il6", "egfr_osm"):
        found = cell("egfr_mutant_lung", option)
        assert ratio(found, 30, JAKS) < 0.3
        assert ratio(found, 30, {"JAK1": LARGE}) < 0.4
        for target in ("EGFR", "SRC", "FGFR"):
            assert ratio(found, 30, {target: LARGE}) > 0.75
    assert ratio(cell("egfr_mutant_lung", "egfr_il6"), 1440, {"IL6_CAPTURE": LARGE}) < 0.5
    assert ratio(cell("egfr_mutant_lung", "egfr_osm"), 1440, {"IL6_CAPTURE": LARGE}) > 0.9
    induced = cell("egfr_mutant_lung", "egfr_fgfr")
    assert ratio(induced, 180, {"EGFR": LARGE}) > 1.1
    assert ratio(induced, 180, {"EGFR": LARGE, "FGFR": LARGE}) < 0.3
    assert ratio(induced, 180, {"EGFR": LARGE} | JAKS) > 0.9


# ---- MEK, RAF, AKT


@pytest.mark.parametrize("option", ["default", "mek_receptor", "mek_il6"])
def test_mechanism_04_mek_inhibition_raises_py705_late_in_ras_mutants(cell, option):
    """V42, V44: by hours, and only where ERK holds something down."""
    found = cell("kras_pancreas", option)
    assert ratio(found, 1440, {"MEK": LARGE}) > (1.3 if option == "default" else 1.2)
    assert ratio(found, 15, {"MEK": LARGE}) < 1.15
    assert ratio(cell("kras_pancreas", option, ERK_brake=0.0), 1440, {"MEK": LARGE}) < 1.15


def test_mechanism_04_the_s727_reading_of_it_is_fast(cell):
    fast, slow = (cell("kras_pancreas", option) for option in ("mek_s727", "mek_receptor"))
    assert ratio(fast, 30, {"MEK": LARGE}) > 1.2 > ratio(slow, 30, {"MEK": LARGE})


def test_mechanism_04_raf_inhibitors_are_paradoxical_where_ras_is_active(cell):
    assert ratio(cell("kras_pancreas"), 60, {"RAF": 0.5}, "pERK") > 1.1
    for load in (0.5, 3.0, LARGE):
        assert ratio(cell("braf_melanoma"), 60, {"RAF": load}, "pERK") < 1.05
    assert ratio(cell("braf_melanoma"), 60, {"RAF": 10.0}, "pERK") < 0.5


def test_mechanism_04_akt_t308_returns_under_an_mtor_kinase_inhibitor(cell):
    """V63."""
    found = cell("breast_mcf7")
    how = {"stimulus": {}}
    early, late = (ratio(found, minute, {"MTOR": LARGE}, "pAKT", **how) for minute in (30, 1440))
    assert early < 0.7
    assert late > early + 0.15
    assert ratio(found, 1440, {"MTOR": LARGE}, "pAKT_S473", **how) < 0.1


def test_mechanism_21_type_i_jak_inhibitors_raise_the_loop_of_jak2(cell):
    """M03."""
    found = cell("hepatocyte_mouse")
    how = {"stimulus": il6(40)}
    assert found.at(20, "pJAK2_loop", loads=ruxolitinib(1000), **how) > 1.3 * found.at(
        20, "pJAK2_loop", **how
    )
    assert found.at(20, loads=ruxolitinib(1000), **how) < 0.5 * found.at(20, **how)


@pytest.mark.parametrize("option", ["import_faster", "import_retention", "il6_kd_0p5nM", "gp130_jak1_only"])
def test_mechanism_21_the_core_stands_under_its_switches(cell, option):
    """V07 and V62: the options say why nuclear STAT3 rises, not that it does."""
    found = cell("hepatocyte_mouse", option)
    assert found.at(18, stimulus=il6(40)) > 15 * found.at(18, stimulus={})
    assert 1.8 < found.at(25, "STAT3_nuclear_ratio", stimulus=il6(500)) < 3.8


def test_mechanism_05_every_option_is_a_parameter_of_the_network(root, network_folder):
    options = pl.read_csv(root / "config/hypotheses.tsv", separator="\t")
    known = set(read_parameters(network_folder / "parameters.tsv")["parameter"])
    assert set(options["parameter"]) <= known
    assert np.isfinite(options["value"].to_numpy()).all()
