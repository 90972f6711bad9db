"""Shapes in signatures: the axes that arrays have, by name.

    parameters: Float[AnyArray, LANES_PHASES_PARAMETERS]

Within one call, axes of one name have one length. The tests check it at every call (tests/conftest.py);
elsewhere it is only said. The axes:

    species, parameters, targets    of a network, and where drugs act on it
    sites                           the targets, and variants of them that cells can carry
    drugs, draws                    of the tables; drugs+1: with a last place that stands for no drug
    arms, phases, terms             of a design: experiments, their stretches of time, the drugs given in one
    settings                        rows of parameters that a design sets
    totals                          of contexts that are uncertain
    lanes, times                    what is integrated side by side, and when it is stored
    cells                           different resting states, which lanes share
    observables, names, readouts    what a network has to be read, and what is read
    doses, minutes                  of what is read for a check of the panel
    lines, readings, unknowns       of cells that are known by their courses
    vectors                         unknowns side by side: one line under one draw each
"""

import numpy as np
from jax import Array

AnyArray = Array | np.ndarray

TOGETHER = "*#together"
"""Any axes that broadcast with those of the others."""
ANY_SPECIES = "*#together species"
ANY_PARAMETERS = "*#together parameters"
ANY_OBSERVABLES = "*#together observables"

ANY = "_"
"""An axis of a length that nothing else has."""

TIMES = "times"
DRAWS = "draws"
DRUGS_TARGETS = "drugs targets"
DRAWS_TOTALS = "draws totals"
DRAWS_DRUGS_TARGETS = "draws drugs targets"
DRAWS_PARAMETERS = "draws parameters"
DRAWS_DRUGS_SITES = "draws drugs sites"
DRAWS_DRUGS_AND_NONE_SITES = "draws drugs+1 sites"
DRAWS_ANY_NAMES = "draws _ names"
DRAWS_ANY_MINUTES = "draws _ minutes"
DOSES_MINUTES = "doses minutes"

SETTINGS_PARAMETERS = "settings parameters"
SETTINGS_DRAWS = "settings draws"
ARMS = "arms"
ARMS_PHASES = "arms phases"
ARMS_TERMS = "arms terms"
ARMS_TARGETS = "arms targets"
ARMS_PHASES_TERMS = "arms phases terms"
ARMS_PHASES_TARGETS = "arms phases targets"
TARGETS = "targets"

CELLS = "cells"
CELLS_SPECIES = "cells species"
LANES = "lanes"
LANES_TIMES = "lanes times"
LANES_SPECIES = "lanes species"
LANES_PHASES = "lanes phases"
LANES_PARAMETERS = "lanes parameters"
LANES_PHASES_PARAMETERS = "lanes phases parameters"
LANES_TIMES_SPECIES = "lanes times species"
LANES_TIMES_NAMES = "lanes times names"
LANES_TIMES_PARAMETERS = "lanes times parameters"
LANES_READOUTS = "lanes readouts"

READINGS = "readings"
LINES_DRAWS = "lines draws"
LINES_TOTALS = "lines totals"
LINES_DRAWS_TOTALS = "lines draws totals"
LINES_DRAWS_NAMES = "lines draws names"
VECTORS = "vectors"
VECTORS_NAMES = "vectors names"
VECTORS_TIMES = "vectors times"
VECTORS_TIMES_NAMES = "vectors times names"
VECTORS_TOTALS = "vectors totals"
VECTORS_UNKNOWNS = "vectors unknowns"
