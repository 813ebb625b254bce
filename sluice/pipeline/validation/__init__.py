"""Checks a pipeline when the app is synthesised and reports every mistake of a file together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import TypeAdapter

from sluice.errors import Mistake, PipelineError
from sluice.pipeline.after import Always, Finished, name_of
from sluice.pipeline.definition import (
    AfterRun,
    Array,
    FileSet,
    Job,
    Manual,
    MultiNode,
    Name,
    Pipeline,
    Plan,
    S3Upload,
    Schedule,
    Step,
    Webhook,
)
from sluice.pipeline.step_functions import Functions
from sluice.pipeline.validation.alerts import check_alerts
from sluice.pipeline.validation.concurrency import check_concurrency
from sluice.pipeline.validation.fields import check_fields, checked, listed, where
from sluice.pipeline.validation.graph import check_cycles, check_names, check_parents
from sluice.pipeline.validation.permissions import check_permissions
from sluice.pipeline.validation.results import check_results
from sluice.pipeline.validation.steps.definition_size import check_definition_size
from sluice.pipeline.validation.steps.machines import check_machine, check_owned, check_owner
from sluice.pipeline.validation.steps.nodes import check_group_fields, check_nodes, readable_nodes
from sluice.pipeline.validation.steps.placeholders import check_placeholders
from sluice.pipeline.validation.steps.programs import check_program
from sluice.pipeline.validation.submitter import check_submitter
from sluice.pipeline.validation.tags import check_tags
from sluice.pipeline.validation.triggers import check_triggers
from sluice.pipeline.validation.uses import check_limits, check_uses

__all__ = ["Functions", "validate"]


def validate(pipeline: Pipeline, source: str, functions: Functions | None = None) -> None:
    """Raise PipelineError listing every mistake of a pipeline.

    ``functions`` are those that the pipeline's ``steps.py`` defines; None when it has no such file.
    """
    mistakes = tuple(_mistakes(pipeline, functions))
    if mistakes:
        raise PipelineError(source, mistakes)


def _mistakes(pipeline: Pipeline, functions: Functions | None) -> Iterator[Mistake]:
    yield from checked("name", TypeAdapter(Name), pipeline.name)
    yield from check_submitter(pipeline)
    yield from check_concurrency(pipeline)
    for field, kinds in (
        ("triggers", (S3Upload, FileSet, Manual, Schedule, Webhook, AfterRun)),
        ("steps", (Plan, Array, Job, MultiNode)),
    ):
        for number, thing in enumerate(listed(getattr(pipeline, field))):
            yield from check_fields(where(field, thing, number), thing, kinds)
            yield from check_group_fields(where(field, thing, number), thing)
    yield from _shape(pipeline)
    yield from checked("only_with", TypeAdapter(Literal["nat"] | None), pipeline.only_with)
    yield from checked("shared", TypeAdapter(list[str] | None), pipeline.shared)
    yield from checked("publishes", TypeAdapter(Literal["runs", "anywhere"]), pipeline.publishes)
    yield from check_owned(pipeline)
    yield from checked("machines", TypeAdapter(Literal["shared", "own"]), pipeline.machines)
    yield from check_limits(pipeline)
    yield from check_triggers(pipeline)
    yield from check_alerts(pipeline)
    yield from check_tags(pipeline)
    yield from check_permissions(pipeline)
    yield from check_results(pipeline)
    # Values of a wrong type have been reported; the graph is checked without them, so that its other mistakes
    # are reported too.
    named = [step for step in listed(pipeline.steps) if isinstance(step, Step) and isinstance(step.name, str)]
    steps = [step for step in named if _readable(step)]
    for step in steps:
        if isinstance(step, MultiNode):
            yield from check_nodes(f"steps[{step.name!r}]", step, functions)
        else:
            yield from check_program(step, functions)
        yield from check_placeholders(step)
        yield from check_machine(step)
        yield from check_owner(step, pipeline)
        yield from check_definition_size(f"steps[{step.name!r}]", step)
        yield from check_uses(step, pipeline)
        yield from check_parents(step, named)
    yield from check_names(named)
    yield from check_cycles(steps)


def _shape(pipeline: Pipeline) -> Iterator[Mistake]:
    for field in ("steps", "triggers"):
        if not isinstance(value := getattr(pipeline, field), list | tuple):
            yield Mistake(field, "a list", repr(value), f"Write {field}=[...].")
    if pipeline.steps in ([], ()):
        yield Mistake(
            "steps", "at least one step", "none", 'Add a step, for instance Job("work", run="work").'
        )
    if pipeline.triggers in ([], ()):
        yield Mistake(
            "triggers",
            "at least one trigger",
            "none",
            'Add a trigger, for instance S3Upload(prefix="my-files/").',
        )


def _readable(step: Step) -> bool:
    """Return whether the fields that the graph is made of have the types that they should have."""
    each = getattr(step, "each", None)
    texts = [step.run, getattr(step, "items_of", None), *(each if isinstance(each, list) else [each])]
    known = isinstance(step.after, list) and all(
        isinstance(one, str | Finished | Always) for one in step.after
    )
    after = known and all(isinstance(name_of(one), str) for one in step.after)
    return after and all(text is None or isinstance(text, str) for text in texts) and readable_nodes(step)
