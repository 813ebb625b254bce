"""Checks how the failed children of a step are submitted again (``retries``)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sluice.errors import Mistake
from sluice.fargate_sizes import size_problem
from sluice.pipeline.after import MAX_TIMES, Resubmit
from sluice.pipeline.definition import Array, MultiNode, Step


def check_retries(step: Step, steps: Mapping[str, Step]) -> Iterator[Mistake]:
    """Yield what is wrong with a step's ``retries``."""
    if not isinstance(step.retries, Resubmit):
        return
    where = f"steps[{step.name!r}].retries"
    yield from _check_counts(where, step.retries, step.attempts)
    yield from _check_memory(f"{where}.memory", step, step.retries.memory)
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


def _check_memory(where: str, step: Step, sizes: object) -> Iterator[Mistake]:
    """Yield what is wrong with the sizes of memory, each of which must be one that the step could have."""
    if not isinstance(sizes, list) or not all(type(size) is int for size in sizes):
        yield Mistake(where, "a list of MiB, such as [4096, 8192]", repr(sizes), "Give whole numbers.")
        return
    if not sizes:
        return
    if isinstance(step, MultiNode):
        yield Mistake(where, "none for nodes", repr(sizes), "Give the step more memory=.")
    if sorted({step.memory, *sizes}) != [step.memory, *sizes]:
        expected = f"sizes above the {step.memory} MiB of the step, each larger than the one before"
        yield Mistake(where, expected, repr(sizes), "Give the next sizes, the smallest first.")
    if step.compute in ("fargate", "fargate_spot"):
        for size in sizes:
            if problem := size_problem(step.vcpus, size):
                yield Mistake(where, *problem)


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
