"""The pairs of vCPUs and memory that Fargate has.

Source: https://docs.aws.amazon.com/batch/latest/APIReference/API_ResourceRequirement.html
"""

from __future__ import annotations

from collections.abc import Mapping

_GIB = 1024
MEMORY: Mapping[float, tuple[int, ...]] = {
    0.25: (512, 1024, 2048),
    0.5: tuple(each * _GIB for each in range(1, 5)),
    1: tuple(each * _GIB for each in range(2, 9)),
    2: tuple(each * _GIB for each in range(4, 17)),
    4: tuple(each * _GIB for each in range(8, 31)),
    8: tuple(each * _GIB for each in range(16, 61, 4)),
    16: tuple(each * _GIB for each in range(32, 121, 8)),
    32: (60 * _GIB, 120 * _GIB, 244 * _GIB),
}
"""MiB of memory by vCPUs."""


def size_problem(vcpus: float, memory: int) -> tuple[str, str, str] | None:
    """Return what was expected, what was found and what to do, where Fargate has no such size."""
    if vcpus not in MEMORY:
        return (
            f"vcpus= of {', '.join(f'{each:g}' for each in MEMORY)} on Fargate",
            f"{vcpus:g}",
            "Choose one of these.",
        )
    if memory in MEMORY[vcpus]:
        return None
    enough = next((size for size in MEMORY[vcpus] if size >= memory), MEMORY[vcpus][-1])
    expected = f"memory= of {', '.join(map(str, MEMORY[vcpus]))} beside {vcpus:g} vCPUs on Fargate"
    return expected, str(memory), f"Write memory={enough}, or choose other vcpus."
