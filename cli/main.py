"""`sluice`: composes the commands of this folder."""

import argparse
import sys
from collections.abc import Callable, Sequence

from cli import demo, local
from local.errors import LocalCloudError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0, 1 for what it refuses, 2 for a wrong command line, 130 for Ctrl-C."""
    given = _parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = given.run
    try:
        return run(given)
    except LocalCloudError as error:
        sys.stderr.write(f"sluice: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="sluice", description="Event-driven batch pipelines on AWS Batch.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    demo.add_to(commands)
    local.add_to(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
