"""Whether a failed attempt gets another one.

https://docs.aws.amazon.com/batch/latest/userguide/job_retries.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from scheduler.spec import Retry, Rule


class Outcome(NamedTuple):
    """How an attempt ended; `exit_code` is None where no container came to exit."""

    exit_code: int | None
    reason: str | None = None
    status_reason: str | None = None


def is_retried(retry: Retry, attempts_made: int, outcome: Outcome) -> bool:
    """Whether attempt number `attempts_made`, which failed with `outcome`, is followed by another.

    The first rule whose conditions all match decides; without a match the job is retried
    (https://docs.aws.amazon.com/batch/latest/APIReference/API_EvaluateOnExit.html).
    """
    if attempts_made >= retry.attempts:
        return False
    for rule in retry.rules:
        if _matches(rule, outcome):
            return rule.action == "RETRY"
    return True


def _matches(rule: Rule, outcome: Outcome) -> bool:
    exit_code = "" if outcome.exit_code is None else str(outcome.exit_code)
    return (
        _fits(rule.on_exit_code, exit_code)
        and _fits(rule.on_reason, outcome.reason or "")
        and _fits(rule.on_status_reason, outcome.status_reason or "")
    )


def _fits(pattern: str | None, text: str) -> bool:
    if pattern is None:
        return True
    if pattern.endswith("*"):
        return text.startswith(pattern[:-1])
    return text == pattern
