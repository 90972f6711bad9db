"""`python -m screen <command>`: parse, run one command, turn an error into one line a problem and exit code 2.

The only place that imports inside functions: a command loads what it needs, so that ranking starts without
JAX and help is immediate.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from screen import __version__
from screen.cli import (
    cell,
    check,
    compare_models,
    constrain,
    coverage,
    decided,
    describe,
    doctor,
    drug,
    fit,
    import_data,
    init,
    mine,
    network,
    pages,
    predict_heldout,
    profile,
    rank,
    report,
    scenarios,
    simulate,
    validate,
)
from screen.errors import ScreenError

COMMANDS = {
    "network": network,
    "scenarios": scenarios,
    "import-data": import_data,
    "fit": fit,
    "constrain": constrain,
    "simulate": simulate,
    "validate": validate,
    "rank": rank,
    "report": report,
    "predict-heldout": predict_heldout,
    "coverage": coverage,
    "profile": profile,
    "compare-models": compare_models,
    "decided": decided,
    "pages": pages,
    "describe": describe,
    "init": init,
    "mine": mine,
    "cell": cell,
    "drug": drug,
    "check": check,
    "doctor": doctor,
}
"""Name -> module with a docstring (its help), add_arguments(parser) and run(arguments) -> exit code."""

SCRIPT = "stat3-screen"
"""How an installed package is called from the command line."""

BAD_INPUT = 2
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code: 0 done, 2 bad input, 130 interrupted."""
    try:
        found = _parser().parse_args(arguments)
        return COMMANDS[found.command].run(found)
    except ScreenError as error:
        for problem in error.problems:
            print(f"screen: {problem}", file=sys.stderr)
        return BAD_INPUT
    except BrokenPipeError:
        # The reader (head, less) has seen enough; keep Python from complaining again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        if error.filename is None:
            raise
        print(f"screen: {error.filename}: must be usable, found {error.strerror}", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        print("screen: interrupted; run the same command again to go on", file=sys.stderr)
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    program = SCRIPT if Path(sys.argv[0]).stem == SCRIPT else "python -m screen"
    parser = argparse.ArgumentParser(
        prog=program,
        description="Rank inhibitors of STAT3 pY705 by simulating the signalling network.",
        epilog="The workflow runs these in order: network, scenarios, fit, constrain, simulate, validate, rank, "
        "report. Example: python -m screen scenarios --dry-run",
    )
    parser.add_argument("--version", action="version", version=f"screen {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, module in COMMANDS.items():
        text = (module.__doc__ or "").strip()
        command = commands.add_parser(
            name,
            help=text.splitlines()[0].rstrip(".").replace("%", "%%"),
            description=text,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(command)
    return parser
