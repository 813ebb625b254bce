"""trigger: an event starts a pipeline; begin its run and submit its first steps."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Any

from lambdas.advancing import make_advancer
from lambdas.consuming import consume, count, logger
from sluice.aws.clients import client
from sluice.messages import Triggered
from sluice.run import uploads
from sluice.run.compiled import CompiledPipeline
from sluice.run.job_names import run_id
from sluice.run.overrides import overridden
from sluice.run.state import Run
from sluice.settings import TriggerSettings
from sluice.triggers.trigger_event import Request, parse_trigger

settings = TriggerSettings.from_env()
advancer = make_advancer(settings)


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Read the trigger queue."""
    return consume(event, context, _trigger, settings.dead_letter_queue)


def _trigger(body: str) -> None:
    message = Triggered.from_json(body)
    started_by = parse_trigger(message)
    if started_by is None:
        logger.info("The empty object of a folder starts no run.", detail=message.detail)
        return
    run_name = run_id(message.pipeline, message.trigger, started_by.identity())
    pipeline = _definition(*message.definition_location())
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    if isinstance(started_by, Request):
        if started_by.overrides:
            pipeline = overridden(run_name, pipeline, started_by.overrides, advancer.queues)
        uploads.check_own(pipeline, started_by)
    run = Run(
        run_id=run_name,
        pipeline=pipeline,
        trigger=started_by.to_dict(),
        created_at=now,
        steps=uploads.plans(pipeline, started_by, now),
    )
    begun = advancer.start(run)
    if begun:
        count("RunsStarted")
    logger.info("A run began." if begun else "This run exists already.", run=run.run_id, input=started_by.uri)


@cache
def _definition(bucket: str, key: str) -> CompiledPipeline:
    """Return a compiled pipeline; its key carries its hash, so it never changes."""
    return CompiledPipeline.from_json(client("s3").get_object(Bucket=bucket, Key=key)["Body"].read().decode())
