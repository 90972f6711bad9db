"""What held-out predictions hide, of which source, and what they should reach."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from screen.errors import FitError
from screen.sources import Reading, choose_sources


@dataclass(frozen=True)
class Task:
    """What is hidden, of which source, and what the prediction should reach."""

    name: str
    source: str
    observables: tuple[str, ...]
    """Observables that are fitted; the others of the source stay out."""
    hides: Callable[[Reading], bool]
    question: str
    facts: tuple[str, ...] = ()
    """Published facts, of the panel, that the hidden readings show: the contexts are to know nothing from them."""
    at_rest: bool = True
    """Whether effects without a stimulus are scored with the others; else they are scored apart, because such
    cells read the background of the blot or plate."""
    rmse_ratio: float | None = None
    """Highest RMSE, as a share of the best baseline's."""
    sign_accuracy: float | None = None
    no_effect_ratio: float | None = None
    """Highest RMSE, as a share of that of predicting no effect."""
    coverage: float | None = None


def _hpn_task(compound: str, blocked: tuple[str, ...], facts: tuple[str, ...] = ()) -> Task:
    return Task(
        name=f"hpn_dream_{compound}",
        source="hpn_dream",
        observables=("hpn_dream_pY705",),
        hides=lambda reading: reading.arm.blocked == blocked,
        question=f"{compound.replace('_', ' and ')} in four breast cancer lines, the other inhibitors seen",
        facts=facts,
        no_effect_ratio=1.0,
        coverage=0.8,
    )


TASKS: dict[str, Task] = {
    task.name: task
    for task in (
        Task(
            name="ruxolitinib",
            source="sobotta2017",
            observables=("sobotta_pSTAT3_wb", "sobotta_pSTAT3_lumi", "sobotta_pSTAT3_ms"),
            hides=lambda reading: "ruxolitinib" in dict(reading.arm.drugs),
            question="every ruxolitinib arm of mouse hepatocytes, Stattic seen",
            facts=("V05", "V08", "V09"),
            at_rest=False,
            rmse_ratio=0.6,
            sign_accuracy=0.9,
        ),
        _hpn_task("GSK690693", ("AKT",)),
        _hpn_task("GSK690693_GSK1120212", ("AKT", "MEK"), ("V28a", "V28b")),
        _hpn_task("PD173074", ("FGFR",), ("V28c",)),
        Task(
            name="three_hours",
            source="hepatocyte_luminex",
            observables=("luminex_pSTAT3",),
            hides=lambda reading: reading.time >= 180,
            question="inhibitors after 3 h in HepG2 and human hepatocytes, 0 and 30 min seen",
            facts=("V03", "V19", "V20", "V21"),
            at_rest=False,
        ),
        Task(
            name="breast_cytof",
            source="breast_cytof",
            observables=("breast_cytof_pY705",),
            hides=lambda reading: reading.arm.is_inhibited,
            question="inhibitors of EGFR, MEK, PKC, PI3K and mTOR in three breast lines of which EGF alone was seen",
            no_effect_ratio=1.0,
            coverage=0.8,
        ),
    )
}
"""Name -> task, in the order in which they run."""


def choose_tasks(names: Sequence[str], data: Path) -> tuple[Task, ...]:
    """The named tasks, all whose data are there if none is named. FitError: unknown names, absent data."""
    unknown = [name for name in names if name not in TASKS]
    if unknown:
        raise FitError([f"task: must be one of {', '.join(TASKS)}, found {name}" for name in unknown])
    if names:
        choose_sources([TASKS[name].source for name in names], data)
        return tuple(TASKS[name] for name in names)
    there = {source.name for source in choose_sources((), data)}
    return tuple(task for task in TASKS.values() if task.source in there)
