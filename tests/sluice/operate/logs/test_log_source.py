"""The job whose log is asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sluice.operate.errors import JobMissingError, OperationError, RequestError
from sluice.operate.logs.log_source import LogSource, SubmittedStep
from sluice.run.state import RunState
from tests.sluice.clouds import START
from tests.sluice.graphs import QUEUES, RUN_ID, pipeline, step
from tests.sluice.operate.harness import OperateHarness

NOW = START.isoformat(timespec="milliseconds")


def source(harness: OperateHarness) -> LogSource:
    """Return the source of a run whose step a has a job; b waits for it."""
    harness.begin(RUN_ID, NOW, pipeline(step("a"), step("b", after=("a",)), step("c", after=("b",))))
    harness.ledger.record_submitted(RUN_ID, {"a": "job-a"})
    return LogSource(ledger=harness.ledger, batch=harness.jobs, queues=QUEUES.values(), run_id=RUN_ID)


def test_the_job_of_a_step(harness: OperateHarness) -> None:
    """A single job has no child but 0."""
    found = source(harness)
    submitted = found.submitted("a", wait=False)
    assert found.job_id(submitted, None, None) == found.job_id(submitted, None, 0) == "job-a"
    with pytest.raises(OperationError, match="no number but 0: it is one job, found 1"):
        found.job_id(submitted, None, 1)


def test_a_step_without_a_job(harness: OperateHarness) -> None:
    """The error says whether a job may still come."""
    found = source(harness)
    with pytest.raises(JobMissingError, match="found none: it is CLAIMED") as waiting:
        found.submitted("b", wait=False)
    harness.end(RUN_ID, RunState.CANCELLED)
    with pytest.raises(JobMissingError, match="The run is CANCELLED") as over:
        found.submitted("b", wait=True)
    assert (waiting.value.may_come, over.value.may_come) == (True, False)
    with pytest.raises(OperationError, match=r"\(a, b, c\), found 'nope'"):
        found.submitted("nope", wait=False)


def test_an_array_needs_the_number_of_a_child(harness: OperateHarness) -> None:
    """The error names the children that have failed."""
    found = source(harness)
    array = SubmittedStep(replace(found.submitted("a", wait=False).record, children=2), nodes=0)
    harness.jobs.add("job-a:1", status="FAILED", arrayProperties={"index": 1})
    with pytest.raises(RequestError, match=r"0 to 1, after its name, found none\. Failed: 1\."):
        found.job_id(array, None, None)


def test_the_failed_children_of_an_array_are_found_also_behind_an_empty_page(
    harness: OperateHarness,
) -> None:
    """By their indexes, in order; a page may be empty and not the last."""
    jobs, found = harness.jobs, source(harness)
    array = SubmittedStep(replace(found.submitted("a", wait=False).record, children=3), nodes=0)
    for index, status in enumerate(("FAILED", "SUCCEEDED", "FAILED")):
        jobs.add(f"job-a:{index}", status=status, arrayProperties={"index": index})
    listed = jobs.list_jobs

    def behind_an_empty_page(**request: Any) -> dict[str, Any]:
        return listed(**request) if "nextToken" in request else {"jobSummaryList": [], "nextToken": "0"}

    jobs.list_jobs = behind_an_empty_page  # type: ignore[method-assign]
    assert found.failed_children(array, None) == [0, 2]
