"""The alarms of a consumer publish alerts."""

from __future__ import annotations

import pytest

from tests.stacks.templates import STAGES, Template, one_of, text


@pytest.mark.parametrize("stage", STAGES)
def test_a_message_that_is_set_aside_raises_an_alarm(control: Template, stage: str) -> None:
    """One message in the dead-letter queue is published on the alert topic within a minute."""
    alarm = one_of(control, "AWS::CloudWatch::Alarm", f"{stage}Alarm")
    assert [text(one["Value"]) for one in alarm["Dimensions"]] == [
        next(
            f"<{name}.QueueName>"
            for name in control.of_type("AWS::SQS::Queue")
            if name.startswith(f"{stage}DeadLetters")
        )
    ]
    assert (alarm["Threshold"], alarm["EvaluationPeriods"], alarm["Period"]) == (1, 1, 60)
    assert [text(one)[:7] for one in alarm["AlarmActions"]] == ["<Alerts", "<Alerts"]


def test_each_consumer_has_its_alarms_that_publish_alerts(control: Template) -> None:
    """Messages set aside, and messages that wait: a failing function ends in one of them; and for what starts
    runs, messages that are tried again. Alerts that are tried again are told of by their age, once.
    """
    alarms = control.properties("AWS::CloudWatch::Alarm")
    metrics = sorted(alarm["MetricName"] for alarm in alarms)
    kinds = ["ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible"]
    assert metrics == sorted([*(kind for kind in kinds for _ in range(4)), kinds[1]])
    assert {text(action) for alarm in alarms for action in alarm["AlarmActions"]} == {
        f"<{name}>" for name in control.of_type("AWS::SNS::Topic") if name.startswith("Alerts")
    }
    assert all(alarm["TreatMissingData"] == "notBreaching" for alarm in alarms)
