"""Alerts that are sent before anything has failed."""

from __future__ import annotations

import pytest

from sluice.alerts.early_alerts import blocked, delayed, invalid
from sluice.alerts.queue_messages import QueueBlocked
from sluice.messages import LATE, NOT_STARTED, EnvironmentInvalid, RunDelayed
from sluice.run.state import Run
from tests.sluice.graphs import RUN_ID, pipeline, step

REGION = "eu-west-1"
REASON = "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY - no"


def queue_blocked(job_name: str) -> QueueBlocked:
    """Return the message of a queue that this job blocks."""
    queue = f"arn:aws:batch:{REGION}:123456789012:job-queue/{'q' * 100}"
    return QueueBlocked(queue=queue, job_id="j", job_name=job_name, reason=REASON)


@pytest.mark.parametrize(("delay", "what"), [(LATE, "is late"), (NOT_STARTED, "has not started")])
def test_the_alert_of_a_delay_has_the_reason_and_the_command_to_cancel(delay: str, what: str) -> None:
    """A trigger that this version does not know does not stop it."""
    run = Run(run_id=RUN_ID, pipeline=pipeline(step("a")), trigger={}, created_at="2026-01-01T00:00:00+00:00")
    alert = delayed(run, RunDelayed(run=RUN_ID, delay=delay, why="no machine " * 50))
    assert alert.subject == f"Sluice: words {what}"
    assert "no machine" in alert.email
    assert f"  sluice show {RUN_ID}\n  sluice cancel {RUN_ID}" in alert.email
    assert len(alert.sms) == 140
    assert alert.sms.endswith(f"({RUN_ID[-20:]})")


def test_the_alert_of_a_blocked_queue_names_the_run() -> None:
    """And explains the reason of AWS Batch, which it quotes too."""
    alert = blocked(queue_blocked(f"{RUN_ID}_a_0"), REGION)
    assert f"Run:      {RUN_ID}\nStep:     a" in alert.email
    assert REASON in alert.email
    assert f"`sluice cancel {RUN_ID}` unblocks the queue." in alert.email
    assert len(alert.sms) <= 140


def test_the_alert_of_a_foreign_job_says_so() -> None:
    """There is no run to cancel."""
    alert = blocked(queue_blocked("a foreign job"), REGION)
    assert "a foreign job, which belongs to no run" in alert.email
    assert "terminate the job" in alert.email


def test_the_alert_of_an_invalid_environment_has_the_reason() -> None:
    """However long its name is."""
    alert = invalid(EnvironmentInvalid(environment="e" * 128, reason="the role is gone"), REGION)
    assert "Why:      the role is gone" in alert.email
    assert len(alert.sms) <= 140
