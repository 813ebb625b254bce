"""Jobs by their ids and by their names."""

from __future__ import annotations

from typing import Any

from sluice.limits import MAX_DESCRIBE_JOBS
from sluice.operate.batch_jobs import describe, first_failed_children, list_by_name
from tests.sluice.operate.harness import Jobs


def test_more_jobs_than_one_call_describes() -> None:
    """There is a call for each 100; unknown jobs are left out."""
    jobs = Jobs()
    ids = [f"job-{number}" for number in range(MAX_DESCRIBE_JOBS + 1)]
    for job_id in ids:
        jobs.add(job_id)
    sizes: list[int] = []
    original = jobs.describe_jobs

    def counted(**request: Any) -> dict[str, Any]:
        sizes.append(len(request["jobs"]))
        return original(**request)

    jobs.describe_jobs = counted  # type: ignore[method-assign]
    assert set(describe(jobs, [*ids, "gone"])) == set(ids)
    assert sizes == [MAX_DESCRIBE_JOBS, 2]
    assert describe(jobs, []) == {}


def test_jobs_by_the_beginning_of_their_names() -> None:
    """All pages are read; the fake has two jobs on each."""
    jobs = Jobs()
    for number in range(5):
        jobs.add(f"job-{number}", jobName=f"words_{number}", jobQueue="queue")
    jobs.add("other", jobName="others", jobQueue="queue")
    assert len(list(list_by_name(jobs, "queue", "words_*"))) == 5
    assert [job["jobId"] for job in list_by_name(jobs, "queue", "words_3")] == ["job-3"]


def test_the_failed_children_of_an_array() -> None:
    """By their indexes, in order."""
    jobs = Jobs()
    for index, status in enumerate(("FAILED", "SUCCEEDED", "FAILED")):
        jobs.add(f"array:{index}", status=status, arrayProperties={"index": index})
    assert first_failed_children(jobs, "array") == [0, 2]
