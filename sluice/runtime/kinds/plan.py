"""A plan: find the items, write the manifest and publish how many there are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sluice import keys
from sluice.items.manifest import write_manifest
from sluice.messages import Planned
from sluice.runtime.errors import ReturnedError
from sluice.runtime.results import results_argument
from sluice.runtime.step_context import StepContext
from sluice.runtime.step_function import Function


def plan(context: StepContext, function: Function) -> str:
    """Do the work of a plan's job. Once the ledger knows the items another attempt does nothing; until then
    it publishes its own.
    """
    if context.assignment.step is not None and context.assignment.step.planned:
        return "planned by an earlier attempt"
    job, bucket = context.job, context.settings.work_bucket
    key = keys.manifest(job.run, job.step, f"{job.job_id}-{job.attempt}")
    items = _items(function(context.trigger, **results_argument(function, context)))
    count = write_manifest(context.s3, bucket, key, items)
    message = Planned(
        run=job.run,
        step=job.step,
        generation=job.generation,
        job_id=job.job_id,
        items=count,
        manifest=key,
    )
    context.sns().publish(TopicArn=context.settings.plan_topic, Message=message.to_json())
    return f"{count} items"


def _items(returned: Any) -> Iterable[Any]:
    if isinstance(returned, str | bytes | dict) or not isinstance(returned, Iterable):
        kind = type(returned).__name__
        raise ReturnedError(
            f"Expected the plan's function to yield dicts, found that it returned {kind}"
            f" {str(returned)[:100]!r}. Use yield."
        )
    return returned
