"""`sluice completion SHELL`: the lines by which a shell completes the words of `sluice`.

Source: https://kislyuk.github.io/argcomplete/
"""

from __future__ import annotations

import argparse

from argcomplete.shell_integration import shellcode

from cli.console import print_text
from cli.options import Commands

SHELLS = ("bash", "zsh", "fish")


def add_to(commands: Commands) -> None:
    """Add the command to the parser's commands."""
    description = (
        "Prints the lines by which a shell completes commands, options and their values. For bash, put"
        ' eval "$(sluice completion bash)" into ~/.bashrc.'
    )
    parser = commands.add_parser("completion", help="let your shell complete words", description=description)
    parser.add_argument("shell", choices=SHELLS, help="which shell")
    parser.set_defaults(run=completion)


def completion(given: argparse.Namespace) -> int:
    """Print the lines."""
    print_text(shellcode(["sluice"], shell=given.shell).rstrip("\n"))
    return 0
