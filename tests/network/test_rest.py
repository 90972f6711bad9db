"""At rest and in bounds: every context has a steady state, totals are conserved, nothing becomes negative."""

import numpy as np
import pytest

CONTEXTS = [
    ("hepatocyte_mouse", "default"),
    ("hepatocyte_human", "default"),
    ("hepg2", "default"),
    ("npm1_alk_lymphoma", "alk_direct"),
    ("npm1_alk_lymphoma", "alk_jak3"),
    ("eml4_alk_lung", "alk_direct"),
    ("alk_f1174l_neuroblastoma", "alk_direct"),
    ("breast_bt549", "default"),
    ("t_cell", "default"),
    ("human_blood", "default"),
    ("macrophage", "default"),
]


@pytest.mark.parametrize(("context", "hypothesis"), CONTEXTS)
def test_every_context_has_a_steady_rest(cell, context, hypothesis):
    found = cell(context, hypothesis)
    assert found.rest.min() > -1e-9
    assert found.drift().max() < 1e-5


@pytest.mark.parametrize(("context", "hypothesis"), CONTEXTS)
def test_rest_stays_where_it_is(cell, context, hypothesis):
    found = cell(context, hypothesis).run(
        [1e3, 1e4], ("pY705", "pS727", "pERK", "pAKT", "IL6_autocrine"), stimulus={}
    )
    assert found[1] == pytest.approx(found[0], rel=1e-4, abs=1e-9)


@pytest.mark.parametrize(("context", "hypothesis"), CONTEXTS)
def test_nothing_becomes_negative_after_a_strong_stimulus(cell, context, hypothesis):
    found = cell(context, hypothesis)
    names = [f"[{name}]" for name in found.runner.model.getFloatingSpeciesIds()]
    strong = {
        "IL6_dose": 500,
        "IL2_dose": 1,
        "IFNB1_dose": 1,
        "IL1_dose": 10,
        "EGF_dose": 10,
        "IGF1_dose": 10,
        "FGF1_dose": 1,
    }
    assert found.run([1, 5, 20, 60, 180, 1440], names, stimulus=strong).min() > -1e-9


# ---- conserved totals

CONSERVED = {
    "STAT1": "STAT1_amount_all",
    "SRC": "[SRC] + [SRC_active]",
    "SHP2": "[SHP2] + [SHP2_active]",
    "PIAS3": "[PIAS3] + [PIAS3_dimer]",
    "ALK": "[ALK] + [ALK_active]",
    "JAK3": "[JAK3] + [JAK3_active]",
    "NF-kB": "[NFkB_c] + [NFkB_n] + [NFkB_IkBa_c] + [NFkB_IkBa_n]",
    "IRF3": "[IRF3] + [IRF3_P]",
    "RAS": "[RAS_GDP] + [RAS_GTP]",
    "RAF": "[RAF] + [RAF_active]",
    "MEK": "[MEK] + [MEK_PP]",
    "ERK": "[ERK] + [ERK_PP]",
    "p38": "[p38] + [p38_P]",
    "JNK": "[JNK] + [JNK_P]",
    "IRS1": "[IRS1] + [IRS1_blocked]",
    "AKT": "[AKT] + [AKT_P]",
    "TSC2": "[TSC2] + [TSC2_P]",
    "mTORC1": "[mTORC1] + [mTORC1_active]",
    "S6K": "[S6K] + [S6K_P]",
}


@pytest.mark.parametrize("protein", CONSERVED)
def test_totals_are_conserved(cell, protein):
    found = cell("npm1_alk_lymphoma", "alk_both")
    parts = CONSERVED[protein].split(" + ")
    strong = {"IL6_dose": 100, "IL1_dose": 10, "EGF_dose": 10, "IGF1_dose": 10}
    total = found.run([0.1, 20, 1440], parts, stimulus=strong).sum(axis=1)
    assert total[0] > 1
    assert total == pytest.approx(np.full(3, total[0]), rel=1e-6)


def test_stat3_is_conserved_but_for_synthesis_and_loss(cell):
    found = cell("hepatocyte_mouse", k_STAT3_turnover=0.0)
    total = found.run([0.1, 20, 1440], ("STAT3_amount",), stimulus={"IL6_dose": 100})[:, 0]
    assert total == pytest.approx(np.full(3, 28.2), rel=1e-6)


def test_marks_never_exceed_what_carries_them(cell):
    nucleus = ["[STAT3_dimer_S_n]", "[STAT3_dimer_n]", "[STAT3_STAT1_n]", "[PIAS3_dimer]"]
    cytosol = ["[STAT3_dimer_S_c]", "[STAT3_dimer_c]", "[STAT3_STAT1_c]"]
    found = cell("hepatocyte_mouse").run([1, 10, 30, 180], nucleus + cytosol, stimulus={"IL6_dose": 100})
    marks_n, dimer_n, mixed_n, pias, marks_c, dimer_c, mixed_c = found.T
    assert (marks_n <= 2 * dimer_n + mixed_n).all()
    assert (marks_c <= 2 * dimer_c + mixed_c).all()
    assert (pias <= dimer_n).all()


@pytest.mark.parametrize(
    "knocked_out", ["STAT3_total", "STAT1_total", "ERK_total", "SRC_total", "gp130_total"]
)
def test_an_absent_protein_breaks_nothing(cell, knocked_out):
    found = cell("hepatocyte_mouse", **{knocked_out: 0.0})
    assert np.isfinite(found.run([20, 180], ("pY705", "pS727", "pSTAT1", "pERK", "pJAK1"))).all()
