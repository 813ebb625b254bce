"""fan_out: a plan has found its items; record them, and submit the arrays that work on them and the steps
downstream. Or a job waits for its registration; then its submitter may be gone.
"""

from __future__ import annotations

from typing import Any

from lambdas.advancing import make_advancer, reconciling_soon
from lambdas.consuming import consume, count, logger
from lambdas.fan_out.ending import end_array
from sluice.advance.plan_sender import comes_from_its_job
from sluice.aws.clients import client
from sluice.errors import MalformedMessageError
from sluice.messages import JobWaiting, Planned, TooManyFailed, parse_from_job
from sluice.run.state import Run
from sluice.settings import FanOutSettings

settings = FanOutSettings.from_env()
advancer = make_advancer(settings)
_CHARACTERS_LOGGED = 500


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Read the plan queue."""
    return consume(event, context, _fan_out, settings.dead_letter_queue)


def _fan_out(body: str) -> None:
    """Fan a run out, register a job that waits for it, or end an array early, unless the message is refused.

    All jobs publish on one topic: what one of them makes up must neither be believed nor ring the alarm of
    the dead-letter queue for everybody. A plan that is lost is found by the sweep.
    """
    try:
        message = parse_from_job(body)
        if isinstance(message, JobWaiting):
            _register(message)
            return
        if isinstance(message, TooManyFailed):
            end_array(message, _run_of(message), settings.work_bucket)
            return
        submit = advancer.claim_planned(message)
        is_new = submit is not None or _recorded(message)
    except MalformedMessageError as error:
        count("PlansRefused")
        logger.warning("A plan was refused.", reason=str(error), message_begins=body[:_CHARACTERS_LOGGED])
        return
    if is_new:
        count("ItemsFound", message.items)
    else:
        logger.info(
            "These items are recorded already, or the ledger does not name their job.",
            planned=message.to_json(),
        )
    with reconciling_soon(message.run, settings.track_queue):
        submit() if submit is not None else advancer.advance(message.run)
    logger.info("A run was fanned out.", run=message.run, step=message.step, items=message.items)


def _register(message: JobWaiting) -> None:
    """Register a job whose submitter is gone, and do what else it left undone."""
    count("JobsWaiting")
    logger.warning("A job waits for its registration.", waiting=message.to_json())
    with reconciling_soon(message.run, settings.track_queue):
        if not advancer.register(message):
            raise MalformedMessageError(f"Expected a job of a run of the ledger, found {message.run!r}.")


def _recorded(message: Planned) -> bool:
    """Record a plan by itself, also where its job is not registered yet; raises MalformedMessageError for
    what is not of a run, or not of its own job.
    """
    if advancer.ledger.record_plan(message, registered=True):
        return True
    _run_of(message)
    return advancer.ledger.record_plan(message)


def _run_of(message: Planned | TooManyFailed) -> Run:
    """Return the run of a message; raises MalformedMessageError for one that is not of its step's own job."""
    run = advancer.ledger.load(message.run)
    if run is None:
        raise MalformedMessageError(f"Expected a message of a run of the ledger, found {message.run!r}.")
    if not comes_from_its_job(message, run, client("batch")):
        raise MalformedMessageError("Expected a message of the job of its step, found another job's.")
    return run
