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
    "network": Cost(1.93, {}, 1.0),
    "scenarios": Cost(2.17, {"scenarios": 0.000173}, 0.981),
    "fit": Cost(39.2, {"gradients": 0.0496, "steps": 0.105}, 0.32),
    "constrain": Cost(72.6, {"steps": 0.163}, 0.288),
    "simulate": Cost(
        0.0, {"trajectories": 0.00012, "whole_trajectories": 0.000261, "shards": 0.287, "slices": 7.26}, 0.0
    ),
    "race": Cost(0.0, {"scenarios": 7.52e-05}, 1.0),
    "validate": Cost(9.4, {"draws": 0.231}, 0.332),
    "rank": Cost(1.21, {"responses": 2.85e-06}, 0.166),
    "report": Cost(2.1, {"responses": 1.89e-07}, 0.32),
}
