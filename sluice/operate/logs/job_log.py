"""Reads what a job, a child of an array, or a node has logged, and follows it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from sluice.advance.batch_events import NODE_MARK
from sluice.aws.batch_jobs import ENDED, BatchReader, Job, jobs_by_id
from sluice.operate.clients import LogReader
from sluice.operate.errors import RequestError

DEFAULT_GROUP = "/aws/batch/job"
"""Where a job logs whose definition names no group:
https://docs.aws.amazon.com/batch/latest/userguide/using_awslogs.html
"""
SECONDS_BETWEEN_READS = 1.0
READS_AFTER_END = 3
"""Reads after a job has ended: its last lines reach CloudWatch Logs a little later than its end reaches AWS
Batch.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """A line of a log; ``attempt`` counts from 1, ``at`` is ISO 8601, UTC."""

    attempt: int
    at: str
    message: str


@dataclass(slots=True)
class JobLog:
    """The log of one job, of which each attempt has a stream of its own; a read yields what is new since the
    last one.
    """

    batch: BatchReader
    logs: LogReader
    job_id: str
    status: str | None = field(default=None, init=False)
    """The job's state when it was last read; None for a job that AWS Batch has forgotten."""
    _tokens: dict[tuple[str, str], str] = field(default_factory=dict, init=False)

    @property
    def ended(self) -> bool:
        """Return whether the job will log nothing more, except for lines that are on their way."""
        return self.status is None or self.status in ENDED

    def read(self) -> Iterator[LogLine]:
        """Yield the lines that came since the last call, by attempt."""
        whole_id = self.job_id.split(":")[0].split(NODE_MARK)[0]
        found = jobs_by_id(self.batch, list(dict.fromkeys([self.job_id, whole_id])))
        # An array that waits has no children yet.
        job = found.get(self.job_id) or found.get(whole_id)
        self.status = job["status"] if job else None
        for attempt, (group, stream) in enumerate(streams(found.get(self.job_id, {})), start=1):
            for event in self._events(group, stream):
                at = datetime.fromtimestamp(event["timestamp"] / 1000, UTC).isoformat(timespec="milliseconds")
                yield LogLine(attempt=attempt, at=at, message=event["message"].rstrip("\n"))

    def cursor(self) -> str:
        """Return up to where the log has been read, for another process that goes on there."""
        return json.dumps([[*place, token] for place, token in self._tokens.items()])

    def resume(self, cursor: str) -> None:
        """Go on where another process has stopped; raises RequestError for a text that is no cursor."""
        try:
            found = {(str(group), str(stream)): str(token) for group, stream, token in json.loads(cursor)}
        except (ValueError, TypeError) as error:
            raise RequestError(f"Expected the place in a log, found {cursor[:40]!r}.") from error
        self._tokens.update(found)

    def follow(self, sleep: Callable[[float], None] = time.sleep) -> Iterator[LogLine]:
        """Yield lines as they come, until the job has ended and its last lines have had time to arrive."""
        yield from self.read()
        remaining = READS_AFTER_END
        while remaining:
            remaining -= self.ended
            sleep(SECONDS_BETWEEN_READS)
            yield from self.read()

    def _events(self, group: str, stream: str) -> Iterator[dict[str, Any]]:
        """Yield new events. A page may be empty and not the last; the last one returns the token that it was
        requested with.

        Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html
        """
        place = group, stream
        while True:
            after = {"nextToken": self._tokens[place]} if place in self._tokens else {}
            try:
                page = self.logs.get_log_events(
                    logGroupName=group, logStreamName=stream, startFromHead=True, **after
                )
            except ClientError as error:
                if error.response["Error"]["Code"] == "ResourceNotFoundException":
                    return  # Nothing has been logged yet, or it has expired.
                raise
            yield from page["events"]
            token = page["nextForwardToken"]
            if token == self._tokens.get(place):
                return
            self._tokens[place] = token


def streams(job: Job) -> list[tuple[str, str]]:
    """Return the group and the stream of each attempt of a job as DescribeJobs returns it, in order."""
    container = job.get("container") or {}
    options = (container.get("logConfiguration") or {}).get("options") or {}
    attempts = [
        (attempt.get("container") or {}).get("logStreamName") for attempt in job.get("attempts") or ()
    ]
    found = dict.fromkeys(name for name in [*attempts, container.get("logStreamName")] if name)
    return [(options.get("awslogs-group", DEFAULT_GROUP), name) for name in found]
