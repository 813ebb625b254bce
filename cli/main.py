"""`sluice`: composes the commands of this folder."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence

from botocore.exceptions import BotoCoreError, ClientError

from cli import cancel, demo, doctor, graph, local, logs, pipelines, retry, run, runs, show
from cli.console import note
from cli.failures import FAILED, CommandError, explained
from local.errors import LocalCloudError
from sluice.errors import SluiceError

COMMANDS = (pipelines, graph, run, runs, show, logs, retry, cancel, doctor, demo, local)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0, 1 for what it refuses, 2 for a wrong command line, 130 for
    Ctrl-C.
    """
    given = parser().parse_args(arguments)
    chosen: Callable[[argparse.Namespace], int] = given.run
    try:
        return chosen(given)
    except CommandError as error:
        note(str(error))
        return error.code
    except (SluiceError, LocalCloudError) as error:
        note(str(error))
        return FAILED
    except (BotoCoreError, ClientError) as error:
        note(explained(error))
        return FAILED
    except BrokenPipeError:
        # Whoever read this has enough. The interpreter must not write the rest at its end:
        # https://docs.python.org/3/library/signal.html
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    whole = argparse.ArgumentParser(prog="sluice", description="Event-driven batch pipelines on AWS Batch.")
    commands = whole.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add_to(commands)
    return whole


if __name__ == "__main__":
    sys.exit(main())
