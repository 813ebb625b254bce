"""Reads a queue for every Lambda: handles each message, reports failed ones, sets malformed ones aside."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import Metrics, MetricUnit
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response

from sluice.aws.clients import client
from sluice.errors import MalformedMessageError

logger = Logger()
metrics = Metrics(namespace="Sluice", service=os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "sluice"))


def count(name: str, number: int = 1) -> None:
    """Add to a metric of the namespace Sluice; after the messages are handled, the metrics are written to the
    log in CloudWatch's embedded format.
    """
    metrics.add_metric(name=name, unit=MetricUnit.Count, value=number)


def measure(name: str, seconds: float) -> None:
    """Add a duration to a metric of the namespace Sluice."""
    metrics.add_metric(name=name, unit=MetricUnit.Seconds, value=seconds)


def consume(
    event: dict[str, Any], context: Any, handle: Callable[[str], None], dead_letter_queue: str
) -> dict[str, Any]:
    """Call ``handle`` with the body of each message, and return the partial batch response.

    A message whose handling raises comes again, and ends in the dead-letter queue when it keeps failing. One
    that is malformed can never succeed: it is sent there at once, with the reason as its attribute
    ``reason``.
    """

    def handle_record(record: dict[str, Any]) -> None:
        try:
            handle(record["body"])
        except MalformedMessageError as error:
            set_aside(record["body"], str(error), dead_letter_queue)
        except Exception:
            logger.exception("A message was not handled; it will come again.", message_id=record["messageId"])
            raise

    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
    try:
        return dict(process_partial_response(event, handle_record, processor, context))
    finally:
        flush_counts()


def flush_counts() -> None:
    """Write the metrics to the log."""
    if metrics.metric_set:
        metrics.flush_metrics()


def set_aside(body: str, reason: str, queue: str) -> None:
    """Send a message that can never be handled to the dead-letter queue, with the reason as its attribute
    ``reason``.
    """
    count("MessagesSetAside")
    logger.error("A malformed message was set aside.", reason=reason, queue=queue)
    attributes = {
        "reason": {"DataType": "String", "StringValue": reason[:1024]},
        "function": _function_name(),
    }
    client("sqs").send_message(QueueUrl=queue, MessageBody=body, MessageAttributes=attributes)


def _function_name() -> dict[str, str]:
    return {"DataType": "String", "StringValue": os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "unknown")}
