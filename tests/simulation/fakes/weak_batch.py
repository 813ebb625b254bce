"""AWS Batch as weak as it is: listings and descriptions that lag, small pages, ends that are refused one by
one.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.matrix.clock import Clock
from tests.matrix.fleet import Fleet

_ENDED = ("SUCCEEDED", "FAILED")
_OF_THE_END = ("stoppedAt", "statusReason", "container", "attempts")


@dataclass(slots=True)
class BatchWeakness:
    """Seconds by which listings and descriptions lag, and the share of terminations that fail."""

    list_lag: float = 0.0
    describe_lag: float = 0.0
    refused: float = 0.0


class WeakBatch:
    """The calls of a low-level client of AWS Batch."""

    def __init__(self, fleet: Fleet, clock: Clock, draw: random.Random, weakness: BatchWeakness) -> None:
        """Stand before a fleet."""
        self.weakness = weakness
        self._fleet, self._clock, self._draw = fleet, clock, draw

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """Return a call that is answered as it should be."""
        return lambda **parameters: self._fleet.call(name, parameters)

    def list_jobs(self, **request: Any) -> dict[str, Any]:
        """Return a page of jobs as they were some time ago."""
        answer: dict[str, Any] = self._fleet.call("list_jobs", request)
        seen = self._seen(answer["jobSummaryList"], self.weakness.list_lag)
        wanted = request.get("jobStatus")
        return {
            **answer,
            "jobSummaryList": [job for job in seen if wanted is None or job["status"] == wanted],
        }

    def describe_jobs(self, **request: Any) -> dict[str, Any]:
        """Return jobs as they were a moment ago."""
        answer: dict[str, Any] = self._fleet.call("describe_jobs", request)
        return {**answer, "jobs": self._seen(answer["jobs"], self.weakness.describe_lag)}

    def terminate_jobs(self, **request: Any) -> dict[str, Any]:
        """End jobs, but for some.

        Source: https://docs.aws.amazon.com/batch/latest/APIReference/API_TerminateJobs.html
        """
        refused = [job for job in request["jobs"] if self._draw.random() < self.weakness.refused]
        rest = [job for job in request["jobs"] if job not in refused]
        answer: dict[str, Any] = self._fleet.call("terminate_jobs", {**request, "jobs": rest}) if rest else {}
        errors = [{"job": job, "code": "ServerException", "message": "Try again."} for job in refused]
        return {**answer, "errors": [*(answer.get("errors") or []), *errors]}

    def _seen(self, jobs: list[dict[str, Any]], lag: float) -> list[dict[str, Any]]:
        if not lag:
            return jobs
        then = self._clock.milliseconds() - int(1000 * self._draw.uniform(0, lag))
        return [_as_of(job, then) for job in jobs if job.get("createdAt", 0) <= then]


def _as_of(job: dict[str, Any], then: int) -> dict[str, Any]:
    """Return a job as it was: one that has ended since was at work."""
    if job["status"] not in _ENDED or job.get("stoppedAt", 0) <= then:
        return job
    earlier = {name: value for name, value in job.items() if name not in _OF_THE_END}
    status = "PENDING" if (job.get("arrayProperties") or {}).get("size") else "RUNNING"
    if "arrayProperties" in earlier:
        earlier["arrayProperties"] = {
            name: value for name, value in job["arrayProperties"].items() if name != "statusSummary"
        }
    return {**earlier, "status": status}
