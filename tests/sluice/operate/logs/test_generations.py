"""The job of each generation of a step, found by its name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sluice.operate.errors import OperationError
from sluice.operate.logs.generations import Generation, Generations
from sluice.run.state import GenerationSpec, StepRecord, StepState
from tests.sluice.graphs import QUEUES, RUN_ID
from tests.sluice.operate.harness import OperateHarness

NEWEST = StepRecord(
    name="count",
    state=StepState.SUBMITTED,
    generation=2,
    job_id="job-2",
    children=3,
    spec=GenerationSpec(children="2", tries=2),
)


def generations(harness: OperateHarness) -> Generations:
    """Return the generations of an array of three children, of which one and then another ran again."""
    queue = QUEUES["normal"]
    harness.jobs.add("job-0", jobName=f"{RUN_ID}_count_0", jobQueue=queue, arrayProperties={"size": 3})
    variables = {"environment": [{"name": "SLUICE_CHILDREN", "value": "1-2"}]}
    harness.jobs.add("job-1", jobName=f"{RUN_ID}_count_1", jobQueue=queue, container=variables)
    return Generations(batch=harness.jobs, queues=QUEUES.values(), run_id=RUN_ID, record=NEWEST)


@pytest.mark.parametrize(
    ("number", "child", "expected"),
    [
        (None, None, Generation(2, "job-2", (2,))),
        (None, 2, Generation(2, "job-2", (2,))),
        (None, 1, Generation(1, "job-1", (1, 2))),
        (None, 0, Generation(0, "job-0", (0, 1, 2))),
        (1, 2, Generation(1, "job-1", (1, 2))),
    ],
)
def test_a_generation_by_its_number_or_by_a_child(
    harness: OperateHarness, number: int | None, child: int | None, expected: Generation
) -> None:
    """Without a number it is the last one that worked on the child; without both, the newest."""
    assert generations(harness).find(number, child) == expected


def test_a_job_on_a_later_page_is_found(harness: OperateHarness) -> None:
    """A page of ListJobs may have no job and a token for the next page."""
    found = generations(harness)
    pages: Iterator[dict[str, Any]] = iter(
        [{"jobSummaryList": [], "nextToken": "more"}, {"jobSummaryList": [{"jobId": "job-1"}]}]
    )
    harness.jobs.list_jobs = lambda **_: next(pages)  # type: ignore[method-assign]
    assert found.find(1, None).job_id == "job-1"


def test_a_generation_that_does_not_exist(harness: OperateHarness) -> None:
    """The error has the generations and the children that there are."""
    found = generations(harness)
    with pytest.raises(OperationError, match="one of its generations, 0 to 2, found 3"):
        found.find(3, None)
    with pytest.raises(OperationError, match="a child that generation 1 worked on, 1-2, found 0"):
        found.find(1, 0)
    del harness.jobs.jobs["job-0"]
    with pytest.raises(OperationError, match=f"the job {RUN_ID}_count_0, found none: AWS Batch forgets"):
        found.find(0, None)
