"""`sluice local up | down | env`: AWS on this machine."""

from __future__ import annotations

import argparse
import signal
import sys

from cli.console import print_note, print_text
from cli.options import Commands
from local.deployment.deploy import deploy
from local.errors import LocalCloudError
from local.executors import NAMES, PROCESS
from local.paths import DEFAULT_PORT, LocalCloudPaths
from local.server import process


def add_to(commands: Commands) -> None:
    """Add the command to the parser's commands."""
    parser = commands.add_parser("local", help="AWS on this machine: up, down, env")
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    up = actions.add_parser("up", help="start the local cloud and deploy the app to it")
    up.add_argument(
        "--detach", action="store_true", help="return when it is ready; `sluice local down` ends it"
    )
    up.add_argument("--empty", action="store_true", help="start the cloud without deploying the app")
    up.add_argument(
        "--executor",
        choices=NAMES,
        default=PROCESS,
        help="what runs the jobs: processes of this machine, or Docker",
    )
    up.set_defaults(run=_up)
    actions.add_parser("down", help="end the local cloud; its buckets and tables are gone").set_defaults(
        run=_down
    )
    env = actions.add_parser("env", help="print the lines that point any AWS client at the local cloud")
    env.set_defaults(run=_env)
    for action in actions.choices.values():
        action.add_argument("--port", type=_port, default=DEFAULT_PORT, help="default: %(default)s")


def _up(given: argparse.Namespace) -> int:
    place = LocalCloudPaths.of(given.port)
    signal.signal(
        signal.SIGTERM, signal.default_int_handler
    )  # what Ctrl-C does: the cloud ends with this command
    pid = process.start(place, given.executor)
    try:
        _print(f"cloud      {place.endpoint}, process {pid}, log {place.log}")
        if not given.empty:
            deploy(place, _print)
        _print("\n" + export_lines(place))
        if not given.detach:
            _print("\nCtrl-C ends it.")
            process.wait_for_end(place)
    except BaseException:
        _end(place)
        raise
    return 0


def _down(given: argparse.Namespace) -> int:
    place = LocalCloudPaths.of(given.port)
    _print(f"Ended process {process.stop(place)}.")
    return 0


def _env(given: argparse.Namespace) -> int:
    _print(export_lines(LocalCloudPaths.of(given.port)))
    return 0


def export_lines(place: LocalCloudPaths) -> str:
    """Return the shell lines that point any AWS client at the cloud at `place`."""
    unset = "unset AWS_PROFILE AWS_SESSION_TOKEN"  # a token of another account goes with no key of this one
    exports = (f"export {name}={value}" for name, value in place.client_environment().items())
    return "\n".join([unset, *exports])


def _end(place: LocalCloudPaths) -> None:
    """End the cloud after a failure or Ctrl-C; the cloud itself may have ended first."""
    try:
        process.stop(place)
    except LocalCloudError as error:
        print_note(str(error))


def _port(text: str) -> int:
    """Return a port that a program without privileges can listen on."""
    if not text.isdecimal() or not 1024 <= int(text) <= 65535:
        message = f"expected a port from 1024 to 65535, found {text!r}"
        raise argparse.ArgumentTypeError(message)
    return int(text)


def _print(line: str) -> None:
    print_text(line)
    sys.stdout.flush()
