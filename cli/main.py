"""`sluice`: composes the commands of ``cli.commands``."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version

from botocore.exceptions import BotoCoreError, ClientError

from cli.commands import cancel, local, logs, pipelines, results, retry, runs, show
from cli.commands.demo import command as demo
from cli.commands.doctor import command as doctor
from cli.commands.graph import command as graph
from cli.commands.run import command as run
from cli.console import print_note
from cli.errors import FAILED, exit_code, explained, with_hint
from cli.options import Parser
from local.errors import LocalCloudError
from sluice.errors import SluiceError

COMMANDS = (pipelines, graph, run, runs, show, logs, results, retry, cancel, doctor, demo, local)
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0, 1 for what it refuses, 2 for a wrong command line, 130 for
    Ctrl-C.
    """
    given = parser().parse_args(arguments)
    chosen: Callable[[argparse.Namespace], int] = given.run
    try:
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
    commands = whole.add_subparsers(required=True, metavar="COMMAND", parser_class=Parser)
    for command in COMMANDS:
        command.add_to(commands)
    return whole


if __name__ == "__main__":
    sys.exit(main())
