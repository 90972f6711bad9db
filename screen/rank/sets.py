"""Several cells together: which intervention does most over all of them, each cell with a weight.

In every draw the effect on a set is the weighted mean of those in its cells. A cell with a negative weight is to be
left alone: what moves there, either way, counts against an intervention. A cell under several hypotheses has one of
them in each draw, by their weights; cells with the same question have the same answer.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import polars as pl

from screen.rank.aim import Aim
from screen.rank.bases import DoseBasis, Place
from screen.rank.comparison import Comparison
from screen.rank.doubt import REPEATS, Doubt
from screen.rank.draws import quantile
from screen.rank.ranking import Ranked, Sets, rank_beside, rounded
from screen.rank.ratios import Ratios
from screen.rank.responses import ResponseArray
from screen.rank.scores import SCORES
from screen.rank.series import Cell
from screen.rank.table import LEADING, under_goal
from screen.scenarios import MIXTURE, normal_stream
from screen.tables import Column, Schema, number_column

SHOWN = (
    "rank", "rank_p05", "rank_p95", "p_best", "p_top5", "first_place", "expected_regret", "suppression_p05",
    "suppression_p50", "suppression_p95",
)  # fmt: skip
"""Scores of a ranking that a set has too."""

ASKED = ("readout", "dose_basis", "intervention")
"""Columns of the ranked table that say what a row of a set is of, beside the set."""


class Question(NamedTuple):
    """The hypotheses of a context that have a weight, as the draws of its mixture come one after the other, and what it
    is ranked under as a whole."""

    labels: tuple[str, ...]
    weights: np.ndarray
    hypothesis: str


class Member(NamedTuple):
    """The effects in one cell of a set by intervention [draws], signed by its weight."""

    context: str
    weight: float
    effects: Mapping[str, np.ndarray]


def sets_schema(aim: Aim) -> Schema:
    """The table of sets: what a row is of, its scores, and where it does least.

    >>> [column.name for column in sets_schema(aim).columns][:4]
    ['set', 'readout', 'dose_basis', 'intervention']
    """
    scores = tuple(under_goal(score.column, aim) for score in SCORES if score.column.name in SHOWN)
    return Schema(
        "sets",
        (
            Column("set", pl.String, "name of the set of contexts", is_name=True),
            *(column for column in LEADING if column.name in ASKED),
            *scores,
            Column(
                "least_in", pl.String, "context of the set in which it does least for the goal, by the median"
            ),
            number_column(
                "least_p50", "what it does there; negative where it should be left alone", "fraction"
            ),
        ),
        key=("set", *ASKED),
        may_be_empty=True,
    )


class Asked(NamedTuple):
    """Sets of contexts with their weights, and the seed of the run."""

    sets: Sets
    seed: int


def rank_sets(
    found: ResponseArray,
    drugs: pl.DataFrame,
    asked: Asked,
    *,
    aim: Aim,
    dose_bases: Sequence[DoseBasis],
    doubt: Doubt | None = None,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The ranked table of `rank`, and `sets_schema` of the aim: interventions with a rank in every cell of a set.

    >>> found, asked = gather_responses(responses, scenarios), Asked({"livers": {"liver": 1.0}}, seed=1)
    >>> bases = [DoseBasis("equal_burden", 90.0)]
    >>> _, together = rank_sets(found, drugs, asked, aim=aim, dose_bases=bases)
    >>> together.select("set", "intervention", "rank").rows()
    [('livers', 'drug', 1)]
    """
    wanted = {context for weights in asked.sets.values() for context in weights}
    questions, number = _questions(found), np.asarray(found.draws)

    def effects(ranked: Ranked) -> tuple[tuple[str, str], str, dict[str, np.ndarray]] | None:
        """Read-out and basis, context, and the effects there."""
        cell, question = ranked.cell, questions[ranked.cell.context]
        if cell.context not in wanted or cell.hypothesis != question.hypothesis:
            return None
        own = _effects(ranked, question, number, asked.seed)
        return (ranked.readout, ranked.basis), cell.context, own

    table, every = rank_beside(found, drugs, aim, dose_bases, doubt, effects)
    together: dict[tuple[str, str], dict[str, dict[str, np.ndarray]]] = {}
    for view, context, own in filter(None, every):
        together.setdefault(view, {})[context] = own
    frames = [pl.DataFrame(schema=sets_schema(aim).dtypes())]
    for name, weights in asked.sets.items():
        for (readout, basis), cells in together.items():
            if set(weights) <= set(cells):
                members = [Member(context, weight, cells[context]) for context, weight in weights.items()]
                fixed = {"set": name, "readout": readout, "dose_basis": basis}
                frames.append(_rows(members, fixed, aim))
    return table, pl.concat(frames)


def _questions(found: ResponseArray) -> dict[str, Question]:
    cells: dict[str, list[Cell]] = {}
    for cell in found.cells:
        cells.setdefault(cell.context, []).append(cell)
    weighty = {context: [cell for cell in own if cell.weight > 0] for context, own in cells.items()}
    return {
        context: Question(
            tuple(cell.hypothesis for cell in own),
            np.array([cell.weight for cell in own]),
            MIXTURE if len(cells[context]) > 1 else own[0].hypothesis,
        )
        for context, own in weighty.items()
    }


def _effects(ranked: Ranked, question: Question, number: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """Effect of each intervention that has a rank [draws], in each draw under one of the hypotheses."""
    from scipy.special import ndtr  # which no other part of the ranking waits for

    wide = ranked.comparison.wide
    of_each = wide.standing.reshape(len(wide.standing), len(question.labels), -1)
    repeats = np.arange(of_each.shape[2] // len(number))
    numbers = (number[:, None] * REPEATS + repeats).ravel()
    uniform = ndtr(normal_stream(seed, "hypothesis", "\0".join(question.labels), numbers))
    answer = np.searchsorted(np.cumsum(question.weights)[:-1], uniform)
    chosen = np.take_along_axis(of_each, answer[None, None], axis=1)[:, 0]
    places = ranked.comparison.places
    return {place.intervention: chosen[at] for at, place in enumerate(places) if wide.eligible[at]}


def _rows(members: list[Member], fixed: Mapping[str, str], aim: Aim) -> pl.DataFrame:
    first, *others = (member.effects for member in members)
    names = sorted(name for name in first if all(name in effects for effects in others))
    if not names:
        return pl.DataFrame(schema=sets_schema(aim).dtypes())
    signed = np.stack([list(_signed(member, names)) for member in members])
    weights = np.abs([member.weight for member in members])
    effect = np.einsum("m,mid->id", weights / weights.sum(), signed)
    ratios = Ratios(1.0 - effect, np.ones(effect.shape[1]))
    places = tuple(Place(name, (name,), (None,), 0, 0, 0.0, "tested") for name in names)
    none = np.full(len(names), None)
    comparison = Comparison(places, ratios, ratios, {}, *[none] * 8)
    middles = quantile(signed, 0.5)
    least = np.argmin(middles, axis=0)
    scores = {each.column.name: each.value(comparison) for each in SCORES if each.column.name in SHOWN}
    frame = pl.DataFrame(
        {
            **fixed,
            "intervention": names,
            **{aim.column(name): found.tolist() for name, found in scores.items()},
            "least_in": [members[at].context for at in least],
            "least_p50": np.min(middles, axis=0),
        }
    )
    return rounded(frame, sets_schema(aim)).sort("rank", "intervention")


def _signed(member: Member, names: Iterable[str]) -> Iterator[np.ndarray]:
    """Effects [draws], those of a cell that is to be left alone by their size and negative."""
    for name in names:
        effect = member.effects[name]
        yield effect if member.weight > 0 else -np.abs(effect)
