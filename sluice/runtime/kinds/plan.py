"""A plan: find the items, write the manifest and publish how many there are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sluice import keys
from sluice.counted import counted
from sluice.items.manifest import write_manifest
from sluice.messages import Planned
from sluice.runtime.errors import ReturnedError
from sluice.runtime.results import results_argument
from sluice.runtime.step_context import StepContext
from sluice.runtime.step_function import Function
from sluice.runtime.worker.report import Report, Returned


def plan(context: StepContext, function: Function, report: Report) -> Returned:
    """Do the work of a plan's job: write the items into a manifest of this attempt's own."""
    job, bucket = context.job, context.settings.work_bucket
    key = keys.manifest(job.run, job.step, f"{job.job_id}-{job.attempt}")
    report.begins()
    items = _items(function(context.trigger, **results_argument(function, context)))
    count = write_manifest(context.s3, bucket, key, items)
    return Returned(text=counted(count, "item"), items=count, manifest=key)


def is_announced(context: StepContext) -> bool:
    """Return whether the ledger knows the items already; until then each attempt announces its own."""
    return context.assignment.step is not None and context.assignment.step.planned


def announce(context: StepContext, returned: Returned) -> None:
    """Publish how many items a plan found; other kinds find none."""
    if returned.items is None or returned.manifest is None:
        return
    job = context.job
    message = Planned(
        run=job.run,
        step=job.step,
        generation=job.generation,
        job_id=job.job_id,
        items=returned.items,
        manifest=returned.manifest,
    )
    context.sns().publish(TopicArn=context.settings.plan_topic, Message=message.to_json())


def _items(returned: Any) -> Iterable[Any]:
    if isinstance(returned, str | bytes | dict) or not isinstance(returned, Iterable):
        kind = type(returned).__name__
        raise ReturnedError(
            f"Expected the plan's function to yield dicts, found that it returned {kind}"
            f" {str(returned)[:100]!r}. Use yield."
        )
    return returned
