"""How long the stages of a screen should take here, given what they count (`work`).

CPU-seconds of a stage are a fixed part and so much for each of what it counts. `COSTS` has both as `make bench-screen`
measured them on one machine, with engine kernel: another machine is as much faster in all stages, or slower.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

MEASURED = "benchmarks/results/screen.json"
"""Where `costs` are those of `COSTS`, beside the machine that they are of."""


class Cost(NamedTuple):
    """Of a stage: CPU-seconds that it takes in any case and for each of what it counts."""

    fixed: float
    each: Mapping[str, float]
    one_core: float
    """Share of them in which it uses one core alone."""


class Expected(NamedTuple):
    """How long a stage should take [s]."""

    stage: str
    seconds: float
    cpu_seconds: float


def expect(
    counts: Mapping[str, Mapping[str, int]], costs: Mapping[str, Cost], cores: int
) -> Iterator[Expected]:
    """Each stage that is counted, on so many cores."""
    for stage, found in counts.items():
        fixed, each, one_core = costs[stage]
        cpu = fixed + sum(number * each[name] for name, number in found.items())
        yield Expected(stage, cpu * (one_core + (1 - one_core) / cores), cpu)


COSTS: dict[str, Cost] = {
    "network": Cost(1.95, {}, 0.993),
    "scenarios": Cost(2.32, {"scenarios": 0.000173}, 0.973),
    "fit": Cost(63.3, {"gradients": 0.0636, "steps": 0.102}, 0.383),
    "constrain": Cost(74.8, {"steps": 0.163}, 0.278),
    "simulate": Cost(
        0.0, {"trajectories": 0.000142, "whole_trajectories": 0.000277, "shards": 0.851, "slices": 6.62}, 0.0
    ),
    "race": Cost(0.0, {"scenarios": 0.00011}, 1.0),
    "validate": Cost(7.6, {"draws": 0.327}, 0.375),
    "rank": Cost(1.35, {"responses": 3.45e-06}, 0.245),
    "report": Cost(2.42, {"responses": 1.86e-07}, 0.856),
}
