"""Finds what a job, a child of an array, or a node has logged, and follows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from sluice.advance.batch_events import NODE_MARK

DEFAULT_GROUP = "/aws/batch/job"
"""Where a job logs whose definition names no group:
https://docs.aws.amazon.com/batch/latest/userguide/using_awslogs.html
"""
ENDED = ("SUCCEEDED", "FAILED")
_FAILED_SHOWN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """A line of a log; ``attempt`` counts from 1, ``at`` is ISO 8601, UTC."""

    attempt: int
    at: str
    message: str


@dataclass(slots=True)
class JobLog:
    """The log of one job: each of its attempts has a stream of its own. ``read`` yields what is new since it
    was last called.
    """

    batch: Any
    logs: Any
    job_id: str
    status: str | None = field(default=None, init=False)
    """The job's state when it was last read; None for a job that AWS Batch has forgotten."""
    _places: dict[tuple[str, str], str] = field(default_factory=dict, init=False)

    @property
    def ended(self) -> bool:
        """Return whether the job will log nothing more, but for lines that are on their way."""
        return self.status is None or self.status in ENDED

    def read(self) -> Iterator[LogLine]:
        """Yield the lines that came since the last call, by attempt."""
        whole = self.job_id.split(":")[0].split(NODE_MARK)[0]
        asked = self.batch.describe_jobs(jobs=list(dict.fromkeys([self.job_id, whole])))["jobs"]
        found = {job["jobId"]: job for job in asked}
        # An array that waits has no children yet.
        job = found.get(self.job_id) or found.get(whole)
        self.status = job["status"] if job else None
        for attempt, (group, stream) in enumerate(streams(found.get(self.job_id, {})), start=1):
            for event in self._events(group, stream):
                at = datetime.fromtimestamp(event["timestamp"] / 1000, UTC).isoformat(timespec="milliseconds")
                yield LogLine(attempt=attempt, at=at, message=event["message"].rstrip("\n"))

    def _events(self, group: str, stream: str) -> Iterator[dict[str, Any]]:
        """Yield new events. A page may be empty and not the last; the last one returns the token that it was
        asked with.

        Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html
        """
        place = group, stream
        while True:
            after = {"nextToken": self._places[place]} if place in self._places else {}
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
            if token == self._places.get(place):
                return
            self._places[place] = token


def streams(job: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the group and the stream of each attempt of a job as DescribeJobs tells of it, in order."""
    container = job.get("container") or {}
    options = (container.get("logConfiguration") or {}).get("options") or {}
    names = [(attempt.get("container") or {}).get("logStreamName") for attempt in job.get("attempts") or []]
    found = dict.fromkeys(name for name in [*names, container.get("logStreamName")] if name)
    return [(options.get("awslogs-group", DEFAULT_GROUP), name) for name in found]


def failed_children(batch: Any, job_id: str) -> list[int]:
    """Return the first few children of an array that have failed."""
    listed = batch.list_jobs(arrayJobId=job_id, jobStatus="FAILED", maxResults=_FAILED_SHOWN)[
        "jobSummaryList"
    ]
    return sorted(job["arrayProperties"]["index"] for job in listed)
