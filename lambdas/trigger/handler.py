"""trigger: an event starts a pipeline; begin its run and submit its first steps."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any

from lambdas.advancing import make_advancer, reconciling_soon
from lambdas.consuming import consume, count, logger, set_aside
from lambdas.trigger.catching_up import CatchUps, is_catch_up
from lambdas.trigger.chains import is_chained, upstream_runs
from lambdas.trigger.pausing import Keeper, is_release
from lambdas.trigger.restarting import restarted
from sluice.aws.clients import client
from sluice.catch_up.ledger import CatchUpLedger
from sluice.errors import MalformedMessageError, UnsettledError
from sluice.ledger.chains import ChainLedger
from sluice.ledger.pauses import Pauses
from sluice.messages import CatchUp, Release, Triggered
from sluice.receipts.location import location_of_run
from sluice.run import uploads
from sluice.run.compiled import CompiledPipeline
from sluice.run.concurrency import Concurrency
from sluice.run.job_names import run_id
from sluice.run.overrides import overridden
from sluice.run.state import Run
from sluice.settings import TriggerSettings
from sluice.triggers.restart import RestartRequested, is_restart
from sluice.triggers.trigger_event import Request, TriggerEvent, parse_trigger, stored_trigger

settings = TriggerSettings.from_env()
advancer = make_advancer(settings)
chains = ChainLedger(client("dynamodb"), settings.ledger_table)


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Read the trigger queue."""
    return consume(event, context, _trigger, settings.dead_letter_queue)


def _trigger(body: str) -> None:
    if is_release(body):
        keeper.release(Release.from_json(body))
    elif is_catch_up(body):
        catch_ups.handle(CatchUp.from_json(body))
    else:
        _start(body)


def _start(body: str, *, anyway: bool = False) -> None:
    if is_restart(body):
        asked = RestartRequested.from_json(body)
        run = restarted(asked, advancer.ledger, _definition, advancer.queues, _now())
        _start_or_keep(run, body, anyway=anyway)
        return
    message = Triggered.from_json(body)
    started_by = _started_by(message)
    if started_by is None:
        logger.info("This starts no run: an empty object of a folder, or others are missing.")
        return
    run_name = run_id(message.pipeline, message.trigger, started_by.identity())
    pipeline = _limited(_definition(*message.definition_location()), message)
    now = _now()
    if isinstance(started_by, Request):
        if started_by.overrides:
            pipeline = overridden(run_name, pipeline, started_by.overrides, advancer.queues)
        uploads.check_own(pipeline, started_by)
    steps = uploads.plans(pipeline, started_by, now)
    trigger = started_by.to_dict()
    run = Run(run_id=run_name, pipeline=pipeline, trigger=trigger, created_at=now, steps=steps)
    # A request may say that it is for a paused pipeline all the same; no other trigger can.
    anyway = anyway or (isinstance(started_by, Request) and message.detail.get("anyway") is True)
    _start_or_keep(run, body, anyway=anyway)


def _limited(pipeline: CompiledPipeline, message: Triggered) -> CompiledPipeline:
    """Return a pipeline with the limit that a backfill gave its runs; its own limit holds for all runs."""
    limit = Concurrency.of_backfill(message.definition)
    return pipeline if limit is None or pipeline.concurrency else replace(pipeline, concurrency=limit)


def _started_by(message: Triggered) -> TriggerEvent | None:
    if is_chained(message):
        return upstream_runs(message, advancer.ledger, chains)
    return parse_trigger(message)


def _start_or_keep(run: Run, body: str, *, anyway: bool) -> None:
    """Begin a run, or keep what begins it while its pipeline is paused."""
    keeper.start_or_keep(run.pipeline.name, run.run_id, body, partial(_begin, run, anyway=anyway))


def _begin(run: Run, *, anyway: bool) -> None:
    if run.pipeline.results:
        # A run that could not publish is refused before it begins.
        location_of_run(run, default_bucket="")
    with reconciling_soon(run.run_id, settings.track_queue):
        begun = advancer.start(run, anyway=anyway)
    if begun:
        count("RunsStarted")
    logger.info(
        "A run began." if begun else "This run exists already.",
        run=run.run_id,
        input=stored_trigger(run.trigger).uri,
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _start_kept(body: str) -> None:
    """Start the run of a message that was kept; where AWS Batch has not answered, the run has begun all the
    same and is reconciled soon.
    """
    try:
        _start_or_set_aside(body, anyway=True)
    except UnsettledError as error:
        logger.info("A run began that is to be reconciled.", reason=str(error))


def _start_or_set_aside(body: str, *, anyway: bool = False) -> None:
    """Start the run of a message among others. What cannot be started any more, such as a restart of a run
    that was forgotten meanwhile, is set aside, and holds up nothing behind it.
    """
    try:
        _start(body, anyway=anyway)
    except MalformedMessageError as error:
        set_aside(body, str(error), settings.dead_letter_queue)


def _release_again(message: Release) -> None:
    client("sqs").send_message(QueueUrl=settings.trigger_queue, MessageBody=message.to_json())


keeper = Keeper(
    pauses=Pauses(client("dynamodb"), settings.ledger_table), start=_start_kept, again=_release_again
)


@cache
def _deployed(bucket: str, key: str) -> CompiledPipeline:
    """Return a compiled pipeline; its key carries its hash, so it never changes."""
    return CompiledPipeline.from_json(client("s3").get_object(Bucket=bucket, Key=key)["Body"].read().decode())


catch_ups = CatchUps(
    ledger=CatchUpLedger(client("dynamodb"), settings.ledger_table),
    pauses=keeper.pauses,
    definition=_deployed,
    start=_start_or_set_aside,
)


def _definition(bucket: str, key: str) -> CompiledPipeline:
    """Return a compiled pipeline as its runs keep it."""
    return _deployed(bucket, key).of_run()
