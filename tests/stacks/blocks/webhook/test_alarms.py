"""The alarms of a webhook."""

from __future__ import annotations

from benchmarks import cost
from tests.stacks.templates import Template, text


def test_the_readme_counts_the_secrets_and_the_alarms(pipelines: Template) -> None:
    """They are what a webhook costs while nothing happens."""
    assert len(pipelines.of_type("AWS::SecretsManager::Secret")) == 1
    alarms = [name for name in pipelines.of_type("AWS::CloudWatch::Alarm") if not name.startswith("Grouping")]
    assert len(alarms) == cost.WEBHOOK_ALARMS


def test_a_request_that_could_not_be_taken_raises_an_alarm(pipelines: Template) -> None:
    """Its sender may not send it again; and no request fails when a secret was not rotated."""
    found = pipelines.of_type("AWS::CloudWatch::Alarm").items()
    alarms = {
        one["Properties"]["MetricName"]: one["Properties"]
        for name, one in found
        if not name.startswith("Grouping")
    }
    assert alarms.keys() == {"Url5xxCount", "Errors"}
    for alarm in alarms.values():
        assert (alarm["Threshold"], alarm["EvaluationPeriods"]) == (1, 1)
        assert "SluiceControl" in text(alarm["AlarmActions"][0])
