"""The engines: a network, integrated for many lanes at once, and the gradient of that."""

from screen.kernel.cache import cache_folder
from screen.kernel.configure import configure, find_devices
from screen.kernel.engines import (
    DIFFERENTIABLE,
    ENGINES,
    Rest,
    available_engines,
    choose_engine,
    rest,
    solve,
    solve_readings,
)
from screen.kernel.model import Model, build_model, load_model
from screen.kernel.native import find_compiler
from screen.kernel.padding import filled, filled_size
from screen.kernel.solution import Solution, Status

__all__ = [
    "DIFFERENTIABLE", "ENGINES", "Model", "Rest", "Solution", "Status", "available_engines", "build_model",
    "cache_folder", "choose_engine", "configure", "filled", "filled_size", "find_compiler", "find_devices",
    "load_model", "rest", "solve", "solve_readings",
]  # fmt: skip
