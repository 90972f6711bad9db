"""Which pairs stop before they have been simulated under every draw."""

import math
from typing import Annotated, Self

from pydantic import Field, model_validator

from screen.settings.kinds import MOST_DRAWS, NUMBER, Section


class RaceSettings(Section):
    """Which pairs need not be simulated under every draw; single drugs always are."""

    draws: Annotated[int, Field(ge=1, le=MOST_DRAWS), NUMBER] | None = None
    """Draws after which a pair stops that is not among the first of any ranking of its cell; null: none stops."""
    keep: Annotated[int, Field(ge=1, le=10_000), NUMBER] = 30
    """How many are the first."""
    share: Annotated[float, Field(gt=0, lt=1), NUMBER] = 0.25
    """A pair that may be among the first in this share of the draws, or more, goes on."""
    error: Annotated[float, Field(gt=0, lt=1), NUMBER] = 0.05
    """What share of the pairs stopped in a cell should have gone on, at most, as expected."""

    @model_validator(mode="after")
    def _something_can_stop(self) -> Self:
        if self.draws is not None and (1.0 - self.share) ** self.draws > self.error:
            needed = math.ceil(math.log(self.error) / math.log1p(-self.share))
            if needed > MOST_DRAWS:
                least = -math.expm1(math.log(self.error) / MOST_DRAWS)
                raise ValueError(
                    f"`race.share` must be at least {least:.3g} for anything to stop within {MOST_DRAWS} draws, "
                    f"found {self.share:g}"
                )
            raise ValueError(
                f"`race.draws` must be at least {needed} for anything to stop, found {self.draws}"
            )
        return self
