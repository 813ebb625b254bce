"""Waits before a blocked queue is an alert: Batch reports a misconfiguration for minutes while the first
machine that fits boots.

Source: https://github.com/nextflow-io/nextflow/issues/7479
"""

from __future__ import annotations

from dataclasses import replace

from lambdas.consuming import logger
from sluice.alerts.queue_messages import QueueBlocked
from sluice.aws.batch_jobs import describe_jobs
from sluice.aws.clients import client
from sluice.run.reasons import explain_blocked_queue

LOOKS_AGAIN_AFTER_SECONDS = 600
"""SQS delays a message by 15 minutes at most:
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-timers.html
"""
MAX_LOOKS = 3
"""So often Batch is asked about a job that waits without a reason; then there is an alert all the same."""


def confirm_blocked(message: QueueBlocked, alert_queue: str) -> QueueBlocked | None:
    """Return the message with Batch's reason of now when its job still blocks the queue; None when it does
    not, or when that is looked at again later.
    """
    if message.looked == 0:
        _look_later(message, alert_queue)
        return None
    job = next(describe_jobs(client("batch"), [message.job_id]), None)
    if job is None or job["status"] != "RUNNABLE":
        logger.info("The queue is blocked no more.", queue=message.queue, job=message.job_id)
        return None
    reason = str(job.get("statusReason") or "")
    if explain_blocked_queue(reason) is not None:
        return replace(message, reason=reason)
    if message.looked >= MAX_LOOKS:
        return message
    _look_later(message, alert_queue)
    return None


def _look_later(message: QueueBlocked, alert_queue: str) -> None:
    again = replace(message, looked=message.looked + 1)
    client("sqs").send_message(
        QueueUrl=alert_queue, MessageBody=again.to_json(), DelaySeconds=LOOKS_AGAIN_AFTER_SECONDS
    )
    logger.info(
        "A queue is reported blocked; to be looked at again.", queue=message.queue, job=message.job_id
    )
