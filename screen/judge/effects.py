"""Effects of inhibitors as the readings show them, and what somebody without a model would predict.

An effect is log2 of inhibited over vehicle, both read in the same batch under the same stimulus at the same
time; replicates are averaged on the log scale. Readings that are censored show no effect and are passed over.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from screen.sources.readings import Condition, Reading

LOG2_10 = float(np.log2(10.0))


@dataclass(frozen=True)
class Effect:
    """One inhibited condition against its vehicle; rows are places among the readings."""

    arm: Condition
    observable: str
    batch: str
    time: float
    inhibited: tuple[int, ...]
    vehicle: tuple[int, ...]
    observed: float
    """log2(inhibited/vehicle)."""

    def of(self, log10_values: np.ndarray) -> np.ndarray:
        """The effect [...] in log10 values [..., readings], log2."""
        ends = (log10_values[..., list(rows)].mean(axis=-1) for rows in (self.inhibited, self.vehicle))
        treated, untreated = ends
        return LOG2_10 * (treated - untreated)

    def noise(self, sigma: np.ndarray) -> float:
        """Standard deviation that readings of so much noise [readings, log10] give the effect, log2."""
        parts = (np.sum(sigma[list(rows)] ** 2) / len(rows) ** 2 for rows in (self.inhibited, self.vehicle))
        return LOG2_10 * float(np.sqrt(sum(parts)))


def find_effects(readings: Sequence[Reading]) -> tuple[Effect, ...]:
    """Every inhibited condition whose vehicle was read too, in the order of the readings."""
    groups: dict[tuple[Condition, str, str, float], list[int]] = {}
    for row, each in enumerate(readings):
        if not each.censored and each.value > 0:
            groups.setdefault((each.arm, each.observable, each.batch, each.time), []).append(row)
    logs = np.log10([max(each.value, 1e-300) for each in readings])
    effects = []
    for (arm, observable, batch, time), rows in groups.items():
        vehicle = groups.get((arm.without_inhibitor(), observable, batch, time))
        if arm.is_inhibited and vehicle:
            bare = Effect(arm, observable, batch, time, tuple(rows), tuple(vehicle), np.nan)
            effects.append(replace(bare, observed=float(bare.of(logs))))
    return tuple(effects)


def predict_no_effect(effect: Effect, training: Sequence[Effect]) -> float:
    """Inhibitors do nothing."""
    return 0.0


def predict_mean(effect: Effect, training: Sequence[Effect]) -> float:
    """The mean effect of the inhibitors of the training: same cell, stimulus and time, else cell, else all."""
    return _mean(_first_match(effect, training))


def _first_match(effect: Effect, training: Sequence[Effect]) -> Sequence[Effect]:
    tests: tuple[Callable[[Effect], bool], ...] = (
        lambda other: (
            (other.arm.context, other.arm.stimulus, other.time)
            == (effect.arm.context, effect.arm.stimulus, effect.time)
        ),
        lambda other: other.arm.context == effect.arm.context,
        lambda other: True,
    )
    return next((found for test in tests if (found := [each for each in training if test(each)])), ())


def predict_nearest(effect: Effect, training: Sequence[Effect]) -> float:
    """The effect in the most similar condition: cell, stimulus, its dose, time, targets, batch, in that order."""
    if not training:
        return 0.0
    distances = [_distance(effect, other) for other in training]
    least = min(distances)
    return _mean([other for other, found in zip(training, distances, strict=True) if found == least])


def _distance(one: Effect, other: Effect) -> tuple[float, ...]:
    first, second = dict(one.arm.stimulus), dict(other.arm.stimulus)
    shared = first.keys() & second.keys()
    doses = sum(abs(np.log10((first[name] + 1e-3) / (second[name] + 1e-3))) for name in shared)
    targets, others = _acts_on(one.arm), _acts_on(other.arm)
    return (
        float(one.arm.context != other.arm.context),
        float(len(first.keys() ^ second.keys())),
        round(float(doses), 6),
        round(abs(float(np.log((one.time + 1.0) / (other.time + 1.0)))), 6),
        1.0 - len(targets & others) / len(targets | others),
        float(one.batch != other.batch),
    )


def _acts_on(arm: Condition) -> set[str]:
    return {name for name, _ in arm.drugs} | set(arm.blocked)


def _mean(effects: Sequence[Effect]) -> float:
    return float(np.mean([each.observed for each in effects])) if effects else 0.0


BASELINES: dict[str, Callable[[Effect, Sequence[Effect]], float]] = {
    "no_effect": predict_no_effect,
    "mean_inhibitor": predict_mean,
    "nearest_condition": predict_nearest,
}
"""Name -> prediction of an effect from the effects of the training."""
