"""When a job gets another attempt: a step's own retry rules, and those that Sluice adds to them.

Batch allows five rules, the first that matches decides, and **a job that no rule matches is retried**:
https://docs.aws.amazon.com/batch/latest/userguide/job_retries.html. So the rules of a step end with EXIT for
everything, in this order:

1. exit code 75, of a function only: the job started before the ledger named it, and is to start again;
2. the step's own;
3. a lost machine; then, where five rules leave room, in this order: a container that could not be pulled,
   made or inspected, a task that could not be started, a Docker that did not answer in time;
4. EXIT for everything else, unless the step's own last rule already catches everything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from sluice.compute import Compute
from sluice.limits import MAX_EXIT_RULES
from sluice.run.reasons import HOST_LOST, TASK_INTERRUPTED

# https://docs.aws.amazon.com/batch/latest/APIReference/API_EvaluateOnExit.html
ExitCode = Annotated[str, Field(pattern=r"^([0-9]+\*?|\*)$", max_length=512)]
Reason = Annotated[str, Field(pattern=r"^([A-Za-z0-9.:\s]+\*?|\*)$", max_length=512)]


@dataclass(frozen=True, kw_only=True)
class EvaluateOnExit:
    """The action for a job that meets all conditions of the rule; a pattern may end in ``*``."""

    action: Literal["RETRY", "EXIT"]
    on_exit_code: ExitCode | None = None
    on_reason: Reason | None = None
    """The reason that ECS gives for the container, such as ``OutOfMemoryError*``."""
    on_status_reason: Reason | None = None
    """The reason that Batch gives for the attempt, such as ``Task failed to start*``."""

    @property
    def conditions(self) -> dict[str, str]:
        """Return its conditions by their names."""
        named = {
            "on_exit_code": self.on_exit_code,
            "on_reason": self.on_reason,
            "on_status_reason": self.on_status_reason,
        }
        return {name: pattern for name, pattern in named.items() if pattern is not None}

    @property
    def catches_all(self) -> bool:
        """Return whether it matches everything."""
        return all(pattern == "*" for pattern in self.conditions.values())


TRY_AGAIN = "75"
"""What a job ends with when the ledger does not name its job yet."""
_NOT_NAMED_YET = EvaluateOnExit(action="RETRY", on_exit_code=TRY_AGAIN)
_HOST_LOST = EvaluateOnExit(action="RETRY", on_status_reason=f"{HOST_LOST}*")
_TASK_INTERRUPTED = EvaluateOnExit(action="RETRY", on_status_reason=f"{TASK_INTERRUPTED}*")
_NOT_STARTED = EvaluateOnExit(action="RETRY", on_status_reason="Task failed to start*")
# CannotPullContainerError and CannotInspectContainerError: the machine's or the registry's fault. The latter
# comes with "Essential container in task exited" and no exit code, as if the program had ended:
# https://github.com/nextflow-io/nextflow/issues/3091. What else begins so is a task that failed to
# start, which is tried again anyway. A program's own end has an exit code and no such reason.
_NOT_HANDLED = EvaluateOnExit(action="RETRY", on_reason="Cannot*")
# While it starts a container it comes with "Task failed to start"; at its end it may not:
# https://github.com/aws/amazon-ecs-agent/issues/1440
_DOCKER_SILENT = EvaluateOnExit(action="RETRY", on_reason="DockerTimeoutError*")
_NOTHING_ELSE = EvaluateOnExit(action="EXIT", on_reason="*")


def room(*, function: bool, own: Sequence[EvaluateOnExit] = ()) -> int:
    """Return how many rules of its own a step may have besides those that Sluice requires."""
    return MAX_EXIT_RULES - function - (not (own and own[-1].catches_all))


def retry_rules(
    own: Sequence[EvaluateOnExit], *, function: bool, compute: Compute
) -> tuple[EvaluateOnExit, ...]:
    """Return all rules of a step, in the order in which Batch evaluates them."""
    first = [_NOT_NAMED_YET] if function else []
    if own and own[-1].catches_all:
        return (*first, *own)
    lost = _TASK_INTERRUPTED if compute.is_fargate else _HOST_LOST
    docker = [] if compute.is_fargate else [_DOCKER_SILENT]
    left = MAX_EXIT_RULES - len(first) - len(own) - 1
    return (*first, *own, *[lost, _NOT_HANDLED, _NOT_STARTED, *docker][:left], _NOTHING_ELSE)
