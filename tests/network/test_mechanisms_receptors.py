"""Mechanisms of the cytokine receptors, the other STATs and the SOCS (numbers of the dossier's table 1).

Facts of the validation panel are named V.. and M... Loads of drugs come from the project's own drug tables.
"""

import numpy as np
import pytest
from scipy.optimize import brentq

from screen.experiments import loads
from screen.network import compose_network, read_parameters, read_sbml
from screen.network.compose import list_modules
from screen.scenarios import read_drug_tables
from tests.network.cells import LARGE, Cell

IL6, IFNG = {"IL6_dose": 40.0}, {"IFNG_dose": 1.0}
GAMMA_C = ("IL2", "IL7", "IL9", "IL15", "IL21", "IL4")
FREE_IN_BLOOD = 0.03
"""Unbound fraction of ruxolitinib in plasma (PMC10064968)."""
READOUT = {"IL2": "pSTAT5", "IL7": "pSTAT5", "IL9": "pSTAT5", "IL15": "pSTAT5", "IL4": "pSTAT6"}
"""Main STAT of a cytokine where it is not STAT3."""
READOUT |= {"IL12": "pSTAT4", "CSF2": "pSTAT5", "IFNA2": "pSTAT2", "IFNG": "pSTAT1"}
JAKS_OF = dict.fromkeys(GAMMA_C, ("JAK1", "JAK3")) | dict.fromkeys(
    ("IL10", "IL20", "IL22", "IFNA2"), ("JAK1", "TYK2")
)
JAKS_OF |= {"IFNG": ("JAK1", "JAK2"), "CSF2": ("JAK2",), "TPO": ("JAK2",)}
JAKS_OF |= dict.fromkeys(("IL12", "IL23", "CSF3"), ("JAK2", "TYK2"))
RECEPTOR_OF = {"IFNA2": "IFNAR", "IFNG": "IFNGR", "TPO": "TPOR"}


@pytest.fixture(scope="module")
def load_of(root):
    """load_of(drug=nM, ...): loads at the targets that are hit."""
    config = root / "config"
    tables = read_drug_tables(config / "drugs.tsv", config / "affinities.tsv", config / "targets.tsv")

    def make(**nM: float) -> dict[str, float]:
        return {target: load for target, load in loads(nM, tables).items() if load}

    return make


@pytest.fixture(scope="module")
def ic50(load_of):
    """ic50(cell, drug, observable, stimulus): free concentration [nM] that leaves half of it at 20 min."""

    def find(cell: Cell, drug: str, observable: str, stimulus: dict[str, float]) -> float:
        vehicle = cell.at(20, observable, stimulus=stimulus)

        def over(exponent: float) -> float:
            """What is left at 10^exponent nM, over a half."""
            loads = load_of(**{drug: 10.0**exponent})
            return cell.at(20, observable, stimulus=stimulus, loads=loads) / vehicle - 0.5

        return float(10.0 ** brentq(over, -1, 5, xtol=2e-4))

    return find


def dose_of(cytokine: str) -> dict[str, float]:
    return {f"{cytokine}_dose": 1.0}


def auc(cell: Cell, observable: str, stimulus: dict[str, float]) -> float:
    """Area over 4 h [min]."""
    minutes = np.arange(0.0, 241.0, 10.0)
    return float(np.trapezoid(cell.run(minutes[1:], (observable,), stimulus=stimulus)[:, 0], minutes[1:]))


# ---- 7: ligand, receptor, JAK, STAT


@pytest.mark.parametrize("observable", ["pJAK1", "pY705", "pSTAT1"])
def test_mechanism_07_jak1_is_essential_at_gp130(cell, observable):
    """V51."""
    whole, without = cell("hepatocyte_mouse"), cell("hepatocyte_mouse", JAK1_total=0.0)
    assert without.at(30, observable, stimulus=IL6) < 0.25 * whole.at(30, observable, stimulus=IL6)


@pytest.mark.parametrize("cytokine", sorted(JAKS_OF))
def test_mechanism_07_a_receptor_needs_its_ligand_and_its_jaks(cell, cytokine):
    """Every row of table 2.1: without one JAK of the pair nothing; other JAKs do not matter."""
    receptor = f"{RECEPTOR_OF.get(cytokine, cytokine + 'R')}_total"
    observable = READOUT.get(cytokine, "pY705")
    here = {receptor: 1.0, "IL2RG_total": 100.0, "IL13RA1_level": 0.0}
    whole = cell("t_cell", **here)
    basal = whole.at(20, observable, stimulus={})
    signal = whole.at(20, observable, stimulus=dose_of(cytokine)) - basal
    assert signal > 0.02
    for jak in ("JAK1", "JAK2", "JAK3", "TYK2"):
        without = cell("t_cell", **here, **{f"{jak}_total": 0.0})
        left = without.at(20, observable, stimulus=dose_of(cytokine)) - without.at(
            20, observable, stimulus={}
        )
        if jak in JAKS_OF[cytokine]:
            assert left < 0.02 * signal
        else:
            assert left == pytest.approx(signal, rel=0.2)


# ---- 8: which dimers


def test_mechanism_08_three_dimers(cell):
    found = cell("hepatocyte_mouse")
    dimers = ("STAT3_dimer_n", "STAT3_STAT1_n", "STAT1_dimer_n")
    il6, ifng = (found.run([20], dimers, stimulus=stimulus)[0] for stimulus in (IL6, IFNG))
    assert il6.argmax() == 0
    assert ifng.argmax() == 2
    assert min(il6[1], ifng[1]) > 0.01


@pytest.mark.parametrize("context", ["hepatocyte_mouse", "t_cell"])
def test_mechanism_08_stat1_and_stat3_compete(cell, context):
    """V53: IFN-gamma gives STAT3, and for long, where STAT1 is absent; without STAT3 there is more pSTAT1."""
    whole = cell(context)
    without = cell(context, STAT1_total=0.0).run([30, 180], stimulus=IFNG)[:, 0]
    assert (without > 1.3 * whole.run([30, 180], stimulus=IFNG)[:, 0]).all()
    assert without[1] > 0.5 * without[0]
    assert auc(cell(context, STAT3_total=0.0), "pSTAT1", IFNG) > auc(whole, "pSTAT1", IFNG)


def test_mechanism_08_without_stat3_il6_gives_sustained_stat1(cell):
    """M02, and the programme of IFN-gamma: what STAT1 dimers drive rises too."""
    whole, without = cell("hepatocyte_mouse"), cell("hepatocyte_mouse", STAT3_total=0.0)
    for observable in ("pSTAT1", "STAT1_dimer_n"):
        assert auc(without, observable, IL6) > 2 * auc(whole, observable, IL6)


# ---- 9: S727


def test_mechanism_09_transcription_needs_s727(cell):
    """S727A: what homodimers do falls, pY705 (before SOCS3 answers) and STAT1 do not."""
    how = {"aS": 1.0, "bS": 0.0}
    whole, mutant = cell("hepatocyte_mouse", **how), cell("hepatocyte_mouse", **how, k_S727=0.0)
    observables = ("pY705", "STAT3_homodimer_activity", "pSTAT1")
    y705, activity, stat1 = (
        mutant.run([10], observables, stimulus=IL6) / whole.run([10], observables, stimulus=IL6)
    )[0]
    assert y705 == pytest.approx(1, abs=0.05)
    assert stat1 == pytest.approx(1, abs=0.1)
    assert activity < 0.85
    assert mutant.at(30, "SOCS3_mRNA", stimulus=IL6) < whole.at(30, "SOCS3_mRNA", stimulus=IL6)


# ---- 14: SOCS and PIAS


def test_mechanism_14_socs3_restrains_il6_and_not_ifng(cell):
    """V52."""
    whole, without = cell("hepatocyte_mouse"), cell("hepatocyte_mouse", SOCS3_gene=0.0)
    for observable in ("pY705", "pSTAT1"):
        assert auc(without, observable, IL6) > 1.5 * auc(whole, observable, IL6)
    assert auc(without, "pSTAT1", IFNG) == pytest.approx(auc(whole, "pSTAT1", IFNG), rel=0.05)


def test_mechanism_14_socs1_restrains_ifng(cell):
    whole, without = cell("hepatocyte_mouse"), cell("hepatocyte_mouse", SOCS1_gene=0.0)
    assert whole.at(120, "SOCS1", stimulus=IFNG) > 2 * whole.at(120, "SOCS1", stimulus={})
    assert auc(without, "pSTAT1", IFNG) > 1.1 * auc(whole, "pSTAT1", IFNG)


def test_mechanism_14_socs2_restrains_jak2(cell):
    gmcsf = dose_of("CSF2")
    whole, without = cell("human_blood"), cell("human_blood", SOCS2_gene=0.0)
    assert whole.at(360, "SOCS2", stimulus=gmcsf) > 0.5
    assert without.at(360, "pSTAT5", stimulus=gmcsf) > 1.1 * whole.at(360, "pSTAT5", stimulus=gmcsf)


def test_mechanism_14_pias_act_after_the_phosphate_each_on_its_dimer(cell):
    """V54: PIAS3 silences STAT3 and PIAS1 STAT1; at 10 min neither changes phosphorylation."""
    whole = cell("hepatocyte_mouse")
    for name, stimulus, own, other, phosphate in (
        ("PIAS3_total", IL6, "STAT3_homodimer_activity", "STAT1_free_dimer", "pY705"),
        ("PIAS1_total", IFNG, "STAT1_free_dimer", "STAT3_homodimer_activity", "pSTAT1"),
    ):
        observables = (own, other, phosphate)
        more = cell("hepatocyte_mouse", **{name: 300.0})
        ratio = (
            more.run([10], observables, stimulus=stimulus) / whole.run([10], observables, stimulus=stimulus)
        )[0]
        assert ratio[0] < 0.5
        assert ratio[1] == pytest.approx(1, abs=0.15)
        assert ratio[2] == pytest.approx(1, abs=0.1)


# ---- 26: JAK pairs and drugs


@pytest.mark.parametrize("jak", ["JAK1", "JAK3"])
@pytest.mark.parametrize("cytokine", ["IL2", "IL15", "IL7"])
def test_mechanism_26_either_jak_of_the_gamma_c_pair_is_enough(cell, cytokine, jak):
    """V16."""
    found = cell("t_cell")
    left = found.at(20, "pSTAT5", stimulus=dose_of(cytokine), loads={jak: LARGE})
    assert left < 0.05 * found.at(20, "pSTAT5", stimulus=dose_of(cytokine))


def test_mechanism_26_gamma_c_is_shared(cell):
    rich = {"IL2R_total": 1.0, "IL4R_total": 1.0, "IL15R_total": 1.0}
    scarce, plenty = cell("t_cell", IL2RG_total=1.0, **rich), cell("t_cell", **rich)
    il7 = dose_of("IL7")
    rivals = il7 | {"IL2_dose": 10.0, "IL4_dose": 10.0, "IL15_dose": 10.0}
    assert scarce.at(20, "IL7R_active", stimulus=rivals) < 0.7 * scarce.at(20, "IL7R_active", stimulus=il7)
    assert plenty.at(20, "IL7R_active", stimulus=rivals) > 0.95 * plenty.at(20, "IL7R_active", stimulus=il7)


def test_mechanism_26_tofacitinib_by_receptor(cell, ic50):
    """V14: GM-CSF (JAK2 alone) far behind gamma-c, IL-6 between."""
    blood = cell("human_blood")
    gamma_c = ic50(blood, "tofacitinib", "pSTAT5", dose_of("IL2"))
    assert ic50(blood, "tofacitinib", "pSTAT5", dose_of("CSF2")) >= 10 * gamma_c
    assert 2 <= ic50(blood, "tofacitinib", "pY705", blood.stimulus) / gamma_c <= 15


@pytest.mark.parametrize("drug", ["tofacitinib", "upadacitinib", "baricitinib", "ruxolitinib"])
def test_mechanism_26_jak_inhibitors_hit_jak1_cytokines_hardest(cell, ic50, drug):
    """V15."""
    blood = cell("human_blood")
    jak2 = ic50(blood, drug, "pSTAT5", dose_of("CSF2"))
    assert ic50(blood, drug, "pY705", blood.stimulus) < jak2
    assert ic50(blood, drug, "pSTAT5", dose_of("IL2")) < jak2


def test_mechanism_26_il10_bypasses_an_inhibited_alk(cell, load_of):
    """V39: IL-10 lifts pY705 under crizotinib at ten times its constant; a JAK1 inhibitor takes it away."""
    found = cell("npm1_alk_lymphoma", "alk_direct")
    il10 = dose_of("IL10")
    inhibited = found.at(60, loads=load_of(crizotinib=330.0))
    bypassed = found.at(60, stimulus=il10, loads=load_of(crizotinib=330.0))
    restored = found.at(60, stimulus=il10, loads=load_of(crizotinib=330.0, ruxolitinib=1000.0))
    assert bypassed > 2 * inhibited
    assert restored < inhibited + 0.1 * (bypassed - inhibited)


# ---- 27: STATs


def test_mechanism_27_ruxolitinib_in_blood(cell, ic50):
    """V12: free IC50 of IL-6 and of TPO within a factor of three of 282 and 281 nM times the free fraction."""
    blood = cell("human_blood")
    for stimulus, nM in ((blood.stimulus, 282), (dose_of("TPO"), 281)):
        found = ic50(blood, "ruxolitinib", "pY705", stimulus)
        assert abs(np.log10(found / (nM * FREE_IN_BLOOD))) < np.log10(3)


def test_mechanism_27_il23_needs_most_ruxolitinib(cell, ic50):
    """V13: the weakest of blood; IL-2 within a factor of three of the 22.9 nM of cells."""
    blood = cell("human_blood")
    il23 = ic50(blood, "ruxolitinib", "pY705", dose_of("IL23"))
    for observable, stimulus in (("pSTAT1", blood.stimulus), ("pY705", dose_of("IFNA2"))):
        assert il23 > 1.5 * ic50(blood, "ruxolitinib", observable, stimulus)
    assert 23 / 3 < ic50(blood, "ruxolitinib", "pSTAT5", dose_of("IL2")) < 23 * 3


def test_mechanism_27_each_cytokine_has_its_stats(cell):
    """Main and secondary STATs of table 2.1 by how fast they are phosphorylated; the others are not at all."""
    secondary = {"IL2": "3", "IL7": "3", "IL15": "3", "IL21": "15", "IL22": "15", "IL10": "1", "CSF2": "3"}
    secondary |= {"IL9": "1", "IFNA2": "3456", "IFNG": "3", "IL23": "4", "TPO": "3"}
    main = {"IL9": "35", "CSF2": "5", "TPO": "5", "IFNA2": "12", "IFNG": "1", "IL12": "4", "IL4": "6"}
    main |= dict.fromkeys(("IL2", "IL7", "IL15"), "5") | dict.fromkeys(("IL10", "IL20", "IL21"), "3")
    main |= dict.fromkeys(("IL22", "IL23", "CSF3"), "3")
    assert set(main) == set(JAKS_OF)
    receptors = dict.fromkeys(("IL20R_total", "IL22R_total", "CSF2R_total", "CSF3R_total", "TPOR_total"), 1.0)
    found = cell("t_cell", **receptors)
    rates = tuple(f"cytokine_STAT{stat}" for stat in "123456")
    for cytokine in main:
        rate = dict(zip("123456", found.run([5], rates, stimulus=dose_of(cytokine))[0], strict=True))
        most = max(rate.values())
        for stat, value in rate.items():
            if stat in main[cytokine]:
                assert value == pytest.approx(most, rel=1e-3)
            elif stat in secondary.get(cytokine, ""):
                assert 0.03 * most < value < 0.3 * most
            else:
                assert value == 0


def test_mechanism_27_isgf3_needs_stat1_and_stat2(cell):
    interferon = dose_of("IFNB1")
    assert cell("t_cell").at(30, "ISGF3_n", stimulus=interferon) > 1
    for absent in ("STAT1_total", "STAT2_total"):
        assert cell("t_cell", **{absent: 0.0}).at(30, "ISGF3_n", stimulus=interferon) < 1e-6


def test_mechanism_27_every_interferon_counts_by_its_potency(cell):
    found = cell("t_cell")
    for gene in (1, 2, 4, 5, 6, 7, 8, 10, 13, 14, 16, 17, 21):
        weight = found.runner[f"w_IFNA{gene}"]
        got = found.at(20, "IFNAR_active", stimulus={f"IFNA{gene}_dose": 0.3 / weight})
        assert got == pytest.approx(found.at(20, "IFNAR_active", stimulus={"IFNA2_dose": 0.3}), rel=1e-4)


def test_mechanism_27_totals_of_the_other_stats_are_conserved(cell):
    found = cell("t_cell")
    cytosol, nucleus = found.runner["cytosol"], found.runner["nucleus"]
    stimulus = dose_of("IFNB1") | dose_of("IL2") | dose_of("IL4") | dose_of("IL12")
    for stat, total in {"STAT4": 100, "STAT5": 79.8, "STAT6": 100}.items():
        parts = found.run([5, 60, 600], (f"[{stat}]", f"[{stat}_Y_c]", f"[{stat}_Y_n]"), stimulus=stimulus)
        amount = parts @ [1, 1, nucleus / cytosol]
        assert amount == pytest.approx(np.full(3, total), rel=1e-6)
        assert parts[:, 1].max() > 1
    stat2 = found.run([5, 60, 600], ("[STAT2]", "[STAT2_Y]", "[ISGF3_n]"), stimulus=stimulus)
    assert stat2 @ [1, 1, nucleus / cytosol] == pytest.approx(np.full(3, 100), rel=1e-6)


def test_mechanism_27_stat5_dimers_follow_the_totals(cell):
    dimers = ("STAT5AA_n", "STAT5AB_n", "STAT5BB_n")
    aa, ab, bb = cell("t_cell").run([30], dimers, stimulus=dose_of("IL2"))[0]
    assert ab == pytest.approx(2 * aa) and aa == pytest.approx(bb) and aa > 0
    aa, ab, bb = cell("t_cell", STAT5A_total=0.0).run([30], dimers, stimulus=dose_of("IL2"))[0]
    assert aa == ab == 0 and bb > 0


# ---- 28: IL-17B


def test_mechanism_28_il17b_without_a_jak(cell):
    found = cell("hepg2", IL17RB_level=1.0)
    il17b, jaks = {"IL17B_dose": 100.0}, {"JAK1": LARGE, "JAK2": LARGE, "TYK2": LARGE}
    acute = ("NFkB_nuclear", "pERK")
    rest, given, inhibited = (
        found.run([30], acute, stimulus=stimulus, loads=drug)[0]
        for stimulus, drug in (({}, {}), (il17b, {}), (il17b, jaks))
    )
    assert (given > 1.1 * rest).all()
    assert inhibited == pytest.approx(given, rel=0.05)
    late = found.at(180, stimulus=il17b)
    assert found.at(30, stimulus=il17b) < 1.5 * found.at(30, stimulus={})
    assert late > 3 * found.at(180, stimulus={})
    assert found.at(180, stimulus=il17b, loads=jaks) < 0.2 * late
    assert cell("hepg2").at(180, stimulus=il17b) == pytest.approx(
        cell("hepg2").at(180, stimulus={}), rel=1e-3
    )


# ---- what is left without these modules


@pytest.mark.parametrize(
    "left_out", [("m12",), ("m14",), ("m12", "m14"), ("m01", "m02", "m03"), ("m07", "m09", "m08")]
)
def test_what_is_left_is_a_network(network_folder, left_out):
    kept = [module.key for module in list_modules(network_folder) if module.key not in left_out]
    assert read_sbml(compose_network(network_folder, kept)).species


def test_receptors_are_silent_by_default(network_folder):
    table = read_parameters(network_folder / "parameters.tsv")
    values = dict(zip(table["parameter"], table["value"], strict=True))
    receptors = [
        name for name in values if name.endswith(("R_total", "AR_total", "GR_total")) and values[name] == 0
    ]
    assert len(receptors) >= 16
