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
    "network": Cost(3.85, {}, 1.0),
    "scenarios": Cost(2.78, {"scenarios": 0.000663}, 0.988),
    "fit": Cost(106.0, {"gradients": 0.0755, "steps": 0.114}, 0.388),
    "constrain": Cost(131.0, {"steps": 0.185}, 0.339),
    "simulate": Cost(
        0.0, {"trajectories": 0.000168, "whole_trajectories": 0.000309, "shards": 7.26, "slices": 5.13}, 0.0
    ),
    "validate": Cost(13.7, {"draws": 0.281}, 0.338),
    "rank": Cost(2.09, {"responses": 3.11e-06}, 0.375),
    "report": Cost(3.63, {"responses": 1.27e-06}, 0.747),
}

ASIDE: dict[str, Cost] = {"race": Cost(2.0, {"scenarios": 0.00025}, 0.6)}
"""Of stages that the measured screen has not; measured alone."""
