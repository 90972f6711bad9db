"""The command line: one command a stage, plus check and doctor."""

from screen.cli.main import main

__all__ = ["main"]
