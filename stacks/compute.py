"""Where jobs run: a network, and the environments and queues that some pipeline names. They are empty while
idle.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from aws_cdk import CfnOutput, Fn, Stack
from aws_cdk import aws_batch as batch
from constructs import Construct

from sluice.compute import QueueKey
from sluice.pipeline.definition import Pipeline
from sluice.tags import PIPELINE
from stacks.account import tag
from stacks.blocks.machines.environments import Environments
from stacks.blocks.machines.job_queue import fair_share, job_queue
from stacks.blocks.machines.network import Network
from stacks.configuration import Configuration

# Where queues share an environment, the higher priority is scheduled first.
PRIORITIES: Mapping[str, int] = {"urgent": 100, "steady": 80, "normal": 50, "bulk": 10}


class ComputeStack(Stack):
    """A job queue for each key, with its compute environments; ``queues`` are the queues' ARNs by their keys.

    ``connect_nodes`` lets on-demand machines reach each other, for the nodes of multi-node jobs. ``owners``
    are the pipelines that have machines of their own.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        configuration: Configuration,
        queues: Collection[str],
        connect_nodes: bool = False,
        owners: Sequence[Pipeline] = (),
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            description="Sluice: where jobs run. Costs nothing while no job is queued, unless NAT is chosen.",
        )
        network = Network(self, "Network", configuration=configuration)
        self._network, self._configuration, self._connect_nodes = network, configuration, connect_nodes
        self._environments: dict[str, Environments] = {}
        self._owners = {str(one.name): one for one in owners}
        self._policy: batch.CfnSchedulingPolicy | None = None
        # A name of our own, so that a queue can be removed again: a stack that imports its ARN would keep it
        # for ever. A stack prefix has no underscore, so the names of another Sluice's queues begin
        # differently. See docs/decisions/0013-machines.md.
        self._prefix = f"{configuration.stack_prefix}_"
        self.queues = {key: self._queue(QueueKey.parse(key)) for key in sorted(queues)}
        self._add_outputs(network)

    def _queue(self, key: QueueKey) -> str:
        scope = self._scope(key.owner)
        name = "".join(word.capitalize() for word in str(replace(key, owner="")).split("-"))
        environments = self._environments_of(key.owner)
        queue = job_queue(
            scope,
            name,
            name=f"{self._prefix}{key}",
            priority=PRIORITIES[key.name],
            environments=[environments.of(one) for one in key.environments],
            policy=self._fair_share() if key.fair else None,
        )
        CfnOutput(scope, f"{name}Queue", value=queue.attr_job_queue_arn)
        return self.format_arn(service="batch", resource="job-queue", resource_name=f"{self._prefix}{key}")

    def _scope(self, owner: str) -> Construct:
        """Return where what only one pipeline's jobs use is made, or what all use."""
        if not owner:
            return self
        found = self.node.try_find_child(owner)
        if isinstance(found, Construct):
            return found
        scope = Construct(self, owner)
        tag(scope, self._own_tags(owner))
        return scope

    def _own_tags(self, owner: str) -> dict[str, str]:
        """Return the tags that only the machines of a pipeline have; a kept queue's pipeline may be gone."""
        pipeline = self._owners.get(owner)
        return {PIPELINE: owner, **(pipeline.tags if pipeline else {})} if owner else {}

    def _disk_of(self, owner: str) -> int:
        pipeline = self._owners.get(owner)
        return (pipeline and pipeline.disk) or self._configuration.disk_gib

    def _environments_of(self, owner: str) -> Environments:
        """Return the environments that all pipelines share, or those of one: with a launch template and a
        role of their own.
        """
        if owner not in self._environments:
            self._environments[owner] = Environments(
                self._scope(owner),
                "Machines",
                network=self._network,
                configuration=self._configuration,
                connect_nodes=self._connect_nodes,
                disk_gib=self._disk_of(owner),
                tags={**self._configuration.common_tags, **self._own_tags(owner)},
            )
        return self._environments[owner]

    def _fair_share(self) -> batch.CfnSchedulingPolicy:
        self._policy = self._policy or fair_share(self, "FairShare")
        return self._policy

    def _add_outputs(self, network: Network) -> None:
        """Output which network a file system or a user's own machine must be in to reach the jobs."""
        CfnOutput(self, "JobsVpc", value=network.vpc.vpc_id)
        CfnOutput(self, "JobsSubnets", value=Fn.join(",", network.subnet_ids))
        CfnOutput(self, "JobsSecurityGroup", value=",".join(network.group_ids))
        if template := self._environments_of("").own_machines_template:
            CfnOutput(self, "OwnMachinesLaunchTemplate", value=template)
