"""The limits of the pipelines as consumable resources: how many jobs may hold a scarce thing at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from aws_cdk import RemovalPolicy
from aws_cdk import aws_batch as batch
from constructs import Construct

from sluice.pipeline.definition import Limit, Pipeline


class Consumables(Construct):
    """A resource for each limit, whichever pipelines declare it; what they declare equally is one limit."""

    def __init__(self, scope: Construct, construct_id: str, *, pipelines: Iterable[Pipeline]) -> None:
        super().__init__(scope, construct_id)
        declared = {limit.name: limit for pipeline in pipelines for limit in pipeline.limits}
        self._resources = {name: self._resource(limit) for name, limit in sorted(declared.items())}

    def needed(
        self, uses: Mapping[str, int]
    ) -> batch.CfnJobDefinition.ConsumableResourcePropertiesProperty | None:
        """Return what a job definition says of the limits that its jobs hold, None for none.

        Source:
        https://docs.aws.amazon.com/batch/latest/userguide/resource-aware-scheduling-how-to-for-jobs.html
        """
        if not uses:
            return None
        held = [
            batch.CfnJobDefinition.ConsumableResourceRequirementProperty(
                consumable_resource=self._resources[name].attr_consumable_resource_arn, quantity=quantity
            )
            for name, quantity in sorted(uses.items())
        ]
        return batch.CfnJobDefinition.ConsumableResourcePropertiesProperty(consumable_resource_list=held)

    def _resource(self, limit: Limit) -> batch.CfnConsumableResource:
        """Return a limit's resource. Its number changes in place, also for runs under way: it is the third
        party's, not the run's.

        One that no pipeline declares any more stays, because job definitions of runs under way still name it.
        So it has no name of our own, which would be taken when the limit is declared again.
        """
        resource = batch.CfnConsumableResource(
            self, limit.name, resource_type="REPLENISHABLE", total_quantity=limit.max_concurrency
        )
        resource.apply_removal_policy(RemovalPolicy.RETAIN)
        return resource
