"""What the command lines of several commands share."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import NoReturn, TypeAlias

# A text, because the class takes no types in brackets while the code runs.
Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


class Parser(argparse.ArgumentParser):
    """A parser that suggests the nearest word for one that it does not know."""

    def error(self, message: str) -> NoReturn:
        """Print what is wrong, with a suggestion where there is one, and exit with 2."""
        unknown = re.search(r"invalid choice: '(.*)' \(choose from (.*)\)", message)
        if unknown is not None:
            message += suggestion(unknown[1], re.findall(r"'([^']*)'", unknown[2]))
        super().error(message)


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return a question with the known word that is most like this one, nothing when none is."""
    nearest = get_close_matches(word, list(known), n=1)
    return f" Did you mean {nearest[0]!r}?" if nearest else ""


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
        help="its id, or the beginning of its id or of the 20 characters at the id's end; latest: the newest",
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
