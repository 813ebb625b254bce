"""The limits of the pipelines as consumable resources: how many jobs may hold a scarce resource at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from aws_cdk import RemovalPolicy
from aws_cdk import aws_batch as batch
from constructs import Construct

from sluice.pipeline.definition import Limit, Pipeline


class Consumables(Construct):
    """A resource for each limit of any pipeline; limits that several pipelines declare alike are one."""

    def __init__(self, scope: Construct, construct_id: str, *, pipelines: Iterable[Pipeline]) -> None:
        super().__init__(scope, construct_id)
        declared = {limit.name: limit for pipeline in pipelines for limit in pipeline.limits}
        self._resources = {name: self._resource(limit) for name, limit in sorted(declared.items())}

    def needed(
        self, uses: Mapping[str, int]
    ) -> batch.CfnJobDefinition.ConsumableResourcePropertiesProperty | None:
        """Return the member of a job definition with the limits that its jobs hold, None for none.

        Source:
        https://docs.aws.amazon.com/batch/latest/userguide/resource-aware-scheduling-how-to-for-jobs.html
        """
        if not uses:
            return None
        requirements = [
            batch.CfnJobDefinition.ConsumableResourceRequirementProperty(
                consumable_resource=self._resources[name].attr_consumable_resource_arn, quantity=quantity
            )
            for name, quantity in sorted(uses.items())
        ]
        return batch.CfnJobDefinition.ConsumableResourcePropertiesProperty(
            consumable_resource_list=requirements
        )

    def arns_of(self, pipeline: Pipeline) -> list[str]:
        """Return the ARNs of a pipeline's limits: to submit its jobs needs a permission for them."""
        return [
            self._resources[name].attr_consumable_resource_arn
            for name in sorted(limit.name for limit in pipeline.limits)
        ]

    def _resource(self, limit: Limit) -> batch.CfnConsumableResource:
        """Return a limit's resource. Its quantity changes in place, also for runs in flight: it is the third
        party's, not the run's.

        A resource that no pipeline declares any more stays, because job definitions of runs in flight still
        name it. So it has no name of our own, which would be taken when the limit is declared again.
        """
        resource = batch.CfnConsumableResource(
            self, limit.name, resource_type="REPLENISHABLE", total_quantity=limit.max_concurrency
        )
        resource.apply_removal_policy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
        return resource
