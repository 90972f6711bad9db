"""How stages that integrate are told to, and what to read out; apart from the other options, so that these need no
integrator."""

from typing import TYPE_CHECKING

from screen.settings import Settings

if TYPE_CHECKING:
    from screen.simulate import Integration, Readout


def read_integration(settings: Settings, engine: str, threads: int | None) -> "Integration":
    """How the settings want trajectories integrated by an engine."""
    from screen.simulate import Integration

    wanted = settings.simulate
    return Integration(engine, wanted.rtol, wanted.atol, wanted.max_steps, threads, wanted.batch)


def screen_readouts(settings: Settings) -> "list[Readout]":
    """What the settings want read out of each trajectory."""
    from screen.simulate import Readout

    return [Readout(readout.id, readout.observable, *readout.window()) for readout in settings.readouts]
