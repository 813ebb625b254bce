"""Alerts that are sent before anything has failed: a run is late or has not started, a queue is blocked, a
compute environment is invalid. Pure.
"""

from __future__ import annotations

from sluice.alerts.alert_message import (
    INPUT_CHARACTERS,
    WHY_CHARACTERS,
    AlertMessage,
    cut,
    in_brief,
    text_message,
)
from sluice.alerts.links import environments_link, job_link, queue_link
from sluice.alerts.queue_messages import QueueBlocked
from sluice.alerts.run_events import input_of
from sluice.messages import LATE, EnvironmentInvalid, RunDelayed
from sluice.run.reasons import explain_blocked_queue
from sluice.run.state import Run
from sluice.visible import visible

_DOCTOR = "`sluice doctor` checks queues, machines, quotas and roles, and prints what to do."


def delayed(run: Run, message: RunDelayed) -> AlertMessage:
    """Return the alert of a run that is late or has not started."""
    what = "is late" if message.delay == LATE else "has not started"
    whole, first = (
        f"`sluice show {run.run_id}` says more",
        f"A run of the pipeline {run.pipeline.name} {what}.",
    )
    facts = [
        f"Run:      {run.run_id}",
        f"Input:    {cut(visible(input_of(run.trigger)), INPUT_CHARACTERS, whole)}",
        f"Began:    {run.created_at}",
    ]
    parts = [
        first,
        f"Why:      {cut(visible(message.why), WHY_CHARACTERS, whole)}",
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
        brief=in_brief(first, facts[:1], visible(message.why), f"{whole}."),
    )


def blocked(message: QueueBlocked, region: str) -> AlertMessage:
    """Return the alert of a queue whose first job cannot run."""
    job = message.name
    explanation = explain_blocked_queue(message.reason) or "AWS Batch cannot run the job at its head"
    facts = (
        [f"Run:      {job.run_id}", f"Step:     {job.step}"]
        if job
        else [f"Job:      {visible(message.job_name)[:INPUT_CHARACTERS]}, which belongs to no run"]
    )
    first = (
        f"The job queue {message.queue_name} is blocked: the job at its head cannot run, and the jobs"
        " after it have to wait."
    )
    why = f"{explanation} ({visible(message.reason)})"
    parts = [
        first,
        f"Why:      {cut(why, WHY_CHARACTERS, 'the page of the job has it all')}",
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
        brief=in_brief(first, facts, why, _DOCTOR),
    )


def invalid(message: EnvironmentInvalid, region: str) -> AlertMessage:
    """Return the alert of a compute environment on which nothing can start."""
    first = f"The compute environment {message.environment} is INVALID: AWS Batch starts no machine in it."
    parts = [
        first,
        f"Why:      {cut(visible(message.reason), WHY_CHARACTERS, 'the console has it all')}",
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
        brief=in_brief(first, (), visible(message.reason), _DOCTOR),
    )
