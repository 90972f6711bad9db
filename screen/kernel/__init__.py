"""The engines: a network, integrated for many lanes at once, and the gradient of that.

A species that decays at two rates, in two lanes:

>>> import antimony
>>> import numpy as np
>>> decay = '''
...     model decay
...         compartment cell = 1; species A in cell; A = 1; k = 0.1;
...         decaying: A => ; cell*k*A;
...     end
... '''
>>> number = antimony.loadAntimonyString(decay)
>>> configure()
>>> sbml = antimony.getSBMLString("decay")
>>> model = load_model(sbml)
>>> parameters = np.tile(model.values, (2, 1))
>>> parameters[:, model.parameters.index("k")] = 0.1, 0.2
"""

from screen.kernel.cache import cache_folder
from screen.kernel.configure import configure, find_devices
from screen.kernel.engines import (
    DIFFERENTIABLE,
    ENGINES,
    Rest,
    Until,
    available_cores,
    available_engines,
    choose_engine,
    has_gradient,
    prepare,
    rest,
    solve,
    solve_readings,
)
from screen.kernel.model import Model, build_model, load_model
from screen.kernel.native import find_compiler
from screen.kernel.padding import filled, filled_size
from screen.kernel.solution import Runs, Solution, Status, Stepping

__all__ = [
    "DIFFERENTIABLE", "ENGINES", "Model", "Rest", "Runs", "Solution", "Status", "Stepping", "Until",
    "available_cores", "available_engines", "build_model", "cache_folder", "choose_engine", "configure", "filled",
    "filled_size", "find_compiler", "find_devices", "has_gradient", "load_model", "prepare", "rest", "solve",
    "solve_readings",
]  # fmt: skip
