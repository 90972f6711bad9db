"""The engines, one record each in one table, and the functions that look into it."""

from screen.kernel.engines.compiled import available_cores
from screen.kernel.engines.table import (
    DIFFERENTIABLE,
    ENGINES,
    Engine,
    Rest,
    Until,
    available_engines,
    choose_engine,
    has_gradient,
    prepare,
    rest,
    solve,
    solve_readings,
)

__all__ = [
    "DIFFERENTIABLE",
    "ENGINES",
    "Engine",
    "Rest",
    "Until",
    "available_cores",
    "available_engines",
    "choose_engine",
    "has_gradient",
    "prepare",
    "rest",
    "solve",
    "solve_readings",
]
