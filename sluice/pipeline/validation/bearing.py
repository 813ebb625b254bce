"""Checks which failures a step bears, and what of a step may run again by itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from sluice.errors import Mistake
from sluice.pipeline.after import MAX_TIMES, Always, Finished, Resubmit, name_of
from sluice.pipeline.definition import Array, Step


def check_after(step: Step, steps: Mapping[str, Step]) -> Iterator[Mistake]:
    """Yield what is wrong with the steps that a step waits for."""
    where, names = f"steps[{step.name!r}].after", ", ".join(sorted(steps))
    for one in step.after:
        if name_of(one) not in steps:
            yield Mistake(where, f"one of {names}", repr(name_of(one)), "Correct the name or add the step.")
        elif isinstance(one, Finished):
            yield from _finished(where, one, steps[one.step])
    before = (*step.follows, step.items_of) if isinstance(step, Array) else ()
    for name, count in Counter([*(name for name in before if name), *map(name_of, step.after)]).items():
        if count > 1 and any(isinstance(one, Finished | Always) and one.step == name for one in step.after):
            fix = "Keep the one that you mean: a name, finished() or always()."
            yield Mistake(where, "each step in one way", f"{name!r} {count} times", fix)


def _finished(where: str, one: Finished, waited_for: Step) -> Iterator[Mistake]:
    if not isinstance(waited_for, Array):
        fix = f'Use after=["{one.step}"], or always("{one.step}").'
        yield Mistake(
            where, "finished() of an Array: a single job has no share of children", f"{one.step!r}", fix
        )
    if (
        isinstance(one.at_least, bool)
        or not isinstance(one.at_least, int | float)
        or not 0 < one.at_least <= 1
    ):
        yield Mistake(
            where,
            "at_least above 0 and at most 1",
            repr(one.at_least),
            "Give the share of children, such as at_least=0.99.",
        )


def check_retries(step: Step, steps: Mapping[str, Step]) -> Iterator[Mistake]:
    """Yield what is wrong with how a step runs again."""
    if not isinstance(step.retries, Resubmit):
        return
    where, times = f"steps[{step.name!r}].retries", step.retries.times
    if isinstance(times, bool) or not isinstance(times, int) or not 1 <= times <= MAX_TIMES:
        yield Mistake(
            f"{where}.times", f"1 to {MAX_TIMES}", repr(times), "Give how often what failed runs again."
        )
    most, reclaimed = step.attempts, step.retries.reclaimed
    if reclaimed is not None and (
        isinstance(reclaimed, bool) or not isinstance(reclaimed, int) or not 1 <= reclaimed <= most
    ):
        fix = "Give how many attempts must have lost their machines; there are attempts= of them."
        yield Mistake(f"{where}.reclaimed", f"1 to the {most} attempts of the step", repr(reclaimed), fix)
    followers = [step.name, *_followers(step.name, steps)] if isinstance(step, Array) else []
    for name in (name for name in followers if steps[name].command is not None):
        # https://docs.aws.amazon.com/batch/latest/userguide/job_env_vars.html
        yield Mistake(
            where,
            "children that can run again one by one",
            f"the command of {name!r}, which knows its place by AWS_BATCH_JOB_ARRAY_INDEX alone",
            "Use run= there, or drop retries=; `sluice retry` runs such an array again as a whole.",
        )


def _followers(name: str, steps: Mapping[str, Step]) -> Iterator[str]:
    """Yield the arrays that follow one child by child, directly or not; a circle is reported elsewhere."""
    pending = [name]
    for followed in pending:  # grows while it is read
        found = [
            one.name
            for one in steps.values()
            if isinstance(one, Array) and followed in one.follows and one.name not in pending
        ]
        pending.extend(found)
        yield from found
