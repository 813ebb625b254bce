"""What goes into a simulation beside its jobs, and what comes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Conditions:
    """The circumstances of a simulation.

    `price` is by environment, in dollars for a vCPU-hour. `start_seconds` goes before each attempt (image,
    container), `boot_seconds` before the first one on a new host. A host is paid for until it has been idle
    for `idle_seconds`. `interruptions_per_hour` is for each spot host.
    """

    seed: int = 0
    interruptions_per_hour: float = 0
    failure_rate: float = 0
    start_seconds: float = 0
    boot_seconds: float = 0
    idle_seconds: float = 60
    price: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Report:
    """What a simulation came to: seconds, vCPU-hours (used by attempts, paid for hosts), dollars."""

    finished_seconds: float
    succeeded: int
    failed: int
    attempts: int
    interruptions: int
    used_vcpu_hours: float
    paid_vcpu_hours: Mapping[str, float]
    cost: float
    mean_wait_seconds: Mapping[str, float]
    longest_wait_seconds: Mapping[str, float]
