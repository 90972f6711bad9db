"""What can be wrong with what a person handed us.

Every class collects all problems it found, each one sentence: where, what must hold, what was found.
The command line prints them and exits with code 2; nothing below it catches them.
"""

from collections.abc import Iterable


class ScreenError(Exception):
    """One or more problems with the input, each a sentence of its own."""

    def __init__(self, problems: str | Iterable[str]):
        self.problems: tuple[str, ...] = (problems,) if isinstance(problems, str) else tuple(problems)
        super().__init__("\n".join(self.problems))


class SettingsError(ScreenError):
    """The configuration file cannot be used."""


class TableError(ScreenError):
    """A table cannot be read or breaks its schema."""


class NetworkError(ScreenError):
    """The network, its modules or its SBML cannot be used."""


class KernelError(ScreenError):
    """A model cannot be compiled or an engine cannot run here."""


class ScenarioError(ScreenError):
    """A context, drug, target or dose does not fit the network."""


class SimulateError(ScreenError):
    """The simulation cannot start from what it was given."""


class FitError(ScreenError):
    """The calibration problem cannot be fitted."""


class PanelError(ScreenError):
    """A fact of the validation panel cannot be checked on this network."""


class RankError(ScreenError):
    """The responses cannot be ranked."""


class ReportError(ScreenError):
    """The report cannot be written."""
