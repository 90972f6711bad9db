"""Settings: what config/config.yaml may say, and how it is read and checked."""

from screen.settings.combinations import PairsAmong
from screen.settings.kinds import HIGHEST_NM, LONGEST_MINUTES, MOST_DRAWS, Classes, Layout, folder_apart
from screen.settings.model import (
    DoseBasisSettings,
    FitSettings,
    NetworkSettings,
    RankSettings,
    ReportSettings,
    ScenarioSettings,
    Settings,
    SimulateSettings,
    TableSettings,
    settings_schema,
)
from screen.settings.reading import check_settings, load_settings
from screen.settings.readouts import ReadoutSettings
from screen.settings.shipped import PACKAGE, located, shipped

__all__ = [
    "HIGHEST_NM",
    "LONGEST_MINUTES",
    "MOST_DRAWS",
    "PACKAGE",
    "Classes",
    "DoseBasisSettings",
    "FitSettings",
    "Layout",
    "NetworkSettings",
    "PairsAmong",
    "RankSettings",
    "ReadoutSettings",
    "ReportSettings",
    "ScenarioSettings",
    "Settings",
    "SimulateSettings",
    "TableSettings",
    "check_settings",
    "folder_apart",
    "load_settings",
    "located",
    "settings_schema",
    "shipped",
]
