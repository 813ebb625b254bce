"""What the command lines of several commands share."""

from __future__ import annotations

import argparse
from typing import TypeAlias

# A text, because the class takes no types in brackets while the code runs.
Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def command(commands: Commands, name: str, summary: str, description: str) -> argparse.ArgumentParser:
    """Add a command, with the option that all of them have."""
    parser = commands.add_parser(name, help=summary, description=description)
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")
    return parser


def add_run(parser: argparse.ArgumentParser) -> None:
    """Add the id of a run."""
    parser.add_argument(
        "run_id",
        metavar="RUN",
        help="its id, or the beginning of its id or of the 20 characters at the id's end",
    )


def positive(text: str) -> int:
    """Return a whole number of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 1, found {text!r}")
    return int(text)


def index(text: str) -> int:
    """Return the number of a child, which count from 0."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"expected the number of a child, from 0, found {text!r}")
    return int(text)
