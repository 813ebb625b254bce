"""Finds what a backfill of a pipeline is about, has a job do it, and shows how far such jobs are."""

from __future__ import annotations

from collections.abc import Mapping

from sluice.backfill.asked import Asked, NothingTakenError
from sluice.backfill.target import Target
from sluice.operate.again.definitions import DeployedDefinitions
from sluice.operate.clients import EventBus
from sluice.operate.errors import RequestError
from sluice.operate.start.sending import send_request
from sluice.pipeline.backfills import upload_targets
from sluice.pipeline.definition import Pipeline
from sluice.pipeline.validation.triggers.reconciles import backfill_name, has_backfill_job


def targets_of(pipeline: Pipeline, asked: Asked, inbox: str, definition: Mapping[str, str]) -> list[Target]:
    """Return what the upload triggers of a pipeline take of what is asked for.

    Raises RequestError for a pipeline without such a trigger, for a place of which no trigger takes anything,
    for times in the wrong order, and for a limit beside the pipeline's own.
    """
    uploads = upload_targets(pipeline, inbox, definition)
    if not uploads:
        raise RequestError(
            f"Expected an S3Upload trigger of {pipeline.name}, found none: no object starts it."
        )
    if asked.max_concurrency is not None and pipeline.max_concurrent_runs is not None:
        raise RequestError(
            f"Expected --max-concurrency for a pipeline without a limit, found max_concurrent_runs="
            f"{pipeline.max_concurrent_runs} of {pipeline.name}, which holds for all its runs."
        )
    try:
        return asked.parts_of(uploads)
    except NothingTakenError as error:
        raise RequestError(str(error)) from error


def check_has_job(pipeline: Pipeline) -> None:
    """Raise RequestError for a pipeline whose backfill no job can do."""
    if not has_backfill_job(pipeline):
        raise RequestError(
            f"Expected reconcile= of an S3Upload of {pipeline.name}, which deploys the job, found none. Write"
            " reconcile='on-request' for the job without a schedule, and deploy; or leave out --in-job."
        )


def request_job(
    events: EventBus,
    pipeline: Pipeline,
    asked: Asked,
    deployed: DeployedDefinitions,
    token: str,
    stack_prefix: str,
) -> str:
    """Have a job in the account do a backfill, and return the id of its run; the same token is the same one.

    Raises OperationError where the job is not deployed, or EventBridge does not take the request.
    """
    name = backfill_name(pipeline.name)
    deployed.location_of(name)
    return send_request(events, name, token, asked.to_dict(), None, stack_prefix)
