"""How the report speaks of what is ranked: its name, and whether it is to fall or to rise."""

from typing import NamedTuple

from screen.rank import Aim
from screen.report.labels import Labels


class Goal(NamedTuple):
    """The effect and its formula, where it goes and what the opposite does, the dose of half (or of twice) the vehicle
    and that level [% of vehicle]."""

    effect: str
    formula: str
    way: str
    against: str
    dose: str
    dose_reached: str
    level: float


GOALS = {
    "lower": Goal("suppression", "1 − treated/vehicle", "down", "rises", "IC50", "Half suppression", 50.0),
    "raise": Goal("rise", "treated/vehicle − 1", "up", "falls", "doubling dose", "Doubling", 200.0),
}


class Words(NamedTuple):
    """The name of what is ranked, and the words of the goal."""

    name: str
    goal: Goal


def words_of(aim: Aim, labels: Labels) -> Words:
    """The words for an aim; the name is that of the labels."""
    return Words(labels.observable(aim.observable), GOALS[aim.goal])
