"""The section of `fit --petab`: what no workflow reads."""

from typing import Annotated

from pydantic import Field

from screen.settings.kinds import NUMBER, Section, Steps


class PetabSettings(Section):
    """How `fit --petab` searches: there, bounds may be many decades apart and minima many."""

    starts: Annotated[int, Field(ge=1, le=1000), NUMBER] = 20
    """Searches from different points, the first from the nominal values."""
    polish: Steps = 100
    """Most trust-region steps of each start, and after each kick."""
    kicks: Steps = 10
    """Steps in units of `petab.polish` that each start has for kicks of its end, each searched from again."""
