"""When a job gets another attempt: a step's own retry rules, and those that Sluice adds to them.

Batch allows five rules, the first that matches decides, and **a job that no rule matches is retried**:
https://docs.aws.amazon.com/batch/latest/userguide/job_retries.html. So the rules of a step end with EXIT for
everything, in this order:

1. exit code 75, of a function only: the job started before the ledger named it, and is to start again;
2. the step's own;
3. a lost machine, a container that could not be pulled, made or inspected, a task that could not be started,
   a Docker that did not answer in time;
4. EXIT for everything else, unless the step's own last rule already catches everything.

Where five rules leave no room for all of 3, as in every function on EC2, there is EXIT for the end of a
program instead of 4, and of 3 only what looks like such an end: a container that could not be inspected, and
a Docker that did not answer. So a job that could not start is tried again whatever rules a step has. What
looks like such an end, and has no room, is submitted again: sluice/run/failures/machine_faults.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from scheduler.retry import Outcome, is_retried
from scheduler.spec import Retry, Rule
from sluice.compute import Compute
from sluice.limits import MAX_EXIT_RULES
from sluice.run.reasons import HOST_LOST, PROGRAM_ENDED, TASK_INTERRUPTED

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
# Where a step's own rules leave no room to name each fault of a machine: all but the end of a program is one,
# and what no rule matches is retried. A time-out, and a job that a person ends, are never retried:
# https://docs.aws.amazon.com/batch/latest/userguide/job_timeouts.html
_PROGRAM_ENDED = EvaluateOnExit(action="EXIT", on_status_reason=f"{PROGRAM_ENDED}*")


FAULT_REASONS = {
    "Cannot": "CannotInspectContainerError: Could not transition to inspecting; timed out after waiting 30s",
    "DockerTimeoutError": "DockerTimeoutError: Could not transition to stopped; timed out after waiting 2m0s",
}
"""Whole reasons, by how they begin, of the faults of a machine that look like the end of a program."""


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
    left = _left(own, function=function)
    like_an_end = _like_an_end(compute)
    faults = [lost, like_an_end[0], _NOT_STARTED, *like_an_end[1:]]
    if left < len(faults):
        return (*first, *own, *like_an_end[:left], _PROGRAM_ENDED)
    return (*first, *own, *faults, _NOTHING_ELSE)


def unhandled_faults(own: Sequence[EvaluateOnExit], *, function: bool, compute: Compute) -> tuple[str, ...]:
    """Return which faults of a machine its rules end a job by, because its own leave no room and say nothing
    about them: how their reasons begin.
    """
    if own and own[-1].catches_all:
        return ()  # It decides of everything.
    unnamed = _like_an_end(compute)[_left(own, function=function) :]
    reasons = [str(one.on_reason).rstrip("*") for one in unnamed]
    return tuple(reason for reason in reasons if not _is_decided(own, FAULT_REASONS[reason]))


def _is_decided(own: Sequence[EvaluateOnExit], reason: str) -> bool:
    """Return whether a step's own rules say what becomes of a job that ended for this reason."""
    rules = [Rule(one.action, **one.conditions) for one in own]
    ended = Outcome(None, reason, PROGRAM_ENDED)
    answers = {
        is_retried(Retry(2, (*rules, Rule(action, on_reason="*"))), 1, ended) for action in ("RETRY", "EXIT")
    }
    return len(answers) == 1


def _left(own: Sequence[EvaluateOnExit], *, function: bool) -> int:
    return MAX_EXIT_RULES - function - len(own) - 1


def _like_an_end(compute: Compute) -> list[EvaluateOnExit]:
    """Return the rules of faults whose words are those of the end of a program."""
    return [_NOT_HANDLED] if compute.is_fargate else [_NOT_HANDLED, _DOCKER_SILENT]
