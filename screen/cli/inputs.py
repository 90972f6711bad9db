"""What the looks of `check` read of the settings, each once: networks, contexts, drugs."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from screen.cli.network import cells_of, is_sliced, read_without, write_network
from screen.errors import SettingsError
from screen.settings import Settings

if TYPE_CHECKING:
    from screen.network import Network
    from screen.scenarios import ContextTables


@dataclass(frozen=True)
class Inputs:
    """The settings, and what several looks at them read, each once."""

    settings: Settings

    @cached_property
    def network(self) -> str:
        """The network of the screen in SBML."""
        return write_network(self.settings)

    @cached_property
    def whole(self) -> str:
        """The network with all modules in SBML."""
        from screen.network import compose_network

        chosen = self.settings.network.chosen
        return self.network if chosen is None else compose_network(self.settings.network.folder)

    @cached_property
    def known(self) -> "Network":
        """The network with all modules, read."""
        from screen.network import read_sbml

        return read_sbml(self.whole)

    @cached_property
    def screened(self) -> "Network":
        """The network of the screen, read."""
        from screen.network import read_sbml

        return self.known if self.settings.network.chosen is None else read_sbml(self.network)

    @cached_property
    def contexts(self) -> "ContextTables":
        """The contexts and hypotheses."""
        from screen.scenarios import read_context_tables

        return read_context_tables(self.settings.tables.contexts, self.settings.tables.hypotheses)

    @cached_property
    def networks(self) -> "dict[tuple[str, ...], Network]":
        """By what it lacks: the network of the screen, and each other that contexts ask for, which must have what the
        read-outs need.
        """
        from screen.scenarios import smaller_networks

        settings = self.settings
        chosen = cells_of(settings, self.contexts).contexts.values()
        found: dict[tuple[str, ...], Network] = {(): self.screened}
        problems = []
        for left_out, names in smaller_networks(chosen).items():
            if not left_out:
                continue
            found[left_out] = read_without(settings, left_out)
            problems += [
                f"readouts in {', '.join(names)}: `{readout.id}` must be observable without {', '.join(left_out)}, "
                f"found no {readout.observable}"
                for readout in settings.readouts
                if readout.observable not in found[left_out].readable
            ]
        if problems:
            raise SettingsError(problems)
        return found

    def check_cells(self) -> None:
        """As `plan.check_cells`, of all contexts without a reading; one whose network is not asked for is left out."""
        from screen.scenarios import check_taken_away

        known, settings = self.contexts.contexts, self.settings
        cells = {name: ["default"] for name, each in known.items() if each.left_out in self.networks}
        read = [readout.observable for readout in settings.readouts]
        check_taken_away(
            self.contexts,
            cells,
            lambda name: self.networks[known[name].left_out],
            read,
            is_sliced(settings),
        )
