"""The filters of ListJobs.

https://docs.aws.amazon.com/batch/latest/APIReference/API_ListJobs.html#Batch-ListJobs-request-filters
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local.batch.api.describe import submission_of
from local.batch.api.errors import client_error
from local.batch.api.validation.amounts import whole_number
from scheduler.states import NAMES, code_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from scheduler.jobs.job import Job
    from scheduler.jobs.listing import Listing


def filtered(listing: Listing, queue: str, params: dict[str, Any]) -> Iterator[Job]:
    """The jobs of a queue that pass the request's one filter, the newest first.

    A filter leaves jobStatus out of account, but for SHARE_IDENTIFIER.
    """
    filters = params["filters"]
    if len(filters) != 1:
        raise client_error(f"filters must have exactly one filter, but has {len(filters)}.")
    name, values = filters[0].get("name", ""), filters[0].get("values", [])
    accepts = _accepting(name, values)
    by_status = name == "SHARE_IDENTIFIER" and "jobStatus" in params
    states = [code_of(params["jobStatus"])] if by_status else range(len(NAMES))
    found = [job for status in states for job in listing.jobs(queue, status).values() if accepts(job)]
    return iter(sorted(found, key=lambda job: -job.seq))


def _accepting(name: str, values: list[str]) -> Callable[[Job], bool]:
    by_name: dict[str, Callable[[Job, str], bool]] = {
        "JOB_NAME": lambda job, value: is_like(job.spec.name.lower(), value.lower()),
        "JOB_DEFINITION": _has_definition,
        "SHARE_IDENTIFIER": lambda job, value: is_like(job.spec.share, value),
        "BEFORE_CREATED_AT": lambda job, value: job.created < int(value),
        "AFTER_CREATED_AT": lambda job, value: job.created > int(value),
    }
    if name not in by_name:
        raise client_error(f"filters.name must be one of {', '.join(by_name)}, but is {name!r}.")
    if name.endswith("CREATED_AT") and not all(whole_number(value) is not None for value in values):
        raise client_error(
            f"filters.values of {name} must be milliseconds since the epoch, but are {values}."
        )
    matches = by_name[name]
    return lambda job: any(matches(job, value) for value in values)


def _has_definition(job: Job, value: str) -> bool:
    """By name all revisions are meant, by ARN the one."""
    submission = submission_of(job)
    if value.startswith("arn:"):
        return submission.definition_arn == value
    return is_like(submission.definition_name, value)


def is_like(text: str, pattern: str) -> bool:
    """The whole text, or its start where the pattern ends in an asterisk."""
    return text.startswith(pattern[:-1]) if pattern.endswith("*") else text == pattern
