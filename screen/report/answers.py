"""The answer for one cell: who does most for the goal, how sure that is, by what route, and what else is known.

Where the draws do not decide, all who hold the first place in nine draws of ten share the answer. Every sentence is
computed from the ranked table, so that it cannot say more than that does.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

import polars as pl

from screen.rank.scores import CHANGE
from screen.report.figures import percent, plus, signed
from screen.report.labels import dose_label
from screen.report.selection import NOTICED, Row, leaders
from screen.report.words import Goal, Words

UNIT = "\u00a0%"

NAMED = 3
"""Co-leaders named in a sentence; the others are counted."""


class Answer(NamedTuple):
    """The sentence, by what its leaders act and what is to be said against each, and further sentences."""

    lead: str
    through: str
    more: tuple[str, ...]


OF_RANKING = ("context", "hypothesis", "readout", "dose_basis")
"""Columns of the ranked table that say which ranking a row is of."""


def answers(
    ranked: pl.DataFrame, words: Words, side: Sequence[str], own: Collection[str] = ()
) -> dict[tuple[str, ...], Answer]:
    """The answer that the rows of each ranking give, by its cell, read-out and dose basis (`OF_RANKING`).

    `side` are the observables whose change is said too; `own` drugs get a sentence of their own.
    """
    spoken: dict[tuple[str, ...], list[Row]] = {}
    for row in _spoken_of(ranked, own).iter_rows(named=True):
        spoken.setdefault(tuple(row[name] for name in OF_RANKING), []).append(row)
    outside = pl.col("dose_flag").is_in(["above_tested", "below_tested", "unknown"])
    counts = ranked.group_by(OF_RANKING, maintain_order=True).agg(
        outside.sum().alias("outside"), pl.col("rank").is_null().sum().alias("unranked")
    )
    return {
        tuple(ranking): _answer(spoken.get(tuple(ranking), []), words, side, own, _lost(outside, unranked))
        for *ranking, outside, unranked in counts.iter_rows()
    }


def _answer(
    ranked: Sequence[Row], words: Words, side: Sequence[str], own: Collection[str], lost: Sequence[str]
) -> Answer:
    """The answer by the ranked rows of which anything is said; `lost`: what is said of those without a rank."""
    name, goal = words
    if not ranked:
        nothing = f"Nothing could be ranked here: too few trajectories completed, or the vehicle had too little {name}."
        return Answer(nothing, "", ())
    most = ranked[0]["suppression_p50"]
    mine = _own(ranked, words, own)
    if most < NOTICED:
        small = f"Nothing tested takes {name} {goal.way} by more than {percent(max(most, 0.0))}"
        return Answer(f"{small}; the order is one of small numbers.", "", (*mine, *lost))
    likely = leaders(ranked)
    named = likely[:NAMED]
    through = "; ".join(filter(None, (_through(row, name) for row in named)))
    alone = _alone(ranked, named)
    more = (
        *mine,
        *(_best_alone(row, words) for row in alone),
        *_regret(likely),
        *_half([*alone, *named], goal),
        *_others(named[0], side),
        *_pair(ranked),
        *_triple(ranked),
        *lost,
    )
    return Answer(_lead(likely, words), f"{through}." if through else "", more)


def span(row: Row, column: str) -> str:
    """80 to 95 %: the interval of a fraction."""
    return _between(*(percent(row[f"{column}_{part}"]) for part in ("p05", "p95")))


def _between(low: str, high: str) -> str:
    return high if low == high else f"{low.removesuffix(UNIT)} to {high}"


def _size(row: Row) -> float:
    return float(row["suppression_p50"])


def _lead(likely: Sequence[Row], words: Words) -> str:
    first, way = likely[0], f"{words.name} {words.goal.way}"
    if len(likely) == 1:
        return (
            f"{plus(first['intervention'])} takes {way} most, by {percent(first['suppression_p50'])} "
            f"({span(first, 'suppression')}): first in {percent(first['p_best'])} of the draws."
        )
    named = [f"{plus(row['intervention'])} ({percent(row['p_best'])})" for row in likely[:NAMED]]
    named[0] = f"{plus(first['intervention'])} (first in {percent(first['p_best'])} of the draws)"
    rest = len(likely) - len(named)
    last = f"{rest} more" if rest else named.pop()
    sizes = (percent(_size(found(likely, key=_size))) for found in (min, max))
    return f"Undecided: {', '.join(named)} or {last}; {way} by {_between(*sizes)}."


def _spoken_of(ranked: pl.DataFrame, own: Collection[str]) -> pl.DataFrame:
    """Ranked rows of which anything is said: in each ranking the first, the leaders, the reader's own, the best of each
    kind."""
    kind = pl.struct(
        *OF_RANKING,
        pl.col("intervention").str.count_matches("+", literal=True),
        pl.col("excess_single_p50", "excess_pair_p50").is_null(),
    )
    leads = (pl.col("first_place") != "no") | pl.col("intervention").is_in(list(own))
    return ranked.filter(pl.col("rank").is_not_null()).filter(kind.is_first_distinct() | leads)


def _through(row: Row, name: str) -> str:
    """By what a leader acts at its dose, and its flags."""
    held = ", ".join((row["acts_through"] or "").split())
    words = {
        "direct": f"acts through {held}",
        "indirect": f"acts through {held}, indirectly",
        "none": f"has no route to {name} in this network",
    }
    said = [words.get(row["route"], "")]
    if "indirect" in row["mechanism"].split("+"):
        said.append("is known by reporters, growth or distant readings alone")
    if row["unmeasured_variants"]:
        said.append(f"was not measured on {', '.join(row['unmeasured_variants'].split())}")
    if row["dose_flag"] == "interpolated":
        said.append("is read between tested doses")
    said = [each for each in said if each]
    return f"{plus(row['intervention'])} {' and '.join(said)}" if said else ""


def _alone(ranked: Iterable[Row], named: Iterable[Row]) -> list[Row]:
    """The best single drug where those that lead are all pairs or triples."""
    if any(_drugs(row) == 1 for row in named):
        return []
    return [row for row in ranked if _drugs(row) == 1][:1]


def _drugs(row: Row) -> int:
    """Of how many drugs it is."""
    return 1 + row["intervention"].count("+")


def _best_alone(row: Row, words: Words) -> str:
    return (
        f"Best drug alone: {row['intervention']}, {words.name} {words.goal.way} by {percent(row['suppression_p50'])} "
        f"({span(row, 'suppression')}), rank {row['rank']}."
    )


def _regret(likely: Sequence[Row]) -> list[str]:
    """Where several share the first place, the one that costs least if another is the best."""
    if len(likely) == 1:
        return []
    least = min(likely, key=lambda row: float(row["expected_regret"]))
    cost = percent(least["expected_regret"])
    return [
        f"{plus(least['intervention'])} is the safest choice of them: on average the best does {cost} more."
    ]


def _half(named: Sequence[Row], goal: Goal) -> list[str]:
    singles = [row for row in named if row["ic50_flag"] != "none"]
    if not singles:
        return []
    listed = "; ".join(f"{row['intervention']} {half_dose(row)}" for row in singles)
    return [f"{goal.dose_reached}: {listed}."]


def half_dose(row: Row) -> str:
    """The dose of half (or of twice) the vehicle with its interval, or where it lies."""
    words = {"above_tested": "above the tested doses", "below_tested": "below the tested doses"}
    if row["ic50_nM"] is None:
        return words.get(row["ic50_flag"], "outside the tested doses in most draws")
    if row["ic50_p05_nM"] is None or row["ic50_p95_nM"] is None:
        return f"{dose_label(row['ic50_nM'])} (interval leaves the tested doses)"
    return (
        f"{dose_label(row['ic50_nM'])} ({dose_label(row['ic50_p05_nM'])} to {dose_label(row['ic50_p95_nM'])})"
    )


def _others(first: Row, side: Sequence[str]) -> list[str]:
    """What the likeliest leader does to the rest of the network."""
    changes = [
        f"{name} {change:+.1f}".replace("-", "−") if abs(change) >= 0.05 else f"{name} 0"
        for name in side
        if (change := first[name + CHANGE]) is not None
    ]
    if not changes:
        return []
    return [f"What else {plus(first['intervention'])} does, log2 of vehicle: {', '.join(changes)}."]


def _own(ranked: Iterable[Row], words: Words, own: Collection[str]) -> list[str]:
    """A sentence for each of the reader's own drugs."""
    return [
        f"Your {row['intervention']}: rank {row['rank']} ({row['rank_p05']:.0f} to {row['rank_p95']:.0f}), "
        f"{words.name} {words.goal.way} by {percent(row['suppression_p50'])} ({span(row, 'suppression')}), "
        f"first in {percent(row['p_best'])}."
        for row in ranked
        if row["intervention"] in own
    ]


def _pair(ranked: Iterable[Row]) -> list[str]:
    best = next((row for row in ranked if row["excess_single_p50"] is not None and _drugs(row) == 2), None)
    if best is None:
        return []
    gain, bliss = 100 * best["excess_single_p50"], 100 * best["excess_bliss_p50"]
    return [
        f"Best pair: {plus(best['intervention'])}, {percent(best['suppression_p50'])}, rank {best['rank']}; "
        f"{signed(gain)} points against its better drug alone at the dose in the pair, {signed(bliss)} against Bliss "
        f"({signed(100 * best['excess_bliss_p05'])} to {signed(100 * best['excess_bliss_p95'])})."
    ]


def _triple(ranked: Iterable[Row]) -> list[str]:
    best = next((row for row in ranked if row["excess_pair_p50"] is not None), None)
    if best is None:
        return []
    return [
        f"Best triple: {plus(best['intervention'])}, {percent(best['suppression_p50'])}, rank {best['rank']}; "
        f"{signed(100 * best['excess_pair_p50'])} points against the best pair in it, "
        f"{signed(100 * best['excess_bliss_p50'])} against Bliss "
        f"({signed(100 * best['excess_bliss_p05'])} to {signed(100 * best['excess_bliss_p95'])})."
    ]


def _lost(outside: int, unranked: int) -> list[str]:
    """Of those without a rank: how many are outside of the tested doses, and how many were lost."""
    few = unranked - outside
    found = []
    if outside:
        found.append(f"Without a rank, since their dose is unknown or was not tested: {outside}.")
    if few:
        found.append(f"Without a rank, since more than half of their draws were lost: {few}.")
    return found
