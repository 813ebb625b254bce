"""What is told: the lines of logs, e-mails and text messages, and alarms."""

import time
from collections.abc import Callable, Iterable
from typing import Any

from ministack.services import (
    cloudwatch,
    cloudwatch_logs,
    sns,
    sqs,
)

from local.emulator.additions.alarms import COMPARISONS, QueueAlarm
from local.emulator.additions.mailbox import Message
from local.emulator.services import scope
from local.paths import ACCOUNT, REGION

VISIBLE = "ApproximateNumberOfMessagesVisible"


def put_logs(group: str, stream: str, lines: Iterable[tuple[int, str]]) -> None:
    """Append lines, each with its time in milliseconds, to a log stream.

    The stream and its group are made when they are missing: a task's log driver does that on AWS.
    """
    events = [{"timestamp": at, "message": text} for at, text in lines]
    named = {"logGroupName": group, "logStreamName": stream}
    with scope():
        cloudwatch_logs._create_log_group(named)
        cloudwatch_logs._create_log_stream(named)
        cloudwatch_logs._put_log_events({**named, "logEvents": events})


def capture_messages(deliver: Callable[[Message], None]) -> None:
    """Hand to `deliver` every message that SNS would send to a person: e-mail and SMS subscriptions.

    ministack delivers to queues, functions and URLs, and only logs these two.
    """
    fanout = sns._fanout

    def fan_out(
        topic: str, message_id: str, text: str, subject: str, structure: str = "", *more: Any, **named: Any
    ) -> None:
        attributes = more[0] if more else named.get("message_attributes")
        for subscription in sns._topic_by_arn_any_scope(topic)["subscriptions"]:
            message = _message(subscription, text, subject, structure, attributes or {})
            if message:
                deliver(message)
        fanout(topic, message_id, text, subject, structure, *more, **named)

    sns._fanout = fan_out


def _message(
    subscription: dict[str, Any], text: str, subject: str, structure: str, attributes: dict[str, Any]
) -> Message | None:
    """Return what a subscriber gets, or None if it is no person or its filter passes the message over."""
    protocol = subscription["protocol"]
    body = sns._resolve_message_for_protocol(text, structure, protocol)
    if protocol not in ("email", "sms") or not sns._matches_filter_policy(subscription, attributes, body):
        return None
    return Message.now(protocol, subscription["endpoint"], subject if protocol == "email" else "", body)


def queue_alarms() -> list[QueueAlarm]:
    """Return the alarms on the number of visible messages of a queue."""
    with scope():
        alarms = [
            alarm
            for alarm in cloudwatch._alarms.values()
            if alarm.get("MetricName") == VISIBLE and alarm["ComparisonOperator"] in COMPARISONS
        ]
        return [_queue_alarm(alarm) for alarm in alarms]


def _queue_alarm(alarm: dict[str, Any]) -> QueueAlarm:
    queue = next(
        (found["Value"] for found in alarm.get("Dimensions") or () if found["Name"] == "QueueName"), ""
    )
    stored = sqs._queue_by_arn(f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}") or {"messages": []}
    now = time.time()
    visible = sum(message["visible_at"] <= now for message in list(stored["messages"]))
    comparison, threshold = alarm["ComparisonOperator"], float(alarm["Threshold"])
    return QueueAlarm(alarm["AlarmName"], queue, comparison, threshold, alarm["StateValue"], visible)


def set_alarm(name: str, state: str, reason: str) -> None:
    """Set an alarm's state, and do what the alarm does on it."""
    with scope():
        wanted = {"AlarmName": name, "StateValue": state, "StateReason": reason}
        cloudwatch._set_alarm_state({}, wanted, is_cbor=False, is_json=True)
