"""The job definition of a multi-node parallel job: what runs on which of its nodes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import aws_batch as batch
from constructs import Construct

from stacks.blocks.jobs.container import ContainerSpec, Identity, container
from stacks.blocks.jobs.definition_names import DefinitionNames
from stacks.blocks.jobs.job_definition import registered

MAIN_NODE = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Nodes:
    """A group of nodes: their range in AWS Batch's form, such as ``1:3``, and what each node runs."""

    range: str
    count: int
    spec: ContainerSpec


def multi_node_definition(
    scope: Construct,
    step: str,
    *,
    pipeline: str,
    groups: Sequence[Nodes],
    instance_type: str | None,
    identity: Identity,
    names: DefinitionNames,
) -> str:
    """Add a job definition of nodes and return its name, which carries the hash of its content.

    Attempts and time-out are the main node's: its failure is the job's failure, and the time-out is for the
    job as a whole. Source:
    https://docs.aws.amazon.com/batch/latest/userguide/multi-node-parallel-jobs.html
    """
    ranges = [
        batch.CfnJobDefinition.NodeRangePropertyProperty(
            target_nodes=group.range,
            container=container(group.spec, identity, stream=f"{pipeline}-{step}"),
            # One, and the same for all:
            # https://docs.aws.amazon.com/batch/latest/APIReference/API_NodeRangeProperty.html
            instance_types=[instance_type] if instance_type else None,
        )
        for group in groups
    ]
    nodes = batch.CfnJobDefinition.NodePropertiesProperty(
        main_node=MAIN_NODE, num_nodes=sum(group.count for group in groups), node_range_properties=ranges
    )
    return registered(
        scope,
        step,
        pipeline=pipeline,
        spec=groups[0].spec,
        names=names,
        type="multinode",
        node_properties=nodes,
    )
