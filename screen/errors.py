"""What can be wrong with what a person handed us.

Every class collects all problems it found, each one sentence: where, what must hold, what was found.
The command line prints them and exits with code 2; nothing below it catches them.
"""

from collections.abc import Iterable

LONGEST, LAST = 4000, 1000
"""Letters of a problem that are shown, and how many of them are from its end: there it says what mends it."""


def printable(text: str) -> str:
    r"""The text in one line, what does not show itself written out: ESC as \x1b, a zero-width space as \u200b."""
    if text.isprintable():
        return text
    line = " ".join(text.splitlines()) if "\n" in text else text
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in line
    )


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - LAST - 5]} ... {text[-LAST:]}"


class ScreenError(Exception):
    """One or more problems with the input, each a sentence of its own and a line that a terminal may show."""

    def __init__(self, problems: str | Iterable[str]):
        found = (problems,) if isinstance(problems, str) else problems
        self.problems: tuple[str, ...] = tuple(map(printable, map(_shortened, found)))
        super().__init__("\n".join(self.problems))


class FileError(ScreenError):
    """A file that a stage wrote is damaged, or cannot be used as it is."""


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
