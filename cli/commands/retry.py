"""`sluice retry RUN`: runs again what failed of a run, in the same run; what had finished is not repeated."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from datetime import UTC, datetime

from cli.cloud import Cloud, cloud_of
from cli.commands.again.many import add_many, are_many, for_many
from cli.console import print_json, print_line, print_note
from cli.errors import UsageError
from cli.notifying import note_unpublished
from cli.options import Commands, add_run, command
from sluice.operate.again.current_code import CodeDiffersError, CurrentCode
from sluice.operate.again.definitions import DeployedDefinitions
from sluice.operate.errors import OperationError
from sluice.operate.listing.lookup import find_run_id
from sluice.operate.retry import Retried, Retrier
from sluice.run.state import RunState
from sluice.visible import visible

Sleep = Callable[[float], None]


def add_to(commands: Commands) -> None:
    """Add the command to the parser's commands."""
    text = (
        "Runs again what failed of a run, and what is downstream of it, in the same run. What had finished is"
        " not repeated."
    )
    parser = command(commands, "retry", "run again what failed of a run", text)
    add_run(parser, optional=True)
    parser.add_argument(
        "--with-current-code",
        action="store_true",
        help="go on with what is deployed now; default: with what the run began with",
    )
    parser.add_argument(
        "--force",
        action="store_true",
        help="with --with-current-code: throw away what is done of steps that mean something else now",
    )
    add_many(parser)
    parser.set_defaults(run=lambda given: retry(given, cloud_of()))


def retry(given: argparse.Namespace, cloud: Cloud, *, sleep: Sleep = time.sleep) -> int:
    """Open a failed run again, or many; return 1 when one of many could not be. Raises OperationError for a
    run in which nothing failed, or whose objects are gone.
    """
    deployment = cloud.deployment
    retrier = Retrier(
        ledger=cloud.ledger,
        s3=cloud.client("s3"),
        work_bucket=deployment.work,
        sqs=cloud.client("sqs"),
        events=cloud.client("events"),
        track_queue=deployment.track_queue,
        stack_prefix=deployment.prefix,
        work_retention=deployment.work_retention,
    )
    if given.force and not given.with_current_code:
        raise UsageError("Expected --force beside --with-current-code, found it alone.")
    prepare = current_code_of(cloud, force=given.force).prepare if given.with_current_code else None

    def begin(run_id: str) -> str:
        return retrier.retry(run_id, datetime.now(UTC), prepare).run_id

    if are_many(given):
        return for_many(given, cloud, begin, verb="retry", sleep=sleep)
    run_id = find_run_id(cloud.client("dynamodb"), deployment.table, given.run_id)
    try:
        retried = retrier.retry(run_id, datetime.now(UTC), prepare)
    except CodeDiffersError as error:
        raise OperationError(f"{error}\n--force throws that away; `sluice rerun` keeps it.") from error
    _print(retried, as_json=given.json)
    return 0


def current_code_of(cloud: Cloud, *, force: bool) -> CurrentCode:
    """Return what has runs go on with what is deployed now."""
    deployment, s3 = cloud.deployment, cloud.client("s3")
    return CurrentCode(
        ledger=cloud.ledger,
        batch=cloud.client("batch"),
        s3=s3,
        work_bucket=deployment.work,
        queues=deployment.queues,
        definitions=DeployedDefinitions(s3, *deployment.definitions),
        force=force,
    )


def _print(retried: Retried, *, as_json: bool) -> None:
    if retried.not_queued is not None:
        print_note(
            f"The run is open again, but the track Lambda could not be notified:"
            f" {visible(retried.not_queued)}. The"
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
                "discarded": retried.discarded,
                "outdated": retried.outdated,
            }
        )
        return
    if retried.only_cleanup:
        print_line(f"{retried.run_id} had succeeded: its cleanup runs again, and none of its steps.")
        return
    failed = ", ".join(retried.failed) or "it"
    print_line(f"{retried.run_id} runs again: what failed of {failed}, then what is downstream of it.")
    for name in retried.discarded:
        print_note(f"{name} begins anew: what it had done is thrown away.")
    for name in retried.outdated:
        print_note(f"{name} begins anew: a failure that it tolerated, or ran behind, is repeated.")
    for name in retried.whole:
        print_note(
            f"{name} is an array of a command: all its children run again, because a command cannot be"
            " limited to those that failed."
        )
