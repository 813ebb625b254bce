"""Alerts that are sent before anything has failed: a run is late or has not started, a queue is blocked, a
compute environment is invalid. Pure.
"""

from __future__ import annotations

from sluice.alerts.alert_message import AlertMessage, text_message
from sluice.alerts.links import environments_link, job_link, queue_link
from sluice.alerts.queue_messages import QueueBlocked
from sluice.alerts.run_events import input_of
from sluice.messages import LATE, EnvironmentInvalid, RunDelayed
from sluice.run.reasons import explain_blocked_queue
from sluice.run.state import Run

_DOCTOR = "`sluice doctor` checks queues, machines, quotas and roles, and prints what to do."


def delayed(run: Run, message: RunDelayed) -> AlertMessage:
    """Return the alert of a run that is late or has not started."""
    what = "is late" if message.delay == LATE else "has not started"
    facts = [f"Run:      {run.run_id}", f"Input:    {input_of(run.trigger)}", f"Began:    {run.created_at}"]
    parts = [
        f"A run of the pipeline {run.pipeline.name} {what}.",
        f"Why:      {message.why}",
        "\n".join(facts),
        (
            "Nothing was stopped. Look at the run, or cancel it:\n"
            f"  sluice show {run.run_id}\n  sluice cancel {run.run_id}"
        ),
        _DOCTOR,
    ]
    return AlertMessage(
        subject=f"Sluice: {run.pipeline.name} {what}",
        email="\n\n".join(parts) + "\n",
        sms=text_message(f"Sluice: {run.pipeline.name} {what}: ", message.why, f" ({run.run_id[-20:]})"),
    )


def blocked(message: QueueBlocked, region: str) -> AlertMessage:
    """Return the alert of a queue whose first job cannot run."""
    job = message.name
    explanation = explain_blocked_queue(message.reason) or "AWS Batch cannot run the job at its head"
    facts = (
        [f"Run:      {job.run_id}", f"Step:     {job.step}"]
        if job
        else [f"Job:      {message.job_name}, which belongs to no run"]
    )
    parts = [
        (
            f"The job queue {message.queue_name} is blocked: the job at its head cannot run, and the jobs"
            " after it have to wait."
        ),
        f"Why:      {explanation} ({message.reason})",
        "\n".join([*facts, f"Job id:   {message.job_id}"]),
        (
            f"Where to look:\n  queue    {queue_link(region, message.queue)}\n  job     "
            f" {job_link(region, message.job_id)}"
        ),
        "Until the cause is fixed, "
        + (f"`sluice cancel {job.run_id}` unblocks the queue. " if job else "terminate the job. ")
        + _DOCTOR,
    ]
    return AlertMessage(
        subject=f"Sluice: the queue {message.queue_name} is blocked",
        email="\n\n".join(parts) + "\n",
        sms=text_message(
            f"Sluice: queue {message.queue_name[:40]} is blocked: ",
            explanation,
            f" ({job.run_id[-20:]})" if job else "",
        ),
    )


def invalid(message: EnvironmentInvalid, region: str) -> AlertMessage:
    """Return the alert of a compute environment on which nothing can start."""
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
