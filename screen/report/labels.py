"""Names for readers: what tables call `npm1_alk_lymphoma` a page calls NPM1-ALK lymphoma.

A name that is not listed is shown as it is, with its underscores as spaces.
"""

from collections.abc import Mapping

CONTEXTS: Mapping[str, str] = {
    "hepatocyte_mouse": "mouse hepatocytes",
    "hepatocyte_human": "human hepatocytes",
    "hepg2": "HepG2",
    "npm1_alk_lymphoma": "NPM1-ALK lymphoma",
    "eml4_alk_lung": "EML4-ALK lung cancer",
    "alk_f1174l_neuroblastoma": "ALK F1174L neuroblastoma",
    "breast_bt549": "breast line BT-549",
}

HYPOTHESES: Mapping[str, str] = {
    "default": "",
    "alk_direct": "if ALK acts on STAT3 directly",
    "alk_jak3": "if ALK acts through JAK3",
    "alk_both": "if ALK acts directly and through JAK3",
}

SHORT_HYPOTHESES: Mapping[str, str] = {
    "default": "",
    "alk_direct": "ALK direct",
    "alk_jak3": "through JAK3",
    "alk_both": "both arms",
}


LIGANDS: Mapping[str, str] = {"IL6": "IL-6", "IL1": "IL-1", "TNFa": "TNF", "TGFa": "TGFα", "IFNg": "IFNγ"}


def context_label(context: str) -> str:
    """NPM1-ALK lymphoma."""
    return CONTEXTS.get(context, context.replace("_", " "))


def hypothesis_label(hypothesis: str) -> str:
    """if ALK acts on STAT3 directly; empty for the default."""
    return HYPOTHESES.get(hypothesis, f"if {hypothesis.replace('_', ' ')}")


def capital(text: str) -> str:
    """The text with a capital at its start."""
    return text[:1].upper() + text[1:]


def cell_label(context: str, hypothesis: str) -> str:
    """NPM1-ALK lymphoma, if ALK acts on STAT3 directly."""
    return ", ".join(part for part in (context_label(context), hypothesis_label(hypothesis)) if part)


def short_cell_label(context: str, hypothesis: str) -> str:
    """Two lines for the head of a column: context, then hypothesis."""
    short = SHORT_HYPOTHESES.get(hypothesis, hypothesis.replace("_", " "))
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
