"""Where a job logs, and when following its log ends."""

from __future__ import annotations

from sluice.operate.logs.job_log import DEFAULT_GROUP, READS_AFTER_END, JobLog, streams
from tests.sluice.operate.harness import OperateHarness
from tests.sluice.operate.logs.log_streams import GROUP, container, write


def test_where_a_job_logs() -> None:
    """A job definition that names no group logs into AWS Batch's own; a job that has not started has no
    stream.
    """
    assert streams(container("x", group=None)) == [(DEFAULT_GROUP, "x")]
    assert streams({"attempts": [], "container": {}}) == []


def test_following_ends_a_little_after_the_job(harness: OperateHarness) -> None:
    """Lines that arrive after the job's end are read; a job that Batch has forgotten has ended."""
    harness.clients["logs"].create_log_group(logGroupName=GROUP)
    harness.jobs.add("job", status="SUCCEEDED", **container("s"))
    write(harness, "s", "first")
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == READS_AFTER_END:
            write(harness, "s", "late", second=1)

    log = JobLog(harness.jobs, harness.clients["logs"], "job")
    assert [line.message for line in log.follow(sleep)] == ["first", "late"]
    assert len(pauses) == READS_AFTER_END
    forgotten = JobLog(harness.jobs, harness.clients["logs"], "gone")
    assert (list(forgotten.read()), forgotten.ended) == ([], True)
