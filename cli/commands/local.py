"""`sluice local up | deploy | alerts | down | env`: AWS on this machine."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from functools import partial

from cli.aws import client_of
from cli.console import console_of, print_json, print_line, print_note, print_text
from cli.deploying.bucket_notes import note_buckets
from cli.options import Commands, port
from cli.project import current_project
from cli.screen.messages import print_message
from local.deployment.deploy import deploy
from local.deployment.one_at_a_time import one_at_a_time
from local.deployment.update import changes, update, update_code
from local.errors import LocalCloudError
from local.executors import NAMES, PROCESS
from local.paths import DEFAULT_PORT, LocalCloudPaths
from local.server import process
from local.server.lock import holder
from local.server.process import control
from local.server.running import running_ports
from sluice.errors import PipelineError
from sluice.pipeline.loading import load_pipeline, load_pipelines


def add_to(commands: Commands) -> None:
    """Add the command to the parser's commands."""
    parser = commands.add_parser("local", help="AWS on this machine: up, deploy, alerts, down, env")
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    up = actions.add_parser(
        "up", help="start the local cloud, or take the one that runs, and deploy the app to it"
    )
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
    change = actions.add_parser("deploy", help="bring the local cloud up to date, and keep all that is in it")
    change.add_argument("names", nargs="*", metavar="NAME", help="of changed code, only these containers'")
    change.add_argument("--watch", action="store_true", help="again at each save, until Ctrl-C")
    change.set_defaults(run=_deploy)
    alerts = actions.add_parser(
        "alerts", help="print the e-mails and SMS that the local cloud has kept instead of sending them"
    )
    alerts.add_argument("--json", action="store_true", help="print JSON, for programs")
    alerts.set_defaults(run=_alerts)
    actions.add_parser("down", help="end the local cloud; its buckets and tables are gone").set_defaults(
        run=_down
    )
    env = actions.add_parser("env", help="print the lines that point any AWS client at the local cloud")
    env.set_defaults(run=_env)
    for action in actions.choices.values():
        if action not in (env, alerts):
            action.add_argument("--port", type=port, default=DEFAULT_PORT, help="default: %(default)s")
    for action in (env, alerts):
        action.add_argument("--port", type=port, help=f"default: the one that runs, else {DEFAULT_PORT}")


def _up(given: argparse.Namespace) -> int:
    place = LocalCloudPaths.of(given.port)
    if (running := holder(place.pid_file)) and not given.empty:
        _print(f"cloud      {place.endpoint}, process {running}, runs already")
        _update(place)
        note_buckets(partial(client_of, place))
        _print("\n" + export_lines(place))
        return 0
    signal.signal(
        signal.SIGTERM, signal.default_int_handler
    )  # what Ctrl-C does: the cloud ends with this command
    pid = process.start(place, given.executor)
    try:
        _print(f"cloud      {place.endpoint}, process {pid}, log {place.log}")
        if not given.empty:
            with one_at_a_time(place, _print):
                deploy(place, _print, current_project().root)
            note_buckets(partial(client_of, place))
        _print("\n" + export_lines(place))
        if not given.detach:
            _print("\nCtrl-C ends it.")
            process.wait_for_end(place)
    except BaseException:
        _end(place)
        raise
    return 0


def _deploy(given: argparse.Namespace) -> int:
    place = _running(given.port)
    saves = changes(current_project().root) if given.watch else ()  # One during the deploy is not missed.
    _update(place, given.names)
    if not given.names:
        note_buckets(partial(client_of, place))
    if given.watch:
        _print("Waits for the next save; Ctrl-C ends it.")
    for _ in saves:
        _deploy_saved(place, given.names)
    return 0


def _update(place: LocalCloudPaths, names: Sequence[str] = ()) -> None:
    """Bring the cloud up to date; raises PipelineError for steps whose functions are not there or do not fit,
    which a change of code alone would not be asked for. Another pipeline's mistakes do not stop the code of
    ``names``.
    """
    root = current_project().root
    with one_at_a_time(place, _print):
        try:
            load_pipelines(root)
        except PipelineError as error:
            if not names:
                raise
            for name in names:
                load_pipeline(root, name.replace("_", "-"))
            print_note(f"{error}\nOf this project, the code of {', '.join(names)} alone is deployed.")
            update_code(place, _print, root, names)
        else:
            update(place, _print, root, names)


def _deploy_saved(place: LocalCloudPaths, names: list[str]) -> None:
    try:
        _update(place, names)
    except (LocalCloudError, PipelineError) as error:  # The next save may mend it.
        print_note(str(error))


def _alerts(given: argparse.Namespace) -> int:
    place = _running(given.port or _port_that_runs())
    messages = control(place, "GET", "messages")
    if given.json:
        print_json(messages)
        return 0
    if not messages:
        print_note("No alert was sent since this cloud began.")
    for message in messages:
        print_line(f"{message['at'][:19].replace('T', ' ')} UTC")
        print_message(console_of(), message)
    return 0


def _running(port: int) -> LocalCloudPaths:
    """Return the place of the local cloud on a port; raises LocalCloudError where none runs."""
    place = LocalCloudPaths.of(port)
    if not holder(place.pid_file):
        raise LocalCloudError(
            f"Expected a local cloud on port {port}, found none: `sluice local up --detach` starts one."
        )
    return place


def _down(given: argparse.Namespace) -> int:
    place = LocalCloudPaths.of(given.port)
    _print(f"Ended process {process.stop(place)}.")
    return 0


def _env(given: argparse.Namespace) -> int:
    place = LocalCloudPaths.of(given.port or _port_that_runs())
    _print(export_lines(place))
    if not holder(place.pid_file):
        # On the other channel: a shell evaluates what is printed.
        at = "" if place.port == DEFAULT_PORT else f" --port {place.port}"
        print_note(
            f"No local cloud runs on port {place.port}, so these lead to none yet:"
            f" `sluice local up --detach{at}` starts one."
        )
    return 0


def _port_that_runs() -> int:
    """Return the port of the one local cloud that runs, the default one where none does; raises
    LocalCloudError for several.
    """
    ports = running_ports()
    if len(ports) > 1:
        raise LocalCloudError(
            f"Expected one local cloud that runs, found those on the ports {', '.join(map(str, ports))}."
            " --port PORT chooses one."
        )
    return ports[0] if ports else DEFAULT_PORT


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


def _print(line: str) -> None:
    print_text(line)
    sys.stdout.flush()
