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
    "network": Cost(2.11, {}, 1.0),
    "scenarios": Cost(2.4, {"scenarios": 0.000533}, 0.992),
    "fit": Cost(82.4, {"gradients": 0.0822, "steps": 0.239}, 0.31),
    "constrain": Cost(85.6, {"steps": 0.204}, 0.362),
    "simulate": Cost(
        0.0, {"trajectories": 0.000158, "whole_trajectories": 0.000357, "shards": 7.37, "slices": 6.23}, 0.0
    ),
    "validate": Cost(10.0, {"draws": 0.192}, 0.356),
    "rank": Cost(1.84, {"responses": 3.42e-06}, 0.934),
    "report": Cost(2.6, {"responses": 1.43e-06}, 0.867),
}
