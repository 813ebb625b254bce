"""The machines that a step may name, and the job queue that they lead to.

A queue has a key: its machines (nothing for the usual ones), its name, and whether its jobs have priorities,
as in ``normal``, ``on-demand-bulk``, ``fargate-normal`` or ``gpu-urgent-fair``. The stacks
make the queues whose keys some pipeline names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, get_args

QueueName = Literal["urgent", "normal", "bulk", "steady"]
ComputeName = Literal["spot", "on_demand", "fargate", "fargate_spot", "gpu", "arm", "unmanaged"]
OverrideName = Literal["vcpus", "memory", "gpus", "environment", "command", "parameters", "timeout", "queue"]
"""The fields of a step that a request may override for its run."""

SHARE = "sluice"
"""The one share identifier of all jobs that have a priority: Batch compares priorities only within a share.

Source: https://docs.aws.amazon.com/batch/latest/userguide/share-identifiers.html
"""
_FAIR = "fair"


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
    """A job queue: its name in a pipeline, its machines, and whether its jobs have priorities."""

    name: str
    compute: Compute = Compute.SPOT
    fair: bool = False

    def __str__(self) -> str:
        machines = [] if self.compute is Compute.SPOT else [self.compute.replace("_", "-")]
        return "-".join([*machines, self.name, *([_FAIR] if self.fair else [])])

    @classmethod
    def parse(cls, text: str) -> QueueKey:
        """Return the queue of a key; raises ValueError for an invalid key."""
        fair = text.endswith(f"-{_FAIR}")
        machines, _, name = text.removesuffix(f"-{_FAIR}").rpartition("-")
        compute = machines.replace("-", "_")
        if name not in get_args(QueueName) or compute not in ("", *Compute) or compute == Compute.SPOT:
            raise ValueError(
                f"Expected the key of a queue, such as normal or fargate-normal, found {text!r}."
            )
        return cls(name, Compute.of(compute), fair)

    @property
    def environments(self) -> tuple[str, ...]:
        """Return its environments in their order; ``steady`` has none that AWS may take back."""
        return tuple(
            one for one in ENVIRONMENTS[self.compute] if self.name != "steady" or not one.endswith("Spot")
        )
