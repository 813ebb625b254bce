"""Checks whether a deploy's settings give the pipelines what they need: the one check of files and settings
together.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sluice.compute import Compute, QueueKey
from sluice.errors import Mistake
from sluice.pipeline.definition import MultiNode, Pipeline, Step
from sluice.pipeline.validation.steps.nodes import nodes_of

NAT = "nat"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """What the settings of a deploy give to its pipelines."""

    nat: bool
    max_vcpus_on_demand: int
    instance_types: tuple[str, ...]
    """Types and families; empty: those that AWS Batch keeps current."""
    max_vcpus: Mapping[str, int] = field(default_factory=dict)
    """The most vCPUs that one job may have, by the compute environments that have a maximum."""

    def max_vcpus_in(self, queue: QueueKey) -> int | None:
        """Return the most vCPUs that one job may have in a queue, None where that is not known."""
        found = [self.max_vcpus.get(name) for name in queue.environments]
        known = [one for one in found if one is not None]
        return max(known) if known and len(known) == len(found) else None

    def leaves_out(self, pipeline: Pipeline) -> bool:
        """Return whether a pipeline that asks for it is left out of this deploy."""
        return pipeline.only_with == NAT and not self.nat


def check_offered(pipelines: Mapping[str, Pipeline], offered: Offered) -> Iterator[Mistake]:
    """Yield what valid pipelines, by their files, need and this deploy does not offer."""
    for source, pipeline in pipelines.items():
        if offered.leaves_out(pipeline):
            continue
        for step in pipeline.steps:
            where = f"{source}: steps[{step.name!r}]"
            yield from _check_size(where, step, offered)
            if isinstance(step, MultiNode):
                yield from _check(where, step, offered)


def _check_size(where: str, step: Step, offered: Offered) -> Iterator[Mistake]:
    """Yield a job that no environment of its queue can ever run: AWS Batch would leave it in RUNNABLE."""
    queue = QueueKey(step.queue, Compute.of(step.compute))
    most = offered.max_vcpus_in(queue)
    if most is not None and step.vcpus > most:
        settings = " and ".join(f"SLUICE_{one}" for one in _SETTINGS[queue.compute])
        fix = f"Lower it, or deploy with other {settings}: docs/settings.md."
        yield Mistake(f"{where}.vcpus", f"at most {most}, which its machines have", f"{step.vcpus:g}", fix)


_SETTINGS: Mapping[Compute, tuple[str, ...]] = {
    Compute.SPOT: ("MAX_VCPUS_SPOT", "INSTANCE_TYPES"),
    Compute.ON_DEMAND: ("MAX_VCPUS_ON_DEMAND", "INSTANCE_TYPES"),
    Compute.FARGATE: ("MAX_VCPUS_FARGATE",),
    Compute.FARGATE_SPOT: ("MAX_VCPUS_FARGATE",),
    Compute.GPU: ("MAX_VCPUS_GPU", "GPU_INSTANCE_TYPES"),
    Compute.ARM: ("MAX_VCPUS_SPOT", "ARM_INSTANCE_TYPES"),
    Compute.UNMANAGED: (),
}


def _check(where: str, step: MultiNode, offered: Offered) -> Iterator[Mistake]:
    """Nodes have no public address, so without NAT they could not even reach the service that starts them.

    Source: https://docs.aws.amazon.com/batch/latest/userguide/mnp-ce.html
    """
    if not offered.nat:
        fix = (
            'Deploy with SLUICE_NAT=true (a NAT gateway costs by the hour), or write only_with="nat" in the'
            " pipeline to leave it out."
        )
        yield Mistake(where, "private subnets with NAT for a MultiNode", "SLUICE_NAT=false", fix)
    vcpus = nodes_of(step) * math.ceil(step.vcpus)
    if vcpus > offered.max_vcpus_on_demand:
        fix = (
            f"Deploy with SLUICE_MAX_VCPUS_ON_DEMAND={vcpus} or more, or lower its nodes or vCPUs: they start"
            " together."
        )
        yield Mistake(
            where, f"at most {offered.max_vcpus_on_demand} vCPUs for all nodes together", str(vcpus), fix
        )
    chosen = step.instance_type
    if chosen and not {chosen, chosen.partition(".")[0]} & set(offered.instance_types):
        listed = ",".join(offered.instance_types)
        fix = (
            f"Deploy with SLUICE_INSTANCE_TYPES={f'{listed},' if listed else ''}{chosen}, or drop"
            " instance_type=."
        )
        yield Mistake(
            f"{where}.instance_type",
            f"one of SLUICE_INSTANCE_TYPES ({listed or 'none are listed'})",
            repr(chosen),
            fix,
        )
