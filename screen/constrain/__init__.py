"""The ensemble held to the panel: each draw of the fit moved as little as makes the published facts hold."""

from screen.constrain.demands import ERROR_LOG10, Demands, make_demands
from screen.constrain.hold import Held, View, hold
from screen.constrain.slopes import make_slopes
from screen.constrain.stage import Fitted, Plan, run_constrain
from screen.constrain.unknowns import Unknowns, gather_unknowns

__all__ = [
    "ERROR_LOG10",
    "Demands",
    "Fitted",
    "Held",
    "Plan",
    "Unknowns",
    "View",
    "gather_unknowns",
    "hold",
    "make_demands",
    "make_slopes",
    "run_constrain",
]
