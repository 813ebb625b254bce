"""Writes log streams, and describes the jobs that they belong to."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.sluice.operate.harness import OperateHarness

GROUP = "/SluicePipelines/words"
AT = int(datetime.now(UTC).timestamp()) * 1000
"""CloudWatch Logs takes no events that are older than 14 days or two hours ahead."""


def container(*attempts: str, group: str | None = GROUP) -> dict[str, Any]:
    """Return what DescribeJobs returns of a job with these attempts."""
    options = {"awslogs-group": group} if group else {}
    return {
        "container": {
            "logStreamName": attempts[-1],
            "logConfiguration": {"logDriver": "awslogs", "options": options},
        },
        "attempts": [{"container": {"logStreamName": name}} for name in attempts],
    }


def write(harness: OperateHarness, stream: str, *messages: str, second: int = 0) -> None:
    """Log lines; the stream is made with the first."""
    client = harness.clients["logs"]
    if not client.describe_log_streams(logGroupName=GROUP, logStreamNamePrefix=stream)["logStreams"]:
        client.create_log_stream(logGroupName=GROUP, logStreamName=stream)
    events = [
        {"timestamp": AT + second * 1000 + number, "message": message}
        for number, message in enumerate(messages)
    ]
    client.put_log_events(logGroupName=GROUP, logStreamName=stream, logEvents=events)
