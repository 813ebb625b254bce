"""Batch's jobs are read to the end, and described and terminated in groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import botocore.session
from botocore.validate import validate_parameters

from sluice.aws.batch_jobs import describe_jobs, list_jobs, list_jobs_by_name, terminate_jobs


class Batch:
    """A Batch client that holds requests to the service's model and answers with prepared pages."""

    def __init__(self, *pages: list[str]) -> None:
        """Have these pages of job ids; ``errors`` says which jobs cannot be terminated."""
        self.pages, self.asked = list(pages), list[dict[str, Any]]()
        self.errors: list[dict[str, str]] = []
        self._model: Any = botocore.session.get_session().get_service_model("batch")

    def list_jobs(self, **request: Any) -> Mapping[str, Any]:
        """Answer the page that a token names; the last one has none."""
        self._note("ListJobs", request)
        number = int(request.get("nextToken", 0))
        more = {"nextToken": str(number + 1)} if number + 1 < len(self.pages) else {}
        return {"jobSummaryList": [{"jobId": job_id} for job_id in self.pages[number]], **more}

    def describe_jobs(self, **request: Any) -> Mapping[str, Any]:
        """Describe all but the forgotten jobs."""
        self._note("DescribeJobs", request)
        return {"jobs": [{"jobId": job_id} for job_id in request["jobs"] if job_id != "forgotten"]}

    def terminate_jobs(self, **request: Any) -> Mapping[str, Any]:
        """Terminate all but those with errors."""
        self._note("TerminateJobs", request)
        errors = [error for error in self.errors if error["job"] in request["jobs"]]
        return {"successful": request["jobs"], "errors": errors}

    def _note(self, operation: str, request: dict[str, Any]) -> None:
        validate_parameters(request, self._model.operation_model(operation).input_shape)
        self.asked.append(request)


def ids(jobs: Any) -> list[str]:
    """Return the ids of jobs."""
    return [job["jobId"] for job in jobs]


def test_a_listing_is_read_to_its_last_page() -> None:
    """Every request repeats the filter."""
    batch = Batch(["a", "b"], ["c"], ["d"])
    assert ids(list_jobs(batch, arrayJobId="x", jobStatus="FAILED")) == ["a", "b", "c", "d"]
    assert [request.get("nextToken") for request in batch.asked] == [None, "1", "2"]
    assert {(request["arrayJobId"], request["jobStatus"]) for request in batch.asked} == {("x", "FAILED")}


def test_an_empty_page_is_not_the_last_one() -> None:
    """Filters are applied after a page was read: also the first page can be empty."""
    assert ids(list_jobs(Batch([], [], ["a"]), jobQueue="q")) == ["a"]
    assert ids(list_jobs_by_name(Batch([], ["a"]), "q", "name")) == ["a"]
    assert ids(list_jobs(Batch([], []), jobQueue="q")) == []


def test_a_listing_is_read_no_further_than_it_is_needed() -> None:
    """A caller that wants one job pays for one page."""
    batch = Batch(["a"], ["b"])
    assert next(list_jobs(batch, jobQueue="q"))["jobId"] == "a"
    assert len(batch.asked) == 1


def test_jobs_are_listed_by_name_in_any_state() -> None:
    """With a filter, ListJobs knows all states."""
    batch = Batch(["a"])
    assert ids(list_jobs_by_name(batch, "q", "words-1_*")) == ["a"]
    assert batch.asked == [{"jobQueue": "q", "filters": [{"name": "JOB_NAME", "values": ["words-1_*"]}]}]


def test_jobs_are_described_a_hundred_a_call() -> None:
    """What Batch has forgotten is left out; no job is no call."""
    batch = Batch()
    wanted = [*(f"job-{number}" for number in range(200)), "forgotten"]
    assert ids(describe_jobs(batch, wanted)) == wanted[:-1]
    assert [len(request["jobs"]) for request in batch.asked] == [100, 100, 1]
    assert list(describe_jobs(Batch(), [])) == []


def test_jobs_are_terminated_fifty_a_call_and_errors_are_returned() -> None:
    """The answer is 200 also when some jobs were not terminated."""
    batch = Batch()
    batch.errors = [{"job": "job-70", "code": "AccessDenied", "message": "no"}]
    refused = terminate_jobs(batch, (f"job-{number}" for number in range(120)), "enough")
    assert refused == {"job-70": "AccessDenied: no"}
    assert [len(request["jobs"]) for request in batch.asked] == [50, 50, 20]
    assert {request["reason"] for request in batch.asked} == {"enough"}
    assert terminate_jobs(Batch(), [], "enough") == {}
