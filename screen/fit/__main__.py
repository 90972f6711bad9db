"""Writes conditions.tsv and parameters.tsv of the calibration anew: `python -m screen.fit [config folder]`."""

import sys
from pathlib import Path

from screen.fit.calibration import write_calibration

write_calibration(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("config"))
