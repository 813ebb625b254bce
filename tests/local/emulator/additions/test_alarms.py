"""Alarms on the number of messages in a queue."""

import time
import uuid

import pytest

from local.emulator.additions.alarms import QueueAlarm, QueueAlarms
from local.paths import LocalCloudPaths
from tests.local.server.test_cloud import client, messages_to

LIMIT_SECONDS = 120


@pytest.mark.parametrize(
    ("comparison", "visible", "state"),
    [
        ("GreaterThanOrEqualToThreshold", 2, "ALARM"),
        ("GreaterThanOrEqualToThreshold", 1, "OK"),
        ("GreaterThanThreshold", 2, "OK"),
        ("GreaterThanThreshold", 3, "ALARM"),
        ("LessThanThreshold", 1, "ALARM"),
        ("LessThanThreshold", 2, "OK"),
        ("LessThanOrEqualToThreshold", 2, "ALARM"),
        ("LessThanOrEqualToThreshold", 3, "OK"),
    ],
)
def test_the_state_follows_the_comparison(comparison: str, visible: int, state: str) -> None:
    """An alarm compares the visible messages with its threshold as it says."""
    assert QueueAlarm("alarm", "queue", comparison, 2, "OK", visible).due_state == state


def test_only_changes_are_set() -> None:
    """An alarm that is in the state that it should be in is left alone, so that no alert is sent twice."""
    alarms = [
        QueueAlarm(name, "q", "GreaterThanThreshold", 0, state, 1)
        for name, state in (("a", "ALARM"), ("b", "OK"))
    ]
    sent: list[tuple[str, str]] = []
    watch = QueueAlarms(lambda: alarms, lambda name, state, _: sent.append((name, state)))
    watch.close()
    sent.clear()
    watch.evaluate()
    assert sent == [("b", "ALARM")]


def test_a_message_in_a_dead_letter_queue_reaches_a_person(cloud: LocalCloudPaths) -> None:
    """One message in the watched queue, and none in another, sends one mail by the alarm's topic."""
    name = f"dead-{uuid.uuid4().hex[:8]}"
    sns, sqs, cloudwatch = (client(cloud, service) for service in ("sns", "sqs", "cloudwatch"))
    topic = sns.create_topic(Name=name)["TopicArn"]
    person = f"{name}@example.org"
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=person)
    urls = {queue: sqs.create_queue(QueueName=queue)["QueueUrl"] for queue in (name, f"{name}-other")}
    for queue in urls:
        cloudwatch.put_metric_alarm(
            AlarmName=queue,
            Namespace="AWS/SQS",
            MetricName="ApproximateNumberOfMessagesVisible",
            Dimensions=[{"Name": "QueueName", "Value": queue}],
            Statistic="Maximum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanOrEqualToThreshold",
            AlarmActions=[topic],
        )
    sqs.send_message(QueueUrl=urls[name], MessageBody="cannot be handled")
    deadline = time.monotonic() + LIMIT_SECONDS
    while not messages_to(cloud, person):
        assert time.monotonic() < deadline, "no mail came"
        time.sleep(0.05)
    assert [message["subject"] for message in messages_to(cloud, person)] == [f'ALARM: "{name}" in us-east-1']
    states = {
        alarm["AlarmName"]: alarm["StateValue"] for alarm in cloudwatch.describe_alarms()["MetricAlarms"]
    }
    assert (states[name], states[f"{name}-other"] == "ALARM") == ("ALARM", False)
