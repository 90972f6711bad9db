"""The drugs of a screen with the constants that the settings want."""

from typing import TYPE_CHECKING

from screen.settings import Settings

if TYPE_CHECKING:
    from screen.scenarios import DrugTables


def read_drugs(settings: Settings) -> "DrugTables":
    """The tables of drugs; with `scenarios.constants: cell`, their constants in cells too."""
    from screen.potency import read_potent_drugs
    from screen.scenarios import read_drug_tables

    tables = settings.tables
    if settings.scenarios.constants == "cell":
        return read_potent_drugs(tables.drugs, tables.affinities, tables.targets, tables.potency)
    return read_drug_tables(tables.drugs, tables.affinities, tables.targets)
