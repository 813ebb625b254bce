"""Checks a pipeline when the app is synthesised and reports every mistake of a file together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError

from sluice import limits
from sluice.errors import Mistake, PipelineError
from sluice.graph import find_cycle
from sluice.pipeline import Array, Job, Manual, Name, Pipeline, Plan, S3Upload, Schedule, Step
from sluice.schedules import expression_problems, input_problems, timezone_problems

RESERVED_STEP_NAMES = ("cleanup", "gate")
# https://docs.aws.amazon.com/batch/latest/APIReference/API_ContainerProperties.html: AWS_BATCH is reserved
RESERVED_VARIABLES = ("AWS_BATCH", "SLUICE_")
Functions = frozenset[str]

# What to do about a mistake, by what pydantic calls it.
_FIXES = {
    "string_pattern_mismatch": "Use only the characters that the pattern allows.",
    "too_short": "Give it a member.",
    "string_too_long": "Shorten it.",
    "string_too_short": "Give it a value.",
    "greater_than_equal": "Raise it.",
    "less_than_equal": "Lower it.",
    "literal_error": "Choose one of these.",
}


def validate(pipeline: Pipeline, source: str, functions: Functions | None = None) -> None:
    """Raise PipelineError listing every mistake of a pipeline.

    ``functions`` are the names that the pipeline's ``steps.py`` defines; None when it has no such file.
    """
    mistakes = tuple(_mistakes(pipeline, functions))
    if mistakes:
        raise PipelineError(source, mistakes)


def _mistakes(pipeline: Pipeline, functions: Functions | None) -> Iterator[Mistake]:
    yield from _checked("name", TypeAdapter(Name), pipeline.name)
    for field, kinds in (("triggers", (S3Upload, Manual, Schedule)), ("steps", (Plan, Array, Job))):
        for number, thing in enumerate(listed(getattr(pipeline, field))):
            yield from _fields(_where(field, thing, number), thing, kinds)
    yield from _shape(pipeline)
    yield from _triggers(pipeline)
    # What is of a wrong type has been reported; the graph is looked at without it, so that its other mistakes are reported too.
    named = [step for step in listed(pipeline.steps) if isinstance(step, Plan | Array | Job) and isinstance(step.name, str)]
    steps = [step for step in named if _readable(step)]
    for step in steps:
        yield from _program(step, functions)
        yield from _parents(step, named)
    yield from _names(named)
    yield from _cycle(steps)


def listed(value: object) -> list[Any]:
    """Return the members of a list or a tuple, and nothing of anything else."""
    return list(value) if isinstance(value, list | tuple) else []


def _readable(step: Step) -> bool:
    """Return whether the fields that the graph is made of have the types that they should have."""
    texts = [step.run, getattr(step, "items_of", None), getattr(step, "each", None)]
    after = isinstance(step.after, list) and all(isinstance(name, str) for name in step.after)
    return after and all(text is None or isinstance(text, str) for text in texts)


def _where(field: str, thing: object, number: int) -> str:
    name = getattr(thing, "name", None)
    return f"{field}[{name!r}]" if isinstance(name, str) and name else f"{field}[{number}]"


def _fields(where: str, thing: object, kinds: tuple[type, ...]) -> Iterator[Mistake]:
    if not isinstance(thing, kinds):
        expected = " or ".join(kind.__name__ for kind in kinds)
        yield Mistake(where, expected, repr(thing), f"Write {kinds[0].__name__}(...) here.")
        return
    kind: Any = type(thing)
    for field, adapter in _adapters(kind).items():
        yield from _checked(f"{where}.{field}", adapter, getattr(thing, field))


@cache
def _adapters(kind: Any) -> dict[str, TypeAdapter[Any]]:
    """Return what checks each field of a class: the fields one by one, because an instance as a whole would be taken as checked."""
    return {name: TypeAdapter(annotation) for name, annotation in get_type_hints(kind, include_extras=True).items()}


def _checked(where: str, adapter: TypeAdapter[Any], value: object) -> Iterator[Mistake]:
    try:
        adapter.validate_python(value, strict=True)
    except ValidationError as error:
        for problem in error.errors():
            field = ".".join([where, *(str(part) for part in problem["loc"] if isinstance(part, int) or part.isidentifier())])
            expected = problem["msg"].removeprefix("Input should be ").removeprefix("String should ")
            yield Mistake(field, expected, repr(problem["input"]), _FIXES.get(problem["type"], "Change its type."))


def _shape(pipeline: Pipeline) -> Iterator[Mistake]:
    for field in ("steps", "triggers"):
        if not isinstance(value := getattr(pipeline, field), list | tuple):
            yield Mistake(field, "a list", repr(value), f"Write {field}=[...].")
    if pipeline.steps in ([], ()):
        yield Mistake("steps", "at least one step", "none", 'Add a step, for instance Job("work", run="work").')
    if pipeline.triggers in ([], ()):
        yield Mistake("triggers", "at least one trigger", "none", 'Add a trigger, for instance S3Upload(prefix="my-files/").')
    uploads = uploads_of(pipeline)
    for first, second in overlapping([(pipeline.name, upload) for upload in uploads]):
        yield Mistake(
            "triggers",
            "each uploaded file to match one trigger",
            f"{first[1].prefix!r} and {second[1].prefix!r}, which can match the same file",
            "Make the prefixes or suffixes differ.",
        )
    if any(upload.prefix.startswith("/") for upload in uploads):
        yield Mistake("triggers", "a prefix without a leading /", "one with it", "Drop the /: S3 keys do not start with it.")


def _triggers(pipeline: Pipeline) -> Iterator[Mistake]:
    triggers = listed(pipeline.triggers)
    if sum(isinstance(trigger, Manual) for trigger in triggers) > 1:
        yield Mistake("triggers", "at most one Manual", "several", "Keep one: it takes every request for the pipeline.")
    schedules = {f"triggers[{n}]": one for n, one in enumerate(triggers) if isinstance(one, Schedule) and _texts(one)}
    for where, schedule in schedules.items():
        yield from (Mistake(f"{where}.expression", *problem) for problem in expression_problems(schedule.expression))
        yield from (Mistake(f"{where}.timezone", *problem) for problem in timezone_problems(schedule.timezone))
        yield from (Mistake(f"{where}.input", *problem) for problem in input_problems(schedule.input))
    for (expression, timezone), count in Counter((one.expression, one.timezone) for one in schedules.values()).items():
        if count > 1:
            yield Mistake(
                "triggers", "each schedule once", f"{expression} {timezone} {count} times", "Drop all but one, or change the times."
            )


def _texts(schedule: Schedule) -> bool:
    return isinstance(schedule.expression, str) and isinstance(schedule.timezone, str)


def uploads_of(pipeline: Pipeline) -> list[S3Upload]:
    """Return the upload triggers whose prefix and suffix are texts at all."""
    uploads = [trigger for trigger in listed(pipeline.triggers) if isinstance(trigger, S3Upload)]
    return [upload for upload in uploads if isinstance(upload.prefix, str) and isinstance(upload.suffix, str)]


def overlapping(triggers: list[tuple[str, S3Upload]]) -> Iterator[tuple[tuple[str, S3Upload], tuple[str, S3Upload]]]:
    """Yield the pairs of triggers, each with its pipeline's name, that one key can match both of."""
    for number, first in enumerate(triggers):
        for second in triggers[number + 1 :]:
            if _nested(first[1].prefix, second[1].prefix) and _nested(first[1].suffix[::-1], second[1].suffix[::-1]):
                yield first, second


def _nested(first: str, second: str) -> bool:
    return first.startswith(second) or second.startswith(first)


def _program(step: Step, functions: Functions | None) -> Iterator[Mistake]:
    where = f"steps[{step.name!r}]"
    if (step.run is None) == (step.command is None):
        found = "neither" if step.run is None else "both"
        yield Mistake(where, "either run= or command=", found, "Give a function's name to run=, or a command and its image=.")
    if step.command is not None and step.image is None:
        yield Mistake(f"{where}.image", "the image that has the command", "none", 'Name it, for instance image="busybox".')
    if step.run is not None and step.image is not None:
        yield Mistake(f"{where}.image", "no image beside run=", repr(step.image), "Functions run in the pipeline's own image; drop image=.")
    reserved = [name for name in step.environment if str(name).startswith(RESERVED_VARIABLES)] if isinstance(step.environment, dict) else []
    if reserved:
        yield Mistake(f"{where}.environment", "names of your own", ", ".join(reserved), "AWS Batch and Sluice set these; rename yours.")
    if isinstance(step, Plan) and step.command is not None:
        yield Mistake(f"{where}.command", "a function for Plan", repr(step.command), "Use run=, or a Job for the command.")
    if step.run is not None and functions is not None and ":" not in step.run and step.run not in functions:
        known = ", ".join(sorted(functions)) or "none"
        yield Mistake(f"{where}.run", f"a function of steps.py ({known})", repr(step.run), "Write the function or correct the name.")
    if step.run is not None and functions is None and ":" not in step.run:
        yield Mistake(f"{where}.run", "a steps.py with the function", "no steps.py", "Create containers/<pipeline>/steps.py.")


def _parents(step: Step, steps: list[Step]) -> Iterator[Mistake]:
    where = f"steps[{step.name!r}]"
    names = {other.name for other in steps}
    for name in (name for name in step.after if name not in names):
        yield Mistake(f"{where}.after", f"one of {', '.join(sorted(names))}", repr(name), "Correct the name or add the step.")
    if isinstance(step, Array):
        yield from _items(where, step, {other.name: other for other in steps})


def _items(where: str, step: Array, steps: dict[str, Step]) -> Iterator[Mistake]:
    given = [f"{name}=" for name in ("items_of", "each", "size") if getattr(step, name) is not None]
    if len(given) != 1:
        fix = "Name the Plan whose items it works on, or the Array that it follows, or give the number of its items."
        yield Mistake(where, "one of items_of=, each= or size=", " and ".join(given) or "none", fix)
    if step.command is not None and step.each is None:
        yield from _children_of_a_command(where, step)
    if step.items_of is not None and not isinstance(steps.get(step.items_of), Plan):
        yield Mistake(f"{where}.items_of", "the name of a Plan", repr(step.items_of), "Name a Plan of this pipeline.")
    if step.each is not None and not isinstance(steps.get(step.each), Array):
        yield Mistake(f"{where}.each", "the name of an Array", repr(step.each), "Name an Array of this pipeline.")
    if step.each is not None and step.items_per_child != 1:
        yield Mistake(f"{where}.items_per_child", "none beside each=", repr(step.items_per_child), "It has the children that it follows.")


def _children_of_a_command(where: str, step: Array) -> Iterator[Mistake]:
    """A command knows its place by AWS_BATCH_JOB_ARRAY_INDEX alone: one child is one item, and there are at least two.

    Source: https://docs.aws.amazon.com/batch/latest/userguide/job_env_vars.html
    """
    if step.items_of is not None:
        fix = "Use run=, or size= and AWS_BATCH_JOB_ARRAY_INDEX in the command."
        yield Mistake(f"{where}.command", "a function for the items of a Plan", repr(step.command), fix)
    if isinstance(step.size, int) and not limits.MIN_ARRAY_SIZE <= step.size <= limits.MAX_ARRAY_SIZE:
        expected = f"{limits.MIN_ARRAY_SIZE} to {limits.MAX_ARRAY_SIZE} children of a command"
        yield Mistake(f"{where}.size", expected, repr(step.size), "Use a Job for one; use run= for more, whose children take slices.")
    if step.items_per_child != 1:
        yield Mistake(f"{where}.items_per_child", "1 for a command", repr(step.items_per_child), "Use run=, whose children take slices.")


def _names(steps: list[Step]) -> Iterator[Mistake]:
    for name, count in Counter(step.name for step in steps).items():
        if count > 1:
            yield Mistake("steps", "each name once", f"{name!r} {count} times", "Rename all but one.")
        if name in RESERVED_STEP_NAMES or str(name).startswith("gate-"):
            yield Mistake(f"steps[{name!r}].name", "another name", repr(name), "Sluice adds steps of that name itself; rename yours.")


def _cycle(steps: list[Step]) -> Iterator[Mistake]:
    parents = {step.name: parents_of(step) for step in steps}
    cycle = find_cycle({name: tuple(p for p in names if p in parents) for name, names in parents.items()})
    if cycle:
        yield Mistake("steps", "a graph without a cycle", " → ".join(cycle), "Remove one of these dependencies.")


def parents_of(step: Step) -> tuple[str, ...]:
    """Return the names of the steps that a step waits for, as its file says."""
    before = (step.each or step.items_of,) if isinstance(step, Array) else ()
    return tuple(dict.fromkeys(name for name in (*before, *step.after) if name))
