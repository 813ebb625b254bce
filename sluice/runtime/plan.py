"""A plan: find the items, write them down and announce them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sluice import keys
from sluice.items.manifest import write_manifest
from sluice.messages import Planned
from sluice.runtime.context import Context, Function
from sluice.runtime.errors import ReturnedError
from sluice.runtime.results import asked_for


def plan(context: Context, function: Function) -> str:
    """Do the work of a plan's job. Once the ledger knows the items another attempt does nothing; until then
    it announces its own.
    """
    if context.assignment.step is not None and context.assignment.step.planned:
        return "planned before"
    place, bucket = context.place, context.settings.work_bucket
    key = keys.manifest(place.run, place.step, f"{place.job_id}-{place.attempt}")
    count = write_manifest(
        context.s3, bucket, key, _items(function(context.trigger, **asked_for(function, context)))
    )
    message = Planned(
        run=place.run,
        step=place.step,
        generation=place.generation,
        job_id=place.job_id,
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
