"""Own experiments run: the course of every read-out of every arm, and what an arm makes of its reference, over draws.

A draw is one and the same network in all arms, so that a contrast is taken draw by draw. A trajectory that fails
leaves the bands and is counted, with its reason.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import polars as pl

from screen.errors import PanelError
from screen.experiments import with_totals
from screen.panel.dynamics import dynamics_rows, dynamics_schema
from screen.panel.planned import Planned, Wanted, left_out
from screen.panel.run import Bench, PanelTables, courses_of
from screen.panel.statistics import quantiles
from screen.simulate import Integration
from screen.tables import Column, Schema, number_column

OF_A_ROW = (
    Column("arm", pl.String, "arm of the table", is_name=True),
    Column("context", pl.String, "its cell", is_name=True),
    number_column("dose", "dose of its series; null where it has none", minimum=0),
)
COMPARED = Column("reference", pl.String, "arm that it is compared with", is_name=True)
READOUT = Column("readout", pl.String, "observable or species")
READ = (
    READOUT,
    Column("minutes", pl.Float64, "time after the stimulus", "min", minimum=0),
)
COUNTED = (
    Column("draws", pl.Int64, "parameter draws that count", minimum=0),
    Column("failed", pl.Int64, "draws lost to trajectories that failed", minimum=0),
    Column("status", pl.String, "`ok`, or why trajectories failed, joined by +"),
)

TIME_COURSES = Schema(
    "time_courses",
    (
        *OF_A_ROW,
        *READ,
        number_column("p05", "5 % quantile of the read-out over draws, in its unit"),
        number_column("p50", "median over draws"),
        number_column("p95", "95 % quantile over draws"),
        *COUNTED,
    ),
    key=("arm", "dose", "readout", "minutes"),
)

CONTRASTS = Schema(
    "contrasts",
    (
        *OF_A_ROW,
        COMPARED,
        *READ,
        number_column("ratio_p05", "5 % quantile over draws of the read-out over that of the reference"),
        number_column("ratio_p50", "median over draws"),
        number_column("ratio_p95", "95 % quantile over draws"),
        number_column("log2_ratio_p05", "log2 of the same; null where nothing is left"),
        number_column("log2_ratio_p50", "median over draws"),
        number_column("log2_ratio_p95", "95 % quantile over draws"),
        *COUNTED,
    ),
    key=("arm", "dose", "readout", "minutes"),
    may_be_empty=True,
)


DYNAMICS = dynamics_schema((*OF_A_ROW, COMPARED, READOUT))


class Seen(NamedTuple):
    """What is read of an arm [draws, doses, readouts, minutes], NaN where a lane failed; how lanes ended
    [draws, doses], and which of them failed."""

    values: np.ndarray
    status: np.ndarray
    failed: np.ndarray


class Ran(NamedTuple):
    """TIME_COURSES, CONTRASTS and DYNAMICS."""

    courses: pl.DataFrame
    contrasts: pl.DataFrame
    dynamics: pl.DataFrame


def run_planned(
    planned: Sequence[Planned],
    tables: Mapping[tuple[str, ...], PanelTables],
    integration: Integration,
    ensemble: pl.DataFrame | None,
    seed: int,
    report: Callable[[str], None],
) -> Ran:
    """What arms do under the DRAWS of an ensemble, or at nominal parameters where there is none.

    `tables` are those of each set of modules that a cell runs without.
    """
    seen: dict[Wanted, Seen] = {}
    for without, there in tables.items():
        asked = dict.fromkeys(
            wanted
            for each in planned
            for wanted in each.asked
            if left_out(wanted.arm, there.contexts) == without
        )
        bench = Bench(tuple(asked), there, integration)
        draws = bench.draws(ensemble, seed)
        if ensemble is not None:
            draws = with_totals(draws, there.contexts, seed)
        found = bench.run(draws, report)
        for wanted in asked:
            values = courses_of(bench, wanted, [each.values for each in found])
            lanes = [found[arm] for arm in bench.course_places(wanted, wanted.arm)[0]]
            seen[wanted] = Seen(
                np.stack(values, axis=2),
                np.stack([lane.status for lane in lanes], axis=1),
                np.stack([lane.failed for lane in lanes], axis=1),
            )
    courses = [
        row
        for each in planned
        for row in _rows(each, (), seen[each.arm], (quantiles(seen[each.arm].values),))
    ]
    compared = [(each, _over(*(seen[wanted] for wanted in each.asked))) for each in planned if each.reference]
    contrasts = [row for each, ratio in compared for row in _contrast_rows(each, ratio)]
    moved = [row for each, ratio in compared for row in dynamics_rows(each, ratio.values)]
    return Ran(
        pl.DataFrame(courses, schema=TIME_COURSES.dtypes(), orient="row"),
        pl.DataFrame(contrasts, schema=CONTRASTS.dtypes(), orient="row"),
        pl.DataFrame(moved, schema=DYNAMICS.dtypes(), orient="row"),
    )


def check_completed(planned: Sequence[Planned], courses: pl.DataFrame) -> None:
    """Raise PanelError with every arm of which no trajectory completed, and why: its TIME_COURSES hold no number."""
    problems = []
    for each in planned:
        own = courses.filter(arm=each.name)
        if own["draws"].max() == 0 and own["failed"].min():
            reasons = sorted(set("+".join(own["status"]).split("+")))
            problems.append(
                f"{each.where}: at least one trajectory of arm {each.name} must complete, found none "
                f"({', '.join(reasons)})"
            )
    if problems:
        raise PanelError(problems)


def _over(seen: Seen, reference: Seen) -> Seen:
    """Ratios, draw by draw; a draw counts where both arms have a number and the reference is above 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(reference.values > 0, seen.values / reference.values, np.nan)
    status = np.where(seen.failed, seen.status, reference.status)
    return Seen(ratio, status, seen.failed | reference.failed)


def _contrast_rows(each: Planned, ratio: Seen) -> Iterator[tuple]:
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = quantiles(ratio.values)
        spreads = spread, np.log2(spread)
    return _rows(each, (each.reference_name,), ratio, spreads)


def _rows(each: Planned, further: tuple, seen: Seen, spreads: Sequence[np.ndarray]) -> Iterator[tuple]:
    """A row a dose, read-out and time with its quantiles; what is no number, or infinite, is null."""
    wanted = each.arm
    counted = np.sum(~np.isnan(seen.values), axis=0)
    doses: tuple = wanted.arm.doses if len(wanted.arm.doses) > 1 else (None,)
    for dose, amount in enumerate(doses):
        failed = seen.failed[:, dose]
        status = "+".join(sorted(set(seen.status[failed, dose]))) or "ok"
        for readout, name in enumerate(wanted.readouts):
            for time, minutes in enumerate(wanted.minutes):
                place = dose, readout, time
                numbers = [float(number) for spread in spreads for number in spread[:, dose, readout, time]]
                yield (
                    each.name, wanted.arm.context, amount, *further, name, minutes,
                    *(number if np.isfinite(number) else None for number in numbers),
                    int(counted[place]), int(failed.sum()), status,
                )  # fmt: skip
