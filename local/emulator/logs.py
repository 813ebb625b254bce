"""Log lines of what runs outside ministack: jobs."""

from collections.abc import Iterable

from ministack.services import (
    cloudwatch_logs,
)

from local.emulator.services import scope
from local.paths import ACCOUNT, REGION


def put_logs(
    group: str, stream: str, lines: Iterable[tuple[int, str]], account: str = ACCOUNT, region: str = REGION
) -> None:
    """Append lines, each with its time in milliseconds, to a log stream; without lines it is only made.

    The stream and its group are made when they are missing: a task's log driver does that on AWS.
    """
    events = [{"timestamp": at, "message": text} for at, text in lines]
    named = {"logGroupName": group, "logStreamName": stream}
    with scope(account, region):
        cloudwatch_logs._create_log_group(named)
        cloudwatch_logs._create_log_stream(named)
        if events:
            cloudwatch_logs._put_log_events({**named, "logEvents": events})
