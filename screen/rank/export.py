"""Effects by dose in the columns of other tools, one entry of `TARGETS` a tool.

What is handed over is treated/vehicle in one read-out, its median over draws; of several hypotheses their mixture.
Percent, molar and micromolar are those tools' units.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
import polars as pl

from screen.errors import RankError
from screen.rank.aim import Aim
from screen.rank.draws import quantile
from screen.rank.mixture import pools
from screen.rank.paired import paired_ratio
from screen.rank.responses import ResponseArray
from screen.rank.series import Pool
from screen.tables import Column, Schema, number_column

UNTREATED = "vehicle"
"""What gDR takes for no drug."""

LEAST_DOSES = 2
"""Doses of each drug, beside none, of a matrix that SynergyFinder takes: three rows and columns."""

ROWS, COLUMNS = "ABCDEFGHIJKLMNOP", 24
"""A plate of 384 wells."""


class Point(NamedTuple):
    """A cell given up to three drugs [nM]: treated/vehicle; no drug has the dose 0."""

    context: str
    drugs: tuple[str, ...]
    doses: tuple[float, ...]
    ratio: float


@dataclass(frozen=True)
class Handed:
    """What is exported: a read-out, points by context, classes of drugs, and when it was read [h]. `triples`: points of
    three drugs by context, apart from the others, since not every tool takes them."""

    readout: str
    points: Mapping[str, Sequence[Point]]
    classes: Mapping[str, str]
    hours: float
    triples: Mapping[str, Sequence[Point]] = field(default_factory=dict)


def dose_points(found: ResponseArray, aim: Aim, readout: str | None, drugs: pl.DataFrame) -> Handed:
    """Every dose of single drugs, pairs and triples in a read-out, the first that is ranked where None.

    A context whose vehicle is lost in every draw is left out. `drugs` has the columns drug and class. RankError where
    the read-out is not among the responses, or no context is left.

    >>> handed = dose_points(gather_responses(responses, scenarios), aim, None, drugs)
    >>> [(point.drugs, point.doses, round(point.ratio, 3)) for point in handed.points["liver"]][1]
    (('drug',), (10.0,), 0.75)
    """
    known = {each.id: each for each in [*aim.ranked, *aim.readouts] if each.id in found.readouts}
    name = next(iter(known)) if readout is None else readout
    if name not in known:
        raise RankError(f"readouts: {name} must be among the responses, found {', '.join(known)}")
    cells = found.cells
    ratio = paired_ratio(found.read((name,)), cells, aim.floor)
    # the mixture comes after the hypotheses that it is of
    every = {pool.cell.context: list(_points(pool)) for pool in pools(cells, ratio)}
    points = {context: own for context, own in every.items() if not np.isnan(own[0].ratio)}
    if not points:
        raise RankError(
            f"{name}: must reach rank.floor ({aim.floor:g}) in the vehicle of a cell, found none that does"
        )
    classes = dict(drugs.select("drug", "class").iter_rows())
    parts: list[dict[str, Sequence[Point]]] = [
        {context: [each for each in own if (len(each.drugs) > 2) == three] for context, own in points.items()}
        for three in (False, True)
    ]
    return Handed(name, parts[0], classes, known[name].window()[1] / 60.0, parts[1])


def _points(pool: Pool) -> Iterator[Point]:
    middle = quantile(pool.ratio[pool.cell.given_rows, 0], 0.5, pool.weights)
    for (drugs, doses, _), ratio in zip(pool.cell.given, middle, strict=True):
        lost = np.isnan(ratio)  # the vehicle, over itself, is 1 but for rounding
        yield Point(pool.cell.context, drugs, doses, float(ratio) if drugs or lost else 1.0)


def _text(name: str, description: str) -> Column:
    return Column(name, pl.String, description)


SYNERGYFINDER = Schema(
    "synergyfinder",
    (
        Column("block_id", pl.Int64, "number of the matrix", minimum=1),
        _text("drug1", "first drug"),
        _text("drug2", "second drug"),
        Column("conc1", pl.Float64, "concentration of the first drug", minimum=0),
        Column("conc2", pl.Float64, "concentration of the second drug", minimum=0),
        Column("response", pl.Float64, "inhibition", "percent", maximum=100),
        Column("conc_unit", pl.String, "unit of both concentrations", choices=("nM",)),
        _text("cell_line_name", "the cell"),
    ),
    key=("block_id", "conc1", "conc2"),
)


def _synergyfinder(handed: Handed) -> pl.DataFrame:
    """Every whole matrix, with each drug alone and without any."""
    rows: list[tuple] = []
    block = 0
    for context, points in handed.points.items():
        ratio = {(point.drugs, point.doses): point.ratio for point in points}
        for pair in dict.fromkeys(point.drugs for point in points if len(point.drugs) == 2):
            given = [point.doses for point in points if point.drugs == pair]
            first, second = (sorted(set(doses)) for doses in zip(*given, strict=True))
            if len(given) < len(first) * len(second) or min(len(first), len(second)) < LEAST_DOSES:
                continue
            block += 1
            for a in (0.0, *first):
                for b in (0.0, *second):
                    there = [(drug, dose) for drug, dose in zip(pair, (a, b), strict=True) if dose]
                    key = tuple(drug for drug, _ in there), tuple(dose for _, dose in there)
                    if key in ratio:
                        response = 100.0 * (1.0 - ratio[key])
                        rows.append((block, *pair, a, b, response, "nM", context))
    return pl.DataFrame(rows, schema=SYNERGYFINDER.dtypes(), orient="row").drop_nans("response")


def _given(end: str, which: str) -> tuple[Column, ...]:
    return (
        _text(f"Gnumber{end}", f"identifier of the {which} drug"),
        _text(f"DrugName{end}", f"name of the {which} drug"),
        _text(f"drug_moa{end}", f"class of the {which} drug"),
        Column(f"Concentration{end}", pl.Float64, f"concentration of the {which} drug", "uM", minimum=0),
    )


GDR = Schema(
    "gdr",
    (
        *_given("", "first"),
        *_given("_2", "second"),
        *(replace(column, required=False, nullable=True) for column in _given("_3", "third")),
        _text("clid", "identifier of the cell"),
        _text("CellLineName", "name of the cell"),
        _text("Tissue", "tissue"),
        number_column("ReferenceDivisionTime", "not known here", "h", minimum=0),
        _text("parental_identifier", "the cell that it comes from"),
        _text("subtype", "subtype"),
        Column("Duration", pl.Float64, "time of the read-out", "h", minimum=0),
        Column("ReadoutValue", pl.Float64, "treated/vehicle", minimum=0),
        Column("BackgroundValue", pl.Float64, "read-out of nothing", minimum=0, maximum=0),
    ),
    key=("clid", "Gnumber", "Concentration", "Gnumber_2", "Concentration_2", "Gnumber_3", "Concentration_3"),
)


def _gdr(handed: Handed) -> pl.DataFrame:
    """With the third drug of triples where there are any: gDR has the identifiers."""

    def row(point: Point) -> tuple:
        given = [*zip(point.drugs, point.doses, strict=True), *[(UNTREATED, 0.0)] * 3][:3]
        drugs = [(drug, drug, handed.classes.get(drug, UNTREATED), dose / 1000.0) for drug, dose in given]
        cell = (point.context, point.context, "unknown", None, point.context, "unknown")
        return (*drugs[0], *drugs[1], *drugs[2], *cell, handed.hours, point.ratio, 0.0)

    every = (handed.points, handed.triples)
    rows = [row(point) for context in handed.points for of in every for point in of.get(context, ())]
    table = pl.DataFrame(rows, schema=GDR.dtypes(), orient="row").drop_nans("ReadoutValue")
    return table if any(handed.triples.values()) else table.drop(column.name for column in _given("_3", ""))


THUNOR = Schema(
    "thunor",
    (
        _text("upid", "the plate"),
        _text("well", "row and column on the plate"),
        _text("cell.line", "the cell"),
        *(
            column
            for which in (1, 2)
            for column in (
                Column(f"drug{which}", pl.String, "the drug; none in a control", nullable=True),
                Column(f"drug{which}.conc", pl.Float64, "concentration", "M", minimum=0, maximum=1),
                Column(f"drug{which}.units", pl.String, "unit of the concentration", choices=("M",)),
            )
        ),
        Column("time", pl.Float64, "time of the read-out", "h", minimum=0),
        Column("cell.count", pl.Float64, "treated/vehicle in place of a count of cells", minimum=0),
    ),
    key=("upid", "well", "time"),
)


def _thunor(handed: Handed) -> pl.DataFrame:
    """Plates of one cell; the first well of each is a control."""
    rows: list[tuple] = []
    wells = [f"{row}{column}" for row in ROWS for column in range(1, COLUMNS + 1)]
    for context, points in handed.points.items():
        control, *treated = (point for point in points if not np.isnan(point.ratio))
        for plate, start in enumerate(range(0, len(treated), len(wells) - 1), 1):
            for well, point in zip(wells, [control, *treated[start : start + len(wells) - 1]], strict=False):
                given = [*zip(point.drugs, point.doses, strict=True), (None, 0.0), (None, 0.0)][:2]
                drugs = [item for drug, dose in given for item in (drug, dose * 1e-9, "M")]
                rows.append((f"{context} {plate}", well, context, *drugs, handed.hours, point.ratio))
    return pl.DataFrame(rows, schema=THUNOR.dtypes(), orient="row")


class Target(NamedTuple):
    """Columns that a tool takes, how they are made, the end of the file's name, what to do with it there, and why
    triples are not in it, where they are not."""

    schema: Schema
    table: Callable[[Handed], pl.DataFrame]
    suffix: str
    reader: str
    no_triples: str = ""


TARGETS: dict[str, Target] = {
    "synergyfinder": Target(
        SYNERGYFINDER,
        _synergyfinder,
        ".csv",
        'R: ReshapeData(data, data_type = "inhibition"), or synergyfinder.org',
        "it takes three drugs over whole cubes of doses, and fills in what is missing; triples here lie on a ray",
    ),
    "gdr": Target(GDR, _gdr, ".csv", "R: gDRcore::runDrugResponseProcessingPipeline"),
    "thunor": Target(
        THUNOR,
        _thunor,
        ".tsv",
        "Python: thunor.io.read_vanderbilt_hts, or Thunor Web",
        "its reader knows drug1 and drug2 alone",
    ),
}
"""Tool -> what it takes; columns are those of its documentation."""


def export_table(handed: Handed, target: str) -> pl.DataFrame:
    """The table of a tool; RankError where it takes nothing of what there is.

    >>> handed = dose_points(gather_responses(responses, scenarios), aim, None, drugs)
    >>> export_table(handed, "thunor").rows()[1][3:5]
    ('drug', 1e-08)
    """
    table = TARGETS[target].table(handed)
    if table.is_empty():
        raise RankError(
            f"export: {target} must be given a pair over a whole matrix of {LEAST_DOSES} x {LEAST_DOSES} doses "
            "or more, found none (scenarios.pair_layout: matrix)"
        )
    return table
