"""Container Insights of the clusters of AWS Batch's environments: CloudFormation has no word for it.

Source: https://docs.aws.amazon.com/batch/latest/userguide/cloudwatch-container-insights.html
"""

from __future__ import annotations

from typing import Any, Protocol

from cli.account.own_queues import Listing, environments_of, queues_of
from stacks.configuration import Configuration


class Ecs(Protocol):
    """The client of Amazon ECS."""

    def update_cluster_settings(self, **parameters: Any) -> Any:
        """Change the settings of a cluster."""
        ...


def switch_insights(batch: Listing, ecs: Ecs, configuration: Configuration) -> list[str]:
    """Switch Container Insights on or off for the clusters of this Sluice's environments, and return these;
    none where the configuration does not say.
    """
    if configuration.container_insights is None:
        return []
    value = "enabled" if configuration.container_insights else "disabled"
    clusters = _clusters(batch, configuration.stack_prefix)
    for cluster in clusters:
        settings = [{"name": "containerInsights", "value": value}]
        ecs.update_cluster_settings(cluster=cluster, settings=settings)
    return clusters


def _clusters(batch: Listing, stack_prefix: str) -> list[str]:
    environments = environments_of(batch, queues_of(batch, f"{stack_prefix}_"))
    return sorted(one["ecsClusterArn"] for one in environments if one.get("ecsClusterArn"))
