"""`python -m screen <command>`: parse, run one command, turn an error into one line a problem and exit code 2.

The only place that imports inside functions: a command loads what it needs, so that ranking starts without
JAX and help is immediate.
"""

import argparse
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
    decisive,
    describe,
    doctor,
    drug,
    experiment,
    export,
    fit,
    import_data,
    init,
    mine,
    network,
    pages,
    potency,
    predict_heldout,
    predict_lines,
    profile,
    race,
    rank,
    report,
    scenarios,
    simulate,
    validate,
)
from screen.cli.shell import check_shell, close_output, prepare, refused_variable
from screen.errors import ScreenError, printable
from screen.files import reason

COMMANDS = {
    "network": network,
    "scenarios": scenarios,
    "import-data": import_data,
    "potency": potency,
    "fit": fit,
    "constrain": constrain,
    "simulate": simulate,
    "validate": validate,
    "race": race,
    "rank": rank,
    "report": report,
    "export": export,
    "predict-heldout": predict_heldout,
    "predict-lines": predict_lines,
    "coverage": coverage,
    "profile": profile,
    "compare-models": compare_models,
    "decided": decided,
    "decisive": decisive,
    "pages": pages,
    "describe": describe,
    "init": init,
    "mine": mine,
    "experiment": experiment,
    "cell": cell,
    "drug": drug,
    "check": check,
    "doctor": doctor,
}
"""Name -> module with a docstring (its help), add_arguments(parser) and run(arguments) -> exit code."""

SCRIPT = "stat3-screen"
"""How an installed package is called from the command line."""

AROUND = 80
"""Letters that are shown before and after one that is no UTF-8."""

BAD_INPUT = 2
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code: 0 done, 2 bad input, 130 interrupted."""
    prepare()
    try:
        found = _parser().parse_args(arguments)
        check_shell()
        code = COMMANDS[found.command].run(found)
        sys.stdout.flush()
        return code
    except ScreenError as error:
        for problem in error.problems:
            print(f"screen: {problem}", file=sys.stderr)
        return BAD_INPUT
    except BrokenPipeError:  # the reader (head, less) has seen enough
        close_output()
        return 0
    except OSError as error:
        close_output()
        where = error.filename if error.filename is not None else "standard output, or a file that is written"
        print(f"screen: {printable(str(where))}: must be usable, found {reason(error)}", file=sys.stderr)
        return BAD_INPUT
    except UnicodeEncodeError as error:
        shown = printable(error.object[max(0, error.start - AROUND) : error.end + AROUND])
        print(f"screen: text and names of files must be UTF-8 here, found {shown}", file=sys.stderr)
        return BAD_INPUT
    except ValueError as error:
        refused = refused_variable(error)
        if refused is None:
            raise
        print(f"screen: {refused}", file=sys.stderr)
        return BAD_INPUT
    except MemoryError:
        print(
            "screen: memory must suffice, found no more; lower simulate.batch in the settings",
            file=sys.stderr,
        )
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
        text = (module.__doc__ or f"The command {name}.").strip()  # no docstring under PYTHONOPTIMIZE=2
        command = commands.add_parser(
            name,
            help=text.splitlines()[0].rstrip(".").replace("%", "%%"),
            description=text,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(command)
    return parser
