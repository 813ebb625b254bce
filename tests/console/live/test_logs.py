"""Logs of a child, an attempt and a search, followed, with escapes made harmless."""

from __future__ import annotations

import pytest

from console.backend import LogQuery
from console.live.backend import LiveBackend
from console.live.logs import MAX_LINES
from sluice.operate.errors import OperationError
from sluice.run.state import StepState
from tests.console.live.conftest import CountedCloud
from tests.sluice.graphs import RUN_ID, pipeline, step
from tests.sluice.operate.logs.log_streams import GROUP, container, write

BEGAN = "2026-01-01T00:00:00.000+00:00"


@pytest.fixture
def job(cloud: CountedCloud) -> CountedCloud:
    """A run whose step a is a job with two attempts, and whose step b waits for it."""
    cloud.harness.clients["logs"].create_log_group(logGroupName=GROUP)
    cloud.harness.begin(RUN_ID, BEGAN, pipeline(step("a"), step("b", after=("a",))))
    cloud.harness.ledger.record_submitted(RUN_ID, {"a": "job-a"})
    cloud.harness.jobs.add("job-a", status="RUNNING", jobName=f"{RUN_ID}_a_0", **container("first", "second"))
    write(cloud.harness, "first", "begin", "\x1b]52;c;QUFB\x07 Killed")
    write(cloud.harness, "second", "begin again", "<b>row</b> 7\tdone", second=1)
    return cloud


def _texts(backend: LiveBackend, **query: object) -> list[str]:
    return [one.text for one in backend.logs(RUN_ID, LogQuery(step="a", **query)).lines]  # type: ignore[arg-type]


@pytest.mark.usefixtures("job")
def test_the_attempts_stand_one_after_the_other_and_escapes_are_text(backend: LiveBackend) -> None:
    """What would be obeyed by a terminal is a few letters; markup stays text for the page."""
    assert _texts(backend) == ["begin", r"\x1b]52;c;QUFB\x07 Killed", "begin again", "<b>row</b> 7\tdone"]
    assert _texts(backend, attempt=2) == ["begin again", "<b>row</b> 7\tdone"]
    assert _texts(backend, search="BEGIN") == ["begin", "begin again"]
    found = backend.logs(RUN_ID, LogQuery(step="a"))
    assert (found.attempts, found.generations, found.ended, found.note) == (2, 1, False, None)


def test_a_log_is_followed_from_where_it_was_read(backend: LiveBackend, job: CountedCloud) -> None:
    """Nothing comes twice; the end of the job is the end of the log."""
    first = backend.logs(RUN_ID, LogQuery(step="a"))
    assert backend.logs(RUN_ID, LogQuery(step="a", after=first.next)).lines == ()
    write(job.harness, "second", "later", second=2)
    assert _texts(backend, after=first.next) == ["later"]
    job.harness.jobs.jobs["job-a"]["status"] = "SUCCEEDED"
    last = backend.logs(RUN_ID, LogQuery(step="a", after=first.next))
    assert last.ended


@pytest.mark.usefixtures("job")
def test_a_step_without_a_job_says_that_one_may_come(backend: LiveBackend) -> None:
    """One that there is not is refused, and so are children and places that there are not."""
    waiting = backend.logs(RUN_ID, LogQuery(step="b"))
    assert (waiting.lines, waiting.ended, "found none" in (waiting.note or "")) == ((), False, True)
    for wrong in (LogQuery(step="nope"), LogQuery(step="a", child=7), LogQuery(step="a", generation=9)):
        with pytest.raises(OperationError):
            backend.logs(RUN_ID, wrong)


def test_without_a_step_it_is_what_failed_first(backend: LiveBackend, job: CountedCloud) -> None:
    """So that the way from an alert to its log is one press."""
    job.harness.ledger.record_end(RUN_ID, "a", StepState.FAILED, job_id="job-a", reason="no")
    job.harness.jobs.jobs["job-a"]["status"] = "FAILED"
    assert backend.logs(RUN_ID, LogQuery()).step == "a"


def test_a_long_log_is_cut_at_its_beginning(backend: LiveBackend, job: CountedCloud) -> None:
    """The last lines are what one wants, and it says how many there were."""
    write(job.harness, "second", *(f"line {number}" for number in range(MAX_LINES)), second=2)
    found = backend.logs(RUN_ID, LogQuery(step="a"))
    assert (len(found.lines), found.lines[-1].text) == (MAX_LINES, f"line {MAX_LINES - 1}")
    assert found.note == "These are the last 5,000 of 5,004 lines."
