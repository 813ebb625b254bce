"""Where jobs run: a network, a spot and an on-demand environment that are empty while idle, and four queues before them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from aws_cdk import CfnOutput, Stack
from constructs import Construct

from sluice.pipeline import QueueName
from stacks.blocks.job_queue import job_queue
from stacks.blocks.machines import Machines
from stacks.blocks.network import Network
from stacks.configuration import Configuration

# Higher goes first where queues share an environment.
PRIORITIES: Mapping[str, int] = {"urgent": 100, "steady": 80, "normal": 50, "bulk": 10}


class ComputeStack(Stack):
    """A queue offers its jobs to spot machines first and to on-demand ones second; ``steady`` only to those that AWS never takes back.

    ``nodes_talk`` lets those reach each other, for the nodes of multi-node jobs.
    """

    def __init__(self, scope: Construct, construct_id: str, *, configuration: Configuration, nodes_talk: bool = False) -> None:
        super().__init__(
            scope, construct_id, description="Sluice: where jobs run. Costs nothing while no job is queued, unless NAT is chosen."
        )
        network = Network(self, "Network", nat=configuration.nat)
        machines = Machines(self, "Machines", network=network, instance_types=configuration.machines)
        spot = machines.spot("Spot", max_vcpus=configuration.max_vcpus_spot)
        on_demand = machines.on_demand("OnDemand", max_vcpus=configuration.max_vcpus_on_demand, talk=nodes_talk)
        self.queues: dict[str, str] = {}
        for name in get_args(QueueName):
            environments = [on_demand] if name == "steady" else [spot, on_demand]
            queue = job_queue(self, name.capitalize(), priority=PRIORITIES[name], environments=environments)
            self.queues[name] = queue.attr_job_queue_arn
            CfnOutput(self, f"{name.capitalize()}Queue", value=queue.attr_job_queue_arn)
