"""Ranking: which intervention suppresses (or raises) an observable most, on a stated dose basis, and how sure that is.

A screen of one cell, a vehicle and one drug at two doses, under two parameter draws:

>>> import polars as pl
>>> from screen.settings import Settings
>>> from screen.tables import RESPONSES, SCENARIOS
>>> rows = [("vehicle", "vehicle", None, None), ("drug", "single", "drug", 10.0), ("drug", "single", "drug", 90.0)]
>>> scenarios = pl.DataFrame(
...     [(f"{number}", "liver", "default", 1.0, *row, *[None] * 4) for number, row in enumerate(rows)],
...     schema=SCENARIOS.dtypes(), orient="row",
... )
>>> responses = pl.DataFrame(
...     [(f"{number}", draw, "pY705_20min", value * (1 + draw), "ok", 100)
...      for number, value in enumerate((0.4, 0.3, 0.1)) for draw in (0, 1)],
...     schema=RESPONSES.dtypes(), orient="row",
... )
>>> drugs = pl.DataFrame({"drug": ["drug"], "class": ["JAK"]})
>>> readouts = [readout for readout in Settings().readouts if readout.id == "pY705_20min"]
>>> aim = Aim(readouts, "pY705_level")
"""

from screen.rank.aim import Aim
from screen.rank.annotated import annotate_effects, write_annotated
from screen.rank.bases import DoseBasis, basis_in_words, check_bases, unranked_pairs
from screen.rank.combinations import COMBINATIONS
from screen.rank.curves import CURVES
from screen.rank.decided import DECIDED, find_decided
from screen.rank.dose_effects import DoseEffects, effects_beside, score_doses
from screen.rank.dose_responses import DOSE_RESPONSES, ENDINGS, count_endings
from screen.rank.doubt import Doubt
from screen.rank.export import TARGETS, dose_points, export_table
from screen.rank.failures import FAILURES, find_failures
from screen.rank.isoboles import ISOBOLES
from screen.rank.mixture import pools
from screen.rank.paired import paired_ratio
from screen.rank.race import Rules, run_race
from screen.rank.ranking import check_request, find_silent, rank
from screen.rank.responses import ResponseArray, gather_responses
from screen.rank.scores import SCORES
from screen.rank.series import find_cells
from screen.rank.sets import Asked, rank_sets, sets_schema
from screen.rank.table import as_lowering, ranked_schema

__all__ = [
    "COMBINATIONS",
    "CURVES",
    "DECIDED",
    "DOSE_RESPONSES",
    "ENDINGS",
    "FAILURES",
    "ISOBOLES",
    "SCORES",
    "TARGETS",
    "Aim",
    "Asked",
    "DoseBasis",
    "DoseEffects",
    "Doubt",
    "ResponseArray",
    "Rules",
    "annotate_effects",
    "as_lowering",
    "basis_in_words",
    "check_bases",
    "check_request",
    "count_endings",
    "dose_points",
    "effects_beside",
    "export_table",
    "find_cells",
    "find_decided",
    "find_failures",
    "find_silent",
    "gather_responses",
    "paired_ratio",
    "pools",
    "rank",
    "rank_sets",
    "ranked_schema",
    "run_race",
    "score_doses",
    "sets_schema",
    "unranked_pairs",
    "write_annotated",
]
