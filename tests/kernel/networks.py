"""Small networks that between them use everything the kernel has to handle."""

import antimony
import jax
import jax.numpy as jnp
import numpy as np

from screen.kernel import Model, load_model, solve

VARIED = """
    compartment cell = 2.5; compartment nucleus = 0.5;
    species S in cell, P in cell, E in cell, N in nucleus, M in nucleus;
    S = 3; P = 0.2; E = 0.7; N = 0.1; M = start*2; start = 0.4;
    vmax = 1.3; km = 0.8; n = 2.5; k = 0.6; ki = 1.7; load = 0.3; shift = 2; hot = 0.9; on = 3;
    free := 1/(1 + load/shift);
    act: S -> P; cell*free*vmax*E*S/(km + S);
    back: P -> S; cell*k*P^2;
    bring: P -> N; k*cell*P - nucleus*0.2*N;
    leave: N -> P; nucleus*0.1*N;
    make: -> M; nucleus*hot*N^n/(ki^n + N^n)*(1 + 0.3*sin(time/5));
    lose: M -> ; nucleus*0.15*M*piecewise(1, time < on, exp(-0.1*M));
    E' = 0.05 - 0.1*E*sqrt(E + 0.01);
    share := P/(S + P);
"""
"""Michaelis-Menten, Hill with a broken exponent, two volumes, time, a switch, rules and an initial formula."""

CYCLE = """
    compartment cell = 1; species A in cell, Ap in cell, B in cell, Bp in cell, C in cell;
    A = 2; Ap = 0; B = 1; Bp = 0; C = 0; k1 = 3; k2 = 0.5; k3 = 40; k4 = 2; k5 = 0.7; k6 = 0.2; stimulus = 1;
    a1: A -> Ap; cell*stimulus*k1*A; a2: Ap -> A; cell*k2*Ap;
    b1: B -> Bp; cell*k3*Ap*B; b2: Bp -> B; cell*k4*Bp; c1: -> C; cell*k5*Bp; c2: C -> ; cell*k6*C;
"""
"""Two proteins that are only modified, and a product."""

DECAY = "x' = source - rate*x; x = 1; rate = 2; source = 0;"


def sbml_of(text: str) -> str:
    """SBML of Antimony."""
    antimony.clearPreviousLoads()
    assert antimony.loadAntimonyString(text) >= 0, antimony.getLastError()
    return antimony.getSBMLString(antimony.getModuleNames()[-1])


def model_of(text: str) -> Model:
    """A model from Antimony."""
    return load_model(sbml_of(text))


def perturbed(model: Model, lanes: int, phases: int = 1, spread: float = 0.2, seed: int = 0) -> np.ndarray:
    """Parameters [lanes, phases, parameters] around the model's own, volumes untouched."""
    factors = np.exp(spread * np.random.default_rng(seed).standard_normal((lanes, phases, len(model.values))))
    factors[..., [name in ("cell", "nucleus") for name in model.parameters]] = 1.0
    return model.values * factors


def trajectories(model: Model) -> tuple[jax.Array, jax.Array]:
    """States of a few lanes, and the gradient of their sum."""
    parameters, state = perturbed(model, 5), np.asarray(model.initial(np.tile(model.values, (5, 1))))
    times = np.tile(np.linspace(1.0, 20.0, 4), (5, 1))

    def total(parameters: jax.Array) -> tuple[jax.Array, jax.Array]:
        states = solve(model, parameters, state, np.zeros((5, 1)), times).states
        return jnp.sum(states), states

    (_, states), gradient = jax.value_and_grad(total, has_aux=True)(jnp.asarray(parameters))
    return states, gradient
