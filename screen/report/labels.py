"""Names for readers: what tables call `npm1_alk_lymphoma` a page calls NPM1-ALK lymphoma.

A name that is not listed is shown as it is, with its underscores as spaces.
"""

from collections.abc import Mapping

from screen.scenarios import MIXTURE
from screen.scenarios.hypotheses import JOIN

CONTEXTS: Mapping[str, str] = {
    "hepatocyte_mouse": "mouse hepatocytes",
    "hepatocyte_human": "human hepatocytes",
    "hepg2": "HepG2",
    "npm1_alk_lymphoma": "NPM1-ALK lymphoma",
    "eml4_alk_lung": "EML4-ALK lung cancer",
    "alk_f1174l_neuroblastoma": "ALK F1174L neuroblastoma",
    "alk_r1275q_neuroblastoma": "ALK R1275Q neuroblastoma",
    "kras_pancreas": "KRAS pancreatic cancer",
    "egfr_mutant_lung": "EGFR-mutant lung cancer",
    "braf_melanoma": "BRAF melanoma",
    "fgfr2_gastric": "FGFR2 gastric cancer",
    "vsrc_fibroblast": "v-Src fibroblasts",
    "macrophage": "macrophages",
    "t_cell": "T cells",
    "human_blood": "human blood",
    "breast_bt549": "breast line BT-549",
    "breast_bt20": "breast line BT-20",
    "breast_mcf7": "breast line MCF-7",
    "breast_uacc812": "breast line UACC-812",
    "breast_mcf10a": "breast line MCF-10A",
}

HYPOTHESES: Mapping[str, str] = {
    "default": "",
    "alk_direct": "if ALK acts on STAT3 directly",
    "alk_jak3": "if ALK acts through JAK3",
    "alk_both": "if ALK acts directly and through JAK3",
    "s727_silent": "if S727 is silent",
    "s727_protects": "if S727 protects Y705",
    "s727_releases": "if S727 releases Y705 to its phosphatase",
    "mtor_s727": "if mTOR phosphorylates S727",
    "mtor_not_s727": "if mTOR does not reach S727",
    "import_faster": "if Y705 speeds import",
    "import_retention": "if Y705 holds STAT3 in the nucleus",
    "il6_kd_5nM": "if IL-6 binds its receptor with 5 nM",
    "il6_kd_0p5nM": "if IL-6 binds its receptor with 0.5 nM",
    "dimer_kd_5nM": "if dimers form with 5 nM",
    "dimer_kd_50nM": "if dimers form with 50 nM",
    "egfr_il6": "if mutant EGFR acts through IL-6",
    "egfr_osm": "if mutant EGFR acts through oncostatin M",
    "egfr_fgfr": "if mutant EGFR acts through FGFR",
    "ros_lowered": "if mitochondrial STAT3 lowers ROS",
    "ros_raised": "if mitochondrial STAT3 raises ROS",
    "gp130_jak1_only": "if JAK1 alone serves gp130",
    "gp130_scaffold": "if JAK1 is a scaffold for JAK2 and TYK2",
    "src_socs2": "if SOCS2 restrains SRC",
    "src_none": "if nothing restrains SRC",
    "mek_receptor": "if MEK inhibition frees receptors",
    "mek_s727": "if MEK inhibition acts through S727",
    "mek_il6": "if MEK inhibition raises IL-6",
    MIXTURE: "all hypotheses by their prior weight",
}

SHORT_HYPOTHESES: Mapping[str, str] = {
    "default": "",
    "alk_direct": "ALK direct",
    "alk_jak3": "through JAK3",
    "alk_both": "both arms",
    "s727_silent": "S727 silent",
    "s727_protects": "S727 protects",
    "s727_releases": "S727 releases",
    "mtor_s727": "mTOR to S727",
    "mtor_not_s727": "mTOR not to S727",
    "import_faster": "faster import",
    "import_retention": "retention",
    "il6_kd_5nM": "IL-6 Kd 5 nM",
    "il6_kd_0p5nM": "IL-6 Kd 0.5 nM",
    "dimer_kd_5nM": "dimer Kd 5 nM",
    "dimer_kd_50nM": "dimer Kd 50 nM",
    "egfr_il6": "EGFR by IL-6",
    "egfr_osm": "EGFR by OSM",
    "egfr_fgfr": "EGFR by FGFR",
    "ros_lowered": "ROS lowered",
    "ros_raised": "ROS raised",
    "gp130_jak1_only": "JAK1 alone",
    "gp130_scaffold": "JAK1 scaffold",
    "src_socs2": "SOCS2 on SRC",
    "src_none": "SRC free",
    "mek_receptor": "MEK: receptors",
    "mek_s727": "MEK: S727",
    "mek_il6": "MEK: IL-6",
    MIXTURE: "mixture",
}


LIGANDS: Mapping[str, str] = {"IL6": "IL-6", "IL1": "IL-1", "TNFa": "TNF", "TGFa": "TGFα", "IFNg": "IFNγ"}


def context_label(context: str) -> str:
    """NPM1-ALK lymphoma."""
    return CONTEXTS.get(context, context.replace("_", " "))


def hypothesis_label(hypothesis: str) -> str:
    """if ALK acts on STAT3 directly; joined by `and` for options of several switches; empty for the default."""
    options = hypothesis.split(JOIN)
    return " and ".join(HYPOTHESES.get(option, f"if {option.replace('_', ' ')}") for option in options)


def short_label(hypothesis: str) -> str:
    """ALK direct; joined by commas for options of several switches; empty for the default."""
    options = hypothesis.split(JOIN)
    return ", ".join(SHORT_HYPOTHESES.get(option, option.replace("_", " ")) for option in options)


def capital(text: str) -> str:
    """The text with a capital at its start."""
    return text[:1].upper() + text[1:]


def cell_label(context: str, hypothesis: str) -> str:
    """NPM1-ALK lymphoma, if ALK acts on STAT3 directly."""
    return ", ".join(part for part in (context_label(context), hypothesis_label(hypothesis)) if part)


def short_cell_label(context: str, hypothesis: str) -> str:
    """Two lines for the head of a column: context, then hypothesis."""
    short = short_label(hypothesis)
    return "\n".join(part for part in (context_label(context), short) if part)


def time_label(minutes: float) -> str:
    """20 min, 3 h."""
    return f"{minutes:g} min" if minutes < 60 else f"{minutes / 60:g} h"


def readout_label(from_minutes: float, to_minutes: float) -> str:
    """at 20 min; mean over 0 to 24 h."""
    if from_minutes == to_minutes:
        return f"at {time_label(to_minutes)}"
    start = "0" if from_minutes == 0 else time_label(from_minutes)
    return f"mean over {start} to {time_label(to_minutes)}"


def basis_label(basis: str) -> str:
    """In words what a value of the column dose_basis says."""
    for head, words in BASES.items():
        if basis.startswith(head):
            return words.format(basis[len(head) :].removesuffix("nM"))
    return basis.replace("_", " ")


BASES: Mapping[str, str] = {
    "equal_concentration_": "every drug at {} nM free",
    "equal_burden_": "{} nM free drug in all",
    "ic50_x": "each drug at {} x its own IC50",
    "clinical": "free peak concentration in patients",
}


def dose_label(dose_nM: float) -> str:
    """300 nM, 10 µM."""
    return f"{_two_digits(dose_nM / 1000)} µM" if dose_nM >= 1000 else f"{_two_digits(dose_nM)} nM"


def _two_digits(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.2g}"
