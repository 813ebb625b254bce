"""Which attempt of a job published a file, and which time that a run ran: so that an attempt that was taken
for lost, and is still at work, does not replace what a later one published.
"""

from __future__ import annotations

from collections.abc import Mapping

from sluice import keys
from sluice.runtime.job_context import JobContext

RUN = keys.RUN_METADATA
_ATTEMPT, _VERSION = "sluice-attempt", "sluice-version"


def mark(job: JobContext) -> dict[str, str]:
    """Return the metadata of what an attempt publishes."""
    return {RUN: job.run, _ATTEMPT: f"{job.step} {job.child} {job.generation} {job.attempt}"}


def is_later(metadata: Mapping[str, str], job: JobContext) -> bool:
    """Return whether the metadata is that of a later attempt of the same job or child of the same run.

    Steps, children and runs that publish one name replace each other's files, the last one wins.
    """
    words = metadata.get(_ATTEMPT, "").split(" ")
    if metadata.get(RUN) != job.run or words[:2] != [job.step, str(job.child)]:
        return False
    generation, attempt = (int(word) for word in words[2:])
    return (generation, attempt) > (job.generation, job.attempt)


def run_mark(run: str, reopened: int) -> dict[str, str]:
    """Return the metadata of what a cleanup publishes of a run that was resumed so often."""
    return {RUN: run, _VERSION: str(reopened)}


def is_of_run(metadata: Mapping[str, str], run: str, reopened: int) -> bool:
    """Return whether the metadata is that of a cleanup of this time that the run ran."""
    return run_mark(run, reopened).items() <= metadata.items()


def is_of_later_run(metadata: Mapping[str, str], run: str, reopened: int) -> bool:
    """Return whether the metadata is that of a cleanup of a later time that this run ran."""
    return metadata.get(RUN) == run and int(metadata.get(_VERSION, "0")) > reopened
