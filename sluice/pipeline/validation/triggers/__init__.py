"""Checks the triggers of a pipeline: one module for each kind of them that has rules of its own."""

from __future__ import annotations

from collections.abc import Iterator

from sluice.errors import Mistake
from sluice.pipeline.definition import Manual, Pipeline
from sluice.pipeline.validation.fields import listed
from sluice.pipeline.validation.triggers.grouping import check_grouping, check_plans_of_uploads
from sluice.pipeline.validation.triggers.schedules import check_schedules
from sluice.pipeline.validation.triggers.uploads import check_uploads
from sluice.pipeline.validation.triggers.webhooks import check_webhooks


def check_triggers(pipeline: Pipeline) -> Iterator[Mistake]:
    """Yield what is wrong with a pipeline's triggers besides their fields."""
    if sum(isinstance(trigger, Manual) for trigger in listed(pipeline.triggers)) > 1:
        yield Mistake(
            "triggers",
            "at most one Manual",
            "several",
            "Keep one: it handles all requests of the pipeline.",
        )
    yield from check_uploads(pipeline)
    yield from check_schedules(pipeline)
    yield from check_grouping(pipeline)
    yield from check_plans_of_uploads(pipeline)
    yield from check_webhooks(pipeline)
