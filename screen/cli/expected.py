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
    "network": Cost(1.77, {}, 0.995),
    "scenarios": Cost(2.2, {"scenarios": 0.000161}, 0.972),
    "fit": Cost(51.3, {"gradients": 0.0638, "steps": 0.0974}, 0.389),
    "constrain": Cost(73.1, {"steps": 0.144}, 0.353),
    "simulate": Cost(
        0.0, {"trajectories": 0.000165, "whole_trajectories": 0.000349, "shards": 0.0, "slices": 7.76}, 0.0
    ),
    "race": Cost(0.0, {"scenarios": 0.000116}, 1.0),
    "validate": Cost(7.32, {"draws": 0.217}, 0.401),
    "rank": Cost(1.18, {"responses": 4.28e-06}, 0.347),
    "report": Cost(2.05, {"responses": 2.5e-07}, 0.895),
}
