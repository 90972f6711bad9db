"""`python -m screen`: the command line."""

import sys

from screen.cli import main

if __name__ == "__main__":
    sys.exit(main())
