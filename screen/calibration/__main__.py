"""Writes conditions.tsv and parameters.tsv of the calibration anew: `python -m screen.calibration [config folder]`."""

import sys
from pathlib import Path

from screen.calibration.derive import write_calibration

write_calibration(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("config"))
