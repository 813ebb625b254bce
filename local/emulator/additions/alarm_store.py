"""Lacking: metrics of queues. This reads the alarms that ministack stores, and sets their states."""

import time
from typing import Any

from ministack.services import (
    cloudwatch,
    sqs,
)

from local.emulator.additions.alarms import COMPARISONS, QueueAlarm
from local.emulator.services import scope
from local.paths import ACCOUNT, REGION

VISIBLE = "ApproximateNumberOfMessagesVisible"


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
