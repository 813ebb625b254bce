"""A Fargate environment, which has no machines."""

from __future__ import annotations

from aws_cdk import aws_batch as batch
from constructs import Construct

from stacks.blocks.machines.network import Network


def fargate_environment(
    scope: Construct, construct_id: str, *, network: Network, max_vcpus: int, spot: bool
) -> batch.CfnComputeEnvironment:
    """Return an environment that gives each job a task of its own size; AWS may interrupt a spot task.

    It updates in place: https://docs.aws.amazon.com/batch/latest/userguide/updating-compute-environments.html
    """
    return batch.CfnComputeEnvironment(
        scope,
        construct_id,
        type="MANAGED",
        state="ENABLED",
        replace_compute_environment=False,
        compute_resources=batch.CfnComputeEnvironment.ComputeResourcesProperty(
            type="FARGATE_SPOT" if spot else "FARGATE",
            maxv_cpus=max_vcpus,
            subnets=list(network.subnet_ids),
            security_group_ids=list(network.group_ids),
        ),
    )
