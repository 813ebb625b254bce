"""Finds the job of a submission whose answer is not known, by the name that is derived from the step.

A job is taken only when each job that it depends on is one that the ledger has, or is about to have: else it
hangs on an older job of its parent, and runs at the wrong time or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from sluice.aws.batch_jobs import BatchReader, Job, jobs_by_id, list_jobs_by_name
from sluice.errors import UnsettledError


@dataclass(frozen=True, slots=True)
class Found:
    """What a look-up came to: the job to register, and whether there was any of the name."""

    job_id: str | None
    any: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFinder:
    """Looks jobs up in AWS Batch."""

    batch: Callable[[], BatchReader]

    def find(self, name: str, queue: str, registered: Collection[str], *, checks_registration: bool) -> Found:
        """Return the oldest job of a name in a queue that can be registered.

        ``registered`` are the jobs that it may depend on. What ``checks_registration`` and has failed has
        done nothing, and cannot become part of the run any more. Raises UnsettledError for a job that AWS
        Batch lists and does not describe yet.
        """
        listed = [job for job in list_jobs_by_name(self.batch(), queue, name) if job["jobName"] == name]
        if not listed:
            return Found(None, any=False)
        described = jobs_by_id(self.batch(), [str(job["jobId"]) for job in listed])
        if len(described) < len(listed):
            raise UnsettledError(f"AWS Batch lists jobs called {name}, and does not describe them yet.")
        jobs = [
            job for job in described.values() if can_register(job, registered, checks=checks_registration)
        ]
        return Found(_oldest(jobs), any=True)

    def is_job(self, job_id: str, name: str, registered: Collection[str]) -> bool:
        """Return whether a job of our own code has this name and can be registered; a job's role may submit
        none, so none can give another this name.
        """
        job = jobs_by_id(self.batch(), [job_id]).get(job_id)
        return job is not None and job["jobName"] == name and can_register(job, registered, checks=True)


def can_register(job: Job, registered: Collection[str], *, checks: bool) -> bool:
    """Return whether a described job can become a step's: see ``JobFinder.find``."""
    parents = {str(one["jobId"]) for one in job.get("dependsOn") or () if one.get("jobId")}
    return parents <= set(registered) and not (checks and _has_failed(job))


def _oldest(jobs: Iterable[Job]) -> str | None:
    found = min(jobs, key=lambda job: int(job["createdAt"]), default=None)
    return str(found["jobId"]) if found is not None else None


def _has_failed(job: Job) -> bool:
    """Return whether a job has failed, or a child of it.

    A job of Sluice's own code that failed without being registered has done nothing: it waits for its
    registration before it begins, and times out. Source:
    https://docs.aws.amazon.com/batch/latest/APIReference/API_ArrayPropertiesSummary.html
    """
    children: Mapping[str, int] = (job.get("arrayProperties") or {}).get("statusSummary") or {}
    return job.get("status") == "FAILED" or children.get("FAILED", 0) > 0
