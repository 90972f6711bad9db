"""How far a fit can be trusted: coverage, profiles, evidence for answers to open questions, held-out data; and what
decides a ranking."""

from screen.judge.coverage import COVERAGE, CoveragePlan, measure_coverage
from screen.judge.decisive import Contest, Judges, find_decisive
from screen.judge.evidence import EVIDENCE, FACTS, EvidencePlan, compare_options
from screen.judge.profiles import IDENTIFIED, PROFILE_RISE, PROFILES, ProfilePlan, identify, profile
from screen.judge.settle import SETTLING, Screen, describe_models, find_settling, propose_experiments

__all__ = [
    "COVERAGE",
    "EVIDENCE",
    "FACTS",
    "IDENTIFIED",
    "PROFILES",
    "PROFILE_RISE",
    "SETTLING",
    "Contest",
    "CoveragePlan",
    "EvidencePlan",
    "Judges",
    "ProfilePlan",
    "Screen",
    "compare_options",
    "describe_models",
    "find_decisive",
    "find_settling",
    "identify",
    "measure_coverage",
    "profile",
    "propose_experiments",
]
