"""`sluice retry RUN`: runs again what failed of a run, in the same run; what had finished is not repeated."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

from cli.cloud import Cloud, cloud_of
from cli.console import print_json, print_line, print_note
from cli.notifying import note_unpublished
from cli.options import Commands, add_run, command
from sluice.operate.retry import Retried, Retrier
from sluice.operate.runs.lookup import find_run_id
from sluice.run.state import RunState


def add_to(commands: Commands) -> None:
    """Add the command to the parser's commands."""
    text = (
        "Runs again what failed of a run, and what is downstream of it, in the same run. What had finished is"
        " not repeated."
    )
    parser = command(commands, "retry", "run again what failed of a run", text)
    add_run(parser)
    parser.set_defaults(run=lambda given: retry(given, cloud_of()))


def retry(given: argparse.Namespace, cloud: Cloud) -> int:
    """Open a failed run again; return 0. Raises OperationError for a run that has not failed, or whose
    objects are gone.
    """
    deployment = cloud.deployment
    run_id = find_run_id(cloud.client("dynamodb"), deployment.table, given.run_id)
    retrier = Retrier(
        ledger=cloud.ledger,
        sqs=cloud.client("sqs"),
        events=cloud.client("events"),
        track_queue=deployment.track_queue,
        work_retention=deployment.work_retention,
    )
    _print(retrier.retry(run_id, datetime.now(UTC)), as_json=given.json)
    return 0


def _print(retried: Retried, *, as_json: bool) -> None:
    if retried.not_queued is not None:
        print_note(
            f"The run is open again, but the track Lambda could not be notified: {retried.not_queued}. The"
            " next sweep, within five minutes, continues it."
        )
    note_unpublished(retried.run_id, RunState.RUNNING, retried.not_published)
    if as_json:
        print_json(
            {
                "run_id": retried.run_id,
                "state": RunState.RUNNING,
                "failed": retried.failed,
                "whole": retried.whole,
            }
        )
        return
    failed = ", ".join(retried.failed) or "it"
    print_line(f"{retried.run_id} runs again: what failed of {failed}, then what is downstream of it.")
    for name in retried.whole:
        print_note(
            f"{name} is an array of a command: all its children run again, because a command cannot be"
            " limited to those that failed."
        )
