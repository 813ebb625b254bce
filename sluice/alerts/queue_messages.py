"""The messages of the alert queue, and how they are read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sluice.alerts.digest import DigestDue
from sluice.alerts.results_complete import ResultsComplete
from sluice.alerts.run_events import RunChanged
from sluice.errors import MalformedMessageError
from sluice.messages import (
    LATE,
    NOT_STARTED,
    EnvironmentInvalid,
    RunDelayed,
    RunFailed,
    SetReport,
    parse_object,
)
from sluice.run.job_names import JobName

BLOCKED_EVENT = "Batch Job Queue Blocked"


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueBlocked:
    """The job at the head of a queue cannot run; ``name`` is None for a job of no run. ``reason`` is AWS's.

    ``looked`` counts how often Batch was asked whether that is still so.

    Source: https://docs.aws.amazon.com/batch/latest/userguide/batch-job-queue-blocked-events.html
    """

    queue: str
    job_id: str
    job_name: str
    reason: str
    looked: int = 0

    def to_json(self) -> str:
        """Return the body that is read as this message again."""
        detail = {
            "jobQueue": self.queue,
            "jobId": self.job_id,
            "jobName": self.job_name,
            "statusReason": self.reason,
        }
        return json.dumps({"detail-type": BLOCKED_EVENT, "detail": detail, "looked": self.looked})

    @property
    def name(self) -> JobName | None:
        """Return the run and the step of the job."""
        return JobName.parse(self.job_name)

    @property
    def queue_name(self) -> str:
        """Return the queue's own name."""
        return self.queue.rpartition("/")[2]


AlertRequest = (
    RunFailed
    | RunChanged
    | RunDelayed
    | EnvironmentInvalid
    | QueueBlocked
    | DigestDue
    | SetReport
    | ResultsComplete
)
_KINDS: dict[str, type[SetReport | DigestDue | RunChanged | EnvironmentInvalid | ResultsComplete]] = {
    "set": SetReport,
    "digest": DigestDue,
    "changed_to": RunChanged,
    "environment": EnvironmentInvalid,
    "cleanup": ResultsComplete,
}
"""The messages by a field that each of them has alone; a failure has none of these."""


def parse_alert(body: str) -> AlertRequest:
    """Return a message of the alert queue; raises MalformedMessageError."""
    document = parse_object(body)
    if "detail-type" in document:
        return _blocked(document)
    if "delay" in document:
        delayed = RunDelayed.from_json(body)
        if delayed.delay not in (LATE, NOT_STARTED):
            raise MalformedMessageError(
                f"Expected RunDelayed.delay to be {LATE!r} or {NOT_STARTED!r}, found {delayed.delay!r}."
            )
        return delayed
    kind = next((kind for name, kind in _KINDS.items() if name in document), RunFailed)
    return kind.from_json(body)


def _blocked(document: Mapping[str, Any]) -> QueueBlocked:
    kind, detail = document["detail-type"], document.get("detail")
    if kind != BLOCKED_EVENT or not isinstance(detail, Mapping):
        raise MalformedMessageError(f"Expected a {BLOCKED_EVENT} of AWS Batch, found {str(document)[:200]}.")
    found = [detail.get(name) for name in ("jobQueue", "jobId", "jobName")]
    if not all(isinstance(text, str) for text in found):
        raise MalformedMessageError(f"Expected the detail of a {BLOCKED_EVENT}, found {str(detail)[:200]}.")
    queue, job_id, name = (str(text) for text in found)
    looked = document.get("looked", 0)
    # AWS may send an event without a reason: the queue is blocked all the same.
    return QueueBlocked(
        queue=queue,
        job_id=job_id,
        job_name=name,
        reason=str(detail.get("statusReason") or "AWS Batch gave no reason"),
        looked=looked if type(looked) is int else 0,
    )
