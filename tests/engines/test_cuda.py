"""The cuda engine on the host against the kernel, lane by lane, and what it says where something is missing."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from screen.errors import KernelError
from screen.kernel import Model, Runs, Until, choose_engine, load_model, prepare, rest, solve, solve_readings
from screen.kernel.engines import cuda
from screen.kernel.native import driver, nvrtc
from screen.network import compose_without
from tests.kernel.networks import CYCLE, VARIED, model_of, perturbed

OPTIONS = {"rtol": 0.9 * cuda.SINGLE, "atol": 1e-9, "max_steps": 100_000}
"""Matrices in double precision, as in the kernel."""


def lanes_of(model, lanes, end=20.0, outputs=5):
    """Arguments of a solve; every lane has its own parameters, phases and times."""
    parameters = perturbed(model, lanes, 2)
    state = np.asarray(model.initial(parameters[:, 0])) + 0.01
    factor = np.linspace(0.5, 1.5, lanes)[:, None]
    return parameters, state, factor * [0.0, end / 3], factor * np.linspace(0, end, outputs)


def distance(found, known):
    """Largest difference, in units of the largest value of a lane."""
    found, known = (np.asarray(each).reshape(len(known), -1) for each in (found, known))
    return np.max(np.abs(found - known) / np.max(np.abs(known), axis=1, keepdims=True))


@pytest.mark.parametrize("text", [VARIED, CYCLE])
def test_is_the_kernel_lane_by_lane(host_cuda, text):
    model = model_of(text)
    arguments = lanes_of(model, 203)
    found, known = (solve(model, *arguments, engine=engine, **OPTIONS) for engine in ("cuda", "kernel"))
    assert distance(found.states, known.states) < 1e-9
    for name in ("status", "accepted", "rejected", "reached"):
        np.testing.assert_array_equal(getattr(found, name), getattr(known, name))


@pytest.mark.parametrize("text", [VARIED, CYCLE])
def test_matrices_in_single_precision_move_results_by_less_than_the_tolerance(host_cuda, text):
    model = model_of(text)
    arguments = lanes_of(model, 203)
    options = OPTIONS | {"rtol": cuda.SINGLE}
    found, known = (solve(model, *arguments, engine=engine, **options) for engine in ("cuda", "kernel"))
    assert 1e-12 < distance(found.states, known.states) < 0.5 * cuda.SINGLE
    np.testing.assert_array_equal(found.status, known.status)


@pytest.mark.parametrize("text", [VARIED, CYCLE])
def test_gradients_are_those_of_the_kernel(host_cuda, text):
    model = model_of(text)
    parameters, state, switches, times = lanes_of(model, 70)
    weights = np.random.default_rng(2).standard_normal((70, 5, len(model.species)))
    weights[::3, 3:] = 0.0  # rows that end early, and lanes without any
    weights[5] = 0.0

    def loss(parameters, state, engine):
        return jnp.sum(weights * solve(model, parameters, state, switches, times, engine=engine).states)

    pairs = [
        jax.jit(jax.grad(loss, (0, 1)), static_argnums=2)(parameters, state, e) for e in ("cuda", "kernel")
    ]
    for found, known in zip(*pairs, strict=True):
        assert not np.any(found[5])
        assert distance(np.delete(found, 5, 0), np.delete(known, 5, 0)) < 1e-9


def test_readings_of_one_lane_walk_back_together(host_cuda):
    model, rows = model_of(CYCLE), 90
    lane = np.arange(rows) % 7
    arrays = [each[lane] for each in lanes_of(model, 7)]
    output = np.arange(rows) % 5

    def read(parameters, state, engine):
        return solve_readings(
            model, Runs(parameters, state, *arrays[2:]), output, lane, engine=engine, **OPTIONS
        )[0]

    cotangents = np.random.default_rng(1).standard_normal((rows, len(model.species)))
    for engine in ("cuda", "kernel"):
        found, pull = jax.vjp(lambda p, s, e=engine: read(p, s, e), *arrays[:2])
        if engine == "cuda":
            values = found, *pull(cotangents)
        else:
            for one, other in zip(values, (found, *pull(cotangents)), strict=True):
                np.testing.assert_allclose(one, other, atol=1e-9 * np.abs(other).max())


def test_rests_and_their_derivatives_are_those_of_the_kernel(host_cuda):
    model = model_of(CYCLE)
    parameters = perturbed(model, 40)[:, 0]
    state = np.asarray(model.initial(parameters))

    def total(parameters, state, engine):
        found = rest(model, parameters, state, engine=engine, until=Until(1e4))
        return jnp.sum(found.state**2), found

    slopes = jax.jit(jax.grad(total, (0, 1), has_aux=True), static_argnums=2)
    both = [slopes(parameters, state, engine) for engine in ("cuda", "kernel")]
    (found, at_cuda), (known, at_kernel) = both
    np.testing.assert_array_equal(at_cuda.status, at_kernel.status)
    assert distance(at_cuda.state, at_kernel.state) < 1e-9
    for one, other in zip(found, known, strict=True):
        assert distance(one, other) < 1e-9


def test_what_is_prepared_is_what_solves_and_rests(host_cuda, monkeypatch, tmp_path):
    """Compilers run while other lanes do, and not when lanes wait for them."""
    compiled = []

    def counted(found, source, options):
        compiled.append(options)
        return compile_cubin(found, source, options)

    compile_cubin = nvrtc.compile_cubin
    monkeypatch.setattr(nvrtc, "compile_cubin", counted)
    model = Model(model_of("x' = -k*x + made; x = 1; k = 0.7; made = 0.2;").system, tmp_path / "cache")
    prepare(model, "cuda")
    assert len(compiled) == 2
    arguments = lanes_of(model, 3)
    assert not np.any(solve(model, *arguments, engine="cuda", rtol=cuda.SINGLE).status)
    assert not np.any(rest(model, arguments[0][:, 0], arguments[1], engine="cuda", rtol=cuda.SINGLE).status)
    assert len(compiled) == 2


@pytest.mark.slow
def test_is_the_kernel_on_the_shipped_network(host_cuda, root):
    model = load_model(compose_without(root / "config/network", None, ()))
    parameters = np.repeat(perturbed(model, 32, spread=0.1), 2, axis=1)
    state, switches = np.asarray(model.initial(parameters[:, 0])), np.tile([0.0, 30.0], (32, 1))
    times = np.tile([20.0, 240.0], (32, 1))

    def weighed(parameters, engine):
        found = solve(model, parameters, state, switches, times, engine=engine)
        return jnp.sum(jnp.log(jnp.abs(found.states[:, 1]) + 1.0)), found

    both = [jax.grad(weighed, has_aux=True)(parameters, engine) for engine in ("cuda", "kernel")]
    (found, at_cuda), (known, at_kernel) = both
    np.testing.assert_array_equal(at_cuda.status, at_kernel.status)
    assert distance(at_cuda.states, at_kernel.states) < 1e-9
    assert distance(found, known) < 1e-9


def test_events_at_fixed_times_are_solved_between(host_cuda):
    """The text for a GPU knows no events."""
    model = model_of("x' = -k*x; x = 1; k = 0.5; when = 2; E1: at time >= when: x = x + 3;")
    prepare(model, "cuda")
    parameters, times = np.tile(model.values, (3, 1, 1)), np.tile([1.0, 3.0], (3, 1))
    arrays = parameters, model.initial(parameters[:, 0]), np.zeros((3, 1)), times
    found = solve(model, *arrays, engine="cuda").states[:, :, 0]
    expected = [np.exp(-0.5), np.exp(-1.5) + 3 * np.exp(-0.5)]
    np.testing.assert_allclose(found, np.tile(expected, (3, 1)), rtol=1e-5)


def calls_of(name, monkeypatch):
    """What a function of the driver is called with, a tuple a call, from here on."""
    real, found = getattr(driver.Driver, name), []

    def noted(self, *arguments):
        found.append(arguments)
        return real(self, *arguments)

    monkeypatch.setattr(driver.Driver, name, noted)
    return found


def test_both_limits_of_memory_together_leave_some(host_cuda, monkeypatch):
    """Threads take their share of what is free, tapes theirs of what these leave."""
    asked = calls_of("memory", monkeypatch)
    monkeypatch.setenv("HOST_CUDA_MEMORY", str(400_000))
    model = model_of(CYCLE)
    parameters, state, switches, times = lanes_of(model, 100)
    jax.grad(lambda p: jnp.sum(solve(model, p, state, switches, times, engine="cuda").states))(parameters)
    assert max(sum(sizes) for _stream, *sizes in asked) <= 0.75 * 400_000 + 24


def test_as_many_warps_as_run_at_once_begin_where_memory_allows(host_cuda, monkeypatch):
    """The host of the tests runs two at once; there is work for four."""
    started = calls_of("launch", monkeypatch)
    model = model_of(CYCLE)
    solve(model, *lanes_of(model, 100), engine="cuda").states.block_until_ready()
    assert [warps for _stream, _function, warps, _job in started] == [2]


def test_little_memory_means_fewer_threads_and_the_same_answer(host_cuda, monkeypatch):
    model = model_of(CYCLE)
    parameters, state, switches, times = lanes_of(model, 100)

    def loss(parameters):
        return jnp.sum(solve(model, parameters, state, switches, times, engine="cuda").states ** 2)

    plenty = jax.value_and_grad(loss)(parameters)
    monkeypatch.setenv("HOST_CUDA_MEMORY", str(400_000))
    for one, other in zip(plenty, jax.value_and_grad(loss)(parameters), strict=True):
        np.testing.assert_array_equal(one, other)
    monkeypatch.setenv("HOST_CUDA_MEMORY", "1000")
    with pytest.raises(
        (ValueError, jax.errors.JaxRuntimeError),
        match="memory of the GPU must suffice, found too little; set XLA_PYTHON",
    ):
        jax.block_until_ready(loss(parameters))


def test_all_memory_is_given_back(host_cuda):
    model = model_of(CYCLE)
    parameters, state, switches, times = lanes_of(model, 50)
    jax.grad(lambda p: jnp.sum(solve(model, p, state, switches, times, engine="cuda").states))(parameters)
    library = driver.find_driver()._library
    assert library.host_memory_taken() == 0


def test_no_lanes_are_no_work(host_cuda):
    model = model_of(CYCLE)
    parameters, state, switches, times = (each[:0] for each in lanes_of(model, 2))
    assert solve(model, parameters, state, switches, times, engine="cuda").states.shape[0] == 0


def test_auto_takes_it_on_a_gpu(host_cuda, monkeypatch):
    monkeypatch.setattr("jax.default_backend", lambda: "gpu")
    assert choose_engine("auto") == ("cuda", "compiled with NVRTC 99.1 for sm_90, one lane a thread")


def missing_driver(patch):
    patch.setattr(driver, "LIBRARY", "libnosuch.so.1")
    driver.find_driver.cache_clear()


def missing_nvrtc(patch):
    patch.setattr("importlib.util.find_spec", lambda name: None)


MISSING = {
    "no driver": (missing_driver, "an NVIDIA GPU and its driver must be there, found no libnosuch.so.1"),
    "no NVRTC": (missing_nvrtc, r"NVRTC for CUDA 99 at most must be installed, found none; .*jax\[cuda13\]"),
    "JAX for the processor": (lambda patch: None, "JAX must compute on a GPU, found cpu"),
}


@pytest.mark.parametrize("what", MISSING)
def test_what_is_missing_is_one_line_with_its_cure(host_cuda, monkeypatch, what):
    take_away, words = MISSING[what]
    take_away(monkeypatch)
    with pytest.raises(KernelError, match=words) as caught:
        choose_engine("cuda")
    (problem,) = caught.value.problems
    assert problem.startswith("engine cuda: ") and "\n" not in problem
    if what != "JAX for the processor":
        monkeypatch.setattr("jax.default_backend", lambda: "gpu")
        with pytest.raises(KernelError, match=f"{words}.*JAX_PLATFORMS=cpu"):
            choose_engine("auto")
    driver.find_driver.cache_clear()


def test_an_nvrtc_newer_than_the_driver_is_not_taken(host_cuda):
    with pytest.raises(KernelError, match="NVRTC for CUDA 12 at most must be installed, found 99"):
        nvrtc.find_nvrtc(12)


def test_what_does_not_compile_is_one_line(host_cuda):
    with pytest.raises(
        KernelError, match=r"NVRTC must compile the network, found: .*error.*fault of the program"
    ):
        nvrtc.compile_cubin(nvrtc.find_nvrtc(), "const __grid_constant__ Launch launch int main(", ())


def test_a_gpu_says_what_it_holds_and_a_kernel_what_it_needs(host_cuda):
    model = model_of(VARIED)
    with driver.find_driver().context(None) as context:
        kernel = cuda._kernel(model, "solve", False, context)
    assert kernel.memory % (8 * driver.WARP) == 0 and kernel.resident * kernel.processors == 2
