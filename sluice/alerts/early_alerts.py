"""What a person is told before anything has failed: a late run, one that does not start, a blocked queue, an
invalid environment. Pure.
"""

from __future__ import annotations

from sluice.alerts.alert_message import AlertMessage, text_message
from sluice.alerts.links import environments_link, job_link, queue_link
from sluice.alerts.queue_messages import QueueBlocked
from sluice.alerts.run_events import input_of
from sluice.messages import LATE, EnvironmentInvalid, RunDelayed
from sluice.run.reasons import explain_blocked_queue
from sluice.run.state import Run

_DOCTOR = "`sluice doctor` looks at queues, machines, quotas and roles, and says what to do."


def delayed(run: Run, message: RunDelayed) -> AlertMessage:
    """Return what is told of a run that is late or has not started."""
    what = "is late" if message.delay == LATE else "has not started"
    facts = [f"Run:      {run.run_id}", f"Input:    {input_of(run.trigger)}", f"Began:    {run.created_at}"]
    parts = [
        f"A run of the pipeline {run.pipeline.name} {what}.",
        f"Why:      {message.why}",
        "\n".join(facts),
        (
            f"Nothing was stopped. Look at it, or end it:\n  sluice show {run.run_id}\n  sluice cancel"
            f" {run.run_id}"
        ),
        _DOCTOR,
    ]
    return AlertMessage(
        subject=f"Sluice: {run.pipeline.name} {what}",
        email="\n\n".join(parts) + "\n",
        sms=text_message(f"Sluice: {run.pipeline.name} {what}: ", message.why, f" ({run.run_id[-20:]})"),
    )


def blocked(message: QueueBlocked, region: str) -> AlertMessage:
    """Return what is told of a queue whose first job cannot run."""
    words, job = (
        explain_blocked_queue(message.reason) or "AWS Batch cannot run the job at its head",
        message.name,
    )
    whose = (
        [f"Run:      {job.run_id}", f"Step:     {job.step}"]
        if job
        else [f"Job:      {message.job_name}, which is no run's"]
    )
    parts = [
        (
            f"The job queue {message.queue_name} is blocked: the job at its head cannot run, and what waits"
            " behind it does not either."
        ),
        f"Why:      {words} ({message.reason})",
        "\n".join([*whose, f"Job id:   {message.job_id}"]),
        (
            f"Where to look:\n  queue    {queue_link(region, message.queue)}\n  job     "
            f" {job_link(region, message.job_id)}"
        ),
        "Until the cause is mended, "
        + (f"`sluice cancel {job.run_id}` frees the queue. " if job else "end the job. ")
        + _DOCTOR,
    ]
    return AlertMessage(
        subject=f"Sluice: the queue {message.queue_name} is blocked",
        email="\n\n".join(parts) + "\n",
        sms=text_message(
            f"Sluice: queue {message.queue_name[:40]} is blocked: ",
            words,
            f" ({job.run_id[-20:]})" if job else "",
        ),
    )


def invalid(message: EnvironmentInvalid, region: str) -> AlertMessage:
    """Return what is told of a compute environment on which nothing can start."""
    parts = [
        f"The compute environment {message.environment} is INVALID: AWS Batch starts no machine in it.",
        f"Why:      {message.reason}",
        f"Where to look:\n  environments  {environments_link(region)}",
        "Most often a role, a subnet or a launch template was changed or deleted; deploying again restores"
        " what is Sluice's. " + _DOCTOR,
    ]
    return AlertMessage(
        subject=f"Sluice: the compute environment {message.environment[:40]} is invalid",
        email="\n\n".join(parts) + "\n",
        sms=text_message(
            f"Sluice: compute environment {message.environment[:40]} is INVALID: ", message.reason
        ),
    )
