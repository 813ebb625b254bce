"""Where jobs run: a network, and the environments and queues that some pipeline names. They are empty while
idle.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from aws_cdk import CfnOutput, Fn, Stack
from aws_cdk import aws_batch as batch
from constructs import Construct

from sluice.compute import QueueKey
from stacks.blocks.machines.environments import Environments
from stacks.blocks.machines.job_queue import fair_share, job_queue
from stacks.blocks.machines.network import Network
from stacks.configuration import Configuration

# Where queues share an environment, the higher priority is scheduled first.
PRIORITIES: Mapping[str, int] = {"urgent": 100, "steady": 80, "normal": 50, "bulk": 10}


class ComputeStack(Stack):
    """A job queue for each key, with its compute environments; ``queues`` are the queues' ARNs by their keys.

    ``connect_nodes`` lets on-demand machines reach each other, for the nodes of multi-node jobs.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        configuration: Configuration,
        queues: Collection[str],
        connect_nodes: bool = False,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            description="Sluice: where jobs run. Costs nothing while no job is queued, unless NAT is chosen.",
        )
        network = Network(self, "Network", nat=configuration.nat)
        self._environments = Environments(
            self, "Machines", network=network, configuration=configuration, connect_nodes=connect_nodes
        )
        self._policy: batch.CfnSchedulingPolicy | None = None
        # A name of our own, so that a queue can be removed again: a stack that imports its ARN would keep it
        # for ever. A stack prefix has no underscore, so the names of another Sluice's queues begin
        # differently. See docs/decisions/0013-machines.md.
        self._prefix = f"{configuration.stack_prefix}_"
        self.queues = {key: self._queue(QueueKey.parse(key)) for key in sorted(queues)}
        self._add_outputs(network)

    def _queue(self, key: QueueKey) -> str:
        name = "".join(word.capitalize() for word in str(key).split("-"))
        queue = job_queue(
            self,
            name,
            name=f"{self._prefix}{key}",
            priority=PRIORITIES[key.name],
            environments=[self._environments.of(one) for one in key.environments],
            policy=self._fair_share() if key.fair else None,
        )
        CfnOutput(self, f"{name}Queue", value=queue.attr_job_queue_arn)
        return self.format_arn(service="batch", resource="job-queue", resource_name=f"{self._prefix}{key}")

    def _fair_share(self) -> batch.CfnSchedulingPolicy:
        self._policy = self._policy or fair_share(self, "FairShare")
        return self._policy

    def _add_outputs(self, network: Network) -> None:
        """Output which network a file system or a user's own machine must be in to reach the jobs."""
        CfnOutput(self, "JobsVpc", value=network.vpc.vpc_id)
        CfnOutput(self, "JobsSubnets", value=Fn.join(",", network.subnet_ids))
        CfnOutput(self, "JobsSecurityGroup", value=network.no_ingress.security_group_id)
        if template := self._environments.own_machines_template:
            CfnOutput(self, "OwnMachinesLaunchTemplate", value=template)
