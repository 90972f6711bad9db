"""From the algebra of a network to straight-line programs: rates, sparse Jacobian, elimination order, adjoints."""

from screen.kernel.symbolic.analysis import System, analyse

__all__ = ["System", "analyse"]
