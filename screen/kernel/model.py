"""A network ready to be integrated: its names and values, and its formulas as functions of JAX and of NumPy."""

import hashlib
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
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

    Equal models are the same network; a model can be closed over in a jitted function. Its formulas give arrays of
    JAX where they are given one, else of NumPy: each operation of JAX on a shape that is new has to be compiled.
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

    def initial(self, parameters: Float[AnyArray, ANY_PARAMETERS]) -> Float[AnyArray, ANY_SPECIES]:
        """Initial state [..., species] for parameters [..., parameters]."""
        return _evaluated(self.system.initial, {}, {"parameter": parameters})

    def per_amount(self, parameters: Float[AnyArray, ANY_PARAMETERS]) -> Float[AnyArray, ANY_SPECIES]:
        """Change of each species [..., species] by one of its amount: 1 / volume where it is a concentration."""
        return _evaluated(self.system.per_amount, {}, {"parameter": parameters})

    def observe(
        self,
        times: Float[AnyArray, TOGETHER] | float,
        states: Float[AnyArray, ANY_SPECIES],
        parameters: Float[AnyArray, ANY_PARAMETERS],
        names: Sequence[str] | None = None,
        stored: Sequence[int] | None = None,
    ) -> Float[AnyArray, ANY_OBSERVABLES]:
        """Observables [..., observables]; times [...], states [..., species], parameters [..., parameters].

        `names` are the observables wanted, all of them by default; only what they need is computed. The
        leading axes broadcast against each other. `stored` are places of the species that the states have, where
        these are not all (`needed`).
        """
        program = self._observing(self.observables if names is None else names)
        return _evaluated(program, {"time": times}, {"state": states, "parameter": parameters}, stored)

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
    ) -> Float[AnyArray, ANY_SPECIES]:
        """d state / d time [..., species]."""
        rows = {"state": state, "parameter": parameters}
        return _evaluated(self.system.derivative, {"time": time}, rows, hoist=self.system.hoist)


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


def _evaluated(
    program: Program,
    alone: Mapping[str, Any],
    rows: Mapping[str, Any],
    stored: Sequence[int] | None = None,
    hoist: Program | None = None,
) -> AnyArray:
    """Results [..., results] of a program; inputs `alone` are [...], those in rows [..., places].

    The leading axes broadcast against each other. `stored` are places of the species that the states have; `hoist`
    computes beforehand what the program reads as hoisted.
    """
    given = [*alone.values(), *rows.values()]
    arrays = jnp if any(isinstance(each, Array) for each in given) else np
    inputs: dict[str, Any] = {name: arrays.asarray(each) for name, each in alone.items()}
    for name, each in rows.items():
        inputs[name] = arrays.moveaxis(arrays.asarray(each, dtype=np.float64), -1, 0)
    if stored is not None:
        inputs["state"] = dict(zip(stored, inputs["state"], strict=True))
    shapes = (np.shape(each) for each in alone.values()), (np.shape(each)[:-1] for each in rows.values())
    shape = np.broadcast_shapes(*chain(*shapes))
    with np.errstate(all="ignore"):  # of what is computed and not taken, as where there are cases
        if hoist is not None:
            inputs["hoisted"] = run(hoist, inputs, arrays)
        values = run(program, inputs, arrays)
    if not values:
        return arrays.zeros((*shape, 0))
    return arrays.broadcast_to(stack(values, arrays), (*shape, len(values)))
