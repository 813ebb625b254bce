"""Checks whether the compute environments of Sluice's queues are valid: AWS Batch has no event for an invalid
one.

AWS Batch sends two kinds of events itself, of jobs and of blocked queues:
https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-batch.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from lambdas.consuming import logger
from sluice.aws.clients import client
from sluice.messages import EnvironmentInvalid
from sluice.settings import AdvanceSettings


def report_invalid_environments(settings: AdvanceSettings) -> bool:
    """Send a message for each environment that is INVALID; False when they could not be read. Two calls,
    whatever their number.
    """
    try:
        for environment in _environments(list(settings.queue_arns().values())):
            if environment.get("status") == "INVALID":
                message = EnvironmentInvalid(
                    environment=environment["computeEnvironmentName"],
                    reason=environment.get("statusReason") or "AWS Batch gave no reason",
                )
                client("sqs").send_message(QueueUrl=settings.alert_queue, MessageBody=message.to_json())
    except (ClientError, BotoCoreError) as error:
        logger.warning("The compute environments could not be read.", error=str(error))
        return False
    return True


def _environments(queues: list[str]) -> Iterator[Mapping[str, Any]]:
    """Yield the environments of job queues. At most three a queue, so that one page of 100 holds those of 33
    queues.

    https://docs.aws.amazon.com/batch/latest/APIReference/API_DescribeComputeEnvironments.html
    """
    batch = client("batch")
    found = batch.describe_job_queues(jobQueues=queues)["jobQueues"]
    arns = sorted(
        {one["computeEnvironment"] for queue in found for one in queue.get("computeEnvironmentOrder", ())}
    )
    for start in range(0, len(arns), 100):
        yield from batch.describe_compute_environments(computeEnvironments=arns[start : start + 100])[
            "computeEnvironments"
        ]
