"""What arrives in the track queue: ends of jobs, as AWS Batch tells them, and the calls to sweep or to look at a run.

Source: https://docs.aws.amazon.com/batch/latest/userguide/batch_job_events.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sluice.errors import MalformedMessageError
from sluice.job_names import JobName
from sluice.messages import parse_object
from sluice.run import StepState

_ENDS = {"SUCCEEDED": StepState.SUCCEEDED, "FAILED": StepState.FAILED}


@dataclass(frozen=True, slots=True)
class Sweep:
    """The schedule's call to look at every run that has not ended."""


@dataclass(frozen=True, slots=True)
class Look:
    """A person's call to look at a run now."""

    run_id: str

    def to_document(self) -> dict[str, object]:
        """Return the message that ``parse_event`` reads."""
        return {"look": self.run_id, "version": 1}


@dataclass(frozen=True, slots=True)
class JobEnded:
    """A job, or an array as a whole, has ended; ``succeeded`` is how many children of a failed array did, None when that was not told."""

    name: JobName
    job_id: str
    state: StepState
    reason: str | None
    succeeded: int | None = None


def parse_event(body: str) -> JobEnded | Sweep | Look | None:
    """Return what a message says; None for a job that is not a run's, a child's event, or a state that is not an end.

    Raises MalformedMessageError.
    """
    document = parse_object(body)
    if document.get("sweep") is True:
        return Sweep()
    if isinstance(document.get("look"), str):
        return Look(document["look"])
    if document.get("source") != "aws.batch" or document.get("detail-type") != "Batch Job State Change":
        raise MalformedMessageError(f"Expected a Batch Job State Change, found {body[:200]!r}.")
    try:
        return job_ended(document["detail"])
    except (KeyError, TypeError, AttributeError) as error:
        raise MalformedMessageError(f"Expected the detail of a Batch Job State Change, found {body[:200]!r}.") from error


def job_ended(job: Mapping[str, Any]) -> JobEnded | None:
    """Return the end that an event's detail, or a job of DescribeJobs, tells of."""
    name = JobName.parse(job["jobName"])
    state = _ENDS.get(job["status"])
    if name is None or state is None or "index" in (job.get("arrayProperties") or {}):
        return None
    if state is not StepState.FAILED:
        return JobEnded(name, job["jobId"], state, None)
    summary = (job.get("arrayProperties") or {}).get("statusSummary") or {}
    return JobEnded(name, job["jobId"], state, failure_reason(job), summary.get("SUCCEEDED", 0) if summary else None)


def failure_reason(job: Mapping[str, Any]) -> str:
    """Return in plain words why a job failed, as far as Batch knows.

    Status reasons: https://docs.aws.amazon.com/batch/latest/userguide/job_retries.html and .../troubleshooting.html
    """
    container: Mapping[str, Any] = job.get("container") or {}
    array: Mapping[str, Any] = job.get("arrayProperties") or {}
    if array.get("size"):
        failed = (array.get("statusSummary") or {}).get("FAILED", 0)
        return f"{failed} of {array['size']} children failed"
    status, detail = job.get("statusReason") or "", container.get("reason") or ""
    for words, plain in _PLAIN:
        if words in status or words in detail:
            return f"{plain} ({detail or status})"
    if container.get("exitCode"):
        return f"{_PROGRAM_ENDED} with exit code {container['exitCode']}" + (f" ({detail})" if detail else "")
    return detail or status or "AWS Batch gave no reason"


def joined(reason: str | None, report: str | None) -> str | None:
    """Return one reason from Batch's and from what a failing job itself reported, the more telling one first."""
    if not report or not reason:
        return report or reason
    return f"{report} ({reason})" if reason.startswith(_PROGRAM_ENDED) else f"{reason}: {report}"


_PROGRAM_ENDED = "the program ended"
_PLAIN = (
    ("OutOfMemory", "the job needed more memory than it asks for"),
    ("Job attempt duration exceeded timeout", "the job ran longer than its time-out"),
    ("CannotPullContainer", "the image could not be pulled"),
    ("Host EC2", "the machine was taken away"),
    ("Spot Task was interrupted", "the machine was taken away"),
    ("Dependent", "a job that it waits for failed"),
)
