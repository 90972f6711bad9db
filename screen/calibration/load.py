"""From checked PEtab tables to the arrays of a `Problem`."""

import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from screen.calibration.cells import one_of
from screen.calibration.estimated import outside_bounds, read_parameters
from screen.calibration.filler import Filler
from screen.calibration.meaning import bare_constants, open_starts, partly_set, unknown_targets, wrong_times
from screen.calibration.observed import read_observables
from screen.calibration.petab_files import PetabFiles, read_petab
from screen.calibration.problem import Measurements, Problem, output_times
from screen.errors import FitError
from screen.kernel import Model, load_model
from screen.network import has_events, initially_assigned, read_sbml, sbml_text, without_initial_assignments
from screen.tables import digest_files

CENSORING = ("none", "left")
"""`left`: the reading is at the background of its instrument, the value no more than an upper limit."""


def load_problem(path: Path, sbml: Path | None = None, cache: Path | None = None) -> Problem:
    """The PEtab problem of a YAML file, as arrays.

    `sbml` stands in for the model the file names; `cache` is where compiled models are kept. FitError
    lists everything that is wrong, with file and row; of nominal values outside of their bounds a line on the
    standard error says so.
    """
    path = Path(path)
    files = read_petab(path, None if sbml is None else Path(sbml))
    where, arms = files.measured_in, files.arms
    frame = files.measurements.reset_index(drop=True)
    estimated, fixed = read_parameters(files.parameters, files.parameters_in)
    model = _load_model(files, path, cache)
    filler = Filler(model, estimated, fixed, formulas=arms.carried)
    for row, value in enumerate(frame.get("censoring", ())):
        one_of(value, CENSORING, f"{where[row]}: censoring")
    rests, phases, begins = filler.tables(arms)
    time = frame["time"].to_numpy(float)
    begun = begins[arms.of_measurement, 0] if arms.carried else np.zeros(len(time))
    problems = wrong_times(time, begun, model, where)
    problems += bare_constants((rests, *phases), model, files.model)
    if problems:
        raise FitError(problems)
    times, time_index = output_times(time, arms.of_measurement, begins)
    observables = read_observables(filler, files.observables, files.observables_in, frame, where)
    places = {name: row for row, name in enumerate(arms.rests)}
    _tell_outside(outside_bounds(estimated), files)
    return Problem(
        name=path.parent.name,
        digest=_digest(files.files),
        model=model,
        estimated=estimated,
        fixed=fixed,
        derived=tuple(filler.derived.values()),
        rests=rests,
        phases=phases,
        begins=begins,
        rest_of_lane=np.array([-1 if arm.rest is None else places[arm.rest] for arm in arms.arms]),
        times=times,
        observables=observables,
        measurements=Measurements(arms.of_measurement, time_index, frame, tuple(where)),
        conditions=files.conditions,
        observable_table=files.observables,
    )


def _digest(files: Sequence[Path]) -> str:
    """SHA-256 over names and contents of files, wherever they lie."""
    return hashlib.sha256("".join(sorted(digest_files([file]) for file in files)).encode()).hexdigest()


def _tell_outside(names: Sequence[str], files: PetabFiles) -> None:
    if names:
        rows = ", ".join(f"{name} ({files.parameters_in[name]})" for name in names)
        what = "nominalValue lies outside of its bounds, the likelihood is that of the value, a fit starts at the bound"
        sys.stderr.write(f"petab: warning: {what}: {rows}\n")


def _load_model(files: PetabFiles, path: Path, cache: Path | None) -> Model:
    """The model, without the initial assignments of what conditions and the parameter table set instead."""
    text, arms = sbml_text(files.model), files.arms
    if any(arm.rest is not None or len(arm.conditions) > 1 for arm in arms.arms) and has_events(text):
        rule = "a model with events must have no preequilibration and no second period, where it is open what is due"
        raise FitError(f"{path}: {rule}, found {', '.join(arms.used)}")
    assigned = initially_assigned(text)
    targets = {target for condition in arms.used for target in arms.settings[condition]}
    replaced = assigned.keys() & {*files.parameters.index, *targets}
    replaced -= set(read_sbml(text).species) if replaced else set()
    model = load_model(without_initial_assignments(text, replaced), cache)
    rule = "must be constant in the model or not be in it, found that an event or a rate changes it"
    left = {name: reads for name, reads in assigned.items() if name not in replaced}
    problems = [
        *unknown_targets(arms, model, path),
        *partly_set(arms, replaced - set(files.parameters.index), path),
        *(f"{where}: {name} {rule}" for name, where in files.parameters_in.items() if name in model.species),
        *open_starts(arms, left, model, path),
    ]
    if problems:
        raise FitError(problems)
    return model
