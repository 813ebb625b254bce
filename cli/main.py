"""`sluice`: composes the commands of ``cli.commands``."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version

import argcomplete
from botocore.exceptions import BotoCoreError, ClientError

from cli.commands import (
    cancel,
    completion,
    connect,
    console,
    deploy,
    destroy,
    init,
    local,
    logs,
    pause,
    pipelines,
    retry,
    runs,
    sets,
)
from cli.commands.again import rerun
from cli.commands.backfill import command as backfill
from cli.commands.demo import command as demo
from cli.commands.doctor import command as doctor
from cli.commands.graph import command as graph
from cli.commands.published import report, results, verify
from cli.commands.run import command as run
from cli.commands.show import command as show
from cli.console import print_note
from cli.errors import FAILED, exit_code, explained, with_hint
from cli.options import Parser, add_project, leaves
from cli.project import choose_project
from local.errors import LocalCloudError
from sluice.errors import SluiceError

COMMANDS = (
    init,
    pipelines,
    graph,
    run,
    runs,
    sets,
    show,
    logs,
    results,
    report,
    verify,
    retry,
    rerun,
    backfill,
    cancel,
    console,
    pause,
    deploy,
    connect,
    doctor,
    destroy,
    demo,
    local,
    completion,
)
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0, 1 for what it refuses, 2 for a wrong command line, 130 for
    Ctrl-C.
    """
    words = parser()
    # Does nothing but for a shell that asks how a word may go on, and then ends this process.
    argcomplete.autocomplete(words, always_complete_options=False)
    given = words.parse_args(arguments)
    chosen: Callable[[argparse.Namespace], int] = given.run
    try:
        if given.project is not None:
            choose_project(given.project)
        return chosen(given)
    except (SluiceError, LocalCloudError) as error:
        print_note(with_hint(error))
        return exit_code(error)
    except (BotoCoreError, ClientError) as error:
        print_note(explained(error))
        return FAILED
    except BrokenPipeError:
        # The reader of this output has enough. The interpreter must not write the rest at its end:
        # https://docs.python.org/3/library/signal.html
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return INTERRUPTED


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    whole = Parser(prog="sluice", description="Event-driven batch pipelines on AWS Batch.")
    whole.add_argument("--version", action="version", version=f"%(prog)s {version('sluice')}")
    add_project(whole)
    commands = whole.add_subparsers(required=True, metavar="COMMAND", parser_class=Parser)
    for command in COMMANDS:
        command.add_to(commands)
    for leaf in leaves(whole):
        # Before the command or behind it; what stands before it is not forgotten.
        add_project(leaf, default=argparse.SUPPRESS)
    return whole


if __name__ == "__main__":
    sys.exit(main())
