"""A network ready to be integrated: its names and values, and its formulas as JAX functions."""

import hashlib
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float

from screen.kernel.cache import cache_folder, cached, generator_version
from screen.kernel.symbolic.analysis import System, analyse
from screen.kernel.symbolic.evaluate import run, stack
from screen.kernel.symbolic.program import Program
from screen.kernel.symbolic.serialise import from_json, to_json
from screen.network import Network, read_sbml, sbml_text
from screen.shapes import ANY_OBSERVABLES, ANY_PARAMETERS, ANY_SPECIES, TOGETHER, AnyArray


class Model:
    """One network for every drug: doses, loads and contexts are values of its parameters.

    Equal models are the same network; a model can be closed over in a jitted function.
    """

    def __init__(self, system: System, cache: Path):
        self.system, self.cache = system, cache
        self.name, self.digest = system.name, system.digest
        self.species, self.parameters, self.observables = (
            system.species,
            system.parameters,
            system.observables,
        )
        self.values = np.array(system.values, dtype=np.float64)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Model) and other.digest == self.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        return f"Model({self.name}: {len(self.species)} species, {len(self.parameters)} parameters)"

    @property
    def moves_with_time(self) -> bool:
        """Whether the rates of change depend on time by themselves."""
        return any(op == "time" for op, *_ in self.system.derivative.code)

    def initial(self, parameters: Float[AnyArray, ANY_PARAMETERS]) -> Float[Array, ANY_SPECIES]:
        """Initial state [..., species] for parameters [..., parameters]."""
        return _last(run(self.system.initial, {"parameter": _first(parameters)}), jnp.shape(parameters)[:-1])

    def per_amount(self, parameters: Float[AnyArray, ANY_PARAMETERS]) -> Float[Array, ANY_SPECIES]:
        """Change of each species [..., species] by one of its amount: 1 / volume where it is a concentration."""
        return _last(
            run(self.system.per_amount, {"parameter": _first(parameters)}), jnp.shape(parameters)[:-1]
        )

    def observe(
        self,
        times: Float[AnyArray, TOGETHER] | float,
        states: Float[AnyArray, ANY_SPECIES],
        parameters: Float[AnyArray, ANY_PARAMETERS],
        names: Sequence[str] | None = None,
        stored: Sequence[int] | None = None,
    ) -> Float[Array, ANY_OBSERVABLES]:
        """Observables [..., observables]; times [...], states [..., species], parameters [..., parameters].

        `names` are the observables wanted, all of them by default; only what they need is computed. The
        leading axes broadcast against each other. `stored` are places of the species that the states have, where
        these are not all (`needed`).
        """
        program = self._observing(self.observables if names is None else names)
        state: Any = _first(states)
        if stored is not None:
            state = dict(zip(stored, state, strict=True))
        inputs = {"time": jnp.asarray(times), "state": state, "parameter": _first(parameters)}
        shapes = jnp.shape(times), jnp.shape(states)[:-1], jnp.shape(parameters)[:-1]
        return _last(run(program, inputs), jnp.broadcast_shapes(*shapes))

    def needed(self, names: Sequence[str]) -> tuple[int, ...]:
        """Places of the species that observables or species of these names are read from, ascending."""
        program = self._observing([name for name in names if name in self.observables])
        read = {place for op, *places in program.code if op == "state" for place in places}
        own = {self.species.index(name) for name in names if name not in self.observables}
        return tuple(sorted(read | own))

    def _observing(self, names: Sequence[str]) -> Program:
        return self.system.observe.only(self.observables.index(name) for name in names)

    def derivative(
        self,
        time: Float[AnyArray, TOGETHER] | float,
        state: Float[AnyArray, ANY_SPECIES],
        parameters: Float[AnyArray, ANY_PARAMETERS],
    ) -> Float[Array, ANY_SPECIES]:
        """d state / d time [..., species]."""
        hoisted = run(self.system.hoist, {"parameter": _first(parameters)})
        inputs = {"time": jnp.asarray(time), "state": _first(state), "hoisted": hoisted}
        shapes = jnp.shape(time), jnp.shape(state)[:-1], jnp.shape(parameters)[:-1]
        return _last(run(self.system.derivative, inputs), jnp.broadcast_shapes(*shapes))


def load_model(sbml: Path | str, cache: Path | None = None) -> Model:
    """Read an SBML file (a Path) or SBML text; its analysis is kept in the cache folder.

    NetworkError for a file that cannot be read or a model that is not supported.

    >>> load_model(sbml)
    Model(decay: 1 species, 2 parameters)
    """
    text = sbml_text(sbml)
    return _analysed(hashlib.sha256(text.encode()).hexdigest(), lambda: read_sbml(text), cache)


def build_model(network: Network, cache: Path | None = None) -> Model:
    """The model of a network that is no file, such as a slice; kept like one that is.

    >>> from screen.network import read_sbml
    >>> build_model(read_sbml(sbml)).species
    ('A',)
    """
    return _analysed(network.digest, lambda: network, cache)


def _analysed(digest: str, network: Callable[[], Network], cache: Path | None) -> Model:
    folder = Path(cache) if cache is not None else cache_folder()

    def write(path: Path) -> None:
        system = analyse(network())
        small = [factor for factor in system.scale if factor < 1]
        if small:
            sizes = (
                f"{len(small)} species stay small, their absolute tolerance is down to {min(small):.1g} of"
            )
            sys.stderr.write(f"model: {system.name}: {sizes} what is asked\n")
        path.write_text(json.dumps(to_json(system)), encoding="utf-8")

    place = cached(folder, f"networks/{digest[:32]}-{generator_version()[:16]}.json", write)
    return Model(from_json(json.loads(place.read_text(encoding="utf-8"))), folder)


def _first(values: Any) -> Array:
    """The last axis moved to the front, where programs look things up."""
    return jnp.moveaxis(jnp.asarray(values, dtype=jnp.float64), -1, 0)


def _last(values: Sequence[Any], shape: tuple[int, ...]) -> Array:
    if not values:
        return jnp.zeros((*shape, 0))
    return stack([jnp.broadcast_to(jnp.asarray(value, dtype=jnp.float64), shape) for value in values])
