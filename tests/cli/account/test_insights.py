"""Container Insights are a switch, for this Sluice's clusters alone."""

from __future__ import annotations

from typing import Any

import pytest

from cli.account.insights import switch_insights
from stacks.configuration import Configuration


class Batch:
    """Environments of two Sluices, one of which has no cluster yet."""

    pages: dict[str, Any] = {  # noqa: RUF012 - never changed
        "describe_job_queues": {
            "jobQueues": [
                {
                    "jobQueueName": f"{prefix}_normal",
                    "computeEnvironmentOrder": [{"order": 1, "computeEnvironment": f"arn:{prefix}"}],
                }
                for prefix in ("Sluice", "Other", "New")
            ]
        },
        "describe_compute_environments": {
            "computeEnvironments": [
                {"computeEnvironmentArn": "arn:Sluice", "ecsClusterArn": "cluster:Sluice"},
                {"computeEnvironmentArn": "arn:Other", "ecsClusterArn": "cluster:Other"},
                {"computeEnvironmentArn": "arn:New"},
            ]
        },
    }

    def get_paginator(self, operation_name: str) -> Any:
        """Return what reads the one page."""
        return type("Pages", (), {"paginate": lambda _: [self.pages[operation_name]]})()


class Ecs:
    """Notes the settings of clusters."""

    def __init__(self) -> None:
        self.settings: dict[str, Any] = {}

    def update_cluster_settings(self, **parameters: Any) -> None:
        """Note them."""
        self.settings[parameters["cluster"]] = parameters["settings"]


@pytest.mark.parametrize(("wanted", "value"), [(True, "enabled"), (False, "disabled")])
def test_the_switch_is_turned_for_the_clusters_of_this_sluice(wanted: bool, value: str) -> None:
    """On and off again."""
    ecs = Ecs()
    assert switch_insights(Batch(), ecs, Configuration(container_insights=wanted)) == ["cluster:Sluice"]
    assert ecs.settings == {"cluster:Sluice": [{"name": "containerInsights", "value": value}]}


def test_without_the_setting_clusters_stay_as_they_are() -> None:
    """And an environment that has no cluster yet is passed over."""
    ecs = Ecs()
    assert switch_insights(Batch(), ecs, Configuration()) == []
    assert switch_insights(Batch(), ecs, Configuration(stack_prefix="New", container_insights=True)) == []
    assert ecs.settings == {}
