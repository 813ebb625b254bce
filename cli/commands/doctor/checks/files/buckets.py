"""Whether the buckets that triggers name are there, and send their events."""

from __future__ import annotations

from collections.abc import Iterator

from cli.commands.doctor.account import Account
from cli.commands.doctor.finding import Finding, error, not_checked, ok
from cli.project import current_project
from sluice.operate.buckets.connections import Connection, connections_of
from sluice.operate.buckets.event_switch import check_bucket, read_notifications
from sluice.operate.errors import OperationError
from sluice.pipeline.loading import load_pipelines


def connected(account: Account) -> Iterator[Finding]:
    """Check each bucket, besides the inbox, whose files are to start runs."""
    connections = connections_of(load_pipelines(current_project().root))
    if not connections:
        yield ok("All files come by the inbox.")
        return
    own = str(account.sts.get_caller_identity()["Account"])
    for one in connections:
        yield _foreign(one) if one.account not in (None, own) else _check(account, one)


def _foreign(connection: Connection) -> Finding:
    return not_checked(
        f"{connection.bucket} is of account {connection.account}, which alone sees its events' switch.",
        f"`sluice connect {connection.bucket}` writes what that account must have.",
    )


def _check(account: Account, connection: Connection) -> Finding:
    bucket, region = connection.bucket, connection.region or str(account.sts.meta.region_name)
    names = ", ".join(connection.pipelines)
    try:
        check_bucket(account.s3, bucket, region)
    except OperationError as refused:
        return error(str(refused), f"Correct the triggers of {names}, then check again.")
    if not read_notifications(account.s3, bucket).switched_on:
        return error(
            f"{bucket} sends no events to EventBridge: its files do not start {names}.",
            f"`sluice connect {bucket}` switches them on.",
        )
    return ok(f"{bucket} sends its events, which start {names}.")
