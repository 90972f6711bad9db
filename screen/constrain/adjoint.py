"""What pulls on trajectories, taken back to the parameters of every lane and of its resting state by the engine."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from screen.kernel import Model, filled, filled_size, rest, solve
from screen.simulate import REST_MINUTES, Integration


@dataclass(frozen=True)
class Lanes:
    """What one adjoint solve takes.

    resting [rests, parameters]; parameters [lanes, phases, parameters]; switches [lanes, phases] [min]; times
    [lanes, times] [min]; rest_of_lane [lanes]; weights [lanes, times], what pulls on the readout; readout [lanes],
    names.
    """

    resting: np.ndarray
    parameters: np.ndarray
    switches: np.ndarray
    times: np.ndarray
    rest_of_lane: np.ndarray
    weights: np.ndarray
    readout: np.ndarray


def make_adjoint(model: Model, integration: Integration) -> Callable[[Lanes], tuple[np.ndarray, np.ndarray]]:
    """A function from lanes to the pull on their parameters: [rests, parameters] and [lanes, phases, parameters]."""
    options = integration.options

    @jax.jit
    def run(
        resting: Array, parameters: Array, switches: Array, times: Array, rest_of_lane: Array
    ) -> tuple[Array, Array]:
        found = rest(model, resting, model.initial(resting), horizon_minutes=REST_MINUTES, **options)
        solution = solve(model, parameters, found.state[rest_of_lane], switches, times, **options)
        return solution.states, (solution.status == 0) & (found.status[rest_of_lane] == 0)

    @jax.jit
    def back(resting: Array, parameters: Array, *rest_of_it: Array) -> tuple[Array, ...]:
        """From what pulls on the states to the pull on both; only the last of `rest_of_it` is that."""
        *held, by_state = rest_of_it
        return jax.vjp(lambda *free: run(*free, *held)[0], resting, parameters)[1](by_state)

    @partial(jax.jit, static_argnums=0)
    def of_readout(
        name: str, times: Array, states: Array, parameters: Array, weights: Array
    ) -> tuple[Array, ...]:
        """The pull on states [lanes, times, species] and parameters [lanes, parameters] through one readout.

        Each readout is pulled apart from the others, since one that divides by nothing has no slope.
        """

        def pulled(states: Array, parameters: Array) -> Array:
            if name in model.species:
                return jnp.sum(states[..., model.species.index(name)] * weights)
            return jnp.sum(model.observe(times, states, parameters[:, None], [name])[..., 0] * weights)

        return jax.grad(pulled, argnums=(0, 1))(states, parameters)

    def pull(lanes: Lanes) -> tuple[np.ndarray, np.ndarray]:
        count, rests = len(lanes.parameters), len(lanes.resting)
        size = filled_size(count)
        wanted = (lanes.parameters, lanes.switches, lanes.times, lanes.rest_of_lane, lanes.weights)
        parameters, switches, times, rest_of_lane, weights = (filled(array, size) for array in wanted)
        resting = filled(lanes.resting, filled_size(rests))
        arrays = (resting, parameters, switches, times, rest_of_lane)
        states, good = run(*arrays)
        good = np.asarray(good)[:count]
        by_state, by_parameter = np.zeros(states.shape), np.zeros((count, parameters.shape[-1]))
        for name in sorted(set(lanes.readout)):
            own = np.flatnonzero((lanes.readout == name) & good)
            if len(own):
                rows = filled(own, size)
                pulled = of_readout(name, times[rows], states[rows], parameters[rows, -1], weights[rows])
                by_state[own], by_parameter[own] = (np.asarray(part)[: len(own)] for part in pulled)
        by_rest, by_lane = (np.array(part) for part in back(*arrays, by_state))
        by_lane[:count, -1] += by_parameter
        return by_rest[:rests], by_lane[:count]

    return pull
