"""Why the job at the head of a queue cannot run, in AWS's words.

https://docs.aws.amazon.com/batch/latest/userguide/job_stuck_in_runnable.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scheduler.capacity.hosts import Environment
    from scheduler.spec import Need

NO_CAPACITY = "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY"
MAX_RESOURCE = "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE"
REQUIREMENT = "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT"

_MAX_RESOURCE_TEXT = (
    f"{MAX_RESOURCE} - CE(s) associated with the job queue cannot meet the CPU requirement of the job."
)
_REQUIREMENT_TEXT = (
    f"{REQUIREMENT} - The job resource requirement (vCPU/memory/GPU) is higher than that can be met by the"
    " CE(s) attached to the job queue."
)


def reason_for(environments: Sequence[Environment], need: Need) -> str | None:
    """The reason, or None for a job that only waits for its turn, and where users' own instances may come."""
    if not environments or not all(each.spec.managed for each in environments):
        return None
    if not any(each.could_ever_launch(need) for each in environments):
        return _MAX_RESOURCE_TEXT
    if not any(each.could_ever_fit(need) for each in environments):
        return _REQUIREMENT_TEXT
    if all(each.out_of_capacity for each in environments):
        return _no_capacity(environments[0])
    return None


def _no_capacity(environment: Environment) -> str:
    sizes = environment.spec.sizes
    wanted = sizes[0].name if sizes else "fargate"
    return f"{NO_CAPACITY} - Service cannot fulfill the capacity requested for instance type [{wanted}]"
