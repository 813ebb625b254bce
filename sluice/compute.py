"""The machines that a step may name, and the job queue that they lead to.

A queue has a key: its machines (nothing for the usual ones), its name, and whether its jobs have priorities,
as in ``normal``, ``on-demand-bulk``, ``fargate-normal`` or ``gpu-urgent-fair``. Where a pipeline has machines
of its own, its name stands before it: ``word-count_normal``. The stacks make the queues whose keys some
pipeline names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, get_args

QueueName = Literal["urgent", "normal", "bulk", "steady"]
ComputeName = Literal["spot", "on_demand", "fargate", "fargate_spot", "gpu", "arm", "unmanaged"]
OverrideName = Literal[
    "vcpus", "memory", "gpus", "environment", "command", "parameters", "timeout", "queue", "share"
]
"""The fields of a step that a request may override for its run."""

SHARE = "sluice"
"""The share identifier of jobs that have a priority, where their pipeline says no other: Batch compares
priorities only within a share.

Source: https://docs.aws.amazon.com/batch/latest/userguide/share-identifiers.html
"""
_FAIR = "fair"
_OWNED = "_"
_OWNER = re.compile(r"[a-z][a-z0-9-]*")


class Compute(StrEnum):
    """The machines that a step runs on."""

    SPOT = "spot"
    ON_DEMAND = "on_demand"
    FARGATE = "fargate"
    FARGATE_SPOT = "fargate_spot"
    GPU = "gpu"
    ARM = "arm"
    UNMANAGED = "unmanaged"

    @classmethod
    def of(cls, name: str | None) -> Compute:
        """Return the machines of that name; those of a step that names none."""
        return cls(name) if name else cls.SPOT

    @property
    def is_fargate(self) -> bool:
        """Return whether its jobs are tasks of Fargate, of exactly the size that was requested."""
        return self in (Compute.FARGATE, Compute.FARGATE_SPOT)


# The compute environments of each, in the order in which a queue tries them: a later one is used when an
# earlier one lacks capacity. All of a queue are EC2 or all Fargate, and of one architecture:
# https://docs.aws.amazon.com/batch/latest/APIReference/API_CreateJobQueue.html
ENVIRONMENTS: Mapping[Compute, tuple[str, ...]] = {
    Compute.SPOT: ("Spot", "OnDemand"),
    Compute.ON_DEMAND: ("OnDemand",),
    Compute.FARGATE: ("Fargate",),
    Compute.FARGATE_SPOT: ("FargateSpot", "Fargate"),
    Compute.GPU: ("GpuSpot", "GpuOnDemand"),
    Compute.ARM: ("ArmSpot", "ArmOnDemand"),
    Compute.UNMANAGED: ("Unmanaged",),
}


@dataclass(frozen=True, slots=True)
class QueueKey:
    """A job queue: its name in a pipeline, its machines, whether its jobs have priorities, and the pipeline
    whose jobs alone are in it, if any.
    """

    name: str
    compute: Compute = Compute.SPOT
    fair: bool = False
    owner: str = ""

    def __str__(self) -> str:
        machines = [] if self.compute is Compute.SPOT else [self.compute.replace("_", "-")]
        shared = "-".join([*machines, self.name, *([_FAIR] if self.fair else [])])
        return f"{self.owner}{_OWNED}{shared}" if self.owner else shared

    @classmethod
    def parse(cls, text: str) -> QueueKey:
        """Return the queue of a key; raises ValueError for an invalid key."""
        owner, owned, key = text.rpartition(_OWNED)
        fair = key.endswith(f"-{_FAIR}")
        machines, _, name = key.removesuffix(f"-{_FAIR}").rpartition("-")
        compute = machines.replace("-", "_")
        known = name in get_args(QueueName) and compute in ("", *Compute) and compute != Compute.SPOT
        if not known or (owned and not _OWNER.fullmatch(owner)):
            raise ValueError(
                f"Expected the key of a queue, such as normal or fargate-normal, found {text!r}."
            )
        return cls(name, Compute.of(compute), fair, owner)

    @property
    def environments(self) -> tuple[str, ...]:
        """Return its environments in their order; ``steady`` has none that AWS may take back."""
        return tuple(
            one for one in ENVIRONMENTS[self.compute] if self.name != "steady" or not one.endswith("Spot")
        )
