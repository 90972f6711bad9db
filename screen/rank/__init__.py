"""Ranking: which intervention suppresses pY705 most, on a stated dose basis, and how sure that is."""

from screen.rank.bases import BASES, DoseBasis, basis_in_words, check_bases
from screen.rank.decided import DECIDED, find_decided
from screen.rank.mixture import pools
from screen.rank.ranking import rank, write_ranked
from screen.rank.responses import Responses, gather_responses
from screen.rank.scores import RANKED, SCORES, Score
from screen.rank.series import find_cells, paired_ratio

__all__ = [
    "BASES",
    "DECIDED",
    "RANKED",
    "SCORES",
    "DoseBasis",
    "Responses",
    "Score",
    "basis_in_words",
    "check_bases",
    "find_cells",
    "find_decided",
    "gather_responses",
    "paired_ratio",
    "pools",
    "rank",
    "write_ranked",
]
