"""Small tables of drugs and contexts, and the shipped ones."""

from pathlib import Path

from screen.scenarios import read_context_tables, read_drug_tables

CONFIG = Path(__file__).parents[2] / "config"

TABLES = {
    "targets.tsv": """\
target genes atp_shift mark source
JAK1 JAK1 26 memory -
JAK2 JAK2 251 memory -
JAK3 JAK3 251 memory -
TYK2 TYK2 84 memory -
MEK MAP2K1,MAP2K2 10 assumed -
MTORC1_RAPALOG FKBP1A 1 fixed -
IL6R_CAPTURE IL6R 1 fixed -
STAT3_SH2 STAT3 1 fixed -
STAT3_DEGRADER STAT3 1 fixed -
""",
    "drugs.tsv": """\
drug class mode species screened hill mark
tofacitinib JAK atp_competitive any true 1 read
ruxolitinib JAK atp_competitive any true 1 read
selumetinib MEK allosteric any true 1 read
sirolimus mTOR rapalog any true 1 read
tocilizumab anti-IL-6(R) antibody_receptor human true 1 memory
Stattic STAT3 sh2_inhibitor any true 2.5 read
SD-36 STAT3 degrader any true 1 assumed
filgotinib JAK atp_competitive any false 1 read
""",
    "affinities.tsv": """\
drug gene construct target type relation value_nM assay atp used mark citation
tofacitinib JAK3 JAK3 JAK3 Kd = 0.16 - none true read D
tofacitinib JAK1 JAK1 JAK1 Kd = 1.6 - none true read D
tofacitinib JAK2 JAK2 JAK2 Kd = 0.58 - none true read D
tofacitinib TYK2 TYK2 TYK2 Kd = 4.8 - none true read D
tofacitinib MAP2K1 MAP2K1 MEK Kd > 10000 - none true read D
ruxolitinib JAK2 JAK2 JAK2 Kd = 0.036 - none true read D
ruxolitinib JAK1 JAK1 JAK1 Kd = 3.4 - none true read D
ruxolitinib JAK1 JAK1 JAK1 Ki = 0.089 - none false read C
selumetinib MAP2K1 MAP2K1 MEK Kd = 99 - site true read D
selumetinib MAP2K2 MAP2K2 MEK Kd = 530 - site true read D
sirolimus FKBP1A FKBP1A MTORC1_RAPALOG Kd = 1.1 - site true read C
tocilizumab IL6R IL6R IL6R_CAPTURE Kd = 2.5 - site true memory M
Stattic STAT3 STAT3 STAT3_SH2 EC50_cell = 40000 - cell true read S
SD-36 STAT3 STAT3 STAT3_DEGRADER EC50_cell = 10 - cell true assumed S
""",
    "contexts.tsv": """\
context kind parameter value unit mark source
liver organism mouse 1 - input -
liver total STAT3_total 28.2 nM read -
liver stimulus IL6_dose 10 ng/mL input -
liver timing preincubation_min 30 min input -
lymphoma total STAT3_total 1000 nM assumed -
lymphoma hypothesis direct 0.6 - assumed -
lymphoma hypothesis through_jak3 0.4 - assumed -
""",
    "hypotheses.tsv": """\
switch hypothesis weight parameter value mark source
H_ALK direct 0.75 h_dir 1 assumed -
H_ALK direct 0.75 h_jak3 0 assumed -
H_ALK through_jak3 0.25 h_dir 0 assumed -
H_ALK through_jak3 0.25 h_jak3 1 assumed -
H_Kd tight 0.5 k_off 0.2 assumed -
H_Kd loose 0.5 k_off 2 assumed -
""",
}

NAMES = (
    "IL6_dose",
    "STAT3_total",
    "h_dir",
    "h_jak3",
    "k_off",
    *(f"load_{line.split()[0]}" for line in TABLES["targets.tsv"].splitlines()[1:]),
)
VALUES = (0.0, 100.0, 0.5, 0.5, 2.0) + (0.0,) * (len(NAMES) - 5)


def drugs_of(folder):
    """The drug tables of a folder."""
    return read_drug_tables(folder / "drugs.tsv", folder / "affinities.tsv", folder / "targets.tsv")


def contexts_of(folder):
    """The context tables of a folder."""
    return read_context_tables(folder / "contexts.tsv", folder / "hypotheses.tsv")
