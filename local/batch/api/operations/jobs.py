"""Jobs: describe, list, cancel, terminate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local.batch.api.describe import job_detail, status_summary
from local.batch.api.errors import client_error
from local.batch.api.operations.job_filters import filtered
from local.batch.api.pages import offset_of, page, page_size, token_of
from local.batch.api.validation.amounts import whole_number
from scheduler.states import code_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.batch.api.account import Account
    from scheduler.jobs.job import Job


def describe(account: Account, params: dict[str, Any]) -> dict[str, Any]:
    """DescribeJobs: up to 100 ids of jobs, children (`<id>:<n>`) or nodes (`<id>#<n>`); unknown ones are left
    out.
    """
    wanted = params["jobs"]
    if len(wanted) > account.limits.described_jobs:
        raise client_error(
            f"jobs has {len(wanted)} ids; at most {account.limits.described_jobs} are allowed."
        )
    found = (find(account, each) for each in wanted)
    return {"jobs": [job_detail(account, *each) for each in found if each is not None]}


def find(account: Account, job_id: str) -> tuple[Job, int | None] | None:
    """A job and, for the id of a child or node, its number."""
    base, mark, number = job_id.partition("#" if "#" in job_id else ":")
    job = account.scheduler.jobs.get(base)
    if job is None or not mark:
        return None if job is None else (job, None)
    child = whole_number(number)
    known = job.has_parent and child is not None and child < job.size
    has_kind = (mark == "#") == job.is_multi_node
    return (job, child) if known and has_kind else None


def cancel(account: Account, params: dict[str, Any]) -> dict[str, Any]:
    """CancelJob: succeeds even where it changes nothing."""
    job, index = _existing(account, params["jobId"])
    account.scheduler.cancel(job, index, params["reason"], account.clock())
    return {}


def terminate(account: Account, params: dict[str, Any]) -> dict[str, Any]:
    """TerminateJob."""
    job, index = _existing(account, params["jobId"])
    account.scheduler.terminate(job, index, params["reason"], account.clock())
    return {}


def cancel_many(account: Account, params: dict[str, Any]) -> dict[str, Any]:
    """CancelJobs: each job by itself, with the errors of those that could not be."""
    return _each(account, params, cancel)


def terminate_many(account: Account, params: dict[str, Any]) -> dict[str, Any]:
    """TerminateJobs: each job by itself, with the errors of those that could not be."""
    return _each(account, params, terminate)


def list_jobs(account: Account, params: dict[str, Any]) -> dict[str, Any]:
    """ListJobs: of a queue by state or filter, or the children of an array, or the nodes of a multi-node job.

    https://docs.aws.amazon.com/batch/latest/APIReference/API_ListJobs.html
    """
    chosen = [name for name in ("jobQueue", "arrayJobId", "multiNodeJobId") if name in params]
    if len(chosen) != 1:
        raise client_error(
            f"Expected exactly one of jobQueue, arrayJobId, multiNodeJobId, but got {chosen or 'none'}."
        )
    if chosen == ["jobQueue"]:
        return _list_queue(account, params)
    return _list_children(account, params, params[chosen[0]])


def _list_queue(account: Account, params: dict[str, Any]) -> dict[str, Any]:
    queue = account.queue(params["jobQueue"])["jobQueueArn"]
    status = code_of(params.get("jobStatus", "RUNNING"))
    if "filters" in params:
        jobs = filtered(account.scheduler.listing, queue, params)
    else:
        jobs = iter(account.scheduler.listing.jobs(queue, status).values())
    found, token = page(jobs, params)
    return {"jobSummaryList": [summary(account, job, None) for job in found], "nextToken": token}


def _list_children(account: Account, params: dict[str, Any], job_id: str) -> dict[str, Any]:
    if "filters" in params:
        raise client_error("filters apply to jobQueue only, not to the children of a job.")
    found = find(account, job_id)
    if found is None or not found[0].has_parent:
        raise client_error(f"Job {job_id} does not exist or has no children.")
    job = found[0]
    status = code_of(params.get("jobStatus", "RUNNING"))
    indices, token = _indices(job, status, offset_of(params), page_size(params))
    return {"jobSummaryList": [summary(account, job, index) for index in indices], "nextToken": token}


def _indices(job: Job, status: int, start: int, size: int) -> tuple[list[int], str | None]:
    """The numbers of the children in a state from `start` on; `bytearray.find` skips the others at memory
    speed.
    """
    found: list[int] = []
    index = job.states.find(status, start)
    while index >= 0 and len(found) < size:
        found.append(index)
        index = job.states.find(status, index + 1)
    return found, token_of(index) if index >= 0 else None


def summary(account: Account, job: Job, index: int | None) -> dict[str, Any]:
    """A JobSummary: https://docs.aws.amazon.com/batch/latest/APIReference/API_JobSummary.html."""
    detail = job_detail(account, job, index)
    container = detail.get("container", {})
    result = {name: detail.get(name) for name in _SAME}
    if detail["attempts"] and "exitCode" in container:
        result["container"] = {"exitCode": container.get("exitCode"), "reason": container.get("reason")}
    if job.is_array:
        result["arrayProperties"] = (
            {
                "size": job.size,
                "statusSummary": status_summary(job),
                "statusSummaryLastUpdatedAt": job.updated,
            }
            if index is None
            else {"index": index}
        )
    if job.is_multi_node:
        result["nodeProperties"] = (
            {"numNodes": job.size}
            if index is None
            else {"nodeIndex": index, "isMainNode": index == job.spec.main_node, "numNodes": job.size}
        )
    return result


_SAME = (
    "jobArn",
    "jobId",
    "jobName",
    "createdAt",
    "shareIdentifier",
    "status",
    "statusReason",
    "startedAt",
    "stoppedAt",
    "jobDefinition",
    "isCancelled",
    "isTerminated",
)


def _existing(account: Account, job_id: str) -> tuple[Job, int | None]:
    found = find(account, job_id)
    if found is None:
        raise client_error(f"Job {job_id} does not exist: expected the id of a job in jobId.")
    return found


def _each(
    account: Account, params: dict[str, Any], act: Callable[[Account, dict[str, Any]], dict[str, Any]]
) -> dict[str, Any]:
    successful, errors = [], []
    for job_id in params["jobs"]:
        if find(account, job_id) is None:
            message = f"Job {job_id} does not exist."
            errors.append({"job": job_id, "code": "ClientException", "message": message})
        else:
            act(account, {"jobId": job_id, "reason": params["reason"]})
            successful.append(job_id)
    return {"successful": successful, "errors": errors}
