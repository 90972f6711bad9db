"""Which scenarios belong together: each context and hypothesis, its vehicle, drugs, genetic changes."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from screen.errors import RankError
from screen.rank.draws import log10_half_dose, quantile
from screen.rank.paired import Ratio, falling
from screen.scenarios import GENETIC
from screen.threads import cached_property

SAME_DOSE = 1e-9
"""Relative difference up to which two doses are the same dose."""


class Series(NamedTuple):
    """The dose series of one drug: `doses` ascend [nM], `rows` are their rows in the responses."""

    drug: str
    doses: np.ndarray
    rows: np.ndarray


class Combination(NamedTuple):
    """Two or three drugs given together [nM], the row of that scenario in the responses, the rows `alone` of each of
    them at its dose and, of three, `within` of each two; -1 where they were not run so: synergy is never read off an
    interpolated one."""

    intervention: str
    drugs: tuple[str, ...]
    doses: tuple[float, ...]
    row: int
    alone: tuple[int, ...]
    within: tuple[int, ...] = ()


@dataclass(frozen=True)
class Cell:
    """All that was tested in one context under one hypothesis; `weight` is the prior of the hypothesis.

    genetic: each genetic change with its row in the responses.
    """

    context: str
    hypothesis: str
    weight: float
    vehicle: int
    series: tuple[Series, ...]
    combinations: tuple[Combination, ...]
    genetic: tuple[tuple[str, int], ...] = ()

    @cached_property
    def pairs(self) -> tuple[Combination, ...]:
        """The combinations of two drugs."""
        return tuple(each for each in self.combinations if len(each.drugs) == 2)

    @property
    def name(self) -> str:
        """context|hypothesis, as in the scenario names."""
        return f"{self.context}|{self.hypothesis}"

    @property
    def given(self) -> list[tuple[tuple[str, ...], tuple[float, ...], int]]:
        """All drugs that were given, vehicle, dose series, combinations: drugs, doses [nM], row in the responses."""
        single = [
            ((series.drug,), (float(dose),), int(row))
            for series in self.series
            for dose, row in zip(series.doses, series.rows, strict=True)
        ]
        return [
            ((), (), self.vehicle),
            *single,
            *((each.drugs, each.doses, each.row) for each in self.combinations),
        ]

    @cached_property
    def given_rows(self) -> np.ndarray:
        """The rows in the responses of what was given, in its order."""
        return np.array([row for *_, row in self.given], dtype=np.int64)

    @cached_property
    def rows(self) -> np.ndarray:
        """Its rows in the responses: what was given, then the genetic changes."""
        return np.append(self.given_rows, np.array([row for _, row in self.genetic], dtype=np.int64))

    def by_doses(self) -> Iterator[tuple[np.ndarray, list[Series]]]:
        """Doses [nM], and the drugs that were given them."""
        together: dict[tuple[float, ...], list[Series]] = {}
        for series in self.series:
            together.setdefault(tuple(series.doses), []).append(series)
        return ((members[0].doses, members) for members in together.values())


def find_cells(scenarios: pl.DataFrame) -> tuple[Cell, ...]:
    """The cells of a scenarios table (rows as in the responses), sorted by context and hypothesis.

    RankError where a cell has no vehicle, several, or several weights, where the weights of a context do not
    add up to 1, or where a drug has a dose twice.

    >>> (cell,) = find_cells(scenarios)
    >>> cell.name, [(series.drug, series.doses.tolist()) for series in cell.series]
    ('liver|default', [('drug', [10.0, 90.0])])
    """
    problems: list[str] = []
    cells = []
    numbered = scenarios.with_row_index("row").sort("context", "hypothesis", "row")
    for (context, hypothesis), part in numbered.group_by("context", "hypothesis", maintain_order=True):
        vehicles = part.filter(pl.col("role") == "vehicle")["row"].to_list()
        if len(vehicles) != 1:
            problems.append(
                f"{_of((context, hypothesis))}: must hold exactly one vehicle, found {len(vehicles)}"
            )
            continue
        weight, series = part["weight"][0], _series(part)
        together = _combinations(part, series)
        changed = part.filter(role=GENETIC).sort("intervention").select("intervention", "row")
        cells.append(
            Cell(
                str(context),
                str(hypothesis),
                weight,
                vehicles[0],
                series,
                together,
                tuple(changed.iter_rows()),
            )
        )
    problems += [*_malformed(scenarios), *_weight_problems(scenarios)]
    if problems:
        raise RankError(problems)
    return tuple(cells)


def _weight_problems(scenarios: pl.DataFrame) -> Iterable[str]:
    cells = scenarios.select("context", "hypothesis", "weight").unique(maintain_order=True)
    for context, hypothesis in (
        cells.filter(cells.select("context", "hypothesis").is_duplicated())
        .select("context", "hypothesis")
        .unique(maintain_order=True)
        .iter_rows()
    ):
        yield f"scenarios of {context}|{hypothesis}: must have one weight, found several"
    for context, total in (
        cells.group_by("context", maintain_order=True).agg(pl.col("weight").sum()).iter_rows()
    ):
        if not np.isclose(total, 1.0, rtol=0.0, atol=1e-9):
            yield f"scenarios of {context}: weights of its hypotheses must add up to 1, found {total:.10g}"


def _malformed(scenarios: pl.DataFrame) -> Iterable[str]:
    where = ["context", "hypothesis"]
    for role, drugs in (("single", "a"), ("pair", "ab"), ("triple", "abc")):
        fields = [field for which in drugs for field in (f"drug_{which}", f"dose_{which}_nM")]
        rows = scenarios.filter(pl.col("role") == role)
        for field in fields:
            for *cell, name in rows.filter(pl.col(field).is_null()).select(*where, "scenario").iter_rows():
                yield f"{_of(cell)}: a {role} must have `{field}`, found nothing in {name}"
        doses = [*where, "intervention", *(field for field in fields if field.startswith("dose"))]
        again = rows.filter(rows.select(doses).is_duplicated())
        for *cell, name in again.select(*where, "scenario").iter_rows():
            yield f"{_of(cell)}: a drug must have each dose once, found {name} beside an equal one"


def _of(cell: Sequence[str]) -> str:
    return f"scenarios of {'|'.join(cell)}"


def _series(part: pl.DataFrame) -> tuple[Series, ...]:
    singles = part.filter(pl.col("role") == "single").sort("drug_a", "dose_a_nM")
    by_drug = singles.group_by("drug_a", maintain_order=True).agg("dose_a_nM", "row")
    return tuple(
        Series(drug, np.array(doses), np.array(rows, dtype=np.int64))
        for drug, doses, rows in by_drug.iter_rows()
    )


def _combinations(part: pl.DataFrame, series: Sequence[Series]) -> tuple[Combination, ...]:
    """Pairs, then triples, by name and doses."""
    by_drug = {each.drug: each for each in series}

    @cache
    def alone(drug: str, dose: float) -> int:
        own = by_drug.get(drug)
        rows = own.rows[same_dose(own.doses, dose)] if own and dose else np.empty(0)
        return int(rows[0]) if rows.size else -1

    triples = "triple" in part["role"]
    found: list[Combination] = []
    of_pairs: dict[tuple, int] = {}
    for role, which in (("pair", "ab"), ("triple", "abc")):
        columns = (*(f"dose_{each}_nM" for each in which), *(f"drug_{each}" for each in which))
        rows = part.filter(pl.col("role") == role).sort("intervention", *columns[: len(which)])
        for name, row, *given in rows.select("intervention", "row", *columns).iter_rows():
            doses, drugs = tuple(given[: len(which)]), tuple(given[len(which) :])
            within: tuple[int, ...] = ()
            if triples:
                dosed = sorted(zip(drugs, doses, strict=True))
                if role == "triple":
                    within = tuple(of_pairs.get(two, -1) for two in combinations(dosed, 2))
                else:
                    of_pairs[tuple(dosed)] = row
            found.append(Combination(name, drugs, doses, row, tuple(map(alone, drugs, doses)), within))
    return tuple(found)


def same_dose(dose: Any, wanted: float) -> Any:
    """Whether one dose, or each of some, is the wanted one."""
    return abs(dose - wanted) <= SAME_DOSE * wanted


class Pool(NamedTuple):
    """What a ranking is made of: a cell and its draws.

    ratio[scenarios, readouts, draws]: treated/vehicle, rows as in the cell; weights [draws]: what each counts. The
    draws of several hypotheses come one after the other, `each` of every one. run [scenarios]: under how many of these,
    from the first on, a scenario was simulated; None: under all.
    """

    cell: Cell
    ratio: Ratio
    weights: np.ndarray
    each: int
    run: np.ndarray | None = None


class Potency(NamedTuple):
    """Half-maximal doses of one drug in one cell and read-out, log10 nM: under every draw, and their median.

    +inf and -inf are censored (above and below the tested doses), NaN is no dose series.
    """

    draws: np.ndarray
    median: float


def potencies(pool: Pool, readout: int, sign: float = 1.0) -> dict[str, Potency]:
    """Doses of half the vehicle (sign -1: of twice it) of every drug; those with the same doses are taken together."""
    found = {}
    for doses, members in pool.cell.by_doses():
        curves = np.moveaxis(pool.ratio[np.stack([series.rows for series in members]), readout], 1, -1)
        half = log10_half_dose(falling(curves, sign), doses)
        medians = quantile(half, 0.5, pool.weights)
        found.update({s.drug: Potency(half[i], float(medians[i])) for i, s in enumerate(members)})
    return found
