"""Checks the triggers of a pipeline: one module for each kind of them that has rules of its own."""

from __future__ import annotations

from collections.abc import Iterator

from sluice.errors import Mistake
from sluice.pipeline.definition import Manual, Pipeline
from sluice.pipeline.validation.chains import check_after_runs
from sluice.pipeline.validation.fields import listed
from sluice.pipeline.validation.triggers.buckets import check_buckets
from sluice.pipeline.validation.triggers.catch_up import check_catch_up
from sluice.pipeline.validation.triggers.file_sets import check_file_sets
from sluice.pipeline.validation.triggers.grouping import check_grouping, check_plans_of_uploads
from sluice.pipeline.validation.triggers.reconciles import check_reconciles
from sluice.pipeline.validation.triggers.schedules import check_schedules
from sluice.pipeline.validation.triggers.uploads import check_uploads
from sluice.pipeline.validation.triggers.webhooks import check_webhooks
from sluice.pipeline.validation.triggers.written_patterns import check_written_patterns


def check_triggers(pipeline: Pipeline) -> Iterator[Mistake]:
    """Yield what is wrong with a pipeline's triggers besides their fields."""
    if sum(isinstance(trigger, Manual) for trigger in listed(pipeline.triggers)) > 1:
        yield Mistake(
            "triggers",
            "at most one Manual",
            "several",
            "Keep one: it handles all requests of the pipeline.",
        )
    yield from check_written_patterns(pipeline)
    yield from check_uploads(pipeline)
    yield from check_file_sets(pipeline)
    yield from check_buckets(pipeline)
    yield from check_schedules(pipeline)
    yield from check_catch_up(pipeline)
    yield from check_grouping(pipeline)
    yield from check_plans_of_uploads(pipeline)
    yield from check_reconciles(pipeline)
    yield from check_webhooks(pipeline)
    yield from check_after_runs(pipeline)
