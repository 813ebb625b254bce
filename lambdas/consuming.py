"""Reads a queue for every Lambda: handles each message, reports failed ones, sets malformed ones aside."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.metrics import Metrics, MetricUnit
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response

from lambdas.log_lines import new_logger
from lambdas.retries import has_failed_for_good
from sluice.aws.clients import client
from sluice.errors import MalformedMessageError
from sluice.visible import visible

logger = new_logger()
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

    A message whose handling raises comes again. One that keeps failing by itself is sent to the dead-letter
    queue the last time, and one that is malformed at once, each with the reason as its attribute ``reason``.
    """

    def handle_record(record: dict[str, Any]) -> None:
        try:
            handle(record["body"])
        except MalformedMessageError as error:
            set_aside(record["body"], str(error), dead_letter_queue)
        except Exception as error:
            logger.exception("A message was not handled.", message_id=record["messageId"])
            if not has_failed_for_good(error, record):
                raise
            set_aside(record["body"], f"{type(error).__name__}: {error}", dead_letter_queue)

    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
    try:
        return dict(process_partial_response(event, handle_record, processor, context))
    finally:
        flush_counts()


def sent_at(record: Mapping[str, Any]) -> datetime | None:
    """Return when a message was sent to the queue, None when the queue does not say."""
    milliseconds = (record.get("attributes") or {}).get("SentTimestamp")
    return datetime.fromtimestamp(int(milliseconds) / 1000, UTC) if milliseconds else None


def flush_counts() -> None:
    """Write the metrics to the log."""
    if metrics.metric_set:
        metrics.flush_metrics()


def set_aside(body: str, reason: str, queue: str) -> None:
    """Send a message that can never be handled to the dead-letter queue, with the reason as its attribute
    ``reason``. An attribute must hold no control characters:
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
    """
    count("MessagesSetAside")
    logger.error("A message was set aside.", reason=reason, queue=queue)
    attributes = {
        "reason": {"DataType": "String", "StringValue": visible(reason)[:1024]},
        "function": _function_name(),
    }
    client("sqs").send_message(QueueUrl=queue, MessageBody=body, MessageAttributes=attributes)


def _function_name() -> dict[str, str]:
    return {"DataType": "String", "StringValue": os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "unknown")}
