"""Writes conditions.tsv and parameters.tsv of the calibration anew: `python -m screen.calibration [config folder]`."""

import sys
from pathlib import Path

from screen.calibration.derive import write_calibration
from screen.errors import ScreenError

if __name__ == "__main__":
    try:
        write_calibration(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("config"))
    except ScreenError as error:
        sys.stderr.writelines(f"screen: {problem}\n" for problem in error.problems)
        sys.exit(2)
