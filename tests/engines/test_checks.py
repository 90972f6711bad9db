"""What is refused before an engine begins, which readings it is asked for, how parts of a solve are one: by hand."""

from types import SimpleNamespace

import jax.numpy as jnp
import numpy as np
import pytest

from screen.errors import KernelError
from screen.kernel import Runs, Solution, Status, has_gradient, rest, solve, solve_readings
from screen.kernel.engines.timed import _joined
from tests.kernel.networks import DECAY, model_of

ROWS = 3


@pytest.fixture(scope="module")
def model():
    return model_of(DECAY)


@pytest.fixture
def asked(monkeypatch):
    """What an engine that reads copies once is asked for; without `readings` it solves all lanes: the reading of row
    r at output o is 10 r + o."""
    found = []

    def readings(model, runs, output, copy_of, options):
        found.append((output.tolist(), copy_of.tolist(), options.rtol))
        return "state", "status"

    def solved(model, runs, options):
        rows, outputs = runs.times.shape
        states = 10 * jnp.arange(rows)[:, None, None] + jnp.arange(outputs)[:, None]
        return Solution(states, jnp.arange(rows), None, None, None)

    engine = SimpleNamespace(readings=readings, solve=solved)
    monkeypatch.setattr("screen.kernel.engines.table._chosen", lambda name, model: engine)
    return SimpleNamespace(found=found, engine=engine)


def runs_of(model, outputs=2):
    return Runs(
        np.ones((ROWS, 1, len(model.parameters))),
        np.ones((ROWS, 1)),
        np.zeros((ROWS, 1)),
        np.ones((ROWS, outputs)),
    )


@pytest.mark.parametrize("output", [[0, 1, 1], [-1, 0, 0], [0, 0, 2], [0, 0]])
def test_a_reading_is_of_an_output_that_is_there(model, asked, output):
    if output == [0, 1, 1]:
        read = solve_readings(model, runs_of(model), np.array(output), np.array([0, 0, 2]), rtol=1e-3)
        assert read == ("state", "status") and asked.found == [(output, [0, 0, 2], 1e-3)]
    else:
        with pytest.raises(KernelError, match="one of 2 outputs for each of 3 rows"):
            solve_readings(model, runs_of(model), np.array(output), np.arange(3))


@pytest.mark.parametrize("copies", [[0, 2, 2], [1, 1, 2], [0, 0, 1], [0, 1, 3]])
def test_a_copy_names_the_first_of_its_rows(model, asked, copies):
    with pytest.raises((KernelError, IndexError)):
        solve_readings(model, runs_of(model), np.zeros(3, int), np.array(copies))
    assert not asked.found


@pytest.mark.parametrize("why", ["engine", "events"])
def test_where_copies_cannot_be_read_once_each_row_is_a_lane(model, asked, why):
    if why == "engine":
        asked.engine.readings = None
    else:
        model = SimpleNamespace(
            system=SimpleNamespace(events=True), parameters=model.parameters, species=model.species
        )
    state, status = solve_readings(model, runs_of(model, 4), np.array([3, 0, 2]), np.array([0, 1, 1]))
    assert state.ravel().tolist() == [3.0, 10.0, 22.0] and status.tolist() == [0, 1, 2]


@pytest.mark.parametrize("field", Runs._fields)
def test_every_array_has_the_lanes_first_and_its_own_last_axis(model, field):
    right = runs_of(model)
    wrong = right._replace(**{field: getattr(right, field)[:2]})
    with pytest.raises(
        KernelError, match=f"solve: {'parameters' if field == 'state' else field} must have shape"
    ):
        solve(model, *wrong)
    if field != "times":
        longer = np.concatenate([getattr(right, field)] * 2, axis=-1)
        with pytest.raises(KernelError, match="must have shape"):
            solve(model, *right._replace(**{field: longer}))


@pytest.mark.parametrize("field", ["switches", "times"])
def test_there_is_a_phase_and_a_time(model, field):
    right = runs_of(model)
    with pytest.raises(KernelError, match="at least one phase and one output time, found none"):
        solve(model, *right._replace(**{field: np.zeros((ROWS, 0))}))


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("state", r"state must have shape \[0, 1\], found \[\]"), ("switches", "at least one phase"),
        ("times", "one output time, found none"), ("parameters", r"parameters must have shape .*, found \[\]"),
    ],
)  # fmt: skip
def test_what_has_no_axes_or_too_few_of_them_is_refused_too(model, field, words):
    right = runs_of(model)
    with pytest.raises(KernelError, match=words):
        solve(model, *right._replace(**{field: np.ones(())}))
    with pytest.raises(KernelError, match=f"{field} must have shape"):
        solve(model, *right._replace(**{field: np.ones(ROWS)}))


@pytest.mark.parametrize("stored", [(-1,), (0, 1)])
def test_what_is_stored_is_a_place_of_a_species(model, stored):
    with pytest.raises(
        KernelError, match=f"stored must be places of species, from 0 to 0, found {stored[-1]}"
    ):
        solve(model, *runs_of(model), stored=stored)


def test_a_gradient_goes_through_events_of_fixed_times_in_one_phase():
    def with_events(outputs):
        return SimpleNamespace(
            system=SimpleNamespace(events=SimpleNamespace(times=SimpleNamespace(outputs=outputs)))
        )

    none = SimpleNamespace(system=SimpleNamespace(events=None))
    assert [has_gradient(name, none, 3) for name in ("kernel", "cuda", "jax", "diffrax")] == [
        True,
        True,
        False,
        True,
    ]
    assert [has_gradient("kernel", with_events((4,)), phases) for phases in (1, 2)] == [True, False]
    assert not has_gradient("kernel", with_events(())) and not has_gradient("jax", with_events((4,)))


def test_of_parts_the_first_that_fails_says_how_and_where_and_steps_are_those_of_all():
    def part(status, accepted, rejected, reached):
        return Solution(None, *map(jnp.asarray, (status, accepted, rejected, reached)))

    bad, worse = int(Status.STEP_UNDERFLOW), int(Status.NON_FINITE)
    parts = [
        part([0, bad, 0], [1, 2, 3], [4, 5, 6], [1.0, 0.5, 1.0]),
        part([0, worse, bad], [10, 20, 30], [40, 50, 60], [2.0, 1.5, 1.2]),
        part([0, 0, worse], [100, 200, 300], [400, 500, 600], [3.0, 3.0, 2.5]),
    ]
    found = _joined("states", parts)
    assert found.states == "states" and found.status.tolist() == [0, bad, bad]
    assert found.reached.tolist() == [3.0, 0.5, 1.2]
    assert found.accepted.tolist() == [111, 222, 333] and found.rejected.tolist() == [444, 555, 666]


@pytest.mark.parametrize("lacks", [None, "rest", "amounts", "events"])
def test_a_rest_is_found_the_better_way_where_the_engine_has_one_for_the_network(asked, monkeypatch, lacks):
    """It must say what an amount changes and have no events; each lane is its own copy unless told."""
    system = SimpleNamespace(
        events=lacks == "events", per_amount=SimpleNamespace(outputs=() if lacks == "amounts" else (1,))
    )
    network = SimpleNamespace(system=system, parameters=("k",), species=("A",), name="cell")
    found = []
    asked.engine.rest = lambda model, cells, copies, until, options: found.append(
        ("rest", *copies, *cells.parameters[:, 0])
    )
    if lacks == "rest":
        asked.engine.rest = None
    by_time = lambda run, model, cells, until, options: found.append(("time", *cells.parameters[:, 0]))  # noqa: E731
    monkeypatch.setattr("screen.kernel.engines.table.integrated_rest", by_time)
    for copies in (None, np.array([0, 0])):
        rest(network, np.array([[3.0], [4.0]]), np.ones((2, 1)), copies)
    if lacks:
        assert found == [("time", 3.0, 4.0)] * 2
    else:
        assert found == [("rest", 0, 1, 3.0, 4.0), ("rest", 0, 0, 3.0, 4.0)]
