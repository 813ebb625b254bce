"""The instance sizes that a compute environment may launch.

The catalogue holds the families that AWS Batch users name most; the ratio of memory to vCPUs is the family's
(https://aws.amazon.com/ec2/instance-types/). A family that is not listed gets 4 GiB a vCPU, so that it still
runs.
"""

from __future__ import annotations

from dataclasses import dataclass

_CPUS = {
    "medium": 1,
    "large": 2,
    "xlarge": 4,
    "2xlarge": 8,
    "4xlarge": 16,
    "8xlarge": 32,
    "9xlarge": 36,
    "12xlarge": 48,
    "16xlarge": 64,
    "18xlarge": 72,
    "24xlarge": 96,
    "32xlarge": 128,
    "48xlarge": 192,
    "metal": 96,
}
_SIZES_OF_A_FAMILY = ("large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge", "24xlarge")
_GIB_PER_CPU = {"c": 2, "m": 4, "r": 8, "x": 16, "t": 4, "g": 4, "p": 8}
_GPUS = {
    "p3": {"2xlarge": 1, "8xlarge": 4, "16xlarge": 8},
    "p4d": {"24xlarge": 8},
    "p5": {"48xlarge": 8},
    "g4dn": {"xlarge": 1, "2xlarge": 1, "4xlarge": 1, "8xlarge": 1, "12xlarge": 4, "16xlarge": 1, "metal": 8},
    "g4ad": {"xlarge": 1, "2xlarge": 1, "4xlarge": 1, "8xlarge": 2, "16xlarge": 4},
    "g5": {
        "xlarge": 1,
        "2xlarge": 1,
        "4xlarge": 1,
        "8xlarge": 1,
        "12xlarge": 4,
        "16xlarge": 1,
        "24xlarge": 4,
        "48xlarge": 8,
    },
    "g6": {
        "xlarge": 1,
        "2xlarge": 1,
        "4xlarge": 1,
        "8xlarge": 1,
        "12xlarge": 4,
        "16xlarge": 1,
        "24xlarge": 4,
        "48xlarge": 8,
    },
    "g6e": {
        "xlarge": 1,
        "2xlarge": 1,
        "4xlarge": 1,
        "8xlarge": 1,
        "12xlarge": 4,
        "16xlarge": 1,
        "24xlarge": 4,
        "48xlarge": 8,
    },
}
# "optimal" chooses from the C, M and R families that match the demand of the queues:
# https://docs.aws.amazon.com/batch/latest/APIReference/API_ComputeResource.html
_OPTIMAL = ("c5", "m5", "r5")
# What stands for Graviton's current families:
# https://docs.aws.amazon.com/batch/latest/userguide/instance-type-compute-table.html
_ARM = ("c6g", "m6g", "r6g")


@dataclass(frozen=True, slots=True, order=True)
class Size:
    """An instance type with what fits on it: thousandths of a vCPU, MiB, GPUs."""

    milli_cpus: int
    memory: int
    gpus: int
    name: str


def sizes_of(instance_types: tuple[str, ...]) -> tuple[Size, ...]:
    """All sizes behind names such as `m5.large`, `m5` or `optimal`, the smallest first."""
    found = {size for name in instance_types for size in _expand(name)}
    return tuple(sorted(found))


def _expand(name: str) -> list[Size]:
    if name in {"optimal", "default_x86_64"}:
        return [_size(family, size) for family in _OPTIMAL for size in _SIZES_OF_A_FAMILY]
    if name == "default_arm64":
        return [_size(family, size) for family in _ARM for size in ("medium", *_SIZES_OF_A_FAMILY)]
    family, _, size = name.partition(".")
    if size:
        return [_size(family, size)]
    return [_size(family, each) for each in _GPUS.get(family, _SIZES_OF_A_FAMILY)]


def _size(family: str, size: str) -> Size:
    cpus = _CPUS.get(size, 4)
    gib = cpus * _GIB_PER_CPU.get(family[:1], 4)
    # ECS keeps some memory of each instance for itself and the system; 5 % is close for most sizes:
    # https://docs.aws.amazon.com/batch/latest/userguide/memory-management.html
    return Size(cpus * 1000, gib * 1024 * 95 // 100, _GPUS.get(family, {}).get(size, 0), f"{family}.{size}")
