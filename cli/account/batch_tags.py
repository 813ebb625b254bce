"""The tags of AWS Batch's queues, environments and policies: CloudFormation would replace an environment for
a changed one, so they are set when a deploy is over.

https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/2463
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from cli.account.own_queues import Listing, environments_of, queues_of
from sluice.compute import QueueKey
from sluice.pipeline.definition import Pipeline
from sluice.tags import PIPELINE
from stacks.configuration import Configuration


class Batch(Listing, Protocol):
    """The client of AWS Batch."""

    def tag_resource(self, **parameters: Any) -> Any:
        """Tag a resource."""
        ...


def tag_batch_resources(
    batch: Batch, configuration: Configuration, pipelines: Iterable[Pipeline] = ()
) -> list[str]:
    """Give the queues of this Sluice, their environments and policies the tags of the deploy that they lack,
    and return the ARNs of those that lacked some. What only one of the pipelines has gets its tags too.

    Tags that others set stay, and so do those of an earlier deploy.
    """
    own = {str(one.name): one.tags for one in pipelines}
    changed = []
    for arn, tags, owner in _resources(batch, f"{configuration.stack_prefix}_"):
        asked = configuration.common_tags | ({PIPELINE: owner, **own.get(owner, {})} if owner else {})
        if missing := {key: value for key, value in asked.items() if tags.get(key) != value}:
            batch.tag_resource(resourceArn=arn, tags=missing)
            changed.append(arn)
    return changed


def _resources(batch: Batch, beginning: str) -> Iterator[tuple[str, Mapping[str, str], str]]:
    """Yield the ARN, the tags and the owner of each: the pipeline that has it alone, or nobody."""
    queues = queues_of(batch, beginning)
    owners: dict[str, str] = {}
    for queue in queues:
        owner = QueueKey.parse(queue["jobQueueName"].removeprefix(beginning)).owner
        used = {one["computeEnvironment"]: owner for one in queue["computeEnvironmentOrder"]}
        owners |= used
        yield queue["jobQueueArn"], queue.get("tags") or {}, owner
    for environment in environments_of(batch, queues):
        arn = environment["computeEnvironmentArn"]
        yield arn, environment.get("tags") or {}, owners[arn]
    policies = {queue.get("schedulingPolicyArn") for queue in queues}
    yield from ((arn, {}, "") for arn in sorted(filter(None, policies)))
