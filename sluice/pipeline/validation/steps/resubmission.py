"""Checks how the failed children of a step are submitted again (``retries``)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sluice.errors import Mistake
from sluice.pipeline.after import MAX_TIMES, Resubmit
from sluice.pipeline.definition import Array, Step


def check_retries(step: Step, steps: Mapping[str, Step]) -> Iterator[Mistake]:
    """Yield what is wrong with a step's ``retries``."""
    if not isinstance(step.retries, Resubmit):
        return
    where = f"steps[{step.name!r}].retries"
    yield from _check_counts(where, step.retries, step.attempts)
    if isinstance(step, Array):
        yield from _check_commands(where, step, steps)


def _check_counts(where: str, retries: Resubmit, attempts: int) -> Iterator[Mistake]:
    if not _is_between_one_and(MAX_TIMES, retries.times):
        fix = "Give how many times the failed children are submitted again."
        yield Mistake(f"{where}.times", f"1 to {MAX_TIMES}", repr(retries.times), fix)
    if retries.reclaimed is not None and not _is_between_one_and(attempts, retries.reclaimed):
        fix = "Give how many attempts must have lost their machines; attempts= is the maximum."
        expected = f"1 to the {attempts} attempts of the step"
        yield Mistake(f"{where}.reclaimed", expected, repr(retries.reclaimed), fix)


def _is_between_one_and(maximum: int, value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= maximum


def _check_commands(where: str, step: Array, steps: Mapping[str, Step]) -> Iterator[Mistake]:
    """Yield the arrays that cannot run again child by child, because their program is a command.

    Source: https://docs.aws.amazon.com/batch/latest/userguide/job_env_vars.html
    """
    for name in (step.name, *_followers(step.name, steps)):
        if steps[name].command is not None:
            yield Mistake(
                where,
                "children that can run again one by one",
                f"the command of {name!r}, which knows its child only by AWS_BATCH_JOB_ARRAY_INDEX",
                "Use run= there, or drop retries=; `sluice retry` runs such an array again as a whole.",
            )


def _followers(name: str, steps: Mapping[str, Step]) -> Iterator[str]:
    """Yield the arrays that follow one child by child, directly or not; cycles are reported elsewhere."""
    pending = [name]
    for followed in pending:  # grows while it is read
        found = [
            one.name
            for one in steps.values()
            if isinstance(one, Array) and followed in one.follows and one.name not in pending
        ]
        pending.extend(found)
        yield from found
