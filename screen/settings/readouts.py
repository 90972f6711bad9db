"""What is read out of a trajectory, and the read-outs of the shipped screen."""

from typing import Self

from pydantic import model_validator

from screen.settings.kinds import EndTime, Name, Section, Time


class ReadoutSettings(Section):
    """One read-out: an observable at a time, or its mean over a window."""

    id: Name
    """Name of the read-out in all tables."""
    observable: Name
    """Observable of the network, such as pY705_level or pERK."""
    minutes: Time | None = None
    """Time after the stimulus [min]."""
    from_minutes: Time | None = None
    """Start of the window [min]; then `minutes` is left out."""
    to_minutes: EndTime | None = None
    """End of the window [min]."""

    def window(self) -> tuple[float, float]:
        """First and last time [min], equal for a read-out at one time."""
        if self.minutes is not None:
            return self.minutes, self.minutes
        return self.from_minutes or 0.0, self.to_minutes or 0.0

    @model_validator(mode="after")
    def _time_or_window(self) -> Self:
        window = (self.from_minutes, self.to_minutes)
        if (self.minutes is None) == (window == (None, None)):
            raise ValueError("must give either `minutes` or `from_minutes` and `to_minutes`")
        if self.minutes is None:
            if self.from_minutes is None or self.to_minutes is None:
                raise ValueError("must give both `from_minutes` and `to_minutes`")
            if self.from_minutes >= self.to_minutes:
                raise ValueError(
                    f"`to_minutes` must be after `from_minutes`, found {self.from_minutes:g} to {self.to_minutes:g}"
                )
        return self


def shipped_readouts() -> list[ReadoutSettings]:
    """Those that there are where none are named."""
    points = [
        ("pY705_20min", "pY705_level", 20),
        ("pY705_3h", "pY705_level", 180),
        ("pY705_24h", "pY705_level", 1440),
        ("pS727_20min", "pS727", 20),
        ("pS727_3h", "pS727", 180),
        ("pERK_20min", "pERK", 20),
        ("pERK_3h", "pERK", 180),
        ("pAKT_20min", "pAKT", 20),
        ("pAKT_3h", "pAKT", 180),
    ]
    read = [ReadoutSettings(id=name, observable=what, minutes=time) for name, what, time in points]
    read.insert(
        3, ReadoutSettings(id="pY705_auc_24h", observable="pY705_level", from_minutes=0, to_minutes=1440)
    )
    return read
