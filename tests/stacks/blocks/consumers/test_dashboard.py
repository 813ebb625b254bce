"""The dashboard costs nothing beside two others."""

from __future__ import annotations

import json
import re

from tests.stacks.templates import Template, text


def test_the_dashboard_has_no_more_metrics_than_a_free_one(control: Template) -> None:
    """50, and every consumer's queue and function is on it."""
    [board] = control.properties("AWS::CloudWatch::Dashboard")
    body = text(board["DashboardBody"])
    widgets = json.loads(re.sub(r"<[^<>]*>", "x", body))["widgets"]
    metrics = [metric for widget in widgets for metric in widget["properties"]["metrics"] if len(metric) > 1]
    assert 30 <= len(metrics) <= 50
    assert {metric[1] for metric in metrics if metric[0] == "Sluice"} == {
        *("RunsStarted", "RunsSucceeded", "RunsFailed", "RunSeconds", "JobsSucceeded", "JobsFailed"),
        *("ItemsFound", "QueueWaitSeconds", "AlertsSent"),
    }
