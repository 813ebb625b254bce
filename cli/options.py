"""What the command lines of several commands share."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Any, NoReturn, TypeAlias

from sluice.visible import visible

# A text, because the class takes no types in brackets while the code runs.
_MEANT = {
    "abort": "cancel",
    "check": "doctor",
    "create": "new",
    "delete": "destroy",
    "describe": "show",
    "download": "results",
    "info": "show",
    "kill": "cancel",
    "list": "runs",
    "ls": "runs",
    "ps": "runs",
    "remove": "destroy",
    "resume": "unpause",
    "start": "run",
    "status": "show",
    "stop": "cancel",
    "submit": "run",
    "tail": "logs",
    "ui": "console",
    "up": "local",
}
"""What other tools' commands are called here."""
Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


class Parser(argparse.ArgumentParser):
    """A parser that suggests the nearest word for one that it does not know, with the usage of the command
    that does not know it.
    """

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """Parse the words of a command; exit with 2 for one that it does not know."""
        given, unknown = super().parse_known_args(args, namespace)
        if unknown and self._subparsers is None:
            options = [name for name in self._option_string_actions if name.startswith("--")]
            meant = suggestion(unknown[0].split("=")[0], options) if unknown[0].startswith("-") else ""
            self._refuse(f"unrecognized arguments: {' '.join(unknown)}{meant}")
        return given, unknown

    def error(self, message: str) -> NoReturn:
        """Print what is wrong, with a suggestion where there is one, and exit with 2."""
        unknown = re.search(r"invalid choice: '(.*)' \(choose from (.*)\)", message)
        if unknown is not None:
            message += suggestion(unknown[1], re.findall(r"'([^']*)'", unknown[2]))
        self._refuse(message)

    def _refuse(self, message: str) -> NoReturn:
        # A word may be the name of a file that the shell has filled in for a *: somebody else's text.
        super().error(visible(message))


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return a question with the known word that means the same or is most like this one, nothing when none
    is.
    """
    names = list(known)
    nearest = [_MEANT[word]] if _MEANT.get(word) in names else get_close_matches(word, names, n=1)
    return f" Did you mean {nearest[0]!r}?" if nearest else ""


def command(commands: Commands, name: str, summary: str, description: str) -> argparse.ArgumentParser:
    """Add a command, with the option that all of them have."""
    parser = commands.add_parser(name, help=summary, description=description)
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")
    return parser


def add_project(parser: argparse.ArgumentParser, default: str | None = None) -> None:
    """Add the option that names the project."""
    about = "the folder with the project's sluice.toml; default: this one or the nearest above it"
    parser.add_argument("--project", metavar="DIR", default=default, help=about)


def leaves(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """Yield the parsers of all commands, and of the actions of those that have any."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                yield below
                yield from leaves(below)


def add_run(parser: argparse.ArgumentParser, *, optional: bool = False) -> None:
    """Add the id of a run."""
    parser.add_argument(
        "run_id",
        metavar="RUN",
        type=lambda text: text.rstrip("…"),  # as a narrow terminal shows it
        nargs="?" if optional else None,
        help="its id, or the beginning of its id or of the 20 characters at the id's end; latest: the newest",
    )


def add_labels(parser: argparse.ArgumentParser, about: str) -> None:
    """Add labels, of which there may be several."""
    parser.add_argument("--label", metavar="NAME=VALUE", action="append", default=[], help=about)


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


def port(text: str) -> int:
    """Return a port that a program without privileges can listen on."""
    if not text.isdecimal() or not 1024 <= int(text) <= 65535:
        message = f"expected a port from 1024 to 65535, found {text!r}"
        raise argparse.ArgumentTypeError(message)
    return int(text)
