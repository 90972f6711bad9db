"""What states of trajectories show: observables, read with the parameters that are in force at their time."""

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from screen.kernel import Model
from screen.shapes import (
    LANES_PHASES,
    LANES_PHASES_PARAMETERS,
    LANES_TIMES,
    LANES_TIMES_NAMES,
    LANES_TIMES_PARAMETERS,
    LANES_TIMES_SPECIES,
    AnyArray,
)


def in_force(
    parameters: Float[AnyArray, LANES_PHASES_PARAMETERS],
    switches: Float[AnyArray, LANES_PHASES],
    times: Float[AnyArray, LANES_TIMES],
) -> Float[Array, LANES_TIMES_PARAMETERS]:
    """The parameters at each time: of the phase that leads up to it. At a switch that is the phase which ends.

    >>> parameters, switches = jnp.array([[[1.0], [2.0]]]), jnp.array([[0.0, 60.0]])
    >>> in_force(parameters, switches, jnp.array([[0.0, 60.0, 61.0]]))[0, :, 0].tolist()
    [1.0, 1.0, 2.0]
    """
    begun = jnp.sum(jnp.asarray(switches)[:, None] < jnp.asarray(times)[..., None], axis=-1)
    return jnp.take_along_axis(jnp.asarray(parameters), jnp.maximum(begun - 1, 0)[..., None], axis=1)


def observe(
    model: Model,
    names: Sequence[str],
    times: Float[AnyArray, LANES_TIMES],
    states: Float[AnyArray, LANES_TIMES_SPECIES],
    parameters: Float[AnyArray, LANES_TIMES_PARAMETERS],
    stored: Sequence[int] | None = None,
) -> Float[Array, LANES_TIMES_NAMES]:
    """Observables or species by name [lanes, times, names] of states [lanes, times, species]; the parameters
    [lanes, times, parameters] are those `in_force`, `stored` the places of the species where these are not all."""
    wanted = [name for name in names if name in model.observables]
    observed = model.observe(times, states, parameters, wanted, stored)
    columns: dict[str, Any] = {name: observed[..., place] for place, name in enumerate(wanted)}
    species = list(model.species) if stored is None else [model.species[place] for place in stored]
    columns |= {
        name: states[..., species.index(name)] for name in dict.fromkeys(names) if name not in columns
    }
    return jnp.stack([columns[name] for name in names], axis=-1)
