"""Jobs: describe, list, cancel, terminate."""

from __future__ import annotations

from bisect import bisect_right
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from local.batch.api.describe import job_detail, status_summary
from local.batch.api.errors import client_error
from local.batch.api.operations.job_filters import filtered
from local.batch.api.pages import offset_of, page_after, page_size, token_of
from local.batch.api.validation.amounts import whole_number
from local.batch.api.validation.checks import check_reason
from scheduler.states import code_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.batch.api.account import Account
    from scheduler.jobs.job import Job

    _End = Callable[[Job, int | None, str, int], None]


# "When --job-status is used, Batch returns up to 1000 values. When --filters is used, up to 100":
# https://docs.aws.amazon.com/batch/latest/APIReference/API_ListJobs.html
_BY_STATE: Final = 1000
_FILTERED: Final = 100
# More jobs than there will ever be: places of jobs from the newest on are counted down from here.
_NEWEST: Final = 1 << 50


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
    """CancelJob: succeeds even where it changes nothing, or where there is no such job."""
    check_reason(params)
    _end(account, account.scheduler.cancel, params["jobId"], params["reason"])
    return {}


def terminate(account: Account, params: dict[str, Any]) -> dict[str, Any]:
    """TerminateJob: succeeds even where there is no such job: https://github.com/aws/aws-cli/issues/2551."""
    check_reason(params)
    _end(account, account.scheduler.terminate, params["jobId"], params["reason"])
    return {}


def cancel_many(account: Account, params: dict[str, Any]) -> dict[str, Any]:
    """CancelJobs."""
    return _end_many(account, account.scheduler.cancel, params)


def terminate_many(account: Account, params: dict[str, Any]) -> dict[str, Any]:
    """TerminateJobs."""
    return _end_many(account, account.scheduler.terminate, params)


def _end_many(account: Account, end: _End, params: dict[str, Any]) -> dict[str, Any]:
    """At most 50 jobs; "jobs that can't be found are treated as successfully processed".

    https://docs.aws.amazon.com/batch/latest/APIReference/API_TerminateJobs.html
    """
    check_reason(params)
    job_ids, most = params["jobs"], account.limits.ended_jobs
    if len(job_ids) > most:
        raise client_error(f"jobs has {len(job_ids)} ids; at most {most} are allowed.")
    for job_id in job_ids:
        _end(account, end, job_id, params["reason"])
    return {"successful": job_ids, "errors": []}


def _end(account: Account, end: _End, job_id: str, reason: str) -> None:
    found = find(account, job_id)
    if found is not None:
        end(*found, reason, account.clock())


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
    return _list_children(account, params, chosen[0])


def _list_queue(account: Account, params: dict[str, Any]) -> dict[str, Any]:
    queue = account.queue(params["jobQueue"])["jobQueueArn"]
    if "filters" in params:
        jobs, token = page_after(
            filtered(account.scheduler.listing, queue, params),
            lambda job: _NEWEST - job.seq,
            params,
            _FILTERED,
        )
    else:
        listed = account.scheduler.listing.jobs(queue, code_of(params.get("jobStatus", "RUNNING")))
        jobs, token = _page_of_state(listed, params)
    return {"jobSummaryList": [summary(account, job, None) for job in jobs], "nextToken": token}


def _page_of_state(listed: dict[int, Job], params: dict[str, Any]) -> tuple[list[Job], str | None]:
    """A page in the order in which jobs came into their state: what comes or goes moves no other."""
    size = page_size(params, _BY_STATE, clamped=True)
    after = offset_of(params)
    numbers = list(islice(listed, size + 1)) if not after else list(listed)
    start = bisect_right(numbers, after)
    found = numbers[start : start + size + 1]
    token = token_of(found[size - 1]) if len(found) > size else None
    return [listed[each] for each in found[:size]], token


def _list_children(account: Account, params: dict[str, Any], field: str) -> dict[str, Any]:
    """The children of an array, or the nodes of a multi-node job, as the field that names it says."""
    if "filters" in params:
        raise client_error("filters apply to jobQueue only, not to the children of a job.")
    found = find(account, params[field])
    job = found[0] if found else None
    if job is None or not (job.is_multi_node if field == "multiNodeJobId" else job.is_array):
        raise client_error(f"{field} must be the id of such a job, but is {params[field]}.")
    status = code_of(params.get("jobStatus", "RUNNING"))
    indices, token = _indices(job, status, offset_of(params), page_size(params, _BY_STATE, clamped=True))
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
