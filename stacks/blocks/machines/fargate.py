"""Fargate: an environment without machines, and what a job definition says for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aws_cdk import aws_batch as batch
from constructs import Construct

from stacks.blocks.machines.network import Network
from stacks.configuration import Architecture

_CPUS = {Architecture.X86_64: "X86_64", Architecture.ARM64: "ARM64"}
_Definition = batch.CfnJobDefinition


def fargate_environment(
    scope: Construct, construct_id: str, *, network: Network, max_vcpus: int, spot: bool
) -> batch.CfnComputeEnvironment:
    """Return an environment that gives each job a task of its own size, which AWS may take back when it is a
    spot one.

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
            subnets=network.subnet_ids,
            security_group_ids=[network.no_way_in.security_group_id],
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FargateTask:
    """What a task of Fargate needs to be told besides its size: ``storage`` is in GiB, None for the 20 that
    it has anyway.
    """

    architecture: Architecture
    public_address: bool
    """Whether its subnets have no other way out: without an address it could not even pull its image."""
    storage: int | None = None

    def properties(self) -> dict[str, Any]:
        """Return them as members of a container:
        https://docs.aws.amazon.com/batch/latest/APIReference/API_ContainerProperties.html.
        """
        address = "ENABLED" if self.public_address else "DISABLED"
        told: dict[str, Any] = {
            "network_configuration": _Definition.NetworkConfigurationProperty(assign_public_ip=address),
            "runtime_platform": _Definition.RuntimePlatformProperty(
                cpu_architecture=_CPUS[self.architecture], operating_system_family="LINUX"
            ),
        }
        if self.storage is not None:
            told["ephemeral_storage"] = _Definition.EphemeralStorageProperty(size_in_gib=self.storage)
        return told
