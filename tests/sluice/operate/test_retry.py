"""Which runs can be retried, and what a retry returns."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sluice.advance.batch_events import Reconcile, parse_event
from sluice.operate.errors import OperationError, RunRemovedError
from sluice.operate.retry import Retrier, check_retryable
from sluice.run.compiled import Kind
from sluice.run.state import Run, RunState, StepState
from tests.sluice.clouds import START, refused
from tests.sluice.graphs import RUN_ID, pipeline, step
from tests.sluice.operate.harness import TRACK_QUEUE, OperateHarness

RETENTION = timedelta(days=30)
NOW = START + timedelta(days=1)
FAILED = Run(
    run_id=RUN_ID,
    pipeline=pipeline(step("a")),
    trigger={"key": "k"},
    created_at=START.isoformat(),
    state=RunState.FAILED,
)


class Queue:
    """The track queue: keeps what was sent, or refuses it."""

    def __init__(self, error: Exception | None = None) -> None:
        """Have no messages."""
        self.sent: list[str] = []
        self._error = error

    def send_message(self, **request: Any) -> dict[str, Any]:
        """Take a message."""
        if self._error:
            raise self._error
        assert request["QueueUrl"] == TRACK_QUEUE
        self.sent.append(request["MessageBody"])
        return {}


def retrier(harness: OperateHarness, queue: Queue) -> Retrier:
    """Return what retries the harness's runs."""
    return Retrier(
        stack_prefix="Team",
        ledger=harness.ledger,
        s3=harness.clients["s3"],
        work_bucket="work",
        sqs=queue,
        events=harness.bus,
        track_queue=TRACK_QUEUE,
        work_retention=RETENTION,
    )


def fail(harness: OperateHarness) -> None:
    """Begin a run of an array of a command, and let it fail."""
    array = step("count", Kind.ARRAY, size=3, returns=False)
    harness.begin(RUN_ID, START.isoformat(timespec="milliseconds"), pipeline(array))
    harness.ledger.record_submitted(RUN_ID, {"count": "job"})
    assert harness.ledger.record_end(RUN_ID, "count", StepState.FAILED, job_id="job", reason="it broke")
    harness.end(RUN_ID, RunState.FAILED, "count")


def test_a_failed_run_is_open_again(harness: OperateHarness) -> None:
    """The result has what had failed; the track Lambda and other automation are notified."""
    fail(harness)
    queue = Queue()
    done = retrier(harness, queue).retry(RUN_ID, NOW)
    assert (done.failed, done.whole, done.not_queued, done.not_published) == (
        ("count",),
        ("count",),
        None,
        None,
    )
    assert [parse_event(body) for body in queue.sent] == [Reconcile((RUN_ID,))]
    assert len(harness.bus.sent) == 1
    run = harness.ledger.load(RUN_ID)
    assert run is not None
    assert (run.state, run.reopened) == (RunState.RUNNING, 1)


def test_what_could_not_be_sent_is_in_the_result(harness: OperateHarness) -> None:
    """The run is open again all the same."""
    fail(harness)
    harness.bus.answer = 1
    done = retrier(harness, Queue(refused("AccessDenied", "no"))).retry(RUN_ID, NOW)
    assert "AccessDenied" in str(done.not_queued)
    assert done.not_published == "no"


def test_a_run_that_is_gone(harness: OperateHarness) -> None:
    """It was removed after it was found."""
    with pytest.raises(RunRemovedError):
        retrier(harness, Queue()).retry(RUN_ID, NOW)


@pytest.mark.parametrize(
    ("run", "reason"),
    [
        (replace(FAILED, state=RunState.RUNNING), "still running"),
        (replace(FAILED, state=RunState.SUCCEEDED), "nothing to run again"),
        (replace(FAILED, state=RunState.CANCELLED), "start the pipeline again"),
        (replace(FAILED, cleaned=True), "removed, 7 days after"),
        (replace(FAILED, created_at="2025-11-01T00:00:00+00:00"), "more than 30 days ago"),
    ],
)
def test_a_run_that_cannot_be_retried(run: Run, reason: str) -> None:
    """The error has the reason."""
    with pytest.raises(OperationError, match=reason):
        check_retryable(run, RETENTION, datetime(2026, 1, 2, tzinfo=UTC))
