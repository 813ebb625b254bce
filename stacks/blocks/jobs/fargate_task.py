"""The members of a job definition that only Fargate has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

from aws_cdk import aws_batch as batch

from stacks.configuration import Architecture

_Definition = batch.CfnJobDefinition
_CPUS = {Architecture.X86_64: "X86_64", Architecture.ARM64: "ARM64"}


class _ContainerMembers(TypedDict, total=False):
    network_configuration: batch.CfnJobDefinition.NetworkConfigurationProperty
    runtime_platform: batch.CfnJobDefinition.RuntimePlatformProperty
    ephemeral_storage: batch.CfnJobDefinition.EphemeralStorageProperty


@dataclass(frozen=True, slots=True, kw_only=True)
class FargateTask:
    """What a Fargate task needs besides its size: ``storage`` is in GiB, None for the 20 of every task."""

    architecture: Architecture
    public_address: bool
    """Whether it gets a public address: without one, a task in a public subnet could not pull its image."""
    storage: int | None = None

    def properties(self) -> _ContainerMembers:
        """Return the members of a container that are Fargate's:
        https://docs.aws.amazon.com/batch/latest/APIReference/API_ContainerProperties.html.
        """
        address = "ENABLED" if self.public_address else "DISABLED"
        members: _ContainerMembers = {
            "network_configuration": _Definition.NetworkConfigurationProperty(assign_public_ip=address),
            "runtime_platform": _Definition.RuntimePlatformProperty(
                cpu_architecture=_CPUS[self.architecture], operating_system_family="LINUX"
            ),
        }
        if self.storage is not None:
            members["ephemeral_storage"] = _Definition.EphemeralStorageProperty(size_in_gib=self.storage)
        return members
