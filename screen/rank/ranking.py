"""The rank stage: responses in, one row per context, hypothesis, read-out, dose basis and intervention out.

Everything is paired by draw: a treated trajectory is divided by the vehicle of the same context, hypothesis
and draw, and interventions are ranked within each draw, so that what all draws share cancels. The rank, its
interval, P(best) and P(top 5) all come from the ranks within draws. A context run under several hypotheses has
rows of each, and of their mixture.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import chain, repeat
from operator import attrgetter
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, TypeVar

import numpy as np
import polars as pl

from screen.errors import RankError
from screen.rank.aim import Aim, Readout
from screen.rank.bases import BASES, OF_GENETIC, DoseBasis, Footing, Place, Standing, check_bases
from screen.rank.comparison import Compared, Comparison, compare
from screen.rank.doubt import Doubt, Doubted, PoolDoubt
from screen.rank.mixture import pools
from screen.rank.paired import paired_ratio
from screen.rank.responses import ResponseArray, gather_responses
from screen.rank.scores import scores
from screen.rank.series import Cell, Pool, find_cells, potencies
from screen.rank.table import ranked_schema
from screen.scenarios import GENETIC
from screen.tables import Schema
from screen.threads import side_by_side

DIGITS = 7
"""Significant digits of the numbers in the ranked table; more would be the noise of the last bit."""


Sets = Mapping[str, Mapping[str, float]]
"""Name of a set -> the weight of each of its contexts."""

DIRECT = "direct"
"""Mechanism of a drug of which nothing else is said."""


def rank(
    responses: pl.LazyFrame | pl.DataFrame | Iterable[Path | str] | ResponseArray,
    scenarios: pl.DataFrame,
    drugs: pl.DataFrame,
    *,
    aim: Aim,
    dose_bases: Sequence[DoseBasis],
    doubt: Doubt | None = None,
) -> pl.DataFrame:
    """The ranked table (`ranked_schema` of the aim), sorted; equal for any sharding and any order of rows.

    Without `doubt` the draws are all there is: no route, and the same intervals twice. Where there are genetic changes
    they are ranked among each other, on a basis of their own.
    `drugs` has columns drug, class and, for the clinical basis, fraction_unbound and cmax_nM [nM]; `mechanism` where
    that of some is not direct. Every read-out of the aim's observable is ranked.
    TableError where a file is unreadable; RankError where a response, a vehicle, a drug or a read-out is missing or a
    dose basis does not fit the doses tested.

    >>> ranked = rank(responses, scenarios, drugs, aim=aim, dose_bases=[DoseBasis("equal_burden", 90.0)])
    >>> ranked.select("intervention", "dose_a_nM", "rank", "suppression_p50").rows()
    [('drug', 90.0, 1, 0.75)]
    """
    found = responses if isinstance(responses, ResponseArray) else gather_responses(responses, scenarios)
    return rank_beside(found, drugs, aim, dose_bases, doubt, lambda _: None)[0]


class Ranked(NamedTuple):
    """One ranking: its cell or mixture, read-out and dose basis, and the draws behind it."""

    cell: Cell
    readout: str
    basis: str
    comparison: Comparison


Beside = TypeVar("Beside")


def rank_beside(
    found: ResponseArray,
    drugs: pl.DataFrame,
    aim: Aim,
    dose_bases: Sequence[DoseBasis],
    doubt: Doubt | None,
    beside: Callable[[Ranked], Beside],
) -> tuple[pl.DataFrame, list[Beside]]:
    """The same, and what else is wanted of each ranking: by context, its mixture after its hypotheses."""
    by_pool = _by_pool(found, drugs, aim, dose_bases, doubt)
    made = side_by_side(lambda ranked: [(_rows(each, aim), beside(each)) for each in ranked], by_pool)
    every = list(chain.from_iterable(made))
    genetic = dict.fromkeys(found.scenarios.filter(role=GENETIC)["intervention"], GENETIC)
    digest = doubt.digest(found) if doubt else found.digest()
    table = _finish([rows for rows, _ in every], drugs, aim, digest[:12], genetic)
    return table, [other for _, other in every]


def _by_pool(
    found: ResponseArray, drugs: pl.DataFrame, aim: Aim, dose_bases: Sequence[DoseBasis], doubt: Doubt | None
) -> Iterator[Iterator[Ranked]]:
    """The rankings of each pool, which are made as they are asked for."""
    cells = found.cells
    check_bases(dose_bases, cells)
    _check_names(found, drugs, aim)
    ratio = paired_ratio(found, cells, aim.floor)
    clinical = _clinical_concentrations(drugs)
    doubts = doubt.pooled(found, cells) if doubt else repeat(None)

    def ranked(pool: Pool, of_pool: PoolDoubt | None) -> Iterator[Ranked]:
        @cache
        def where(*places: Place) -> tuple[Standing, Doubted | None]:  # most stand alike in every read-out
            standing = Standing(tuple(sorted(places, key=attrgetter("intervention"))))
            return standing, of_pool.of(standing, pool.cell.context) if of_pool else None

        tested = {
            basis: BASES[basis.kind].places(Footing(pool.cell, {}, {}), float(basis.value or 0.0))
            for basis in dose_bases
            if BASES[basis.kind].must_be_tested
        }
        for readout in aim.ranked:
            at = found.readouts.index(readout.id)
            potency = potencies(pool, at, aim.sign)
            wanted = Compared(at, _side_readouts(readout, aim, found.readouts), aim.sign)
            footing = Footing(pool.cell, potency, clinical)
            for basis in dict.fromkeys((*dose_bases, OF_GENETIC)):
                places = tested.get(basis) or BASES[basis.kind].places(footing, float(basis.value or 0.0))
                if places:
                    standing, doubted = where(*places)
                    compared = compare(pool, standing, wanted, potency, doubted)
                    yield Ranked(pool.cell, readout.id, basis.name, compared)

    return map(ranked, pools(cells, ratio, found.run), doubts)


def check_request(
    scenarios: pl.DataFrame, aim: Aim, dose_bases: Sequence[DoseBasis], sets: Sets = MappingProxyType({})
) -> None:
    """RankError where responses to these scenarios could not be ranked so: asked before anything is simulated.

    >>> check_request(scenarios, aim, [DoseBasis("equal_burden", 50.0)])
    Traceback (most recent call last):
    screen.errors.RankError: rank.dose_bases: equal_burden must be at a tested dose [nM] (10, 90), found 50
    """
    problems: list[str] = []
    try:
        check_bases(dose_bases, find_cells(scenarios))
    except RankError as error:
        problems += error.problems
    problems += _request_problems(scenarios, aim)
    known = set(scenarios["context"])
    problems += [
        f"rank.sets: {name} must be of contexts that are screened, found {context}"
        for name, weights in sets.items()
        for context in weights
        if context not in known
    ]
    if problems:
        raise RankError(problems)


def _request_problems(scenarios: pl.DataFrame, aim: Aim) -> list[str]:
    problems = []
    if not aim.ranked:
        problems.append(f"readouts: at least one must read {aim.observable}, which is ranked, found none")
    read = {readout.observable for readout in aim.readouts}
    problems += [
        f"rank.side: must be what a read-out reads ({', '.join(sorted(read))}), found {name}"
        for name in aim.side
        if name not in read
    ]
    if not any(role != "vehicle" for role in scenarios["role"]):
        problems.append("scenarios: must hold at least one intervention, found only vehicles")
    return problems


def find_silent(found: ResponseArray, aim: Aim) -> list[str]:
    """Ranked read-outs, each with the cells in which nothing is ranked: all vehicles that did not fail are below the
    floor.

    >>> find_silent(gather_responses(responses, scenarios), Aim(readouts, "pY705_level", floor=0.9))
    ['pY705_20min in 1 cells, such as liver|default: no vehicle reaches rank.floor (0.9) there']
    """
    said, cells = [], found.cells
    for readout in aim.ranked:
        level = found.values[:, found.readouts.index(readout.id)]
        vehicle = {cell.name: level[cell.vehicle] for cell in cells}
        silent = [
            name
            for name, here in vehicle.items()
            if np.any(here < aim.floor) and not np.any(here >= aim.floor)
        ]
        if silent:
            said.append(
                f"{readout.id} in {len(silent)} cells, such as {silent[0]}: no vehicle reaches rank.floor "
                f"({aim.floor:g}) there"
            )
    return said


def _check_names(found: ResponseArray, drugs: pl.DataFrame, aim: Aim) -> None:
    problems = [
        f"readouts: {readout.id} must be among the responses, found {', '.join(found.readouts)}"
        for readout in aim.readouts
        if readout.id not in found.readouts
    ]
    problems += _request_problems(found.scenarios, aim)
    used = pl.concat([found.scenarios[f"drug_{which}"] for which in "abc"]).drop_nulls().unique().sort()
    unknown = used.filter(~used.is_in(drugs["drug"].implode()))
    problems += [f"scenarios: {drug} must be in the drugs table, found no such drug" for drug in unknown]
    if problems:
        raise RankError(problems)


def _clinical_concentrations(drugs: pl.DataFrame) -> dict[str, float]:
    """Free peak plasma concentration [nM] of the drugs for which both factors are known."""
    if not {"fraction_unbound", "cmax_nM"} <= set(drugs.columns):
        return {}
    known = drugs.filter(pl.col("fraction_unbound").is_not_null() & pl.col("cmax_nM").is_not_null())
    return dict(zip(known["drug"], known["fraction_unbound"] * known["cmax_nM"], strict=True))


def _side_readouts(readout: Readout, aim: Aim, order: Sequence[str]) -> dict[str, int | None]:
    """For each side observable its read-out at the same time, else the latest earlier one, as index in `order`."""
    first, last = readout.window()
    found: dict[str, int | None] = {}
    for observable in aim.side:
        earlier = [
            (r.window(), r.id) for r in aim.readouts if r.observable == observable and r.window()[1] <= last
        ]
        # Among those that end together a window goes with a window and a point with a point.
        best = max(earlier, key=lambda r: (r[0][1], (r[0][0] < r[0][1]) == (first < last)), default=None)
        found[observable] = order.index(best[1]) if best else None
    return found


def _rows(ranked: Ranked, aim: Aim) -> dict[str, np.ndarray]:
    """The columns of a ranking: a value for each intervention."""
    cell, readout, basis, comparison = ranked
    places = comparison.places
    doses = np.array([(*place.doses, None, None)[:3] for place in places], dtype=float)
    fixed = {
        "context": cell.context, "hypothesis": cell.hypothesis, "readout": readout, "dose_basis": basis
    }  # fmt: skip
    return {
        **{name: np.full(len(places), value, dtype=object) for name, value in fixed.items()},
        "intervention": np.array([place.intervention for place in places], dtype=object),
        **{f"dose_{which}_nM": doses[:, at] for at, which in enumerate("abc")},
        "dose_flag": np.array([place.flag for place in places], dtype=object),
        **{score.column.name: score.value(comparison) for score in scores(aim.side)},
    }


def _series(values: np.ndarray) -> pl.Series:
    if values.dtype == object:
        return pl.Series(values.tolist(), dtype=pl.String)
    return pl.Series(values.astype(float), nan_to_null=True)


def _finish(
    every: Sequence[dict[str, np.ndarray]],
    drugs: pl.DataFrame,
    aim: Aim,
    digest: str,
    genetic: Mapping[str, str],
) -> pl.DataFrame:
    """Rankings in the order of contexts, read-outs and bases; rows by rank, those without one last and by name.

    `genetic`: the class of each genetic change.
    """
    if not every:
        raise RankError("rank.dose_bases: must leave something to rank, found no intervention")
    classes = dict(zip(drugs["drug"], drugs["class"], strict=True)) | dict(genetic)
    mechanisms = dict.fromkeys((*drugs["drug"], *genetic), DIRECT)
    if "mechanism" in drugs.columns:
        mechanisms |= dict(drugs.select("drug", pl.col("mechanism").fill_null(DIRECT)).iter_rows())
    number = np.repeat(np.arange(len(every)), [len(rows["intervention"]) for rows in every])
    joined = {name: _series(np.concatenate([rows[name] for rows in every])) for name in every[0]}
    ordered = pl.DataFrame({"number": number, **joined}).sort(
        "number", "rank", "intervention", nulls_last=True
    )
    named = ordered.rename(aim.column).with_columns(
        drug_classes=_of_each(ordered["intervention"], classes),
        mechanism=_of_each(ordered["intervention"], mechanisms),
        provenance=pl.lit(digest),
    )
    return rounded(named, ranked_schema(aim))


def _of_each(interventions: pl.Series, of_drug: Mapping[str, str]) -> pl.Series:
    """What is said of the drugs of each intervention, joined by + as they are."""
    known = {
        name: "+".join(of_drug[drug] for drug in name.split("+")) for name in interventions.unique().to_list()
    }
    return interventions.replace_strict(known, return_dtype=pl.String)


def rounded(frame: pl.DataFrame, schema: Schema) -> pl.DataFrame:
    """The columns of a schema, numbers to `DIGITS`."""
    numbers = {name for name, dtype in schema.dtypes().items() if dtype == pl.Float64}
    columns = (pl.col(name).cast(dtype) for name, dtype in schema.dtypes().items())
    return frame.select(
        column.round_sig_figs(DIGITS) if column.meta.output_name() in numbers else column
        for column in columns
    )
