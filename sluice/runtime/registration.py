"""Waits until the ledger has a job for a step: a job that is not registered must not work."""

from __future__ import annotations

import time
from collections.abc import Callable

from sluice.errors import SupersededJobError
from sluice.ledger.ledger import Assignment, Ledger
from sluice.run.compiled import Kind
from sluice.run.state import RunState, StepRecord
from sluice.runtime.errors import JobNotRegisteredError
from sluice.runtime.job_context import JobContext

REGISTRATION_TIMEOUT_SECONDS = 900
"""Longer than it takes to settle the claim of a Lambda that died: its lease and the next sweep, ten minutes
together. A job that gives up sooner uses up its attempts, and with them those of the others of its array."""
_FIRST_PAUSE, _MAX_PAUSE = 0.05, 10.0
_ASKS_AFTER, _ASKS_EVERY = 5.0, 60.0


def wait_for_registration(
    job: JobContext,
    ledger: Ledger,
    ask: Callable[[], None],
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> Assignment:
    """Return what the ledger has for this job's step, once a job is registered for it.

    After some seconds the submitter of the job may be gone: ``ask`` has the job registered by others; of an
    array, child 0 alone asks. Raises SupersededJobError when another job is registered, or none and the run
    has ended; JobNotRegisteredError when none is registered within a quarter of an hour.
    """
    waited, pause, asks_at = 0.0, _FIRST_PAUSE, _ASKS_AFTER
    while (found := _look(job, ledger)) is None:
        if waited >= REGISTRATION_TIMEOUT_SECONDS:
            raise JobNotRegisteredError(
                f"Expected the ledger to have a job for {job.step} of {job.run}, found none in"
                f" {waited:.0f} s."
            )
        if waited >= asks_at and job.child == 0:
            ask()
            asks_at += _ASKS_EVERY
        sleep(pause)
        waited, pause = waited + pause, min(pause * 2, _MAX_PAUSE)
    return found


class _EndedError(SupersededJobError):
    """The run has ended, and no job of the step is registered."""


def _look(job: JobContext, ledger: Ledger) -> Assignment | None:
    """Return what the ledger has for this job's step, None when no job is registered yet.

    One look may see the end of a run, and the step as it was before: BatchGetItem reads its items one by one
    (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html). What is registered
    is so before the end, so a look behind that sees it.
    """
    try:
        return _registered(job, ledger.assignment(job.run, job.step, job.reads))
    except _EndedError:
        return _registered(job, ledger.assignment(job.run, job.step, job.reads))


def _registered(job: JobContext, assignment: Assignment | None) -> Assignment | None:
    """Return the assignment when this job is the registered one, None when none is registered yet."""
    if assignment is None:
        return None
    if assignment.state is RunState.CANCELLED:
        raise SupersededJobError(f"The run {job.run} is cancelled.")
    record = assignment.step
    if record is None or not _is_settled(record, job):
        if not _may_be_registered(assignment, job.step):
            raise _EndedError(
                f"The run {job.run} has ended ({assignment.state}), and no job of {job.step} is registered"
                " any more."
            )
        return None
    if (record.job_id, record.generation) != (job.job_id, job.generation):
        raise SupersededJobError(
            f"The ledger has job {record.job_id} (generation {record.generation}) for {job.step} of"
            f" {job.run}; this is {job.job_id} (generation {job.generation})."
        )
    return assignment


def _is_settled(record: StepRecord, job: JobContext) -> bool:
    """Return whether the step's job is known; that of a later generation is certainly another one."""
    return record.job_id is not None or record.generation > job.generation


def _may_be_registered(assignment: Assignment, step: str) -> bool:
    """Return whether a job of this step may still be registered: a failed run has its cleanup later."""
    cleanup = any(one.name == step and one.kind is Kind.CLEANUP for one in assignment.pipeline.steps)
    return assignment.state is RunState.RUNNING or (cleanup and assignment.state is RunState.FAILED)
