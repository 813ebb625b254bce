"""What every alarm has."""

from __future__ import annotations

from pathlib import Path

from aws_cdk import App, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sns as sns

from stacks.blocks.monitoring.alarm import PERIOD, alarm
from tests.stacks.templates import Template


def test_one_value_at_the_threshold_publishes_on_the_topic_and_missing_data_does_not() -> None:
    """An idle metric has no data, and must not raise an alarm."""
    app = App()
    stack = Stack(app, "Stack")
    metric = cloudwatch.Metric(namespace="Sluice", metric_name="Failures", period=PERIOD)
    alarm(stack, "Alarm", sns.Topic(stack, "Alerts"), description="It failed.", metric=metric, threshold=3)
    artifact = app.synth().get_stack_by_name("Stack")
    template = Template(Path(), artifact.template)
    (found,) = template.properties("AWS::CloudWatch::Alarm")
    (topic,) = template.of_type("AWS::SNS::Topic")
    assert (found["Threshold"], found["EvaluationPeriods"], found["Period"]) == (3, 1, 300)
    assert found["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"
    assert found["TreatMissingData"] == "notBreaching"
    assert found["AlarmActions"] == [{"Ref": topic}]
