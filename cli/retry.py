"""`sluice retry RUN`: runs again what failed of a run, in the same run; what had finished is not repeated."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from cli.cloud import Cloud, cloud_of
from cli.console import note, say, say_json
from cli.failures import CommandError
from cli.options import add_run, command
from cli.run_list import run_of
from cli.telling import tell
from sluice.advance.batch_events import Reconcile
from sluice.run.compiled import Kind
from sluice.run.state import Run, RunState

if TYPE_CHECKING:
    from cli.options import Commands

_WHY_NOT = {
    RunState.RUNNING: "It is still running: wait for its end, or end it with `sluice cancel`.",
    RunState.SUCCEEDED: "There is nothing to run again.",
    RunState.CANCELLED: "A cancelled run is over: start it anew, with the same input.",
}


def add_to(commands: Commands) -> None:
    """Add the command to the parser's commands."""
    text = (
        "Runs again what failed of a run, and what stands behind it, in the same run. What had finished is"
        " not repeated."
    )
    parser = command(commands, "retry", "run again what failed of a run", text)
    add_run(parser)
    parser.set_defaults(run=lambda given: retry(given, cloud_of()))


def retry(given: argparse.Namespace, cloud: Cloud) -> int:
    """Reopen a failed run; return 0. Raises CommandError for a run that has not failed, or whose objects are
    gone.
    """
    run = cloud.ledger.load(run_of(cloud.client("dynamodb"), cloud.table, given.run_id))
    refuse(run, cloud.work_retention, datetime.now(UTC))
    assert run is not None, "refused above"  # noqa: S101
    if not cloud.ledger.reopen(run):
        raise CommandError(
            f"Expected {run.run_id} as it was a moment ago, found that somebody changed it. Look at it"
            " with `sluice show`."
        )
    _wake(cloud, run.run_id)
    tell(
        cloud.client("events"),
        replace(run, state=RunState.RUNNING, reopened=run.reopened + 1, ended_at=None),
        RunState.RUNNING,
    )
    failed, whole = list(_failed(run)), list(_undivided(run))
    if given.json:
        say_json({"run_id": run.run_id, "state": RunState.RUNNING, "failed": failed, "whole": whole})
        return 0
    say(f"{run.run_id} runs again: what failed of {', '.join(failed) or 'it'}, then what stands behind it.")
    for name in whole:
        note(
            f"{name} is an array of a command: all its children run again, because a command cannot be told"
            " which of them failed."
        )
    return 0


def refuse(run: Run | None, retention: timedelta, now: datetime) -> None:
    """Raise CommandError with the reason why a run cannot be run again, if there is one."""
    if run is None:
        raise CommandError("Expected the run in the ledger, found that it was removed meanwhile.")
    if run.state is not RunState.FAILED:
        raise CommandError(
            f"Expected a run that has failed, found {run.run_id} {run.state}. {_WHY_NOT[run.state]}"
        )
    if run.cleaned:
        raise CommandError(
            f"Expected what {run.run_id} left in the work bucket, found that it was removed,"
            f" {run.pipeline.keep_failed} days after the run had failed (keep_failed= of the pipeline). Start"
            " the pipeline anew, with the same input."
        )
    if datetime.fromisoformat(run.created_at) + retention <= now:
        raise CommandError(
            f"Expected what {run.run_id} left in the work bucket, found that it began more than"
            f" {retention.days} days ago, after which that expires. Start the pipeline anew, with the same"
            " input."
        )


def _wake(cloud: Cloud, run_id: str) -> None:
    """Have the run looked at now; without this the sweep finds it within minutes."""
    try:
        cloud.client("sqs").send_message(
            QueueUrl=cloud.track_queue, MessageBody=Reconcile((run_id,)).to_json()
        )
    except (ClientError, BotoCoreError) as error:
        note(
            f"The run is open again, but nobody could be told: {error}. The next sweep, within five minutes,"
            " goes on with it."
        )


def _failed(run: Run) -> Iterator[str]:
    """Yield the steps that failed, as far as they are known."""
    for step in run.pipeline.steps:
        if step.kind is not Kind.CLEANUP and step.name in run.steps and run.steps[step.name].failed:
            yield step.name


def _undivided(run: Run) -> Iterator[str]:
    """Yield the failed arrays that run again as a whole."""
    for step in run.pipeline.steps:
        if (
            step.is_retried_whole
            and step.name in run.steps
            and run.steps[step.name].failed
            and run.steps[step.name].children > 1
        ):
            yield step.name
